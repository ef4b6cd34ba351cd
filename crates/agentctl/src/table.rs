//! Plain tables: columns separated by two or three blanks, no borders.

/// Rows under a heading.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    gap: usize,
}

impl Table {
    /// A table with these column names.
    pub(crate) fn new<const N: usize>(heading: [&str; N]) -> Self {
        Self { rows: vec![heading.map(str::to_owned).to_vec()], gap: 2 }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// The text. Cells of several lines make rows of several lines.
    pub(crate) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let widths: Vec<usize> = (0..columns).map(|c| self.width(c)).collect();
        let mut text = String::new();
        for row in &self.rows {
            let height = row.iter().map(|cell| cell.lines().count()).max().unwrap_or(1).max(1);
            for line in 0..height {
                let mut rendered = String::new();
                for (cell, width) in row.iter().zip(&widths) {
                    let part = cell.lines().nth(line).unwrap_or_default();
                    let padding = width + self.gap - part.chars().count().min(*width);
                    rendered.push_str(part);
                    rendered.extend(std::iter::repeat_n(' ', padding));
                }
                text.push_str(rendered.trim_end());
                text.push('\n');
            }
        }
        text
    }

    fn width(&self, column: usize) -> usize {
        self.rows
            .iter()
            .filter_map(|row| row.get(column))
            .flat_map(|cell| cell.lines())
            .map(|line| line.chars().count())
            .max()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_line_up_and_cells_may_have_lines() {
        let mut table = Table::new(["NAME", "STATE"]);
        table.row(["loop1".into(), "CONFIGURED".into()]);
        table.row(["x".into(), "PENDING\nlabel".into()]);
        assert_eq!(
            table.render(),
            "NAME   STATE\nloop1  CONFIGURED\nx      PENDING\n       label\n"
        );
    }
}

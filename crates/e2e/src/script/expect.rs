//! What a command is expected to print, and how it is to end.

use anyhow::{Result, bail, ensure};

/// Everything expected of one command. Without a word about its end, that is 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Expectations {
    code: Option<i32>,
    texts: Vec<Text>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Text {
    Shows(String),
    Lacks(String),
}

impl Expectations {
    /// One a line: `shows TEXT`, `lacks TEXT`, `exits CODE`.
    pub(super) fn parse(lines: &[&str]) -> Result<Self> {
        let mut found = Self::default();
        for line in lines {
            match line.trim().split_once(' ') {
                Some(("shows", text)) => found.texts.push(Text::Shows(text.to_owned())),
                Some(("lacks", text)) => found.texts.push(Text::Lacks(text.to_owned())),
                Some(("exits", code)) => found.code = Some(code.parse()?),
                _ => bail!("`{line}` is nothing that can be expected"),
            }
        }
        Ok(found)
    }

    /// Does this hold? White space between words does not count.
    pub(super) fn check(&self, code: i32, printed: &str) -> Result<()> {
        let wanted = self.code.unwrap_or(0);
        ensure!(code == wanted, "ended with {code} instead of {wanted} and printed:\n{printed}");
        let words = in_one_line(printed);
        for text in &self.texts {
            match text {
                Text::Shows(text) if !words.contains(&in_one_line(text)) => {
                    bail!("does not show `{text}` but:\n{printed}")
                }
                Text::Lacks(text) if words.contains(&in_one_line(text)) => {
                    bail!("shows `{text}`:\n{printed}")
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_must_hold() {
        let expect = Expectations::parse(&["shows a b", "lacks c", "exits 2"]).unwrap();
        assert!(expect.check(2, "x a   b").is_ok());
        assert!(expect.check(0, "x a   b").is_err());
        assert!(expect.check(2, "a c b").is_err());
        assert!(expect.check(2, "a b c").is_err());
        assert!(Expectations::parse(&["exits soon"]).is_err());
    }
}

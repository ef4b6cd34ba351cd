//! The page of VPP messages: which release has which with exactly the layout this agent knows.

use std::fmt::Write as _;

use ligato_vpp_api::support::{RELEASES, Support, matrix};

const HEAD: &str = "# VPP messages and releases

A message can be used if VPP has it with exactly the layout, and so the CRC, that this agent knows. The agent asks each
VPP it connects to; a value that needs a message which is not there is shown as failed and names the message. The table
says what to expect: `●` where a release has the message, `·` where it does not or has it with another layout.
";

/// The page.
pub(crate) fn page() -> String {
    let mut rows = matrix();
    rows.sort_by_key(|row| row.name);
    let mut page = format!("{HEAD}\n| Message | CRC | {} |\n", RELEASES.join(" | "));
    page.push_str("|---|---|");
    page.push_str(&":-:|".repeat(RELEASES.len()));
    page.push('\n');
    for Support { name, crc, releases } in rows {
        let cells = releases.map(|there| if there { "●" } else { "·" }).join(" | ");
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| `{name}` | `{crc:08x}` | {cells} |");
    }
    page
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_message_of_a_later_release_is_not_in_an_earlier_one() {
        let page = super::page();
        let row = page.lines().find(|line| line.starts_with("| `memif_create_v2` ")).unwrap();
        let cells: Vec<&str> = row.split(" | ").skip(2).collect();
        assert_eq!(&cells[..5], ["·", "·", "·", "·", "●"], "{row}");
    }
}

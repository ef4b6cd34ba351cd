//! Which release of VPP has which message with exactly the layout this crate knows.

use crate::msg;

/// The releases looked at, oldest first.
pub const RELEASES: [&str; 14] = [
    "22.02", "22.06", "22.10", "23.02", "23.06", "23.10", "24.02", "24.06", "24.10", "25.02",
    "25.06", "25.10", "26.02", "26.06",
];

/// One line per message: name, CRC, first and last release that has it. Kept by a test of this crate.
const FACTS: &str = include_str!("../golden/messages.txt");

/// Where a message is available.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Support {
    /// Name of the message.
    pub name: &'static str,
    /// Its CRC.
    pub crc: u32,
    /// For each of [`RELEASES`] whether it has this message with this CRC.
    pub releases: [bool; RELEASES.len()],
}

/// The matrix of all messages of this crate, with each of their CRCs, and all releases looked at, in the order of
/// [`msg::all`].
#[must_use]
pub fn matrix() -> Vec<Support> {
    let facts: std::collections::HashMap<_, _> = FACTS.lines().filter_map(parse).collect();
    msg::all()
        .flat_map(|def| def.crcs().map(|crc| (def.name, crc)))
        .map(|(name, crc)| Support {
            name,
            crc,
            releases: facts.get(&(name, crc)).copied().unwrap_or([false; RELEASES.len()]),
        })
        .collect()
}

type Fact = ((&'static str, u32), [bool; RELEASES.len()]);

/// Reads `name crc release,release…`, where `a-b` stands for all from `a` to `b`.
fn parse(line: &'static str) -> Option<Fact> {
    let mut words = line.split_whitespace();
    let name = words.next()?;
    let crc = u32::from_str_radix(words.next()?, 16).ok()?;
    let mut releases = [false; RELEASES.len()];
    for range in words.next()?.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let first = position(first)?;
        let last = position(last)?;
        for release in releases.get_mut(first..=last)? {
            *release = true;
        }
    }
    Some(((name, crc), releases))
}

fn position(release: &str) -> Option<usize> {
    RELEASES.iter().position(|known| *known == release)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_in_some_release() {
        for support in matrix() {
            assert!(support.releases.contains(&true), "{}", support.name);
        }
    }

    #[test]
    fn newer_messages_are_missing_in_older_releases() {
        let matrix = matrix();
        let has = |name: &str, release: &str| {
            let column = position(release).unwrap();
            matrix.iter().any(|support| support.name == name && support.releases[column])
        };
        assert!(!has("memif_create_v2", "23.02"));
        assert!(has("memif_create_v2", "23.06"));
        assert!(has("sw_interface_dump", "22.02"));
    }
}

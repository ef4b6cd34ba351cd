//! Releases of VPP, and which messages each of them has.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use ligato_vpp_api::MessageDef;
use ligato_vpp_api::support::{RELEASES, Support, matrix};

/// A release such as 26.06.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    year: u8,
    month: u8,
}

/// A text that names no release known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a release this simulator knows: {known}", known = RELEASES.join(", "))]
pub struct InvalidRelease(String);

impl Release {
    /// The newest one known, and the one the simulation is compared with.
    pub const NEWEST: Release = Release { year: 26, month: 6 };

    pub(crate) const fn new(year: u8, month: u8) -> Self {
        Self { year, month }
    }

    /// Whether this release has the message with this layout.
    pub(crate) fn has(self, definition: &MessageDef) -> bool {
        self.crc(definition).is_some()
    }

    /// The CRC this release has for the layout of a message; `None` if it does not have it.
    pub(crate) fn crc(self, definition: &MessageDef) -> Option<u32> {
        let held = |crc: &u32| {
            let releases = HELD.get(&(definition.name, *crc));
            releases.is_some_and(|releases| releases.contains(&self))
        };
        definition.crcs().find(held)
    }
}

/// The releases that have a message with exactly the layout known here.
static HELD: LazyLock<HashMap<(&str, u32), Vec<Release>>> = LazyLock::new(|| {
    let releases: Vec<Option<Release>> = RELEASES.iter().map(|text| text.parse().ok()).collect();
    let held = |row: Support| {
        let there = releases.iter().zip(row.releases).filter(|(_, there)| *there);
        ((row.name, row.crc), there.filter_map(|(release, _)| *release).collect())
    };
    matrix().into_iter().map(held).collect()
});

impl FromStr for Release {
    type Err = InvalidRelease;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = RELEASES.iter().find(|known| **known == text);
        let parts = known.and_then(|known| known.split_once('.')).and_then(|(year, month)| {
            Some(Release { year: year.parse().ok()?, month: month.parse().ok()? })
        });
        parts.ok_or_else(|| InvalidRelease(text.to_owned()))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}.{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_ordered_by_time() {
        let old: Release = "22.10".parse().unwrap();
        assert!(old < Release::NEWEST);
        assert!(old > "22.02".parse().unwrap());
        assert_eq!(old.to_string(), "22.10");
        assert!("26".parse::<Release>().is_err());
    }

    #[test]
    fn a_release_has_what_the_list_of_messages_says() {
        use ligato_vpp_api::Message;
        use ligato_vpp_api::msg::memif::{MemifCreate, MemifCreateV2, MemifCreateV2Reply};

        let old: Release = "22.10".parse().unwrap();
        assert!(!old.has(MemifCreateV2::DEFINITION));
        assert!(!old.has(MemifCreateV2Reply::DEFINITION));
        assert!(old.has(MemifCreate::DEFINITION));
        assert!(Release::NEWEST.has(MemifCreateV2::DEFINITION));
    }

    #[test]
    fn other_releases_are_refused_by_name() {
        let error = "26.07".parse::<Release>().unwrap_err().to_string();
        assert!(
            error.starts_with("\"26.07\" is not a release this simulator knows: 22.02, "),
            "{error}"
        );
    }
}

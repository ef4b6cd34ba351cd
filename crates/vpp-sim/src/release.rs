//! Releases of VPP, and which messages each of them has.

use std::fmt;
use std::str::FromStr;

/// A release such as 26.06.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    year: u8,
    month: u8,
}

/// A text that is no release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a release such as 26.06")]
pub struct InvalidRelease(String);

impl Release {
    /// The newest one known, and the one the simulation is compared with.
    pub const NEWEST: Release = Release { year: 26, month: 6 };

    pub(crate) const fn new(year: u8, month: u8) -> Self {
        Self { year, month }
    }

    /// Whether this release has the message.
    pub(crate) fn has(self, name: &str) -> bool {
        let base = name.strip_suffix("_reply").unwrap_or(name);
        FIRST_SEEN.iter().find(|(known, _)| *known == base).is_none_or(|(_, first)| self >= *first)
    }
}

/// Messages that came after the oldest supported release, 22.02.
const FIRST_SEEN: &[(&str, Release)] = &[
    ("af_packet_create_v3", Release::new(22, 6)),
    ("bridge_domain_add_del_v2", Release::new(23, 2)),
    ("memif_create_v2", Release::new(23, 6)),
    ("memif_socket_filename_add_del_v2", Release::new(23, 6)),
    ("set_ip_flow_hash_v3", Release::new(23, 6)),
    ("ip_neighbor_config_get", Release::new(23, 10)),
    ("ip_table_add_del_v2", Release::new(24, 10)),
];

impl FromStr for Release {
    type Err = InvalidRelease;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('.').and_then(|(year, month)| {
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
    fn a_message_and_its_reply_appear_together() {
        let old: Release = "22.10".parse().unwrap();
        assert!(!old.has("memif_create_v2"));
        assert!(!old.has("memif_create_v2_reply"));
        assert!(old.has("memif_create"));
        assert!(Release::NEWEST.has("memif_create_v2"));
    }
}

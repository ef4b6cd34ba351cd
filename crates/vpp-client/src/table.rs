//! The message table VPP hands out at connect: which messages exist, under which numbers.
//!
//! Numbers change with every build, plugin set and restart, so a table belongs to one connection. An entry is named
//! `<message>_<crc>`; the same name with another CRC is another layout.

use rustc_hash::FxHashMap;

/// Why a message cannot be used on this connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unavailable {
    /// VPP has no message of that name: older or newer release, or the plugin is not loaded.
    #[error("this VPP has no such message (other release, or its plugin is not loaded)")]
    Missing,
    /// VPP has a message of that name with another layout.
    #[error("this VPP has it with another layout ({})", crcs.join(", "))]
    OtherLayout {
        /// The CRCs VPP announces for the name, eight hexadecimal digits each.
        crcs: Vec<String>,
    },
}

/// Message numbers of one connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageTable {
    ids: FxHashMap<String, u16>,
    crcs: FxHashMap<String, Vec<String>>,
}

impl MessageTable {
    /// Builds a table from `name_crc` and number pairs.
    pub fn from_entries<'a>(entries: impl IntoIterator<Item = (&'a str, u16)>) -> Self {
        let mut table = Self::default();
        for (name_crc, id) in entries {
            if let Some((name, crc)) = split_name_crc(name_crc) {
                let known = table.crcs.entry(name.to_owned()).or_default();
                known.push(crc.to_owned());
                table.ids.insert(format!("{name}_{crc}"), id);
            }
        }
        table
    }

    /// Number of the message, `name_crc` as in `control_ping_51077d14`.
    pub fn id(&self, name_crc: &str) -> Option<u16> {
        self.ids.get(name_crc).copied()
    }

    /// Whether this very layout of the message exists.
    pub fn has(&self, name_crc: &str) -> bool {
        self.ids.contains_key(name_crc)
    }

    /// The CRCs under which a message of this name exists; empty if there is none.
    pub fn crcs(&self, name: &str) -> &[String] {
        self.crcs.get(name).map_or(&[], Vec::as_slice)
    }

    /// Says why `name_crc` is not in the table.
    pub fn why_unavailable(&self, name_crc: &str) -> Unavailable {
        let name = name_crc.rsplit_once('_').map_or(name_crc, |(name, _)| name);
        match self.crcs(name) {
            [] => Unavailable::Missing,
            crcs => Unavailable::OtherLayout { crcs: crcs.to_vec() },
        }
    }

    /// Number of messages.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether VPP announced no message at all.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// All `name_crc` entries with their numbers, in no particular order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, u16)> {
        self.ids.iter().map(|(name, id)| (name.as_str(), *id))
    }

    /// All `name_crc` entries, in no particular order.
    pub fn name_crcs(&self) -> impl Iterator<Item = &str> {
        self.ids.keys().map(String::as_str)
    }
}

/// Splits `name_crc`; anything behind the eight digits is dropped (some builds leave stray bytes there).
fn split_name_crc(entry: &str) -> Option<(&str, &str)> {
    let (name, tail) = entry.rsplit_once('_')?;
    let crc = tail.get(..8)?;
    crc.bytes().all(|b| b.is_ascii_hexdigit()).then_some((name, crc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_by_name_and_crc() {
        let table = MessageTable::from_entries([
            ("control_ping_51077d14", 20),
            ("show_version_51077d14\u{13}", 21),
            ("no crc", 22),
        ]);
        assert_eq!(table.id("control_ping_51077d14"), Some(20));
        assert_eq!(table.id("show_version_51077d14"), Some(21));
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn absence_has_a_reason() {
        let table = MessageTable::from_entries([("tap_create_v2_11111111", 7)]);
        assert_eq!(table.why_unavailable("tap_create_v3_3f3fd1df"), Unavailable::Missing);
        assert_eq!(
            table.why_unavailable("tap_create_v2_2d0d6570"),
            Unavailable::OtherLayout { crcs: vec!["11111111".into()] }
        );
    }
}

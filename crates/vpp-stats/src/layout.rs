//! The layouts of the segment: its header, the entries of its directory, and the numbers of their types.
//!
//! All releases from 22.02 on call themselves version 2. What changed is seen in the entries: 22.02 has a type for
//! error counters that 22.06 dropped, so that the types after it have other numbers.

use crate::StatsError;
use crate::bytes::{text, u32_at, u64_at};

/// Bytes of a header that all releases have.
pub(crate) const HEADER: usize = 40;
/// Where 22.02 has the pointer to its error counters.
pub(crate) const ERRORS_2202: u64 = 40;
/// Bytes of an entry of the directory.
pub(crate) const ENTRY: usize = 144;
/// Where the name of an entry starts.
const NAME: usize = 16;
/// The only version there is.
const VERSION: u64 = 2;
/// An entry that every VPP has and whose type tells how types are numbered.
const PROBE: &str = "/if/names";

/// How the segment is laid out, by the release that introduced it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// 22.02 (and 21.x): error counters are apart from all others.
    V2202,
    /// 22.06 to 26.06; from 26.02 on there are gauges, histograms and ring buffers too.
    V2206,
}

/// What the segment starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) base: u64,
    pub(crate) epoch: u64,
    pub(crate) in_progress: u64,
    pub(crate) directory: u64,
}

/// What an entry holds, whatever its number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing (any more).
    Free,
    /// A number.
    Scalar,
    /// A number that goes up and down.
    Gauge,
    /// Counters per thread.
    Simple,
    /// Packets and bytes per thread.
    Combined,
    /// A column of the error counters, before 22.06.
    Error,
    /// Names.
    Names,
    /// A column of other counters.
    Symlink,
    /// Bins per thread.
    Histogram,
    /// What is not read here: ring buffers, and types that are newer than this program.
    Other,
}

// === impl Header ===

impl Header {
    pub(crate) fn parse(bytes: &[u8; HEADER]) -> Result<Self, StatsError> {
        let field = |index: usize| u64_at(bytes, index * 8).unwrap_or(0);
        match field(0) {
            VERSION => Ok(Self {
                base: field(1),
                epoch: field(2),
                in_progress: field(3),
                directory: field(4),
            }),
            found => Err(StatsError::Version { found }),
        }
    }
}

// === impl Layout ===

impl Layout {
    /// Finds out by the entry that all have.
    pub(crate) fn of(directory: &[u8]) -> Self {
        let mut entries = directory.chunks_exact(ENTRY);
        let probe = entries.find(|entry| entry_name(entry) == PROBE);
        match probe.and_then(|entry| u32_at(entry, 0)) {
            Some(5) => Self::V2202,
            _ => Self::V2206,
        }
    }

    pub(crate) fn kind(self, number: u32) -> Kind {
        match (self, number) {
            (_, 0) | (Self::V2202, 6) | (Self::V2206, 5) => Kind::Free,
            (_, 1) => Kind::Scalar,
            (_, 2) => Kind::Simple,
            (_, 3) => Kind::Combined,
            (Self::V2202, 4) => Kind::Error,
            (Self::V2202, 5) | (Self::V2206, 4) => Kind::Names,
            (Self::V2202, 7) | (Self::V2206, 6) => Kind::Symlink,
            (Self::V2206, 7) => Kind::Histogram,
            (Self::V2206, 9) => Kind::Gauge,
            _ => Kind::Other,
        }
    }
}

/// The name in the bytes of an entry.
pub(crate) fn entry_name(entry: &[u8]) -> std::borrow::Cow<'_, str> {
    text(entry.get(NAME..).unwrap_or_default())
}

/// The two halves of what an entry of kind [`Kind::Symlink`] holds: index of another entry, and a column of it.
pub(crate) fn link(payload: u64) -> (u32, u32) {
    let bytes = payload.to_ne_bytes();
    (u32_at(&bytes, 0).unwrap_or(0), u32_at(&bytes, 4).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u32, name: &str) -> Vec<u8> {
        let mut entry = vec![0; ENTRY];
        entry[..4].copy_from_slice(&number.to_ne_bytes());
        entry[NAME..NAME + name.len()].copy_from_slice(name.as_bytes());
        entry
    }

    #[test]
    fn numbers_of_types_follow_from_one_that_is_known() {
        let of = |number| Layout::of(&[entry(1, "/sys/heartbeat"), entry(number, PROBE)].concat());
        assert_eq!(of(5), Layout::V2202);
        assert_eq!(of(4), Layout::V2206);
        assert_eq!(Layout::of(&[]), Layout::V2206);
        assert_eq!((Layout::V2202.kind(4), Layout::V2206.kind(4)), (Kind::Error, Kind::Names));
        assert_eq!((Layout::V2202.kind(9), Layout::V2206.kind(9)), (Kind::Other, Kind::Gauge));
    }

    #[test]
    fn other_versions_are_refused() {
        let mut bytes = [0; HEADER];
        bytes[0] = 3;
        assert!(matches!(Header::parse(&bytes), Err(StatsError::Version { .. })));
        bytes[0] = 2;
        bytes[16] = 7;
        assert_eq!(Header::parse(&bytes).unwrap().epoch, 7);
    }
}

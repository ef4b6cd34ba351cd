//! The routes every table is born with, in the order VPP adds them; it removes them backwards.

use super::Source;
use crate::state::path::{PathKind, Reason};
use crate::state::prefix::{Family, Prefix};

/// Destinations, who they are from, and what happens to packets.
pub(super) fn specials(family: Family) -> Vec<(Prefix, Source, PathKind)> {
    let drop = PathKind::Special { reason: Reason::Drop };
    let v4 = |network, len, source| (Prefix { len, network }, source, drop);
    match family {
        Family::V4 => vec![
            v4(0, 0, Source::DEFAULT),
            v4(0, 32, Source::DEFAULT),
            v4(0xf000_0000, 4, Source::SPECIAL),
            v4(0xe000_0000, 4, Source::SPECIAL),
            v4(0xffff_ffff, 32, Source::DEFAULT),
        ],
        Family::V6 => vec![
            (Prefix { len: 0, network: 0 }, Source::DEFAULT, drop),
            // Looked up in the link-local table of the interface.
            (Prefix { len: 10, network: 0xfe80 << 112 }, Source::SPECIAL, PathKind::Exclusive),
        ],
    }
}

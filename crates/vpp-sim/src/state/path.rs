//! Paths of routes: what a packet that matches a route is done with.

use super::prefix::Family;

/// Protocol of a path's next hop, numbered as in the API (`fib_path_nh_proto`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Proto {
    Ip4 = 0,
    Ip6 = 1,
    Mpls = 2,
    Ethernet = 3,
    Bier = 4,
}

impl Proto {
    pub(crate) fn of(family: Family) -> Self {
        match family {
            Family::V4 => Proto::Ip4,
            Family::V6 => Proto::Ip6,
        }
    }

    pub(crate) fn from_number(number: u32) -> Option<Self> {
        [Proto::Ip4, Proto::Ip6, Proto::Mpls, Proto::Ethernet, Proto::Bier]
            .into_iter()
            .find(|proto| *proto as u32 == number)
    }
}

/// Why a path forwards nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reason {
    Drop,
    Unreachable,
    Prohibited,
    /// Forwarding is decided elsewhere (classify tables).
    None,
}

/// What a path does. The order of variants and fields is the order VPP sorts paths in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PathKind {
    AttachedNextHop {
        next_hop: u128,
        sw_if_index: u32,
    },
    Attached {
        sw_if_index: u32,
    },
    Recursive {
        next_hop: u128,
        table: u32,
    },
    Special {
        reason: Reason,
    },
    Exclusive,
    /// Look the packet up again in another table.
    Deag {
        table: u32,
        rpf_id: u32,
    },
    InterfaceRx {
        sw_if_index: u32,
    },
    UdpEncap {
        id: u32,
    },
    Receive {
        sw_if_index: u32,
        address: u128,
    },
    BierImposition {
        id: u32,
    },
    Dvr {
        sw_if_index: u32,
    },
}

impl PathKind {
    /// Whether VPP takes two paths for the same one.
    fn same(self, other: Self) -> bool {
        match (self, other) {
            (PathKind::Special { .. }, PathKind::Special { .. })
            | (PathKind::Receive { .. }, PathKind::Receive { .. }) => true,
            (a, b) => a == b,
        }
    }
}

/// One label of an MPLS stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) value: u32,
    pub(crate) ttl: u8,
    pub(crate) exp: u8,
}

/// A path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) kind: PathKind,
    pub(crate) proto: Proto,
    pub(crate) weight: u8,
    pub(crate) preference: u8,
    pub(crate) labels: Vec<Label>,
    /// It is of a kind that forwards, but drops.
    pub(crate) drops: bool,
}

impl Path {
    pub(crate) fn new(kind: PathKind, proto: Proto) -> Self {
        Self { kind, proto, weight: 1, preference: 0, labels: Vec::new(), drops: false }
    }

    fn same(&self, other: &Path) -> bool {
        self.proto == other.proto && self.kind.same(other.kind)
    }

    /// Adds paths to those there. A path that is there already stays as it is, its weight too.
    pub(crate) fn merge(existing: &[Path], added: Vec<Path>) -> Vec<Path> {
        let mut paths = existing.to_vec();
        for path in added {
            if !existing.iter().any(|p| p.same(&path)) {
                paths.push(path);
            }
        }
        paths.sort_by_key(|path| (path.preference, path.kind, path.proto));
        paths
    }

    /// Takes paths away, each once.
    pub(crate) fn without(existing: &[Path], removed: &[Path]) -> Vec<Path> {
        let mut paths = existing.to_vec();
        for path in removed {
            if let Some(at) = paths.iter().position(|p| p.same(path)) {
                paths.remove(at);
            }
        }
        paths
    }

    /// The table and address a recursive path is resolved by.
    pub(crate) fn recursion(&self) -> Option<(u32, u128)> {
        match (self.kind, self.proto) {
            (PathKind::Recursive { next_hop, table }, Proto::Ip4 | Proto::Ip6) if !self.drops => {
                Some((table, next_hop))
            }
            _ => None,
        }
    }

    /// Whether VPP takes the destinations of a route for neighbours on an interface after these
    /// paths were added or removed: the last one in its order decides.
    pub(crate) fn attach(paths: &[Path]) -> bool {
        let last = paths.iter().max_by_key(|path| path.request_order());
        last.is_some_and(|p| matches!(p.kind, PathKind::Attached { .. } | PathKind::Dvr { .. }))
    }

    /// The order paths of one request are in: by next hop, interface and table.
    fn request_order(&self) -> (u128, i32, u32) {
        // VPP compares interfaces as signed numbers, none comes first.
        let signed = |sw_if_index: u32| i32::from_ne_bytes(sw_if_index.to_ne_bytes());
        match self.kind {
            PathKind::AttachedNextHop { next_hop, sw_if_index } => {
                (next_hop, signed(sw_if_index), 0)
            }
            PathKind::Attached { sw_if_index }
            | PathKind::InterfaceRx { sw_if_index }
            | PathKind::Receive { sw_if_index, .. }
            | PathKind::Dvr { sw_if_index } => (0, signed(sw_if_index), 0),
            PathKind::Recursive { next_hop, .. } => (next_hop, -1, 0),
            PathKind::Deag { table, .. } => (0, -1, table),
            PathKind::Special { .. }
            | PathKind::Exclusive
            | PathKind::UdpEncap { .. }
            | PathKind::BierImposition { .. } => (0, -1, 0),
        }
    }

    /// The interface packets leave by.
    pub(crate) fn interface(&self) -> Option<u32> {
        match self.kind {
            PathKind::AttachedNextHop { sw_if_index, .. }
            | PathKind::Attached { sw_if_index }
            | PathKind::Dvr { sw_if_index } => Some(sw_if_index),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn via(next_hop: u128, weight: u8) -> Path {
        let kind = PathKind::AttachedNextHop { next_hop, sw_if_index: 1 };
        Path { weight, ..Path::new(kind, Proto::Ip4) }
    }

    #[test]
    fn a_path_added_again_keeps_its_weight() {
        let paths = Path::merge(&[via(1, 5)], vec![via(1, 9), via(0, 1)]);
        assert_eq!(paths, [via(0, 1), via(1, 5)]);
    }

    #[test]
    fn removal_ignores_weights_and_what_is_not_there() {
        let paths = Path::without(&[via(1, 5), via(2, 1)], &[via(1, 0), via(7, 0)]);
        assert_eq!(paths, [via(2, 1)]);
    }
}

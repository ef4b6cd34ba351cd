//! Counters of the nodes of VPP's graph: how they ran, and the errors they counted.

use crate::interfaces::optional;
use crate::{Pass, StatsError};

/// How a node ran, summed over threads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeCounters {
    /// Index of the node.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Clock cycles spent.
    pub clocks: u64,
    /// Packets, or what else it works on.
    pub vectors: u64,
    /// How often it was called.
    pub calls: u64,
    /// How often a process waited.
    pub suspends: u64,
}

/// What a node counted, summed over threads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorCounter {
    /// The node.
    pub node: String,
    /// What happened; empty if the name has one part only.
    pub reason: String,
    /// How often.
    pub value: u64,
}

impl Pass<'_> {
    /// How all nodes ran; nothing unless VPP was started with `per-node-counters on`.
    ///
    /// # Errors
    /// Errors of the segment.
    pub fn nodes(&mut self) -> Result<Vec<NodeCounters>, StatsError> {
        let Some(names) = optional(self.name_list("/sys/node/names"))? else {
            return Ok(Vec::new());
        };
        let mut columns = [const { Vec::new() }; 4];
        let entries =
            ["/sys/node/clocks", "/sys/node/vectors", "/sys/node/calls", "/sys/node/suspends"];
        for (column, name) in columns.iter_mut().zip(entries) {
            *column = optional(self.simple(name))?.unwrap_or_default();
        }
        let [clocks, vectors, calls, suspends] = columns;
        let of = |column: &[u64], slot: usize| column.get(slot).copied().unwrap_or(0);
        let nodes = names.iter().zip(0_u32..).enumerate().filter_map(|(slot, (name, index))| {
            Some(NodeCounters {
                index,
                name: name.clone().filter(|name| !name.is_empty())?,
                clocks: of(&clocks, slot),
                vectors: of(&vectors, slot),
                calls: of(&calls, slot),
                suspends: of(&suspends, slot),
            })
        });
        Ok(nodes.collect())
    }

    /// Everything nodes counted, also what they never did.
    ///
    /// # Errors
    /// Errors of the segment.
    pub fn errors(&mut self) -> Result<Vec<ErrorCounter>, StatsError> {
        let counters = self.columns("/err/")?.into_iter().map(|(name, value)| {
            let (node, reason) = split(name);
            ErrorCounter { node: node.to_owned(), reason: reason.to_owned(), value }
        });
        Ok(counters.collect())
    }
}

/// Node and reason in a name. Both may contain slashes, so the number of parts and where the spaces are decide, as
/// in the original.
fn split(name: &str) -> (&str, &str) {
    let slashes: Vec<usize> = name.match_indices('/').map(|(at, _)| at).collect();
    let cut = |at: usize| (name.get(..at).unwrap_or(name), name.get(at + 1..).unwrap_or(""));
    let part_has_space =
        |from: usize, to: usize| name.get(from..to).is_some_and(|part: &str| part.contains(' '));
    match slashes.as_slice() {
        [] => (name, ""),
        [only] => cut(*only),
        [first, second] if part_has_space(*first, *second) => cut(*first),
        [_, second] => cut(*second),
        [_, second, third, ..] if part_has_space(*second, *third) => cut(*second),
        [_, _, third, ..] if is_address(name) => cut(*third),
        [.., last] => cut(*last),
    }
}

/// Whether a name starts like `Name<hex>/<hex>/<hex>`, as those of devices by their address do.
fn is_address(name: &str) -> bool {
    let mut parts = name.split('/');
    let hex = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let first = parts.next().is_some_and(|part| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.ends_with(|c: char| c.is_ascii_hexdigit())
    });
    first
        && parts.next().is_some_and(hex)
        && parts.next().is_some_and(|part| {
            let end = part.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(part.len());
            end > 0
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_errors_are_split() {
        for (name, node, reason) in [
            ("null-node", "null-node", ""),
            ("ip4-input/ip4 ttl <= 1", "ip4-input", "ip4 ttl <= 1"),
            ("tcp4-input/a reason/with a slash", "tcp4-input", "a reason/with a slash"),
            ("memif0/0-tx/no free slots", "memif0/0-tx", "no free slots"),
            ("pg/stream/no buffers", "pg/stream", "no buffers"),
            ("tapcli/1/rx/none", "tapcli/1/rx", "none"),
            ("a/b/c d/e", "a/b", "c d/e"),
            ("Ethernet0/1/2-tx/it is/full", "Ethernet0/1/2-tx", "it is/full"),
        ] {
            assert_eq!(split(name), (node, reason), "{name}");
        }
    }
}

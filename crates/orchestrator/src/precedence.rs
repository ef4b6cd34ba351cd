//! Which source decides when several hold the same key.

use std::cmp::Ordering;

use ligato_kvs_api::SourceId;

/// Names of sources that clients and users know.
pub mod names {
    /// The initial configuration file.
    pub const INITIAL_FILE: &str = "initfile";
    /// Key-value stores.
    pub const DATASYNC: &str = "datasync";
    /// Whoever does not say who they are.
    pub const GLOBAL: &str = "global";
    /// gRPC and REST.
    pub const GRPC: &str = "grpc";
    /// The program the agent is part of.
    pub const LOCAL_CLIENT: &str = "localclient";
}

/// A declared order of sources, the same for changes and for resyncs.
///
/// A source named `a/b` stands where `a` stands. A source that is not declared stands where `grpc`
/// stands, since such names come with gRPC requests. Among those at the same place, names decide,
/// the later one being stronger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precedence {
    weakest_first: Vec<String>,
}

// === impl Precedence ===

impl Default for Precedence {
    /// File, stores, `global`, gRPC, local client; as the original merges on a full resync.
    fn default() -> Self {
        Self::new([
            names::INITIAL_FILE,
            names::DATASYNC,
            names::GLOBAL,
            names::GRPC,
            names::LOCAL_CLIENT,
        ])
    }
}

impl Precedence {
    /// An order, the weakest source first.
    pub fn new<N: Into<String>>(weakest_first: impl IntoIterator<Item = N>) -> Self {
        Self { weakest_first: weakest_first.into_iter().map(Into::into).collect() }
    }

    /// Compares two sources; the greater one decides.
    pub fn compare(&self, one: &SourceId, other: &SourceId) -> Ordering {
        self.place(one).cmp(&self.place(other)).then_with(|| one.cmp(other))
    }

    fn place(&self, source: &str) -> usize {
        let family = source.split('/').next().unwrap_or(source);
        let place = |name: &str| self.weakest_first.iter().position(|known| known == name);
        place(source)
            .or_else(|| place(family))
            .or_else(|| place(names::GRPC))
            .unwrap_or(self.weakest_first.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_order_then_names() {
        let order = Precedence::default();
        let stronger = |one: &str, other: &str| {
            order.compare(&SourceId::from(one), &SourceId::from(other)) == Ordering::Greater
        };
        assert!(stronger("grpc", "datasync"));
        assert!(stronger("datasync", "initfile"));
        assert!(stronger("localclient", "grpc"));
        assert!(stronger("datasync/redis", "datasync/etcd"));
        assert!(stronger("grpc", "datasync/redis"));
        // Not declared: beside gRPC, by name.
        assert!(stronger("operator", "grpc"));
        assert!(!stronger("cni", "grpc"));
        assert!(stronger("localclient", "operator"));
    }
}

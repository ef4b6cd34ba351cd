//! References to allocated addresses: `alloc:NETWORK[/INTERFACE][/GW]`.
//!
//! They stand where an address may stand. The allocation itself is a value of another kind, so a
//! reference is a dependency first, and is looked up only when the value is applied. An interface
//! whose name is `GW` cannot be referred to without `/GW` being taken for the gateway.

use ipnet::IpNet;
use ligato_model::{Key, Model};
use ligato_proto::netalloc::IpAllocation;

const PREFIX: &str = "alloc:";
const GATEWAY_SUFFIX: &str = "/GW";

/// A reference to an allocated address or to the gateway of the allocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllocRef {
    /// Name of the network.
    pub network: String,
    /// Interface that the address was allocated for.
    pub interface: String,
    /// The gateway is meant, not the address.
    pub gateway: bool,
}

/// A reference that is malformed or stands in the wrong place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllocRefError {
    #[error("{0:?} refers to no network")]
    NoNetwork(String),
    #[error("{0:?} names no interface, and none is implied here")]
    NoInterface(String),
    #[error("{text:?} names another interface than {implied}")]
    OtherInterface { text: String, implied: String },
    #[error("{0:?} must refer to a gateway (end in /GW)")]
    GatewayRequired(String),
    #[error("{0:?} must not refer to a gateway")]
    GatewayUnexpected(String),
}

/// Whether a gateway may be referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefRule {
    GatewayAllowed,
    GatewayRequired,
    GatewayUnexpected,
}

/// What has been allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocated {
    /// The address of the interface, with its mask.
    pub address: IpNet,
    /// The gateway, with a mask.
    pub gateway: Option<IpNet>,
}

/// Finds allocations.
pub trait Allocations: Send + Sync + 'static {
    /// The allocation of a network for an interface, as it is applied now.
    fn find(&self, network: &str, interface: &str) -> Option<Allocated>;
}

/// An agent without address allocation.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAllocations;

impl Allocations for NoAllocations {
    fn find(&self, _network: &str, _interface: &str) -> Option<Allocated> {
        None
    }
}

impl AllocRef {
    /// Is the text a reference at all (however wrong)?
    #[must_use]
    pub fn is_ref(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Reads a reference. `implied` is the interface that the field belongs to, if any.
    ///
    /// # Errors
    /// When it is malformed, names another interface than the implied one, or breaks the rule.
    pub fn parse(
        text: &str,
        implied: Option<&str>,
        rule: RefRule,
    ) -> Result<AllocRef, AllocRefError> {
        let body = text.strip_prefix(PREFIX).unwrap_or(text);
        let (body, gateway) = match body.strip_suffix(GATEWAY_SUFFIX) {
            Some(body) => (body, true),
            None => (body, false),
        };
        let (network, named) = match body.split_once('/') {
            Some((network, interface)) => (network, Some(interface)),
            None => (body, None),
        };
        if network.is_empty() {
            return Err(AllocRefError::NoNetwork(text.into()));
        }
        let interface = match (named, implied) {
            (Some(""), _) | (None, None) => return Err(AllocRefError::NoInterface(text.into())),
            (Some(named), Some(implied)) if named != implied => {
                return Err(AllocRefError::OtherInterface {
                    text: text.into(),
                    implied: implied.into(),
                });
            }
            (Some(interface), _) | (None, Some(interface)) => interface,
        };
        match (rule, gateway) {
            (RefRule::GatewayRequired, false) => Err(AllocRefError::GatewayRequired(text.into())),
            (RefRule::GatewayUnexpected, true) => {
                Err(AllocRefError::GatewayUnexpected(text.into()))
            }
            _ => Ok(AllocRef { network: network.into(), interface: interface.into(), gateway }),
        }
    }

    /// Key of the allocation.
    #[must_use]
    pub fn key(&self) -> Key {
        let allocation = IpAllocation {
            network_name: self.network.clone(),
            interface_name: self.interface.clone(),
            ..IpAllocation::default()
        };
        allocation.key()
    }

    /// What it refers to now.
    #[must_use]
    pub fn resolve(&self, allocations: &dyn Allocations) -> Option<IpNet> {
        let allocated = allocations.find(&self.network, &self.interface)?;
        if self.gateway { allocated.gateway } else { Some(allocated.address) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, implied: Option<&str>, rule: RefRule) -> Result<String, AllocRefError> {
        let r = AllocRef::parse(text, implied, rule)?;
        Ok(format!("{} {} {}", r.network, r.interface, if r.gateway { "gw" } else { "addr" }))
    }

    #[test]
    fn all_forms() {
        use RefRule::GatewayAllowed;
        for (text, implied, read_as) in [
            ("alloc:net1/if1", None, "net1 if1 addr"),
            ("alloc:net1", Some("if1"), "net1 if1 addr"),
            ("alloc:net1/GW", Some("if1"), "net1 if1 gw"),
            ("alloc:net1/a/b/GW", None, "net1 a/b gw"),
            ("alloc:net1/if1", Some("if1"), "net1 if1 addr"),
        ] {
            assert_eq!(read(text, implied, GatewayAllowed).as_deref(), Ok(read_as), "{text}");
        }
    }

    #[test]
    fn what_is_refused() {
        use AllocRefError as E;
        use RefRule::{GatewayAllowed, GatewayRequired, GatewayUnexpected};
        let text = |t: &str| t.to_owned();
        for (reference, implied, rule, problem) in [
            ("alloc:", Some("i"), GatewayAllowed, E::NoNetwork(text("alloc:"))),
            ("alloc:/i", None, GatewayAllowed, E::NoNetwork(text("alloc:/i"))),
            ("alloc:n", None, GatewayAllowed, E::NoInterface(text("alloc:n"))),
            ("alloc:n", Some("i"), GatewayRequired, E::GatewayRequired(text("alloc:n"))),
            ("alloc:n/GW", Some("i"), GatewayUnexpected, E::GatewayUnexpected(text("alloc:n/GW"))),
            (
                "alloc:n/j",
                Some("i"),
                GatewayAllowed,
                E::OtherInterface { text: text("alloc:n/j"), implied: text("i") },
            ),
        ] {
            assert_eq!(read(reference, implied, rule), Err(problem), "{reference}");
        }
    }

    #[test]
    fn the_key_is_that_of_the_allocation() {
        let reference =
            AllocRef::parse("alloc:net1/if1/GW", None, RefRule::GatewayAllowed).unwrap();
        assert_eq!(reference.key(), "config/netalloc/v1/ip/network/net1/interface/if1");
    }
}

//! References to allocated addresses: `alloc:<network>[/<interface>][/GW]`.

use ligato_model::{Key, Model};
use ligato_proto::netalloc::IpAllocation;

/// What a reference begins with.
const PREFIX: &str = "alloc:";

/// What a reference to the gateway of an allocation ends with.
const GATEWAY: &str = "/GW";

/// A reference to an allocated address, or to the gateway of its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AllocationRef<'a> {
    network: &'a str,
    interface: Option<&'a str>,
    /// Whether the gateway is meant.
    pub(crate) gateway: bool,
}

impl<'a> AllocationRef<'a> {
    /// `None` if the text is no reference at all; an error if it is a wrong one.
    pub(crate) fn parse(text: &'a str) -> Option<Result<AllocationRef<'a>, &'static str>> {
        let text = text.strip_prefix(PREFIX)?;
        let (text, gateway) = match text.strip_suffix(GATEWAY) {
            Some(text) => (text, true),
            None => (text, false),
        };
        let (network, interface) = match text.split_once('/') {
            Some((network, interface)) => (network, Some(interface)),
            None => (text, None),
        };
        if network.is_empty() || interface.is_some_and(str::is_empty) {
            return Some(Err("is not a reference like alloc:<network>/<interface>/GW"));
        }
        Some(Ok(AllocationRef { network, interface, gateway }))
    }

    /// The interface the address is allocated for: the one in the reference, which must not contradict the one the
    /// reference is used with.
    ///
    /// # Errors
    /// What is wrong with the reference.
    pub(crate) fn interface(self, context: &'a str) -> Result<&'a str, &'static str> {
        match self.interface {
            Some(interface) if !context.is_empty() && interface != context => {
                Err("refers to another interface than the outgoing one")
            }
            Some(interface) => Ok(interface),
            None if context.is_empty() => Err("refers to no interface"),
            None => Ok(context),
        }
    }

    /// Key of the allocation.
    pub(crate) fn key(self, interface: &str) -> Key {
        IpAllocation::key_of(&format!("network/{}/interface/{interface}", self.network))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interface_comes_from_the_reference_or_from_its_place() {
        let parse = |text| AllocationRef::parse(text).unwrap().unwrap();
        assert_eq!(parse("alloc:net1").interface("if1"), Ok("if1"));
        assert_eq!(parse("alloc:net1/if1/GW").interface(""), Ok("if1"));
        assert!(parse("alloc:net1/if1").interface("if2").is_err());
        assert!(parse("alloc:net1/GW").interface("").is_err());
        assert_eq!(
            parse("alloc:net1/if1/GW").key("if1"),
            "config/netalloc/v1/ip/network/net1/interface/if1"
        );
    }

    #[test]
    fn an_address_is_no_reference_and_an_empty_network_a_wrong_one() {
        assert_eq!(AllocationRef::parse("10.0.0.1"), None);
        assert!(AllocationRef::parse("alloc:/GW").unwrap().is_err());
        assert!(AllocationRef::parse("alloc:net1//GW").unwrap().is_err());
    }
}

//! The dumps there are: path, model, shape.

use ligato_model::Value;
use ligato_proto::vpp::interfaces::{Interface, interface::Type};

/// One dump.
pub(super) struct Dump {
    pub(super) path: &'static str,
    /// Name of the model.
    pub(super) model: &'static str,
    pub(super) shape: Shape,
    /// Only interfaces of this type.
    only: Option<Type>,
}

/// How the values of a dump are put together.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// An array of the values.
    Plain,
    /// The value of a singleton.
    One,
    /// An array of objects that hold the value and what else is known of it.
    List { member: &'static str, meta: Option<&'static str> },
    /// The same, as members of an object.
    Keyed { member: &'static str, meta: &'static str },
}

const fn list(
    path: &'static str,
    model: &'static str,
    member: &'static str,
    meta: Option<&'static str>,
) -> Dump {
    Dump { path, model, shape: Shape::List { member, meta }, only: None }
}

const fn plain(path: &'static str, model: &'static str) -> Dump {
    Dump { path, model, shape: Shape::Plain, only: None }
}

const fn one(path: &'static str, model: &'static str) -> Dump {
    Dump { path, model, shape: Shape::One, only: None }
}

const fn interfaces(path: &'static str, only: Option<Type>) -> Dump {
    let shape = Shape::Keyed { member: "interface", meta: "interface_meta" };
    Dump { path, model: INTERFACE, shape, only }
}

pub(super) const INTERFACE: &str = "vpp.interfaces";
pub(super) const BRIDGE_DOMAIN: &str = "vpp.l2.bridge-domain";
pub(super) const FIB: &str = "vpp.l2.fib";
pub(super) const XCONNECT: &str = "vpp.l2.xconnect";
pub(super) const ROUTE: &str = "vpp.route";
pub(super) const ARP: &str = "vpp.arp";
pub(super) const LINUX_INTERFACE: &str = "linux.interfaces.interface";
pub(super) const LINUX_ROUTE: &str = "linux.l3.route";
pub(super) const LINUX_ARP: &str = "linux.l3.arp";

/// All of them; a model without a descriptor answers that its handler is not available, as in the original.
pub(super) const DUMPS: &[Dump] = &[
    interfaces("/dump/vpp/v2/interfaces", None),
    interfaces("/dump/vpp/v2/interfaces/loopback", Some(Type::SoftwareLoopback)),
    interfaces("/dump/vpp/v2/interfaces/ethernet", Some(Type::Dpdk)),
    interfaces("/dump/vpp/v2/interfaces/memif", Some(Type::Memif)),
    interfaces("/dump/vpp/v2/interfaces/tap", Some(Type::Tap)),
    interfaces("/dump/vpp/v2/interfaces/afpacket", Some(Type::AfPacket)),
    interfaces("/dump/vpp/v2/interfaces/vxlan", Some(Type::VxlanTunnel)),
    list("/dump/vpp/v2/abf", "vpp.abfs.abf", "abf", Some("abf_meta")),
    list("/dump/vpp/v2/acl/ip", "vpp.acls.acl", "acl", Some("acl_meta")),
    list("/dump/vpp/v2/bd", BRIDGE_DOMAIN, "bridge_domain", Some("bridge_domain_meta")),
    Dump {
        path: "/dump/vpp/v2/fib",
        model: FIB,
        shape: Shape::Keyed { member: "fib", meta: "fib_meta" },
        only: None,
    },
    Dump {
        path: "/dump/vpp/v2/xc",
        model: XCONNECT,
        shape: Shape::Keyed { member: "x_connect", meta: "x_connect_meta" },
        only: None,
    },
    list("/dump/vpp/v2/routes", ROUTE, "Route", Some("Meta")),
    list("/dump/vpp/v2/arps", ARP, "Arp", Some("Meta")),
    one("/dump/vpp/v2/ipscanneigh", "vpp.ipscanneigh-global"),
    list("/dump/vpp/v2/vrrps", "vpp.vrrp", "Vrrp", Some("Meta")),
    one("/dump/vpp/v2/nat/global", "vpp.nat.nat44-global"),
    plain("/dump/vpp/v2/nat/dnat", "vpp.nat.dnat44"),
    plain("/dump/vpp/v2/nat/interfaces", "vpp.nat.nat44-interface"),
    plain("/dump/vpp/v2/nat/pools", "vpp.nat.nat44-pool"),
    plain("/dump/vpp/v2/ipsec/spds", "vpp.ipsec.spd"),
    plain("/dump/vpp/v2/ipsec/sps", "vpp.ipsec.sp"),
    list("/dump/vpp/v2/ipsec/sas", "vpp.ipsec.sa", "Sa", Some("Meta")),
    list("/dump/linux/v2/interfaces", LINUX_INTERFACE, "interface", Some("interface_meta")),
    list("/dump/linux/v2/routes", LINUX_ROUTE, "Route", Some("Meta")),
    list("/dump/linux/v2/arps", LINUX_ARP, "linux_arp", Some("linux_arp_meta")),
];

// === impl Dump ===

impl Dump {
    /// Whether the value belongs in this dump.
    pub(super) fn takes(&self, value: &Value) -> bool {
        let Some(only) = self.only else { return true };
        value.downcast_ref::<Interface>().is_some_and(|interface| interface.r#type() == only)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_exists() {
        let registry = ligato_proto::registry();
        for dump in DUMPS {
            assert!(registry.by_model_name(dump.model).is_some(), "{}: {}", dump.path, dump.model);
        }
    }
}

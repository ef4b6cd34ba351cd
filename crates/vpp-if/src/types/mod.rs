//! What differs from one type of interface to the next: one file per type.
//!
//! A type that is not here is refused as unsupported and, when found in VPP, left alone.

mod af_packet;
mod bond;
mod loopback;
mod memif;
mod sub;
mod tap;

use ligato_kvs_api::{Dependency, Invalid, OpError};
use ligato_proto::vpp::interfaces::interface::{Link, Type};
use ligato_proto::vpp::interfaces::{
    AfpacketLink, BondLink, Interface, MemifLink, SubInterface, TapLink,
};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_ctx::{Facts, VppCtx};

pub(crate) use af_packet::LinuxSide;
pub(crate) use bond::{link_from_vpp as bond_from_vpp, members_from_vpp};
pub(crate) use memif::link_from_vpp as memif_from_vpp;
pub(crate) use sub::{link_from_vpp as sub_from_vpp, rewrite};
pub(crate) use tap::{default_host_name, link_from_vpp as tap_from_vpp};

/// An interface by its type, with the settings of that type.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Flavor<'a> {
    Loopback,
    Memif(&'a MemifLink),
    AfPacket(&'a AfpacketLink),
    Tap(&'a TapLink),
    Sub(&'a SubInterface),
    Bond(&'a BondLink),
    /// Settings of another type than the interface is of, or none where there have to be some.
    Mismatch(Type),
    /// A type this agent does not know how to make.
    Unsupported(Type),
}

/// Where an interface has its MTU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mtu {
    /// The driver limits frames.
    Hardware,
    /// Only packets can be limited: no Ethernet, or no driver underneath.
    Packet,
    /// That of the interface it belongs to.
    None,
}

impl<'a> Flavor<'a> {
    pub(crate) fn of(interface: &'a Interface) -> Self {
        let kind = interface.r#type();
        match (kind, &interface.link) {
            (Type::SoftwareLoopback, None) => Self::Loopback,
            (Type::Memif, Some(Link::Memif(link))) => Self::Memif(link),
            (Type::AfPacket, Some(Link::Afpacket(link))) => Self::AfPacket(link),
            (Type::Tap, Some(Link::Tap(link))) => Self::Tap(link),
            (Type::SubInterface, Some(Link::Sub(link))) => Self::Sub(link),
            (Type::BondInterface, Some(Link::Bond(link))) => Self::Bond(link),
            (
                Type::SoftwareLoopback
                | Type::Memif
                | Type::AfPacket
                | Type::Tap
                | Type::SubInterface
                | Type::BondInterface,
                _,
            ) => Self::Mismatch(kind),
            _ => Self::Unsupported(kind),
        }
    }

    pub(crate) fn validate(self, bad: &mut Invalid) {
        match self {
            Self::Memif(link) => memif::validate(link, bad),
            Self::AfPacket(link) => af_packet::validate(link, bad),
            Self::Tap(link) => tap::validate(link, bad),
            Self::Sub(link) => sub::validate(link, bad),
            Self::Loopback | Self::Bond(_) | Self::Mismatch(_) | Self::Unsupported(_) => {}
        }
    }

    pub(crate) fn dependencies(self, facts: &Facts) -> Vec<Dependency> {
        match self {
            Self::AfPacket(link) => af_packet::dependencies(facts, link),
            Self::Tap(link) => tap::dependencies(link),
            Self::Sub(link) => sub::dependencies(link),
            Self::Loopback
            | Self::Memif(_)
            | Self::Bond(_)
            | Self::Mismatch(_)
            | Self::Unsupported(_) => Vec::new(),
        }
    }

    pub(crate) fn supported(self, facts: &Facts) -> Result<(), OpError> {
        match self {
            Self::Loopback => loopback::supported(facts),
            Self::Memif(_) => memif::supported(facts),
            Self::AfPacket(_) => af_packet::supported(facts),
            Self::Tap(_) => tap::supported(facts),
            Self::Sub(_) => sub::supported(facts),
            Self::Bond(_) => bond::supported(facts),
            Self::Mismatch(_) => Ok(()),
            Self::Unsupported(kind) => Err(unsupported(kind)),
        }
    }

    /// Whether the settings of both interfaces ask for the same, `name` being that of both.
    pub(crate) fn same(self, other: Self, name: &str) -> bool {
        match (self, other) {
            (Self::Loopback, Self::Loopback) => true,
            (Self::Memif(a), Self::Memif(b)) => memif::same(a, b),
            (Self::AfPacket(a), Self::AfPacket(b)) => af_packet::same(a, b),
            (Self::Tap(a), Self::Tap(b)) => tap::same(name, a, b),
            (Self::Sub(a), Self::Sub(b)) => sub::same(a, b),
            (Self::Bond(a), Self::Bond(b)) => bond::same(a, b),
            _ => false,
        }
    }

    /// As [`Self::same`], for what cannot be changed in an interface that exists.
    pub(crate) fn same_identity(self, other: Self, name: &str) -> bool {
        match (self, other) {
            (Self::Sub(a), Self::Sub(b)) => sub::same_identity(a, b),
            (Self::Bond(a), Self::Bond(b)) => bond::same_identity(a, b),
            _ => self.same(other, name),
        }
    }

    /// Whether the MAC address is set by a message of its own, after creation.
    pub(crate) fn mac_is_set_later(self) -> bool {
        !matches!(self, Self::AfPacket(_) | Self::Bond(_))
    }

    pub(crate) fn mtu(self) -> Mtu {
        match self {
            Self::Memif(link) => memif::mtu(link),
            Self::Tap(link) => tap::mtu(link),
            Self::AfPacket(_) => Mtu::Hardware,
            // Their frames have no limit that could be set, at least not in newer releases.
            Self::Loopback | Self::Bond(_) => Mtu::Packet,
            Self::Sub(_) | Self::Mismatch(_) | Self::Unsupported(_) => Mtu::None,
        }
    }

    /// Makes the interface, still without tag and down.
    pub(crate) async fn create(
        self,
        ctx: &VppCtx,
        interface: &Interface,
    ) -> Result<InterfaceIndex, OpError> {
        match self {
            Self::Loopback => loopback::create(ctx).await,
            Self::Memif(link) => memif::create(ctx, link).await,
            Self::AfPacket(link) => af_packet::create(ctx, interface, link).await,
            Self::Tap(link) => tap::create(ctx, interface, link).await,
            Self::Sub(link) => sub::create(ctx, link).await,
            Self::Bond(link) => bond::create(ctx, interface, link).await,
            Self::Mismatch(kind) => Err(mismatch(kind).into()),
            Self::Unsupported(kind) => Err(unsupported(kind)),
        }
    }

    /// Deletes the interface; that it is gone already is no error.
    pub(crate) async fn delete(self, ctx: &VppCtx, index: InterfaceIndex) -> Result<(), OpError> {
        match self {
            Self::Loopback => loopback::delete(ctx, index).await,
            Self::Memif(_) => memif::delete(ctx, index).await,
            Self::AfPacket(link) => af_packet::delete(ctx, link, index).await,
            Self::Tap(_) => tap::delete(ctx, index).await,
            Self::Sub(_) => sub::delete(ctx, index).await,
            Self::Bond(_) => bond::delete(ctx, index).await,
            Self::Mismatch(kind) => Err(mismatch(kind).into()),
            Self::Unsupported(kind) => Err(unsupported(kind)),
        }
    }
}

/// The settings do not belong to the type.
pub(crate) fn mismatch(kind: Type) -> Invalid {
    Invalid::field(
        "link",
        format!("does not belong to an interface of type {}", kind.as_str_name()),
    )
}

fn unsupported(kind: Type) -> OpError {
    OpError::Unsupported(format!("interfaces of type {}", kind.as_str_name()))
}

/// The type of an interface found in VPP, by its device type, else by what its name begins with. `None` for types this
/// agent does not make.
pub(crate) fn detect(dev_type: &str, internal_name: &str) -> Option<Type> {
    let by_device = match dev_type {
        "Loopback" | "local" => Some(Type::SoftwareLoopback),
        "memif" => Some(Type::Memif),
        "tap" => Some(Type::Tap),
        "af-packet" => Some(Type::AfPacket),
        "bond" => Some(Type::BondInterface),
        _ => None,
    };
    by_device.or_else(|| {
        let by_name = [
            ("loop", Type::SoftwareLoopback),
            ("local", Type::SoftwareLoopback),
            ("memif", Type::Memif),
            // Taps call themselves "virtio" in releases before 26.02.
            ("tap", Type::Tap),
            ("tun", Type::Tap),
            ("host-", Type::AfPacket),
            ("BondEthernet", Type::BondInterface),
        ];
        by_name.into_iter().find(|(prefix, _)| internal_name.starts_with(prefix)).map(|(_, t)| t)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_by_device_then_by_name() {
        for (dev_type, name, expected) in [
            ("Loopback", "loop0", Some(Type::SoftwareLoopback)),
            ("local", "local0", Some(Type::SoftwareLoopback)),
            ("virtio", "tap3", Some(Type::Tap)),
            ("tap", "tun0", Some(Type::Tap)),
            ("af-packet", "host-eth0", Some(Type::AfPacket)),
            ("Bond", "BondEthernet7", Some(Type::BondInterface)),
            ("VXLAN", "vxlan_tunnel0", None),
            ("dpdk", "GigabitEthernet0/8/0", None),
        ] {
            assert_eq!(detect(dev_type, name), expected, "{dev_type} {name}");
        }
    }
}

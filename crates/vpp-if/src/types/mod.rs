//! What differs from one type of interface to the next: one file per type.
//!
//! A type that is not here is refused as unsupported and, when found in VPP, left alone.

mod af_packet;
mod bond;
mod device;
mod gre;
mod gtpu;
mod ipip;
mod ipsec;
mod loopback;
mod memif;
mod rdma;
mod sub;
mod tap;
mod tunnel;
mod vmxnet3;
mod vxlan;
mod wireguard;

use ligato_kvs_api::{Dependency, Invalid, OpError};
use ligato_proto::vpp::interfaces::interface::{Link, Type};
use ligato_proto::vpp::interfaces::{
    AfpacketLink, BondLink, GreLink, GtpuLink, Interface, IpSecLink, IpipLink, MemifLink, RdmaLink,
    SubInterface, TapLink, VmxNet3Link, VxlanLink, WireguardLink,
};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_ctx::{Facts, VppCtx};

use crate::keys::IpVersions;

pub(crate) use af_packet::LinuxSide;
pub(crate) use bond::{link_from_vpp as bond_from_vpp, members_from_vpp};
pub(crate) use device::is_device;
pub(crate) use gre::link_from_vpp as gre_from_vpp;
pub(crate) use gtpu::{link_from_vpp as gtpu_from_vpp, versions as gtpu_versions};
pub(crate) use ipip::link_from_vpp as ipip_from_vpp;
pub(crate) use ipsec::link_from_vpp as ipsec_from_vpp;
pub(crate) use memif::link_from_vpp as memif_from_vpp;
pub(crate) use sub::{link_from_vpp as sub_from_vpp, rewrite};
pub(crate) use tap::{default_host_name, link_from_vpp as tap_from_vpp};
pub(crate) use vmxnet3::link_from_vpp as vmxnet3_from_vpp;
pub(crate) use vxlan::{gpe_from_vpp, link_from_vpp as vxlan_from_vpp};
pub(crate) use wireguard::link_from_vpp as wireguard_from_vpp;

/// What is said of the fields of each type.
pub(crate) mod fields {
    pub(crate) use super::{
        af_packet::FIELDS as AF_PACKET, bond::FIELDS as BOND, gre::FIELDS as GRE,
        gtpu::FIELDS as GTPU, ipip::FIELDS as IPIP, ipsec::FIELDS as IPSEC, memif::FIELDS as MEMIF,
        rdma::FIELDS as RDMA, tap::FIELDS as TAP, vmxnet3::FIELDS as VMXNET3,
        vxlan::FIELDS as VXLAN, wireguard::FIELDS as WIREGUARD,
    };
}

/// An interface by its type, with the settings of that type.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Flavor<'a> {
    Loopback,
    Device,
    Memif(&'a MemifLink),
    AfPacket(&'a AfpacketLink),
    Tap(&'a TapLink),
    Sub(&'a SubInterface),
    Bond(&'a BondLink),
    Vxlan(&'a VxlanLink),
    Gre(&'a GreLink),
    Gtpu(&'a GtpuLink),
    Ipip(&'a IpipLink),
    Ipsec(&'a IpSecLink),
    Wireguard(&'a WireguardLink),
    Vmxnet3(&'a VmxNet3Link),
    Rdma(&'a RdmaLink),
    /// Settings of another type than the interface is of, or none where there have to be some.
    Mismatch(Type),
    /// A type this agent does not know.
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

/// What the VRF of an interface is, besides the table of its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vrf {
    /// Nothing.
    Addresses,
    /// The table of a tunnel whose versions of IP are those of its ends.
    Tunnel(IpVersions),
    /// The same, and the table of the tunnel's own packets.
    OwnPackets(IpVersions),
}

impl<'a> Flavor<'a> {
    pub(crate) fn of(interface: &'a Interface) -> Self {
        let kind = interface.r#type();
        match (kind, &interface.link) {
            (Type::SoftwareLoopback, None) => Self::Loopback,
            (Type::Dpdk, None) => Self::Device,
            (Type::Memif, Some(Link::Memif(link))) => Self::Memif(link),
            (Type::AfPacket, Some(Link::Afpacket(link))) => Self::AfPacket(link),
            (Type::Tap, Some(Link::Tap(link))) => Self::Tap(link),
            (Type::SubInterface, Some(Link::Sub(link))) => Self::Sub(link),
            (Type::BondInterface, Some(Link::Bond(link))) => Self::Bond(link),
            (Type::VxlanTunnel, Some(Link::Vxlan(link))) => Self::Vxlan(link),
            (Type::GreTunnel, Some(Link::Gre(link))) => Self::Gre(link),
            (Type::GtpuTunnel, Some(Link::Gtpu(link))) => Self::Gtpu(link),
            (Type::IpipTunnel, Some(Link::Ipip(link))) => Self::Ipip(link),
            (Type::WireguardTunnel, Some(Link::Wireguard(link))) => Self::Wireguard(link),
            (Type::Vmxnet3Interface, Some(Link::VmxNet3(link))) => Self::Vmxnet3(link),
            (Type::Rdma, Some(Link::Rdma(link))) => Self::Rdma(link),
            #[expect(deprecated, reason = "the type still works")]
            (Type::IpsecTunnel, Some(Link::Ipsec(link))) => Self::Ipsec(link),
            (Type::UndefinedType, _) => Self::Unsupported(kind),
            _ => Self::Mismatch(kind),
        }
    }

    /// `name` is that of the interface.
    pub(crate) fn validate(self, name: &str, bad: &mut Invalid) {
        match self {
            Self::Memif(link) => memif::validate(link, bad),
            Self::AfPacket(link) => af_packet::validate(link, bad),
            Self::Tap(link) => tap::validate(link, bad),
            Self::Sub(link) => sub::validate(link, bad),
            Self::Vxlan(link) => vxlan::validate(link, bad),
            Self::Gre(link) => gre::validate(link, bad),
            Self::Gtpu(link) => gtpu::validate(link, bad),
            Self::Ipip(link) => ipip::validate(link, bad),
            Self::Ipsec(link) => ipsec::validate(link, bad),
            Self::Wireguard(link) => wireguard::validate(link, bad),
            Self::Vmxnet3(link) => vmxnet3::validate(name, link, bad),
            Self::Rdma(link) => rdma::validate(link, bad),
            Self::Loopback
            | Self::Device
            | Self::Bond(_)
            | Self::Mismatch(_)
            | Self::Unsupported(_) => {}
        }
    }

    /// `vrf` is that of the interface.
    pub(crate) fn dependencies(self, facts: &Facts, vrf: u32) -> Vec<Dependency> {
        match self {
            Self::AfPacket(link) => af_packet::dependencies(facts, link),
            Self::Tap(link) => tap::dependencies(link),
            Self::Sub(link) => sub::dependencies(link),
            Self::Vxlan(link) => vxlan::dependencies(link, vrf),
            Self::Gre(link) => gre::dependencies(link),
            Self::Gtpu(link) => gtpu::dependencies(link),
            Self::Ipip(link) => ipip::dependencies(link, vrf),
            Self::Rdma(link) => rdma::dependencies(facts, link),
            Self::Loopback
            | Self::Device
            | Self::Memif(_)
            | Self::Bond(_)
            | Self::Ipsec(_)
            | Self::Wireguard(_)
            | Self::Vmxnet3(_)
            | Self::Mismatch(_)
            | Self::Unsupported(_) => Vec::new(),
        }
    }

    /// `vrf` is that of the interface.
    pub(crate) fn supported(self, facts: &Facts, vrf: u32) -> Result<(), OpError> {
        match self {
            Self::Loopback => loopback::supported(facts),
            Self::Memif(_) => memif::supported(facts),
            Self::AfPacket(_) => af_packet::supported(facts),
            Self::Tap(_) => tap::supported(facts),
            Self::Sub(_) => sub::supported(facts),
            Self::Bond(_) => bond::supported(facts),
            Self::Vxlan(link) => vxlan::supported(facts, link, vrf),
            Self::Gre(_) => gre::supported(facts),
            Self::Gtpu(_) => gtpu::supported(facts),
            Self::Ipip(_) => ipip::supported(facts),
            Self::Ipsec(_) => ipsec::supported(facts),
            Self::Wireguard(_) => wireguard::supported(facts),
            Self::Vmxnet3(_) => vmxnet3::supported(facts),
            Self::Rdma(_) => rdma::supported(facts),
            Self::Device | Self::Mismatch(_) => Ok(()),
            Self::Unsupported(kind) => Err(unsupported(kind)),
        }
    }

    /// Whether the settings of both interfaces ask for the same, `name` being that of both.
    pub(crate) fn same(self, other: Self, name: &str) -> bool {
        match (self, other) {
            (Self::Loopback, Self::Loopback) | (Self::Device, Self::Device) => true,
            (Self::Memif(a), Self::Memif(b)) => memif::same(a, b),
            (Self::AfPacket(a), Self::AfPacket(b)) => af_packet::same(a, b),
            (Self::Tap(a), Self::Tap(b)) => tap::same(name, a, b),
            (Self::Sub(a), Self::Sub(b)) => sub::same(a, b),
            (Self::Bond(a), Self::Bond(b)) => bond::same(a, b),
            (Self::Vxlan(a), Self::Vxlan(b)) => vxlan::same(a, b),
            (Self::Gre(a), Self::Gre(b)) => gre::same(a, b),
            (Self::Gtpu(a), Self::Gtpu(b)) => gtpu::same(a, b),
            (Self::Ipip(a), Self::Ipip(b)) => ipip::same(a, b),
            (Self::Ipsec(a), Self::Ipsec(b)) => ipsec::same(a, b),
            (Self::Wireguard(a), Self::Wireguard(b)) => wireguard::same(a, b),
            (Self::Vmxnet3(a), Self::Vmxnet3(b)) => vmxnet3::same(a, b),
            (Self::Rdma(a), Self::Rdma(b)) => rdma::same(a, b),
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

    /// Whether it is an Ethernet interface.
    pub(crate) fn has_mac(self) -> bool {
        match self {
            Self::Ipip(_) | Self::Ipsec(_) | Self::Wireguard(_) | Self::Gtpu(_) => false,
            Self::Vxlan(link) => link.gpe.is_none(),
            Self::Gre(link) => gre::has_mac(link),
            Self::Memif(link) => memif::mtu(link) == Mtu::Hardware,
            Self::Tap(link) => !link.enable_tunnel,
            _ => true,
        }
    }

    pub(crate) fn mtu(self) -> Mtu {
        match self {
            Self::Memif(link) => memif::mtu(link),
            Self::Tap(link) => tap::mtu(link),
            Self::AfPacket(_) | Self::Device => Mtu::Hardware,
            // Their frames have no limit that could be set, at least not in newer releases.
            Self::Loopback
            | Self::Bond(_)
            | Self::Gre(_)
            | Self::Gtpu(_)
            | Self::Ipip(_)
            | Self::Vmxnet3(_)
            | Self::Rdma(_) => Mtu::Packet,
            Self::Sub(_)
            | Self::Vxlan(_)
            | Self::Ipsec(_)
            | Self::Wireguard(_)
            | Self::Mismatch(_)
            | Self::Unsupported(_) => Mtu::None,
        }
    }

    pub(crate) fn vrf(self) -> Vrf {
        match self {
            Self::Vxlan(link) => Vrf::OwnPackets(vxlan::versions(link)),
            Self::Ipip(link) => Vrf::OwnPackets(ipip::versions(link)),
            Self::Gtpu(link) => Vrf::Tunnel(gtpu::versions(link)),
            _ => Vrf::Addresses,
        }
    }

    /// Whether VPP enables it when it is made.
    pub(crate) fn comes_up_by_itself(self) -> bool {
        matches!(self, Self::Vxlan(_) | Self::Gtpu(_))
    }

    /// Whether VPP hides the interface instead of deleting it, and gives it to the next one of the type as it was.
    pub(crate) fn is_used_again(self) -> bool {
        match self {
            Self::Vxlan(link) => link.gpe.is_some(),
            Self::Gtpu(_) => true,
            _ => false,
        }
    }

    /// Whether it is marked as ours. A device keeps the name VPP gave it.
    pub(crate) fn has_tag(self) -> bool {
        !matches!(self, Self::Device)
    }

    /// Makes the interface, still without tag.
    pub(crate) async fn create(
        self,
        ctx: &VppCtx,
        interface: &Interface,
    ) -> Result<InterfaceIndex, OpError> {
        let Interface { name, vrf, .. } = interface;
        match self {
            Self::Loopback => loopback::create(ctx).await,
            Self::Device => device::find(ctx, name).await,
            Self::Memif(link) => memif::create(ctx, link).await,
            Self::AfPacket(link) => af_packet::create(ctx, interface, link).await,
            Self::Tap(link) => tap::create(ctx, interface, link).await,
            Self::Sub(link) => sub::create(ctx, link).await,
            Self::Bond(link) => bond::create(ctx, interface, link).await,
            Self::Vxlan(link) => vxlan::create(ctx, link, *vrf).await,
            Self::Gre(link) => gre::create(ctx, link).await,
            Self::Gtpu(link) => gtpu::create(ctx, link).await,
            Self::Ipip(link) => ipip::create(ctx, link, *vrf).await,
            Self::Ipsec(link) => ipsec::create(ctx, link).await,
            Self::Wireguard(link) => wireguard::create(ctx, link).await,
            Self::Vmxnet3(link) => vmxnet3::create(ctx, name, link).await,
            Self::Rdma(link) => rdma::create(ctx, name, link).await,
            Self::Mismatch(kind) => Err(mismatch(kind).into()),
            Self::Unsupported(kind) => Err(unsupported(kind)),
        }
    }

    /// Deletes the interface; that it is gone already is no error. `vrf` is that of the interface.
    pub(crate) async fn delete(
        self,
        ctx: &VppCtx,
        index: InterfaceIndex,
        vrf: u32,
    ) -> Result<(), OpError> {
        match self {
            Self::Loopback => loopback::delete(ctx, index).await,
            Self::Device => Ok(()),
            Self::Memif(_) => memif::delete(ctx, index).await,
            Self::AfPacket(link) => af_packet::delete(ctx, link, index).await,
            Self::Tap(_) => tap::delete(ctx, index).await,
            Self::Sub(_) => sub::delete(ctx, index).await,
            Self::Bond(_) => bond::delete(ctx, index).await,
            Self::Vxlan(link) => vxlan::delete(ctx, link, vrf, index).await,
            Self::Gre(link) => gre::delete(ctx, link).await,
            Self::Gtpu(link) => gtpu::delete(ctx, link, index).await,
            Self::Ipip(_) => ipip::delete(ctx, index).await,
            Self::Ipsec(_) => ipsec::delete(ctx, index).await,
            Self::Wireguard(_) => wireguard::delete(ctx, index).await,
            Self::Vmxnet3(_) => vmxnet3::delete(ctx, index).await,
            Self::Rdma(_) => rdma::delete(ctx, index).await,
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

/// Interfaces for protected traffic; the name is of the past, the type is not.
#[expect(deprecated, reason = "the type still works")]
pub(crate) const IPSEC_TUNNEL: Type = Type::IpsecTunnel;

/// The type of an interface found in VPP, by its device type, else by what its name begins with. `None` for types this
/// agent does not make.
pub(crate) fn detect(dev_type: &str, internal_name: &str) -> Option<Type> {
    let by_device = match dev_type {
        "Loopback" | "local" => Some(Type::SoftwareLoopback),
        "memif" => Some(Type::Memif),
        "tap" => Some(Type::Tap),
        "af-packet" => Some(Type::AfPacket),
        "bond" => Some(Type::BondInterface),
        "VXLAN" | "VXLAN_GPE" => Some(Type::VxlanTunnel),
        "GRE tunnel device" => Some(Type::GreTunnel),
        "GTPU" => Some(Type::GtpuTunnel),
        "IPIP tunnel device" => Some(Type::IpipTunnel),
        "Wireguard Tunnel" => Some(Type::WireguardTunnel),
        "IPSEC Tunnel" => Some(IPSEC_TUNNEL),
        "VMXNET3 interface" => Some(Type::Vmxnet3Interface),
        "RDMA interface" => Some(Type::Rdma),
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
            ("VXLAN", "vxlan_tunnel0", Some(Type::VxlanTunnel)),
            ("VXLAN_GPE", "vxlan_gpe_tunnel0", Some(Type::VxlanTunnel)),
            ("GRE tunnel device", "gre0", Some(Type::GreTunnel)),
            ("RDMA interface", "anything", Some(Type::Rdma)),
            ("BVI", "bvi0", None),
            ("dpdk", "GigabitEthernet0/8/0", None),
        ] {
            assert_eq!(detect(dev_type, name), expected, "{dev_type} {name}");
        }
    }
}

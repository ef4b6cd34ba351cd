//! Interfaces to try things with.

use ligato_proto::vpp::interfaces::bond_link::{BondedInterface, LoadBalance, Mode};
use ligato_proto::vpp::interfaces::interface::{Link, Type};
use ligato_proto::vpp::interfaces::sub_interface::TagRewriteOptions;
use ligato_proto::vpp::interfaces::vxlan_link::Gpe;
use ligato_proto::vpp::interfaces::{
    AfpacketLink, BondLink, GreLink, GtpuLink, Interface, IpSecLink, IpipLink, MemifLink,
    SubInterface, TapLink, VxlanLink, WireguardLink,
};

pub(crate) fn interface(name: &str, kind: Type, link: Option<Link>) -> Interface {
    Interface {
        name: name.into(),
        r#type: kind.into(),
        enabled: true,
        link,
        ..Interface::default()
    }
}

pub(crate) fn loopback(name: &str) -> Interface {
    interface(name, Type::SoftwareLoopback, None)
}

pub(crate) fn memif(name: &str, link: MemifLink) -> Interface {
    interface(name, Type::Memif, Some(Link::Memif(link)))
}

pub(crate) fn tap(name: &str, link: TapLink) -> Interface {
    interface(name, Type::Tap, Some(Link::Tap(TapLink { version: 2, ..link })))
}

pub(crate) fn af_packet(name: &str, host: &str) -> Interface {
    let link = AfpacketLink { host_if_name: host.into(), ..AfpacketLink::default() };
    interface(name, Type::AfPacket, Some(Link::Afpacket(link)))
}

pub(crate) fn sub(name: &str, parent: &str, sub_id: u32) -> Interface {
    let link = SubInterface { parent_name: parent.into(), sub_id, ..SubInterface::default() };
    interface(name, Type::SubInterface, Some(Link::Sub(link)))
}

pub(crate) fn bond(name: &str, mode: Mode, members: &[&str]) -> Interface {
    let member = |name: &&str| BondedInterface { name: (*name).into(), ..Default::default() };
    let link = BondLink {
        id: 3,
        mode: mode.into(),
        lb: LoadBalance::L2.into(),
        bonded_interfaces: members.iter().map(member).collect(),
    };
    interface(name, Type::BondInterface, Some(Link::Bond(link)))
}

/// One of each type, with settings that are not the defaults.
pub(crate) fn one_of_each() -> Vec<Interface> {
    let vlan = SubInterface {
        parent_name: "memif1".into(),
        sub_id: 100,
        tag_rw_option: TagRewriteOptions::Pop1.into(),
        ..SubInterface::default()
    };
    vec![
        Interface {
            ip_addresses: vec!["10.1.1.1/24".into(), "2001:db8::1/64".into()],
            phys_address: "02:FE:00:00:00:01".into(),
            mtu: 1500,
            ..loopback("loop1")
        },
        memif(
            "memif1",
            MemifLink {
                id: 5,
                master: true,
                socket_filename: "/tmp/other.sock".into(),
                secret: "secret".into(),
                ring_size: 512,
                buffer_size: 4096,
                rx_queues: 2,
                ..MemifLink::default()
            },
        ),
        memif("memif2", MemifLink { id: 5, ..MemifLink::default() }),
        tap("tap1", TapLink { enable_gso: true, rx_ring_size: 512, ..TapLink::default() }),
        Interface {
            enabled: false,
            ..tap("tap2", TapLink { host_if_name: "mytap".into(), ..TapLink::default() })
        },
        af_packet("afp1", "veth1"),
        interface("vlan100", Type::SubInterface, Some(Link::Sub(vlan))),
        bond("bond1", Mode::RoundRobin, &["afp1"]),
    ]
}

pub(crate) fn vxlan(name: &str, dst: &str, vni: u32) -> Interface {
    let link = VxlanLink {
        src_address: "10.0.0.1".into(),
        dst_address: dst.into(),
        vni,
        ..VxlanLink::default()
    };
    interface(name, Type::VxlanTunnel, Some(Link::Vxlan(link)))
}

pub(crate) fn gtpu(name: &str, teid: u32) -> Interface {
    let link = GtpuLink {
        src_addr: "10.0.0.1".into(),
        dst_addr: "10.0.0.2".into(),
        teid,
        ..GtpuLink::default()
    };
    interface(name, Type::GtpuTunnel, Some(Link::Gtpu(link)))
}

pub(crate) fn ipip(name: &str, dst: &str) -> Interface {
    let link =
        IpipLink { src_addr: "10.0.0.1".into(), dst_addr: dst.into(), ..IpipLink::default() };
    interface(name, Type::IpipTunnel, Some(Link::Ipip(link)))
}

/// One of each kind of tunnel.
#[expect(deprecated, reason = "the type still works")]
pub(crate) fn tunnels() -> Vec<Interface> {
    let gre = GreLink {
        tunnel_type: 2,
        src_addr: "2001:db8::1".into(),
        dst_addr: "2001:DB8::2".into(),
        ..GreLink::default()
    };
    let wireguard = WireguardLink {
        private_key: "gIjXzrQfIFf80d0O8Hd3KhcfkKLRncc+8C70OjotIW8=".into(),
        port: 51820,
        src_addr: "10.0.0.1".into(),
    };
    let mut gpe = vxlan("gpe", "10.0.0.2", 6);
    if let Some(Link::Vxlan(link)) = &mut gpe.link {
        link.gpe = Some(Gpe { protocol: 4, decap_vrf_id: 0 });
    }
    vec![
        Interface { ip_addresses: vec!["10.5.0.1/24".into()], ..vxlan("vx", "10.0.0.2", 5) },
        gpe,
        Interface { mtu: 1300, ..interface("gre", Type::GreTunnel, Some(Link::Gre(gre))) },
        gtpu("gtpu", 5),
        ipip("ipip", "10.0.0.2"),
        interface("ipsec", Type::IpsecTunnel, Some(Link::Ipsec(IpSecLink::default()))),
        interface("wg", Type::WireguardTunnel, Some(Link::Wireguard(wireguard))),
    ]
}

//! Each field of an interface, of every type, and a change of it.

use ligato_proto::vpp::interfaces::bond_link::{BondedInterface, Mode as BondMode};
use ligato_proto::vpp::interfaces::interface::{
    Ip6nd, Link, RxMode, RxPlacement, Type, Unnumbered,
};
use ligato_proto::vpp::interfaces::vxlan_link::Gpe;
use ligato_proto::vpp::interfaces::{
    AfpacketLink, BondLink, GreLink, GtpuLink, Interface, IpSecLink, IpipLink, MemifLink, RdmaLink,
    SubInterface, TapLink, VmxNet3Link, VxlanLink, WireguardLink,
};

use crate::samples::{af_packet, interface, loopback, memif, tap};

/// One field and a change of it.
pub(crate) type Field = (&'static str, fn(&mut Interface));

/// An interface, what has to be there for it, and its fields.
pub(crate) struct Row {
    pub(crate) needs: Vec<Interface>,
    pub(crate) base: Interface,
    pub(crate) fields: Vec<Field>,
    /// What a real VPP would need that is not there; the simulated one has it.
    pub(crate) lacking: Option<&'static str>,
}

macro_rules! link {
    ($value:expr, $kind:ident) => {
        match &mut $value.link {
            Some(Link::$kind(link)) => link,
            other => panic!("{other:?}"),
        }
    };
}

fn row(base: Interface, fields: Vec<Field>) -> Row {
    Row { needs: Vec::new(), base, fields, lacking: None }
}

/// Only for the simulated VPP.
fn lacking(what: &'static str, row: Row) -> Row {
    Row { lacking: Some(what), ..row }
}

/// What a row lacks that has a test of its own, for such kernels.
pub(crate) const KERNEL: &str = "a kernel with vhost-net";
const CARD: &str = "a network card";

fn common() -> Row {
    Row {
        lacking: None,
        needs: vec![Interface { ip_addresses: vec!["10.9.0.1/24".into()], ..loopback("lender") }],
        base: Interface {
            phys_address: "02:fe:00:00:00:01".into(),
            mtu: 1300,
            ip_addresses: vec!["10.1.0.1/24".into(), "2001:db8:1::1/64".into()],
            ..loopback("loop1")
        },
        fields: vec![
            ("name", |i| i.name = "loop2".into()),
            ("type", |i| {
                i.r#type = Type::Memif.into();
                i.link = Some(Link::Memif(MemifLink { id: 9, ..MemifLink::default() }));
            }),
            ("enabled", |i| i.enabled = false),
            ("phys_address", |i| i.phys_address = "02:fe:00:00:00:02".into()),
            ("ip_addresses", |i| i.ip_addresses = vec!["2001:db8::1/64".into()]),
            ("vrf", |i| i.vrf = 7),
            ("set_dhcp_client", |i| i.set_dhcp_client = true),
            ("ip6_nd.address_autoconfig", |i| {
                i.ip6_nd = Some(Ip6nd { address_autoconfig: true, ..Ip6nd::default() });
            }),
            ("ip6_nd.install_default_routes", |i| {
                i.ip6_nd = Some(Ip6nd { install_default_routes: true, ..Ip6nd::default() });
            }),
            ("mtu", |i| i.mtu = 1400),
            ("unnumbered.interface_with_ip", |i| {
                i.ip_addresses.clear();
                i.unnumbered = Some(Unnumbered { interface_with_ip: "lender".into() });
            }),
        ],
    }
}

/// A card with two queues, which are of the first and of the second worker, and read by polling.
fn queues() -> Row {
    let link = RdmaLink { host_if_name: "eth1".into(), rxq_num: 2, ..RdmaLink::default() };
    let base = Interface {
        rx_modes: vec![RxMode { queue: 0, mode: 2, ..RxMode::default() }],
        rx_placements: vec![RxPlacement { queue: 0, worker: 1, main_thread: false }],
        ..interface("rdma1", Type::Rdma, Some(Link::Rdma(link)))
    };
    let fields: Vec<Field> = vec![
        ("rx_placements.queue", |i| {
            i.rx_placements = vec![RxPlacement { queue: 1, worker: 0, main_thread: false }];
        }),
        ("rx_modes.queue", |i| i.rx_modes[0].queue = 1),
        ("rx_modes.mode", |i| i.rx_modes[0].mode = 3),
        ("rx_placements.worker", |i| i.rx_placements[0].worker = 0),
        ("rx_placements.main_thread", |i| i.rx_placements[0].main_thread = true),
    ];
    lacking(CARD, row(base, fields))
}

/// The same card, whose queues are all read in the same way.
fn all_queues() -> Row {
    let link = RdmaLink { host_if_name: "eth1".into(), rxq_num: 2, ..RdmaLink::default() };
    let base = Interface {
        rx_modes: vec![RxMode { queue: 0, mode: 2, default_mode: true }],
        ..interface("rdma1", Type::Rdma, Some(Link::Rdma(link)))
    };
    let fields: Vec<Field> =
        vec![("rx_modes.default_mode", |i| i.rx_modes[0].default_mode = false)];
    lacking(CARD, row(base, fields))
}

fn sub_interface() -> Row {
    let link = SubInterface {
        parent_name: "memif1".into(),
        sub_id: 10,
        tag_rw_option: 5,
        push_dot1q: true,
        tag1: 30,
        tag2: 0,
    };
    Row {
        lacking: None,
        needs: vec![
            memif("memif1", MemifLink { id: 1, ..MemifLink::default() }),
            memif("memif2", MemifLink { id: 2, ..MemifLink::default() }),
        ],
        base: interface("sub1", Type::SubInterface, Some(Link::Sub(link))),
        fields: vec![
            ("sub.parent_name", |i| link!(i, Sub).parent_name = "memif2".into()),
            ("sub.sub_id", |i| link!(i, Sub).sub_id = 11),
            ("sub.tag_rw_option", |i| link!(i, Sub).tag_rw_option = 1),
            ("sub.push_dot1q", |i| link!(i, Sub).push_dot1q = false),
            ("sub.tag1", |i| link!(i, Sub).tag1 = 31),
            ("sub.tag2", |i| {
                link!(i, Sub).tag_rw_option = 2;
                link!(i, Sub).tag2 = 32;
            }),
        ],
    }
}

fn memifs() -> Row {
    row(
        memif("memif1", MemifLink::default()),
        vec![
            ("memif.mode", |i| link!(i, Memif).mode = 1),
            ("memif.master", |i| link!(i, Memif).master = true),
            ("memif.id", |i| link!(i, Memif).id = 5),
            ("memif.socket_filename", |i| link!(i, Memif).socket_filename = "/tmp/a.sock".into()),
            ("memif.secret", |i| link!(i, Memif).secret = "secret".into()),
            ("memif.ring_size", |i| link!(i, Memif).ring_size = 512),
            ("memif.buffer_size", |i| link!(i, Memif).buffer_size = 4096),
            ("memif.rx_queues", |i| link!(i, Memif).rx_queues = 2),
            ("memif.tx_queues", |i| link!(i, Memif).tx_queues = 3),
        ],
    )
}

fn taps() -> Row {
    let row = row(
        tap("tap1", TapLink::default()),
        vec![
            ("tap.to_microservice", |i| link!(i, Tap).to_microservice = "web".into()),
            ("tap.host_if_name", |i| link!(i, Tap).host_if_name = "mine".into()),
            ("tap.rx_ring_size", |i| link!(i, Tap).rx_ring_size = 512),
            ("tap.tx_ring_size", |i| link!(i, Tap).tx_ring_size = 1024),
            ("tap.enable_gso", |i| link!(i, Tap).enable_gso = true),
            ("tap.enable_tunnel", |i| link!(i, Tap).enable_tunnel = true),
        ],
    );
    lacking(KERNEL, row)
}

fn af_packets() -> Row {
    row(
        af_packet("afp1", "eth1"),
        vec![
            ("afpacket.host_if_name", |i| {
                i.link = Some(Link::Afpacket(AfpacketLink {
                    host_if_name: "eth2".into(),
                    ..AfpacketLink::default()
                }));
            }),
            ("afpacket.linux_interface", |i| {
                i.link = Some(Link::Afpacket(AfpacketLink {
                    linux_interface: "linux-eth2".into(),
                    ..AfpacketLink::default()
                }));
            }),
        ],
    )
}

fn bonds() -> Row {
    let member = BondedInterface { name: "memif1".into(), ..BondedInterface::default() };
    let link = BondLink {
        id: 3,
        mode: BondMode::Lacp.into(),
        bonded_interfaces: vec![member],
        ..BondLink::default()
    };
    Row {
        lacking: None,
        needs: vec![
            memif("memif1", MemifLink { id: 1, ..MemifLink::default() }),
            memif("memif2", MemifLink { id: 2, ..MemifLink::default() }),
        ],
        base: interface("bond1", Type::BondInterface, Some(Link::Bond(link))),
        fields: vec![
            ("bond.id", |i| link!(i, Bond).id = 4),
            ("bond.mode", |i| link!(i, Bond).mode = BondMode::Xor.into()),
            ("bond.lb", |i| link!(i, Bond).lb = 2),
            ("bond.bonded_interfaces.name", |i| {
                link!(i, Bond).bonded_interfaces[0].name = "memif2".into();
            }),
            ("bond.bonded_interfaces.is_passive", |i| {
                link!(i, Bond).bonded_interfaces[0].is_passive = true;
            }),
            ("bond.bonded_interfaces.is_long_timeout", |i| {
                link!(i, Bond).bonded_interfaces[0].is_long_timeout = true;
            }),
        ],
    }
}

fn vxlans() -> Row {
    let link = VxlanLink {
        src_address: "10.0.0.1".into(),
        dst_address: "10.0.0.2".into(),
        vni: 5,
        ..VxlanLink::default()
    };
    Row {
        lacking: None,
        needs: vec![Interface { ip_addresses: vec!["239.0.0.1/32".into()], ..loopback("member") }],
        base: interface("vx", Type::VxlanTunnel, Some(Link::Vxlan(link))),
        fields: vec![
            ("enabled", |i| i.enabled = false),
            ("vrf", |i| i.vrf = 7),
            ("vxlan.src_address", |i| link!(i, Vxlan).src_address = "10.0.0.9".into()),
            ("vxlan.dst_address", |i| link!(i, Vxlan).dst_address = "10.0.0.9".into()),
            ("vxlan.vni", |i| link!(i, Vxlan).vni = 6),
            ("vxlan.multicast", |i| {
                link!(i, Vxlan).dst_address = "239.0.0.1".into();
                link!(i, Vxlan).multicast = "member".into();
            }),
            ("vxlan.gpe.protocol", |i| {
                link!(i, Vxlan).gpe = Some(Gpe { protocol: 3, decap_vrf_id: 0 });
            }),
            ("vxlan.gpe.decap_vrf_id", |i| {
                link!(i, Vxlan).gpe = Some(Gpe { protocol: 1, decap_vrf_id: 7 });
            }),
        ],
    }
}

fn gres() -> Row {
    let link = GreLink {
        tunnel_type: 3,
        src_addr: "10.0.0.1".into(),
        dst_addr: "10.0.0.2".into(),
        ..GreLink::default()
    };
    row(
        interface("gre", Type::GreTunnel, Some(Link::Gre(link))),
        vec![
            ("gre.tunnel_type", |i| link!(i, Gre).tunnel_type = 1),
            ("gre.src_addr", |i| link!(i, Gre).src_addr = "10.0.0.9".into()),
            ("gre.dst_addr", |i| link!(i, Gre).dst_addr = "10.0.0.9".into()),
            ("gre.outer_fib_id", |i| link!(i, Gre).outer_fib_id = 7),
            ("gre.session_id", |i| link!(i, Gre).session_id = 1023),
        ],
    )
}

#[expect(deprecated, reason = "the field still works")]
fn gtpus() -> Row {
    let link = GtpuLink {
        src_addr: "10.0.0.1".into(),
        dst_addr: "10.0.0.2".into(),
        teid: 5,
        ..GtpuLink::default()
    };
    Row {
        lacking: None,
        needs: vec![Interface { ip_addresses: vec!["239.0.0.1/32".into()], ..loopback("member") }],
        base: interface("gtpu", Type::GtpuTunnel, Some(Link::Gtpu(link))),
        fields: vec![
            ("enabled", |i| i.enabled = false),
            ("gtpu.src_addr", |i| link!(i, Gtpu).src_addr = "10.0.0.9".into()),
            ("gtpu.dst_addr", |i| link!(i, Gtpu).dst_addr = "10.0.0.9".into()),
            ("gtpu.multicast", |i| {
                link!(i, Gtpu).dst_addr = "239.0.0.1".into();
                link!(i, Gtpu).multicast = "member".into();
            }),
            ("gtpu.teid", |i| link!(i, Gtpu).teid = 6),
            ("gtpu.remote_teid", |i| link!(i, Gtpu).remote_teid = 9),
            ("gtpu.encap_vrf_id", |i| link!(i, Gtpu).encap_vrf_id = 7),
            ("gtpu.decap_next", |i| link!(i, Gtpu).decap_next = 2),
            ("gtpu.decap_next_node", |i| link!(i, Gtpu).decap_next_node = 3),
        ],
    }
}

fn ipips() -> Row {
    let link = IpipLink {
        src_addr: "10.0.0.1".into(),
        dst_addr: "10.0.0.2".into(),
        ..IpipLink::default()
    };
    row(
        interface("ipip", Type::IpipTunnel, Some(Link::Ipip(link))),
        vec![
            ("vrf", |i| i.vrf = 7),
            ("ipip.tunnel_mode", |i| {
                link!(i, Ipip).tunnel_mode = 1;
                link!(i, Ipip).dst_addr.clear();
            }),
            ("ipip.src_addr", |i| link!(i, Ipip).src_addr = "10.0.0.9".into()),
            ("ipip.dst_addr", |i| link!(i, Ipip).dst_addr = "10.0.0.9".into()),
        ],
    )
}

/// All but the mode has no effect, and stays as it is written.
#[expect(deprecated, reason = "what has no effect is still there")]
fn ipsecs() -> Row {
    row(
        interface("ipsec", Type::IpsecTunnel, Some(Link::Ipsec(IpSecLink::default()))),
        vec![
            ("ipsec.tunnel_mode", |i| link!(i, Ipsec).tunnel_mode = 1),
            ("ipsec.esn", |i| link!(i, Ipsec).esn = true),
            ("ipsec.anti_replay", |i| link!(i, Ipsec).anti_replay = true),
            ("ipsec.local_ip", |i| link!(i, Ipsec).local_ip = "10.0.0.1".into()),
            ("ipsec.remote_ip", |i| link!(i, Ipsec).remote_ip = "10.0.0.2".into()),
            ("ipsec.local_spi", |i| link!(i, Ipsec).local_spi = 1),
            ("ipsec.remote_spi", |i| link!(i, Ipsec).remote_spi = 1),
            ("ipsec.crypto_alg", |i| link!(i, Ipsec).crypto_alg = 1),
            ("ipsec.local_crypto_key", |i| link!(i, Ipsec).local_crypto_key = "aa".into()),
            ("ipsec.remote_crypto_key", |i| link!(i, Ipsec).remote_crypto_key = "aa".into()),
            ("ipsec.integ_alg", |i| link!(i, Ipsec).integ_alg = 1),
            ("ipsec.local_integ_key", |i| link!(i, Ipsec).local_integ_key = "aa".into()),
            ("ipsec.remote_integ_key", |i| link!(i, Ipsec).remote_integ_key = "aa".into()),
            ("ipsec.enable_udp_encap", |i| link!(i, Ipsec).enable_udp_encap = true),
        ],
    )
}

fn wireguards() -> Row {
    let link = WireguardLink {
        private_key: "gIjXzrQfIFf80d0O8Hd3KhcfkKLRncc+8C70OjotIW8=".into(),
        port: 51820,
        src_addr: "10.0.0.1".into(),
    };
    row(
        interface("wg", Type::WireguardTunnel, Some(Link::Wireguard(link))),
        vec![
            ("wireguard.private_key", |i| {
                let key = "GAiBIUrQIcqhh3GDoRgfQcFdPZY2anW6eRK4vq5PNGI=";
                link!(i, Wireguard).private_key = key.into();
            }),
            ("wireguard.port", |i| link!(i, Wireguard).port = 65535),
            ("wireguard.src_addr", |i| link!(i, Wireguard).src_addr = "2001:db8::1".into()),
        ],
    )
}

fn vmxnet3s() -> Row {
    let base = interface(
        "vmxnet3-0/b/0/0",
        Type::Vmxnet3Interface,
        Some(Link::VmxNet3(VmxNet3Link::default())),
    );
    let row = row(
        base,
        vec![
            ("vmx_net3.enable_elog", |i| link!(i, VmxNet3).enable_elog = true),
            ("vmx_net3.rxq_size", |i| link!(i, VmxNet3).rxq_size = 512),
            ("vmx_net3.txq_size", |i| link!(i, VmxNet3).txq_size = 2048),
        ],
    );
    lacking(CARD, row)
}

fn rdmas() -> Row {
    let link = RdmaLink { host_if_name: "eth1".into(), ..RdmaLink::default() };
    let row = row(
        interface("rdma1", Type::Rdma, Some(Link::Rdma(link))),
        vec![
            ("rdma.host_if_name", |i| link!(i, Rdma).host_if_name = "eth2".into()),
            ("rdma.mode", |i| link!(i, Rdma).mode = 2),
            ("rdma.rxq_num", |i| link!(i, Rdma).rxq_num = 3),
            ("rdma.rxq_size", |i| link!(i, Rdma).rxq_size = 512),
            ("rdma.txq_size", |i| link!(i, Rdma).txq_size = 2048),
        ],
    );
    lacking(CARD, row)
}

pub(crate) fn table() -> Vec<Row> {
    vec![
        common(),
        queues(),
        all_queues(),
        sub_interface(),
        memifs(),
        taps(),
        af_packets(),
        bonds(),
        vxlans(),
        gres(),
        gtpus(),
        ipips(),
        ipsecs(),
        wireguards(),
        vmxnet3s(),
        rdmas(),
    ]
}

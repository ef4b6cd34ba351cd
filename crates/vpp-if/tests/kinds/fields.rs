//! Every field of an interface, of every type: set, read back, changed, undone.
//!
//! A field that is missing in the table fails the test, as does one that is said not to be told back by VPP and is.

use std::collections::BTreeSet;

use ligato_model::{Model, Value};
use ligato_proto::vpp::interfaces::bond_link::{BondedInterface, Mode as BondMode};
use ligato_proto::vpp::interfaces::interface::{
    Ip6nd, Link, RxMode, RxPlacement, Type, Unnumbered,
};
use ligato_proto::vpp::interfaces::vxlan_link::Gpe;
use ligato_proto::vpp::interfaces::{
    AfpacketLink, BondLink, GreLink, GtpuLink, Interface, IpSecLink, IpipLink, MemifLink, RdmaLink,
    SubInterface, TapLink, VmxNet3Link, VxlanLink, WireguardLink,
};
use ligato_vpp_api::msg::ip::IpTableAddDel;

use crate::bench::{Bench, sim};
use crate::samples::{af_packet, interface, loopback, memif, tap};

/// What VPP does not tell, or tells in a way that fits several settings: the agent takes it to be as it was set.
const KEPT: &[&str] = &[
    "gtpu.decap_next",
    "ip6_nd.address_autoconfig",
    "ip6_nd.install_default_routes",
    "memif.buffer_size",
    "memif.ring_size",
    "memif.rx_queues",
    "memif.secret",
    "memif.tx_queues",
    "rdma.host_if_name",
    "rdma.mode",
    "rdma.rxq_num",
    "rdma.rxq_size",
    "rdma.txq_size",
    "rx_modes.mode",
    "rx_placements.main_thread",
];

/// Security of an IPsec interface comes from tunnel protection; what the interface says about it does nothing. Whether a
/// card logs is decided when it is taken over; for that alone it is not given back.
const WITHOUT_EFFECT: &[&str] = &[
    "ipsec.anti_replay",
    "ipsec.crypto_alg",
    "ipsec.enable_udp_encap",
    "ipsec.esn",
    "ipsec.integ_alg",
    "ipsec.local_crypto_key",
    "ipsec.local_integ_key",
    "ipsec.local_ip",
    "ipsec.local_spi",
    "ipsec.remote_crypto_key",
    "ipsec.remote_integ_key",
    "ipsec.remote_ip",
    "ipsec.remote_spi",
    "vmx_net3.enable_elog",
];

/// Not in the table: the identity of an interface, what needs Linux (`tap` waits for microservices, `afpacket` looks names
/// up), more than one thread, or more than one queue, and what is compared by its effect (`rx_mode` has tests of its own).
const ELSEWHERE: &[&str] = &[
    "afpacket.linux_interface",
    "bond.bonded_interfaces.name",
    "name",
    "rx_modes.default_mode",
    "rx_modes.queue",
    "rx_placements.queue",
    "rx_placements.worker",
    "tap.to_microservice",
    "tap.version",
    "type",
];

/// One field and a change of it.
type Field = (&'static str, fn(&mut Interface));

/// An interface, what has to be there for it, and its fields.
struct Row {
    needs: Vec<Interface>,
    base: Interface,
    fields: Vec<Field>,
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
    Row { needs: Vec::new(), base, fields }
}

fn common() -> Row {
    Row {
        needs: vec![Interface { ip_addresses: vec!["10.9.0.1/24".into()], ..loopback("lender") }],
        base: Interface {
            phys_address: "02:fe:00:00:00:01".into(),
            mtu: 1300,
            ip_addresses: vec!["10.1.0.1/24".into()],
            ..loopback("loop1")
        },
        fields: vec![
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

fn queues() -> Row {
    row(
        tap("tap1", TapLink::default()),
        vec![
            ("rx_modes.mode", |i| i.rx_modes = vec![RxMode { mode: 3, ..RxMode::default() }]),
            ("rx_placements.main_thread", |i| {
                i.rx_placements = vec![RxPlacement { main_thread: true, ..RxPlacement::default() }];
            }),
        ],
    )
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
    row(
        tap("tap1", TapLink::default()),
        vec![
            ("tap.host_if_name", |i| link!(i, Tap).host_if_name = "mine".into()),
            ("tap.rx_ring_size", |i| link!(i, Tap).rx_ring_size = 512),
            ("tap.tx_ring_size", |i| link!(i, Tap).tx_ring_size = 1024),
            ("tap.enable_gso", |i| link!(i, Tap).enable_gso = true),
            ("tap.enable_tunnel", |i| link!(i, Tap).enable_tunnel = true),
        ],
    )
}

fn af_packets() -> Row {
    row(
        af_packet("afp1", "veth1"),
        vec![("afpacket.host_if_name", |i| {
            i.link = Some(Link::Afpacket(AfpacketLink {
                host_if_name: "veth2".into(),
                ..AfpacketLink::default()
            }));
        })],
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
        needs: vec![memif("memif1", MemifLink { id: 1, ..MemifLink::default() })],
        base: interface("bond1", Type::BondInterface, Some(Link::Bond(link))),
        fields: vec![
            ("bond.id", |i| link!(i, Bond).id = 4),
            ("bond.mode", |i| link!(i, Bond).mode = BondMode::Xor.into()),
            ("bond.lb", |i| link!(i, Bond).lb = 2),
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
    row(
        base,
        vec![
            ("vmx_net3.enable_elog", |i| link!(i, VmxNet3).enable_elog = true),
            ("vmx_net3.rxq_size", |i| link!(i, VmxNet3).rxq_size = 512),
            ("vmx_net3.txq_size", |i| link!(i, VmxNet3).txq_size = 2048),
        ],
    )
}

fn rdmas() -> Row {
    let link = RdmaLink { host_if_name: "veth1".into(), ..RdmaLink::default() };
    row(
        interface("rdma1", Type::Rdma, Some(Link::Rdma(link))),
        vec![
            ("rdma.host_if_name", |i| link!(i, Rdma).host_if_name = "veth2".into()),
            ("rdma.mode", |i| link!(i, Rdma).mode = 2),
            ("rdma.rxq_num", |i| link!(i, Rdma).rxq_num = 3),
            ("rdma.rxq_size", |i| link!(i, Rdma).rxq_size = 512),
            ("rdma.txq_size", |i| link!(i, Rdma).txq_size = 2048),
        ],
    )
}

fn table() -> Vec<Row> {
    vec![
        common(),
        queues(),
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

#[tokio::test]
async fn every_field_is_set_read_back_changed_and_undone() {
    let mut surprises = Vec::new();
    for Row { needs, base, fields } in table() {
        let sim = sim().await;
        let mut bench = Bench::over(&sim).await;
        for is_ip6 in [false, true] {
            let mut table = IpTableAddDel { is_add: true, ..IpTableAddDel::default() };
            table.table.table_id = 7;
            table.table.is_ip6 = is_ip6;
            bench.ctx.request(table).await.unwrap();
        }
        for value in &needs {
            bench.create(value.clone()).await.unwrap();
        }
        bench.create(base.clone()).await.unwrap();
        let mut all = needs.clone();
        all.push(base.clone());
        bench.assert_in_place(&all).await;
        for (path, change) in fields {
            let mut changed = base.clone();
            change(&mut changed);
            assert_ne!(at(&changed, path), at(&base, path), "{path}");
            let kind = bench.interfaces();
            let (old, new) = (Value::new(base.clone()), Value::new(changed.clone()));
            assert!(
                !WITHOUT_EFFECT.contains(&path) || kind.equivalent(&base.key(), &old, &new),
                "{path}"
            );
            for value in [&changed, &base] {
                all.pop();
                all.push(value.clone());
                let outcome = bench.update(value.clone()).await;
                assert_eq!(outcome, Ok(()), "{path}");
                bench.assert_in_place(&all).await;
                if WITHOUT_EFFECT.contains(&path) {
                    continue;
                }
                assert_eq!(found(&bench, &all, value, path).await, at(value, path), "{path}");
                if std::ptr::eq(value, &raw const changed) {
                    // An agent that knows nothing.
                    let stranger = Bench::over(&sim).await;
                    let told = found(&stranger, &[], value, path).await == at(value, path);
                    if told == KEPT.contains(&path) {
                        surprises.push(format!("{path}: told back: {told}"));
                    }
                }
            }
        }
        bench.delete(&base.name).await.unwrap();
        all.pop();
        bench.assert_in_place(&all).await;
    }
    assert!(surprises.is_empty(), "{surprises:#?}");
}

/// A field of an interface, as text.
fn at(value: &Interface, path: &str) -> Option<String> {
    field(&Value::new(value.clone()), path)
}

fn field(value: &Value, path: &str) -> Option<String> {
    let json = value.to_json().unwrap();
    let mut found = &json;
    for part in path.split('.') {
        found = found.get(0).unwrap_or(found).get(part)?;
    }
    Some(found.to_string())
}

/// A field of an interface as it is read back, knowing what is wanted or not.
async fn found(
    bench: &Bench,
    known: &[Interface],
    value: &Interface,
    path: &str,
) -> Option<String> {
    let key = value.key();
    let found = bench.read_back(known).await.into_iter().find(|found| found.key == key).unwrap();
    field(&found.value, path)
}

#[test]
fn no_field_is_missing_in_the_table() {
    let mut expected = BTreeSet::new();
    leaves(&Value::new(Interface::default()), &mut expected);
    let listed: BTreeSet<String> = table()
        .iter()
        .flat_map(|row| row.fields.iter().map(|(path, _)| *path))
        .chain(ELSEWHERE.iter().copied())
        .map(str::to_owned)
        .collect();
    assert_eq!(listed, expected);
}

fn leaves(value: &Value, out: &mut BTreeSet<String>) {
    let mut left = vec![(String::new(), value.descriptor())];
    while let Some((prefix, message)) = left.pop() {
        for field in message.fields() {
            let path = format!("{prefix}{}", field.name());
            match field.kind().as_message() {
                Some(inner) => left.push((format!("{path}."), inner.clone())),
                None => drop(out.insert(path)),
            }
        }
    }
}

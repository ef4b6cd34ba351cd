//! memif, bond, af_packet and TAPs.

use ligato_vpp_api::msg::af_packet::*;
use ligato_vpp_api::msg::bond::*;
use ligato_vpp_api::msg::interface::*;
use ligato_vpp_api::msg::l2::*;
use ligato_vpp_api::msg::memif::*;
use ligato_vpp_api::msg::tapv2::*;
use ligato_vpp_api::types::*;

use super::*;
use crate::record::Record;

pub(crate) fn sockets(r: &mut Record) {
    r.unordered(&MemifSocketFilenameDump {}, |_| true);
}

pub(crate) fn memif_sockets(r: &mut Record) {
    sockets(r);
    let add = |socket_id, name: &str| MemifSocketFilenameAddDel {
        is_add: true,
        socket_id,
        socket_filename: tag(name),
    };
    for (id, name) in [
        (1, "/tmp/one.sock"),
        (1, "/tmp/one.sock"),
        (1, "/tmp/other.sock"),
        (0, "/tmp/zero.sock"),
        (u32::MAX, "/tmp/x"),
        (2, ""),
        (3, "relative.sock"),
        (4, "abstract:four"),
        (5, "/tmp/one.sock"),
    ] {
        r.call(&add(id, name));
    }
    sockets(r);
    let v2 = |socket_id, is_add, name: &str| MemifSocketFilenameAddDelV2 {
        is_add,
        socket_id,
        socket_filename: name.to_owned(),
    };
    r.call(&v2(7, true, "/tmp/seven.sock"));
    r.call(&v2(0, true, "/tmp/zero.sock"));
    r.call(&v2(7, false, ""));
    r.call(&v2(7, false, ""));
    for socket_id in [1, 1, 0, 3, 4, 5, 99] {
        let socket_filename = tag("");
        r.call(&MemifSocketFilenameAddDel { is_add: false, socket_id, socket_filename });
    }
    sockets(r);
}

pub(crate) fn memifs(r: &mut Record) {
    let all = |r: &mut Record| {
        r.dump(&MemifDump {});
        interfaces(r);
    };
    let add = |socket_id, name: &str| MemifSocketFilenameAddDel {
        is_add: true,
        socket_id,
        socket_filename: tag(name),
    };
    r.call(&add(1, "one.sock"));
    r.call(&add(2, "two.sock"));
    let base = MemifCreate { role: MemifRole::SLAVE, socket_id: 1, ..MemifCreate::default() };
    let one = r.call(&base).sw_if_index;
    let two = r
        .call(&MemifCreate {
            id: 1,
            hw_addr: mac(5),
            ring_size: 512,
            no_zero_copy: true,
            ..base.clone()
        })
        .sw_if_index;
    r.call(&base);
    r.call(&MemifCreate { id: 2, role: MemifRole::MASTER, ..base.clone() });
    r.call(&MemifCreate { socket_id: 9, ..base.clone() });
    r.call(&MemifCreate { id: 3, ring_size: 1000, ..base.clone() });
    let routed = r.call(&MemifCreate { id: 4, mode: MemifMode::IP, ..base.clone() }).sw_if_index;
    let master = MemifCreate { role: MemifRole::MASTER, socket_id: 2, ..MemifCreate::default() };
    let three = r.call(&master).sw_if_index;
    let v2 =
        MemifCreateV2 { role: MemifRole::SLAVE, socket_id: 1, id: 9, ..MemifCreateV2::default() };
    let four = r.call(&v2).sw_if_index;
    all(r);
    r.note("as any other interface");
    for sw_if_index in [one, routed, three] {
        set_up(r, sw_if_index);
        r.call(&HwInterfaceSetMtu { sw_if_index, mtu: 1500 });
        r.call(&SwInterfaceSetMacAddress { sw_if_index, mac_address: mac(6) });
        let mode = RxMode::INTERRUPT;
        r.call(&SwInterfaceSetRxMode { sw_if_index, queue_id_valid: false, queue_id: 0, mode });
        r.call(&SwInterfaceSetRxMode { sw_if_index, queue_id_valid: true, queue_id: 0, mode });
        r.call(&SwInterfaceSetRxPlacement {
            sw_if_index,
            queue_id: 0,
            worker_id: 0,
            is_main: true,
        });
        r.dump(&SwInterfaceRxPlacementDump { sw_if_index });
        r.call(&CreateVlanSubif { sw_if_index, vlan_id: 5 });
        r.call(&L2InterfaceVlanTagRewrite {
            sw_if_index,
            vtr_op: 1,
            ..L2InterfaceVlanTagRewrite::default()
        });
    }
    address(r, true, routed, "10.1.0.1", 24);
    table_of(r, 0, false);
    all(r);
    r.note("deletion");
    let socket_filename = tag("");
    r.call(&MemifSocketFilenameAddDel { is_add: false, socket_id: 1, socket_filename });
    for sw_if_index in [LOCAL0, NOWHERE, two, two, one, routed, three, four] {
        r.call(&MemifDelete { sw_if_index });
    }
    all(r);
    for socket_id in [1, 2] {
        r.call(&MemifSocketFilenameAddDel { is_add: false, socket_id, socket_filename });
    }
}

pub(crate) fn bonds(r: &mut Record) {
    let base = BondCreate2 {
        mode: BondMode::XOR,
        lb: BondLbAlgo::L34,
        id: u32::MAX,
        ..BondCreate2::default()
    };
    let xor = r.call(&base).sw_if_index;
    let custom = BondCreate2 {
        mode: BondMode::ACTIVE_BACKUP,
        id: 20,
        use_custom_mac: true,
        mac_address: mac(20),
        ..base.clone()
    };
    let backup = r.call(&custom).sw_if_index;
    r.call(&custom);
    for (mode, lb) in [
        (BondMode(0), BondLbAlgo::L2),
        (BondMode(6), BondLbAlgo::L2),
        (BondMode::XOR, BondLbAlgo::RR),
    ] {
        r.call(&BondCreate2 { mode, lb, ..base.clone() });
    }
    let robin = r
        .call(&BondCreate { id: 30, mode: BondMode::ROUND_ROBIN, ..BondCreate::default() })
        .sw_if_index;
    let lacp = r
        .call(&BondCreate2 { mode: BondMode::LACP, lb: BondLbAlgo::L23, ..base.clone() })
        .sw_if_index;
    all_bonds(r);
    r.note("members");
    let members: Vec<InterfaceIndex> =
        (1..5).map(|n| r.done(&CreateLoopback { mac_address: mac(n) }).sw_if_index).collect();
    let join = |sw_if_index, bond_sw_if_index| BondAddMember {
        sw_if_index,
        bond_sw_if_index,
        is_passive: true,
        is_long_timeout: false,
    };
    set_up(r, members[0]);
    r.call(&join(members[0], xor));
    r.call(&join(members[0], xor));
    r.call(&join(members[1], xor));
    r.call(&join(members[2], backup));
    r.call(&join(members[3], lacp));
    r.call(&join(xor, backup));
    r.call(&join(members[3], LOCAL0));
    r.call(&join(NOWHERE, xor));
    for sw_if_index in [xor, backup, lacp, robin, LOCAL0, NOWHERE] {
        r.dump(&SwMemberInterfaceDump { sw_if_index });
        r.dump(&SwInterfaceSlaveDump { sw_if_index });
    }
    all_bonds(r);
    bond_links(r, &members, [xor, backup, robin, lacp]);
}

fn all_bonds(r: &mut Record) {
    r.dump(&SwBondInterfaceDump { sw_if_index: InterfaceIndex::NONE });
    r.dump(&SwInterfaceBondDump {});
    interfaces(r);
}

fn bond_links(r: &mut Record, members: &[InterfaceIndex], bonds: [InterfaceIndex; 4]) {
    let [xor, backup, robin, lacp] = bonds;
    r.note("links");
    set_up(r, xor);
    all_bonds(r);
    set_up(r, members[1]);
    set_down(r, members[0]);
    all_bonds(r);
    set_down(r, members[1]);
    all_bonds(r);
    set_up(r, members[2]);
    set_up(r, backup);
    r.call(&HwInterfaceSetMtu { sw_if_index: backup, mtu: 1500 });
    r.call(&SwInterfaceSetMacAddress { sw_if_index: robin, mac_address: mac(33) });
    all_bonds(r);
    r.note("leaving");
    r.call(&BondDetachMember { sw_if_index: members[0] });
    r.call(&BondDetachMember { sw_if_index: members[0] });
    r.call(&BondDetachMember { sw_if_index: NOWHERE });
    all_bonds(r);
    delete(r, members[2]);
    all_bonds(r);
    // Older ones delete another interface instead of what is no bond.
    let no_bonds = if r.is_before("24.02") { vec![] } else { vec![xor, LOCAL0, NOWHERE] };
    for sw_if_index in [xor].into_iter().chain(no_bonds).chain([backup, robin, lacp]) {
        r.call(&BondDelete { sw_if_index });
    }
    all_bonds(r);
    for n in [0, 1, 3] {
        delete(r, members[n]);
    }
}

pub(crate) fn af_packets(r: &mut Record) {
    let all = |r: &mut Record| {
        r.dump(&AfPacketDump {});
        interfaces(r);
        r.dump(&SwInterfaceRxPlacementDump { sw_if_index: InterfaceIndex::NONE });
    };
    let base = AfPacketCreateV2 {
        host_if_name: tag("hostA"),
        hw_addr: mac(1),
        ..AfPacketCreateV2::default()
    };
    let one = r.call(&base).sw_if_index;
    r.call(&base);
    r.call(&AfPacketCreateV2 { host_if_name: tag("missing"), ..base.clone() });
    let v3 = AfPacketCreateV3 {
        mode: AfPacketMode::ETHERNET,
        use_random_hw_addr: true,
        host_if_name: tag("hostB"),
        num_rx_queues: 2,
        ..AfPacketCreateV3::default()
    };
    let two = r.call(&v3).sw_if_index;
    r.call(&AfPacketCreateV3 { mode: AfPacketMode(7), host_if_name: tag("lo"), ..v3.clone() });
    all(r);
    for sw_if_index in [one, two] {
        set_up(r, sw_if_index);
        r.call(&HwInterfaceSetMtu { sw_if_index, mtu: 1500 });
        for (queue_id_valid, queue_id, mode) in
            [(false, 0, RxMode::POLLING), (true, 1, RxMode::INTERRUPT), (false, 0, RxMode::DEFAULT)]
        {
            r.call(&SwInterfaceSetRxMode { sw_if_index, queue_id_valid, queue_id, mode });
            r.dump(&SwInterfaceRxPlacementDump { sw_if_index });
        }
        r.call(&SwInterfaceSetMacAddress { sw_if_index, mac_address: mac(8) });
    }
    all(r);
    set_down(r, one);
    all(r);
    for name in ["missing", "hostA", "hostA"] {
        r.call(&AfPacketDelete { host_if_name: tag(name) });
    }
    all(r);
    r.call(&AfPacketDelete { host_if_name: tag("hostB") });
    all(r);
}

/// What VPP lets the kernel make for it.
pub(crate) fn taps(r: &mut Record) {
    let base = TapCreateV3 {
        id: u32::MAX,
        use_random_mac: true,
        num_rx_queues: 1,
        num_tx_queues: 1,
        ..TapCreateV3::default()
    };
    let named = |name: &str, tap: &TapCreateV3| TapCreateV3 {
        host_if_name_set: true,
        host_if_name: tag(name),
        ..tap.clone()
    };
    let v2 = TapCreateV2 { id: u32::MAX, use_random_mac: true, ..TapCreateV2::default() };
    let mut made = vec![r.call(&base).sw_if_index, r.call(&v2).sw_if_index];
    let chosen = TapCreateV3 {
        id: 7,
        use_random_mac: false,
        mac_address: mac(7),
        num_rx_queues: 2,
        tx_ring_sz: 512,
        rx_ring_sz: 1024,
        host_mtu_set: true,
        host_mtu_size: 1400,
        host_mac_addr_set: true,
        host_mac_addr: mac(8),
        host_ip4_prefix_set: true,
        host_ip4_prefix: Ip4AddressWithPrefix(Ip4Prefix {
            address: Ip4Address([10, 9, 0, 2].into()),
            len: 24,
        }),
        host_ip6_prefix_set: true,
        host_ip6_prefix: Ip6AddressWithPrefix(Ip6Prefix {
            address: Ip6Address("2001:db8::2".parse().unwrap()),
            len: 64,
        }),
        tag: "chosen".into(),
        ..named("mine", &base)
    };
    made.push(r.call(&chosen).sw_if_index);
    made.push(r.call(&TapCreateV3 { tap_flags: TapFlags::GSO, ..named("gso", &base) }).sw_if_index);
    let offload = TapFlags::CSUM_OFFLOAD;
    made.push(r.call(&TapCreateV3 { tap_flags: offload, ..named("csum", &base) }).sw_if_index);
    let tun = TapCreateV3 { tap_flags: TapFlags::TUN, ..named("tun", &base) };
    made.push(r.call(&tun).sw_if_index);
    let small = TapCreateV3 { host_mtu_set: true, host_mtu_size: 1300, ..named("small", &tun) };
    made.push(r.call(&small).sw_if_index);
    all_taps(r);
    refused_taps(r, &base, named);
    all_taps(r);
    for &sw_if_index in &made {
        tap_as_any_other(r, sw_if_index);
    }
    all_taps(r);
    r.note("a number that was given back");
    for at in [1, 0] {
        r.call(&TapDeleteV2 { sw_if_index: made[at] });
    }
    made[0] = r.call(&base).sw_if_index;
    all_taps(r);
    made.remove(1);
    for sw_if_index in [LOCAL0, NOWHERE, made[0]].into_iter().chain(made) {
        r.call(&TapDeleteV2 { sw_if_index });
    }
    all_taps(r);
}

fn all_taps(r: &mut Record) {
    r.dump(&SwInterfaceTapV2Dump { sw_if_index: InterfaceIndex::NONE });
    interfaces(r);
    r.dump(&SwInterfaceRxPlacementDump { sw_if_index: InterfaceIndex::NONE });
}

fn refused_taps(
    r: &mut Record,
    base: &TapCreateV3,
    named: impl Fn(&str, &TapCreateV3) -> TapCreateV3,
) {
    r.note("what is refused");
    for id in [7, 1024, 1025, 8192, 8193] {
        let reply = r.call(&TapCreateV3 { id, ..base.clone() });
        if reply.retval == 0 {
            r.call(&TapDeleteV2 { sw_if_index: reply.sw_if_index });
        }
    }
    // Older ones fill smaller rings for ever.
    let sizes = if r.is_before("26.02") { [8, 300, 32_768] } else { [1, 300, 32_768] };
    for size in sizes {
        for (rx_ring_sz, tx_ring_sz) in [(size, 0), (0, size)] {
            let reply = r.call(&TapCreateV3 { rx_ring_sz, tx_ring_sz, ..named("ring", base) });
            if reply.retval == 0 {
                r.call(&TapDeleteV2 { sw_if_index: reply.sw_if_index });
            }
        }
    }
    r.call(&TapCreateV3 { tap_flags: TapFlags::ATTACH, ..base.clone() });
    r.call(&named("hostA", base));
    r.dump(&SwInterfaceTapV2Dump { sw_if_index: LOCAL0 });
    r.dump(&SwInterfaceTapV2Dump { sw_if_index: NOWHERE });
}

fn tap_as_any_other(r: &mut Record, sw_if_index: InterfaceIndex) {
    r.note("as any other interface");
    set_up(r, sw_if_index);
    r.call(&HwInterfaceSetMtu { sw_if_index, mtu: 1500 });
    r.call(&HwInterfaceSetMtu { sw_if_index, mtu: 65_535 });
    r.call(&SwInterfaceSetMacAddress { sw_if_index, mac_address: mac(6) });
    for (queue_id_valid, queue_id, mode) in [
        (false, 0, RxMode::INTERRUPT),
        (true, 0, RxMode::ADAPTIVE),
        (true, 9, RxMode::POLLING),
        (false, 0, RxMode::DEFAULT),
    ] {
        r.call(&SwInterfaceSetRxMode { sw_if_index, queue_id_valid, queue_id, mode });
        r.dump(&SwInterfaceRxPlacementDump { sw_if_index });
    }
    r.call(&SwInterfaceSetRxPlacement { sw_if_index, queue_id: 0, worker_id: 0, is_main: true });
    let vlan = r.call(&CreateVlanSubif { sw_if_index, vlan_id: 5 });
    if vlan.retval == 0 {
        r.call(&DeleteSubif { sw_if_index: vlan.sw_if_index });
    }
    r.dump(&SwInterfaceTapV2Dump { sw_if_index });
}

/// Both ends in one VPP; it takes a real one a while to shake hands with itself.
pub(crate) fn connected_memifs(r: &mut Record) {
    for socket_id in [1, 2] {
        let socket_filename = tag("meet.sock");
        r.call(&MemifSocketFilenameAddDel { is_add: true, socket_id, socket_filename });
    }
    let base = MemifCreate { id: 7, secret: tag("word"), ..MemifCreate::default() };
    let master =
        MemifCreate { role: MemifRole::MASTER, socket_id: 1, rx_queues: 2, ..base.clone() };
    let slave = MemifCreate {
        role: MemifRole::SLAVE,
        socket_id: 2,
        ring_size: 256,
        rx_queues: 2,
        tx_queues: 1,
        ..base
    };
    let ends = [r.call(&master).sw_if_index, r.call(&slave).sw_if_index];
    for end in ends {
        set_up(r, end);
    }
    settle(r, 2);
    memifs_and_queues(r, ends);
    let mode = RxMode::POLLING;
    let queue =
        SwInterfaceSetRxMode { sw_if_index: ends[0], queue_id_valid: true, queue_id: 0, mode };
    r.call(&queue);
    r.call(&SwInterfaceSetRxMode { queue_id: 5, ..queue });
    memifs_and_queues(r, ends);
    r.note("an end that is down stays connected");
    set_down(r, ends[1]);
    settle(r, 1);
    memifs_and_queues(r, ends);
    set_up(r, ends[1]);
    settle(r, 2);
    set_down(r, ends[0]);
    settle(r, 1);
    memifs_and_queues(r, ends);
    set_up(r, ends[0]);
    settle(r, 2);
    r.call(&MemifDelete { sw_if_index: ends[0] });
    settle(r, 0);
    memifs_and_queues(r, ends);
    r.call(&MemifDelete { sw_if_index: ends[1] });
    for socket_id in [1, 2] {
        let socket_filename = tag("");
        r.call(&MemifSocketFilenameAddDel { is_add: false, socket_id, socket_filename });
    }
}

fn memifs_and_queues(r: &mut Record, ends: [InterfaceIndex; 2]) {
    r.dump(&MemifDump {});
    for sw_if_index in ends {
        r.dump(&SwInterfaceDump { sw_if_index, ..SwInterfaceDump::default() });
        r.dump(&SwInterfaceRxPlacementDump { sw_if_index });
    }
}

/// Asks until so many memifs have a link.
fn settle(r: &mut Record, links: usize) {
    for _ in 0..100 {
        let up = |d: &MemifDetails| d.flags.contains(IfStatusFlags::LINK_UP);
        if r.client.dump(&MemifDump {}).iter().filter(|d| up(d)).count() == links {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    r.note(&format!("never {links} links"));
}

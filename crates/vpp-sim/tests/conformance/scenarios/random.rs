//! Requests drawn by chance, the same for both sides.

use ligato_vpp_api::msg::interface::*;
use ligato_vpp_api::msg::ip::*;
use ligato_vpp_api::msg::ip_neighbor::*;
use ligato_vpp_api::msg::l2::*;
use ligato_vpp_api::types::*;

use super::addresses::{neighbor, neighbors_of};
use super::l2::{domain, domains, join, leave};
use super::*;
use crate::record::Record;

const REQUESTS: usize = 400;
/// Everything is looked at after so many requests.
const LOOK: usize = 20;

/// Numbers that look drawn (Knuth's MMIX generator).
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}

pub(crate) fn play(r: &mut Record, seed: u64) {
    // They depend on the order in which VPP frees the routes of one request.
    r.hides_counters = true;
    let mut chance = Chance(seed);
    let mut known = vec![LOCAL0, NOWHERE];
    for n in 0..REQUESTS {
        match chance.below(4) {
            0 => interface(r, &mut chance, &mut known),
            1 => on_interface(r, &mut chance, &known),
            2 => layer2(r, &mut chance, &known),
            _ => layer3(r, &mut chance, &known),
        }
        if n % LOOK == LOOK - 1 {
            r.note(&format!("after {n}"));
            look(r);
        }
    }
}

/// All there is.
fn look(r: &mut Record) {
    let all = SwInterfaceDump { sw_if_index: InterfaceIndex::NONE, ..SwInterfaceDump::default() };
    for details in r.dump(&all) {
        addresses_of(r, details.sw_if_index);
        for is_ipv6 in [false, true] {
            r.call(&SwInterfaceGetTable { sw_if_index: details.sw_if_index, is_ipv6 });
        }
    }
    r.dump(&IpUnnumberedDump { sw_if_index: InterfaceIndex::NONE });
    for details in r.dump(&IpTableDump {}) {
        table_of(r, details.table.table_id, details.table.is_ip6);
    }
    neighbors_of(r, InterfaceIndex::NONE);
    domains(r, u32::MAX);
    // A real VPP sends packets, so it learns.
    r.unordered(&L2FibTableDump { bd_id: u32::MAX }, |d| d.static_mac || d.filter_mac);
    r.unordered(&BdIpMacDump { bd_id: u32::MAX }, |_| true);
    r.dump(&L2XconnectDump {});
}

fn interface(r: &mut Record, chance: &mut Chance, known: &mut Vec<InterfaceIndex>) {
    let index = chance.of(known);
    let new = match chance.below(6) {
        0 | 1 => loopback(r),
        // VPP dies of a BVI without an Ethernet address, such as a sub-interface of local0.
        2 if index != LOCAL0 => {
            r.call(&CreateVlanSubif { sw_if_index: index, vlan_id: 1 + chance.below(2) as u32 })
                .sw_if_index
        }
        // A sub-interface of a sub-interface made this way ends up on local0.
        3 if index != LOCAL0 && is_hardware(r, index) => {
            let flags = chance
                .of(&[SubIfFlags::ONE_TAG, SubIfFlags::TWO_TAGS, SubIfFlags::DEFAULT])
                .with_if(SubIfFlags::EXACT_MATCH, chance.coin());
            r.call(&CreateSubif {
                sw_if_index: index,
                sub_id: chance.below(3) as u32,
                sub_if_flags: flags,
                // VPP does not always notice that tags are taken.
                outer_vlan_id: 10 + r.lines.len() as u16 % 4000,
                inner_vlan_id: 1,
            })
            .sw_if_index
        }
        2..=4 => {
            r.call(&DeleteSubif { sw_if_index: index });
            return;
        }
        _ => {
            // A parent with several sub-interfaces gives their indexes back in the order of a
            // hash table.
            let all =
                SwInterfaceDump { sw_if_index: InterfaceIndex::NONE, ..SwInterfaceDump::default() };
            let subs = r.client.dump(&all);
            let parent = subs.iter().find(|d| d.sw_if_index == index).map(|d| d.sup_sw_if_index);
            if subs.iter().filter(|d| Some(d.sup_sw_if_index) == parent).count() <= 2 {
                delete(r, index);
            }
            return;
        }
    };
    if !known.contains(&new) && new.some().is_some() {
        known.push(new);
    }
}

fn has_address(r: &mut Record, sw_if_index: InterfaceIndex) -> bool {
    [false, true]
        .into_iter()
        .any(|is_ipv6| !r.client.dump(&IpAddressDump { sw_if_index, is_ipv6 }).is_empty())
}

fn is_hardware(r: &mut Record, sw_if_index: InterfaceIndex) -> bool {
    let one = SwInterfaceDump { sw_if_index, ..SwInterfaceDump::default() };
    r.client.dump(&one).iter().all(|d| d.sup_sw_if_index == d.sw_if_index.0)
}

fn on_interface(r: &mut Record, chance: &mut Chance, known: &[InterfaceIndex]) {
    let sw_if_index = chance.of(known);
    match chance.below(8) {
        0 | 1 => set_up(r, sw_if_index),
        2 => set_down(r, sw_if_index),
        3 => {
            let tag = tag(chance.of(&["a", "b", ""]));
            r.call(&SwInterfaceTagAddDel { is_add: chance.coin(), sw_if_index, tag });
        }
        4 => {
            let mac_address = mac(chance.below(5) as u8);
            r.call(&SwInterfaceSetMacAddress { sw_if_index, mac_address });
        }
        5 => {
            r.call(&SwInterfaceSetMtu { sw_if_index, mtu: [chance.of(&[1400, 9000]), 0, 1300, 0] });
        }
        6 => {
            let other = chance.of(known);
            // VPP loses track of addresses an unnumbered interface has of its own.
            if has_address(r, sw_if_index) {
                return;
            }
            r.call(&SwInterfaceSetUnnumbered {
                sw_if_index: other,
                unnumbered_sw_if_index: sw_if_index,
                is_add: chance.coin(),
            });
        }
        _ => {
            let rewrite = L2InterfaceVlanTagRewrite {
                sw_if_index,
                vtr_op: chance.below(9) as u32,
                push_dot1q: chance.below(2) as u32,
                tag1: chance.below(4096) as u32,
                tag2: chance.below(4096) as u32,
            };
            r.call(&rewrite);
        }
    }
}

fn layer2(r: &mut Record, chance: &mut Chance, known: &[InterfaceIndex]) {
    let index = chance.of(known);
    let bd_id = chance.below(4) as u32;
    match chance.below(8) {
        0 => {
            r.call(&domain(bd_id, "bridge", true));
        }
        1 => {
            r.call(&domain(bd_id, "", false));
        }
        2 | 3 if index != LOCAL0 => {
            let port = chance.of(&[
                L2PortType::NORMAL,
                L2PortType::NORMAL,
                L2PortType::BVI,
                L2PortType::UU_FWD,
            ]);
            join(r, index, bd_id.max(1), port, chance.below(3) as u8);
        }
        4 if index != LOCAL0 => leave(r, index),
        5 if index != LOCAL0 => {
            r.call(&SwInterfaceSetL2Xconnect {
                rx_sw_if_index: index,
                tx_sw_if_index: chance.of(known),
                enable: chance.below(3) > 0,
            });
        }
        6 => {
            r.call(&L2fibAddDel {
                mac: mac(chance.below(4) as u8),
                bd_id: bd_id.max(1),
                sw_if_index: index,
                is_add: chance.below(3) > 0,
                static_mac: true,
                filter_mac: chance.below(4) == 0,
                bvi_mac: false,
            });
        }
        _ => {
            let ip = Address(ip(chance.of(&["10.0.0.1", "10.0.0.2", "2001:db8::1"])));
            let entry = BdIpMac { bd_id, ip, mac: mac(chance.below(2) as u8) };
            r.call(&BdIpMacAddDel { is_add: chance.below(3) > 0, entry });
        }
    }
}

fn layer3(r: &mut Record, chance: &mut Chance, known: &[InterfaceIndex]) {
    let index = chance.of(known);
    match chance.below(8) {
        0 => table(r, true, 1 + chance.below(2) as u32, chance.coin(), chance.of(&["name", ""])),
        1 => {
            let request = SwInterfaceSetTable {
                sw_if_index: index,
                is_ipv6: chance.coin(),
                vrf_id: chance.below(3) as u32,
            };
            r.call(&request);
        }
        2 | 3 => {
            let (text, len) = chance.of(&[
                ("10.0.0.1", 24),
                ("10.0.0.2", 24),
                ("10.0.1.1", 24),
                ("10.0.2.1", 31),
                ("10.0.3.1", 32),
                ("2001:db8::1", 64),
                ("2001:db8::2", 64),
                ("2001:db8:1::1", 128),
            ]);
            let is_add = chance.below(3) > 0;
            let is_unnumbered = !r.client.dump(&IpUnnumberedDump { sw_if_index: index }).is_empty();
            if !is_unnumbered {
                address(r, is_add, index, text, len);
            }
        }
        4 => {
            let flags = chance.of(&[
                IpNeighborFlags::STATIC,
                IpNeighborFlags::EMPTY,
                IpNeighborFlags::NO_FIB_ENTRY,
            ]);
            let text = chance.of(&["10.0.0.9", "10.0.1.9", "2001:db8::9"]);
            neighbor(r, chance.below(3) > 0, index, text, chance.below(3) as u8, flags);
        }
        _ => a_route(r, chance, index),
    }
}

fn a_route(r: &mut Record, chance: &mut Chance, index: InterfaceIndex) {
    let (destination, len) = chance.of(&[
        ("20.0.0.0", 8),
        ("20.1.0.0", 16),
        ("20.1.1.1", 32),
        ("0.0.0.0", 0),
        ("10.0.0.0", 24),
    ]);
    let mut paths = Vec::new();
    for _ in 0..chance.below(3) {
        let next_hop = chance.of(&["10.0.0.9", "10.0.1.9", "20.1.1.1", "0.0.0.0"]);
        let kind = chance.of(&[
            FibPathType::NORMAL,
            FibPathType::NORMAL,
            FibPathType::NORMAL,
            FibPathType::DROP,
        ]);
        let out = if chance.below(3) == 0 { u32::MAX } else { index.0 };
        paths.push(FibPath {
            kind,
            weight: chance.below(3) as u8,
            preference: chance.below(2) as u8,
            table_id: chance.below(2) as u32,
            ..via(next_hop, out)
        });
    }
    let (is_add, is_multipath) = (chance.below(3) > 0, chance.coin());
    let table = chance.below(2) as u32;
    // Older ones attach it to an interface of the table 0, and take routes over from there.
    let exports = paths.iter().any(|path| path.kind == FibPathType::DROP) && table != 0;
    if !(exports && r.is_before("24.02")) {
        set_route(r, is_add, is_multipath, route(table, destination, len, paths));
    }
}

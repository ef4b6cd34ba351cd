//! What is in a segment: the entries a VPP has for itself, its interfaces, nodes, buffers and heaps.

use super::Format;
use super::image::{Content, Image};
use crate::state::interfaces::{Interface, Interfaces};

/// What the numbers follow from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// When it was started, in seconds.
    pub(super) boot_time: u64,
    /// How often time has passed.
    pub(super) beats: u64,
    /// Worker threads beside the main one.
    pub(super) workers: u32,
}

impl Facts {
    /// What each thread has of a counter: all as much, and the main one what is left.
    fn shares(&self, counter: u64) -> impl Iterator<Item = u64> {
        let threads = u64::from(self.workers) + 1;
        let share = counter / threads;
        let main = share + counter % threads;
        std::iter::once(main).chain((1..threads).map(move |_| share))
    }

    /// Counters by thread.
    fn by_thread(&self, counters: &[u64]) -> Vec<Vec<u64>> {
        let mut threads = vec![Vec::with_capacity(counters.len()); self.workers as usize + 1];
        for counter in counters {
            for (thread, share) in threads.iter_mut().zip(self.shares(*counter)) {
                thread.push(share);
            }
        }
        threads
    }
}

/// Entries of packets and bytes, and what part of all packets each has, in tenths.
const COMBINED: [(&str, u64); 8] = [
    ("rx", 10),
    ("rx-unicast", 7),
    ("rx-multicast", 2),
    ("rx-broadcast", 1),
    ("tx", 10),
    ("tx-unicast", 8),
    ("tx-multicast", 1),
    ("tx-broadcast", 1),
];
/// Entries of single counters, likewise.
const SIMPLE: [(&str, u64); 9] = [
    ("drops", 1),
    ("punt", 1),
    ("ip4", 6),
    ("ip6", 3),
    ("rx-no-buf", 0),
    ("rx-miss", 0),
    ("rx-error", 0),
    ("tx-error", 0),
    ("mpls", 0),
];
/// Bytes of a packet, if there were any.
const PACKET: u64 = 100;
/// Nodes, with what they count.
const NODES: [(&str, &str); 3] = [
    ("ip4-input", "ip4 ttl <= 1"),
    ("ethernet-input", "no error"),
    ("null-node", "blackholed packets"),
];

/// The segment as it is to be now.
pub(super) fn image(format: Format, facts: &Facts, interfaces: &Interfaces) -> Image {
    let mut image = Image::new(format);
    let mut rows: Vec<Option<&Interface>> = Vec::new();
    for interface in interfaces.iter() {
        let index = interface.index as usize;
        if rows.len() <= index {
            rows.resize(index + 1, None);
        }
        if let Some(row) = rows.get_mut(index) {
            *row = Some(interface);
        }
    }
    add_system(&mut image, format, facts);
    add_interfaces(&mut image, facts, &rows);
    add_nodes(&mut image, format, facts);
    if format >= Format::V2602 {
        image.add("/vector/histogram", &Content::Histogram(vec![facts.beats, 0, 1]));
        image.add("/session/ring", &Content::Ring);
    }
    image
}

fn add_system(image: &mut Image, format: Format, facts: &Facts) {
    let Facts { boot_time, beats, workers } = *facts;
    image.add("/sys/last_stats_clear", &Content::Scalar(0));
    image.add("/sys/heartbeat", &Content::Scalar(beats));
    if format > Format::V2202 {
        image.add("/sys/boottime", &Content::Scalar(boot_time));
    }
    image.add("/sys/last_update", &Content::Scalar(boot_time.wrapping_add(beats)));
    image.add("/sys/num_worker_threads", &Content::Gauge(u64::from(workers)));
    image.add("/sys/vector_rate", &Content::Gauge(0));
    image.add("/sys/input_rate", &Content::Gauge(0));
    // One vector of all threads.
    let rates = vec![0; workers as usize + 1];
    image.add("/sys/vector_rate_per_worker", &Content::Simple(vec![rates]));
    for (what, value) in [("cached", 0), ("used", 256), ("available", 16_128)] {
        let name = format!("/buffer-pools/default-numa-0/{what}");
        image.add(&name, &Content::Gauge(value));
    }
    for (heap, total) in [("main heap", 1_u64 << 30), ("stat segment", 32 << 20)] {
        let used = total / 8;
        let row = vec![total, used, total - used, 0, total, 0, 0];
        let index = image.add(&format!("/mem/{heap}"), &Content::Simple(vec![row]));
        for (column, what) in [(1, "used"), (0, "total"), (2, "free")] {
            image.add(&format!("/mem/{heap}/{what}"), &Content::Symlink(index, column));
        }
    }
}

fn add_interfaces(image: &mut Image, facts: &Facts, rows: &[Option<&Interface>]) {
    let names = rows.iter().map(|row| row.map(|interface| interface.name.clone())).collect();
    image.add("/if/names", &Content::Names(names));
    // Packets of each interface: as many more in each beat as its number says, if it is up.
    let packets: Vec<u64> = rows
        .iter()
        .map(|row| match row {
            Some(interface) if interface.admin_up => {
                facts.beats.wrapping_mul(10 * u64::from(interface.index) + 10)
            }
            _ => 0,
        })
        .collect();
    let part = |of: &u64, tenths: u64| of / 10 * tenths;
    let mut indexes = Vec::new();
    for (name, tenths) in COMBINED {
        let counters: Vec<u64> = packets.iter().map(|of| part(of, tenths)).collect();
        let threads = facts.by_thread(&counters).into_iter();
        let with_bytes = |packets: u64| [packets, packets.wrapping_mul(PACKET)];
        let content =
            Content::Combined(threads.map(|of| of.into_iter().map(with_bytes).collect()).collect());
        indexes.push((name, image.add(&format!("/if/{name}"), &content)));
    }
    for (name, tenths) in SIMPLE {
        let counters: Vec<u64> = packets.iter().map(|of| part(of, tenths)).collect();
        let content = Content::Simple(facts.by_thread(&counters));
        indexes.push((name, image.add(&format!("/if/{name}"), &content)));
    }
    for interface in rows.iter().flatten() {
        // Slashes are for VPP the ends of parts.
        let own = interface.name.replace('/', "_");
        for (name, index) in &indexes {
            let link = Content::Symlink(*index, interface.index);
            image.add(&format!("/interfaces/{own}/{name}"), &link);
        }
    }
}

fn add_nodes(image: &mut Image, format: Format, facts: &Facts) {
    let names = NODES.map(|(node, _)| Some(node.to_owned())).to_vec();
    image.add("/sys/node/names", &Content::Names(names));
    let calls: Vec<u64> = (1..).zip(NODES).map(|(factor, _)| facts.beats * factor).collect();
    let times = |factor: u64| calls.iter().map(|calls| calls * factor).collect::<Vec<u64>>();
    for (what, factor) in [("clocks", 400), ("vectors", 4), ("calls", 1), ("suspends", 0)] {
        image.add(&format!("/sys/node/{what}"), &Content::Simple(facts.by_thread(&times(factor))));
    }
    if format == Format::V2202 {
        image.set_errors(&facts.by_thread(&calls));
        for (column, (node, reason)) in (0..).zip(NODES) {
            image.add(&format!("/err/{node}/{reason}"), &Content::Error(column));
        }
    } else {
        let index = image.add("/node/errors", &Content::Simple(facts.by_thread(&calls)));
        for (column, (node, reason)) in (0..).zip(NODES) {
            image.add(&format!("/err/{node}/{reason}"), &Content::Symlink(index, column));
        }
    }
}

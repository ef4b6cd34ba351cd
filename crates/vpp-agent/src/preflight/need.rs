//! What objects take of VPP, and what VPP has.

use std::fmt;

use ligato_kvs_api::{OpKind, Plan, Transaction};
use ligato_model::Value;
use ligato_proto::vpp::interfaces::{Interface, interface::Link};

/// Changes of fewer objects than this are not looked at, but for their buffers.
const SMALL: u64 = 1000;

/// What objects of one kind take of VPP, each, in bytes.
struct Cost {
    prefix: &'static str,
    heap: u64,
    /// Of the statistics segment.
    statistics: u64,
    /// Of the statistics segment, for each thread of VPP.
    per_thread: u64,
}

/// Keys of interfaces.
const INTERFACES: &str = "config/vpp/v2/interfaces/";

/// Measured on VPP 26.06 with up to a million routes and 2,000 loopbacks. Vectors are copied when they grow, and old and
/// new are there for a moment: that is in these figures. The last one is for everything else.
const COSTS: [Cost; 3] = [
    Cost { prefix: "config/vpp/v2/route/", heap: 340, statistics: 0, per_thread: 60 },
    Cost { prefix: INTERFACES, heap: 10_000, statistics: 7_000, per_thread: 200 },
    Cost { prefix: "config/vpp/", heap: 1_000, statistics: 0, per_thread: 0 },
];

/// What a VPP has left, in bytes, and in buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Room {
    /// Of its main heap.
    pub(crate) heap: u64,
    /// Of its statistics segment.
    pub(crate) statistics: u64,
    /// Buffers.
    pub(crate) buffers: u64,
    /// Threads that count, the main one among them.
    pub(crate) threads: u64,
}

/// What a VPP has: left, and all in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Rooms {
    /// Not in use.
    pub(crate) free: Room,
    /// In use or not.
    pub(crate) whole: Room,
    /// When this VPP was started, in seconds since 1970; 0 if it does not tell.
    pub(crate) since: u64,
}

/// What values take.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Need {
    /// So many more of each kind of [`COSTS`].
    objects: [i64; COSTS.len()],
    buffers: i64,
}

/// What is missing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shortfall {
    what: &'static str,
    setting: &'static str,
    needed: u64,
    free: u64,
}

// === impl Need ===

impl Need {
    /// What these values take.
    pub(super) fn of<'a>(values: impl Iterator<Item = (&'a str, &'a Value)>) -> Self {
        let mut need = Self::default();
        values.for_each(|(key, value)| need.count(key, value, 1));
        need
    }

    /// What a transaction takes if nothing of it is there so far.
    pub(super) fn of_all_of(txn: &Transaction) -> Self {
        let wanted = txn.changes.iter();
        Self::of(wanted.filter_map(|change| Some((change.key.as_str(), change.value.as_ref()?))))
    }

    /// What a plan takes beyond what it gives back.
    pub(super) fn of_plan(plan: &Plan) -> Self {
        let mut need = Self::default();
        for step in &plan.steps {
            match (step.op, &step.old, &step.new) {
                (OpKind::Create, _, Some(new)) => need.count(step.key.as_str(), new, 1),
                (OpKind::Delete, Some(old), _) => need.count(step.key.as_str(), old, -1),
                _ => {}
            }
        }
        need
    }

    fn count(&mut self, key: &str, value: &Value, sign: i64) {
        let kinds = COSTS.iter().zip(&mut self.objects);
        let Some((cost, count)) = kinds.into_iter().find(|(cost, _)| key.starts_with(cost.prefix))
        else {
            return;
        };
        *count += sign;
        if cost.prefix == INTERFACES {
            self.buffers += sign * value.downcast_ref().map_or(0, rx_buffers);
        }
    }

    /// How many routes are more than before.
    pub(super) fn routes(&self) -> u64 {
        let [routes, ..] = self.objects;
        u64::try_from(routes).unwrap_or(0)
    }

    fn how_many(&self) -> u64 {
        self.objects.iter().map(|count| u64::try_from(*count).unwrap_or(0)).sum()
    }

    /// Whether it takes so much that it matters how much there is.
    pub(super) fn is_worth_a_look(&self) -> bool {
        self.how_many() >= SMALL || self.buffers > 0
    }

    /// What this room does not have of it.
    pub(super) fn shortfalls(&self, room: &Room) -> Vec<Shortfall> {
        let lacks = |what, setting, needed, free| {
            (needed > free).then_some(Shortfall { what, setting, needed, free })
        };
        let is_large = self.how_many() >= SMALL;
        // Nothing can be received or sent without any.
        let buffers = u64::try_from(self.buffers).unwrap_or(0).max(u64::from(is_large));
        let buffers = lacks("buffers", "buffers { buffers-per-numa … }", buffers, room.buffers);
        if !is_large {
            return buffers.into_iter().collect();
        }
        let (mut heap, mut statistics) = (0_u64, 0_u64);
        for (cost, count) in COSTS.iter().zip(&self.objects) {
            let count = u64::try_from(*count).unwrap_or(0);
            heap = heap.saturating_add(count * cost.heap);
            let each = cost.statistics + cost.per_thread * room.threads;
            statistics = statistics.saturating_add(count * each);
        }
        let heap = lacks("main heap", "memory { main-heap-size … }", heap, room.heap);
        let statistics =
            lacks("statistics segment", "statseg { size … }", statistics, room.statistics);
        [heap, statistics, buffers].into_iter().flatten().collect()
    }
}

/// Buffers that wait in the receive rings of an interface as long as it is there, as VPP 26.06 fills them. Devices
/// that VPP found at its start have theirs already; what copies packets when they come keeps none.
fn rx_buffers(interface: &Interface) -> i64 {
    let ring = |size: u32, usual: i64| if size == 0 { usual } else { i64::from(size) };
    let queues = |count: u32| i64::from(count.max(1));
    match &interface.link {
        Some(Link::Tap(tap)) => ring(tap.rx_ring_size, 256),
        // The master copies. The other side hands its own buffers out, once they are connected.
        Some(Link::Memif(memif)) if !memif.master => {
            ring(memif.ring_size, 1024) * queues(memif.rx_queues)
        }
        // Two rings.
        Some(Link::VmxNet3(card)) => 2 * ring(card.rxq_size, 1024),
        Some(Link::Rdma(card)) => ring(card.rxq_size, 1024) * queues(card.rxq_num),
        _ => 0,
    }
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, setting, needed, free } = self;
        if *what == "buffers" {
            return write!(
                f,
                "it needs {needed} of VPP's {what}, of which {free} are free (see `{setting}` of its start-up file)"
            );
        }
        let mb = |bytes: u64| bytes.div_ceil(1 << 20);
        write!(
            f,
            "it needs some {} MB of VPP's {what}, of which {} MB are free (see `{setting}` of its start-up file)",
            mb(*needed),
            free >> 20,
        )
    }
}

#[cfg(test)]
mod tests {
    use ligato_proto::vpp::interfaces::{MemifLink, TapLink, VmxNet3Link};

    use super::*;

    impl Need {
        /// What so many values of a kind take, whatever their content.
        pub(crate) fn of_many(key: &str, count: usize) -> Self {
            Self::of(std::iter::repeat_n((key, &Value::empty()), count))
        }
    }

    const PLENTY: Room = Room { heap: 1 << 40, statistics: 1 << 40, buffers: 16_000, threads: 1 };

    fn interface(link: Link) -> Value {
        Value::new(Interface { link: Some(link), ..Interface::default() })
    }

    #[test]
    fn a_million_routes_do_not_fit_into_the_default_segment() {
        let room = Room { heap: 1 << 30, statistics: 31 << 20, buffers: 16_000, threads: 1 };
        let need =
            |count| Need::of_many("config/vpp/v2/route/vrf/0/dst/10.0.0.0/8/gw/10.0.0.1", count);
        // As seen on VPP 26.06: half a million live in it, 700,000 do not.
        assert_eq!(need(500_000).shortfalls(&room), []);
        let text = need(700_000).shortfalls(&room)[0].to_string();
        assert_eq!(
            text,
            "it needs some 41 MB of VPP's statistics segment, of which 31 MB are free \
             (see `statseg { size … }` of its start-up file)"
        );
        let three = Room { threads: 3, ..room };
        assert_eq!(need(400_000).shortfalls(&three).len(), 1, "each thread counts");
    }

    #[test]
    fn what_takes_no_statistics_takes_heap() {
        let room = Room { heap: 256 << 20, ..PLENTY };
        let need = |count| Need::of_many("config/vpp/v2/arp/if1/10.0.0.1", count);
        assert_eq!(need(250_000).shortfalls(&room), []);
        let text = need(300_000).shortfalls(&room)[0].to_string();
        assert_eq!(
            text,
            "it needs some 287 MB of VPP's main heap, of which 256 MB are free \
             (see `memory { main-heap-size … }` of its start-up file)"
        );
    }

    #[test]
    fn rings_take_buffers_however_few_there_are() {
        let tap = interface(Link::Tap(TapLink { rx_ring_size: 8192, ..TapLink::default() }));
        let need = |values: &[&Value]| {
            Need::of(values.iter().map(|value| ("config/vpp/v2/interfaces/x", *value)))
        };
        assert!(need(&[&tap]).is_worth_a_look());
        assert_eq!(need(&[&tap]).shortfalls(&PLENTY), []);
        let text = need(&[&tap, &tap]).shortfalls(&PLENTY)[0].to_string();
        assert_eq!(
            text,
            "it needs 16384 of VPP's buffers, of which 16000 are free \
             (see `buffers { buffers-per-numa … }` of its start-up file)"
        );
        let card =
            interface(Link::VmxNet3(VmxNet3Link { rxq_size: 4096, ..VmxNet3Link::default() }));
        let memif = MemifLink { rx_queues: 4, ..MemifLink::default() };
        let slave = interface(Link::Memif(memif.clone()));
        let master = interface(Link::Memif(MemifLink { master: true, ..memif }));
        for (value, buffers) in [(&card, 8192), (&slave, 4096), (&master, 0)] {
            assert_eq!(need(&[value]).buffers, buffers);
        }
        assert!(!need(&[&master]).is_worth_a_look());
    }
}

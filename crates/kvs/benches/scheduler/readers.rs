//! Whether readers disturb the owner: latencies alone and beside readers, in turns in one process.
//!
//! The readers are a client that dumps the whole graph and asks for explanations in a loop, on a
//! thread of its own, and a subscriber that never reads. Where the program runs in a real-time class
//! the thread leaves it, so that it competes for memory and locks and not for the turn of the owner.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use ligato_kvs::{Scheduler, StatusFilter, View};
use ligato_kvs_api::ValueChange;

use crate::{
    values::{self, Shape},
    workloads::{Figure, Rig},
};

/// Turns of each kind.
const TURNS: usize = 5;
/// Values per turn.
const VALUES: usize = 1000;

/// The transactions of d on a loaded graph, in turns without and with readers; gives how many there
/// were of each kind.
pub(crate) async fn run(rig: &mut Rig, shape: Shape) -> usize {
    rig.load(shape).await;
    let mut latencies: [[Vec<Duration>; 4]; 2] = Default::default();
    for turn in 0..2 * TURNS {
        let [alone, beside] = &mut latencies;
        if turn % 2 == 0 {
            round(rig, shape, alone).await;
        } else {
            let readers = Readers::start(rig.scheduler.clone());
            let mut stalled = rig.scheduler.subscribe(StatusFilter::All);
            let first = stalled.try_next();
            assert!(first.is_some(), "a subscriber begins with a snapshot");
            round(rig, shape, beside).await;
            assert!(readers.stop() > 0, "the readers have read");
        }
    }
    let [alone, beside] = latencies;
    for (name, (mut alone, mut beside)) in
        ["create", "update", "noop", "delete"].into_iter().zip(alone.into_iter().zip(beside))
    {
        let figure = Figure::of_latencies(&format!("readers {name}"), &mut beside);
        let against = Figure::of_latencies(name, &mut alone).p99;
        rig.figures.push(Figure { against, ..figure });
    }
    2 * TURNS * VALUES
}

async fn round(rig: &Rig, shape: Shape, into: &mut [Vec<Duration>; 4]) {
    let new = |preference| {
        (shape.routes..shape.routes + VALUES).map(move |i| values::route(i, shape, preference))
    };
    let gone = new(0).map(|change| ValueChange::delete(change.key)).collect();
    let kinds: [Vec<ValueChange>; 4] =
        [new(0).collect(), new(10).collect(), new(10).collect(), gone];
    for (changes, into) in kinds.into_iter().zip(into) {
        into.extend(rig.each(changes).await);
    }
}

/// A thread that reads as fast as it can.
struct Readers {
    stop: Arc<AtomicBool>,
    dumps: Arc<AtomicU64>,
    thread: std::thread::JoinHandle<()>,
}

impl Readers {
    fn start(scheduler: Scheduler) -> Self {
        let (stop, dumps) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let thread = {
            let (stop, dumps) = (Arc::clone(&stop), Arc::clone(&dumps));
            std::thread::spawn(move || {
                leave_real_time();
                while !stop.load(Relaxed) || dumps.load(Relaxed) == 0 {
                    let items = scheduler.snapshot().dump(&StatusFilter::All, View::Cached);
                    assert!(!items.is_empty(), "the graph is loaded");
                    for item in items.iter().take(1000) {
                        assert_eq!(scheduler.explain(&item.key).key, item.key);
                    }
                    dumps.fetch_add(1, Relaxed);
                }
            })
        };
        Self { stop, dumps, thread }
    }

    /// How many whole dumps there were.
    fn stop(self) -> u64 {
        self.stop.store(true, Relaxed);
        self.thread.join().expect("reading does not fail");
        self.dumps.load(Relaxed)
    }
}

/// Moves the calling thread to the ordinary class of the operating system.
fn leave_real_time() {
    let thread = std::fs::read_link("/proc/thread-self").unwrap_or_default();
    if let Some(id) = thread.file_name() {
        // Without the tool nobody can have put the program into another class.
        let _ = Command::new("chrt").args(["--other", "--pid", "0"]).arg(id).status();
    }
}

//! Whether readers disturb the owner: latencies alone and in company, in turns in one process.
//!
//! The readers are a client that dumps the whole graph and asks for explanations in a loop, on a
//! thread of its own, and a subscriber that never reads. Where the program runs in a real-time class
//! the thread leaves it, so that it competes for memory and locks and not for the turn of the owner.
//!
//! Any busy thread takes something from the others, by what the processors share. Two controls tell
//! how much of it has nothing to do with the scheduler: a thread that only counts, and one that goes
//! through memory of its own, both in the place of the client.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
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

/// Who is busy beside the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Company {
    Nobody,
    /// A thread that only counts.
    Counting,
    /// A thread that reads memory of its own.
    Walking,
    /// Those who are meant.
    Readers,
}

const COMPANY: [Company; 4] =
    [Company::Nobody, Company::Counting, Company::Walking, Company::Readers];

/// Bytes that are walked through: more than any cache holds.
const WALKED: usize = 64 << 20;

/// The transactions of d on a loaded graph, in turns with each company; gives how many there were of
/// each kind.
pub(crate) async fn run(rig: &mut Rig, shape: Shape) -> usize {
    rig.load(shape).await;
    let mut latencies: [[Vec<Duration>; 4]; COMPANY.len()] = Default::default();
    for _ in 0..TURNS {
        for (company, into) in COMPANY.into_iter().zip(&mut latencies) {
            let busy = Busy::start(company, rig.scheduler.clone());
            let mut stalled =
                (company == Company::Readers).then(|| rig.scheduler.subscribe(StatusFilter::All));
            if let Some(stalled) = &mut stalled {
                assert!(stalled.try_next().is_some(), "a subscriber begins with a snapshot");
            }
            round(rig, shape, into).await;
            busy.stop();
        }
    }
    let [alone, counting, walking, beside] = latencies;
    let p99 = |mut all: Vec<Duration>| Figure::of_latencies("", &mut all).p99;
    let others = alone.into_iter().zip(counting).zip(walking);
    for ((name, ((alone, counting), walking)), mut beside) in
        ["create", "update", "noop", "delete"].into_iter().zip(others).zip(beside)
    {
        let figure = Figure::of_latencies(&format!("readers {name}"), &mut beside);
        let controls = [counting, walking].into_iter().filter_map(p99).collect();
        rig.figures.push(Figure { against: p99(alone), controls, ..figure });
    }
    COMPANY.len() * TURNS * VALUES
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

/// A thread that does something as fast as it can.
struct Busy {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<u64>>,
}

impl Busy {
    fn start(company: Company, scheduler: Scheduler) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let once: Box<dyn FnMut() -> u64 + Send> = match company {
            Company::Nobody => return Self { stop, thread: None },
            Company::Counting => Box::new(|| (0..1000).map(std::hint::black_box).sum()),
            Company::Walking => {
                let memory = vec![1_u64; WALKED / size_of::<u64>()];
                let mut at = 0;
                Box::new(move || {
                    at = (at + 4096) % memory.len();
                    memory.iter().skip(at).take(4096).step_by(8).sum()
                })
            }
            Company::Readers => Box::new(move || {
                let items = scheduler.snapshot().dump(&StatusFilter::All, View::Cached);
                assert!(!items.is_empty(), "the graph is loaded");
                for item in items.iter().take(1000) {
                    assert_eq!(scheduler.explain(&item.key).key, item.key);
                }
                1
            }),
        };
        let thread = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || until(&stop, once)
        });
        Self { stop, thread: Some(thread) }
    }

    fn stop(self) {
        self.stop.store(true, Relaxed);
        let done = self.thread.map(|thread| thread.join().expect("the thread does not fail"));
        assert_ne!(done, Some(0), "it has done something");
    }
}

/// Does it again and again; gives the sum of what was done.
fn until(stop: &AtomicBool, mut once: impl FnMut() -> u64) -> u64 {
    leave_real_time();
    let mut done = 0_u64;
    while !stop.load(Relaxed) || done == 0 {
        done = done.wrapping_add(once());
    }
    done
}

/// Moves the calling thread to the ordinary class of the operating system.
fn leave_real_time() {
    let thread = std::fs::read_link("/proc/thread-self").unwrap_or_default();
    if let Some(id) = thread.file_name() {
        // Without the tool nobody can have put the program into another class.
        let _ = Command::new("chrt").args(["--other", "--pid", "0"]).arg(id).status();
    }
}

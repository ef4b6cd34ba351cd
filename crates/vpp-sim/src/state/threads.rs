//! The threads that look after receive queues.

use super::interfaces::RxQueue;

/// The main thread, which is number 0, and the workers behind it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Threads {
    workers: u32,
    /// Queues given to workers so far.
    given: u32,
}

impl Threads {
    pub(crate) fn new(workers: u32) -> Self {
        Self { workers, given: 0 }
    }

    /// How many workers there are.
    pub(crate) fn count(&self) -> u32 {
        self.workers
    }

    /// The numbers of all threads but the main one.
    pub(crate) fn workers(&self) -> impl Iterator<Item = u32> + use<> {
        1..=self.workers
    }

    /// New queues, each of the next worker; without workers all of the main thread.
    pub(crate) fn queues(&mut self, number: u16, mode: u32) -> Vec<RxQueue> {
        (0..number).map(|_| RxQueue { thread: self.next(), mode }).collect()
    }

    fn next(&mut self) -> u32 {
        let Some(turn) = self.given.checked_rem(self.workers) else { return 0 };
        self.given = self.given.wrapping_add(1);
        turn + 1
    }

    /// The thread of a worker, if there is one; where there are no workers the main thread passes for the first.
    pub(crate) fn of_worker(&self, worker: u32) -> Option<u32> {
        let first = u32::from(self.workers > 0);
        first.checked_add(worker).filter(|thread| *thread <= self.workers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_take_queues_in_turns() {
        let mut threads = Threads::new(2);
        let of = |queues: Vec<RxQueue>| queues.iter().map(|queue| queue.thread).collect::<Vec<_>>();
        assert_eq!(of(threads.queues(3, 1)), [1, 2, 1]);
        assert_eq!(of(threads.queues(1, 1)), [2]);
        assert_eq!([0, 1, 2].map(|worker| threads.of_worker(worker)), [Some(1), Some(2), None]);
        assert_eq!(threads.workers().collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn without_workers_the_main_thread_does_everything() {
        let mut threads = Threads::new(0);
        assert!(threads.queues(2, 1).iter().all(|queue| queue.thread == 0));
        assert_eq!((threads.of_worker(0), threads.of_worker(1)), (Some(0), None));
    }
}

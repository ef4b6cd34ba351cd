//! Work on many items of one kind, shared by all processors.

use std::{num::NonZeroUsize, panic::resume_unwind};

/// Below this a thread costs more than it saves.
const MANY: usize = 4096;

/// Gives what `work` makes of each part of the items, in their order. There is one part for each processor if there are
/// many items, else one. `work` also gets the place of the first item of its part. A panic in it goes on here.
pub fn in_parts<T, R>(items: &[T], work: impl Fn(usize, &[T]) -> R + Sync) -> Vec<R>
where
    T: Sync,
    R: Send,
{
    let threads = match items.len() {
        0..MANY => 1,
        _ => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
    };
    let size = items.len().div_ceil(threads).max(1);
    let mut parts = (0..).step_by(size).zip(items.chunks(size));
    let mine = parts.next();
    std::thread::scope(|scope| {
        let work = &work;
        let others: Vec<_> = parts.map(|(at, part)| scope.spawn(move || work(at, part))).collect();
        let mine = mine.map(|(at, part)| work(at, part));
        let others = others.into_iter();
        let others = others.map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        mine.into_iter().chain(others).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_in_order_and_know_their_places() {
        for count in [0, 1, MANY - 1, MANY, 3 * MANY + 1] {
            let items: Vec<usize> = (0..count).collect();
            let parts = in_parts(&items, |at, part| (at, part.to_vec()));
            assert!(count >= MANY || parts.len() <= 1, "{count}");
            let mut next = 0;
            for (at, part) in parts {
                assert_eq!(at, next);
                assert_eq!(part, (next..next + part.len()).collect::<Vec<_>>());
                next += part.len();
            }
            assert_eq!(next, count);
        }
    }
}

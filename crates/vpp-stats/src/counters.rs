//! Values of entries.

/// Packets, and the bytes in them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Combined {
    /// How many packets.
    pub packets: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// What an entry holds. Counters are of threads first, then of whatever they count; a thread may have fewer columns
/// than another, and what it lacks counts as 0.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// A number.
    Scalar(u64),
    /// A number that goes up and down.
    Gauge(u64),
    /// Counters.
    Simple(Vec<Vec<u64>>),
    /// Packets and bytes.
    Combined(Vec<Vec<Combined>>),
    /// Names; nothing where a name was given back.
    Names(Vec<Option<String>>),
    /// Bins of a histogram with a width that doubles.
    Histogram(Vec<Vec<u64>>),
    /// What cannot be read: ring buffers, and types that are newer than this program.
    Unreadable,
}

// === impl Combined ===

/// What is counted by each thread for itself. Counters go around, and so do their sums.
pub(crate) trait Counter: Copy + Default {
    /// Both together.
    fn and(self, other: Self) -> Self;
}

impl Counter for u64 {
    fn and(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
}

impl Counter for Combined {
    fn and(self, other: Self) -> Self {
        Self { packets: self.packets.and(other.packets), bytes: self.bytes.and(other.bytes) }
    }
}

/// Sums over threads, column by column.
pub(crate) fn sums<T: Counter>(threads: &[Vec<T>]) -> Vec<T> {
    let columns = threads.iter().map(Vec::len).max().unwrap_or(0);
    let mut sums = vec![T::default(); columns];
    for thread in threads {
        for (sum, value) in sums.iter_mut().zip(thread) {
            *sum = sum.and(*value);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_of_different_lengths_are_summed() {
        let one = |packets| Combined { packets, bytes: packets * 10 };
        let threads = [vec![one(1)], vec![], vec![one(2), one(3)]];
        assert_eq!(sums(&threads), [one(3), one(3)]);
        assert_eq!(sums(&[vec![u64::MAX], vec![2]]), [1], "as counters do");
        assert_eq!(sums::<Combined>(&[]), []);
    }
}

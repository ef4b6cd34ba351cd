//! Index allocation the way VPP does it: pools that give out the index freed last first, and
//! bitmaps that give out the lowest clear one.

use std::collections::BTreeSet;

/// A vector with holes. The index freed last is the next one handed out, otherwise the pool
/// grows by one; this is what makes `sw_if_index` reuse in VPP predictable.
#[derive(Debug, Clone)]
pub(crate) struct Pool<T> {
    slots: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }
}

impl<T> Pool<T> {
    /// The index the next insertion will get.
    pub(crate) fn next_index(&self) -> u32 {
        self.free.last().copied().unwrap_or_else(|| index_of(self.slots.len()))
    }

    pub(crate) fn insert(&mut self, value: T) -> u32 {
        if let Some(index) = self.free.pop() {
            if let Some(slot) = self.slots.get_mut(index as usize) {
                *slot = Some(value);
            }
            return index;
        }
        let index = index_of(self.slots.len());
        self.slots.push(Some(value));
        index
    }

    pub(crate) fn remove(&mut self, index: u32) -> Option<T> {
        let value = self.slots.get_mut(index as usize)?.take();
        if value.is_some() {
            self.free.push(index);
        }
        value
    }

    pub(crate) fn get(&self, index: u32) -> Option<&T> {
        self.slots.get(index as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        self.slots.get_mut(index as usize)?.as_mut()
    }

    /// Occupied slots in index order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.slots.iter().enumerate().filter_map(|(i, s)| s.as_ref().map(|v| (index_of(i), v)))
    }
}

/// Positions never exceed 32 bits: VPP's own indexes are that wide.
fn index_of(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

/// Instance numbers: the lowest free one is taken, or a wished one if it is free.
#[derive(Debug, Clone, Default)]
pub(crate) struct Instances {
    used: BTreeSet<u32>,
    /// Everything below is in use, so allocation does not start over at zero.
    lowest: u32,
}

impl Instances {
    pub(crate) fn take_lowest(&mut self) -> u32 {
        while self.used.contains(&self.lowest) {
            self.lowest += 1;
        }
        self.used.insert(self.lowest);
        self.lowest
    }

    /// False if the number is taken.
    pub(crate) fn take(&mut self, wanted: u32) -> bool {
        self.used.insert(wanted)
    }

    pub(crate) fn release(&mut self, instance: u32) {
        if self.used.remove(&instance) {
            self.lowest = self.lowest.min(instance);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_reuses_the_index_freed_last() {
        let mut pool = Pool::default();
        for n in 0..4 {
            assert_eq!(pool.insert(n), n);
        }
        pool.remove(1);
        pool.remove(3);
        assert_eq!(pool.insert(10), 3);
        assert_eq!(pool.insert(11), 1);
        assert_eq!(pool.insert(12), 4);
        assert_eq!(
            pool.iter().map(|(i, v)| (i, *v)).collect::<Vec<_>>(),
            [(0, 0), (1, 11), (2, 2), (3, 10), (4, 12)]
        );
    }

    #[test]
    fn removing_twice_frees_once() {
        let mut pool = Pool::default();
        pool.insert('a');
        assert_eq!(pool.remove(0), Some('a'));
        assert_eq!(pool.remove(0), None);
        assert_eq!(pool.insert('b'), 0);
        assert_eq!(pool.insert('c'), 1);
    }

    #[test]
    fn instances_take_the_lowest_free_number() {
        let mut ids = Instances::default();
        assert_eq!(ids.take_lowest(), 0);
        assert!(ids.take(2));
        assert!(!ids.take(2));
        assert_eq!(ids.take_lowest(), 1);
        assert_eq!(ids.take_lowest(), 3);
        ids.release(1);
        assert_eq!(ids.take_lowest(), 1);
    }
}

//! Notes about nodes: an array over node ids of which only the parts exist that were written.
//!
//! What a transaction notes about the few nodes it touches lies close together, and what a large one
//! noted is given back.

use crate::node::NodeId;

/// Notes in one part.
const PART: usize = 128;
/// So many parts are kept for the next transaction.
const KEPT: usize = 512;

/// A default note for every node, and the notes that differ from it.
#[derive(Debug)]
pub(crate) struct Sparse<T> {
    parts: Vec<Option<Box<[T; PART]>>>,
    existing: usize,
}

impl<T> Default for Sparse<T> {
    fn default() -> Self {
        Self { parts: Vec::new(), existing: 0 }
    }
}

impl<T: Copy + Default> Sparse<T> {
    pub(crate) fn get(&self, id: NodeId) -> T {
        let at = id as usize;
        match self.parts.get(at / PART) {
            Some(Some(part)) => part.get(at % PART).copied().unwrap_or_default(),
            _ => T::default(),
        }
    }

    pub(crate) fn get_mut(&mut self, id: NodeId) -> &mut T {
        let at = id as usize;
        if self.parts.len() <= at / PART {
            self.parts.resize_with(at / PART + 1, || None);
        }
        let part = self.parts[at / PART].get_or_insert_with(|| {
            self.existing += 1;
            Box::new([T::default(); PART])
        });
        &mut part[at % PART]
    }

    /// Forgets everything if it is a lot; says whether it did.
    pub(crate) fn trim(&mut self) -> bool {
        let much = self.existing > KEPT;
        if much {
            *self = Self::default();
        }
        much
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_nobody_wrote_about_has_the_default() {
        let mut notes = Sparse::<u8>::default();
        *notes.get_mut(1000) = 7;
        assert_eq!((notes.get(1000), notes.get(999), notes.get(1_000_000)), (7, 0, 0));
        assert!(!notes.trim());
        for id in (0..).step_by(PART).take(KEPT + 1) {
            *notes.get_mut(id) = 1;
        }
        assert!(notes.trim());
        assert_eq!(notes.get(1000), 0);
    }
}

//! A set of nodes as a bitmap that is shared in parts: a copy for readers costs a pointer for every
//! thousand nodes, and a change after it one small part.

use std::sync::Arc;

use crate::node::NodeId;

/// Words in one part.
const WORDS: usize = 16;
/// Nodes in one part.
const PART: usize = WORDS * u64::BITS as usize;

/// A set of node ids.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bits {
    parts: Vec<Option<Arc<[u64; WORDS]>>>,
    /// How many nodes are in.
    len: usize,
}

impl Bits {
    pub(crate) fn contains(&self, id: NodeId) -> bool {
        let (part, word, bit) = place(id);
        matches!(self.parts.get(part), Some(Some(words)) if words[word] & bit != 0)
    }

    /// Puts a node in; says whether it was not in before.
    pub(crate) fn insert(&mut self, id: NodeId) -> bool {
        let (part, word, bit) = place(id);
        if self.parts.len() <= part {
            self.parts.resize(part + 1, None);
        }
        let words = Arc::make_mut(self.parts[part].get_or_insert_default());
        let is_new = words[word] & bit == 0;
        words[word] |= bit;
        self.len += usize::from(is_new);
        is_new
    }

    /// Puts all in that are in the other one.
    pub(crate) fn unite(&mut self, other: &Self) {
        if self.parts.len() < other.parts.len() {
            self.parts.resize(other.parts.len(), None);
        }
        for (part, new) in self.parts.iter_mut().zip(&other.parts) {
            let Some(new) = new else { continue };
            let words = Arc::make_mut(part.get_or_insert_default());
            for (word, new) in words.iter_mut().zip(new.iter()) {
                self.len += (new & !*word).count_ones() as usize;
                *word |= new;
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn remove(&mut self, id: NodeId) {
        let (part, word, bit) = place(id);
        if let Some(Some(words)) = self.parts.get_mut(part)
            && words[word] & bit != 0
        {
            Arc::make_mut(words)[word] &= !bit;
            self.len -= 1;
        }
    }

    /// The nodes in it, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = NodeId> + '_ {
        let parts = (0..).zip(&self.parts).filter_map(|(at, part)| Some((at, part.as_ref()?)));
        parts.flat_map(|(part, words)| {
            let filled = (0..).zip(words.iter()).filter(|(_, word)| **word != 0);
            filled.flat_map(move |(at, word)| {
                let first = (part * WORDS as u32 + at) * u64::BITS;
                (0..u64::BITS).filter(move |bit| word >> bit & 1 == 1).map(move |bit| first + bit)
            })
        })
    }
}

impl Extend<NodeId> for Bits {
    fn extend<I: IntoIterator<Item = NodeId>>(&mut self, ids: I) {
        for id in ids {
            self.insert(id);
        }
    }
}

/// Part, word in it, and the bit in that.
fn place(id: NodeId) -> (usize, usize, u64) {
    let at = id as usize;
    (at / PART, at % PART / u64::BITS as usize, 1 << (at % u64::BITS as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_was_put_in_and_a_copy_stays_as_it_was() {
        let mut bits = Bits::default();
        let ids = [0, 1, 63, 64, 1023, 1024, 70_000];
        bits.extend(ids);
        assert!(!bits.insert(64), "it is in already");
        let copy = bits.clone();
        bits.remove(64);
        bits.remove(65);
        bits.remove(900_000);
        assert!(copy.iter().eq(ids));
        assert!(bits.iter().eq(ids.into_iter().filter(|id| *id != 64)));
        assert!(copy.contains(64) && !bits.contains(64) && !bits.contains(900_000));
        bits.unite(&Bits::default());
        bits.unite(&copy);
        assert!(bits.iter().eq(ids));
        ids.into_iter().for_each(|id| bits.remove(id));
        assert!(bits.is_empty() && !copy.is_empty());
    }
}

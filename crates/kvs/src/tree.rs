//! A persistent vector: cloning copies a pointer, changing one element copies a few small nodes.
//!
//! The fan-out is low on purpose. Copying a branch touches the reference counts of all its children,
//! and those of the lowest levels are rarely in a cache: what one change costs after a publication is
//! fan-out of them per level, few of which are that low.

use triomphe::Arc;

const BITS: u32 = 2;
const FAN_OUT: usize = 1 << BITS;

/// A persistent sparse vector, indexed by `u32`. Elements are pointers to what is shared.
#[derive(Debug)]
pub(crate) struct Tree<P> {
    root: Option<Arc<Branch<P>>>,
    /// Levels below the root; 0: the root is a leaf.
    depth: u32,
}

#[derive(Debug)]
enum Branch<P> {
    Leaf([Option<P>; FAN_OUT]),
    Inner([Option<Arc<Branch<P>>>; FAN_OUT]),
}

impl<P> Clone for Tree<P> {
    fn clone(&self) -> Self {
        Self { root: self.root.clone(), depth: self.depth }
    }
}

impl<P> Default for Tree<P> {
    fn default() -> Self {
        Self { root: None, depth: 0 }
    }
}

impl<P: Clone> Clone for Branch<P> {
    fn clone(&self) -> Self {
        match self {
            Self::Leaf(slots) => Self::Leaf(slots.clone()),
            Self::Inner(slots) => Self::Inner(slots.clone()),
        }
    }
}

impl<P: Clone> Tree<P> {
    pub(crate) fn get(&self, index: u32) -> Option<&P> {
        if !self.covers(index) {
            return None;
        }
        let mut branch = self.root.as_deref()?;
        let mut depth = self.depth;
        loop {
            match branch {
                Branch::Leaf(slots) => return slots.get(slot(index, 0))?.as_ref(),
                Branch::Inner(slots) => branch = slots.get(slot(index, depth))?.as_deref()?,
            }
            depth = depth.saturating_sub(1);
        }
    }

    /// Replaces elements, each branch visited once; `None` takes one away. The indexes ascend.
    /// `element` is given the one there is.
    pub(crate) fn replace_all(
        &mut self,
        indexes: &[u32],
        mut element: impl FnMut(u32, Option<&P>) -> Option<P>,
    ) {
        let Some(last) = indexes.last() else { return };
        self.grow(*last);
        let depth = self.depth;
        let root = self.root.get_or_insert_with(|| Arc::new(Branch::empty(depth)));
        Branch::set_all(root, indexes, depth, &mut element);
        if root.is_empty() {
            *self = Self::default();
        }
    }

    /// As [`replace_all`](Self::replace_all), whatever there is.
    pub(crate) fn set_all(&mut self, indexes: &[u32], mut element: impl FnMut(u32) -> Option<P>) {
        self.replace_all(indexes, |index, _| element(index));
    }

    /// All elements in index order.
    pub(crate) fn iter(&self) -> Iter<'_, P> {
        let stack = self.root.as_deref().map(|root| (root, 0)).into_iter().collect();
        Iter { stack }
    }

    fn covers(&self, index: u32) -> bool {
        (self.depth + 1) * BITS >= u32::BITS || index >> ((self.depth + 1) * BITS) == 0
    }

    fn grow(&mut self, index: u32) {
        while !self.covers(index) {
            self.depth += 1;
            if let Some(root) = self.root.take() {
                let mut slots = [const { None }; FAN_OUT];
                slots[0] = Some(root);
                self.root = Some(Arc::new(Branch::Inner(slots)));
            }
        }
    }
}

impl<P: Clone> Branch<P> {
    fn empty(depth: u32) -> Self {
        if depth == 0 {
            Self::Leaf([const { None }; FAN_OUT])
        } else {
            Self::Inner([const { None }; FAN_OUT])
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Leaf(slots) => slots.iter().all(Option::is_none),
            Self::Inner(slots) => slots.iter().all(Option::is_none),
        }
    }

    fn set_all(
        this: &mut Arc<Self>,
        mut indexes: &[u32],
        depth: u32,
        element: &mut impl FnMut(u32, Option<&P>) -> Option<P>,
    ) {
        match Arc::make_mut(this) {
            Self::Leaf(slots) => {
                for index in indexes {
                    if let Some(place) = slots.get_mut(slot(*index, 0)) {
                        *place = element(*index, place.as_ref());
                    }
                }
            }
            Self::Inner(slots) => {
                let below = depth.saturating_sub(1);
                while let Some(first) = indexes.first() {
                    let part = first >> (depth * BITS);
                    let end = indexes.partition_point(|index| index >> (depth * BITS) <= part);
                    let (these, rest) = indexes.split_at(end);
                    if let Some(place) = slots.get_mut(slot(*first, depth)) {
                        let child = place.get_or_insert_with(|| Arc::new(Self::empty(below)));
                        Self::set_all(child, these, below, element);
                        if child.is_empty() {
                            *place = None;
                        }
                    }
                    indexes = rest;
                }
            }
        }
    }
}

fn slot(index: u32, depth: u32) -> usize {
    (index >> (depth * BITS)) as usize & (FAN_OUT - 1)
}

/// Elements of a [`Tree`] in index order.
pub(crate) struct Iter<'t, P> {
    stack: Vec<(&'t Branch<P>, usize)>,
}

impl<'t, P> Iterator for Iter<'t, P> {
    type Item = &'t P;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (branch, next) = self.stack.last_mut()?;
            let at = *next;
            *next += 1;
            match *branch {
                _ if at >= FAN_OUT => {
                    self.stack.pop();
                }
                Branch::Leaf(slots) => {
                    if let Some(Some(element)) = slots.get(at) {
                        return Some(element);
                    }
                }
                Branch::Inner(slots) => {
                    if let Some(Some(child)) = slots.get(at) {
                        self.stack.push((child, 0));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_was_set_and_old_clones_stay_as_they_were() {
        let mut tree = Tree::default();
        let all: Vec<u32> = (0..5000).collect();
        tree.set_all(&all[4000..], |i| Some(Arc::new(i)));
        tree.set_all(&all[..4000], |i| Some(Arc::new(i)));
        let before = tree.clone();
        tree.set_all(&[70, 4999], |i| (i == 4999).then(|| Arc::new(1)));
        assert_eq!((before.iter().count(), tree.iter().count()), (5000, 4999));
        assert_eq!(before.get(70).map(|v| **v), Some(70));
        assert_eq!(tree.get(70), None);
        assert_eq!(tree.get(4999).map(|v| **v), Some(1));
        assert_eq!(tree.get(1 << 20), None);
        tree.set_all(&all, |_| None);
        assert!(tree.root.is_none(), "nothing is kept of what is gone");
        assert!(before.iter().map(|v| **v).eq(0..5000));
    }
}

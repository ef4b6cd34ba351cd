//! What a southbound lost, and how it comes back when that is much.
//!
//! A southbound that goes down takes its values with it: what is there of them is in doubt until it has
//! been read back. Values in no other trouble are only noted as *unread* meanwhile. What is then found is
//! compared as any value is. What is not found is put right at once if it is little; else the transaction
//! that read back sees to the first part of each kind, and the others follow in parts of their own:
//! the first of them are in the southbound again while the last ones are not planned yet, and other
//! transactions have their turn in between. Until its part comes, a value is reserved.

use std::sync::Arc;

use ligato_kvs_api::{SouthboundName, TxnOptions};
use rustc_hash::FxHashMap;

use crate::{
    bits::Bits,
    core::{Active, Audience, Core, Phase},
    node::{DescriptorId, NodeId},
};

/// Values lost with their southbounds.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    /// Nobody has looked for them so far.
    unread: FxHashMap<SouthboundName, Bits>,
    /// A part had its turn last: whatever is queued comes before the next one.
    had_turn: bool,
}

// === impl Lost ===

impl Lost {
    /// Something else is to be done with the value than to look for it.
    pub(crate) fn remove(&mut self, id: NodeId) {
        // There is one for each southbound that is down.
        for unread in self.unread.values_mut() {
            unread.remove(id);
        }
    }

    /// All of them, by southbound.
    pub(crate) fn unread(&self) -> impl Iterator<Item = &Bits> {
        self.unread.values()
    }

    /// All values of a southbound are looked at, whatever is known of them.
    pub(crate) fn forget(&mut self, southbound: &str) {
        self.unread.remove(southbound);
    }

    pub(crate) fn contains(&self, id: NodeId) -> bool {
        self.unread.values().any(|unread| unread.contains(id))
    }

    /// Something else than a part has its turn.
    pub(crate) fn let_pass(&mut self) {
        self.had_turn = false;
    }
}

// === impl Core ===

impl Core {
    /// Notes a value that went with its southbound, if looking for it is all there is to do.
    pub(crate) fn note_lost(&mut self, id: NodeId) {
        let node = self.graph.node(id);
        let plain = node.desired.is_some() && node.parent.is_none() && node.problem.is_none();
        let Some((_, descriptor)) = self.descriptor_of(id).filter(|_| plain) else { return };
        if descriptor.capabilities().retrieve && self.in_doubt(id) {
            self.lost.unread.entry(descriptor.southbound()).or_default().insert(id);
        }
    }

    /// A southbound goes down: what was to come back there is lost again.
    pub(crate) fn lose_later(&mut self, of_lane: &[DescriptorId]) {
        let later: Vec<NodeId> = self.waiting.later.iter().collect();
        for id in later {
            if self.graph.node(id).descriptor.is_some_and(|d| of_lane.contains(&d)) {
                Arc::make_mut(&mut self.waiting.later).remove(id);
                self.note_lost(id);
            }
        }
        self.waiting.reserve();
    }

    /// Is it, or what it is derived from, to be looked for first, or to come back in its turn?
    pub(crate) fn is_put_off(&self, id: NodeId) -> bool {
        let (lost, later) = (&self.lost, &self.waiting.later);
        let is_one = |id| lost.contains(id) || later.contains(id);
        let none = later.is_empty() && lost.unread.values().all(Bits::is_empty);
        !none && (is_one(id) || is_one(self.base_of(id)))
    }

    /// The value is looked at as any other from now on.
    pub(crate) fn take_up_lost(&mut self, id: NodeId) {
        if self.lost.contains(id) {
            self.lost.remove(id);
            self.reconsider_with_children(id);
        }
    }

    /// It is not there. What failed below it is tried again with it.
    fn lost_for_good(&mut self, id: NodeId) {
        let mut open = self.graph.node(id).children.to_vec();
        while let Some(child) = open.pop() {
            let node = self.graph.node(child);
            open.extend_from_slice(&node.children);
            if node.problem.is_some() {
                self.reconsider_value(child, true, false);
            }
        }
        self.vanished(id);
    }

    /// What is derived from a value was lost with it.
    fn reconsider_with_children(&mut self, id: NodeId) {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            open.extend_from_slice(&self.graph.node(id).children);
            self.reconsider_value(id, true, false);
        }
    }

    /// The values of a descriptor that cannot be read are looked at as they are.
    pub(crate) fn take_up_lost_of(&mut self, descriptor: DescriptorId) {
        let mut owned: Vec<NodeId> = self.graph.owned_by(descriptor).to_vec();
        owned.retain(|id| self.lost.contains(*id));
        owned.sort_unstable();
        for id in owned {
            self.take_up_lost(id);
        }
    }

    /// Values that were lost and have not been found.
    pub(crate) fn miss_lost(&mut self, mut missed: Vec<NodeId>) {
        for id in &missed {
            self.lost.remove(*id);
        }
        let part = self.config.part.max(1);
        if let Some(active) = &mut self.active
            && active.audience_is_nobody()
            && missed.len() > part
        {
            active.is_part = true;
            self.lost.had_turn = true;
            let later = missed.split_off(part);
            Arc::make_mut(&mut self.waiting.later).extend(later);
            self.waiting.reserve();
        }
        for id in missed {
            self.lost_for_good(id);
        }
    }

    /// Is it time for more of what was lost? Not before the southbound is about to run out of work.
    pub(crate) fn is_time_for_a_part(&self) -> bool {
        if self.waiting.later.is_empty() {
            return false;
        }
        let begun = self.active.as_deref().into_iter().chain(self.waiting.actives());
        let left = |active: &Active| active.run.not_started();
        let left: usize = begun.filter(|active| active.is_part).map(left).sum();
        left <= self.config.part / 2
    }

    /// Does a part come before what is queued?
    pub(crate) fn part_is_next(&self) -> bool {
        self.is_time_for_a_part() && (self.queue.is_empty() || !self.lost.had_turn)
    }

    /// The next part of what was lost.
    pub(crate) fn begin_part(&mut self) {
        self.lost.had_turn = true;
        let part: Vec<NodeId> = self.waiting.later.iter().take(self.config.part.max(1)).collect();
        let later = Arc::make_mut(&mut self.waiting.later);
        for id in &part {
            later.remove(*id);
        }
        self.waiting.reserve();
        let active = self.open("NBTransaction", TxnOptions::default(), Audience::Nobody);
        active.is_part = true;
        active.phase = Phase::Reading;
        active.draft.resync_type = "DownstreamResync";
        "a part of what its southbound lost".clone_into(&mut active.draft.description);
        for id in part {
            if self.in_doubt(id) {
                self.lost_for_good(id);
            }
        }
        if let Some(active) = &mut self.active {
            active.phase = Phase::Planning;
        }
    }
}

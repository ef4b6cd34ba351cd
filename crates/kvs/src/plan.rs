//! From a difference to ordered steps.
//!
//! The planner changes nothing: it reads the graph, and a few facts about the transaction, and gives
//! back steps. It works in four passes, each proportional to what is affected:
//!
//! 1. **goal** – which values can exist in the end. Starts from the seeds (values whose wish or
//!    content changed) and follows dependants only where availability really flips. What is left
//!    blocked is looked at once more for dependency cycles, which come into being as one unit.
//! 2. **transit** – which values have to go in between, because something they need goes away first
//!    or is created anew.
//! 3. **steps** – what is to be done with each value, at most one delete and one create or update.
//! 4. **order** – predecessors of every step and an order that respects them, ties by key.

mod data;
mod goal;
mod order;
mod seeds;
mod stagger;
mod steps;
mod transit;

use ligato_kvs_api::{OpKind, Reason};
use rustc_hash::{FxHashMap, FxHashSet};

pub(crate) use crate::plan::seeds::Seeds;
use crate::{
    bits::Bits,
    catalog::Catalog,
    core::Reserved,
    graph::Graph,
    list::List,
    node::{DescriptorId, GroupId, Need, NodeId},
    plan::stagger::Relay,
    sparse::Sparse,
};

/// What the planner reads besides seeds.
pub(crate) struct Facts<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) catalog: &'a Catalog,
    /// Values that this transaction must not touch (again): they failed or are held by one that
    /// did.
    pub(crate) held: &'a FxHashSet<NodeId>,
    /// Values that a transaction which stepped aside will still touch.
    pub(crate) reserved: &'a Reserved,
    /// Values that are not planned for before their turn, whatever happens to what they need.
    pub(crate) later: &'a Bits,
    /// Descriptors whose southbound cannot be reached.
    pub(crate) down: &'a FxHashSet<DescriptorId>,
    /// What is found, belongs to NB and is not wanted stays, unless its removal was asked for.
    pub(crate) spare_unwanted: bool,
    /// What changed values depended on before.
    pub(crate) old_needs: &'a FxHashMap<NodeId, List<Need>>,
    /// Values that go and come back as derived from another one, with what they were derived from.
    pub(crate) moved: &'a FxHashMap<NodeId, Option<NodeId>>,
    /// Was the value somebody else's so far, and is it NB's from now on?
    pub(crate) taken_over: &'a dyn Fn(NodeId) -> bool,
}

/// One step of a plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) node: NodeId,
    pub(crate) op: OpKind,
    /// One half of a re-creation of the value or of what it is derived from.
    pub(crate) recreate: bool,
    /// It goes, or comes back, together with what it is derived from.
    pub(crate) along: bool,
    /// It comes into being while something it needs does not exist yet: they need each other.
    pub(crate) in_cycle: bool,
    /// Place of its reason among those of the plan.
    pub(crate) reason: u32,
}

/// Steps in plan order with the edges between them.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    pub(crate) steps: Vec<Step>,
    /// Pairs (before, after) of indexes into the steps, sorted; before < after except inside
    /// dependency cycles, where there are none.
    pub(crate) edges: Vec<(u32, u32)>,
    pub(crate) reasons: Vec<Reason>,
    /// Reserved values that this plan concerns; it leaves them as they are.
    pub(crate) conflicts: Vec<NodeId>,
    /// Values whose descriptors panicked when they were asked: the plan is of no use.
    pub(crate) panics: Vec<(NodeId, String)>,
}

/// Memory of the planner that is used again and again. Holds nothing between two plans.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    marks: Sparse<Marks>,
    touched: Vec<NodeId>,
    /// Reasons given in this plan; nodes hold places in it.
    reasons: Vec<Reason>,
    /// The step that creates the first member of a group.
    first_put: FxHashMap<GroupId, u32>,
    /// How many available members of a group go away for good or for a while.
    goal_change: FxHashMap<GroupId, i32>,
    gone_members: FxHashMap<GroupId, u32>,
    /// The member of a group that goes first.
    first_gone: FxHashMap<GroupId, NodeId>,
    /// Groups that always have a member, as one is back before another goes.
    relays: FxHashMap<GroupId, Relay>,
    blocked: Vec<NodeId>,
    work: Vec<NodeId>,
    /// Values whose descriptors panicked, with what they said.
    panics: Vec<(NodeId, String)>,
}

/// What the planner notes about one node.
#[derive(Debug, Clone, Copy, Default)]
struct Marks {
    touched: bool,
    seed: bool,
    /// The goal is decided (otherwise it is as now).
    decided: bool,
    up: bool,
    /// It has to be deleted, for good or for a while.
    gone: bool,
    /// It is deleted and created because its content cannot be changed in place.
    recreate: bool,
    /// It is changed in place.
    update: bool,
    /// `unmet` is counted.
    counted: bool,
    queued: bool,
    blocked: bool,
    /// It has to go and cannot come back.
    barred: bool,
    /// How often the goal changed; a value that cannot make up its mind stays down.
    flips: u8,
    /// Needs unmet in the goal.
    unmet: u32,
    delete_step: u32,
    put_step: u32,
    /// Place of its reason, from 1; 0: none.
    reason: u32,
}

/// One planning in progress.
pub(crate) struct Planner<'a> {
    facts: Facts<'a>,
    scratch: &'a mut Scratch,
}

const NO_STEP: u32 = u32::MAX;

/// Plans how to get from what is applied to what is wanted, as far as the seeds reach.
pub(crate) fn plan(facts: Facts<'_>, seeds: Seeds, scratch: &mut Scratch) -> Steps {
    let mut planner = Planner { facts, scratch };
    planner.find_goal(&seeds);
    drop(seeds);
    planner.find_transit();
    // What goes for a while changes the goal once more, which may send more away.
    while planner.revise_goal() {
        planner.find_transit();
    }
    let steps = planner.make_steps();
    let mut ordered = planner.put_in_order(steps);
    ordered.conflicts = planner.conflicts();
    ordered.panics = std::mem::take(&mut planner.scratch.panics);
    ordered.reasons = std::mem::take(&mut planner.scratch.reasons);
    planner.clean_up();
    ordered
}

// === impl Steps ===

impl Steps {
    /// Why a step is taken.
    pub(crate) fn reason(&self, step: &Step) -> Reason {
        self.reasons.get(step.reason as usize).cloned().unwrap_or(Reason::Requested)
    }
}

// === impl Planner ===

impl Planner<'_> {
    fn marks(&self, id: NodeId) -> Marks {
        self.scratch.marks.get(id)
    }

    /// The notes about a node, to be changed.
    fn note(&mut self, id: NodeId) -> &mut Marks {
        let marks = self.scratch.marks.get_mut(id);
        if !marks.touched {
            *marks = Marks {
                touched: true,
                delete_step: NO_STEP,
                put_step: NO_STEP,
                ..Marks::default()
            };
            self.scratch.touched.push(id);
        }
        marks
    }

    /// May the plan do nothing with this value?
    fn is_untouchable(&self, id: NodeId) -> bool {
        self.facts.held.contains(&id) || self.facts.reserved.contains(self.facts.graph, id)
    }

    /// Reserved values that were looked at: something about them would have changed.
    fn conflicts(&self) -> Vec<NodeId> {
        if self.facts.reserved.is_empty() {
            return Vec::new();
        }
        let touched = self.scratch.touched.iter().copied();
        touched.filter(|id| self.facts.reserved.contains(self.facts.graph, *id)).collect()
    }

    /// Gives a node its reason, if it has none so far.
    fn give_reason(&mut self, id: NodeId, reason: impl FnOnce() -> Reason) {
        if self.note(id).reason != 0 {
            return;
        }
        let place = self.add_reason(reason());
        self.note(id).reason = place + 1;
    }

    /// The place of a reason.
    fn add_reason(&mut self, reason: Reason) -> u32 {
        // Seeds mostly have the same reason, one after the other.
        if self.scratch.reasons.last() != Some(&reason) {
            self.scratch.reasons.push(reason);
        }
        (self.scratch.reasons.len() - 1) as u32
    }

    fn reason_of(&self, id: NodeId) -> Option<&Reason> {
        self.scratch.reasons.get((self.marks(id).reason as usize).checked_sub(1)?)
    }

    fn clean_up(&mut self) {
        if self.scratch.marks.trim() {
            (self.scratch.touched, self.scratch.work) = <_>::default();
        }
        for id in self.scratch.touched.drain(..) {
            *self.scratch.marks.get_mut(id) = Marks::default();
        }
        self.scratch.first_put.clear();
        self.scratch.goal_change.clear();
        self.scratch.gone_members.clear();
        self.scratch.first_gone.clear();
        self.scratch.relays.clear();
        self.scratch.blocked.clear();
        self.scratch.work.clear();
    }
}

//! Steps under way: which may start, and what a failure takes with it.
use std::{cmp::Reverse, collections::BinaryHeap};

use ligato_kvs_api::{OpKind, Reason};

use crate::{
    node::DescriptorId,
    plan::{Step, Steps},
};

/// A plan being carried out. Steps start in plan order, as soon as what they wait for is done.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) steps: Vec<Step>,
    reasons: Vec<Reason>,
    edges: Vec<(u32, u32)>,
    /// Where the edges that leave a step begin; empty if there are no edges.
    starts: Vec<u32>,
    /// How many steps each one still waits for.
    waiting: Vec<u32>,
    progress: Vec<Progress>,
    /// Steps before this one have had their turn, or wait for it in `ready`.
    passed: u32,
    /// How many of those from there on may start.
    ahead: u32,
    /// Steps that could not start when they were passed, and can now.
    ready: BinaryHeap<Reverse<u32>>,
    /// Ready, but their southbound is busy.
    parked: Vec<u32>,
    in_flight: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Waiting,
    Started,
    Done,
    Cancelled,
}

/// How many operations are under way where.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    descriptors: Vec<Road>,
    lanes: Vec<usize>,
    window: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Road {
    lane: usize,
    serial: bool,
    in_flight: usize,
}

// === impl Run ===

impl Run {
    pub(crate) fn new(plan: Steps) -> Self {
        let Steps { steps, edges, reasons, .. } = plan;
        let mut waiting = vec![0; steps.len()];
        let mut starts = Vec::new();
        if !edges.is_empty() {
            starts = vec![0; steps.len() + 1];
            for (from, to) in &edges {
                waiting[*to as usize] += 1;
                starts[*from as usize + 1] += 1;
            }
            for at in 1..starts.len() {
                starts[at] += starts[at - 1];
            }
        }
        let ahead = waiting.iter().filter(|n| **n == 0).count() as u32;
        let progress = vec![Progress::Waiting; steps.len()];
        Self { steps, reasons, edges, starts, waiting, progress, ahead, ..Self::default() }
    }

    /// Why a step is taken.
    pub(crate) fn reason(&self, step: &Step) -> Reason {
        self.reasons.get(step.reason as usize).cloned().unwrap_or(Reason::Requested)
    }

    /// The next step that may start, if any.
    pub(crate) fn next(&mut self, mut has_room: impl FnMut(&Step) -> bool) -> Option<u32> {
        while let Some(at) = self.first() {
            self.take(at);
            if has_room(&self.steps[at as usize]) {
                self.progress[at as usize] = Progress::Started;
                self.in_flight += 1;
                return Some(at);
            }
            self.parked.push(at);
        }
        None
    }

    /// The next step that may start, if it is of the kind asked for.
    pub(crate) fn next_like(&mut self, is_like: impl FnOnce(&Step) -> bool) -> Option<u32> {
        let at = self.first()?;
        if !is_like(&self.steps[at as usize]) {
            return None;
        }
        self.take(at);
        self.progress[at as usize] = Progress::Started;
        self.in_flight += 1;
        Some(at)
    }

    /// The first step that may start.
    fn first(&mut self) -> Option<u32> {
        if let Some(Reverse(at)) = self.ready.peek() {
            return Some(*at);
        }
        if self.ahead == 0 {
            return None;
        }
        // Those that wait for others are passed over; they are ready when those are done.
        while !self.may_start(self.passed) {
            self.passed += 1;
        }
        Some(self.passed)
    }

    fn may_start(&self, at: u32) -> bool {
        let at = at as usize;
        self.waiting.get(at).is_none_or(|left| *left == 0)
            && self.progress.get(at).is_none_or(|p| *p == Progress::Waiting)
    }

    /// The first step gets its turn.
    fn take(&mut self, at: u32) {
        if at < self.passed {
            self.ready.pop();
        } else {
            self.passed += 1;
            self.ahead -= 1;
        }
    }

    /// A step may start, in its turn.
    fn admit(&mut self, at: u32) {
        if at < self.passed {
            self.ready.push(Reverse(at));
        } else {
            self.ahead += 1;
        }
    }

    /// A step is done: what waited for it alone may start.
    pub(crate) fn finish(&mut self, at: u32) {
        self.leave(at, Progress::Done);
        for to in self.successors(at) {
            let left = &mut self.waiting[to as usize];
            *left = left.saturating_sub(1);
            if *left == 0 && self.progress[to as usize] == Progress::Waiting {
                self.admit(to);
            }
        }
    }

    /// A step failed: all that follow from it are cancelled. Gives them, nearest first.
    pub(crate) fn fail(&mut self, at: u32) -> Vec<u32> {
        self.leave(at, Progress::Done);
        let mut cancelled = Vec::new();
        let mut open = vec![at];
        while let Some(from) = open.pop() {
            for to in self.successors(from) {
                if self.progress[to as usize] == Progress::Waiting {
                    self.progress[to as usize] = Progress::Cancelled;
                    cancelled.push(to);
                    open.push(to);
                }
            }
        }
        cancelled
    }

    /// Cancels everything that has not started.
    pub(crate) fn stop(&mut self) -> Vec<u32> {
        let mut cancelled = Vec::new();
        for (at, progress) in (0..).zip(self.progress.iter_mut()) {
            if *progress == Progress::Waiting {
                *progress = Progress::Cancelled;
                cancelled.push(at);
            }
        }
        (self.ahead, self.passed) = (0, self.steps.len() as u32);
        self.ready.clear();
        self.parked.clear();
        cancelled
    }

    /// Steps that are under way or have not started.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = &Step> {
        let open = |p: &Progress| matches!(p, Progress::Waiting | Progress::Started);
        self.steps.iter().zip(&self.progress).filter(move |(_, p)| open(p)).map(|(step, _)| step)
    }

    /// Could a step start now that could not before?
    pub(crate) fn can_start(&self, mut has_room: impl FnMut(&Step) -> bool) -> bool {
        self.parked.iter().any(|at| has_room(&self.steps[*at as usize]))
    }

    /// Steps whose southbound was busy are tried again.
    pub(crate) fn unpark(&mut self) {
        self.ready.extend(self.parked.drain(..).map(Reverse));
    }

    /// Nothing is under way and nothing can start.
    pub(crate) fn is_over(&self) -> bool {
        self.in_flight == 0 && self.ahead == 0 && self.ready.is_empty() && self.parked.is_empty()
    }

    /// Indexes of the steps right before each step.
    pub(crate) fn predecessors(&self) -> Vec<Vec<u32>> {
        let mut before = vec![Vec::new(); self.steps.len()];
        for (from, to) in &self.edges {
            before[*to as usize].push(*from);
        }
        before
    }

    fn leave(&mut self, at: u32, progress: Progress) {
        self.progress[at as usize] = progress;
        self.in_flight -= 1;
        self.ready.extend(self.parked.drain(..).map(Reverse));
    }

    fn successors(&self, at: u32) -> Vec<u32> {
        let Some(start) = self.starts.get(at as usize) else { return Vec::new() };
        let end = self.starts.get(at as usize + 1).copied().unwrap_or(*start);
        self.edges[*start as usize..end as usize].iter().map(|(_, to)| *to).collect()
    }
}

/// Does a cancelled step mean that its value is held by the failed one? Otherwise it is just
/// looked at again: a create whose dependency failed is pending.
pub(crate) fn is_held_by(failed: OpKind, cancelled: &Step) -> bool {
    match cancelled.op {
        OpKind::Delete => true,
        OpKind::Update | OpKind::Create if failed == OpKind::Delete => {
            cancelled.op == OpKind::Update || cancelled.recreate
        }
        _ => false,
    }
}

// === impl Traffic ===

impl Traffic {
    pub(crate) fn new(window: usize) -> Self {
        Self { window: window.max(1), ..Self::default() }
    }

    pub(crate) fn add(&mut self, lane: usize, serial: bool) {
        self.descriptors.push(Road { lane, serial, in_flight: 0 });
        if self.lanes.len() <= lane {
            self.lanes.resize(lane + 1, 0);
        }
    }

    pub(crate) fn has_room(&self, descriptor: DescriptorId) -> bool {
        self.descriptors.get(usize::from(descriptor)).is_none_or(|road| {
            (!road.serial || road.in_flight == 0)
                && self.lanes.get(road.lane).is_none_or(|n| *n < self.window)
        })
    }

    pub(crate) fn enter(&mut self, descriptor: DescriptorId) {
        if let Some(road) = self.descriptors.get_mut(usize::from(descriptor)) {
            road.in_flight += 1;
            if let Some(lane) = self.lanes.get_mut(road.lane) {
                *lane += 1;
            }
        }
    }

    pub(crate) fn leave(&mut self, descriptor: DescriptorId) {
        if let Some(road) = self.descriptors.get_mut(usize::from(descriptor)) {
            road.in_flight = road.in_flight.saturating_sub(1);
            if let Some(lane) = self.lanes.get_mut(road.lane) {
                *lane = lane.saturating_sub(1);
            }
        }
    }
}

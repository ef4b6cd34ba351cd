//! Steps under way: which may start, and what a failure takes with it.
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    time::Duration,
};

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
    /// Ready, but the road they take is full. A step is parked once, and looked at again when it is
    /// the first of its road and there is room: a plan that waits for one southbound costs no more
    /// than its length.
    parked: BTreeMap<DescriptorId, BinaryHeap<Reverse<u32>>>,
    in_flight: u32,
    /// How many have not ended.
    left: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Waiting,
    Started,
    Done,
    Cancelled,
}

/// A plan with so many steps left is a long one: northbound transactions pass it at any time.
pub(crate) const LONG: u32 = 256;
/// Long plans leave this part of a window to others,
const KEPT_SHARE: usize = 16;
/// and keep to this part of it while there are others: what is under way is answered before what they ask for.
const SHARED_SHARE: usize = 4;
/// So long after a northbound transaction the next one is expected.
const EXPECTED: Duration = Duration::from_millis(100);

/// How many operations are under way where.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    descriptors: Vec<Road>,
    lanes: Vec<usize>,
    window: usize,
    /// Until then there are others besides a long plan.
    others_until: Duration,
    are_others: bool,
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
        let left = steps.len() as u32;
        Self { steps, reasons, edges, starts, waiting, progress, ahead, left, ..Self::default() }
    }

    /// Why a step is taken.
    pub(crate) fn reason(&self, step: &Step) -> Reason {
        self.reasons.get(step.reason as usize).cloned().unwrap_or(Reason::Requested)
    }

    /// The next step that may start, if any. `road` says which one a step takes.
    pub(crate) fn next(
        &mut self,
        road: impl Fn(&Step) -> Option<DescriptorId>,
        has_room: impl Fn(DescriptorId) -> bool,
    ) -> Option<u32> {
        let waited = self.first_parked(&has_room);
        while let Some(at) = self.first() {
            if waited.is_some_and(|(waited, _)| waited < at) {
                break;
            }
            self.take(at);
            match road(&self.steps[at as usize]).filter(|road| !has_room(*road)) {
                None => return Some(self.start(at)),
                Some(full) => self.parked.entry(full).or_default().push(Reverse(at)),
            }
        }
        self.start_parked(waited?.1)
    }

    /// The next step that may start, if it takes this road, where there is room.
    pub(crate) fn next_on(
        &mut self,
        wanted: DescriptorId,
        road: impl Fn(&Step) -> Option<DescriptorId>,
    ) -> Option<u32> {
        let first = self.first();
        match self.first_parked(|road| road == wanted) {
            Some((waited, _)) if first.is_none_or(|first| waited < first) => {
                self.start_parked(wanted)
            }
            _ => {
                let at = first.filter(|at| road(&self.steps[*at as usize]) == Some(wanted))?;
                self.take(at);
                Some(self.start(at))
            }
        }
    }

    /// The first step that waits on one of these roads, with its road.
    fn first_parked(&self, on: impl Fn(DescriptorId) -> bool) -> Option<(u32, DescriptorId)> {
        let heads = self.parked.iter().filter(|(road, _)| on(**road));
        heads.filter_map(|(road, steps)| Some((steps.peek()?.0, *road))).min()
    }

    fn start_parked(&mut self, road: DescriptorId) -> Option<u32> {
        let Reverse(at) = self.parked.get_mut(&road)?.pop()?;
        Some(self.start(at))
    }

    fn start(&mut self, at: u32) -> u32 {
        self.progress[at as usize] = Progress::Started;
        self.in_flight += 1;
        at
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
                    self.left -= 1;
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
                self.left -= 1;
                cancelled.push(at);
            }
        }
        (self.ahead, self.passed) = (0, self.steps.len() as u32);
        self.ready.clear();
        self.parked.clear();
        cancelled
    }

    /// How many steps are under way or have not started.
    pub(crate) fn left(&self) -> u32 {
        self.left
    }

    /// How many steps have not started.
    pub(crate) fn not_started(&self) -> usize {
        self.left.saturating_sub(self.in_flight) as usize
    }

    /// Could a step start now that could not before?
    pub(crate) fn can_start(&self, has_room: impl Fn(DescriptorId) -> bool) -> bool {
        self.first_parked(has_room).is_some()
    }

    /// Nothing is under way and nothing can start.
    pub(crate) fn is_over(&self) -> bool {
        self.in_flight == 0
            && self.ahead == 0
            && self.ready.is_empty()
            && self.parked.values().all(BinaryHeap::is_empty)
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
        self.left -= 1;
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

    /// A northbound transaction begins.
    pub(crate) fn others_come(&mut self, now: Duration) {
        self.others_until = now + EXPECTED;
        self.are_others = true;
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, now: Duration) {
        self.are_others &= now < self.others_until;
    }

    /// May another operation of the descriptor begin, of a plan of which so much is left?
    pub(crate) fn has_room(&self, descriptor: DescriptorId, left: u32) -> bool {
        let window = match left {
            LONG.. if self.are_others => (self.window / SHARED_SHARE).max(1),
            LONG.. => self.window - self.window / KEPT_SHARE,
            _ => self.window,
        };
        self.descriptors.get(usize::from(descriptor)).is_none_or(|road| {
            (!road.serial || road.in_flight == 0)
                && self.lanes.get(road.lane).is_none_or(|n| *n < window)
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Creates without edges; the parity of the node is its road.
    fn plan(length: u32) -> Run {
        let step = |at| Step {
            node: at,
            op: OpKind::Create,
            recreate: false,
            along: false,
            in_cycle: false,
            reason: 0,
        };
        Run::new(Steps { steps: (0..length).map(step).collect(), ..Steps::default() })
    }

    fn road(step: &Step) -> Option<DescriptorId> {
        Some(DescriptorId::try_from(step.node % 2).unwrap())
    }

    fn traffic(window: usize) -> Traffic {
        let mut traffic = Traffic::new(window);
        traffic.add(0, false);
        traffic.add(1, false);
        traffic
    }

    #[test]
    fn a_full_road_holds_up_nobody_else() {
        let (mut run, mut traffic) = (plan(100), traffic(3));
        let mut started = Vec::new();
        while let Some(at) = run.next(road, |d| traffic.has_room(d, 0)) {
            traffic.enter(road(&run.steps[at as usize]).unwrap());
            started.push(at);
        }
        assert_eq!(started, [0, 1, 2, 3, 4, 5]);
        // The odd ones are answered, the even ones are not.
        for _ in 0..47 {
            let odd = started.iter().position(|at| at % 2 == 1).unwrap();
            run.finish(started.remove(odd));
            traffic.leave(1);
            assert!(run.can_start(|d| traffic.has_room(d, 0)));
            let next = run.next(road, |d| traffic.has_room(d, 0)).unwrap();
            assert_eq!(next % 2, 1);
            traffic.enter(1);
            started.push(next);
        }
        assert_eq!(started, [0, 2, 4, 95, 97, 99]);
        assert!(!run.is_over());
    }

    #[test]
    fn long_plans_leave_room_to_others() {
        let mut traffic = traffic(32);
        let fill = |traffic: &mut Traffic, left| {
            while traffic.has_room(0, left) {
                traffic.enter(0);
            }
            traffic.descriptors[0].in_flight
        };
        traffic.others_come(Duration::ZERO);
        traffic.pass(EXPECTED / 2);
        assert_eq!(fill(&mut traffic, LONG), 8);
        traffic.pass(EXPECTED);
        assert_eq!(fill(&mut traffic, LONG), 30);
        assert_eq!(fill(&mut traffic, LONG - 1), 32);
        let mut narrow = Traffic::new(1);
        narrow.add(0, false);
        assert!(narrow.has_room(0, LONG), "there is always room for one");
    }

    #[test]
    fn what_waits_for_one_road_is_not_looked_at_for_each_answer() {
        const LENGTH: u32 = 10_000;
        let (mut run, mut traffic) = (plan(LENGTH), traffic(4));
        let (looks, mut under_way, mut order) = (Cell::new(0), Vec::new(), Vec::new());
        while !run.is_over() {
            let counted = |step: &Step| {
                looks.set(looks.get() + 1);
                road(step)
            };
            while let Some(at) = run.next(counted, |d| traffic.has_room(d, 0)) {
                traffic.enter(road(&run.steps[at as usize]).unwrap());
                under_way.push(at);
            }
            let at = under_way.remove(0);
            traffic.leave(road(&run.steps[at as usize]).unwrap());
            run.finish(at);
            order.push(at);
        }
        assert_eq!(order, (0..LENGTH).collect::<Vec<_>>());
        assert!(looks.get() <= LENGTH, "{} looks", looks.get());
    }

    #[test]
    fn a_batch_takes_what_waited_first() {
        let (mut run, mut traffic) = (plan(8), traffic(1));
        for expected in [0, 1] {
            let at = run.next(road, |d| traffic.has_room(d, 0)).unwrap();
            assert_eq!(at, expected);
            traffic.enter(road(&run.steps[at as usize]).unwrap());
        }
        assert_eq!(run.next(road, |d| traffic.has_room(d, 0)), None);
        traffic.leave(1);
        run.finish(1);
        assert_eq!(run.next_on(1, road), Some(3));
        assert_eq!(run.next_on(1, road), Some(5));
        assert_eq!(run.next_on(1, road), Some(7));
        assert_eq!(run.next_on(1, road), None);
    }
}

//! Requests in flight: a slab whose slots are named by the context of the request.
//!
//! A context holds the number of a slot and the slot's generation, so that a reply which arrives after its request was
//! given up finds nobody. The top bit stays clear: VPP's client indexes, which stand at the same place in events, have
//! it set. All of this runs under the lock of the link and only moves bytes; decoding is done by who waits.

use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use bytes::BytesMut;
use smallvec::SmallVec;
use tokio::time::Instant;

use self::details::Details;
use crate::error::LostReason;
use crate::traffic::{ByMessage, Traffic};

const INDEX_BITS: u32 = 18;
const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;
const GENERATION_MASK: u32 = (1 << (31 - INDEX_BITS)) - 1;

/// Payload of a reply; nearly all fit in place.
pub(crate) type ReplyBytes = SmallVec<[u8; 32]>;

/// Names one request in flight; sent to VPP as `context`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Context(u32);

impl Context {
    fn new(index: u32, generation: u32) -> Self {
        Self((generation & GENERATION_MASK) << INDEX_BITS | index)
    }

    pub(crate) fn from_wire(context: u32) -> Self {
        Self(context)
    }

    pub(crate) fn to_wire(self) -> u32 {
        self.0
    }

    fn index(self) -> u32 {
        self.0 & INDEX_MASK
    }
}

/// What ends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// One message of this number.
    Reply(u16),
    /// Any number of `details`, then one `end`.
    Dump { details: u16, end: u16 },
}

/// Why a request ended without its answer.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    TimedOut(Duration),
    /// `sent` is false if no byte of the request left this process.
    Lost {
        reason: LostReason,
        sent: bool,
    },
    TooLarge,
}

/// What arrived of a dump since the last look.
#[derive(Debug)]
pub(crate) enum DumpPart {
    /// Details, each preceded by its length as a native `u32`.
    Details(BytesMut),
    /// Payload of the message that ended it.
    End(ReplyBytes),
}

/// A request about to be registered.
pub(crate) struct NewRequest {
    pub(crate) expect: Expect,
    pub(crate) timeout: Duration,
    pub(crate) now: Instant,
    /// Position of its first byte in the output of the connection.
    pub(crate) offset: u64,
    /// Whether it holds a permit of the window.
    pub(crate) counted: bool,
    /// Place of the counters of its name.
    pub(crate) row: u32,
}

#[derive(Debug)]
enum Phase {
    Vacant,
    Waiting { details: Details },
    Done { details: Details, end: ReplyBytes },
    Failed(Failure),
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    phase: Phase,
    expect: Expect,
    deadline: Instant,
    timeout: Duration,
    offset: u64,
    /// Position behind its last byte, once that is known.
    end: u64,
    counted: bool,
    row: u32,
    sent: Instant,
    waker: Option<Waker>,
    /// Nobody waits any more; the slot is freed when the reply comes.
    abandoned: bool,
}

/// What one received message meant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// It ended a request.
    Finished,
    /// It was one of several.
    Progress,
    /// Nobody waits for it.
    Stale,
    /// It has the context of a request that expects another message.
    Wrong { expected: u16 },
}

/// All requests in flight, and answers not yet fetched.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    slots: Vec<Slot>,
    free: Vec<u32>,
    waiting: usize,
    permits: usize,
    /// Since when there have been requests without an answer at every moment.
    busy: Option<Instant>,
    pub(crate) traffic: Traffic,
    pub(crate) by_message: ByMessage,
}

impl Slots {
    /// Requests still without an answer.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Since when there have been requests without an answer at every moment, or since the last break.
    pub(crate) fn busy_since(&self) -> Option<Instant> {
        self.busy
    }

    /// Whether every request that is whole before this place in the output has its answer. One of which only the
    /// beginning was written cannot have it.
    pub(crate) fn answered_up_to(&self, place: u64) -> bool {
        let waits = |slot: &Slot| matches!(slot.phase, Phase::Waiting { .. }) && slot.end <= place;
        !self.slots.iter().any(waits)
    }

    /// The last byte of a request is before this place in the output.
    pub(crate) fn ends(&mut self, context: Context, place: u64) {
        if let Some(slot) = self.slots.get_mut(context.index() as usize) {
            slot.end = place;
        }
    }

    /// VPP was given nothing to do for a while.
    pub(crate) fn had_a_break(&mut self, now: Instant) {
        self.busy = self.busy.map(|_| now);
    }

    /// Permits of the window that ended requests have left since the last call.
    pub(crate) fn take_permits(&mut self) -> usize {
        std::mem::take(&mut self.permits)
    }

    /// Registers a request; `None` if every slot is taken.
    pub(crate) fn insert(&mut self, new: &NewRequest) -> Option<Context> {
        let index = match self.free.pop() {
            Some(index) => index,
            None => self.grow(new)?,
        };
        let slot = self.slots.get_mut(index as usize)?;
        slot.phase = Phase::Waiting { details: Details::default() };
        slot.expect = new.expect;
        slot.deadline = new.now + new.timeout;
        slot.timeout = new.timeout;
        slot.offset = new.offset;
        slot.end = u64::MAX;
        slot.counted = new.counted;
        slot.row = new.row;
        slot.sent = new.now;
        slot.waker = None;
        slot.abandoned = false;
        self.waiting += 1;
        self.busy.get_or_insert(new.now);
        self.traffic.requests += 1;
        Some(Context::new(index, slot.generation))
    }

    fn grow(&mut self, new: &NewRequest) -> Option<u32> {
        let index = u32::try_from(self.slots.len()).ok().filter(|i| *i <= INDEX_MASK)?;
        self.slots.push(Slot {
            generation: 0,
            phase: Phase::Vacant,
            expect: new.expect,
            deadline: new.now,
            timeout: new.timeout,
            offset: 0,
            end: u64::MAX,
            counted: false,
            row: new.row,
            sent: new.now,
            waker: None,
            abandoned: false,
        });
        Some(index)
    }

    /// Takes in a message of VPP. Who has to be woken is added to `wake`.
    pub(crate) fn receive(
        &mut self,
        (context, id): (Context, u16),
        payload: &[u8],
        (now, max_dump): (Instant, usize),
        wake: &mut Vec<Waker>,
    ) -> Received {
        self.traffic.answers += 1;
        let Some(slot) = slot_of(&mut self.slots, context) else { return Received::Stale };
        if let Some(row) = self.by_message.row(slot.row) {
            row.answers += 1;
        }
        let Phase::Waiting { details } = &mut slot.phase else { return Received::Stale };
        let ended = match slot.expect {
            Expect::Dump { details: expected, .. } if id == expected => {
                slot.deadline = now + slot.timeout;
                if slot.abandoned {
                    return Received::Progress;
                }
                if details.len() + payload.len() <= max_dump {
                    details.push(payload);
                    wake.extend(slot.waker.take());
                    return Received::Progress;
                }
                Phase::Failed(Failure::TooLarge)
            }
            Expect::Reply(end) | Expect::Dump { end, .. } if id == end => {
                let details = std::mem::take(details);
                Phase::Done { details, end: ReplyBytes::from_slice(payload) }
            }
            Expect::Reply(expected) | Expect::Dump { details: expected, .. } => {
                return Received::Wrong { expected };
            }
        };
        self.finish(context, ended, now, wake);
        Received::Finished
    }

    fn finish(&mut self, context: Context, phase: Phase, now: Instant, wake: &mut Vec<Waker>) {
        let failed = matches!(phase, Phase::Failed(_));
        let Some(slot) = slot_of(&mut self.slots, context) else { return };
        slot.phase = phase;
        wake.extend(slot.waker.take());
        let (row, took) = (slot.row, now.saturating_duration_since(slot.sent));
        self.waiting -= 1;
        if self.waiting == 0 {
            self.busy = None;
        }
        self.permits += usize::from(slot.counted);
        self.traffic.done += u64::from(!failed);
        self.traffic.failed += u64::from(failed);
        if !failed {
            self.by_message.done(row, took);
        } else if let Some(row) = self.by_message.row(row) {
            row.failed += 1;
        }
        if slot.abandoned {
            vacate(slot, context, &mut self.free);
        }
    }

    /// Ends every request whose deadline has passed.
    pub(crate) fn expire(&mut self, now: Instant, wake: &mut Vec<Waker>) {
        self.end_where(now, wake, |slot| {
            (slot.deadline <= now).then_some(Failure::TimedOut(slot.timeout))
        });
    }

    /// Ends every request because the connection is gone. Bytes from position `written` on never left this process.
    pub(crate) fn lose(
        &mut self,
        reason: &LostReason,
        (written, now): (u64, Instant),
        wake: &mut Vec<Waker>,
    ) {
        self.end_where(now, wake, |slot| {
            Some(Failure::Lost { reason: reason.clone(), sent: slot.offset < written })
        });
    }

    fn end_where(
        &mut self,
        now: Instant,
        wake: &mut Vec<Waker>,
        failure: impl Fn(&Slot) -> Option<Failure>,
    ) {
        if self.waiting == 0 {
            return;
        }
        let mut ended = Vec::new();
        for (index, slot) in (0u32..).zip(&self.slots) {
            if matches!(slot.phase, Phase::Waiting { .. })
                && let Some(failure) = failure(slot)
            {
                ended.push((Context::new(index, slot.generation), failure));
            }
        }
        for (context, failure) in ended {
            self.finish(context, Phase::Failed(failure), now, wake);
        }
    }

    /// Looks for the answer of a call; frees the slot when it is there.
    pub(crate) fn poll_reply(
        &mut self,
        context: Context,
        task: &mut TaskContext<'_>,
    ) -> Poll<Result<ReplyBytes, Failure>> {
        match self.poll_dump(context, task) {
            Poll::Pending | Poll::Ready(Ok(DumpPart::Details(_))) => Poll::Pending,
            Poll::Ready(Ok(DumpPart::End(bytes))) => Poll::Ready(Ok(bytes)),
            Poll::Ready(Err(failure)) => Poll::Ready(Err(failure)),
        }
    }

    /// Looks for more of a dump; frees the slot at its end.
    pub(crate) fn poll_dump(
        &mut self,
        context: Context,
        task: &mut TaskContext<'_>,
    ) -> Poll<Result<DumpPart, Failure>> {
        let Some(slot) = slot_of(&mut self.slots, context) else { return Poll::Pending };
        if let Phase::Waiting { details } | Phase::Done { details, .. } = &mut slot.phase
            && let Some(part) = details.pop()
        {
            return Poll::Ready(Ok(DumpPart::Details(part)));
        }
        match &mut slot.phase {
            Phase::Vacant => return Poll::Pending,
            Phase::Waiting { .. } => {
                match &mut slot.waker {
                    Some(waker) => waker.clone_from(task.waker()),
                    none => *none = Some(task.waker().clone()),
                }
                return Poll::Pending;
            }
            Phase::Done { .. } | Phase::Failed(_) => {}
        }
        match vacate(slot, context, &mut self.free) {
            Phase::Done { end, .. } => Poll::Ready(Ok(DumpPart::End(end))),
            Phase::Failed(failure) => Poll::Ready(Err(failure)),
            Phase::Vacant | Phase::Waiting { .. } => Poll::Pending,
        }
    }

    /// Nobody waits for this one any more.
    pub(crate) fn abandon(&mut self, context: Context) {
        let Some(slot) = slot_of(&mut self.slots, context) else { return };
        if let Phase::Waiting { details } = &mut slot.phase {
            details.clear();
            slot.abandoned = true;
            slot.waker = None;
        } else {
            vacate(slot, context, &mut self.free);
        }
    }
}

/// The slot of a request, unless the request was given up.
fn slot_of(slots: &mut [Slot], context: Context) -> Option<&mut Slot> {
    let slot = slots.get_mut(context.index() as usize)?;
    (Context::new(context.index(), slot.generation) == context).then_some(slot)
}

/// Makes a slot free for the next request; gives what was in it.
fn vacate(slot: &mut Slot, context: Context, free: &mut Vec<u32>) -> Phase {
    slot.waker = None;
    slot.generation = slot.generation.wrapping_add(1) & GENERATION_MASK;
    free.push(context.index());
    std::mem::replace(&mut slot.phase, Phase::Vacant)
}

mod details;
#[cfg(test)]
mod tests;

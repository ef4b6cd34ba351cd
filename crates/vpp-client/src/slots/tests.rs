//! The slab of requests in flight, without any socket.

use super::*;
use std::task::Waker;

const REPLY: u16 = 40;
const DETAILS: u16 = 41;
const END: u16 = 42;
const LIMIT: usize = 1000;

struct Fixture {
    slots: Slots,
    now: Instant,
    wake: Vec<Waker>,
}

impl Fixture {
    fn new() -> Self {
        Self { slots: Slots::default(), now: Instant::now(), wake: Vec::new() }
    }

    fn insert(&mut self, expect: Expect) -> Context {
        self.insert_at(expect, 0)
    }

    fn insert_at(&mut self, expect: Expect, offset: u64) -> Context {
        let timeout = Duration::from_secs(1);
        self.slots
            .insert(&NewRequest { expect, timeout, now: self.now, offset, counted: true, row: 0 })
            .unwrap()
    }

    fn receive(&mut self, context: Context, id: u16, payload: &[u8]) -> Received {
        self.slots.receive((context, id), payload, (self.now, LIMIT), &mut self.wake)
    }

    fn poll(&mut self, context: Context) -> Poll<Result<DumpPart, Failure>> {
        self.slots.poll_dump(context, &mut TaskContext::from_waker(Waker::noop()))
    }
}

#[test]
fn a_reply_finds_its_request_and_wakes_it() {
    let mut f = Fixture::new();
    let first = f.insert(Expect::Reply(REPLY));
    let second = f.insert(Expect::Reply(REPLY));
    assert!(f.poll(second).is_pending());
    assert_eq!(f.receive(second, REPLY, b"two"), Received::Finished);
    assert_eq!(f.wake.len(), 1);
    assert_eq!(f.slots.waiting(), 1);
    let Poll::Ready(Ok(DumpPart::End(bytes))) = f.poll(second) else { panic!("no reply") };
    assert_eq!(&bytes[..], b"two");
    assert!(f.poll(first).is_pending());
}

#[test]
fn a_late_reply_finds_nobody() {
    let mut f = Fixture::new();
    let old = f.insert(Expect::Reply(REPLY));
    f.now += Duration::from_secs(2);
    f.slots.expire(f.now, &mut f.wake);
    assert_eq!(f.slots.take_permits(), 1);
    let Poll::Ready(Err(Failure::TimedOut(_))) = f.poll(old) else { panic!("no timeout") };
    let new = f.insert(Expect::Reply(REPLY));
    assert_eq!(f.receive(old, REPLY, b""), Received::Stale);
    assert_eq!(f.receive(new, REPLY, b""), Received::Finished);
}

#[test]
fn details_move_the_deadline_and_come_before_the_end() {
    let mut f = Fixture::new();
    let dump = f.insert(Expect::Dump { details: DETAILS, end: END });
    f.now += Duration::from_millis(900);
    assert_eq!(f.receive(dump, DETAILS, b"abc"), Received::Progress);
    f.now += Duration::from_millis(900);
    f.slots.expire(f.now, &mut f.wake);
    assert_eq!(f.slots.waiting(), 1);
    assert_eq!(f.receive(dump, END, b""), Received::Finished);
    let Poll::Ready(Ok(DumpPart::Details(details))) = f.poll(dump) else { panic!("no details") };
    assert_eq!(&details[4..], b"abc");
    assert!(matches!(f.poll(dump), Poll::Ready(Ok(DumpPart::End(_)))));
}

#[test]
fn a_dump_without_bounds_is_cut_off() {
    let mut f = Fixture::new();
    let dump = f.insert(Expect::Dump { details: DETAILS, end: END });
    assert_eq!(f.receive(dump, DETAILS, &[0; 900]), Received::Progress);
    assert_eq!(f.receive(dump, DETAILS, &[0; 900]), Received::Finished);
    assert!(matches!(f.poll(dump), Poll::Ready(Err(Failure::TooLarge))));
    assert_eq!(f.receive(dump, DETAILS, &[0; 900]), Received::Stale);
}

#[test]
fn a_reply_of_another_kind_is_noticed() {
    let mut f = Fixture::new();
    let call = f.insert(Expect::Reply(REPLY));
    assert_eq!(f.receive(call, END, b""), Received::Wrong { expected: REPLY });
}

#[test]
fn a_lost_connection_tells_sent_from_unsent() {
    let mut f = Fixture::new();
    let sent = f.insert_at(Expect::Reply(REPLY), 0);
    let unsent = f.insert_at(Expect::Reply(REPLY), 30);
    f.slots.lose(&LostReason::PeerClosed, (30, f.now), &mut f.wake);
    assert_eq!(f.slots.take_permits(), 2);
    assert!(matches!(f.poll(sent), Poll::Ready(Err(Failure::Lost { sent: true, .. }))));
    assert!(matches!(f.poll(unsent), Poll::Ready(Err(Failure::Lost { sent: false, .. }))));
    assert_eq!(f.slots.waiting(), 0);
}

#[test]
fn an_abandoned_request_keeps_its_slot_until_the_reply() {
    let mut f = Fixture::new();
    let gone = f.insert(Expect::Reply(REPLY));
    f.slots.abandon(gone);
    let next = f.insert(Expect::Reply(REPLY));
    assert_ne!(gone.index(), next.index());
    assert_eq!(f.receive(gone, REPLY, b""), Received::Finished);
    let again = f.insert(Expect::Reply(REPLY));
    assert_eq!(gone.index(), again.index());
    assert_ne!(gone, again);
}

#[test]
fn contexts_never_look_like_client_indexes() {
    let last = Context::new(INDEX_MASK, GENERATION_MASK);
    assert_eq!(last.to_wire() >> 31, 0);
}

#[test]
fn a_stretch_of_work_ends_with_the_last_answer() {
    let mut f = Fixture::new();
    let began = f.now;
    assert_eq!(f.slots.busy_since(), None);
    let first = f.insert_at(Expect::Reply(REPLY), 0);
    f.now += Duration::from_millis(5);
    let second = f.insert_at(Expect::Reply(REPLY), 30);
    assert_eq!(f.slots.busy_since(), Some(began));
    f.slots.ends(first, 30);
    f.slots.ends(second, 60);
    assert!(f.slots.answered_up_to(29) && !f.slots.answered_up_to(30));
    f.receive(first, REPLY, b"");
    assert_eq!(f.slots.busy_since(), Some(began));
    // Of which a part was written only cannot be answered, and is not waited for.
    assert!(f.slots.answered_up_to(59) && !f.slots.answered_up_to(60));
    f.slots.had_a_break(f.now);
    assert_eq!(f.slots.busy_since(), Some(f.now));
    f.receive(second, REPLY, b"");
    assert_eq!(f.slots.busy_since(), None);
    f.slots.had_a_break(f.now);
    assert_eq!(f.slots.busy_since(), None);
}

//! What requesters, the reader and the writer share: one lock over the output buffer and the requests in flight.
//!
//! The lock is held for copying bytes only, never over a system call or an await.

use std::any::TypeId;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use bytes::BytesMut;
use ligato_vpp_api::msg::memclnt::{MemclntKeepalive, MemclntKeepaliveReply};
use ligato_vpp_api::{HeaderKind, Message};
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;

use crate::capture::Tap;
use crate::error::{LostReason, VppError};
use crate::events::Registry;
use crate::liveness::{Liveness, Pulse};
use crate::options::Options;
use crate::slots::{Context, Expect, NewRequest, Slots};
use crate::state::Connection;
use crate::table::{MessageTable, Unavailable};
use crate::traffic::Answers;
use crate::wire;

/// The heart of a client, shared by all its handles and tasks.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) state: watch::Sender<Connection>,
    pub(crate) liveness: watch::Sender<Liveness>,
    pub(crate) pulse: Option<Arc<dyn Pulse>>,
    pub(crate) events: Registry,
    /// One permit per request that may wait for a reply.
    pub(crate) window: Semaphore,
    /// Wakes the writer when it sleeps.
    pub(crate) wake_writer: Notify,
    /// Bytes of the current connection handed to the kernel.
    pub(crate) written: AtomicU64,
    /// Where messages are copied while the conversation is captured.
    pub(crate) tap: Tap,
    link: Mutex<Link>,
}

/// What the lock protects.
pub(crate) struct Link {
    pub(crate) slots: Slots,
    pub(crate) session: Result<Session, LostReason>,
}

/// One connection to VPP, from the handshake on.
pub(crate) struct Session {
    /// Bytes the writer has not taken yet.
    pub(crate) out: BytesMut,
    /// Bytes ever put into `out`.
    enqueued: u64,
    pub(crate) writer_sleeps: bool,
    gate: Gate,
    /// Number of the VPP process; 0 until it has introduced itself.
    incarnation: u64,
    last_heard: Instant,
    client_index: u32,
    /// Number of the message by which VPP asks whether the client lives.
    keepalive: Option<u16>,
    table: Arc<MessageTable>,
    /// Numbers of details that have a client index in front of their context (a few do).
    long_details: FxHashSet<u16>,
    /// Numbers of messages already looked up.
    ids: FxHashMap<TypeId, Result<u16, Unavailable>>,
}

/// Who may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    /// Everybody.
    Open,
    /// The client itself: while VPP introduces itself, and when it is time to go.
    Shut,
}

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sender {
    /// The client itself, also before the connection is announced.
    Client,
    /// Somebody else; with a number, only to this VPP process.
    User(Option<u64>),
}

impl Session {
    pub(crate) fn new(client_index: u32, table: Arc<MessageTable>, now: Instant) -> Self {
        Self {
            out: BytesMut::new(),
            enqueued: 0,
            writer_sleeps: false,
            gate: Gate::Shut,
            incarnation: 0,
            last_heard: now,
            client_index,
            keepalive: wire::resolve::<MemclntKeepalive>(&table).ok(),
            table,
            long_details: FxHashSet::default(),
            ids: FxHashMap::default(),
        }
    }

    /// Number of `M` on this connection.
    pub(crate) fn id<M: Message>(&mut self) -> Result<u16, VppError> {
        let found = match self.ids.entry(TypeId::of::<M>()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(wire::resolve::<M>(&self.table)),
        };
        found.clone().map_err(|reason| VppError::Unavailable { message: M::NAME, reason })
    }

    /// As [`Self::id`], of details to be received.
    fn details_id<D: Message>(&mut self) -> Result<u16, VppError> {
        let id = self.id::<D>()?;
        if D::HEADER == HeaderKind::Request {
            self.long_details.insert(id);
        }
        Ok(id)
    }

    /// Whether the writer has to be woken; it is asked once.
    fn rouse(&mut self) -> bool {
        !self.out.is_empty() && std::mem::take(&mut self.writer_sleeps)
    }

    fn put<M: Message>(&mut self, id: u16, context: Context, message: &M) {
        let before = self.out.len();
        wire::put_request(&mut self.out, (id, self.client_index, context), message);
        self.enqueued += (self.out.len() - before) as u64;
    }
}

impl Link {
    /// Notes a sign of life.
    pub(crate) fn heard(&mut self, now: Instant) {
        if let Ok(session) = &mut self.session {
            session.last_heard = now;
        }
    }

    /// Context and payload of a message that answers something, from what follows its number.
    pub(crate) fn answer<'m>(
        &self,
        id: u16,
        second: u32,
        rest: &'m [u8],
    ) -> Option<(Context, &'m [u8])> {
        let long = |session: &Session| session.long_details.contains(&id);
        if self.session.as_ref().is_ok_and(long) {
            let (context, payload) = rest.split_first_chunk()?;
            return Some((Context::from_wire(u32::from_be_bytes(*context)), payload));
        }
        Some((Context::from_wire(second), rest))
    }

    /// Answers VPP's question whether the client lives; `false` if the message is something else. VPP asks only
    /// clients over shared memory, so far.
    pub(crate) fn answer_keepalive(&mut self, id: u16, rest: &[u8]) -> bool {
        let Ok(session) = &mut self.session else { return false };
        if session.keepalive != Some(id) {
            return false;
        }
        if let (Some(context), Ok(reply)) =
            (rest.first_chunk(), session.id::<MemclntKeepaliveReply>())
        {
            let context = Context::from_wire(u32::from_be_bytes(*context));
            session.put(reply, context, &MemclntKeepaliveReply { retval: 0 });
        }
        true
    }
}

impl Shared {
    pub(crate) fn new(options: Options, pulse: Option<Arc<dyn Pulse>>) -> Self {
        let disconnected = Connection::Disconnected { reason: LostReason::NotYet, attempts: 0 };
        Self {
            window: Semaphore::new(options.window.min(Semaphore::MAX_PERMITS)),
            events: Registry::new(options.event_queue),
            state: watch::Sender::new(disconnected),
            liveness: watch::Sender::new(Liveness::Answering),
            pulse,
            wake_writer: Notify::new(),
            written: AtomicU64::new(0),
            tap: Tap::default(),
            link: Mutex::new(Link { slots: Slots::default(), session: Err(LostReason::NotYet) }),
            options,
        }
    }

    /// Takes the lock; a panic elsewhere cannot leave it half-changed, since nothing under it calls out.
    pub(crate) fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a call into the output; its context names it from then on. The caller holds a permit of the window.
    pub(crate) fn send_call<M: Message, R: Message>(
        &self,
        only: Option<u64>,
        timeout: Duration,
        message: &M,
    ) -> Result<Context, VppError> {
        let answers = Answers { details: None, last: R::NAME };
        self.send((Sender::User(only), timeout), message, answers, |session| {
            Ok(Expect::Reply(session.id::<R>()?))
        })
    }

    /// A call of the client itself: allowed before the connection is announced, and outside the window.
    pub(crate) fn send_own_call<M: Message, R: Message>(
        &self,
        timeout: Duration,
        message: &M,
    ) -> Result<Context, VppError> {
        let answers = Answers { details: None, last: R::NAME };
        self.send((Sender::Client, timeout), message, answers, |session| {
            Ok(Expect::Reply(session.id::<R>()?))
        })
    }

    /// Puts a request with several answers into the output.
    pub(crate) fn send_dump<M: Message, D: Message, E: Message>(
        &self,
        only: Option<u64>,
        timeout: Duration,
        message: &M,
    ) -> Result<Context, VppError> {
        let answers = Answers { details: Some(D::NAME), last: E::NAME };
        self.send((Sender::User(only), timeout), message, answers, |session| {
            Ok(Expect::Dump { details: session.details_id::<D>()?, end: session.id::<E>()? })
        })
    }

    /// As [`Self::send_dump`], with the end marked by the reply to `marker`, which follows under the same context.
    pub(crate) fn send_marked_dump<M: Message, D: Message, P: Message, E: Message>(
        &self,
        only: Option<u64>,
        timeout: Duration,
        message: &M,
        marker: &P,
    ) -> Result<Context, VppError> {
        let mut link = self.link();
        let answers = Answers { details: Some(D::NAME), last: E::NAME };
        let from = (Sender::User(only), timeout);
        let context = self.enqueue(&mut link, from, message, answers, |session| {
            session.id::<P>()?;
            Ok(Expect::Dump { details: session.details_id::<D>()?, end: session.id::<E>()? })
        })?;
        let Link { slots, session } = &mut *link;
        if let Ok(session) = session {
            let id = session.id::<P>()?;
            session.put(id, context, marker);
            slots.ends(context, session.enqueued);
        }
        self.settle(link, &mut Vec::new());
        Ok(context)
    }

    fn send<M: Message>(
        &self,
        from: (Sender, Duration),
        message: &M,
        answers: Answers,
        expect: impl FnOnce(&mut Session) -> Result<Expect, VppError>,
    ) -> Result<Context, VppError> {
        let mut link = self.link();
        let context = self.enqueue(&mut link, from, message, answers, expect)?;
        self.settle(link, &mut Vec::new());
        Ok(context)
    }

    fn enqueue<M: Message>(
        &self,
        link: &mut Link,
        (sender, timeout): (Sender, Duration),
        message: &M,
        answers: Answers,
        expect: impl FnOnce(&mut Session) -> Result<Expect, VppError>,
    ) -> Result<Context, VppError> {
        let Link { slots, session } = link;
        let session = match session {
            Ok(session) if sender == Sender::Client => session,
            Ok(session) if session.gate == Gate::Shut => {
                return Err(VppError::NotConnected { reason: LostReason::NotYet });
            }
            Ok(session) => match sender {
                Sender::User(Some(only)) if only != session.incarnation => {
                    return Err(VppError::NotConnected { reason: LostReason::OtherIncarnation });
                }
                _ => session,
            },
            Err(reason) => return Err(VppError::NotConnected { reason: reason.clone() }),
        };
        let id = session.id::<M>()?;
        let expect = expect(session)?;
        if session.out.len() > self.options.max_unsent {
            return Err(VppError::Backlog { message: M::NAME, waiting: session.out.len() });
        }
        let counted = sender != Sender::Client;
        let (now, offset) = (Instant::now(), session.enqueued);
        let row = slots.by_message.sent::<M>(answers);
        let new = NewRequest { expect, timeout, now, offset, counted, row };
        let Some(context) = slots.insert(&new) else {
            return Err(VppError::Backlog { message: M::NAME, waiting: slots.waiting() });
        };
        session.put(id, context, message);
        slots.ends(context, session.enqueued);
        Ok(context)
    }

    /// Starts a connection: from here on the client itself may send.
    pub(crate) fn begin(&self, session: Session) {
        self.written.store(0, Ordering::Relaxed);
        self.tap.opened(&session.table);
        let mut link = self.link();
        link.session = Ok(session);
        link.slots.traffic.connections += 1;
    }

    /// Lets everybody send: VPP has introduced itself.
    pub(crate) fn open(&self, incarnation: u64) {
        if let Ok(session) = &mut self.link().session {
            session.gate = Gate::Open;
            session.incarnation = incarnation;
        }
    }

    /// Lets nobody send but the client itself.
    pub(crate) fn shut(&self) {
        if let Ok(session) = &mut self.link().session {
            session.gate = Gate::Shut;
        }
    }

    /// The message table of the connection.
    pub(crate) fn table(&self) -> Option<Arc<MessageTable>> {
        self.link().session.as_ref().ok().map(|session| session.table.clone())
    }

    /// When something was last received.
    pub(crate) fn last_heard(&self) -> Option<Instant> {
        self.link().session.as_ref().ok().map(|session| session.last_heard)
    }

    /// Works out anew where events go; `false` if there is no connection.
    pub(crate) fn route_events(&self) -> bool {
        let table = self.table();
        if let Some(table) = &table {
            self.events.connect(table);
        }
        table.is_some()
    }

    /// Ends the connection: every request in flight fails.
    pub(crate) fn end(&self, reason: &LostReason) {
        let mut wake = Vec::new();
        self.tap.closed(reason);
        let mut link = self.link();
        link.session = Err(reason.clone());
        let written = self.written.load(Ordering::Relaxed);
        link.slots.lose(reason, (written, Instant::now()), &mut wake);
        self.settle(link, &mut wake);
    }

    /// Gives requests up whose time is over.
    pub(crate) fn expire(&self, now: Instant) {
        let mut wake = Vec::new();
        let mut link = self.link();
        link.slots.expire(now, &mut wake);
        self.settle(link, &mut wake);
    }

    /// Gives the lock back, then does what must not be done under it: returns permits, wakes the writer if it sleeps
    /// over unsent bytes, and wakes who waits.
    pub(crate) fn settle(&self, mut link: MutexGuard<'_, Link>, wake: &mut Vec<Waker>) {
        let permits = link.slots.take_permits();
        let rouse = link.session.as_mut().is_ok_and(Session::rouse);
        drop(link);
        if permits > 0 {
            self.window.add_permits(permits);
        }
        if rouse {
            self.wake_writer.notify_one();
        }
        for waker in wake.drain(..) {
            waker.wake();
        }
    }
}

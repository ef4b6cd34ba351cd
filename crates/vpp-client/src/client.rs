//! The handle everybody uses.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use ligato_vpp_api::msg::memclnt::{ControlPing, ControlPingReply};
use ligato_vpp_api::{Dump, Event, Message, Reply, Request, StreamDump};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::call::PendingReply;
use crate::capture::CaptureStatus;
use crate::dump::DumpStream;
use crate::error::{LostReason, VppError};
use crate::events::EventStream;
use crate::link::Shared;
use crate::liveness::{Liveness, Pulse};
use crate::options::Options;
use crate::slots::Context;
use crate::state::{Connection, Peer};
use crate::supervisor;
use crate::traffic::{MessageTraffic, Traffic};
use crate::wire;

/// `retval` of a stream dump that is to be continued (`VNET_API_ERROR_EAGAIN`).
const AGAIN: i32 = ligato_vpp_api::VppError::EAGAIN.0;

/// A client of one VPP. Cheap to clone; connects in the background, for ever, until the last clone is dropped.
#[derive(Clone)]
pub struct VppClient {
    shared: Arc<Shared>,
    timeout: Duration,
    /// The VPP process that is meant; any if `None`.
    only: Option<u64>,
    _ends_with_the_last: Arc<DropGuard>,
    cancel: CancellationToken,
}

impl VppClient {
    /// Starts connecting. Must be called within a Tokio runtime.
    pub fn start(options: Options) -> Self {
        Self::start_with(options, None)
    }

    /// As [`Self::start`], with something that shows whether VPP's main loop goes around.
    pub fn start_with(options: Options, pulse: Option<Arc<dyn Pulse>>) -> Self {
        let cancel = CancellationToken::new();
        let timeout = options.reply_timeout;
        let shared = Arc::new(Shared::new(options, pulse));
        tokio::spawn(supervisor::run(shared.clone(), cancel.clone()));
        let guard = Arc::new(cancel.clone().drop_guard());
        Self { shared, timeout, only: None, _ends_with_the_last: guard, cancel }
    }

    /// The same client with another deadline for replies.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { timeout, ..self.clone() }
    }

    /// The same client for requests that make sense to one VPP process only, such as those with indexes it gave out: any
    /// other refuses them, with [`VppError::NotConnected`]. `None` is any process.
    #[must_use]
    pub fn only(&self, incarnation: Option<u64>) -> Self {
        Self { only: incarnation, ..self.clone() }
    }

    /// Follows the state of the connection.
    pub fn state(&self) -> watch::Receiver<Connection> {
        self.shared.state.subscribe()
    }

    /// Follows whether VPP answers.
    pub fn liveness(&self) -> watch::Receiver<Liveness> {
        self.shared.liveness.subscribe()
    }

    /// The VPP this client is connected to now.
    pub fn peer(&self) -> Option<Arc<Peer>> {
        self.shared.state.borrow().peer().cloned()
    }

    /// The VPP this client is connected to now, if it is another than the one that is known.
    pub fn peer_unless(&self, known: Option<&Arc<Peer>>) -> Option<Arc<Peer>> {
        let state = self.shared.state.borrow();
        let peer = state.peer()?;
        (!known.is_some_and(|known| Arc::ptr_eq(known, peer))).then(|| Arc::clone(peer))
    }

    /// What was sent and received so far.
    pub fn traffic(&self) -> Traffic {
        self.shared.link().slots.traffic
    }

    /// The same for each name of a request, ordered by it.
    pub fn traffic_by_message(&self) -> Vec<MessageTraffic> {
        self.shared.link().slots.by_message.all()
    }

    /// Writes the conversation from now on to a file (see [`ligato_vpp_api::capture`]), over an older one of that name,
    /// until `max_bytes` are written or [`Self::stop_capture`]. A capture that goes on ends first.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn start_capture(&self, path: &Path, max_bytes: u64) -> std::io::Result<()> {
        let table = self.shared.table();
        self.shared.tap.start(path, max_bytes, table.clone())?;
        // Another connection may have come in between.
        match self.shared.table() {
            Some(now) if table.is_none_or(|then| !Arc::ptr_eq(&now, &then)) => {
                self.shared.tap.opened(&now);
            }
            _ => {}
        }
        Ok(())
    }

    /// Ends the capture; everything that was sent and received before is in the file then.
    pub fn stop_capture(&self) {
        self.shared.tap.stop();
    }

    /// How far the last capture is; nothing if there was none.
    pub fn capture(&self) -> Option<CaptureStatus> {
        self.shared.tap.status()
    }

    /// Waits until there is a connection.
    pub async fn connected(&self) -> Result<Arc<Peer>, VppError> {
        let mut state = self.state();
        let found = state.wait_for(|state| state.peer().is_some() || self.cancel.is_cancelled());
        let reason = LostReason::Closed;
        match found.await {
            Ok(state) => state.peer().cloned().ok_or(VppError::NotConnected { reason }),
            Err(_) => Err(VppError::NotConnected { reason }),
        }
    }

    /// Whether the VPP connected to now has the message; `false` while there is none.
    pub fn supports<M: Message>(&self) -> bool {
        self.shared.state.borrow().peer().is_some_and(|peer| peer.supports::<M>())
    }

    /// Disconnects for good: every request in flight and every later one fails, every event stream ends.
    pub fn close(&self) {
        self.cancel.cancel();
    }

    /// As [`Self::close`], and waits until VPP has been told. A program should do this before it ends: of a client that
    /// just vanishes VPP may keep the socket for ever.
    pub async fn shutdown(&self) {
        self.close();
        let mut state = self.state();
        let closed = |state: &Connection| {
            matches!(state, Connection::Disconnected { reason: LostReason::Closed, .. })
        };
        // The sender lives as long as this handle.
        let _ = state.wait_for(closed).await;
    }

    /// Sends a request and waits for its reply. Waits for its turn first while the window is full.
    pub async fn request<M: Request>(&self, message: M) -> Result<M::Reply, VppError> {
        self.admit().await;
        self.call(&message).await
    }

    /// Sends a request without waiting: its bytes are in the output, behind everything sent before, when this
    /// returns. With a full window nothing is sent and the reply is [`VppError::Backlog`].
    #[expect(clippy::needless_pass_by_value, reason = "as `request`, which keeps the message")]
    pub fn send<M: Request>(&self, message: M) -> PendingReply<M::Reply> {
        if self.try_admit() {
            self.call(&message)
        } else {
            let waiting = self.shared.options.window;
            let refused = VppError::Backlog { message: M::NAME, waiting };
            PendingReply::new(self.shared.clone(), M::NAME, Err(refused))
        }
    }

    /// Sends a dump and waits for all of it.
    pub async fn dump<M: Dump>(&self, message: M) -> Result<Vec<M::Details>, VppError> {
        self.dump_stream(message).await.try_collect().await
    }

    /// Sends a dump, waiting for its turn first, and gives its details as they arrive.
    pub async fn dump_stream<M: Dump>(&self, message: M) -> DumpStream<M::Details> {
        self.admit().await;
        let sent = self.shared.send_marked_dump::<M, M::Details, ControlPing, ControlPingReply>(
            self.only,
            self.timeout,
            &message,
            &ControlPing {},
        );
        DumpStream::new(self.shared.clone(), M::NAME, self.sent(sent))
    }

    /// Sends a request answered by a stream with cursors and waits for all of it.
    pub async fn stream<M: StreamDump>(&self, message: M) -> Result<Vec<M::Details>, VppError> {
        let mut message = message;
        let mut all = Vec::new();
        loop {
            self.admit().await;
            let sent =
                self.shared.send_dump::<M, M::Details, M::Reply>(self.only, self.timeout, &message);
            let mut part: DumpStream<M::Details> =
                DumpStream::new(self.shared.clone(), M::NAME, self.sent(sent));
            while let Some(detail) = part.try_next().await? {
                all.push(detail);
            }
            let end: M::Reply = wire::decode(part.end().unwrap_or_default())
                .map_err(|source| VppError::Decode { message: M::NAME, source })?;
            match end.retval() {
                0 => return Ok(all),
                AGAIN => message = message.at(M::cursor(&end)),
                code => return Err(VppError::refused(M::NAME, code)),
            }
        }
    }

    /// Events of one type that VPP sends without being asked for in particular (or that another request asks for).
    pub fn subscribe<E: Event>(&self) -> EventStream<E> {
        let stream = self.shared.events.add::<E>(None);
        self.shared.route_events();
        stream
    }

    /// Events of one type that VPP sends after `want`; the request is repeated after every reconnect.
    ///
    /// # Errors
    /// What VPP answers to `want` now. While not connected it is only remembered, to be asked at the next connect.
    pub async fn subscribe_with<E: Event, W: Request>(
        &self,
        want: W,
    ) -> Result<EventStream<E>, VppError> {
        let stream = self.shared.events.add::<E>(Some(supervisor::repeating(want.clone())));
        if self.shared.route_events() {
            match supervisor::ask_for_events(self.shared.clone(), want).await {
                Ok(()) | Err(VppError::NotConnected { .. } | VppError::ConnectionLost { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(stream)
    }

    fn call<M: Request>(&self, message: &M) -> PendingReply<M::Reply> {
        let sent = self.shared.send_call::<M, M::Reply>(self.only, self.timeout, message);
        PendingReply::new(self.shared.clone(), M::NAME, self.sent(sent))
    }

    /// Takes a permit of the window; it comes back with the reply.
    async fn admit(&self) {
        // The semaphore is never closed.
        if let Ok(permit) = self.shared.window.acquire().await {
            permit.forget();
        }
    }

    fn try_admit(&self) -> bool {
        self.shared.window.try_acquire().map(tokio::sync::SemaphorePermit::forget).is_ok()
    }

    /// Gives the permit back if nothing was sent.
    fn sent(&self, sent: Result<Context, VppError>) -> Result<Context, VppError> {
        if sent.is_err() {
            self.shared.window.add_permits(1);
        }
        sent
    }
}

impl std::fmt::Debug for VppClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VppClient")
            .field("socket", &self.shared.options.socket)
            .field("state", &*self.shared.state.borrow())
            .finish_non_exhaustive()
    }
}

//! The socket: one task accepts, and each connection has one that reads and one that writes.
//!
//! Requests of all connections are executed one at a time, as the main loop of VPP does it. What
//! arrived together is executed together, then events are sent.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use ligato_vpp_api::{FRAME_HEADER_LEN, Header, Reader, peek_id, read_frame_header};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::faults::{Action, Faults};
use crate::journal::Journal;
use crate::machine::Machine;
use crate::registry::Call;

/// A connection that announces a longer message is closed.
const MAX_MESSAGE: usize = 16 << 20;
/// How much is read at once.
const READ_SIZE: usize = 256 << 10;
/// Answers are handed to the writer when they exceed this.
const FLUSH_SIZE: usize = 256 << 10;

/// What all connections share.
pub(crate) struct Shared {
    core: Mutex<Core>,
    /// Held while requests of a connection are executed, and while VPP stands still.
    turn: tokio::sync::Mutex<()>,
    pub(crate) faults: Faults,
}

/// The running VPP, if it runs, and what was asked of it.
#[derive(Default)]
pub(crate) struct Core {
    pub(crate) machine: Option<Machine>,
    pub(crate) journal: Journal,
}

impl Shared {
    pub(crate) fn new(faults: Faults) -> Self {
        Self { core: Mutex::new(Core::default()), turn: tokio::sync::Mutex::new(()), faults }
    }

    /// Waits until VPP neither executes requests nor stands still.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The tasks of one run.
#[derive(Debug, Clone)]
pub(crate) struct Tasks {
    pub(crate) stop: CancellationToken,
    pub(crate) tracker: TaskTracker,
    /// Here rather than in its task, so that it can be closed at once.
    listener: Arc<Mutex<Option<UnixListener>>>,
}

impl Tasks {
    /// Starts accepting.
    pub(crate) fn start(listener: UnixListener, shared: Arc<Shared>) -> Self {
        let tasks = Self {
            stop: CancellationToken::new(),
            tracker: TaskTracker::new(),
            listener: Arc::new(Mutex::new(Some(listener))),
        };
        tasks.tracker.spawn(accept(shared, tasks.clone()));
        tasks
    }

    /// Stops listening, and everything else as soon as it notices.
    pub(crate) fn stop(&self) {
        drop(self.listener.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.stop.cancel();
        self.tracker.close();
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<Option<std::io::Result<UnixStream>>> {
        let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        match listener.as_ref() {
            None => Poll::Ready(None),
            Some(listener) => {
                listener.poll_accept(cx).map(|accepted| Some(accepted.map(|(stream, _)| stream)))
            }
        }
    }
}

/// Accepts connections until told to stop.
async fn accept(shared: Arc<Shared>, tasks: Tasks) {
    loop {
        let accepted = tokio::select! {
            () = tasks.stop.cancelled() => return,
            accepted = poll_fn(|cx| tasks.poll_accept(cx)) => accepted,
        };
        match accepted {
            None => return,
            Some(Ok(stream)) => {
                tasks.tracker.spawn(serve(stream, Arc::clone(&shared), tasks.clone()));
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

async fn serve(stream: UnixStream, shared: Arc<Shared>, tasks: Tasks) {
    let (read, write) = stream.into_split();
    let (out, outgoing) = unbounded_channel();
    let Some(handle) = shared.core().machine.as_mut().map(|m| m.connect(out.clone())) else {
        return;
    };
    tasks.tracker.spawn(write_all(outgoing, write, tasks.stop.clone()));
    let mut connection =
        Connection { handle, out, input: BytesMut::new(), answers: BytesMut::new(), struck: None };
    tokio::select! {
        () = tasks.stop.cancelled() => {}
        () = connection.run(read, &shared, &tasks) => {}
    }
    if let Some(machine) = shared.core().machine.as_mut() {
        machine.disconnect(handle);
    }
}

/// The first message, if all of it is there; fails with the announced length if that is too much.
pub(crate) fn first_message(input: &[u8]) -> Result<Option<&[u8]>, usize> {
    let Some((header, rest)) = input.split_first_chunk::<FRAME_HEADER_LEN>() else {
        return Ok(None);
    };
    let len = read_frame_header(header) as usize;
    if len > MAX_MESSAGE { Err(len) } else { Ok(rest.get(..len)) }
}

async fn write_all(
    mut outgoing: UnboundedReceiver<Bytes>,
    mut write: OwnedWriteHalf,
    stop: CancellationToken,
) {
    loop {
        let chunk = tokio::select! {
            () = stop.cancelled() => return,
            chunk = outgoing.recv() => chunk,
        };
        let Some(chunk) = chunk else { return };
        let written = tokio::select! {
            () = stop.cancelled() => return,
            written = write.write_all(&chunk) => written,
        };
        if written.is_err() {
            return;
        }
    }
}

/// What a connection does next.
enum Step {
    /// Wait for more bytes.
    Read,
    /// Stand still, then go on.
    Stall(Duration),
    Close,
}

/// What became of one request.
enum Fate {
    Done,
    Stalled(Duration),
    Closed,
    /// VPP is no more.
    Died,
}

struct Connection {
    handle: u32,
    out: UnboundedSender<Bytes>,
    input: BytesMut,
    answers: BytesMut,
    /// A fault that already hit the next request and must not do so again.
    struck: Option<()>,
}

impl Connection {
    async fn run(&mut self, mut read: OwnedReadHalf, shared: &Arc<Shared>, tasks: &Tasks) {
        loop {
            self.input.reserve(READ_SIZE);
            match read.read_buf(&mut self.input).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let _turn = shared.turn().await;
            loop {
                match self.execute(shared, tasks) {
                    Step::Read => break,
                    Step::Stall(time) => tokio::time::sleep(time).await,
                    Step::Close => return,
                }
            }
        }
    }

    /// Executes all requests that are complete.
    fn execute(&mut self, shared: &Shared, tasks: &Tasks) -> Step {
        let mut core = shared.core();
        let step = loop {
            let frame = match self.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => break Step::Read,
                Err(()) => break Step::Close,
            };
            match self.request(&frame, &mut core, &shared.faults, tasks) {
                Fate::Done => self.input.advance(FRAME_HEADER_LEN + frame.len()),
                Fate::Stalled(time) => break Step::Stall(time),
                Fate::Closed => break Step::Close,
                Fate::Died => {
                    tasks.stop();
                    core.machine = None;
                    return Step::Close;
                }
            }
            if self.answers.len() > FLUSH_SIZE {
                self.flush();
            }
        };
        self.flush();
        if let Some(machine) = core.machine.as_mut() {
            machine.send_events();
        }
        step
    }

    fn flush(&mut self) {
        if !self.answers.is_empty() {
            // A writer that is gone has nobody to write to.
            self.out.send(self.answers.split().freeze()).ok();
        }
    }

    /// The next complete message, left in the buffer.
    fn next_frame(&self) -> Result<Option<Vec<u8>>, ()> {
        match first_message(&self.input) {
            Ok(message) => Ok(message.map(<[u8]>::to_vec)),
            Err(len) => {
                tracing::warn!(len, "closing a connection that announces a message too long");
                Err(())
            }
        }
    }

    /// One request: looked up, hit by a fault or not, executed.
    fn request(&mut self, frame: &[u8], core: &mut Core, faults: &Faults, tasks: &Tasks) -> Fate {
        let Core { machine: Some(machine), journal } = core else { return Fate::Closed };
        let registry = Arc::clone(machine.numbering.registry());
        let route = peek_id(frame).ok().and_then(|id| machine.numbering.route(id));
        let Some((route, entry)) =
            route.and_then(|route| registry.entries.get(route.entry).map(|entry| (route, entry)))
        else {
            tracing::debug!("dropping a message of unknown id");
            return Fate::Done;
        };
        let mut payload = Reader::new(frame);
        let Ok(header) = entry.header.read(&mut payload) else { return Fate::Done };
        let name = entry.definition.name;
        let action = match self.struck.take() {
            Some(()) => None,
            None => faults.strike(name, frame),
        };
        let header =
            Header { id: route.answer_id, client_index: self.handle, context: header.context };
        match action {
            Some(Action::Stall(time)) => {
                self.struck = Some(());
                return Fate::Stalled(time);
            }
            Some(Action::Ignore) => return Fate::Done,
            Some(Action::Close) => return Fate::Closed,
            Some(Action::Die) => return Fate::Died,
            Some(Action::Refuse(retval)) => {
                journal.note(name, entry.effect);
                if let Some(refuse) = entry.answer.refuse {
                    refuse(header, retval, &mut self.answers);
                }
                return Fate::Done;
            }
            _ => {}
        }
        journal.note(name, entry.effect);
        let start = self.answers.len();
        let mut call = Call { payload, header, out: &mut self.answers };
        if let Err(error) = entry.run(machine, &mut call) {
            tracing::debug!(name, %error, "dropping a message");
        }
        if name == "sockclnt_delete" {
            return Fate::Closed;
        }
        self.deliver(action, start, tasks)
    }

    /// What becomes of the answer from `start` on.
    fn deliver(&mut self, action: Option<Action>, start: usize, tasks: &Tasks) -> Fate {
        match action {
            Some(Action::LoseReply) => self.answers.truncate(start),
            Some(Action::ExecuteAndClose) => {
                self.answers.truncate(start);
                return Fate::Closed;
            }
            Some(Action::DuplicateReply) => {
                let again = self.answers.get(start..).map(<[u8]>::to_vec).unwrap_or_default();
                self.answers.extend_from_slice(&again);
            }
            Some(Action::DelayReply(time)) => {
                let late = self.answers.split_off(start).freeze();
                let out = self.out.clone();
                let stop = tasks.stop.clone();
                tasks.tracker.spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = tokio::time::sleep(time) => { out.send(late).ok(); }
                    }
                });
            }
            _ => {}
        }
        Fate::Done
    }
}

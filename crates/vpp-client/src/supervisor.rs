//! Connects, lets VPP introduce itself, watches over the connection, and starts again when it is lost.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use futures::FutureExt;
use ligato_vpp_api::msg::memclnt::{ControlPing, ControlPingReply, SockclntDelete};
use ligato_vpp_api::msg::vlib::{ShowThreads, ShowThreadsReply};
use ligato_vpp_api::msg::vpe::ShowVersion;
use ligato_vpp_api::{Request, VppError as Code};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::call::PendingReply;
use crate::error::{LostReason, VppError};
use crate::events::Want;
use crate::frame::Frames;
use crate::handshake::{self, HandshakeError, Welcome};
use crate::identity::{Identity, is_stopped, lives, socket_file};
use crate::link::{Session, Shared};
use crate::liveness::{Liveness, Seen, Sign, Verdict, Vigil};
use crate::state::{Connection, Peer};
use crate::table::MessageTable;
use crate::wire;
use crate::{reader, writer};

/// How often deadlines are looked at.
const TICK: Duration = Duration::from_millis(50);
/// How often it is looked for a new socket while there is no connection.
const LOOK: Duration = Duration::from_millis(10);
/// A VPP that lets one wait for less is not logged.
const WORTH_A_LINE: Duration = Duration::from_secs(1);
/// Longest wait for the answer to a goodbye.
const GOODBYE: Duration = Duration::from_millis(500);

/// The task behind a client; ends when `cancel` does.
pub(crate) async fn run(shared: Arc<Shared>, cancel: CancellationToken) {
    let options = &shared.options;
    let mut backoff = Backoff::new(options.retry_first, options.retry_cap);
    let mut history = History::default();
    let mut attempts = 0;
    loop {
        let met = history.connections;
        let known = socket_file(&options.socket);
        let reason = connect_and_serve(&shared, &mut history, &cancel).await;
        shared.end(&reason);
        shared.liveness.send_replace(Liveness::Answering);
        if history.connections > met {
            attempts = 0;
            backoff.reset();
            if matches!(reason, LostReason::Closed) {
                tracing::debug!("connection to VPP closed");
            } else {
                tracing::warn!(%reason, "connection to VPP lost");
            }
        } else {
            attempts += 1;
        }
        shared.state.send_replace(Connection::Disconnected { reason, attempts });
        if cancel.is_cancelled() {
            break;
        }
        let pause = backoff.next(&mut rand::rng());
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = another_socket(&options.socket, known) => backoff.reset(),
            () = cancel.cancelled() => {}
        }
    }
    shared.events.close();
}

/// Waits until the socket file is another one than that which failed: a VPP has started.
async fn another_socket(path: &Path, known: Option<(u64, i64, i64)>) {
    let mut looks = interval(LOOK);
    loop {
        looks.tick().await;
        let found = socket_file(path);
        if found.is_some() && found != known {
            return;
        }
    }
}

/// What has to be remembered from one connection to the next.
#[derive(Debug, Default)]
struct History {
    connections: u64,
    incarnations: u64,
    last: Option<Identity>,
    abilities: u64,
    /// Release, workers and messages of the VPP met last.
    could: Option<(String, Option<u32>, Arc<MessageTable>)>,
}

impl History {
    /// Notes a new connection; tells its number and that of the VPP process.
    fn meet(&mut self, identity: Identity) -> (u64, u64) {
        self.connections += 1;
        if self.last.replace(identity) != Some(identity) {
            self.incarnations += 1;
        }
        (self.connections, self.incarnations)
    }

    /// Notes what the VPP met last can do; the number changes when that does.
    fn learn(&mut self, version: &str, workers: Option<u32>, messages: &Arc<MessageTable>) -> u64 {
        let same = self.could.as_ref().is_some_and(|(release, number, had)| {
            release == version && *number == workers && had == messages
        });
        if !same {
            self.could = Some((version.to_owned(), workers, Arc::clone(messages)));
            self.abilities += 1;
        }
        self.abilities
    }
}

/// One connection, from connecting to its end; returns why it ended.
async fn connect_and_serve(
    shared: &Arc<Shared>,
    history: &mut History,
    cancel: &CancellationToken,
) -> LostReason {
    let connected = tokio::select! {
        connected = timeout(shared.options.connect_timeout, connect(shared)) => connected,
        () = cancel.cancelled() => return LostReason::Closed,
    };
    let (socket, welcome, rest) = match connected {
        Ok(Ok(connected)) => connected,
        Ok(Err(reason)) => return reason,
        Err(_) => return LostReason::Handshake(HandshakeError::TimedOut),
    };
    let process = socket.peer_cred().ok().and_then(|cred| cred.pid()).filter(|pid| *pid > 0);
    let table = Arc::new(welcome.table);
    shared.begin(Session::new(welcome.client_index, table.clone(), Instant::now()));
    shared.events.connect(&table);

    let mut tasks = JoinSet::new();
    let (read, write) = socket.into_split();
    tasks.spawn(reader::run(shared.clone(), read, rest));
    tasks.spawn(writer::run(shared.clone(), write));
    tasks.spawn(watch(shared.clone(), process));

    let reason = tokio::select! {
        reason = serve(shared, history, (welcome.client_index, process), &mut tasks) => reason,
        () = cancel.cancelled() => LostReason::Closed,
    };
    if reason.leaves_vpp_listening() {
        say_goodbye(shared, welcome.client_index).await;
    }
    // The writer may just be handing bytes over: only when it has ended it is certain what never left this process.
    tasks.shutdown().await;
    reason
}

/// Introduction, announcement, and then whatever ends first.
async fn serve(
    shared: &Arc<Shared>,
    history: &mut History,
    who: (u32, Option<i32>),
    tasks: &mut JoinSet<LostReason>,
) -> LostReason {
    let peer = tokio::select! {
        peer = introduce(shared, history, who) => peer,
        reason = first_end(tasks) => return reason,
    };
    let peer = match peer {
        Ok(peer) => Arc::new(peer),
        Err(error) => return LostReason::Introduction(Box::new(error)),
    };
    shared.open(peer.incarnation);
    shared.events.gap();
    tracing::info!(version = %peer.version, pid = peer.pid, incarnation = peer.incarnation,
        messages = peer.messages.len(), "connected to VPP");
    if let Some(pulse) = shared.pulse.clone() {
        // It answers now; this may take until it looks at another socket.
        tokio::task::spawn_blocking(move || pulse.attach());
    }
    shared.state.send_replace(Connection::Connected(peer));
    first_end(tasks).await
}

/// Gives the registration back before the socket is closed.
///
/// VPP 26.06 does not always notice that a busy client has closed its socket: it keeps the descriptor, and some sixteen of
/// those starve its main loop for good. A client that says goodbye is always freed.
async fn say_goodbye(shared: &Arc<Shared>, client_index: u32) {
    shared.shut();
    let goodbye = ask(shared, &SockclntDelete { index: client_index });
    if !matches!(timeout(GOODBYE, goodbye).await, Ok(Ok(_))) {
        tracing::debug!("VPP did not answer the goodbye");
    }
}

async fn first_end(tasks: &mut JoinSet<LostReason>) -> LostReason {
    match tasks.join_next().await {
        Some(Ok(reason)) => reason,
        // A task of ours panicked: the connection is in an unknown state.
        Some(Err(error)) => LostReason::Io(Arc::new(std::io::Error::other(error))),
        None => LostReason::Closed,
    }
}

/// Opens the socket and exchanges the first messages. Bytes read beyond them come along.
async fn connect(shared: &Shared) -> Result<(UnixStream, Welcome, BytesMut), LostReason> {
    let options = &shared.options;
    let mut socket = UnixStream::connect(&options.socket)
        .await
        .map_err(|error| LostReason::Connect(Arc::new(error)))?;
    let mut out = BytesMut::new();
    handshake::put_request(&mut out, &options.client_name);
    socket.write_all(&out).await?;
    let mut buffer = BytesMut::with_capacity(reader::CHUNK);
    loop {
        let mut frames = Frames::new(&buffer, options.max_message);
        if let Some(message) = frames.next_frame().map_err(LostReason::Frame)? {
            let welcome = handshake::read_reply(message).map_err(LostReason::Handshake)?;
            let consumed = frames.consumed();
            buffer.advance(consumed);
            return Ok((socket, welcome, buffer));
        }
        if socket.read_buf(&mut buffer).await? == 0 {
            return Err(LostReason::PeerClosed);
        }
    }
}

/// Asks VPP who it is and for the events subscribed to.
async fn introduce(
    shared: &Arc<Shared>,
    history: &mut History,
    (client_index, process): (u32, Option<i32>),
) -> Result<Peer, VppError> {
    let table = shared.table().ok_or(VppError::NotConnected { reason: LostReason::NotYet })?;
    let ping = ask(shared, &ControlPing {});
    let version = ask(shared, &ShowVersion {});
    let threads = wire::supports::<ShowThreads>(&table).then(|| ask(shared, &ShowThreads {}));
    let (pid, version) = (ping.await?.vpe_pid, version.await?);
    // A VPP that does not tell is none the worse for that.
    let workers = match threads {
        Some(threads) => threads.await.ok().map(|reply| workers_among(&reply)),
        None => None,
    };
    let identity = Identity::of(pid, process, &shared.options.socket);
    for want in shared.events.wants() {
        if let Err(error) = want(shared.clone()).await {
            tracing::warn!(%error, "events cannot be subscribed to");
        }
    }
    let (connection, incarnation) = history.meet(identity);
    Ok(Peer {
        connection,
        incarnation,
        abilities: history.learn(&version.version.to_string(), workers, &table),
        process: identity.to_string(),
        pid,
        client_index,
        version: version.version.to_string(),
        program: version.program.to_string(),
        build_date: version.build_date.to_string(),
        build_directory: version.build_directory.to_string(),
        workers,
        messages: table,
    })
}

/// How many of VPP's threads are workers.
fn workers_among(threads: &ShowThreadsReply) -> u32 {
    let workers = threads.thread_data.iter().filter(|thread| thread.kind == *"workers");
    u32::try_from(workers.count()).unwrap_or(u32::MAX)
}

/// A call of the client itself, outside the window.
fn ask<M: Request>(shared: &Arc<Shared>, message: &M) -> PendingReply<M::Reply> {
    let timeout = shared.options.reply_timeout;
    let sent = shared.send_own_call::<M, M::Reply>(timeout, message);
    PendingReply::new(shared.clone(), M::NAME, sent)
}

/// The request for events, to be sent anew at each connect.
pub(crate) fn repeating<W: Request>(want: W) -> Want {
    Arc::new(move |shared| ask_for_events(shared, want.clone()).boxed())
}

/// Sends a request for events; that this client has asked before is no error.
pub(crate) async fn ask_for_events<W: Request>(
    shared: Arc<Shared>,
    want: W,
) -> Result<(), VppError> {
    match ask(&shared, &want).await {
        Err(VppError::Retval { code, .. }) if code == Code::INVALID_REGISTRATION.0 => Ok(()),
        other => other.map(drop),
    }
}

/// Keeps deadlines, and finds out whether VPP still lives; ends when it does not.
async fn watch(shared: Arc<Shared>, process: Option<i32>) -> LostReason {
    let options = &shared.options;
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut vigil = Vigil::default();
    let mut logged = None;
    loop {
        let now = ticks.tick().await;
        shared.expire(now);
        let heard = shared.last_heard().unwrap_or(now);
        // Most deaths are told by the socket; a child that inherited it keeps it open.
        let quiet = now.saturating_duration_since(heard) >= TICK;
        if let Some(pid) = process.filter(|pid| quiet && !lives(*pid)) {
            return LostReason::ProcessGone { pid };
        }
        let silent = Vigil::is_silent(now, heard, options);
        let seen = Seen {
            heard,
            stopped: silent && process.is_some_and(is_stopped),
            beat: shared.pulse.as_ref().filter(|_| silent).and_then(|pulse| pulse.beat()),
        };
        match vigil.look(now, seen, options) {
            Verdict::Fine => shared.tell(Liveness::Answering, &mut logged, now),
            Verdict::Ask => {
                // Its reply counts as a sign of life; nobody waits for it.
                let sent = shared.send_own_call::<ControlPing, ControlPingReply>(
                    options.reply_timeout,
                    &ControlPing {},
                );
                drop(PendingReply::<ControlPingReply>::new(shared.clone(), "control_ping", sent));
            }
            Verdict::Wait(liveness) => shared.tell(liveness, &mut logged, now),
            Verdict::GiveUp(silence) => return LostReason::NotResponding { silence },
        }
    }
}

impl Shared {
    /// Publishes whether VPP answers. What lasts is logged, and its end; `logged` is what was logged last.
    fn tell(&self, liveness: Liveness, logged: &mut Option<Sign>, now: Instant) {
        match (liveness, logged.take()) {
            (Liveness::Silent { since, sign }, before) => {
                *logged = before;
                let lasts = now.saturating_duration_since(since) >= WORTH_A_LINE;
                if lasts && before != Some(sign) {
                    *logged = Some(sign);
                    let limit = self.options.give_up_after;
                    tracing::warn!(?limit, "VPP does not answer and is waited for: it is {sign}");
                }
            }
            (Liveness::Answering, Some(_)) => {
                let was = self.liveness.borrow().describe(now).unwrap_or_default();
                tracing::info!("VPP answers again: it was {was}");
            }
            (Liveness::Answering, None) => {}
        }
        let differs = |before: &mut Liveness| std::mem::replace(before, liveness) != liveness;
        self.liveness.send_if_modified(differs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reconnect_to_the_same_process_is_no_new_incarnation() {
        let process = |pid| Identity { pid, started: None, socket: None };
        let mut history = History::default();
        assert_eq!(history.meet(process(7)), (1, 1));
        assert_eq!(history.meet(process(7)), (2, 1));
        assert_eq!(history.meet(process(8)), (3, 2));
    }

    #[test]
    fn abilities_are_new_when_release_messages_or_workers_are() {
        let table =
            |names: &[(&str, u16)]| Arc::new(MessageTable::from_entries(names.iter().copied()));
        let few = || table(&[("show_version_51077d14", 1)]);
        let more = table(&[("show_version_51077d14", 1), ("memclnt_create_9c5e1c2f", 2)]);
        let mut history = History::default();
        assert_eq!(history.learn("26.06", None, &few()), 1);
        assert_eq!(history.learn("26.06", None, &few()), 1);
        assert_eq!(history.learn("26.06", None, &more), 2);
        assert_eq!(history.learn("25.10", None, &more), 3);
        // Back to what it was: what was learnt in between may have been used meanwhile.
        assert_eq!(history.learn("26.06", None, &few()), 4);
        assert_eq!(history.learn("26.06", Some(2), &few()), 5);
    }
}

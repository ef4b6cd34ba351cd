//! A stand-in for one VPP at one time, made from a capture of a conversation with it: it answers what was asked then as it
//! was answered then.
//!
//! A request gets the answers of the first request of the capture that is equal to it (secrets aside) and has not been used;
//! if all are used, of the last one. Events follow the answers that they followed in the capture. What was never asked is
//! refused and kept for [`Replay::unknown`]: there the client goes another way than when it was captured.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Buf, BytesMut};
use ligato_vpp_api::capture::{self, CaptureError, Line, Scribe, Way};
use ligato_vpp_api::dynamic::DynamicError;
use ligato_vpp_api::msg::memclnt::{
    ControlPing, MessageTableEntry, SockclntCreate, SockclntCreateReply, SockclntDelete,
};
use ligato_vpp_api::msg::vlib::ShowThreads;
use ligato_vpp_api::msg::vpe::ShowVersion;
use ligato_vpp_api::{
    FRAME_HEADER_LEN, FixedString, Header, List, Message, MessageDef, SOCKCLNT_CREATE_ID,
    SOCKCLNT_CREATE_REPLY_ID, decode_message, encode_message, peek_id,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::SimError;
use crate::registry::framed;
use crate::server::first_message;
use crate::sim::listen;

/// Number of the first message of the table.
const FIRST_ID: u16 = 100;
/// What a request that was never captured is refused with (`UNIMPLEMENTED`).
const NEVER_ASKED: i32 = -9;
/// The client that VPP sees.
const CLIENT_INDEX: u32 = 1;

/// Why there is no stand-in.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The capture cannot be read.
    #[error("the capture: {0}")]
    Capture(#[from] CaptureError),
    /// There is no connection in the capture.
    #[error("the capture does not say which messages VPP has: it has no line `opened`")]
    NoTable,
    /// A message of the capture cannot be made again.
    #[error("line {line} of the capture, {message}: {source}")]
    Message {
        /// Which line, from 1.
        line: usize,
        /// The message.
        message: String,
        /// Why.
        source: DynamicError,
    },
    /// Nothing can listen at the path.
    #[error(transparent)]
    Listen(#[from] SimError),
}

/// A running stand-in. Dropping it ends it.
#[derive(Debug)]
pub struct Replay {
    socket: PathBuf,
    shared: Arc<Shared>,
    _ends: DropGuard,
}

#[derive(Debug)]
struct Shared {
    /// Name with CRC, by number from [`FIRST_ID`] on.
    table: Vec<String>,
    play: Mutex<Play>,
}

/// What was asked and answered.
#[derive(Debug, Default)]
struct Play {
    exchanges: Vec<Exchange>,
    /// Positions, by message and fields.
    by_request: HashMap<String, Vec<usize>>,
    unknown: Vec<String>,
}

#[derive(Debug, Default)]
struct Exchange {
    name: String,
    is_used: bool,
    answers: Vec<Encoded>,
    /// Sent after the last answer, the first time only.
    events: Vec<Encoded>,
}

/// A message to send, but for its header.
#[derive(Debug)]
struct Encoded {
    name_crc: String,
    definition: &'static MessageDef,
    payload: BytesMut,
}

impl Replay {
    /// Listens at a path, answering from the text of a capture.
    ///
    /// # Errors
    /// When the capture is none, or nothing can listen.
    pub fn start(socket: &Path, capture: &str) -> Result<Self, ReplayError> {
        let lines = capture::read(capture)?;
        let table = table(&lines).ok_or(ReplayError::NoTable)?;
        let shared = Arc::new(Shared { table, play: Mutex::new(Play::of(&lines)?) });
        let listener = listen(socket)?;
        let stop = CancellationToken::new();
        tokio::spawn(accept(listener, shared.clone(), stop.clone()));
        Ok(Self { socket: socket.to_owned(), shared, _ends: stop.drop_guard() })
    }

    /// Where it listens.
    #[must_use]
    pub fn socket_path(&self) -> &Path {
        &self.socket
    }

    /// Requests that are not in the capture, as lines of one, in the order in which they came.
    #[must_use]
    pub fn unknown(&self) -> Vec<String> {
        self.shared.play().unknown.clone()
    }

    /// Names of the requests of the capture that have not come (again), in the order of the capture.
    #[must_use]
    pub fn left(&self) -> Vec<String> {
        let play = self.shared.play();
        let left = play.exchanges.iter().filter(|exchange| !exchange.is_used);
        left.map(|exchange| exchange.name.clone()).collect()
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        // Somebody may have removed it.
        let _gone = std::fs::remove_file(&self.socket);
    }
}

/// The messages VPP had, from the first connection; those of others are added.
fn table(lines: &[Line]) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    let opened = lines.iter().filter(|line| line.way == Way::Opened);
    for messages in opened.filter_map(|line| line.fields.get("messages")?.as_array()) {
        names.extend(messages.iter().filter_map(Value::as_str).map(str::to_owned));
    }
    names.sort();
    names.dedup();
    (!names.is_empty()).then_some(names)
}

// === impl Play ===

impl Play {
    fn of(lines: &[Line]) -> Result<Self, ReplayError> {
        let mut play = Self::default();
        // Requests under way, by context.
        let mut open: HashMap<u32, Vec<usize>> = HashMap::new();
        let mut last = None;
        for (at, line) in lines.iter().enumerate() {
            match (line.way, line.context) {
                (Way::Opened | Way::Closed, _) => open.clear(),
                (Way::Sent, Some(context)) if line.message != SockclntDelete::NAME => {
                    let position = play.exchanges.len();
                    play.exchanges
                        .push(Exchange { name: line.message.clone(), ..Exchange::default() });
                    play.by_request.entry(request_key(line)).or_default().push(position);
                    open.entry(context).or_default().push(position);
                }
                (Way::Received, context) => {
                    let Some(encoded) = encoded(line, at + 1)? else { continue };
                    let under_way = context.and_then(|context| open.get_mut(&context));
                    let asked = under_way.and_then(|asked| play.answered(asked, &line.message));
                    if let Some(exchange) = asked.and_then(|at| play.exchanges.get_mut(at)) {
                        exchange.answers.push(encoded);
                        last = asked;
                    } else if let Some(exchange) = last.and_then(|at| play.exchanges.get_mut(at)) {
                        exchange.events.push(encoded);
                    }
                }
                _ => {}
            }
        }
        Ok(play)
    }

    /// Which of the requests under one context a message answers: a dump and the ping behind it have the same one. With
    /// the reply a request is over, with the ping's the dump too.
    fn answered(&self, asked: &mut Vec<usize>, answer: &str) -> Option<usize> {
        const PING: &str = "control_ping";
        let name = |at: &usize| self.exchanges.get(*at).map(|exchange| exchange.name.as_str());
        let Some(request) = answer.strip_suffix("_reply") else {
            return asked.iter().find(|at| name(at) != Some(PING)).copied();
        };
        let replied = asked.iter().position(|at| name(at) == Some(request))?;
        let found = asked.remove(replied);
        if request == PING {
            asked.clear();
        }
        Some(found)
    }

    /// Finds what answers a request; the answers stay where they are.
    fn take(&mut self, request: &Line) -> Option<(usize, bool)> {
        let equal = self.by_request.get(&request_key(request))?;
        let is_new = |at: &&usize| self.exchanges.get(**at).is_some_and(|one| !one.is_used);
        let found = equal.iter().find(is_new);
        let at = *found.or(equal.last())?;
        let exchange = self.exchanges.get_mut(at)?;
        Some((at, !std::mem::replace(&mut exchange.is_used, true)))
    }
}

/// Name and fields, without what differs from one run of the client to the next.
fn request_key(line: &Line) -> String {
    let mut fields = line.fields.clone();
    // The process id of the client.
    for part in ["", "/client"] {
        if let Some(pid) = fields.pointer_mut(part).and_then(|object| object.get_mut("pid")) {
            *pid = json!(0);
        }
    }
    format!("{} {fields} {}", line.message, line.bytes)
}

fn encoded(line: &Line, number: usize) -> Result<Option<Encoded>, ReplayError> {
    let Some(definition) = capture::find(&line.name_crc()) else { return Ok(None) };
    let mut payload = BytesMut::new();
    line.payload(&mut payload).map_err(|source| ReplayError::Message {
        line: number,
        message: line.message.clone(),
        source,
    })?;
    Ok(Some(Encoded { name_crc: line.name_crc(), definition, payload }))
}

// === impl Shared ===

impl Shared {
    fn play(&self) -> MutexGuard<'_, Play> {
        self.play.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entries(&self) -> impl Iterator<Item = (&str, u16)> {
        self.table.iter().map(String::as_str).zip(FIRST_ID..)
    }

    fn id(&self, name_crc: &str) -> Option<u16> {
        let at = self.table.binary_search_by(|known| known.as_str().cmp(name_crc)).ok()?;
        FIRST_ID.checked_add(u16::try_from(at).ok()?)
    }

    fn put(&self, message: &Encoded, context: u32, out: &mut BytesMut) {
        let Some(id) = self.id(&message.name_crc) else { return };
        framed(out, |out| {
            let header = Header { id, client_index: CLIENT_INDEX, context };
            message.definition.header.write(header, out);
            out.extend_from_slice(&message.payload);
        });
    }

    /// Answers one request.
    fn answer(&self, request: &Line, out: &mut BytesMut) {
        let context = request.context.unwrap_or_default();
        let mut play = self.play();
        let always = (request.message == SockclntDelete::NAME)
            .then(|| json!({ "response": 1 }))
            .or_else(|| introduction(&play, &request.message));
        if let Some(fields) = always {
            self.put_reply(request, fields, context, out);
            return;
        }
        if let Some((at, is_first)) = play.take(request) {
            let Some(exchange) = play.exchanges.get(at) else { return };
            exchange.answers.iter().for_each(|answer| self.put(answer, context, out));
            if is_first {
                exchange.events.iter().for_each(|event| self.put(event, 0, out));
            }
            return;
        }
        let text = serde_json::to_string(request).unwrap_or_default();
        tracing::warn!(request = text, "not in the capture");
        play.unknown.push(text);
        // A reply without a retval cannot refuse.
        self.put_reply(request, json!({ "retval": NEVER_ASKED }), context, out);
    }

    /// The reply to a request, if it has one with these fields.
    fn put_reply(&self, request: &Line, fields: Value, context: u32, out: &mut BytesMut) {
        let message = format!("{}_reply", request.message);
        let Some(definition) = capture::definition(&message) else { return };
        let crc = format!("{:08x}", definition.crc);
        let line = Line { message, crc, ..Line::about(0.0, Way::Received, fields) };
        if let Ok(Some(reply)) = encoded(&line, 0) {
            self.put(&reply, context, out);
        }
    }
}

/// What a client asks first, for a capture that began later.
fn introduction(play: &Play, message: &str) -> Option<Value> {
    if play.exchanges.iter().any(|exchange| exchange.name == message) {
        return None;
    }
    match message {
        ControlPing::NAME => Some(json!({ "vpe_pid": std::process::id() })),
        ShowVersion::NAME => Some(json!({ "program": "vpp", "version": "as captured" })),
        // How many there were is not known.
        ShowThreads::NAME => Some(json!({ "retval": NEVER_ASKED })),
        _ => None,
    }
}

async fn accept(listener: UnixListener, shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let (shared, stop) = (shared.clone(), stop.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        ended = serve(stream, &shared) => {
                            if let Err(error) = ended {
                                tracing::debug!(%error, "a connection ends");
                            }
                        }
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                return;
            }
        }
    }
}

async fn serve(mut stream: UnixStream, shared: &Shared) -> std::io::Result<()> {
    let mut scribe = Scribe::default();
    scribe.opened(0.0, shared.entries());
    let (mut input, mut out) = (BytesMut::new(), BytesMut::new());
    while stream.read_buf(&mut input).await? > 0 {
        while let Some(message) = next_message(&mut input)? {
            if peek_id(&message) == Ok(SOCKCLNT_CREATE_ID) {
                welcome(&message, shared, &mut out);
                continue;
            }
            let request = scribe.message(0.0, Way::Sent, &message);
            shared.answer(&request, &mut out);
        }
        stream.write_all(&out).await?;
        out.clear();
    }
    Ok(())
}

fn next_message(input: &mut BytesMut) -> std::io::Result<Option<BytesMut>> {
    let too_long = |_| std::io::Error::other("a message too long");
    let Some(message) = first_message(input).map_err(too_long)? else { return Ok(None) };
    let len = message.len();
    input.advance(FRAME_HEADER_LEN);
    Ok(Some(input.split_to(len)))
}

fn welcome(message: &[u8], shared: &Shared, out: &mut BytesMut) {
    let Ok((header, SockclntCreate { .. })) = decode_message(message) else { return };
    let entries = shared.entries().filter_map(|(name_crc, index)| {
        Some(MessageTableEntry { index, name: FixedString::new(name_crc).ok()? })
    });
    let reply = SockclntCreateReply {
        response: 0,
        index: CLIENT_INDEX,
        message_table: List::new(entries.collect()).unwrap_or_default(),
    };
    let header = Header { id: SOCKCLNT_CREATE_REPLY_ID, client_index: 0, context: header.context };
    framed(out, |out| encode_message(&reply, header, out));
}

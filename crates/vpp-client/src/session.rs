//! Messages known from definitions read at run time only, as JSON, on a connection of their own.
//!
//! For people and programs that want to ask VPP something this agent has no kind for. Each session is another client of
//! VPP: what is asked here neither waits for the agent's own requests nor holds them up.

use std::time::Duration;

use bytes::{Buf, BufMut, BytesMut};
use ligato_vpp_api::dynamic::{ApiJsonError, ApiSet, Definition, DynamicError, Role};
use ligato_vpp_api::msg::memclnt::{ControlPing, ControlPingReply, SockclntDelete};
use ligato_vpp_api::{Header, HeaderKind, Message};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::frame::{FrameError, Frames, put_frame};
use crate::handshake::{self, HandshakeError};
use crate::options::Options;
use crate::reader::CHUNK;
use crate::table::{MessageTable, Unavailable};

/// The request by which VPP tells its own definitions, from 24.06 on.
const GET_API_JSON: &str = "get_api_json_51077d14";
/// Its reply.
const GET_API_JSON_REPLY: &str = "get_api_json_reply_ea715b59";

/// A conversation with VPP by names of messages.
#[derive(Debug)]
pub struct Session {
    socket: UnixStream,
    buffer: BytesMut,
    table: MessageTable,
    client_index: u32,
    context: u32,
    patience: Duration,
    max_message: usize,
    max_answer: usize,
}

/// What VPP answered to one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The reply; a dump has none.
    pub reply: Option<Value>,
    /// The details, in the order in which they came.
    pub details: Vec<Value>,
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The socket does not take connections, or breaks.
    #[error("the socket of VPP: {0}")]
    Socket(#[from] std::io::Error),
    /// The first exchange failed.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// VPP sent what nobody can read.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// VPP closed the connection.
    #[error("VPP closed the connection")]
    Closed,
    /// Nothing came for this long.
    #[error("no answer for {0:?}")]
    Silent(Duration),
    /// The answer is larger than what is kept.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    /// The definitions cannot be read.
    #[error("VPP's definitions: {0}")]
    Definitions(#[from] ApiJsonError),
    /// A message does not fit its definition.
    #[error(transparent)]
    Message(#[from] DynamicError),
    /// This VPP does not have the message.
    #[error("{message}: {reason}")]
    Unavailable {
        /// Name and CRC.
        message: String,
        /// Why.
        reason: Unavailable,
    },
    /// Only requests can be sent.
    #[error("{0} is an answer or an event, no request")]
    NoRequest(String),
}

/// What ends an answer, and what may come before.
struct Expected<'a> {
    reply: Option<(u16, &'a Definition)>,
    details: Option<(u16, &'a Definition)>,
    ping_reply: Option<u16>,
}

impl Session {
    /// Connects and introduces itself.
    ///
    /// # Errors
    /// When VPP cannot be reached or does not answer as one.
    pub async fn open(options: &Options) -> Result<Self, SessionError> {
        let patience = options.reply_timeout;
        let mut socket = timeout(patience, UnixStream::connect(&options.socket))
            .await
            .map_err(|_| SessionError::Silent(patience))??;
        let mut out = BytesMut::new();
        handshake::put_request(&mut out, &options.client_name);
        socket.write_all(&out).await?;
        let mut session = Self {
            socket,
            buffer: BytesMut::with_capacity(CHUNK),
            table: MessageTable::default(),
            client_index: 0,
            context: 1,
            patience,
            max_message: options.max_message,
            max_answer: options.max_dump,
        };
        let welcome = handshake::read_reply(&session.next().await?)?;
        (session.table, session.client_index) = (welcome.table, welcome.client_index);
        Ok(session)
    }

    /// The definitions VPP has of its own messages.
    ///
    /// # Errors
    /// [`SessionError::Unavailable`] before 24.06: there they are files, see [`ApiSet::add_json`].
    pub async fn definitions(&mut self) -> Result<ApiSet, SessionError> {
        let request = self.id(GET_API_JSON)?;
        let reply = self.id(GET_API_JSON_REPLY)?;
        self.put(request, &[]).await?;
        loop {
            let message = self.next().await?;
            let mut rest = &message[..];
            if rest.try_get_u16() != Ok(reply) {
                continue;
            }
            // Context, retval, and a text with its length in front.
            let (Ok(_), Ok(_), Ok(length)) =
                (rest.try_get_u32(), rest.try_get_i32(), rest.try_get_u32())
            else {
                return Err(HandshakeError::Truncated.into());
            };
            let text = rest.get(..length as usize).ok_or(HandshakeError::Truncated)?;
            let mut set = ApiSet::default();
            set.add_json(&String::from_utf8_lossy(text))?;
            return Ok(set);
        }
    }

    /// Sends a request and waits for everything that answers it.
    ///
    /// # Errors
    /// When the definitions or VPP do not have the message, the fields do not fit it (named), or VPP falls silent.
    pub async fn call(
        &mut self,
        set: &ApiSet,
        name: &str,
        fields: &Value,
    ) -> Result<Answer, SessionError> {
        let request = definition(set, name)?;
        let expected = self.expected(set, request)?;
        let mut payload = BytesMut::new();
        set.encode(name, fields, &mut payload)?;
        self.put(self.id(&request.name_crc())?, &payload).await?;
        if expected.ping_reply.is_some() {
            self.put_ping().await?;
        }
        self.collect(set, &expected).await
    }

    /// Lets VPP free what it keeps of this client. Without it VPP notices the closed socket by itself, mostly.
    pub async fn close(mut self) {
        let Ok(id) = self.id(SockclntDelete::NAME_CRC) else { return };
        let index = self.client_index.to_be_bytes();
        if self.put(id, &index).await.is_ok() {
            // Any answer will do, and none as well.
            let _answered = self.next().await;
        }
    }

    fn expected<'a>(
        &self,
        set: &'a ApiSet,
        request: &'a Definition,
    ) -> Result<Expected<'a>, SessionError> {
        let find = |name: &str| {
            let definition = definition(set, name)?;
            Ok::<_, SessionError>(Some((self.id(&definition.name_crc())?, definition)))
        };
        let none = Expected { reply: None, details: None, ping_reply: None };
        Ok(match &request.role {
            Role::Answer => return Err(SessionError::NoRequest(request.name.clone())),
            Role::Request(reply) => Expected { reply: find(reply)?, ..none },
            Role::Dump(details) => Expected {
                details: find(details)?,
                ping_reply: Some(self.id(ControlPingReply::NAME_CRC)?),
                ..none
            },
            Role::Stream { reply, details } => {
                Expected { reply: find(reply)?, details: find(details)?, ..none }
            }
        })
    }

    async fn collect(
        &mut self,
        set: &ApiSet,
        expected: &Expected<'_>,
    ) -> Result<Answer, SessionError> {
        let (mut details, mut bytes) = (Vec::new(), 0);
        loop {
            let message = self.next().await?;
            let Some(id) = message.first_chunk::<2>().map(|id| u16::from_be_bytes(*id)) else {
                return Err(HandshakeError::Truncated.into());
            };
            bytes += message.len();
            if bytes > self.max_answer {
                return Err(SessionError::TooLarge(self.max_answer));
            }
            match expected {
                Expected { details: Some((known, definition)), .. } if *known == id => {
                    details.push(decoded(set, definition, &message)?);
                }
                Expected { reply: Some((known, definition)), .. } if *known == id => {
                    let reply = Some(decoded(set, definition, &message)?);
                    return Ok(Answer { reply, details });
                }
                Expected { ping_reply: Some(known), .. } if *known == id => {
                    return Ok(Answer { reply: None, details });
                }
                // An event somebody asked for on this very connection, or the answer to something before.
                _ => {}
            }
        }
    }

    fn id(&self, name_crc: &str) -> Result<u16, SessionError> {
        self.table.id(name_crc).ok_or_else(|| SessionError::Unavailable {
            message: name_crc.to_owned(),
            reason: self.table.why_unavailable(name_crc),
        })
    }

    async fn put_ping(&mut self) -> Result<(), SessionError> {
        let id = self.id(ControlPing::NAME_CRC)?;
        self.put(id, &[]).await
    }

    async fn put(&mut self, id: u16, payload: &[u8]) -> Result<(), SessionError> {
        self.context = self.context.wrapping_add(1);
        let header = Header { id, client_index: self.client_index, context: self.context };
        let mut out = BytesMut::new();
        put_frame(&mut out, |out| {
            HeaderKind::Request.write(header, out);
            out.put_slice(payload);
        });
        timeout(self.patience, self.socket.write_all(&out))
            .await
            .map_err(|_| SessionError::Silent(self.patience))??;
        Ok(())
    }

    /// The next message, from its id on.
    async fn next(&mut self) -> Result<Vec<u8>, SessionError> {
        loop {
            let mut frames = Frames::new(&self.buffer, self.max_message);
            if let Some(message) = frames.next_frame()? {
                let message = message.to_vec();
                let consumed = frames.consumed();
                self.buffer.advance(consumed);
                return Ok(message);
            }
            let read = timeout(self.patience, self.socket.read_buf(&mut self.buffer))
                .await
                .map_err(|_| SessionError::Silent(self.patience))??;
            if read == 0 {
                return Err(SessionError::Closed);
            }
        }
    }
}

fn definition<'a>(set: &'a ApiSet, name: &str) -> Result<&'a Definition, SessionError> {
    set.message(name).ok_or_else(|| DynamicError::UnknownMessage(name.to_owned()).into())
}

fn decoded(set: &ApiSet, definition: &Definition, message: &[u8]) -> Result<Value, SessionError> {
    let payload = message.get(definition.header.size()..).ok_or(HandshakeError::Truncated)?;
    Ok(set.decode(&definition.name, payload)?)
}

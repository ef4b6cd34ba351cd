//! The first exchange on the socket: `sockclnt_create` and its reply with the message table.
//!
//! These two messages have fixed numbers in every release (they are found by nothing else), so they are written out
//! here instead of going through the table.

use bytes::{BufMut, BytesMut};

use crate::frame::{put_frame, split_message};
use crate::table::MessageTable;

const SOCKCLNT_CREATE: u16 = 15;
const SOCKCLNT_CREATE_REPLY: u16 = 16;
const NAME_LEN: usize = 64;
const ENTRY_LEN: usize = 2 + NAME_LEN;
const CONTEXT: u32 = 1;

/// What VPP answers to a new client.
#[derive(Debug)]
pub(crate) struct Welcome {
    /// To be sent as `client_index` in every request.
    pub(crate) client_index: u32,
    pub(crate) table: MessageTable,
}

/// Why the first exchange failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// Something else than the reply came first.
    #[error("message {id} came instead of the handshake reply")]
    OtherMessage {
        /// Number of the message that came.
        id: u16,
    },
    /// VPP refused the client.
    #[error("VPP refused the client with {code}")]
    Refused {
        /// The `response` field of the reply.
        code: i32,
    },
    /// The reply ends before the table it announces.
    #[error("the handshake reply ends early")]
    Truncated,
    /// No complete reply in time.
    #[error("no handshake reply in time")]
    TimedOut,
}

/// Appends the request; names longer than 63 bytes are cut.
pub(crate) fn put_request(out: &mut BytesMut, name: &str) {
    put_frame(out, |out| {
        out.put_u16(SOCKCLNT_CREATE);
        out.put_u32(CONTEXT);
        let mut field = [0u8; NAME_LEN];
        for (to, from) in field.iter_mut().take(NAME_LEN - 1).zip(name.bytes()) {
            *to = from;
        }
        out.put_slice(&field);
    });
}

/// Reads the reply: `client_index, context, response, index, count, count × { id, name[64] }`.
///
/// The second header field of this reply is `client_index`, not the context.
pub(crate) fn read_reply(message: &[u8]) -> Result<Welcome, HandshakeError> {
    let (id, _client_index, rest) = split_message(message).ok_or(HandshakeError::Truncated)?;
    if id != SOCKCLNT_CREATE_REPLY {
        return Err(HandshakeError::OtherMessage { id });
    }
    let (_context, rest) = take_u32(rest)?;
    let (response, rest) = take_u32(rest)?;
    let code = response.cast_signed();
    if code < 0 {
        return Err(HandshakeError::Refused { code });
    }
    let (client_index, rest) = take_u32(rest)?;
    let (count, rest) = rest.split_first_chunk::<2>().ok_or(HandshakeError::Truncated)?;
    let count = usize::from(u16::from_be_bytes(*count));
    let table = rest.get(..count * ENTRY_LEN).ok_or(HandshakeError::Truncated)?;
    let entries = table.chunks_exact(ENTRY_LEN).filter_map(|entry| {
        let (id, name) = entry.split_first_chunk::<2>()?;
        let end = name.iter().position(|b| *b == 0).unwrap_or(name.len());
        Some((std::str::from_utf8(name.get(..end)?).ok()?, u16::from_be_bytes(*id)))
    });
    Ok(Welcome { client_index, table: MessageTable::from_entries(entries) })
}

fn take_u32(bytes: &[u8]) -> Result<(u32, &[u8]), HandshakeError> {
    let (field, rest) = bytes.split_first_chunk::<4>().ok_or(HandshakeError::Truncated)?;
    Ok((u32::from_be_bytes(*field), rest))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A reply as VPP would send it, without the frame header.
    pub(crate) fn reply(response: i32, index: u32, table: &[(u16, &str)]) -> BytesMut {
        let mut out = BytesMut::new();
        out.put_u16(SOCKCLNT_CREATE_REPLY);
        out.put_u32(0);
        out.put_u32(CONTEXT);
        out.put_i32(response);
        out.put_u32(index);
        out.put_u16(u16::try_from(table.len()).unwrap());
        for (id, name) in table {
            out.put_u16(*id);
            out.put_slice(name.as_bytes());
            out.put_bytes(0, NAME_LEN - name.len());
        }
        out
    }

    #[test]
    fn the_request_has_a_padded_name() {
        let mut out = BytesMut::new();
        put_request(&mut out, "agent");
        assert_eq!(out.len(), 16 + 70);
        assert_eq!(&out[8..12], &70u32.to_be_bytes());
        assert_eq!(&out[16..18], &15u16.to_be_bytes());
        assert_eq!(&out[22..28], b"agent\0");
    }

    #[test]
    fn the_reply_gives_the_table() {
        let welcome = read_reply(&reply(0, 0x8000_0003, &[(17, "control_ping_51077d14")])).unwrap();
        assert_eq!(welcome.client_index, 0x8000_0003);
        assert_eq!(welcome.table.id("control_ping_51077d14"), Some(17));
    }

    #[test]
    fn a_bad_reply_is_an_error() {
        let good = reply(0, 1, &[(17, "control_ping_51077d14")]);
        assert_eq!(read_reply(&good[..good.len() - 1]).unwrap_err(), HandshakeError::Truncated);
        assert_eq!(
            read_reply(&reply(-1, 1, &[])).unwrap_err(),
            HandshakeError::Refused { code: -1 }
        );
        assert_eq!(
            read_reply(&[0, 9, 0, 0, 0, 0]).unwrap_err(),
            HandshakeError::OtherMessage { id: 9 }
        );
    }
}

//! The 16-byte header in front of every message on the API socket, in both directions.
//!
//! Layout (`struct msgbuf_` of VPP's shared memory transport): 8 bytes queue pointer, 4 bytes length of the message
//! that follows (big-endian, without this header), 4 bytes mark of the garbage collector. Only the length means
//! anything on a socket.

use bytes::{BufMut, BytesMut};

/// Length of the header in front of a message.
pub(crate) const HEADER_LEN: usize = 16;
/// Shortest message: id and context (replies) or id and client index (events).
pub(crate) const MIN_MESSAGE: usize = 6;
const LENGTH_AT: usize = 8;

/// A frame that no VPP sends: the stream cannot be followed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Shorter than a message id and a context.
    #[error("a frame of {length} bytes is shorter than any message")]
    TooShort {
        /// Announced length in bytes.
        length: usize,
    },
    /// Longer than the configured limit.
    #[error("a frame of {length} bytes is longer than the limit of {limit}")]
    TooLong {
        /// Announced length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
}

/// Walks over the complete frames at the start of a buffer.
pub(crate) struct Frames<'a> {
    rest: &'a [u8],
    limit: usize,
    consumed: usize,
}

impl<'a> Frames<'a> {
    pub(crate) fn new(buffer: &'a [u8], limit: usize) -> Self {
        Self { rest: buffer, limit, consumed: 0 }
    }

    /// Bytes of the buffer that were handed out as frames, headers included.
    pub(crate) fn consumed(&self) -> usize {
        self.consumed
    }

    /// The next complete message without its header, or `None` until more bytes arrive.
    pub(crate) fn next_frame(&mut self) -> Result<Option<&'a [u8]>, FrameError> {
        let Some((header, after)) = self.rest.split_first_chunk::<HEADER_LEN>() else {
            return Ok(None);
        };
        let length = length_of(header);
        if length < MIN_MESSAGE {
            return Err(FrameError::TooShort { length });
        }
        if length > self.limit {
            return Err(FrameError::TooLong { length, limit: self.limit });
        }
        let Some((message, rest)) = after.split_at_checked(length) else {
            return Ok(None);
        };
        self.rest = rest;
        self.consumed += HEADER_LEN + length;
        Ok(Some(message))
    }
}

fn length_of(header: &[u8; HEADER_LEN]) -> usize {
    let [_, _, _, _, _, _, _, _, a, b, c, d, ..] = *header;
    u32::from_be_bytes([a, b, c, d]) as usize
}

/// Appends one frame; `body` writes the message behind the header.
pub(crate) fn put_frame(out: &mut BytesMut, body: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_bytes(0, HEADER_LEN);
    body(out);
    let length = u32::try_from(out.len() - start - HEADER_LEN).unwrap_or(u32::MAX);
    if let Some(field) = out.get_mut(start + LENGTH_AT..start + LENGTH_AT + 4) {
        field.copy_from_slice(&length.to_be_bytes());
    }
}

/// Splits a message into its id, the second header field (context or client index) and the payload.
pub(crate) fn split_message(message: &[u8]) -> Option<(u16, u32, &[u8])> {
    let (head, payload) = message.split_first_chunk::<MIN_MESSAGE>()?;
    let [i0, i1, c0, c1, c2, c3] = *head;
    Some((u16::from_be_bytes([i0, i1]), u32::from_be_bytes([c0, c1, c2, c3]), payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(body: &[u8]) -> BytesMut {
        let mut out = BytesMut::new();
        put_frame(&mut out, |out| out.put_slice(body));
        out
    }

    #[test]
    fn frames_are_found_one_after_the_other() {
        let mut bytes = frame(b"abcdef");
        bytes.extend_from_slice(&frame(b"ghijklm"));
        let whole = bytes.len();
        bytes.extend_from_slice(&frame(b"nopqrs")[..18]);
        let mut frames = Frames::new(&bytes, 100);
        assert_eq!(frames.next_frame(), Ok(Some(&b"abcdef"[..])));
        assert_eq!(frames.next_frame(), Ok(Some(&b"ghijklm"[..])));
        assert_eq!(frames.next_frame(), Ok(None));
        assert_eq!(frames.consumed(), whole);
    }

    #[test]
    fn lengths_nobody_sends_are_errors() {
        let short = frame(b"abc");
        assert_eq!(Frames::new(&short, 100).next_frame(), Err(FrameError::TooShort { length: 3 }));
        let mut long = frame(b"abcdef");
        long[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(
            Frames::new(&long, 100).next_frame(),
            Err(FrameError::TooLong { length: u32::MAX as usize, limit: 100 })
        );
    }

    #[test]
    fn a_message_starts_with_id_and_context() {
        let message = [0, 16, 0, 0, 1, 2, 9];
        assert_eq!(split_message(&message), Some((16, 258, &[9u8][..])));
        assert_eq!(split_message(&message[..5]), None);
    }
}

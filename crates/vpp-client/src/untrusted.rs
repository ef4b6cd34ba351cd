//! The decoders of bytes from the socket by themselves, for tests that feed them broken ones.

use crate::frame::{FrameError, Frames};
use crate::handshake::{self, HandshakeError};

/// Number of messages at the start of the bytes, and bytes they take.
///
/// # Errors
/// When a length cannot be.
pub fn frames(bytes: &[u8], limit: usize) -> Result<(usize, usize), FrameError> {
    let mut frames = Frames::new(bytes, limit);
    let mut messages = 0;
    while frames.next_frame()?.is_some() {
        messages += 1;
    }
    Ok((messages, frames.consumed()))
}

/// Number of messages in the table of a handshake.
///
/// # Errors
/// When it is none.
pub fn handshake(message: &[u8]) -> Result<usize, HandshakeError> {
    handshake::read_reply(message).map(|welcome| welcome.table.len())
}

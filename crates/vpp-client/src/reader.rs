//! The reader of one connection: bytes in, answers to slots, events to subscriptions.

use std::sync::Arc;
use std::task::Waker;

use bytes::{Buf, BytesMut};
use ligato_vpp_api::capture::Way;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::Instant;

use crate::error::LostReason;
use crate::frame::{Frames, split_message};
use crate::link::Shared;
use crate::slots::Received;

/// Room made before each read. VPP writes in chunks of 4 KiB; many of them are taken at once.
pub(crate) const CHUNK: usize = 256 << 10;

/// Reads until the connection ends; returns why it did.
pub(crate) async fn run(
    shared: Arc<Shared>,
    mut socket: impl AsyncRead + Unpin,
    mut buffer: BytesMut,
) -> LostReason {
    let mut wake = Vec::new();
    loop {
        match dispatch(&shared, &buffer, &mut wake) {
            Ok(consumed) => buffer.advance(consumed),
            Err(reason) => return reason,
        }
        if buffer.capacity() - buffer.len() < CHUNK / 4 {
            buffer.reserve(CHUNK);
        }
        match socket.read_buf(&mut buffer).await {
            Ok(0) => return LostReason::PeerClosed,
            Ok(_) => {}
            Err(error) => return error.into(),
        }
    }
}

/// Handles all complete messages at the start of `buffer` under one lock; returns how many bytes they were.
fn dispatch(shared: &Shared, buffer: &[u8], wake: &mut Vec<Waker>) -> Result<usize, LostReason> {
    let mut frames = Frames::new(buffer, shared.options.max_message);
    let routes = shared.events.routes();
    let limits = (Instant::now(), shared.options.max_dump);
    let mut link = shared.link();
    link.heard(limits.0);
    let result = loop {
        match frames.next_frame() {
            Ok(None) => break Ok(()),
            Err(error) => break Err(LostReason::Frame(error)),
            Ok(Some(message)) => {
                shared.tap.message(Way::Received, message);
                let Some((id, second, rest)) = split_message(message) else { continue };
                if routes.deliver(id, rest, wake) || link.answer_keepalive(id, rest) {
                    continue;
                }
                let Some((context, payload)) = link.answer(id, second, rest) else { continue };
                let received = link.slots.receive((context, id), payload, limits, wake);
                if let Received::Wrong { expected } = received {
                    break Err(LostReason::WrongReply { got: id, expected });
                }
            }
        }
    };
    shared.settle(link, wake);
    result.map(|()| frames.consumed())
}

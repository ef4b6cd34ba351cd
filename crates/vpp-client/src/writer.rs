//! The writer of one connection: whatever has been collected since the last write goes out in one system call.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::error::LostReason;
use crate::link::Shared;

/// A buffer that grew beyond this by a burst is given back.
const KEEP: usize = 1 << 20;

/// Writes until the connection ends; returns why it did.
pub(crate) async fn run(shared: Arc<Shared>, mut socket: impl AsyncWrite + Unpin) -> LostReason {
    let mut batch = BytesMut::new();
    loop {
        if !take_batch(&shared, &mut batch) {
            shared.wake_writer.notified().await;
            continue;
        }
        while batch.has_remaining() {
            match socket.write_buf(&mut batch).await {
                Ok(0) => return LostReason::PeerClosed,
                Ok(n) => {
                    shared.written.fetch_add(n as u64, Ordering::Relaxed);
                }
                Err(error) => return error.into(),
            }
        }
    }
}

/// Exchanges the empty `batch` for what has been collected; otherwise notes that the writer goes to sleep.
fn take_batch(shared: &Shared, batch: &mut BytesMut) -> bool {
    let mut link = shared.link();
    let Ok(session) = &mut link.session else { return false };
    if session.out.is_empty() {
        session.writer_sleeps = true;
        return false;
    }
    batch.clear();
    if batch.capacity() > KEEP {
        *batch = BytesMut::new();
    }
    std::mem::swap(batch, &mut session.out);
    true
}

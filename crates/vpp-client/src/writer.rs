//! The writer of one connection: whatever has been collected since the last write goes out in one system call.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use ligato_vpp_api::capture::Way;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep};

use crate::error::LostReason;
use crate::link::Shared;
use crate::pace::{Pace, Step};

/// A buffer that grew beyond this by a burst is given back.
const KEEP: usize = 1 << 20;
/// How often it is looked whether VPP has come to the end of its work.
const LOOK: Duration = Duration::from_millis(1);

/// Writes until the connection ends; returns why it did.
pub(crate) async fn run(shared: Arc<Shared>, mut socket: impl AsyncWrite + Unpin) -> LostReason {
    let mut batch = BytesMut::new();
    let mut pace = Pace::new(&shared.options);
    loop {
        if !take_batch(&shared, &mut batch) {
            shared.wake_writer.notified().await;
            continue;
        }
        while batch.has_remaining() {
            let most = go_ahead(&shared, &mut pace).await.min(batch.len());
            match socket.write(&batch[..most]).await {
                Ok(0) => return LostReason::PeerClosed,
                Ok(n) => {
                    batch.advance(n);
                    shared.written.fetch_add(n as u64, Ordering::Relaxed);
                }
                Err(error) => return error.into(),
            }
        }
    }
}

/// Waits until VPP may be given more work; tells how many bytes of it.
async fn go_ahead(shared: &Shared, pace: &mut Pace) -> usize {
    loop {
        let written = shared.written.load(Ordering::Relaxed);
        let step = {
            let link = shared.link();
            let (busy, drained) = (link.slots.busy_since(), || link.slots.answered_up_to(written));
            pace.step(Instant::now(), busy, drained)
        };
        match step {
            Step::Write(most) => return most,
            Step::Drain => sleep(LOOK).await,
            Step::Pause(pause) => {
                sleep(pause).await;
                shared.link().slots.had_a_break(Instant::now());
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
    drop(link);
    shared.tap.messages(Way::Sent, batch);
    true
}

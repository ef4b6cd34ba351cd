//! The statistics socket, and the time that makes the heart beat.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use super::Beat;
use crate::server::Shared;

/// How soon interfaces that came or went are in the segment.
const LOOK: Duration = Duration::from_millis(20);

/// Gives clients the descriptor and keeps the numbers moving, until told to stop.
pub(crate) async fn serve(
    listener: UnixListener,
    shared: Arc<Shared>,
    interval: Duration,
    stop: CancellationToken,
) {
    let mut beat = tokio::time::interval(interval);
    let mut look = tokio::time::interval(LOOK);
    for timer in [&mut beat, &mut look] {
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    }
    loop {
        let done = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => hand_out(&shared, client.as_fd()).await,
                Err(error) => Err(error),
            },
            _ = beat.tick() => update(&shared, Beat::Time).await,
            _ = look.tick() => update(&shared, Beat::Change).await,
        };
        if let Err(error) = done {
            tracing::warn!(%error, "statistics");
        }
    }
}

/// Waits while VPP stands still.
async fn update(shared: &Shared, beat: Beat) -> io::Result<()> {
    let _turn = shared.turn().await;
    match shared.core().machine.as_mut() {
        Some(machine) => machine.stats.update(&machine.vpp.interfaces, beat),
        None => Ok(()),
    }
}

async fn hand_out(shared: &Shared, client: impl AsFd) -> io::Result<()> {
    let _turn = shared.turn().await;
    let descriptor = match shared.core().machine.as_ref() {
        Some(machine) => machine.stats.descriptor()?,
        None => return Ok(()),
    };
    send(client, &descriptor)
}

fn send(client: impl AsFd, descriptor: &OwnedFd) -> io::Result<()> {
    let descriptors = [descriptor.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&descriptors));
    sendmsg(client, &[IoSlice::new(&[])], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

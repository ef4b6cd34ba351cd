//! A request whose reply is awaited later.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use ligato_vpp_api::Reply;

use crate::error::VppError;
use crate::link::Shared;
use crate::slots::{Context, Failure};
use crate::wire;

/// The reply to come of a request that has been put on its way.
///
/// Awaiting it gives the reply; a `retval` other than 0 is [`VppError::Retval`]. Dropping it does not take the request
/// back.
#[must_use = "a reply that nobody looks at hides a failure"]
pub struct PendingReply<R> {
    shared: Arc<Shared>,
    state: State,
    message: &'static str,
    reply: PhantomData<fn() -> R>,
}

enum State {
    Waiting(Context),
    Refused(VppError),
    Finished,
}

impl<R: Reply> PendingReply<R> {
    pub(crate) fn new(
        shared: Arc<Shared>,
        message: &'static str,
        sent: Result<Context, VppError>,
    ) -> Self {
        let state = match sent {
            Ok(context) => State::Waiting(context),
            Err(error) => State::Refused(error),
        };
        Self { shared, state, message, reply: PhantomData }
    }
}

impl<R: Reply> Future for PendingReply<R> {
    type Output = Result<R, VppError>;

    fn poll(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let message = self.message;
        match std::mem::replace(&mut self.state, State::Finished) {
            State::Refused(error) => Poll::Ready(Err(error)),
            State::Finished => Poll::Pending,
            State::Waiting(context) => {
                let polled = self.shared.link().slots.poll_reply(context, task);
                match polled {
                    Poll::Pending => {
                        self.state = State::Waiting(context);
                        Poll::Pending
                    }
                    Poll::Ready(Ok(bytes)) => {
                        let reply = read_reply(message, &bytes);
                        if let Err(VppError::Retval { name, .. }) = &reply {
                            self.shared.link().slots.by_message.refused(message, name);
                        }
                        Poll::Ready(reply)
                    }
                    Poll::Ready(Err(failure)) => {
                        Poll::Ready(Err(explain(&self.shared, message, failure)))
                    }
                }
            }
        }
    }
}

impl<R> Drop for PendingReply<R> {
    fn drop(&mut self) {
        if let State::Waiting(context) = self.state {
            self.shared.link().slots.abandon(context);
        }
    }
}

impl<R> std::fmt::Debug for PendingReply<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PendingReply").field("message", &self.message).finish_non_exhaustive()
    }
}

/// Decodes a reply and looks at its `retval`.
fn read_reply<R: Reply>(message: &'static str, bytes: &[u8]) -> Result<R, VppError> {
    let reply: R = wire::decode(bytes).map_err(|source| VppError::Decode { message, source })?;
    match reply.retval() {
        0 => Ok(reply),
        code => Err(VppError::refused(message, code)),
    }
}

/// Puts a failure into the words of the interface.
pub(crate) fn explain(shared: &Shared, message: &'static str, failure: Failure) -> VppError {
    match failure {
        Failure::TimedOut(after) => VppError::Timeout { message, after },
        Failure::Lost { reason, sent: true } => VppError::ConnectionLost { message, reason },
        Failure::Lost { reason, sent: false } => VppError::NotConnected { reason },
        Failure::TooLarge => VppError::TooLarge { message, limit: shared.options.max_dump },
    }
}

//! Requests with many answers, read one by one as they arrive.

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use bytes::{Buf, BytesMut};
use futures::Stream;
use ligato_vpp_api::Message;

use crate::call::explain;
use crate::error::VppError;
use crate::link::Shared;
use crate::slots::{Context, DumpPart, ReplyBytes};
use crate::wire;

/// The details of a dump, in the order in which VPP sent them. Ends after the last one or with the first error.
#[must_use = "streams do nothing unless polled"]
pub struct DumpStream<D> {
    shared: Arc<Shared>,
    state: State,
    message: &'static str,
    details: PhantomData<fn() -> D>,
}

enum State {
    Running { context: Context, details: BytesMut },
    Refused(VppError),
    Finished { end: Option<ReplyBytes> },
}

impl<D: Message> DumpStream<D> {
    pub(crate) fn new(
        shared: Arc<Shared>,
        message: &'static str,
        sent: Result<Context, VppError>,
    ) -> Self {
        let state = match sent {
            Ok(context) => State::Running { context, details: BytesMut::new() },
            Err(error) => State::Refused(error),
        };
        Self { shared, state, message, details: PhantomData }
    }

    /// Payload of the message that ended the dump, once it has ended.
    pub(crate) fn end(&self) -> Option<&[u8]> {
        match &self.state {
            State::Finished { end } => end.as_deref(),
            State::Running { .. } | State::Refused(_) => None,
        }
    }

    fn fail(&mut self, error: VppError) -> Poll<Option<Result<D, VppError>>> {
        if let State::Running { context, .. } = self.state {
            self.shared.link().slots.abandon(context);
        }
        self.state = State::Finished { end: None };
        Poll::Ready(Some(Err(error)))
    }
}

impl<D: Message> Stream for DumpStream<D> {
    type Item = Result<D, VppError>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let message = this.message;
        loop {
            let (context, details) = match &mut this.state {
                State::Running { context, details } => (*context, details),
                State::Finished { .. } => return Poll::Ready(None),
                State::Refused(error) => {
                    let error = error.clone();
                    return this.fail(error);
                }
            };
            if let Some(decoded) = next_detail(details) {
                return match decoded {
                    Ok(detail) => Poll::Ready(Some(Ok(detail))),
                    Err(source) => this.fail(VppError::Decode { message, source }),
                };
            }
            let polled = this.shared.link().slots.poll_dump(context, task);
            match polled {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(DumpPart::Details(more))) => *details = more,
                Poll::Ready(Ok(DumpPart::End(end))) => {
                    this.state = State::Finished { end: Some(end) };
                }
                Poll::Ready(Err(failure)) => {
                    this.state = State::Finished { end: None };
                    let error = explain(&this.shared, message, failure);
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

/// Takes one message off the front: a native `u32` length, then the payload.
fn next_detail<D: Message>(
    details: &mut BytesMut,
) -> Option<Result<D, ligato_vpp_api::DecodeError>> {
    let (length, rest) = details.split_first_chunk::<4>()?;
    let length = u32::from_ne_bytes(*length) as usize;
    let decoded = wire::decode(rest.get(..length)?);
    details.advance(4 + length);
    Some(decoded)
}

impl<D> Drop for DumpStream<D> {
    fn drop(&mut self) {
        if let State::Running { context, .. } = self.state {
            self.shared.link().slots.abandon(context);
        }
    }
}

impl<D> std::fmt::Debug for DumpStream<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DumpStream").field("message", &self.message).finish_non_exhaustive()
    }
}

//! Watches the bodies of calls go by, for [`Calls`]: each message begins with five bytes, a flag and its length
//! (gRPC over HTTP/2, "Length-Prefixed-Message"), and the last thing the server sends is the code.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};

use crate::calls::{Call, Calls};

/// Puts the counting around services.
#[derive(Debug, Clone)]
pub(crate) struct CountCalls(pub(crate) Option<Calls>);

/// A service whose calls are counted.
#[derive(Debug, Clone)]
pub(crate) struct Counted<S> {
    calls: Option<Calls>,
    service: S,
}

/// Counts messages in bytes that come in pieces.
#[derive(Debug, Default)]
struct Messages {
    /// Bytes of the head that were seen.
    head: usize,
    /// The length of the message, as far as it is known.
    length: u64,
    /// Bytes of the message that are still to come.
    left: u64,
}

type SharedCall = Arc<Mutex<Call>>;

/// What the client sends.
struct Incoming {
    body: Body,
    messages: Messages,
    call: SharedCall,
}

/// What the server sends. The call lives as long as this.
struct Outgoing {
    body: Body,
    messages: Messages,
    call: SharedCall,
}

/// Bytes of a message's head.
const HEAD: usize = 5;

impl<S> Layer<S> for CountCalls {
    type Service = Counted<S>;

    fn layer(&self, service: S) -> Counted<S> {
        Counted { calls: self.0.clone(), service }
    }
}

impl<S> Service<Request<Body>> for Counted<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = self.calls.as_ref().and_then(|calls| calls.begin(request.uri().path()));
        let Some(call) = call else { return Box::pin(self.service.call(request)) };
        let call = Arc::new(Mutex::new(call));
        let incoming = Arc::clone(&call);
        let request = request.map(|body| {
            Body::new(Incoming { body, messages: Messages::default(), call: incoming })
        });
        let answer = self.service.call(request);
        Box::pin(async move {
            let response = answer.await?;
            // An error without any message has its code in the head.
            finish(&call, response.headers());
            Ok(response
                .map(|body| Body::new(Outgoing { body, messages: Messages::default(), call })))
        })
    }
}

fn with(call: &SharedCall, action: impl FnOnce(&mut Call)) {
    action(&mut call.lock().unwrap_or_else(PoisonError::into_inner));
}

fn finish(call: &SharedCall, headers: &HeaderMap) {
    if let Some(status) = Status::from_header_map(headers) {
        with(call, |call| call.finish(status.code()));
    }
}

impl Messages {
    /// How many messages begin in these bytes.
    fn count(&mut self, mut bytes: &[u8]) -> u64 {
        let mut begun = 0;
        while let Some((first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let here = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                self.left -= here as u64;
                bytes = bytes.get(here..).unwrap_or_default();
                continue;
            }
            if self.head > 0 {
                self.length = (self.length << 8) | u64::from(*first);
            }
            self.head += 1;
            bytes = rest;
            if self.head == HEAD {
                begun += 1;
                *self = Self { left: self.length, ..Self::default() };
            }
        }
        begun
    }
}

impl http_body::Body for Incoming {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
        if let Some(data) = frame.as_ref().and_then(|f| f.as_ref().ok()?.data_ref()) {
            let messages = this.messages.count(data);
            with(&this.call, |call| call.received(messages));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    let messages = this.messages.count(data);
                    with(&this.call, |call| call.sent(messages));
                }
                if let Some(trailers) = frame.trailers_ref() {
                    finish(&this.call, trailers);
                }
            }
            Some(Err(status)) => with(&this.call, |call| call.finish(status.code())),
            None => with(&this.call, |call| call.finish(Code::Unknown)),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        // Before the last frame only if the client went away; what was finished stays so.
        with(&self.call, |call| call.finish(Code::Cancelled));
    }
}

#[cfg(test)]
mod tests {
    use super::Messages;

    #[test]
    fn messages_are_counted_however_they_are_cut() {
        let bytes = [0, 0, 0, 0, 2, 7, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 9];
        // Two bytes, nothing, a hundred bytes of which one is there.
        let bytes = [&bytes[..12], &[0, 0, 0, 0, 100, 1][..]].concat();
        for size in 1..=bytes.len() {
            let mut messages = Messages::default();
            let begun: u64 = bytes.chunks(size).map(|piece| messages.count(piece)).sum();
            assert_eq!((begun, messages.left), (3, 99), "pieces of {size}");
        }
    }
}

//! The loop that accepts connections, and the end of it.
//!
//! ```text
//! accept ──▶ one task per connection: TLS handshake ──▶ HTTP/1.1 or HTTP/2 ──▶ router
//!    │                                                        ▲
//!    └── cancelled: no new connections, those under way are told to finish, and cut off after a while
//! ```

use std::{net::SocketAddr, time::Duration};

use axum::{Router, http::Request};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto::Builder,
        graceful::{GracefulShutdown, Watcher},
    },
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::access::Peer;

/// The longest a client may take for a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long requests under way may take when the server ends; a client that sends slowly, or never, is cut off then.
const GRACE: Duration = Duration::from_millis(1500);
/// How long to wait after the system refused a connection, typically for want of file descriptors.
const REFUSED: Duration = Duration::from_millis(100);

/// What one connection may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Time for the head of a request, and between two requests.
    pub(crate) head: Duration,
    /// Bytes of the head of a request.
    pub(crate) head_bytes: usize,
}

/// Serves until the token is cancelled, then until the requests under way are answered, but no longer than [`GRACE`].
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    limits: Limits,
    token: CancellationToken,
) {
    let graceful = GracefulShutdown::new();
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = token.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let speaker =
                    Speaker { peer, router: router.clone(), limits, watcher: graceful.watcher() };
                let connection = connection(stream, tls.clone(), speaker, token.clone());
                let cut = cut.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        () = connection => {}
                        () = cut.cancelled() => tracing::debug!(%peer, "connection cut off"),
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(REFUSED).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        cut.cancel();
    }
}

/// What one connection is served with.
struct Speaker {
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    watcher: Watcher,
}

async fn connection(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    speaker: Speaker,
    token: CancellationToken,
) {
    // Answers are small and complete; waiting to fill a packet only adds latency.
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = tls else { return speaker.speak(stream).await };
    let peer = speaker.peer;
    let handshake = tokio::select! {
        handshake = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)) => handshake,
        // Nothing was asked so far, so there is nothing to finish.
        () = token.cancelled() => return,
    };
    match handshake {
        Ok(Ok(stream)) => speaker.speak(stream).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "TLS handshake timed out"),
    }
}

// === impl Speaker ===

impl Speaker {
    async fn speak<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { peer, router, limits, watcher } = self;
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_buf_size(limits.head_bytes);
        let service = TowerToHyperService::new(router.map_request(with_peer(Peer(peer))));
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection.into_owned()).await {
            tracing::debug!(%peer, error, "connection ended");
        }
    }
}

/// Tells the handlers where a request comes from.
fn with_peer<B>(peer: Peer) -> impl Fn(Request<B>) -> Request<B> + Clone {
    move |mut request| {
        request.extensions_mut().insert(peer);
        request
    }
}

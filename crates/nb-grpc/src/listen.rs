//! Sockets to listen on.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;

use futures::{Stream, StreamExt};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio_stream::wrappers::{TcpListenerStream, UnixListenerStream};
use tonic::transport::server::Connected;

use crate::conf::{GrpcConf, NetworkKind};
use crate::error::GrpcError;

/// A socket that is listened on.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    /// Opens the socket of a configuration; `None` if it names no endpoint.
    ///
    /// # Errors
    /// [`GrpcError`] says what is wrong with the endpoint.
    pub async fn bind(conf: &GrpcConf) -> Result<Option<Self>, GrpcError> {
        let Some(endpoint) = conf.endpoint.as_deref().filter(|endpoint| !endpoint.is_empty())
        else {
            return Ok(None);
        };
        let socket = match conf.network_kind() {
            NetworkKind::Tcp => Socket::Tcp(bind_tcp(endpoint, &conf.network).await?),
            NetworkKind::Unix => {
                let path = PathBuf::from(endpoint);
                Socket::Unix(bind_unix(&path, conf).await?, path)
            }
        };
        Ok(Some(Self { socket }))
    }

    /// The address, where it is one of TCP.
    #[must_use]
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(listener) => listener.local_addr().ok(),
            Socket::Unix(..) => None,
        }
    }

    /// What to call it in logs.
    pub(crate) fn describe(&self) -> String {
        match &self.socket {
            Socket::Tcp(_) => {
                self.tcp_address().map_or_else(|| "tcp".to_owned(), |address| address.to_string())
            }
            Socket::Unix(_, path) => path.display().to_string(),
        }
    }

    /// Connections as they come. The second part removes the socket's file when dropped.
    pub(crate) fn incoming(self) -> (Incoming, Option<RemoveOnDrop>) {
        match self.socket {
            Socket::Tcp(listener) => {
                let stream = TcpListenerStream::new(listener).map(|stream| stream.map(Conn::Tcp));
                (Box::pin(stream), None)
            }
            Socket::Unix(listener, path) => {
                let stream = UnixListenerStream::new(listener).map(|stream| stream.map(Conn::Unix));
                (Box::pin(stream), Some(RemoveOnDrop(path)))
            }
        }
    }
}

/// Connections as they come.
pub(crate) type Incoming = Pin<Box<dyn Stream<Item = std::io::Result<Conn>> + Send>>;

/// Removes the file of a socket.
#[derive(Debug)]
pub(crate) struct RemoveOnDrop(PathBuf);

impl Drop for RemoveOnDrop {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(path = %self.0.display(), %error, "socket is left behind");
        }
    }
}

async fn bind_tcp(endpoint: &str, network: &str) -> Result<TcpListener, GrpcError> {
    let bad = |source| GrpcError::Endpoint { endpoint: endpoint.to_owned(), source };
    // ":9111" means every address, as in the original's configuration files.
    let full =
        if endpoint.starts_with(':') { format!("[::]{endpoint}") } else { endpoint.to_owned() };
    let addresses = tokio::net::lookup_host(&full).await.map_err(bad)?;
    let fits = |address: &SocketAddr| match network {
        "tcp4" => address.is_ipv4(),
        "tcp6" => address.is_ipv6(),
        _ => true,
    };
    let addresses: Vec<SocketAddr> = addresses.filter(fits).collect();
    if addresses.is_empty() {
        return Err(bad(ErrorKind::AddrNotAvailable.into()));
    }
    TcpListener::bind(addresses.as_slice())
        .await
        .map_err(|source| GrpcError::Listen { endpoint: endpoint.to_owned(), source })
}

async fn bind_unix(path: &Path, conf: &GrpcConf) -> Result<UnixListener, GrpcError> {
    let failed = |source| GrpcError::Listen { endpoint: path.display().to_string(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    remove_stale(path, conf.force_socket_removal).await?;
    let listener = UnixListener::bind(path).map_err(failed)?;
    let permissions = std::fs::Permissions::from_mode(conf.permission.0);
    std::fs::set_permissions(path, permissions).map_err(failed)?;
    Ok(listener)
}

/// Removes a socket that nobody listens on any more, for instance after the agent was killed.
async fn remove_stale(path: &Path, force: bool) -> Result<(), GrpcError> {
    let Ok(existing) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !existing.file_type().is_socket() {
        return Err(GrpcError::NotASocket { path: path.to_owned() });
    }
    if !force && UnixStream::connect(path).await.is_ok() {
        return Err(GrpcError::SocketInUse { path: path.to_owned() });
    }
    std::fs::remove_file(path)
        .map_err(|source| GrpcError::Listen { endpoint: path.display().to_string(), source })
}

/// A connection of either kind.
#[derive(Debug)]
pub(crate) enum Conn {
    Tcp(tokio::net::TcpStream),
    Unix(UnixStream),
}

impl Connected for Conn {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

mod io {
    //! A connection reads and writes as what it is.

    use std::io::{IoSlice, Result};
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::Conn;

    impl AsyncRead for Conn {
        fn poll_read(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<Result<()>> {
            match self.get_mut() {
                Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
                Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            }
        }
    }

    impl AsyncWrite for Conn {
        fn poll_write(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<Result<usize>> {
            match self.get_mut() {
                Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
                Self::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
            }
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<Result<usize>> {
            match self.get_mut() {
                Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
                Self::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            }
        }

        fn is_write_vectored(&self) -> bool {
            true
        }

        fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
            match self.get_mut() {
                Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
                Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            }
        }

        fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
            match self.get_mut() {
                Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
                Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            }
        }
    }
}

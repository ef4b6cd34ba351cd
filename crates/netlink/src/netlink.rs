//! A route-netlink conversation inside one namespace, and how requests are made in it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_EXCL, NLM_F_REPLACE, NLM_F_REQUEST,
    NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{AsyncSocket, TokioSocket};
use nix::errno::Errno;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tracing::debug;

use crate::enter::run_in;
use crate::error::{Error, Op, errno_of};
use crate::namespace::Namespace;

/// A dump that changes keep interrupting is repeated this often.
const DUMP_ATTEMPTS: usize = 10;

/// How often, and with what pause, a dump is tried while the kernel is busy with another one.
const BUSY_ATTEMPTS: usize = 100;
const BUSY_PAUSE: Duration = Duration::from_millis(1);

/// A conversation with the kernel about one namespace. Clones share the socket; requests of
/// several callers may be in flight at the same time. The socket closes with the last clone.
#[derive(Clone)]
pub struct Netlink {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    handle: rtnetlink::Handle,
    namespace: Namespace,
    task: JoinHandle<()>,
    /// The kernel does one dump per socket at a time.
    dumps: Mutex<()>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the kernel does about an object that is or is not there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mode {
    /// Changes what is there.
    Change,
    /// Creates; fails with `EEXIST` if it is there.
    Create,
    /// Creates or overwrites.
    Replace,
}

impl Netlink {
    /// Opens a socket inside the namespace. Needs a running tokio runtime.
    ///
    /// # Errors
    /// When the namespace cannot be entered or the socket cannot be opened.
    pub async fn open(namespace: &Namespace) -> Result<Netlink, Error> {
        let socket = open_socket(namespace).await?;
        let (mut connection, handle, _unsolicited) = rtnetlink::from_socket(socket);
        // The mark of an interrupted dump may be on its last message only.
        connection.set_forward_done(true);
        let task = tokio::spawn(connection);
        let namespace = namespace.clone();
        let inner = Inner { handle, namespace, task, dumps: Mutex::new(()) };
        Ok(Netlink { inner: Arc::new(inner) })
    }

    /// The namespace the conversation is about.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.inner.namespace
    }

    pub(crate) fn from_inner(inner: Arc<Inner>) -> Netlink {
        Netlink { inner }
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// The socket task still runs.
    pub(crate) fn is_open(&self) -> bool {
        !self.inner.task.is_finished()
    }

    /// Sends a request and waits for its acknowledgement.
    pub(crate) async fn apply(
        &self,
        op: Op,
        object: impl fmt::Display + Send,
        mode: Mode,
        message: RouteNetlinkMessage,
    ) -> Result<(), Error> {
        let flags = NLM_F_REQUEST
            | NLM_F_ACK
            | match mode {
                Mode::Change => 0,
                Mode::Create => NLM_F_CREATE | NLM_F_EXCL,
                Mode::Replace => NLM_F_CREATE | NLM_F_REPLACE,
            };
        let object = object.to_string();
        self.exchange(op, &object, flags, message).await?;
        Ok(())
    }

    /// Sends a request for one object and returns what came back.
    pub(crate) async fn get(
        &self,
        op: Op,
        object: &str,
        message: RouteNetlinkMessage,
    ) -> Result<Vec<RouteNetlinkMessage>, Error> {
        let (messages, _) = self.exchange(op, object, NLM_F_REQUEST, message).await?;
        Ok(messages)
    }

    /// Reads a whole table, again if it changed meanwhile.
    pub(crate) async fn dump(
        &self,
        op: Op,
        message: RouteNetlinkMessage,
    ) -> Result<Vec<RouteNetlinkMessage>, Error> {
        let _turn = self.inner.dumps.lock().await;
        for _ in 0..DUMP_ATTEMPTS {
            let (messages, consistent) = self.dump_once(op, &message).await?;
            if consistent {
                return Ok(messages);
            }
            debug!(%op, namespace = %self.namespace(), "dump interrupted by a change, repeated");
        }
        Err(Error::Unstable { op, namespace: self.namespace().to_string() })
    }

    /// The kernel is still busy where the caller of the dump before was cancelled.
    async fn dump_once(
        &self,
        op: Op,
        message: &RouteNetlinkMessage,
    ) -> Result<(Vec<RouteNetlinkMessage>, bool), Error> {
        let flags = NLM_F_REQUEST | NLM_F_DUMP;
        for _ in 0..BUSY_ATTEMPTS {
            match self.exchange(op, "", flags, message.clone()).await {
                Err(e) if e.errno() == Some(Errno::EBUSY) => tokio::time::sleep(BUSY_PAUSE).await,
                other => return other,
            }
        }
        Err(self.refused(op, "", Errno::EBUSY))
    }

    /// One request and all its answers. The flag is false when the kernel said that the table
    /// changed during the dump.
    async fn exchange(
        &self,
        op: Op,
        object: &str,
        flags: u16,
        message: RouteNetlinkMessage,
    ) -> Result<(Vec<RouteNetlinkMessage>, bool), Error> {
        let closed = || Error::Closed {
            op,
            object: object.to_owned(),
            namespace: self.namespace().to_string(),
        };
        let mut request = NetlinkMessage::from(message);
        request.header.flags = flags;
        let mut handle = self.inner.handle.clone();
        let mut answers = handle.request(request).map_err(|_| closed())?;
        let mut messages = Vec::new();
        let mut consistent = true;
        while let Some(answer) = answers.next().await {
            consistent &= answer.header.flags & NLM_F_DUMP_INTR == 0;
            match answer.payload {
                NetlinkPayload::InnerMessage(inner) => messages.push(inner),
                NetlinkPayload::Error(error) if error.raw_code() != 0 => {
                    let errno = Errno::from_raw(error.raw_code().saturating_abs());
                    return Err(self.refused(op, object, errno));
                }
                _ => {}
            }
        }
        // The stream also ends when the task does; an answer may then be missing.
        if self.is_open() { Ok((messages, consistent)) } else { Err(closed()) }
    }

    pub(crate) fn refused(&self, op: Op, object: impl fmt::Display, errno: Errno) -> Error {
        Error::Kernel {
            op,
            object: object.to_string(),
            namespace: self.namespace().to_string(),
            errno,
        }
    }
}

impl fmt::Debug for Netlink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Netlink").field("namespace", self.namespace()).finish_non_exhaustive()
    }
}

/// Opens a route-netlink socket on a thread inside the namespace.
pub(crate) async fn open_socket(namespace: &Namespace) -> Result<TokioSocket, Error> {
    let runtime = tokio::runtime::Handle::current();
    let opened = run_in(namespace, move || {
        // Registers the socket with the caller's runtime.
        let _entered = runtime.enter();
        TokioSocket::new(NETLINK_ROUTE)
    })
    .await?;
    opened.map_err(|e| Error::Kernel {
        op: Op::OpenSocket,
        object: "netlink socket".into(),
        namespace: namespace.to_string(),
        errno: errno_of(&e),
    })
}

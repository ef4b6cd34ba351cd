//! What changes in a namespace, as a stream that can be trusted.
//!
//! The kernel drops events when a reader is slow, and then says so (`ENOBUFS`). Everything that
//! was queued by then is worthless, since what was dropped may undo it; so the queue is emptied
//! and the tables are read again. Subscribing comes before reading, so nothing is missed between.

use std::collections::VecDeque;
use std::fmt;

use futures::Stream;
use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::{AsyncSocket, AsyncSocketExt, SocketAddr, TokioSocket};
use nix::errno::Errno;
use nix::libc;
use tracing::{debug, warn};

use crate::address::Address;
use crate::error::{Error, Op, errno_of};
use crate::link::Link;
use crate::namespace::Namespace;
use crate::netlink::{Netlink, open_socket};
use crate::route::{Route, RouteFilter};

/// Groups of `linux/rtnetlink.h`, as bits of the address that the socket is bound to.
const GROUP_LINK: u32 = 1 << 0;
const GROUP_IPV4_ADDRESS: u32 = 1 << 4;
const GROUP_IPV4_ROUTE: u32 = 1 << 6;
const GROUP_IPV6_ADDRESS: u32 = 1 << 8;
const GROUP_IPV6_ROUTE: u32 = 1 << 10;

/// More than the largest datagram of route netlink (32 KiB).
const DATAGRAM: usize = 64 * 1024;

/// The length at the start of a message header (`nlmsg_len`).
const LENGTH_FIELD: usize = 4;

/// What to watch and how much may queue up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchOptions {
    /// Also routes; links and addresses are always watched.
    pub routes: RouteWatch,
    /// Bytes that the kernel may queue for us before it drops events.
    pub receive_buffer: u32,
}

/// Whether routes are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RouteWatch {
    #[default]
    Ignored,
    Watched,
}

impl Default for WatchOptions {
    fn default() -> Self {
        WatchOptions { routes: RouteWatch::Ignored, receive_buffer: 1024 * 1024 }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Everything as it is: first, and again whenever events were lost. What is not in it is gone.
    Snapshot(Snapshot),
    /// A link is new or has changed.
    Link(Link),
    LinkRemoved(Link),
    /// An address is new or has changed.
    Address(Address),
    AddressRemoved(Address),
    /// A route is new or has changed.
    Route(Route),
    RouteRemoved(Route),
}

/// The tables of a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    pub links: Vec<Link>,
    pub addresses: Vec<Address>,
    /// Empty unless routes are watched.
    pub routes: Vec<Route>,
}

/// A subscription to the changes of one namespace.
pub struct Watch {
    netlink: Netlink,
    socket: TokioSocket,
    options: WatchOptions,
    /// The next thing to hand out is a snapshot.
    stale: bool,
    queue: VecDeque<Event>,
    buffer: Vec<u8>,
}

impl Watch {
    /// Subscribes. Nothing is read before the first call of [`Watch::next`].
    ///
    /// # Errors
    /// When the namespace cannot be entered or the kernel refuses the subscription.
    pub async fn open(netlink: &Netlink, options: WatchOptions) -> Result<Watch, Error> {
        let mut groups = GROUP_LINK | GROUP_IPV4_ADDRESS | GROUP_IPV6_ADDRESS;
        if options.routes == RouteWatch::Watched {
            groups |= GROUP_IPV4_ROUTE | GROUP_IPV6_ROUTE;
        }
        let mut socket = open_socket(netlink.namespace()).await?;
        let failed = |e: &std::io::Error| netlink.refused(Op::Subscribe, "changes", errno_of(e));
        socket.socket_ref().set_rx_buf_sz(options.receive_buffer).map_err(|e| failed(&e))?;
        socket.socket_mut().bind(&SocketAddr::new(0, groups)).map_err(|e| failed(&e))?;
        Ok(Watch {
            netlink: netlink.clone(),
            socket,
            options,
            stale: true,
            queue: VecDeque::new(),
            buffer: Vec::with_capacity(DATAGRAM),
        })
    }

    /// The next event; the first one is a snapshot. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the tables cannot be read or the socket fails. The call may be repeated: it then
    /// begins with a snapshot.
    pub async fn next(&mut self) -> Result<Event, Error> {
        loop {
            if self.stale {
                let snapshot = self.snapshot().await?;
                self.stale = false;
                return Ok(Event::Snapshot(snapshot));
            }
            if let Some(event) = self.queue.pop_front() {
                return Ok(event);
            }
            self.buffer.clear();
            match self.socket.recv_from(&mut self.buffer).await {
                Ok(_) => decode(&self.buffer, &mut self.queue),
                Err(e) if e.raw_os_error() == Some(libc::ENOBUFS) => {
                    debug!(namespace = %self.namespace(), "events were lost, reading all again");
                    self.drain();
                }
                Err(e) => {
                    self.stale = true;
                    return Err(self.netlink.refused(Op::Subscribe, "changes", errno_of(&e)));
                }
            }
        }
    }

    /// The events as a stream, which ends after an error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Event, Error>> + Send {
        futures::stream::unfold(Some(self), |watch| async {
            let mut watch = watch?;
            match watch.next().await {
                Ok(event) => Some((Ok(event), Some(watch))),
                Err(e) => Some((Err(e), None)),
            }
        })
    }

    /// The namespace that is watched.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        self.netlink.namespace()
    }

    async fn snapshot(&self) -> Result<Snapshot, Error> {
        let routes = match self.options.routes {
            RouteWatch::Watched => self.netlink.routes(RouteFilter::default()).await?,
            RouteWatch::Ignored => Vec::new(),
        };
        Ok(Snapshot {
            links: self.netlink.links().await?,
            addresses: self.netlink.addresses().await?,
            routes,
        })
    }

    /// Throws away what is queued: it may be older than what was dropped.
    fn drain(&mut self) {
        self.stale = true;
        self.queue.clear();
        loop {
            self.buffer.clear();
            let read = self.socket.socket_ref().recv_from(&mut self.buffer, libc::MSG_DONTWAIT);
            match read {
                Ok(_) => {}
                Err(e) if errno_of(&e) == Errno::ENOBUFS => {}
                Err(_) => return,
            }
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("namespace", self.namespace()).finish_non_exhaustive()
    }
}

/// Takes a datagram apart. A message that cannot be understood is skipped: new kernels add
/// message types and attributes.
fn decode(datagram: &[u8], queue: &mut VecDeque<Event>) {
    let mut rest = datagram;
    while let Some(length) = message_length(rest) {
        let (message, tail) = rest.split_at(length);
        match NetlinkMessage::<RouteNetlinkMessage>::deserialize(message) {
            Ok(message) => {
                if let NetlinkPayload::InnerMessage(inner) = message.payload {
                    queue.extend(event(inner));
                }
            }
            Err(e) => warn!(error = %e, "a netlink event could not be read"),
        }
        // Messages start at multiples of four bytes.
        rest = tail.get(length.next_multiple_of(4) - length..).unwrap_or_default();
    }
}

/// The length of the first message, if the whole of it is there.
fn message_length(datagram: &[u8]) -> Option<usize> {
    let field: [u8; LENGTH_FIELD] = datagram.get(..LENGTH_FIELD)?.try_into().ok()?;
    let length = usize::try_from(u32::from_ne_bytes(field)).ok()?;
    (length > LENGTH_FIELD && length <= datagram.len()).then_some(length)
}

fn event(message: RouteNetlinkMessage) -> Option<Event> {
    match message {
        // A bridge reports its ports as links of its own family; the link itself stays.
        RouteNetlinkMessage::NewLink(m) | RouteNetlinkMessage::DelLink(m)
            if m.header.interface_family != AddressFamily::Unspec =>
        {
            None
        }
        RouteNetlinkMessage::NewLink(m) => Some(Event::Link(m.into())),
        RouteNetlinkMessage::DelLink(m) => Some(Event::LinkRemoved(m.into())),
        RouteNetlinkMessage::NewAddress(m) => Address::from_message(m).map(Event::Address),
        RouteNetlinkMessage::DelAddress(m) => Address::from_message(m).map(Event::AddressRemoved),
        RouteNetlinkMessage::NewRoute(m) => Route::from_message(m).map(Event::Route),
        RouteNetlinkMessage::DelRoute(m) => Route::from_message(m).map(Event::RouteRemoved),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use netlink_packet_route::link::{LinkAttribute, LinkMessage};

    use super::*;

    fn link_message(name: &str, family: AddressFamily) -> RouteNetlinkMessage {
        let mut message = LinkMessage::default();
        message.header.interface_family = family;
        message.attributes.push(LinkAttribute::IfName(name.into()));
        RouteNetlinkMessage::NewLink(message)
    }

    fn bytes(message: RouteNetlinkMessage) -> Vec<u8> {
        let mut message = NetlinkMessage::from(message);
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        bytes
    }

    fn names(datagram: &[u8]) -> Vec<String> {
        let mut queue = VecDeque::new();
        decode(datagram, &mut queue);
        let name = |event| match event {
            Event::Link(link) => link.name,
            other => panic!("unexpected {other:?}"),
        };
        queue.into_iter().map(name).collect()
    }

    #[test]
    fn a_datagram_may_hold_several_messages() {
        let mut datagram = bytes(link_message("a", AddressFamily::Unspec));
        datagram.resize(datagram.len().next_multiple_of(4), 0);
        datagram.extend(bytes(link_message("b", AddressFamily::Unspec)));
        assert_eq!(names(&datagram), ["a", "b"]);
    }

    #[test]
    fn a_truncated_or_hostile_length_ends_the_datagram() {
        let good = bytes(link_message("a", AddressFamily::Unspec));
        for length in [0_u32, 1, 4, u32::MAX] {
            let mut datagram = good.clone();
            datagram.extend(length.to_ne_bytes());
            assert_eq!(names(&datagram), ["a"], "length {length}");
        }
        assert!(names(&good[..good.len() - 1]).is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_skipped() {
        let mut datagram = 20_u32.to_ne_bytes().to_vec();
        datagram.extend([0xff; 16]);
        datagram.extend(bytes(link_message("a", AddressFamily::Unspec)));
        assert_eq!(names(&datagram), ["a"]);
    }

    #[test]
    fn a_bridge_port_is_not_a_link() {
        assert!(names(&bytes(link_message("a", AddressFamily::Bridge))).is_empty());
    }
}

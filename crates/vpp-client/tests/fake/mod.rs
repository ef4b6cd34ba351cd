//! A VPP that says what a test tells it to: the socket protocol with a few messages, one connection at a time.

#![expect(clippy::unwrap_used, reason = "in a test a failure is the answer")]

use std::path::PathBuf;
use std::time::Duration;

use bytes::{Buf, BufMut, BytesMut};
use ligato_vpp_api::msg::interface::{
    SwInterfaceDetails, SwInterfaceDump, SwInterfaceEvent, SwInterfaceSetFlags,
    SwInterfaceSetFlagsReply, WantInterfaceEvents, WantInterfaceEventsReply,
};
use ligato_vpp_api::msg::memclnt::{
    ControlPing, ControlPingReply, SockclntDelete, SockclntDeleteReply,
};
use ligato_vpp_api::msg::vpe::{ShowVersion, ShowVersionReply};
use ligato_vpp_api::{FixedString, Message};
use ligato_vpp_client::{Options, VppClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// Longest wait of a test for something that has to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Message numbers of the fake.
pub(crate) fn table() -> Vec<(u16, &'static str)> {
    vec![
        (100, ControlPing::NAME_CRC),
        (101, ControlPingReply::NAME_CRC),
        (102, ShowVersion::NAME_CRC),
        (103, ShowVersionReply::NAME_CRC),
        (104, SwInterfaceSetFlags::NAME_CRC),
        (105, SwInterfaceSetFlagsReply::NAME_CRC),
        (106, SwInterfaceDump::NAME_CRC),
        (107, SwInterfaceDetails::NAME_CRC),
        (108, WantInterfaceEvents::NAME_CRC),
        (109, WantInterfaceEventsReply::NAME_CRC),
        (110, SwInterfaceEvent::NAME_CRC),
        (111, SockclntDelete::NAME_CRC),
        (112, SockclntDeleteReply::NAME_CRC),
    ]
}

pub(crate) struct FakeVpp {
    dir: tempfile::TempDir,
    listener: UnixListener,
}

pub(crate) struct Peer {
    socket: UnixStream,
    buffer: BytesMut,
}

/// A request as it came: number, context, payload.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) id: u16,
    pub(crate) context: u32,
    pub(crate) payload: BytesMut,
}

impl FakeVpp {
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("api.sock")).unwrap();
        Self { dir, listener }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("api.sock")
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            retry_first: Duration::from_millis(1),
            retry_cap: Duration::from_millis(5),
            ..Options::new(self.socket())
        }
    }

    pub(crate) fn client(&self) -> VppClient {
        VppClient::start(self.options())
    }

    /// Accepts a connection and reads nothing.
    pub(crate) async fn accept(&self) -> Peer {
        let (socket, _) = self.listener.accept().await.unwrap();
        Peer { socket, buffer: BytesMut::new() }
    }

    /// Accepts a connection and lets it come up as the process `pid`.
    pub(crate) async fn welcome(&self, pid: u32) -> Peer {
        let mut peer = self.accept().await;
        peer.handshake().await;
        peer.introduce(pid).await;
        peer
    }

    /// As [`Self::welcome`], for a client that waits to be connected.
    pub(crate) async fn connected(&self, client: &VppClient) -> Peer {
        let peer = self.welcome(1).await;
        client.connected().await.unwrap();
        peer
    }
}

impl Peer {
    pub(crate) async fn handshake(&mut self) {
        let hello = self.frame().await;
        assert_eq!(&hello[..2], &15u16.to_be_bytes());
        let table = table();
        let mut out = BytesMut::new();
        out.put_u16(16);
        out.put_u32(0);
        out.put_u32(u32::from_be_bytes(hello[2..6].try_into().unwrap()));
        out.put_i32(0);
        out.put_u32(0x8000_0001);
        out.put_u16(u16::try_from(table.len()).unwrap());
        for (id, name) in table {
            out.put_u16(id);
            FixedString::<64>::new(name)
                .map(|name| ligato_vpp_api::Wire::put(&name, &mut out))
                .unwrap();
        }
        self.send_raw(&out).await;
    }

    /// Answers the first questions of a client.
    pub(crate) async fn introduce(&mut self, pid: u32) {
        let ping = self.request().await;
        assert_eq!(ping.id, 100);
        self.pong(ping.context, pid).await;
        let version = self.request().await;
        assert_eq!(version.id, 102);
        let reply = ShowVersionReply {
            version: FixedString::new("26.06-fake").unwrap(),
            ..ShowVersionReply::default()
        };
        self.reply(103, version.context, &reply).await;
    }

    pub(crate) async fn pong(&mut self, context: u32, pid: u32) {
        let reply = ControlPingReply { retval: 0, client_index: 0, vpe_pid: pid };
        self.reply(101, context, &reply).await;
    }

    /// The next request.
    pub(crate) async fn request(&mut self) -> Received {
        let mut message = self.frame().await;
        let id = message.get_u16();
        assert_eq!(message.get_u32(), 0x8000_0001, "client index of message {id}");
        let context = message.get_u32();
        Received { id, context, payload: message }
    }

    /// The next request that is not a probe of the watchdog.
    pub(crate) async fn frame(&mut self) -> BytesMut {
        loop {
            if self.buffer.len() >= 16 {
                let length = u32::from_be_bytes(self.buffer[8..12].try_into().unwrap()) as usize;
                if self.buffer.len() >= 16 + length {
                    self.buffer.advance(16);
                    return self.buffer.split_to(length);
                }
            }
            assert_ne!(self.socket.read_buf(&mut self.buffer).await.unwrap(), 0, "client hung up");
        }
    }

    /// Sends a message with one header field behind the number: a context, or the client index of an event.
    pub(crate) async fn reply<M: Message>(&mut self, id: u16, second: u32, message: &M) {
        let mut out = BytesMut::new();
        out.put_u16(id);
        out.put_u32(second);
        message.encode(&mut out);
        self.send_raw(&out).await;
    }

    /// Sends bytes as one frame.
    pub(crate) async fn send_raw(&mut self, message: &[u8]) {
        let mut out = BytesMut::new();
        out.put_u64(0);
        out.put_u32(u32::try_from(message.len()).unwrap());
        out.put_u32(0);
        out.put_slice(message);
        self.send_bytes(&out).await;
    }

    /// Sends bytes as they are.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.unwrap();
    }

    /// Waits until the client closes the connection.
    pub(crate) async fn wait_closed(&mut self) {
        loop {
            self.buffer.clear();
            match self.socket.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }
}

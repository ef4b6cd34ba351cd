//! A client of a few lines, so that these tests depend on nothing that talks to VPP otherwise.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use bytes::BytesMut;
use ligato_vpp_api::msg::memclnt::{
    ControlPing, ControlPingReply, SockclntCreate, SockclntCreateReply,
};
use ligato_vpp_api::msg::vpe::ShowVersion;
use ligato_vpp_api::{
    Dump, Event, FRAME_HEADER_LEN, FixedString, Header, Message, Request, SOCKCLNT_CREATE_ID,
    decode_message, encode_message, peek_id, read_frame_header, write_frame_header,
};

/// A connection to a VPP, simulated or real.
pub(crate) struct Client {
    stream: UnixStream,
    /// The message table.
    pub(crate) ids: HashMap<String, u16>,
    index: u32,
    context: u32,
    /// Events received while waiting for something else.
    pub(crate) events: Vec<Vec<u8>>,
}

impl Client {
    pub(crate) fn connect(path: &Path) -> Client {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut client =
            Client { stream, ids: HashMap::new(), index: 0, context: 0, events: Vec::new() };
        let hello = SockclntCreate { name: FixedString::new("test").unwrap() };
        client.send_as(&hello, SOCKCLNT_CREATE_ID, 1);
        let (_, reply): (_, SockclntCreateReply) =
            decode_message(&client.receive().unwrap()).unwrap();
        client.index = reply.index;
        for entry in &reply.message_table {
            client.ids.insert(entry.name.to_str().into_owned(), entry.index);
        }
        client
    }

    /// Whether this VPP has a message.
    #[allow(dead_code, reason = "not every test asks")]
    pub(crate) fn has<M: Message>(&self) -> bool {
        self.find_id::<M>().is_some()
    }

    /// Release of this VPP, such as `26.06`.
    #[allow(dead_code, reason = "not every test asks")]
    pub(crate) fn release(&mut self) -> String {
        let version = self.call(&ShowVersion {}).version.to_string();
        version.split_once('-').map_or(version.as_str(), |(release, _)| release).to_owned()
    }

    /// Its number, under whichever CRC that stands for its layout.
    pub(crate) fn id<M: Message>(&self) -> u16 {
        self.find_id::<M>().unwrap()
    }

    fn find_id<M: Message>(&self) -> Option<u16> {
        let name = |crc| format!("{}_{crc:08x}", M::NAME);
        M::DEFINITION.crcs().find_map(|crc| self.ids.get(&name(crc)).copied())
    }

    fn send_as<M: Message>(&mut self, message: &M, id: u16, context: u32) {
        let mut out = BytesMut::new();
        let header = Header { id, client_index: self.index, context };
        encode_message(message, header, &mut out);
        let mut frame = BytesMut::new();
        write_frame_header(out.len() as u32, &mut frame);
        frame.extend_from_slice(&out);
        self.stream.write_all(&frame).unwrap();
    }

    /// Sends a request and returns its context.
    pub(crate) fn send<M: Message>(&mut self, message: &M) -> u32 {
        self.context += 1;
        let (id, context) = (self.id::<M>(), self.context);
        self.send_as(message, id, context);
        context
    }

    /// The next message; nothing if the connection is closed or silent.
    pub(crate) fn receive(&mut self) -> Option<Vec<u8>> {
        let mut header = [0; FRAME_HEADER_LEN];
        self.stream.read_exact(&mut header).ok()?;
        let mut message = vec![0; read_frame_header(&header) as usize];
        self.stream.read_exact(&mut message).ok()?;
        Some(message)
    }

    pub(crate) fn set_patience(&self, time: Duration) {
        self.stream.set_read_timeout(Some(time)).unwrap();
    }

    /// The next message that is an `M`; everything else is kept as an event.
    pub(crate) fn expect<M: Message>(&mut self) -> Option<M> {
        loop {
            let message = self.receive()?;
            if peek_id(&message).unwrap() == self.id::<M>() {
                return Some(decode_message(&message).unwrap().1);
            }
            self.events.push(message);
        }
    }

    pub(crate) fn call<Q: Request>(&mut self, request: &Q) -> Q::Reply {
        self.send(request);
        self.expect().expect("an answer")
    }

    pub(crate) fn dump<Q: Dump>(&mut self, request: &Q) -> Vec<Q::Details> {
        self.send(request);
        self.send(&ControlPing {});
        let mut details = Vec::new();
        loop {
            let message = self.receive().expect("the end of a dump");
            let id = peek_id(&message).unwrap();
            if id == self.id::<Q::Details>() {
                details.push(decode_message(&message).unwrap().1);
            } else if id == self.id::<ControlPingReply>() {
                return details;
            } else {
                self.events.push(message);
            }
        }
    }

    /// Events of a kind received until now.
    pub(crate) fn events<E: Event>(&mut self) -> Vec<E> {
        self.call(&ControlPing {});
        self.set_patience(Duration::from_millis(50));
        while let Some(message) = self.receive() {
            self.events.push(message);
        }
        self.set_patience(Duration::from_secs(20));
        let id = self.id::<E>();
        let (wanted, other) = std::mem::take(&mut self.events)
            .into_iter()
            .partition(|message: &Vec<u8>| peek_id(message) == Ok(id));
        self.events = other;
        wanted.iter().map(|message| decode_message(message).unwrap().1).collect()
    }
}

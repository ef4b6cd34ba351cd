//! What VPP can do by itself: a socket, messages encoded beforehand, and replies of which only the bytes are counted.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use bytes::{BufMut, BytesMut};
use ligato_vpp_api::{
    FixedString, Message, Wire,
    msg::memclnt::{ControlPing, ControlPingReply, SockclntDelete},
};

/// The number under which every VPP takes the first message of a client.
const SOCKCLNT_CREATE: u16 = 15;
/// Header of a frame: queue pointer, length, mark.
const HEADER: usize = 16;

/// A connection to VPP with nothing behind it.
pub(crate) struct Raw {
    stream: UnixStream,
    client_index: u32,
    ids: Vec<(String, u16)>,
}

impl Raw {
    /// Connects and exchanges the first messages.
    pub(crate) fn connect(socket: &Path) -> Self {
        let mut stream = UnixStream::connect(socket).unwrap();
        let mut out = BytesMut::new();
        frame(&mut out, |out| {
            out.put_u16(SOCKCLNT_CREATE);
            out.put_u32(1);
            FixedString::<64>::new("raw").unwrap().put(out);
        });
        stream.write_all(&out).unwrap();
        let body = read_frame(&mut stream);
        let client_index = u32::from_be_bytes(body[14..18].try_into().unwrap());
        let entries = body[20..].chunks_exact(66).map(|entry| {
            let name = entry[2..].split(|b| *b == 0).next().unwrap();
            let id = u16::from_be_bytes(entry[..2].try_into().unwrap());
            (String::from_utf8_lossy(name).into_owned(), id)
        });
        let ids = entries.collect();
        Self { stream, client_index, ids }
    }

    fn id<M: Message>(&self) -> u16 {
        let found = self.ids.iter().find(|(known, _)| known.starts_with(M::NAME_CRC));
        found.unwrap_or_else(|| panic!("this VPP has no {}", M::NAME)).1
    }

    /// Sends all the messages at once; the time until as many replies are there. All replies have one length.
    pub(crate) fn all<M: Message>(&mut self, messages: &[M]) -> Duration {
        let out = self.encoded(messages);
        let mut reader = self.stream.try_clone().unwrap();
        let wanted = messages.len();
        let start = Instant::now();
        let counting = thread::spawn(move || count_frames(&mut reader, wanted));
        self.stream.write_all(&out).unwrap();
        counting.join().unwrap();
        start.elapsed()
    }

    /// One request at a time.
    pub(crate) fn one_by_one<M: Message>(&mut self, messages: &[M]) -> Duration {
        let messages: Vec<BytesMut> =
            messages.iter().map(|message| self.encoded(std::slice::from_ref(message))).collect();
        let start = Instant::now();
        for message in &messages {
            self.stream.write_all(message).unwrap();
            count_frames(&mut self.stream, 1);
        }
        start.elapsed()
    }

    /// Sends a dump and a ping behind it; how many details came, and the time.
    pub(crate) fn dump<M: Message>(&mut self, message: &M) -> (usize, Duration) {
        let mut out = self.encoded(std::slice::from_ref(message));
        out.extend_from_slice(&self.encoded(&[ControlPing {}]));
        let end = self.id::<ControlPingReply>();
        let mut reader = self.stream.try_clone().unwrap();
        let start = Instant::now();
        self.stream.write_all(&out).unwrap();
        let details = count_until(&mut reader, end);
        (details, start.elapsed())
    }

    fn encoded<M: Message>(&self, messages: &[M]) -> BytesMut {
        let id = self.id::<M>();
        let mut out = BytesMut::new();
        for message in messages {
            frame(&mut out, |out| {
                out.put_u16(id);
                out.put_u32(self.client_index);
                out.put_u32(7);
                message.encode(out);
            });
        }
        out
    }
}

/// VPP frees at once what it keeps of a client that says goodbye.
impl Drop for Raw {
    fn drop(&mut self) {
        let goodbye = self.encoded(&[SockclntDelete { index: self.client_index }]);
        if self.stream.write_all(&goodbye).is_ok() {
            // Any answer will do, and none as well.
            let mut end = [0; HEADER];
            let _answered = self.stream.read(&mut end);
        }
    }
}

fn count_frames(reader: &mut UnixStream, wanted: usize) {
    let mut buffer = vec![0; 256 << 10];
    // The first reply tells how many bytes have to come.
    let mut length = 0;
    let mut received = 0;
    while length == 0 || received < wanted * length {
        let n = reader.read(&mut buffer).unwrap();
        assert_ne!(n, 0, "VPP closed the connection");
        if length == 0 {
            let body = u32::from_be_bytes(buffer[8..12].try_into().unwrap());
            length = HEADER + body as usize;
        }
        received += n;
    }
}

/// Counts frames until one with this number comes.
fn count_until(reader: &mut UnixStream, end: u16) -> usize {
    let mut chunk = vec![0; 256 << 10];
    let mut buffer = BytesMut::with_capacity(1 << 20);
    let mut frames = 0;
    loop {
        let n = reader.read(&mut chunk).unwrap();
        assert_ne!(n, 0, "VPP closed the connection");
        buffer.extend_from_slice(&chunk[..n]);
        while buffer.len() >= HEADER + 2 {
            let body = u32::from_be_bytes(buffer[8..12].try_into().unwrap()) as usize;
            if buffer.len() < HEADER + body {
                break;
            }
            if u16::from_be_bytes(buffer[HEADER..HEADER + 2].try_into().unwrap()) == end {
                return frames;
            }
            frames += 1;
            drop(buffer.split_to(HEADER + body));
        }
    }
}

fn read_frame(stream: &mut UnixStream) -> Vec<u8> {
    let mut header = [0; HEADER];
    stream.read_exact(&mut header).unwrap();
    let mut body = vec![0; u32::from_be_bytes(header[8..12].try_into().unwrap()) as usize];
    stream.read_exact(&mut body).unwrap();
    body
}

fn frame(out: &mut BytesMut, body: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_bytes(0, HEADER);
    body(out);
    let length = u32::try_from(out.len() - start - HEADER).unwrap();
    out[start + 8..start + 12].copy_from_slice(&length.to_be_bytes());
}

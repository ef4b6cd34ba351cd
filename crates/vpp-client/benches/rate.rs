//! Requests per second through the client, beside a raw socket that had everything encoded beforehand and only counts
//! the bytes of the replies: what VPP can do by itself.
//!
//! Run with `VPP_API_SOCKET=<path> cargo bench -p ligato-vpp-client --bench rate [requests]`. Adds that many routes to
//! table 0 and takes them away again.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement prints its result and ends with the first failure"
)]

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::{BufMut, BytesMut};
use futures::StreamExt;
use ligato_vpp_api::msg::ip::{IpRoute, IpRouteAddDel, IpRouteDump, IpTable};
use ligato_vpp_api::msg::memclnt::{ControlPing, SockclntDelete};
use ligato_vpp_api::types::{FibPath, FibPathType, Prefix};
use ligato_vpp_api::{FixedString, List, Message, Request, Wire};
use ligato_vpp_client::{Options, VppClient};

fn main() {
    let Some(socket) = std::env::var_os("VPP_API_SOCKET") else {
        println!("skipped: VPP_API_SOCKET names no VPP");
        return;
    };
    let count = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(100_000);
    let socket = Path::new(&socket);
    let pings = vec![ControlPing {}; count];
    let routes = |add| (0..).take(count).map(|n| route(n, add)).collect::<Vec<_>>();
    for round in 1..=3 {
        println!("round {round}, {count} requests each");
        compare(socket, "control_ping", &pings);
        compare(socket, "route added", &routes(true));
        compare(socket, "route deleted", &routes(false));
    }
    dump(socket, &routes(true), &routes(false));
}

fn compare<M: Request>(socket: &Path, what: &str, messages: &[M]) {
    let raw = raw(socket, messages);
    let queue = client(socket, messages, Style::Queue);
    let buffered = client(socket, messages, Style::Buffered);
    let rate = |time: Duration| messages.len() as f64 / time.as_secs_f64();
    println!(
        "  {what}: raw {:.0}/s, client {:.0}/s ({:.0} %), as futures {:.0}/s ({:.0} %)",
        rate(raw),
        rate(queue),
        100.0 * rate(queue) / rate(raw),
        rate(buffered),
        100.0 * rate(buffered) / rate(raw)
    );
}

fn route(n: u32, is_add: bool) -> IpRouteAddDel {
    let path =
        FibPath { sw_if_index: u32::MAX, kind: FibPathType::DROP, weight: 1, ..FibPath::default() };
    let address = IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + n));
    IpRouteAddDel {
        is_add,
        is_multipath: false,
        route: IpRoute {
            prefix: Prefix::new(address, 32),
            paths: List::new(vec![path]).unwrap(),
            ..IpRoute::default()
        },
    }
}

#[derive(Clone, Copy)]
enum Style {
    /// Send while there is room, then await the oldest.
    Queue,
    /// One future per request.
    Buffered,
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn client<M: Request>(socket: &Path, messages: &[M], style: Style) -> Duration {
    const AT_ONCE: usize = 4096;
    runtime().block_on(async {
        let client = VppClient::start(Options::new(socket));
        client.connected().await.unwrap();
        let start = Instant::now();
        match style {
            Style::Queue => {
                let mut waiting = VecDeque::new();
                for message in messages {
                    if waiting.len() == AT_ONCE - 1 {
                        let oldest: ligato_vpp_client::PendingReply<_> =
                            waiting.pop_front().unwrap();
                        drop(oldest.await);
                    }
                    waiting.push_back(client.send(message.clone()));
                }
                for reply in waiting {
                    drop(reply.await);
                }
            }
            Style::Buffered => {
                let requests = messages.iter().map(|message| client.request(message.clone()));
                futures::stream::iter(requests).buffered(AT_ONCE).for_each(async |_| ()).await;
            }
        }
        let elapsed = start.elapsed();
        client.shutdown().await;
        elapsed
    })
}

fn dump(socket: &Path, add: &[IpRouteAddDel], delete: &[IpRouteAddDel]) {
    client(socket, add, Style::Queue);
    let found = runtime().block_on(async {
        let client = VppClient::start(Options::new(socket));
        client.connected().await.unwrap();
        let start = Instant::now();
        let found = client.dump(IpRouteDump { table: IpTable::default() }).await.unwrap();
        let elapsed = start.elapsed();
        client.shutdown().await;
        (found.len(), elapsed)
    });
    println!("  dump: {} routes in {:?}", found.0, found.1);
    client(socket, delete, Style::Queue);
}

/// Everything encoded beforehand; replies are only counted.
fn raw<M: Request>(socket: &Path, messages: &[M]) -> Duration {
    let mut stream = UnixStream::connect(socket).unwrap();
    let (client_index, ids) = handshake(&mut stream);
    let id = |name: &str| *ids.iter().find(|(known, _)| known == name).map(|(_, id)| id).unwrap();
    let request = id(M::NAME_CRC);
    let mut out = BytesMut::new();
    for message in messages {
        frame(&mut out, |out| {
            out.put_u16(request);
            out.put_u32(client_index);
            out.put_u32(7);
            message.encode(out);
        });
    }
    let mut reader = stream.try_clone().unwrap();
    let wanted = messages.len();
    let start = Instant::now();
    let counting = std::thread::spawn(move || count_frames(&mut reader, wanted));
    stream.write_all(&out).unwrap();
    counting.join().unwrap();
    let elapsed = start.elapsed();
    let goodbye = id(SockclntDelete::NAME_CRC);
    let mut out = BytesMut::new();
    frame(&mut out, |out| {
        out.put_u16(goodbye);
        out.put_u32(client_index);
        out.put_u32(7);
        out.put_u32(client_index);
    });
    stream.write_all(&out).unwrap();
    count_frames(&mut stream, 1);
    elapsed
}

fn count_frames(reader: &mut UnixStream, wanted: usize) {
    let mut buffer = vec![0; 256 << 10];
    // All replies of one kind have one length: the first tells how many bytes have to come.
    let mut length = 0;
    let mut received = 0;
    while length == 0 || received < wanted * length {
        let n = reader.read(&mut buffer).unwrap();
        assert_ne!(n, 0, "VPP closed the connection");
        if length == 0 {
            let body = u32::from_be_bytes(buffer[8..12].try_into().unwrap());
            length = 16 + body as usize;
        }
        received += n;
    }
}

fn frame(out: &mut BytesMut, body: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_bytes(0, 16);
    body(out);
    let length = u32::try_from(out.len() - start - 16).unwrap();
    out[start + 8..start + 12].copy_from_slice(&length.to_be_bytes());
}

fn handshake(stream: &mut UnixStream) -> (u32, Vec<(String, u16)>) {
    let mut out = BytesMut::new();
    frame(&mut out, |out| {
        out.put_u16(15);
        out.put_u32(1);
        FixedString::<64>::new("raw").unwrap().put(out);
    });
    stream.write_all(&out).unwrap();
    let mut header = [0; 16];
    stream.read_exact(&mut header).unwrap();
    let mut body = vec![0; u32::from_be_bytes(header[8..12].try_into().unwrap()) as usize];
    stream.read_exact(&mut body).unwrap();
    let client_index = u32::from_be_bytes(body[14..18].try_into().unwrap());
    let entries = body[20..].chunks_exact(66).map(|entry| {
        let name = entry[2..].split(|b| *b == 0).next().unwrap();
        let id = u16::from_be_bytes(entry[..2].try_into().unwrap());
        (String::from_utf8_lossy(name).into_owned(), id)
    });
    (client_index, entries.collect())
}

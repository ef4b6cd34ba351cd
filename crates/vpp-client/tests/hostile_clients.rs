//! The simulated VPP under clients that send what no client should: it answers or closes, never panics, and the others
//! go on.

#![expect(clippy::expect_used, reason = "in a test a failure is the answer")]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use ligato_vpp_api::msg::memclnt::ControlPing;
use ligato_vpp_client::{Options, VppClient};
use ligato_vpp_sim::Sim;
use proptest::prelude::*;
use tokio::runtime::Runtime;

/// Length of what stands in front of a message, and where the length is in it.
const HEADER: usize = 16;
const LENGTH_AT: usize = 8;
const SOCKCLNT_CREATE: u16 = 15;

/// What a client sends at once.
#[derive(Debug, Clone)]
enum Piece {
    /// A frame whose header tells the truth.
    Frame(Vec<u8>),
    /// A frame whose header announces another length.
    Lying(u32, Vec<u8>),
    /// Bytes.
    Raw(Vec<u8>),
    /// The introduction of a client, cut to this many bytes.
    Introduction(usize),
}

fn piece() -> impl Strategy<Value = Piece> {
    let body = prop::collection::vec(any::<u8>(), 0..120);
    // Numbers of messages that exist, with any content.
    let message = (0u16..2000, body.clone()).prop_map(|(id, body)| {
        let mut message = id.to_be_bytes().to_vec();
        message.extend(body);
        Piece::Frame(message)
    });
    let length = prop_oneof![Just(0), Just(1), Just(u32::MAX), Just(1 << 30), any::<u32>()];
    prop_oneof![
        4 => message,
        1 => body.clone().prop_map(Piece::Frame),
        2 => (length, body.clone()).prop_map(|(length, body)| Piece::Lying(length, body)),
        1 => body.prop_map(Piece::Raw),
        3 => prop_oneof![Just(usize::MAX), 0usize..100].prop_map(Piece::Introduction),
    ]
}

fn frame(length: u32, message: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    for (to, from) in bytes.iter_mut().skip(LENGTH_AT).zip(length.to_be_bytes()) {
        *to = from;
    }
    bytes.extend(message);
    bytes
}

fn true_frame(message: &[u8]) -> Vec<u8> {
    frame(u32::try_from(message.len()).unwrap_or(u32::MAX), message)
}

fn bytes(piece: &Piece) -> Vec<u8> {
    match piece {
        Piece::Frame(message) => true_frame(message),
        Piece::Lying(length, message) => frame(*length, message),
        Piece::Raw(bytes) => bytes.clone(),
        Piece::Introduction(cut) => {
            let mut message = SOCKCLNT_CREATE.to_be_bytes().to_vec();
            message.extend(1u32.to_be_bytes());
            message.extend([b'x'; 63]);
            message.push(0);
            let mut whole = true_frame(&message);
            whole.truncate(*cut);
            whole
        }
    }
}

/// Sends all of it and says that nothing more comes. The other end closes then, whatever it made of it.
fn send(socket: &Path, pieces: &[Piece]) {
    let mut stream = UnixStream::connect(socket).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    for piece in pieces {
        if stream.write_all(&bytes(piece)).is_err() {
            // Closed already, which is an answer.
            return;
        }
    }
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = [0; 4096];
    loop {
        match stream.read(&mut answer) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                let silent = matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                );
                assert!(!silent, "neither an answer nor an end");
                return;
            }
        }
    }
}

#[test]
fn hostile_clients_hurt_nobody_else() {
    let runtime = Runtime::new().expect("a runtime");
    let sim = runtime.block_on(Sim::builder().start()).expect("the simulation starts");
    let client = runtime.block_on(async {
        let client = VppClient::start(Options::new(sim.socket_path()));
        client.connected().await.expect("connected");
        client
    });
    let peer = client.peer().expect("connected");
    let config =
        ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(pieces in prop::collection::vec(piece(), 1..6))| {
        send(sim.socket_path(), &pieces);
        let answer = runtime.block_on(client.request(ControlPing {}));
        prop_assert!(answer.is_ok(), "{answer:?}");
    });
    // It is the same simulation, and the same connection to it.
    let now = client.peer().expect("connected");
    assert_eq!((peer.pid, peer.incarnation), (now.pid, now.incarnation));
    assert_eq!(client.traffic().connections, 1);
    assert_eq!(client.traffic().failed, 0);
    runtime.block_on(client.shutdown());
}

//! The conversation is written to a file, and a VPP made from that file answers as the one of then did.

#![expect(clippy::unwrap_used, reason = "in a test a failure is the answer")]

use std::path::Path;

use ligato_vpp_api::capture::{self, Line, MASK, Way};
use ligato_vpp_api::msg::interface::{
    CreateLoopback, DeleteLoopback, SwInterfaceDetails, SwInterfaceDump, SwInterfaceEvent,
    SwInterfaceSetFlags, WantInterfaceEvents,
};
use ligato_vpp_api::msg::memif::{MemifCreateV2, MemifDump};
use ligato_vpp_api::types::{IfStatusFlags, InterfaceIndex};
use ligato_vpp_api::{FixedString, VppError as Code};
use ligato_vpp_client::{Notice, Options, VppClient, VppError};
use ligato_vpp_sim::{Replay, Sim};

async fn client(socket: &Path) -> VppClient {
    let client = VppClient::start(Options::new(socket));
    client.connected().await.unwrap();
    client
}

/// What a client got to see.
#[derive(Debug, PartialEq)]
struct Seen {
    created: InterfaceIndex,
    refused: Option<i32>,
    before: Vec<SwInterfaceDetails>,
    after: Vec<SwInterfaceDetails>,
    memifs: usize,
    event: SwInterfaceEvent,
}

/// A conversation with requests of every sort: refused, repeated with another answer, with details, with an event.
async fn converse(client: &VppClient, secret: &str) -> Seen {
    let dump = SwInterfaceDump { sw_if_index: InterfaceIndex::NONE, ..SwInterfaceDump::default() };
    let want = WantInterfaceEvents { enable_disable: 1, pid: std::process::id() };
    let mut events = client.subscribe_with::<SwInterfaceEvent, _>(want).await.unwrap();
    // Until that was seen, events are not kept.
    assert_eq!(events.recv().await, Some(Notice::Gap));
    let before = client.dump(dump.clone()).await.unwrap();
    let created = client.request(CreateLoopback::default()).await.unwrap().sw_if_index;
    let flags = SwInterfaceSetFlags { sw_if_index: created, flags: IfStatusFlags::ADMIN_UP };
    client.request(flags).await.unwrap();
    let event = loop {
        match events.recv().await.unwrap() {
            Notice::Event(event) => break event,
            Notice::Gap => {}
        }
    };
    let nobody = DeleteLoopback { sw_if_index: InterfaceIndex(999) };
    let refused = match client.request(nobody).await {
        Err(VppError::Retval { code, .. }) => Some(code),
        _ => None,
    };
    let memif = MemifCreateV2 { secret: FixedString::new(secret).unwrap(), ..Default::default() };
    client.request(memif).await.unwrap();
    let memifs = client.dump(MemifDump {}).await.unwrap().len();
    let after = client.dump(dump).await.unwrap();
    Seen { created, refused, before, after, memifs, event }
}

fn lines(file: &Path) -> Vec<Line> {
    capture::read(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vpp_made_from_a_capture_answers_as_the_one_that_was_captured() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vpp.jsonl");
    let sim = Sim::builder().seed(3).start().await.unwrap();
    let original = VppClient::start(Options::new(sim.socket_path()));
    original.start_capture(&file, u64::MAX).unwrap();
    original.connected().await.unwrap();
    let seen = converse(&original, "hush").await;
    assert_eq!(seen.refused, Some(Code::INVALID_SW_IF_INDEX.0));
    original.stop_capture();
    let status = original.capture().unwrap();
    assert!(!status.is_running && status.ended.is_none(), "{status:?}");
    original.shutdown().await;

    let captured = lines(&file);
    assert_eq!(captured.len() as u64, status.lines);
    assert_eq!(captured[0].way, Way::Opened);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(MASK) && !text.contains("hush"), "secrets stay where they are");
    assert!(captured.iter().all(|line| line.bytes.is_empty()), "everything could be read");
    assert!(captured.windows(2).all(|pair| pair[0].at <= pair[1].at));

    let replay = Replay::start(&folder.path().join("api.sock"), &text).unwrap();
    let again = client(replay.socket_path()).await;
    assert_eq!(converse(&again, "another").await, seen);
    assert_eq!((replay.unknown(), replay.left()), (vec![], vec![]));

    // What was never asked then is refused, and told.
    let other = DeleteLoopback { sw_if_index: InterfaceIndex(5) };
    let refused = again.request(other).await;
    assert!(matches!(refused, Err(VppError::Retval { code, .. }) if code == Code::UNIMPLEMENTED.0));
    assert_eq!(replay.unknown().len(), 1);
    again.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_captured_in_the_middle_can_be_answered_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vpp.jsonl");
    let sim = Sim::builder().start().await.unwrap();
    let original = client(sim.socket_path()).await;
    original.request(CreateLoopback::default()).await.unwrap();
    original.start_capture(&file, u64::MAX).unwrap();
    let second = original.request(CreateLoopback::default()).await.unwrap();
    original.shutdown().await;
    original.stop_capture();

    let text = std::fs::read_to_string(&file).unwrap();
    let replay = Replay::start(&folder.path().join("api.sock"), &text).unwrap();
    let again = client(replay.socket_path()).await;
    assert_eq!(again.request(CreateLoopback::default()).await.unwrap(), second);
    again.shutdown().await;
    assert_eq!((replay.unknown(), replay.left()), (vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_capture_may_begin_late_goes_on_over_connections_and_ends_at_its_bound() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vpp.jsonl");
    let sim = Sim::builder().start().await.unwrap();
    let options = Options {
        retry_cap: std::time::Duration::from_millis(20),
        ..Options::new(sim.socket_path())
    };
    let client = VppClient::start(options);
    client.connected().await.unwrap();
    assert_eq!(client.capture(), None);
    client.start_capture(&file, 200_000).unwrap();
    client.request(CreateLoopback::default()).await.unwrap();
    let mut state = client.state();
    sim.restart().await.unwrap();
    state.wait_for(|state| state.peer().is_some_and(|peer| peer.incarnation == 2)).await.unwrap();
    client.request(CreateLoopback::default()).await.unwrap();
    let dump = SwInterfaceDump { sw_if_index: InterfaceIndex::NONE, ..SwInterfaceDump::default() };
    while client.capture().unwrap().is_running {
        client.dump(dump.clone()).await.unwrap();
    }
    // The last line is written behind the bound.
    client.stop_capture();
    let status = client.capture().unwrap();
    assert!(status.bytes > 200_000 && status.bytes < 400_000, "{status:?}");
    let captured = lines(&file);
    let ways: Vec<Way> = captured.iter().map(|line| line.way).collect();
    let opened = ways.iter().filter(|way| **way == Way::Opened).count();
    let closed = ways.iter().filter(|way| **way == Way::Closed).count();
    assert_eq!((opened, closed, ways.last()), (2, 1, Some(&Way::Ended)));
    let created = captured.iter().filter(|line| line.message == "create_loopback_reply").count();
    assert_eq!(created, 2, "the numbers of the second connection are others");
    client.shutdown().await;
}

//! The client against a VPP that says what each test tells it to.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test a failure is the answer"
)]

mod fake;

use std::time::Duration;

use fake::{FakeVpp, PATIENCE, Peer};
use futures::StreamExt;
use ligato_vpp_api::msg::interface::{
    SwInterfaceDetails, SwInterfaceDump, SwInterfaceEvent, SwInterfaceSetFlags,
    SwInterfaceSetFlagsReply, WantInterfaceEvents, WantInterfaceEventsReply,
};
use ligato_vpp_api::msg::memclnt::{ControlPing, GetApiJson, SockclntDeleteReply};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_client::{
    Connection, FrameError, Liveness, LostReason, Notice, Options, Pulse, Sign, Unavailable,
    VppClient, VppError,
};
use tokio::time::timeout;

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("it took too long")
}

async fn lost(client: &VppClient) -> LostReason {
    let mut state = client.state();
    let state = soon(state.wait_for(|state| state.peer().is_none())).await.unwrap();
    let Connection::Disconnected { reason, .. } = &*state else { panic!("connected") };
    reason.clone()
}

fn set_flags(index: u32) -> SwInterfaceSetFlags {
    SwInterfaceSetFlags { sw_if_index: InterfaceIndex(index), ..SwInterfaceSetFlags::default() }
}

#[tokio::test]
async fn replies_find_their_requests_in_any_order() {
    let vpp = FakeVpp::start();
    let client = vpp.client();
    let mut peer = soon(vpp.connected(&client)).await;
    let first = client.send(set_flags(1));
    let second = client.send(set_flags(2));
    let (a, b) = (soon(peer.request()).await, soon(peer.request()).await);
    assert_eq!(a.payload[..4], 1u32.to_be_bytes(), "sent in order");
    peer.reply(105, b.context, &SwInterfaceSetFlagsReply { retval: -2 }).await;
    peer.reply(105, a.context, &SwInterfaceSetFlagsReply { retval: 0 }).await;
    assert!(soon(first).await.is_ok());
    let error = soon(second).await.unwrap_err();
    assert_eq!(error.to_string(), "sw_interface_set_flags failed with INVALID_SW_IF_INDEX (-2)");
}

#[tokio::test]
async fn a_dump_ends_with_the_ping_behind_it() {
    let vpp = FakeVpp::start();
    let client = vpp.client();
    let mut peer = soon(vpp.connected(&client)).await;
    let dump = tokio::spawn({
        let client = client.clone();
        async move { client.dump(SwInterfaceDump::default()).await }
    });
    let (request, ping) = (soon(peer.request()).await, soon(peer.request()).await);
    assert_eq!((request.id, ping.id), (106, 100));
    assert_eq!(request.context, ping.context);
    for index in 0..1000u32 {
        let details = SwInterfaceDetails {
            sw_if_index: InterfaceIndex(index),
            ..SwInterfaceDetails::default()
        };
        peer.reply(107, request.context, &details).await;
    }
    peer.pong(request.context, 1).await;
    let found = soon(dump).await.unwrap().unwrap();
    assert_eq!(found.len(), 1000);
    assert!(found.iter().zip(0u32..).all(|(details, n)| details.sw_if_index == InterfaceIndex(n)));
}

#[tokio::test]
async fn a_hung_vpp_is_a_timeout_and_the_connection_stays() {
    let vpp = FakeVpp::start();
    let client = vpp.client();
    let mut peer = soon(vpp.connected(&client)).await;
    let hasty = client.with_timeout(Duration::from_millis(20));
    let error = soon(hasty.request(set_flags(1))).await.unwrap_err();
    assert!(matches!(error, VppError::Timeout { .. }) && error.outcome_unknown(), "{error}");
    let late = soon(peer.request()).await;
    let again = client.send(set_flags(2));
    let request = soon(peer.request()).await;
    peer.reply(105, late.context, &SwInterfaceSetFlagsReply { retval: -1 }).await;
    peer.reply(105, request.context, &SwInterfaceSetFlagsReply { retval: 0 }).await;
    assert!(soon(again).await.is_ok(), "the late reply belongs to nobody");
}

#[tokio::test]
async fn a_lost_connection_fails_what_was_sent_and_comes_back() {
    let vpp = FakeVpp::start();
    let client = vpp.client();
    let mut peer = soon(vpp.connected(&client)).await;
    let waiting = client.send(set_flags(1));
    soon(peer.request()).await;
    drop(peer);
    let error = soon(waiting).await.unwrap_err();
    assert!(matches!(&error, VppError::ConnectionLost { .. }), "{error}");
    assert!(error.outcome_unknown());
    let _peer = soon(vpp.welcome(2)).await;
    let second = soon(client.connected()).await.unwrap();
    assert_eq!((second.connection, second.incarnation, second.pid), (2, 2, 2));
}

#[tokio::test]
async fn without_a_connection_nothing_is_sent() {
    let vpp = FakeVpp::start();
    let options = Options { socket: vpp.socket().with_extension("none"), ..vpp.options() };
    let client = VppClient::start(options);
    let error = soon(client.request(ControlPing {})).await.unwrap_err();
    assert!(matches!(&error, VppError::NotConnected { .. }) && !error.outcome_unknown(), "{error}");
}

#[tokio::test]
async fn a_message_vpp_does_not_have_is_not_sent() {
    let vpp = FakeVpp::start();
    let client = vpp.client();
    let _peer = soon(vpp.connected(&client)).await;
    assert!(client.supports::<ControlPing>() && !client.supports::<GetApiJson>());
    let error = soon(client.request(GetApiJson {})).await.unwrap_err();
    let VppError::Unavailable { reason, .. } = error else { panic!("{error}") };
    assert_eq!(reason, Unavailable::Missing);
}

#[tokio::test]
async fn hostile_frames_end_the_connection_with_a_reason() {
    let vpp = FakeVpp::start();
    let client = vpp.client();

    let mut peer = soon(vpp.connected(&client)).await;
    peer.send_bytes(&[0xff; 4096]).await;
    let reason = lost(&client).await;
    assert!(matches!(reason, LostReason::Frame(FrameError::TooLong { .. })), "{reason}");
    soon(peer.wait_closed()).await;

    let mut peer = soon(vpp.connected(&client)).await;
    peer.send_raw(&[1, 2, 3]).await;
    let reason = lost(&client).await;
    assert!(matches!(reason, LostReason::Frame(FrameError::TooShort { length: 3 })), "{reason}");

    let mut peer = soon(vpp.connected(&client)).await;
    let waiting = client.send(set_flags(1));
    let request = soon(peer.request()).await;
    peer.pong(request.context, 1).await;
    let reason = lost(&client).await;
    let wrong = matches!(reason, LostReason::WrongReply { got: 101, expected: 105 });
    assert!(wrong, "{reason}");
    assert!(soon(waiting).await.is_err());

    // Cut off in the middle of a frame.
    let mut peer: Peer = soon(vpp.connected(&client)).await;
    peer.send_bytes(&[0; 20]).await;
    drop(peer);
    lost(&client).await;

    // Nonsense for nobody is ignored; a reply that ends early is that request's failure only.
    let mut peer = soon(vpp.connected(&client)).await;
    let waiting = client.send(set_flags(1));
    let request = soon(peer.request()).await;
    peer.send_raw(&[0xff; 100]).await;
    let mut cut = 105u16.to_be_bytes().to_vec();
    cut.extend(request.context.to_be_bytes());
    peer.send_raw(&cut).await;
    let error = soon(waiting).await.unwrap_err();
    assert!(matches!(error, VppError::Decode { .. }), "{error}");
    assert!(client.peer().is_some());
}

#[tokio::test]
async fn a_bad_handshake_is_tried_again() {
    let vpp = FakeVpp::start();
    let client = vpp.client();
    let mut peer = soon(vpp.accept()).await;
    soon(peer.frame()).await;
    peer.send_raw(&[0, 99, 0, 0, 0, 0]).await;
    let mut state = client.state();
    let failed = |state: &Connection| match state {
        Connection::Disconnected { reason, .. } => matches!(reason, LostReason::Handshake(_)),
        Connection::Connected(_) => false,
    };
    soon(state.wait_for(failed)).await.unwrap();
    soon(vpp.connected(&client)).await;
}

#[tokio::test]
async fn event_subscriptions_survive_a_reconnect() {
    let vpp = FakeVpp::start();
    let client = vpp.client();
    let mut peer = soon(vpp.connected(&client)).await;
    let want = WantInterfaceEvents { enable_disable: 1, pid: 7 };
    let subscribing = tokio::spawn({
        let client = client.clone();
        async move { client.subscribe_with::<SwInterfaceEvent, _>(want).await.unwrap() }
    });
    let request = soon(peer.request()).await;
    assert_eq!(request.id, 108);
    peer.reply(109, request.context, &WantInterfaceEventsReply { retval: -31 }).await;
    let mut events = soon(subscribing).await.unwrap();
    assert_eq!(soon(events.recv()).await, Some(Notice::Gap));
    let event = SwInterfaceEvent { sw_if_index: InterfaceIndex(5), ..SwInterfaceEvent::default() };
    peer.reply(110, 0x8000_0001, &event).await;
    assert_eq!(soon(events.next()).await, Some(Notice::Event(event.clone())));

    drop(peer);
    let mut peer = soon(vpp.welcome(1)).await;
    let request = soon(peer.request()).await;
    assert_eq!(request.id, 108, "asked for again before the connection is announced");
    peer.reply(109, request.context, &WantInterfaceEventsReply { retval: 0 }).await;
    assert_eq!(soon(events.recv()).await, Some(Notice::Gap));
    peer.reply(110, 0x8000_0001, &event).await;
    assert_eq!(soon(events.recv()).await, Some(Notice::Event(event)));
    client.close();
    assert_eq!(soon(events.recv()).await, None);
}

#[tokio::test]
async fn a_full_window_holds_requests_back() {
    let vpp = FakeVpp::start();
    let client = VppClient::start(Options { window: 2, ..vpp.options() });
    let mut peer = soon(vpp.connected(&client)).await;
    let (first, _second) = (client.send(set_flags(1)), client.send(set_flags(2)));
    let third = soon(client.send(set_flags(3))).await.unwrap_err();
    assert!(matches!(third, VppError::Backlog { waiting: 2, .. }), "{third}");
    let patient = tokio::spawn({
        let client = client.clone();
        async move { client.request(set_flags(4)).await }
    });
    let request = soon(peer.request()).await;
    soon(peer.request()).await;
    peer.reply(105, request.context, &SwInterfaceSetFlagsReply { retval: 0 }).await;
    soon(first).await.unwrap();
    let fourth = soon(peer.request()).await;
    assert_eq!(fourth.payload[..4], 4u32.to_be_bytes());
    peer.reply(105, fourth.context, &SwInterfaceSetFlagsReply { retval: 0 }).await;
    soon(patient).await.unwrap().unwrap();
}

#[tokio::test]
async fn silence_ends_the_connection_only_after_probes() {
    let vpp = FakeVpp::start();
    let client = VppClient::start(Options {
        probe_after: Duration::from_millis(50),
        give_up_after: Duration::from_millis(400),
        ..vpp.options()
    });
    let mut peer = soon(vpp.connected(&client)).await;
    let probe = soon(peer.request()).await;
    assert_eq!(probe.id, 100);
    peer.pong(probe.context, 1).await;
    let reason = lost(&client).await;
    assert!(matches!(reason, LostReason::NotResponding { .. }), "{reason}");
}

#[tokio::test]
async fn a_client_that_ends_says_goodbye() {
    let vpp = FakeVpp::start();
    let client = vpp.client();
    let mut peer = soon(vpp.connected(&client)).await;
    let ending = tokio::spawn({
        let client = client.clone();
        async move { client.shutdown().await }
    });
    let goodbye = soon(peer.request()).await;
    assert_eq!((goodbye.id, &goodbye.payload[..]), (111, &0x8000_0001_u32.to_be_bytes()[..]));
    peer.reply(112, goodbye.context, &SockclntDeleteReply { response: 1 }).await;
    soon(ending).await.unwrap();
    soon(peer.wait_closed()).await;
    let error = soon(client.request(ControlPing {})).await.unwrap_err();
    assert!(matches!(error, VppError::NotConnected { reason: LostReason::Closed }), "{error}");
}

/// A heart that a test beats.
#[derive(Debug, Default)]
struct Heart(std::sync::atomic::AtomicU64);

impl Pulse for Heart {
    fn attach(&self) {}

    fn beat(&self) -> Option<u64> {
        Some(self.0.load(std::sync::atomic::Ordering::Relaxed))
    }
}

#[tokio::test]
async fn a_busy_vpp_is_waited_for_and_a_deaf_one_is_not() {
    let vpp = FakeVpp::start();
    let heart = std::sync::Arc::new(Heart::default());
    let options = Options {
        probe_after: Duration::from_millis(50),
        answer_within: Duration::from_millis(10),
        give_up_after: Duration::ZERO,
        deaf_after: Duration::from_millis(1),
        ..vpp.options()
    };
    let client = VppClient::start_with(options, Some(heart.clone()));
    let mut liveness = client.liveness();
    let mut peer = soon(vpp.connected(&client)).await;
    let probe = soon(peer.request()).await;
    let is = |wanted: Sign| move |now: &Liveness| matches!(now, Liveness::Silent { sign, .. } if *sign == wanted);
    soon(liveness.wait_for(is(Sign::Busy))).await.unwrap();
    assert!(client.peer().is_some(), "still connected");
    peer.pong(probe.context, 1).await;
    soon(liveness.wait_for(|now| *now == Liveness::Answering)).await.unwrap();

    let _unanswered = soon(peer.request()).await;
    soon(liveness.wait_for(is(Sign::Busy))).await.unwrap();
    heart.0.store(1, std::sync::atomic::Ordering::Relaxed);
    let reason = lost(&client).await;
    assert!(matches!(reason, LostReason::NotResponding { .. }), "{reason}");
    soon(liveness.wait_for(|now| *now == Liveness::Answering)).await.unwrap();
}

#[tokio::test]
async fn a_new_socket_is_tried_at_once() {
    let vpp = FakeVpp::start();
    // Longer than this test waits for anything.
    let hour = Duration::from_secs(3600);
    let options = Options { retry_first: hour, retry_cap: hour, ..vpp.options() };
    let socket = vpp.socket();
    let moved = socket.with_extension("moved");
    std::fs::rename(&socket, &moved).unwrap();
    let client = VppClient::start(options);
    let mut state = client.state();
    let failed = |state: &Connection| {
        matches!(state, Connection::Disconnected { reason: LostReason::Connect(_), .. })
    };
    soon(state.wait_for(failed)).await.unwrap();
    std::fs::rename(&moved, &socket).unwrap();
    soon(vpp.connected(&client)).await;
}

//! Messages by name, as JSON, on a connection of their own.

#![expect(clippy::expect_used, reason = "in a test a failure is the answer")]

use ligato_vpp_api::dynamic::{ApiSet, DynamicError};
use ligato_vpp_client::{Options, Session, SessionError};
use ligato_vpp_sim::Sim;
use serde_json::json;

async fn start(release: &str) -> (Sim, Session) {
    let sim = Sim::builder().release(release).start().await.expect("the simulation starts");
    let session = Session::open(&Options::new(sim.socket_path())).await.expect("it is reached");
    (sim, session)
}

async fn with_definitions() -> (Sim, Session, ApiSet) {
    let (sim, mut session) = start("26.06").await;
    let set = session.definitions().await.expect("VPP tells them");
    (sim, session, set)
}

#[tokio::test]
async fn a_request_a_dump_and_what_vpp_refuses() {
    let (sim, mut session, set) = with_definitions().await;
    let made = session.call(&set, "create_loopback", &json!({})).await.expect("an answer");
    assert_eq!(made.reply, Some(json!({ "retval": 0, "sw_if_index": 1 })));

    let all = json!({ "sw_if_index": u32::MAX });
    let found = session.call(&set, "sw_interface_dump", &all).await.expect("an answer");
    let names: Vec<_> = found.details.iter().map(|d| d["interface_name"].clone()).collect();
    assert_eq!((found.reply, names), (None, vec![json!("local0"), json!("loop0")]));

    let unknown = json!({ "sw_if_index": 77, "flags": ["IF_STATUS_API_FLAG_ADMIN_UP"] });
    let refused = session.call(&set, "sw_interface_set_flags", &unknown).await.expect("an answer");
    assert_eq!(refused.reply.expect("a reply")["retval"], -2);
    session.close().await;
    assert_eq!(sim.state().interfaces.len(), 2);
}

#[tokio::test]
async fn what_does_not_fit_is_not_sent() {
    let (sim, mut session, set) = with_definitions().await;
    let before = sim.log().len();
    let wrong = json!({ "sw_if_index": 1, "colour": "red" });
    let error = session.call(&set, "sw_interface_set_flags", &wrong).await.expect_err("refused");
    assert!(error.to_string().contains("colour"), "{error}");
    let error = session.call(&set, "no_such_message", &json!({})).await.expect_err("refused");
    assert!(matches!(error, SessionError::Message(DynamicError::UnknownMessage(_))), "{error}");
    let error = session.call(&set, "control_ping_reply", &json!({})).await.expect_err("refused");
    assert!(matches!(error, SessionError::NoRequest(_)), "{error}");
    assert_eq!(sim.log().len(), before);
}

#[tokio::test]
async fn a_vpp_that_does_not_tell_its_definitions_says_so() {
    let (_sim, mut session) = start("24.02").await;
    let error = session.definitions().await.expect_err("24.06 is the first");
    assert!(matches!(error, SessionError::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn definitions_of_another_layout_are_not_used() {
    let (_sim, mut session, _) = with_definitions().await;
    let mut set = ApiSet::default();
    let text = json!({
        "messages": [
            ["create_loopback", ["u16", "_vl_msg_id"], ["u32", "client_index"], ["u32", "context"],
                { "crc": "0x00000001" }],
            ["create_loopback_reply", ["u16", "_vl_msg_id"], ["u32", "context"], ["i32", "retval"],
                { "crc": "0x00000002" }],
        ],
        "services": { "create_loopback": { "reply": "create_loopback_reply" } },
    });
    set.add_json(&text.to_string()).expect("definitions");
    let error = session.call(&set, "create_loopback", &json!({})).await.expect_err("refused");
    assert!(error.to_string().contains("another layout"), "{error}");
}

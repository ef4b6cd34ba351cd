//! Whatever a client sends: an answer in the range of HTTP, one connection's trouble, and the server goes on.

use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::{LOOP, start};

const PATHS: [&str; 14] = [
    "PUT /configuration",
    "PUT /configuration?replace",
    "POST /configuration/validate",
    "POST /scheduler/plan",
    "POST /scheduler/downstream-resync",
    "GET /scheduler/dump",
    "GET /scheduler/status",
    "GET /scheduler/key-timeline",
    "GET /scheduler/txn-history",
    "GET /scheduler/graph",
    "GET /scheduler/flag-stats",
    "GET /scheduler/explain",
    "GET /dump/vpp/v2/interfaces",
    "GET /metrics/x",
];

/// A query of names that are known, with any value.
fn query() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "key",
        "key-prefix",
        "descriptor",
        "view",
        "time",
        "since",
        "seq-num",
        "flag",
        "format",
        "txn",
        "x",
    ]);
    let value = prop_oneof!["[a-z0-9/%&=+.-]{0,12}", "-?[0-9]{1,25}", Just("%ff%00".to_owned())];
    let pair = (name, value).prop_map(|(name, value)| format!("{name}={value}"));
    prop::collection::vec(pair, 0..3).prop_map(|pairs| pairs.join("&"))
}

/// A document that is good, cut or changed in one place, or any text.
fn body() -> impl Strategy<Value = String> {
    let cut = any::<prop::sample::Index>().prop_map(|at| LOOP[..at.index(LOOP.len())].to_owned());
    let changed = (any::<prop::sample::Index>(), "[\\[\\]{}:,&*!\"'a-z\n\t -]{1,3}").prop_map(
        |(at, text)| {
            let (head, tail) = LOOP.split_at(at.index(LOOP.len()));
            format!("{head}{text}{tail}")
        },
    );
    prop_oneof![3 => changed, 1 => cut, 1 => "\\PC{0,60}", 1 => Just("[".repeat(20_000))]
}

#[test]
fn every_request_is_answered_and_the_server_goes_on() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(start(|_| {}));
    let config =
        ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(path in prop::sample::select(&PATHS[..]), query in query(), body in body())| {
        let joint = if path.contains('?') { '&' } else { '?' };
        let request = format!("{path}{joint}{query}");
        let answer = runtime.block_on(server.ask(&request, "", &body));
        prop_assert!((200..500).contains(&answer.status) || expected_500(path), "{request}: {}", answer.status);
        prop_assert!(!answer.body.contains("panicked"), "{request}: {}", answer.body);
        prop_assert_eq!(runtime.block_on(server.ask("GET /liveness", "", "")).status, 200);
    });
    runtime.block_on(server.agent.stop());
}

/// Dumps of kinds that are not there, and rendering by a program that may not be there.
fn expected_500(path: &str) -> bool {
    path.contains("/dump") || path.contains("/graph")
}

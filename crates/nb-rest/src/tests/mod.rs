//! The server over a real socket on the loopback address: paths, statuses, gates, and an orderly end.

mod auth;
mod hostile;
mod tls;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use crate::{
    Configuration, HttpConf, Mode, PushError, RateLimiterConf, RestHandles, RestPlugin, VersionInfo,
};
use ligato_infra::{
    Metrics, Shutdown,
    agent::{AgentBuilder, RunningAgent},
    clock::RealClock,
    config::Secret,
    health::{BuildFacts, Criticality, Health},
    logging::{self, LogFormat, LogLevel},
};
use ligato_kvs::Scheduler;
use ligato_kvs_api::{Plan, PlanError, Revision, Statuses, TxnOutcome, TxnReport};
use ligato_model::{Key, Value};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Mutex,
};

/// Keeps what was pushed, as an orchestrator with one source would.
#[derive(Default)]
struct Desired(Mutex<Vec<(Key, Value)>>);

#[async_trait::async_trait]
impl Configuration for Desired {
    async fn desired(&self) -> Vec<(Key, Value)> {
        self.0.lock().await.clone()
    }

    async fn push(&self, mode: Mode, values: Vec<(Key, Value)>) -> Result<TxnReport, PushError> {
        let mut desired = self.0.lock().await;
        if mode == Mode::Replace {
            desired.clear();
        }
        desired.retain(|(key, _)| values.iter().all(|(new, _)| new != key));
        desired.extend(values);
        Ok(TxnReport {
            seq: None,
            revision: Revision(1),
            outcome: TxnOutcome::Done,
            errors: Vec::new(),
            statuses: Statuses::default(),
        })
    }

    async fn plan(&self, _: Mode, _: Vec<(Key, Value)>) -> Result<Plan, PlanError> {
        Ok(Plan { revision: Revision(7), steps: Vec::new(), unsatisfied: Vec::new(), hash: 255 })
    }
}

struct Server {
    agent: RunningAgent,
    address: SocketAddr,
    health: Health,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

async fn start(change: impl FnOnce(&mut HttpConf)) -> Server {
    let mut conf = HttpConf { endpoint: "127.0.0.1:0".into(), ..HttpConf::default() };
    change(&mut conf);
    let clock = RealClock::shared();
    let health = Health::new(BuildFacts::default(), clock.clone());
    let (_, logs) = logging::subscriber(LogFormat::Text, LogLevel::Info, std::io::sink);
    logs.declare("grpc", &["ligato_nb_grpc"]);
    let metrics = Metrics::new();
    let handles = RestHandles {
        scheduler: Scheduler::builder().start().unwrap(),
        configuration: Arc::new(Desired::default()),
        health: health.clone(),
        metrics: metrics.clone(),
        logs,
        version: VersionInfo { app: "vpp-agent".into(), ..VersionInfo::default() },
    };
    let rest = RestPlugin::new(conf, handles, Vec::new());
    let mut address = rest.address();
    let builder = AgentBuilder::new(clock, health.clone(), metrics, Shutdown::new());
    let agent = builder.plugin(rest).build().unwrap().start().await.unwrap();
    let address = address.wait_for(Option::is_some).await.unwrap().unwrap();
    Server { agent, address, health }
}

impl Server {
    async fn ask(&self, request: &str, headers: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = body.len();
        let text = format!(
            "{request} HTTP/1.1\r\nHost: agent\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    async fn check(&self, request: &str, status: u16, body: &str) {
        let answer = self.ask(request, "", "").await;
        assert_eq!((answer.status, answer.body.as_str()), (status, body), "{request}");
    }
}

#[tokio::test]
async fn paths_and_methods() {
    let server = start(|_| {}).await;
    server.check("GET /nowhere", 404, "404 page not found\n").await;
    assert_eq!(server.ask("DELETE /log/list", "", "").await.status, 405);
    let version = server.ask("GET /info/version", "", "").await;
    assert!(version.head.contains("content-type: application/json; charset=utf-8"));
    assert!(version.body.starts_with("{\n  \"App\": \"vpp-agent\",\n  \"Version\": \"\","));
    assert!(server.ask("GET /", "", "").await.body.contains("<h1>vpp-agent"));
    let metrics = server.ask("GET /metrics", "", "").await;
    assert_eq!((metrics.status, metrics.body.as_str()), (200, "# EOF\n"));
    assert!(server.agent.stop().await.report.is_clean());
}

#[tokio::test]
async fn probes_follow_the_health() {
    let server = start(|_| {}).await;
    let vpp = server.health.register("govpp", Criticality::Fatal);
    assert_eq!(server.ask("GET /liveness", "", "").await.status, 200);
    assert_eq!(server.ask("GET /readiness", "", "").await.status, 500);
    vpp.ok();
    assert_eq!(server.ask("GET /readiness", "", "").await.status, 200);
    vpp.error("connection lost");
    let answer = server.ask("GET /readiness", "", "").await;
    assert!(answer.body.contains(r#""error":"connection lost""#), "{}", answer.body);
    assert_eq!(server.ask("GET /liveness", "", "").await.status, 500);
}

#[tokio::test]
async fn wrong_arguments_are_named() {
    let server = start(|_| {}).await;
    for (request, status, part) in [
        ("GET /scheduler/dump?view=XX", 400, "unrecognized system view"),
        ("GET /scheduler/dump?vew=SB", 400, "unknown argument"),
        ("GET /scheduler/dump?descriptor=a&descriptor=b", 400, "listed more than once"),
        ("GET /scheduler/dump?key-prefix=config/nothing", 404, "no descriptor found"),
        ("GET /scheduler/txn-history?seq-num=x", 400, "whole number"),
        ("GET /scheduler/txn-history?seq-num=99", 404, "transaction 99 is not recorded"),
        ("GET /scheduler/txn-history?since=yesterday", 400, "RFC 3339"),
        ("GET /scheduler/key-timeline", 400, "missing key argument"),
        ("GET /scheduler/flag-stats?flag=colour", 400, "unknown flag"),
        ("GET /scheduler/graph?format=tiff", 400, "unknown format"),
        ("GET /scheduler/explain", 400, "missing key argument"),
        ("GET /scheduler/recording", 404, "nothing is recorded"),
        ("PUT /log/grpc/loud", 400, "no log level"),
        ("PUT /log/nobody/debug", 404, "there is no logger"),
    ] {
        let answer = server.ask(request, "", "").await;
        let error: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        let text = error["Error"].as_str().unwrap();
        assert_eq!(answer.status, status, "{request}");
        assert!(text.contains(part), "{request}: {text}");
    }
    server.check("GET /scheduler/txn-history", 200, "null\n").await;
}

#[tokio::test]
async fn empty_arguments_of_clients_select_nothing() {
    let server = start(|_| {}).await;
    for (path, empty) in [
        ("/scheduler/status", "key=&key-prefix=&descriptor="),
        ("/scheduler/dump", "descriptor=&key-prefix=&view=cached"),
    ] {
        let all = server.ask(&format!("GET {path}"), "", "").await.body;
        server.check(&format!("GET {path}?{empty}"), 200, &all).await;
    }
    server.check("GET /scheduler/status?key=&key-prefix=", 200, "[]\n").await;
    let one = server.ask("GET /scheduler/status?key=a&key-prefix=", "", "").await.body;
    assert!(one.contains(r#""key": "a""#), "{one}");
}

#[tokio::test]
async fn loggers_change_their_level() {
    let server = start(|_| {}).await;
    let answer = "{\n  \"logger\": \"grpc\",\n  \"level\": \"debug\"\n}\n";
    server.check("PUT /log/grpc/debug", 200, answer).await;
    let list = server.ask("GET /log/list", "", "").await.body;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let expected = serde_json::json!([
        { "logger": "default", "level": "info" },
        { "logger": "grpc", "level": "debug" },
    ]);
    assert_eq!(list, expected);
}

#[tokio::test]
async fn a_dump_of_what_is_not_there_says_so_as_the_original_does() {
    let server = start(|_| {}).await;
    let refused = "\"500 Internal server error: request failed: handler is not available\\n\"\n";
    server.check("GET /dump/vpp/v2/nat/pools", 500, refused).await;
    server.check("GET /dump/linux/v2/arps", 500, refused).await;
    assert_eq!(server.ask("GET /dump/vpp/v2/bd?name=x", "", "").await.status, 400);
    let schema = server.ask("GET /info/configuration/jsonschema?fieldnames=onlyjson", "", "").await;
    let schema: serde_json::Value = serde_json::from_str(&schema.body).unwrap();
    assert!(schema["properties"]["vppConfig"]["properties"]["interfaces"].is_object());
    let wrong = server.ask("GET /info/configuration/jsonschema?fieldnames=short", "", "").await;
    assert_eq!(wrong.status, 400);
}

const LOOP: &str = "vppConfig:\n  interfaces:\n  - name: loop1\n    type: SOFTWARE_LOOPBACK\n";

#[tokio::test]
async fn configuration_is_one_document() {
    let server = start(|_| {}).await;
    let put = server.ask("PUT /configuration", "", LOOP).await;
    assert_eq!((put.status, put.body.as_str()), (200, "{}\n"));
    let got = server.ask("GET /configuration", "", "").await;
    assert!(got.head.contains("content-type: application/yaml; charset=utf-8"));
    assert!(got.body.contains("name: loop1"), "{}", got.body);
    let plan = server.ask("POST /scheduler/plan?replace=true", "", LOOP).await;
    let plan: serde_json::Value = serde_json::from_str(&plan.body).unwrap();
    assert_eq!((&plan["revision"], &plan["hash"]), (&7.into(), &"00000000000000ff".into()));
    assert_eq!(server.ask("PUT /configuration?replace", "", "{}").await.status, 200);
    let got = server.ask("GET /configuration", "", "").await;
    assert!(!got.body.contains("loop1"), "{}", got.body);
}

#[tokio::test]
async fn a_bad_document_is_refused_with_its_position() {
    let server = start(|_| {}).await;
    for path in ["PUT /configuration", "POST /configuration/validate"] {
        let answer = server.ask(path, "", "vppConfig:\n  interfaces:\n  - nam: loop1\n").await;
        assert_eq!(answer.status, 400);
        let text: String = serde_json::from_str(&answer.body).unwrap();
        assert!(text.contains("3:") && text.contains("nam"), "{text}");
    }
    let unknown = server.ask("PUT /configuration?relpace", "", LOOP).await;
    assert_eq!(unknown.status, 400);
}

#[tokio::test]
async fn passwords_and_rates_are_enforced() {
    let server = start(|conf| {
        conf.client_basic_auth = vec![Secret::from("ann:secret".to_owned())];
        conf.rate_limiter = Some(RateLimiterConf { limit: 0.001, burst: 2 });
    })
    .await;
    let refused = server.ask("GET /log/list", "", "").await;
    assert_eq!(refused.status, 401);
    assert!(refused.head.contains("www-authenticate: basic"));
    let ann = "Authorization: Basic YW5uOnNlY3JldA==\r\n";
    let allowed = server.ask("GET /log/list", ann, "").await;
    assert_eq!(allowed.status, 200);
    assert!(allowed.head.contains("x-ligato-auth-username: ann"));
    assert!(allowed.head.contains("x-ligato-ratelimiter-maxburst: 2"));
    assert_eq!(server.ask("GET /log/list", ann, "").await.status, 200);
    let limited = server.ask("GET /log/list", ann, "").await;
    assert_eq!(limited.status, 429);
    assert!(limited.head.contains("x-ligato-ratelimiter-waitdelay: "));
}

#[tokio::test]
async fn connections_do_not_hold_up_the_end() {
    let server = start(|_| {}).await;
    let idle = TcpStream::connect(server.address).await.unwrap();
    let mut halfway = TcpStream::connect(server.address).await.unwrap();
    halfway.write_all(b"PUT /configuration HTTP/1.1\r\nHost: ag").await.unwrap();
    let stopped = tokio::time::timeout(Duration::from_secs(10), server.agent.stop()).await.unwrap();
    assert!(stopped.report.is_clean(), "{:?}", stopped.report);
    drop((idle, halfway));
}

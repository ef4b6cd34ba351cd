//! The program as a process: it starts on a simulated VPP, is ready, and ends in order on SIGTERM.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use futures::StreamExt;
use ligato_client::{Address, Client, RemoteClient, Selection};
use ligato_proto::configurator::{
    NotifyRequest, PollStatsRequest, configurator_service_client::ConfiguratorServiceClient, stats,
    stats_poller_service_client::StatsPollerServiceClient,
};
use ligato_proto::vppapi::{CallRequest, binary_api_service_client::BinaryApiServiceClient};
use ligato_vpp_sim::Replay;

/// The longest anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Agent {
    process: Child,
    rest: String,
    /// What it logs after it listens.
    said: Option<std::thread::JoinHandle<Vec<String>>>,
}

impl Drop for Agent {
    fn drop(&mut self) {
        // Only after a failed test is there anything left to kill.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vpp-agent"));
    command.current_dir(dir).env_clear().args(arguments);
    command
}

fn start(dir: &Path, arguments: &[&str]) -> Agent {
    let mut command = program(dir, &["--http-endpoint=127.0.0.1:0", "--logs-format=json"]);
    let mut process = command.args(arguments).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(process.stderr.take().expect("it is piped")).lines();
    let rest = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| {
            let (_, address) = line.split_once(r#""address":""#)?;
            Some(address.split('"').next()?.to_owned())
        })
        .expect("it says where it listens");
    // Read on, so that the program never waits for us.
    let said = std::thread::spawn(move || lines.map_while(Result::ok).collect());
    Agent { process, rest, said: Some(said) }
}

impl Agent {
    fn get(&self, path: &str) -> (u16, String) {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\r\n"))
    }

    fn exchange(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.rest).expect("it listens");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
        (status.expect("it speaks HTTP"), answer)
    }

    /// Runs a command of VPP by `POST /vpp/command`.
    fn vpp(&self, body: &str) -> (u16, String) {
        self.post("/vpp/command", body)
    }

    fn post(&self, path: &str, body: &str) -> (u16, String) {
        let length = body.len();
        self.exchange(&format!(
            "POST {path} HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        ))
    }

    /// Asks until the answer is as expected; the last one is in the failure.
    fn until(&self, path: &str, expected: impl Fn(u16, &str) -> bool) {
        let begun = Instant::now();
        loop {
            let (status, answer) = self.get(path);
            if expected(status, &answer) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{path}: {answer}");
            std::thread::yield_now();
        }
    }

    fn put(&self, path: &str, body: &str) -> (u16, String) {
        let head = format!("PUT {path} HTTP/1.1\r\nHost: agent\r\nConnection: close");
        let length = body.len();
        self.exchange(&format!(
            "{head}\r\nContent-Type: application/yaml\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    fn crash(mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it ends");
    }

    fn stop(mut self) -> Option<i32> {
        self.end()
    }

    fn end(&mut self) -> Option<i32> {
        let pid = self.process.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().expect("it can be told");
        self.process.wait().expect("it ends").code()
    }
}

#[test]
fn it_applies_the_initial_file_to_a_simulated_vpp_and_ends_in_order() {
    let dir = tempfile::tempdir().expect("a folder");
    let file =
        "vppConfig:\n  interfaces:\n  - {name: loop1, type: SOFTWARE_LOOPBACK, enabled: true}\n";
    fs::write(dir.path().join("initial-config.yaml"), file).expect("a file");
    let agent = start(dir.path(), &["--vpp", "sim"]);
    agent.until("/readiness", |status, body| status == 200 && body.contains("simulated VPP"));
    let key = "/scheduler/status?key=config/vpp/v2/interfaces/loop1";
    agent.until(key, |_, body| body.contains(r#""state": "CONFIGURED""#));
    assert_eq!(agent.stop(), Some(0));
}

#[test]
fn dumps_show_what_is_in_vpp_as_the_original_does() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = "vppConfig:\n  interfaces:\n  \
                - {name: loop1, type: SOFTWARE_LOOPBACK, enabled: true, mtu: 1400}\n  \
                - {name: memif1, type: MEMIF, memif: {id: 7, socket_filename: /run/m.sock}}\n  \
                bridgeDomains:\n  - {name: bd1, learn: true, interfaces: [{name: loop1}]}\n  \
                fibs:\n  - {bridge_domain: bd1, phys_address: '02:00:00:00:00:01', \
                outgoing_interface: loop1}\n";
    fs::write(dir.path().join("initial-config.yaml"), file).expect("a file");
    let agent = start(dir.path(), &["--vpp", "sim"]);
    let key = "/scheduler/status?key=config/vpp/l2/v2/fib/bd1/mac/02:00:00:00:00:01";
    agent.until(key, |_, body| body.contains(r#""state": "CONFIGURED""#));
    let json = |path: &str| -> serde_json::Value {
        let (status, answer) = agent.get(path);
        assert_eq!(status, 200, "{path}: {answer}");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).expect("it is JSON")
    };
    let loops = json("/dump/vpp/v2/interfaces/loopback");
    let loops = loops.as_object().expect("an object");
    // VPP's own `local0` counts as one.
    assert_eq!(loops.len(), 2, "{loops:?}");
    let (index, entry) = loops
        .iter()
        .find(|(_, entry)| entry["interface"]["name"] == "loop1")
        .expect("it is dumped");
    let interface = &entry["interface"];
    assert_eq!((&interface["name"], &interface["mtu"]), (&"loop1".into(), &1400.into()));
    assert!(interface["enabled"] == true && interface["Link"].is_null(), "{interface}");
    let meta = &entry["interface_meta"];
    assert_eq!(meta["sw_if_index"].to_string(), *index);
    assert_eq!((&meta["tag"], &meta["internal_name"]), (&"loop1".into(), &"loop0".into()));
    let all = json("/dump/vpp/v2/interfaces");
    let memif = all
        .as_object()
        .and_then(|all| all.values().find(|entry| entry["interface"]["name"] == "memif1"));
    let memif = memif.expect("it is dumped");
    assert_eq!(memif["interface"]["type"], 4, "enums are numbers");
    assert_eq!(memif["interface"]["Link"]["Memif"]["id"], 7);
    let domains = json("/dump/vpp/v2/bd");
    let domain = &domains[0];
    assert_eq!(domain["bridge_domain"]["name"], "bd1");
    let fib = json("/dump/vpp/v2/fib");
    let fib = &fib["02:00:00:00:00:01"];
    assert_eq!(fib["fib"]["bridge_domain"], "bd1");
    assert_eq!(
        fib["fib_meta"]["bridge_domain_id"],
        domain["bridge_domain_meta"]["bridge_domain_id"]
    );
    assert_eq!(fib["fib_meta"]["outgoing_interface_sw_if_idx"].to_string(), *index);
    assert!(json("/dump/vpp/v2/arps").is_null());
    assert_eq!(agent.stop(), Some(0));
}

#[test]
fn clients_that_stay_do_not_hold_up_the_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let socket = dir.path().join("grpc.sock");
    let grpc = format!("--grpc-endpoint={}", socket.display());
    let mut agent = start(dir.path(), &["--vpp", "sim", "--grpc-network=unix", &grpc]);
    agent.until("/readiness", |status, _| status == 200);

    // A connection that is kept alive, and one that has said nothing.
    let mut kept = TcpStream::connect(&agent.rest).expect("it listens");
    kept.write_all(b"GET /liveness HTTP/1.1\r\nHost: agent\r\n\r\n").expect("it reads");
    assert!(kept.read(&mut [0; 16]).expect("it answers") > 0);
    let silent = TcpStream::connect(&agent.rest).expect("it listens");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let address = Address::Unix(socket);
    let (mut notifications, mut statuses) = runtime.block_on(async {
        let client = RemoteClient::connect(&address, ligato_proto::registry()).await;
        let client = client.expect("it listens");
        let mut service = ConfiguratorServiceClient::new(client.channel());
        let notify = service.notify(NotifyRequest::default()).await.expect("it answers");
        let statuses = client.watch(Selection::default()).await.expect("it answers");
        (notify.into_inner(), statuses)
    });

    let begun = Instant::now();
    assert_eq!(agent.end(), Some(0));
    let took = begun.elapsed();
    let said = agent.said.take().expect("it was not taken").join().expect("it is read");
    let complaint = said.iter().find(|line| line.contains("did not close cleanly"));
    assert_eq!(complaint, None);
    assert!(took < Duration::from_secs(1), "it took {took:?}: {said:#?}");
    runtime.block_on(async {
        let status = loop {
            match notifications.message().await {
                Ok(Some(_)) => {}
                Ok(None) => break None,
                Err(status) => break Some(status.code()),
            }
        };
        assert_eq!(status, Some(tonic::Code::Unavailable));
        while let Some(Ok(_)) = statuses.next().await {}
    });
    drop((kept, silent));
}

#[test]
fn what_came_through_an_api_is_back_after_a_crash() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = format!("--redb-path={}", dir.path().join("store").display());
    let arguments = ["--vpp", "sim", &store];
    let desired = |agent: &Agent| {
        let (status, body) = agent.get("/configuration");
        (status, body.contains("loop1"), body.contains("loop2"))
    };
    let loops = |names: &[&str]| {
        let one = |name| format!("  - {{name: {name}, type: SOFTWARE_LOOPBACK}}\n");
        let all: String = names.iter().map(one).collect();
        format!("vppConfig:\n  interfaces:\n{all}")
    };
    let agent = start(dir.path(), &arguments);
    agent.until("/readiness", |status, _| status == 200);
    let (status, answer) = agent.put("/configuration", &loops(&["loop1", "loop2"]));
    assert_eq!(status, 200, "{answer}");
    agent.crash();

    // Also when it is asked at once.
    let agent = start(dir.path(), &arguments);
    assert_eq!(desired(&agent), (200, true, true));
    let key = "/scheduler/status?key=config/vpp/v2/interfaces/loop1";
    agent.until(key, |_, body| body.contains(r#""state": "CONFIGURED""#));
    let (status, answer) = agent.put("/configuration?replace", &loops(&["loop1"]));
    assert_eq!(status, 200, "{answer}");
    agent.crash();

    let agent = start(dir.path(), &arguments);
    assert_eq!(desired(&agent), (200, true, false));
    assert_eq!(agent.stop(), Some(0));
}

#[test]
fn whoever_ends_it_while_it_starts_gets_a_good_end() {
    let dir = tempfile::tempdir().expect("a folder");
    for moment in 0..10 {
        let agent = start(dir.path(), &["--vpp", "sim"]);
        std::thread::sleep(Duration::from_millis(3 * moment));
        assert_eq!(agent.stop(), Some(0), "ended {} ms after it listened", 3 * moment);
    }
}

#[test]
fn what_of_each_kind_works_on_this_vpp_is_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let agent = start(dir.path(), &["--vpp", "sim"]);
    agent.until("/readiness", |status, _| status == 200);
    let (status, answer) = agent.get("/vpp/info");
    assert_eq!(status, 200, "{answer}");
    let body = answer.split("\r\n\r\n").nth(1).expect("a body");
    let info: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(info["connected"], true);
    assert_eq!(info["vpp"]["version"], "26.06-release");
    let kinds = info["kinds"].as_array().expect("kinds");
    let bond = kinds.iter().find(|kind| kind["kind"] == "bond-interface").expect("a kind");
    assert_eq!(*bond, serde_json::json!({ "kind": "bond-interface", "level": "supported" }));
    assert!(kinds.iter().all(|kind| kind["kind"] != "linux-interface"));
    assert_eq!(agent.stop(), Some(0));
}

#[test]
fn messages_of_vpp_can_be_sent_where_that_is_allowed() {
    let dir = tempfile::tempdir().expect("a folder");
    let agent = start(dir.path(), &["--vpp", "sim"]);
    agent.until("/readiness", |status, _| status == 200);
    let (status, answer) = agent.post("/vpp/api", r#"{"message": "show_version"}"#);
    assert_eq!(status, 503, "{answer}");
    assert!(answer.contains("binapi-access"), "{answer}");
    assert_eq!(agent.stop(), Some(0));

    let agent = start(dir.path(), &["--vpp", "sim", "--govpp-binapi-access=true"]);
    agent.until("/readiness", |status, _| status == 200);
    let (status, answer) = agent.post("/vpp/api", r#"{"message": "show_version"}"#);
    assert!(status == 200 && answer.contains("26.06-release"), "{answer}");
    for (body, status, part) in [
        (r#"{"message": "make_tea"}"#, 404, "make_tea"),
        (r#"{"message": "show_version", "fields": {"a": 1}}"#, 400, "a"),
        (r#"{"massage": "show_version"}"#, 400, "massage"),
        ("", 400, "the body"),
    ] {
        let (found, answer) = agent.post("/vpp/api", body);
        assert!(found == status && answer.contains(part), "{body}: {answer}");
    }
    let (status, answer) = agent.get("/vpp/api?message=sw_interface_dump");
    assert!(status == 200 && answer.contains("name_filter"), "{answer}");
    assert_eq!(agent.stop(), Some(0));
}

#[test]
fn messages_of_vpp_can_be_sent_by_grpc_as_well() {
    let dir = tempfile::tempdir().expect("a folder");
    let socket = dir.path().join("agent.sock");
    let endpoint = format!("--grpc-endpoint={}", socket.display());
    let grpc = ["--vpp", "sim", "--grpc-network=unix", &endpoint, "--govpp-binapi-access=true"];
    let agent = start(dir.path(), &grpc);
    agent.until("/readiness", |status, _| status == 200);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (version, loopbacks, unknown) = runtime.block_on(async {
        let address = Address::Unix(socket);
        let client = RemoteClient::connect(&address, ligato_proto::registry()).await;
        let channel = client.expect("it listens").channel();
        let mut service = BinaryApiServiceClient::new(channel);
        let ask = |message: &str, fields: &str| CallRequest {
            message: message.to_owned(),
            fields: fields.to_owned(),
        };
        let version = service.call(ask("show_version", "")).await.expect("it answers");
        service.call(ask("create_loopback", "{}")).await.expect("it answers");
        let filter =
            r#"{"sw_if_index": 4294967295, "name_filter_valid": true, "name_filter": "loop"}"#;
        let loopbacks = service.call(ask("sw_interface_dump", filter)).await.expect("it answers");
        let unknown = service.call(ask("make_tea", "")).await.expect_err("there is none");
        (version.into_inner().reply, loopbacks.into_inner().details, unknown.code())
    });
    assert!(version.contains("26.06-release"), "{version}");
    assert!(matches!(loopbacks.as_slice(), [one] if one.contains("loop0")), "{loopbacks:?}");
    assert_eq!(unknown, tonic::Code::NotFound);
    assert_eq!(agent.stop(), Some(0));
}

#[test]
fn the_conversation_with_vpp_is_captured_and_an_agent_over_what_was_captured_does_the_same() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = "vppConfig:\n  interfaces:\n  - {name: loop1, type: SOFTWARE_LOOPBACK, enabled: true, \
                ip_addresses: [10.0.0.1/24]}\n  routes:\n  - {dst_network: 10.1.0.0/16, \
                next_hop_addr: 10.0.0.2, outgoing_interface: loop1}\n";
    fs::write(dir.path().join("initial-config.yaml"), file).expect("a file");
    let agent = start(dir.path(), &["--vpp", "sim"]);
    agent.until("/readiness", |status, _| status == 200);
    let (status, answer) = agent.post("/vpp/capture", "");
    assert!(status == 503 && answer.contains("capture-file"), "{answer}");
    assert_eq!(agent.stop(), Some(0));

    let captured = dir.path().join("vpp.jsonl");
    let setting = format!("--govpp-capture-file={}", captured.display());
    let agent = start(dir.path(), &["--vpp", "sim", &setting, "--govpp-capture-at-start=true"]);
    let key = "/scheduler/status?key=config/vpp/v2/interfaces/loop1";
    agent.until("/readiness", |status, _| status == 200);
    agent.until(key, |_, body| body.contains("CONFIGURED"));
    let (status, answer) = agent.get("/vpp/capture");
    assert!(status == 200 && answer.contains(r#""running": true"#), "{answer}");
    // While it goes on, what there is ends with a line.
    agent.until("/vpp/capture/file", |_, body| body.contains("ip_route_add_del_reply"));
    let (status, part) = agent.get("/vpp/capture/file");
    // The body comes in chunks, the last of which is empty.
    let lines = part.trim_end().strip_suffix('0').expect("a last chunk");
    assert!(status == 200 && lines.trim_end().ends_with('}'), "{part}");
    assert_eq!(agent.stop(), Some(0));
    let text = fs::read_to_string(&captured).expect("there is one");
    assert!(text.contains("create_loopback_reply") && text.contains("ip_route_add_del"), "{text}");

    // The same agent over a VPP made from the capture: it asks the same and comes to the same.
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let socket = dir.path().join("replayed.sock");
    let replay = runtime.block_on(async { Replay::start(&socket, &text).expect("it is whole") });
    let setting = format!("--govpp-binapi-socket-path={}", socket.display());
    let agent = start(dir.path(), &[&setting]);
    agent.until(key, |_, body| body.contains("CONFIGURED"));
    let (_, answer) = agent.get("/scheduler/status");
    assert!(!answer.contains("FAILED") && !answer.contains("RETRYING"), "{answer}");
    assert_eq!(agent.stop(), Some(0));
    assert_eq!(replay.unknown(), Vec::<String>::new());
}

#[test]
fn without_vpp_it_runs_and_explains_what_waits() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = "vppConfig:\n  interfaces:\n  - {name: loop1, type: SOFTWARE_LOOPBACK}\n";
    fs::write(dir.path().join("initial-config.yaml"), file).expect("a file");
    let socket = format!("--govpp-binapi-socket-path={}/api.sock", dir.path().display());
    let agent = start(dir.path(), &[&socket]);
    let key = "/scheduler/explain?format=text&key=config/vpp/v2/interfaces/loop1";
    agent.until(key, |_, body| body.contains("vpp cannot be reached"));
    assert_eq!(agent.get("/liveness").0, 200);
    assert_eq!(agent.get("/readiness").0, 500);
    assert_eq!(agent.stop(), Some(0));
}

#[test]
fn a_wrong_configuration_is_named_and_ends_the_start() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("http.conf"), "endpont: 127.0.0.1:0\n").expect("a file");
    let output = program(dir.path(), &["--check-config"]).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains(r#"http.conf:1:1: http.endpont: unknown key, did you mean "endpoint"?"#),
        "{said}"
    );
}

#[test]
fn the_command_line_of_vpp_is_answered_in_full_and_says_that_it_is_simulated() {
    let dir = tempfile::tempdir().expect("a folder");
    let interfaces: String = (0..300)
        .map(|n| format!("  - {{name: loop{n}, type: SOFTWARE_LOOPBACK, enabled: true}}\n"))
        .collect();
    let file = format!("vppConfig:\n  interfaces:\n{interfaces}");
    fs::write(dir.path().join("initial-config.yaml"), file).expect("a file");
    let agent = start(dir.path(), &["--vpp", "sim"]);
    agent.until("/readiness", |status, _| status == 200);

    let (status, body) = agent.vpp(r#"{"vppclicommand": "show version"}"#);
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("built by vpp-sim") && body.ends_with("\"\n"), "{body}");
    let (_, body) = agent.vpp(r#"{"vppclicommand": "show version verbose"}"#);
    assert!(body.contains("a simulated VPP that forwards no packets"), "{body}");
    let (_, body) = agent.vpp(r#"{"vppclicommand": "show version cmdline"}"#);
    assert!(body.contains("Command line arguments"), "{body}");
    let (_, body) = agent.vpp(r#"{"vppclicommand": "show interface"}"#);
    assert!(body.len() > 16_000 && body.contains("loop0 ") && body.contains("loop299 "), "{body}");

    let (status, body) = agent.vpp(r#"{"vppclicommand": "make coffee"}"#);
    assert_eq!(status, 500);
    assert!(body.contains("sending request failed: unknown input `make coffee'"), "{body}");
    let (status, body) = agent.vpp("make coffee");
    assert_eq!(status, 400);
    assert!(body.contains("\"400 Bad request: "), "{body}");
    assert_eq!(agent.stop(), Some(0));
}

#[test]
fn pages_of_the_book_need_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    for (flag, part) in [
        ("--config-reference", "## http.conf"),
        ("--kinds-reference", "## vpp-route"),
        ("--fields-reference", "| `vrf_id` | "),
        ("--messages-reference", "| `sw_interface_dump` |"),
    ] {
        let output = program(dir.path(), &[flag]).output().expect("it runs");
        let page = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && page.contains(part), "{flag}: {page}");
    }
}

#[test]
fn what_vpp_counts_is_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let file =
        "vppConfig:\n  interfaces:\n  - {name: inside, type: SOFTWARE_LOOPBACK, enabled: true}\n";
    fs::write(dir.path().join("initial-config.yaml"), file).expect("a file");
    let socket = dir.path().join("agent.sock");
    let grpc = format!("--grpc-endpoint={}", socket.display());
    let interval = "--telemetry-polling-interval=1100ms";
    let skipped = "--telemetry-skipped=runtime";
    let arguments = [
        "--vpp",
        "sim",
        "--microservice-label=vpp7",
        "--grpc-network=unix",
        &grpc,
        interval,
        skipped,
    ];
    let agent = start(dir.path(), &arguments);
    agent.until("/metrics", |_, body| {
        let packets = r#"vpp_interfaces_rx_packets{agent="vpp7",name="loop0",index="1"} "#;
        let counts = |line: &str| line.strip_prefix(packets).is_some_and(|count| count != "0");
        let named =
            r#"vpp_interfaces_info{agent="vpp7",name="loop0",index="1",interface="inside"} 1"#;
        body.contains(named) && body.lines().any(counts)
    });
    let (_, scraped) = agent.get("/metrics");
    for (part, there) in [
        ("vpp_memory_used{", true),
        ("vpp_buffers_alloc{", true),
        (r#"vpp_nodes_counter{agent="vpp7",item="null-node",reason="blackholed packets"} "#, true),
        ("vpp_runtime_calls{", false),
    ] {
        assert_eq!(scraped.contains(part), there, "{part}: {scraped}");
    }
    for (path, part) in [
        ("/vpp/telemetry/memory", r#""name": "main heap""#),
        ("/vpp/telemetry/runtime", r#""name": "ethernet-input""#),
        ("/vpp/telemetry/nodecount", r#""name": "blackholed packets""#),
        ("/vpp/telemetry", r#""Command": "show node counters""#),
        ("/govppmux/stats", r#""requests_sent": "#),
    ] {
        let (status, body) = agent.get(path);
        assert!(status == 200 && body.contains(part), "{path}: {status} {body}");
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let names = runtime.block_on(async {
        let address = Address::Unix(socket);
        let client = RemoteClient::connect(&address, ligato_proto::registry()).await;
        let mut service = StatsPollerServiceClient::new(client.expect("it listens").channel());
        let request = PollStatsRequest { period_sec: 0, num_polls: 0 };
        let mut stream = service.poll_stats(request).await.expect("it answers").into_inner();
        let mut names = Vec::new();
        while let Some(response) = stream.message().await.expect("it answers") {
            let stats::Stats::VppStats(vpp) =
                response.stats.and_then(|stats| stats.stats).expect("there are some");
            names.push(vpp.interface.expect("one interface").name);
        }
        names
    });
    // What nobody configured has the name that dumps show.
    assert_eq!(names, ["UNTAGGED-local0", "inside"]);
    assert_eq!(agent.stop(), Some(0));
}

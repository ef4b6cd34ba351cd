//! What scripts rely on: every command of agentctl prints JSON and YAML when asked to, and ends with the codes that its
//! page promises.

use std::{collections::BTreeSet, io::Write as _, process::Stdio, time::Duration};

use anyhow::{Context as _, Result, ensure};
use ligato_e2e::{Agent, Etcd, Stores, VppKind, World, binary, skipped, wait_until};
use serde_json::Value;

const LOOP: &str = "config/vpp/v2/interfaces/loop1";

/// Commands that need more than an agent, or print no data.
const ELSEWHERE: [&str; 6] =
    ["config watch", "login", "logout", "recording", "replay", "vpp capture fetch"];
/// Commands that talk to etcd.
const OF_STORE: [&str; 5] = ["kvdb list", "kvdb get", "kvdb put", "kvdb del", "import"];

/// Every command with arguments that succeed, in an order in which they do. `FILE`, `PAIRS` and `FOLDER` are replaced.
const COMMANDS: &[&[&str]] = &[
    &["config", "update", "FILE"],
    &["config", "update", "--verbose", "FILE"],
    &["config", "get"],
    &["config", "pairs", "FILE"],
    &["config", "retrieve"],
    &["config", "resync"],
    &["config", "history"],
    &["model", "list"],
    &["model", "inspect", "vpp.interfaces"],
    &["dump", "all"],
    &["dump", "vpp.interfaces", "--view", "SB"],
    &["values"],
    &["values", "vpp.interfaces"],
    &["status"],
    &["plan", "FILE"],
    &["explain", LOOP],
    &["log", "list"],
    &["log", "set", "grpc", "debug"],
    &["vpp", "cli", "show version"],
    &["vpp", "info"],
    &["vpp", "release"],
    &["vpp", "capture", "start"],
    &["vpp", "capture", "status"],
    &["vpp", "capture", "stop"],
    &["vpp", "api"],
    &["vpp", "api", "sw_interface_dump", "{\"sw_if_index\": 4294967295}"],
    &["import", "--grpc", "PAIRS"],
    &["generate", "vpp.interfaces"],
    &["metrics", "list"],
    &["metrics", "get", "govppmux.stats"],
    &["service", "list", "--methods"],
    &["service", "call", "ligato.generic.MetaService", "KnownModels"],
    &["report", "--ignore-errors", "--output-directory", "FOLDER"],
    &["completion", "bash"],
    &["config", "delete", "FILE"],
];

const STORE_COMMANDS: &[&[&str]] = &[
    &["kvdb", "put", LOOP, "{\"name\": \"loop1\"}"],
    &["kvdb", "get", LOOP],
    &["kvdb", "list", "config/"],
    &["import", "PAIRS"],
    &["kvdb", "del", LOOP],
];

fn world(stores: Stores) -> Result<(World, Agent)> {
    let mut world = World::new(VppKind::Simulated, stores)?;
    world.vpp.start(&world.sandbox)?;
    let mut options = world.agent_options();
    let capture = world.folder().join("vpp.jsonl");
    options.arguments.push("--govpp-binapi-access=true".to_owned());
    options.arguments.push(format!("--govpp-capture-file={}", capture.display()));
    let agent = world.start_agent_with(options)?;
    let file = "vppConfig:\n  interfaces:\n  - {name: loop1, type: SOFTWARE_LOOPBACK}\n";
    std::fs::write(world.folder().join("file.yaml"), file)?;
    let pairs = format!("{LOOP} {{\"name\":\"loop1\",\"type\":\"SOFTWARE_LOOPBACK\"}}\n");
    std::fs::write(world.folder().join("pairs"), pairs)?;
    Ok((world, agent))
}

fn arguments(world: &World, words: &[&str]) -> Vec<String> {
    let path = |name: &str| world.folder().join(name).display().to_string();
    let word = |word: &&str| match *word {
        "FILE" => path("file.yaml"),
        "PAIRS" => path("pairs"),
        "FOLDER" => path(""),
        other => other.to_owned(),
    };
    words.iter().map(word).collect()
}

/// Runs each with both formats; everything that does not parse is named.
fn all_parse(world: &World, agent: &Agent, commands: &[&[&str]]) -> Result<()> {
    let mut wrong = Vec::new();
    for words in commands {
        for format in ["json", "yaml"] {
            let mut all = vec!["-o".to_owned(), format.to_owned()];
            all.extend(arguments(world, words));
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            let reply = agent.ctl(&world.sandbox, &all)?;
            let parsed: Result<Value> = match format {
                "json" => serde_json::from_str(&reply.stdout).map_err(Into::into),
                _ => serde_saphyr::from_str(&reply.stdout).map_err(Into::into),
            };
            if let (0, Ok(_)) = (reply.code, &parsed) {
                continue;
            }
            let parsed = parsed.err().map(|error| error.to_string());
            wrong.push(format!("{words:?} {format}: {} {parsed:?}\n{}", reply.code, reply.stderr));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn every_command_prints_what_programs_can_read() {
    let (world, agent) = world(Stores::None).unwrap();
    all_parse(&world, &agent, COMMANDS).unwrap();
}

#[test]
fn so_do_those_of_the_store() {
    if !Etcd::is_installed() {
        return skipped("so_do_those_of_the_store", "etcd is not installed");
    }
    let (world, agent) = world(Stores::Etcd).unwrap();
    let endpoint = world.etcd.as_ref().unwrap().endpoint();
    let with: Vec<Vec<&str>> =
        STORE_COMMANDS.iter().map(|words| [&["-e", endpoint.as_str()], *words].concat()).collect();
    // `kvdb del` needs something to delete for each format.
    let pairs: Vec<&[&str]> = with.iter().map(Vec::as_slice).collect();
    all_parse(&world, &agent, &pairs[..4]).unwrap();
    for format in ["json", "yaml"] {
        let put = ["-e", &endpoint, "kvdb", "put", LOOP, "{}"];
        agent.ctl_ok(&world.sandbox, &put).unwrap();
        let del = ["-e", &endpoint, "-o", format, "kvdb", "del", LOOP];
        let printed = agent.ctl_ok(&world.sandbox, &del).unwrap();
        assert_eq!(serde_saphyr::from_str::<Value>(&printed).unwrap(), "OK");
    }
}

#[test]
fn no_command_is_left_out() {
    let world = World::new(VppKind::Simulated, Stores::None).unwrap();
    let mut agentctl = world.sandbox.command(binary("agentctl").unwrap());
    let page = agentctl.arg("reference").output().unwrap().stdout;
    let page = String::from_utf8(page).unwrap();
    let heads = page.lines().filter_map(|line| line.strip_prefix("### agentctl "));
    let known = heads.map(|head| {
        let words = head.split(' ').take_while(|word| !word.starts_with(['<', '[']));
        words.collect::<Vec<_>>().join(" ")
    });
    let known: BTreeSet<String> = known.map(|name| name.trim().to_owned()).collect();
    assert!(known.len() > 30, "{known:?}");
    let checked = |name: &str| {
        let begins = |words: &&&[&str]| words.join(" ").starts_with(name);
        COMMANDS.iter().find(begins).or_else(|| STORE_COMMANDS.iter().find(begins)).is_some()
    };
    let missing: Vec<_> =
        known.iter().filter(|name| !checked(name) && !ELSEWHERE.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "no test looks at the output of {missing:?}");
    assert!(OF_STORE.iter().all(|name| known.contains(*name)), "{known:?}");
}

#[test]
fn exit_codes_are_those_of_the_page() {
    let (world, agent) = world(Stores::None).unwrap();
    let pending = "vppConfig:\n  routes:\n  - {dst_network: 10.0.0.0/8, outgoing_interface: no}\n";
    std::fs::write(world.folder().join("pending.yaml"), pending).unwrap();
    let bad = "vppConfig:\n  interfaces:\n  - {name: x, tpye: TAP}\n";
    std::fs::write(world.folder().join("bad.yaml"), bad).unwrap();
    let path = |name: &str| world.folder().join(name).display().to_string();
    let (file, pending, bad) = (path("file.yaml"), path("pending.yaml"), path("bad.yaml"));
    for (code, words) in [
        (0, vec!["status"]),
        (1, vec!["no-such-command"]),
        (1, vec!["values", "no.such.model"]),
        (1, vec!["metrics", "get", "no.such.model"]),
        (1, vec!["config", "update", &bad]),
        (2, vec!["plan", "--exit-code", &file]),
        (3, vec!["--http-token", "x", "--timeout", "5s", "--host", "127.0.0.2", "values"]),
        (4, vec!["config", "update", "--strict", &pending]),
        (0, vec!["config", "update", &pending]),
        (125, vec!["explain"]),
        (125, vec!["values", "--no-such-option"]),
    ] {
        let reply = agent.ctl(&world.sandbox, &words).unwrap();
        assert_eq!(reply.code, code, "{words:?}: {}{}", reply.stdout, reply.stderr);
    }
}

#[test]
fn a_report_is_one_archive() {
    let (world, agent) = world(Stores::None).unwrap();
    let folder = world.folder().join("reports");
    std::fs::create_dir(&folder).unwrap();
    let to = ["report", "--ignore-errors", "--output-directory", folder.to_str().unwrap()];
    let reply = agent.ctl_json(&world.sandbox, &to).unwrap();
    let archive = std::fs::read(reply["file"].as_str().unwrap()).unwrap();
    assert!(archive.starts_with(b"PK\x03\x04"));
    let holds = |text: &str| archive.windows(text.len()).any(|part| part == text.as_bytes());
    for part in ["agent-status.txt", "agent-NB-config.yaml", "vpp-sim", "_report.txt"] {
        assert!(holds(part), "{part}");
    }
}

#[test]
fn a_token_opens_the_agent_to_agentctl() {
    let mut world = World::new(VppKind::Simulated, Stores::None).unwrap();
    world.vpp.start(&world.sandbox).unwrap();
    let mut options = world.agent_options();
    let users =
        "enable-token-auth: true\nusers:\n- {name: ann, password: secret, permissions: [admin]}\n";
    let http = format!("endpoint: 127.0.0.1:{}\n{users}", options.http_port);
    options.files.push(("http.conf".to_owned(), http));
    let port = options.http_port.to_string();
    let socket = world.vpp.socket();
    let agent = Agent::start(&world.sandbox, world.folder(), &socket, options).unwrap();
    let login = |password: &str| -> Result<(Option<i32>, String)> {
        let mut command = world.sandbox.command(binary("agentctl")?);
        command.args(["--http-port", &port, "login", "ann"]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut stdin = child.stdin.take().context("it is piped")?;
        writeln!(stdin, "{password}")?;
        drop(stdin);
        let output = child.wait_with_output()?;
        Ok((output.status.code(), String::from_utf8(output.stdout)?.trim().to_owned()))
    };
    let token = wait_until("a token", Duration::from_secs(30), || {
        Ok(Some(login("secret")?).filter(|(code, _)| *code == Some(0)))
    });
    let (_, token) = token.unwrap();
    assert_eq!(login("wrong").unwrap().0, Some(1));

    let values = |more: &[&str]| agent.ctl(&world.sandbox, &[more, &["values"]].concat()).unwrap();
    assert!(values(&[]).stderr.contains("[401]"), "{}", values(&[]).stderr);
    assert_eq!(values(&["--http-token", &token]).code, 0);
    let file = world.folder().join("agentctl.yaml");
    std::fs::write(&file, format!("http-token: {token}\n")).unwrap();
    assert_eq!(values(&["--config", file.to_str().unwrap()]).code, 0);
    agent.ctl_ok(&world.sandbox, &["--http-token", &token, "logout", "ann"]).unwrap();
    assert_eq!(values(&["--http-token", &token]).code, 1);
}

//! Bad input from every side: each gets an error that names what is wrong, everything else keeps
//! working, nothing panics, and nothing is half-done silently.

#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::{fmt::Write as _, time::Duration};

use anyhow::{Result, ensure};
use ligato_e2e::{Agent, Etcd, Stores, VppKind, World, skipped, wait_until};

const GOOD: &str = "config/vpp/v2/interfaces/good";

/// A running agent with one good value, on which bad input is tried.
fn world(stores: Stores) -> Result<(World, Agent)> {
    let mut world = World::new(VppKind::Simulated, stores)?;
    world.vpp.start(&world.sandbox)?;
    let agent = world.start_agent()?;
    let file = world.folder().join("good.yaml");
    std::fs::write(&file, interface("good", "ip_addresses: [10.9.9.9/32]"))?;
    agent.ctl_ok(&world.sandbox, &["config", "update", file.to_str().unwrap()])?;
    agent.wait_states(&world.sandbox, &[(GOOD, "CONFIGURED")])?;
    Ok((world, agent))
}

fn interface(name: &str, more: &str) -> String {
    format!(
        "vppConfig:\n  interfaces:\n    - name: {name}\n      type: SOFTWARE_LOOPBACK\n      \
         enabled: true\n      {more}\n"
    )
}

/// The good value is still there, the agent still takes changes, and nothing panicked.
fn all_else_works(world: &World, agent: &mut Agent) -> Result<()> {
    agent.child().check_running()?;
    let log = agent.child().log();
    ensure!(!log.contains("panicked"), "something panicked:\n{log}");
    agent.wait_states(&world.sandbox, &[(GOOD, "CONFIGURED")])?;
    let file = world.folder().join("another.yaml");
    std::fs::write(&file, interface("another", "mtu: 1400"))?;
    let path = file.to_str().unwrap();
    agent.ctl_ok(&world.sandbox, &["config", "update", path])?;
    agent.wait_states(&world.sandbox, &[("config/vpp/v2/interfaces/another", "CONFIGURED")])?;
    agent.ctl_ok(&world.sandbox, &["config", "delete", path])?;
    Ok(())
}

#[test]
fn files_are_refused_with_file_line_and_field() {
    let (world, mut agent) = world(Stores::None).unwrap();
    let twice =
        interface("same", "mtu: 1500") + "    - name: same\n      type: SOFTWARE_LOOPBACK\n";
    let cases = [
        ("malformed", "vppConfig:\n  interfaces: [\n".to_owned(), vec!["bad.yaml", ":"]),
        (
            "unknown field",
            interface("x", "mtuu: 1400"),
            vec!["bad.yaml:6", "mtuu", "did you mean `mtu`"],
        ),
        ("unknown group", "vppConfg: {}\n".to_owned(), vec!["bad.yaml:1", "vppConfg"]),
        ("wrong type", interface("x", "mtu: many"), vec!["bad.yaml:6", "mtu"]),
        (
            "unknown enum",
            interface("x", "").replace("SOFTWARE_LOOPBACK", "SOFTWARE_LOPBACK"),
            vec!["bad.yaml:4", "SOFTWARE_LOPBACK"],
        ),
        ("duplicate key", twice, vec!["config/vpp/v2/interfaces/same", "bad.yaml"]),
        ("duplicate field", interface("x", "mtu: 1400\n      mtu: 1500"), vec!["bad.yaml", "mtu"]),
    ];
    let mut failures = String::new();
    for (case, text, wanted) in cases {
        let file = world.folder().join("bad.yaml");
        std::fs::write(&file, text).unwrap();
        let reply =
            agent.ctl(&world.sandbox, &["config", "update", file.to_str().unwrap()]).unwrap();
        let missing: Vec<_> = wanted.iter().filter(|w| !reply.stderr.contains(**w)).collect();
        if reply.code != 1 || !missing.is_empty() {
            writeln!(failures, "{case}: code {}, {missing:?} not in {}", reply.code, reply.stderr)
                .unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
    all_else_works(&world, &mut agent).unwrap();
}

#[test]
fn invalid_values_are_named_with_their_fields() {
    let (world, mut agent) = world(Stores::None).unwrap();
    let long = "n".repeat(64);
    for (name, more, field) in [
        ("bad-address", "ip_addresses: [10.0.0.300/24]", "ip_addresses"),
        ("bad-mask", "ip_addresses: [10.0.0.1/33]", "ip_addresses"),
        ("bad-mac", "phys_address: \"02:00:00:00:00\"", "phys_address"),
        (long.as_str(), "", "name"),
    ] {
        let file = world.folder().join("invalid.yaml");
        std::fs::write(&file, interface(name, more)).unwrap();
        let reply =
            agent.ctl(&world.sandbox, &["config", "update", file.to_str().unwrap()]).unwrap();
        // An address is a value of its own, derived from the interface: the rest of it works.
        let key = match more.strip_prefix("ip_addresses: [").and_then(|m| m.strip_suffix(']')) {
            Some(address) => format!("vpp/interface/{name}/address/static/{address}"),
            None => format!("config/vpp/v2/interfaces/{name}"),
        };
        agent.wait_states(&world.sandbox, &[(&key, "INVALID")]).unwrap();
        let said =
            reply.stdout + &reply.stderr + &agent.ctl_ok(&world.sandbox, &["values"]).unwrap();
        assert!(said.contains(field) && said.contains(&key), "{name}: {said}");
        agent.ctl_ok(&world.sandbox, &["config", "delete", file.to_str().unwrap()]).unwrap();
    }
    all_else_works(&world, &mut agent).unwrap();
}

#[test]
fn an_invalid_change_leaves_the_old_value_in_place() {
    let (world, mut agent) = world(Stores::None).unwrap();
    let before = world.dump_vpp().unwrap();
    let file = world.folder().join("worse.yaml");
    std::fs::write(&file, interface("good", "phys_address: \"no MAC\"")).unwrap();
    let path = file.to_str().unwrap().to_owned();
    agent.ctl(&world.sandbox, &["config", "update", &path]).unwrap();
    agent.wait_states(&world.sandbox, &[(GOOD, "INVALID")]).unwrap();
    assert_eq!(world.dump_vpp().unwrap(), before);
    std::fs::write(&file, interface("good", "ip_addresses: [10.9.9.8/32]")).unwrap();
    agent.ctl_ok(&world.sandbox, &["config", "update", &path]).unwrap();
    agent.wait_states(&world.sandbox, &[(GOOD, "CONFIGURED")]).unwrap();
    assert!(world.dump_vpp().unwrap().contains("address good 10.9.9.8/32"));
    all_else_works(&world, &mut agent).unwrap();
}

#[test]
fn what_waits_for_itself_is_explained() {
    let (world, mut agent) = world(Stores::None).unwrap();
    let text = "vppConfig:\n  interfaces:\n    \
                - {name: a, type: SUB_INTERFACE, enabled: true, sub: {parent_name: b, sub_id: 1}}\n    \
                - {name: b, type: SUB_INTERFACE, enabled: true, sub: {parent_name: a, sub_id: 1}}\n";
    let file = world.folder().join("cycle.yaml");
    std::fs::write(&file, text).unwrap();
    let path = file.to_str().unwrap();
    // Members of a cycle may be created in any order: VPP is who refuses, and says so.
    agent.ctl(&world.sandbox, &["config", "update", path]).unwrap();
    let why = agent.ctl_ok(&world.sandbox, &["explain", "config/vpp/v2/interfaces/a"]).unwrap();
    assert!(why.contains("config/vpp/v2/interfaces/b"), "{why}");
    agent.ctl_ok(&world.sandbox, &["config", "delete", path]).unwrap();
    all_else_works(&world, &mut agent).unwrap();
}

#[test]
fn a_huge_value_is_refused_or_taken_whole() {
    let (world, mut agent) = world(Stores::None).unwrap();
    let mut text =
        String::from("vppConfig:\n  bridge_domains:\n    - name: huge\n      interfaces:\n");
    while text.len() < 10 << 20 {
        let number = text.len();
        writeln!(text, "        - {{name: interface-with-a-rather-long-name-{number}}}").unwrap();
    }
    let file = world.folder().join("huge.yaml");
    std::fs::write(&file, text).unwrap();
    let path = file.to_str().unwrap();
    let reply = agent.ctl(&world.sandbox, &["config", "update", path]).unwrap();
    let key = "config/vpp/l2/v2/bridge-domain/huge";
    let state = agent.states(&world.sandbox).unwrap().into_iter().find(|(k, _)| k == key);
    match reply.code {
        0 => assert_eq!(state.map(|(_, s)| s).as_deref(), Some("CONFIGURED")),
        _ => {
            assert!(
                reply.stderr.contains("limit") || reply.stderr.contains("larger"),
                "{}",
                reply.stderr
            );
            assert_eq!(state, None, "refused, and there all the same");
        }
    }
    all_else_works(&world, &mut agent).unwrap();
}

#[test]
fn garbage_in_the_store_does_not_block_the_rest() {
    if !Etcd::is_installed() {
        return skipped("garbage_in_the_store_does_not_block_the_rest", "etcd is not installed");
    }
    let (world, mut agent) = world(Stores::Etcd).unwrap();
    for (key, value) in [
        ("config/vpp/v2/interfaces/garbage", "\u{1}\u{2}\u{3} not json"),
        (
            "config/vpp/v2/interfaces/one-name",
            r#"{"name":"another-name","type":"SOFTWARE_LOOPBACK"}"#,
        ),
        ("config/vpp/v2/interfaces/unknown-field", r#"{"name":"unknown-field","colour":"red"}"#),
        ("config/no/such/model", "{}"),
        (
            "config/vpp/v2/interfaces/fine",
            r#"{"name":"fine","type":"SOFTWARE_LOOPBACK","enabled":true}"#,
        ),
    ] {
        agent.ctl_ok(&world.sandbox, &["kvdb", "put", key, value]).unwrap();
    }
    let fine = ("config/vpp/v2/interfaces/fine", "CONFIGURED");
    agent.wait_states(&world.sandbox, &[fine]).unwrap();
    // The same, met at start as one snapshot.
    agent.child().kill();
    let seen = agent.child().log().len();
    let mut agent = world.start_agent().unwrap();
    agent.wait_states(&world.sandbox, &[fine]).unwrap();
    let log = agent.child().log();
    let new = log.get(seen..).unwrap_or_default();
    for name in ["interfaces/garbage", "interfaces/one-name", "interfaces/unknown-field"] {
        assert!(new.contains(name), "the log does not name {name}:\n{new}");
    }
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn a_vpp_that_stops_answering_holds_up_nothing_else() {
    let (world, mut agent) = world(Stores::None).unwrap();
    if !world.sandbox.is_isolated() {
        return skipped("a_vpp_that_stops_answering_holds_up_nothing_else", "needs root");
    }
    world.vpp.suspend().unwrap();
    let file = world.folder().join("stuck.yaml");
    std::fs::write(&file, interface("stuck", "mtu: 1300")).unwrap();
    let path = file.to_str().unwrap().to_owned();
    let waiting = agent.ctl(&world.sandbox, &["config", "update", "--ack", "accepted", &path]);
    assert_eq!(waiting.unwrap().code, 0);
    // Linux goes on meanwhile, and readers are answered.
    let linux = world.folder().join("linux.yaml");
    std::fs::write(
        &linux,
        "linuxConfig:\n  interfaces:\n    \
         - {name: v1, type: VETH, enabled: true, host_if_name: v1, veth: {peer_if_name: v2}}\n    \
         - {name: v2, type: VETH, enabled: true, host_if_name: v2, veth: {peer_if_name: v1}}\n",
    )
    .unwrap();
    agent
        .ctl_ok(&world.sandbox, &["config", "update", "--ack", "accepted", linux.to_str().unwrap()])
        .unwrap();
    agent
        .wait_states(&world.sandbox, &[("config/linux/interfaces/v2/interface/v1", "CONFIGURED")])
        .unwrap();
    agent.ctl_ok(&world.sandbox, &["explain", "config/vpp/v2/interfaces/stuck"]).unwrap();
    world.vpp.resume().unwrap();
    wait_until("the stuck value to be configured", Duration::from_secs(60), || {
        let states = agent.states(&world.sandbox)?;
        let key = "config/vpp/v2/interfaces/stuck";
        Ok(states.iter().any(|(k, s)| k == key && s == "CONFIGURED").then_some(()))
    })
    .unwrap();
    assert_eq!(
        world.dump_vpp().unwrap().lines().filter(|l| l.starts_with("interface stuck")).count(),
        1,
        "exactly one interface"
    );
    all_else_works(&world, &mut agent).unwrap();
}

//! The program as a shell sees it: outputs, error texts, exit codes.

#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::process::{Command, Output};

fn agentctl(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_agentctl"))
        .args(args)
        .env_remove("ETCD_ENDPOINTS")
        .env_remove("MICROSERVICE_LABEL")
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn version_and_help_succeed() {
    let version = agentctl(&["--version"]);
    assert!(version.status.success());
    assert!(stdout(&version).starts_with("agentctl "));
    assert!(agentctl(&["--help"]).status.success());
    assert!(agentctl(&["config", "update", "--help"]).status.success());
}

#[test]
fn wrong_usage_is_125() {
    assert_eq!(agentctl(&["no-such-command"]).status.code(), Some(1), "as the original has it");
    assert_eq!(agentctl(&["config", "no-such-command"]).status.code(), Some(1));
    assert_eq!(agentctl(&["kvdb", "put", "only-a-key"]).status.code(), Some(125));
    assert_eq!(agentctl(&["--log-level", "loud", "models"]).status.code(), Some(125));
}

#[test]
fn nobody_there_is_3() {
    // Port 1 of loopback: nobody listens there.
    for args in [
        &["--http-port", "1", "values"][..],
        &["--grpc-port", "1", "config", "get"],
        &["status", "--http-port", "1"],
    ] {
        let output = agentctl(args);
        assert_eq!(output.status.code(), Some(3), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("Cannot connect to the agent at 127.0.0.1:1"));
    }
}

#[test]
fn the_log_level_decides_what_is_said() {
    let requests = |level: &str| {
        let output = agentctl(&["--log-level", level, "--http-port", "1", "values"]);
        assert!(stdout(&output).is_empty());
        stderr(&output).contains("GET")
    };
    assert!(requests("debug") && requests("trace"));
    assert!(!requests("warn") && !requests("error"));
    let quiet = agentctl(&["--http-port", "1", "values"]);
    assert!(!stderr(&quiet).contains("GET"));
}

#[test]
fn completion_scripts_are_scripts_and_know_the_commands() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("agentctl.bash");
    std::fs::write(&script, agentctl(&["completion", "bash"]).stdout).unwrap();
    let checked = Command::new("bash").arg("-n").arg(&script).output().unwrap();
    assert!(checked.status.success(), "{}", stderr(&checked));
    let ask = "source \"$0\"; COMP_WORDS=(agentctl conf); COMP_CWORD=1; \
               _agentctl agentctl conf agentctl; echo \"${COMPREPLY[@]}\"";
    let answer = Command::new("bash").args(["-c", ask]).arg(&script).output().unwrap();
    assert_eq!(stdout(&answer).trim(), "config", "{}", stderr(&answer));
}

#[test]
fn a_reader_may_leave_early() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_agentctl"));
    let output = command.args(["generate", "vpp.interfaces"]).stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
}

#[test]
fn generate_prints_every_field_in_every_format() {
    let json = agentctl(&["generate", "vpp.interfaces", "--oneline"]);
    let value: serde_json::Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(value["ip_addresses"], serde_json::json!([]));
    assert_eq!(stdout(&json).lines().count(), 1);
    let yaml = agentctl(&["gen", "vpp.interfaces", "-o", "yaml"]);
    assert!(stdout(&yaml).contains("phys_address:"));
    let format = agentctl(&["generate", "vpp.interfaces", "-f", "proto"]);
    assert_eq!(format.status.code(), Some(1));
    assert!(stderr(&format).contains("unknown format: proto"));
    let unknown = agentctl(&["generate", "no.such.model"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(stderr(&unknown).contains("no model found for: no.such.model"));
}

#[test]
fn a_bad_file_is_named_with_its_position() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.yaml");
    std::fs::write(&file, "vppConfig:\n  interfaces:\n    - name: a\n      tpye: TAP\n").unwrap();
    let output = agentctl(&["config", "update", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(text.contains("bad.yaml") && text.contains("tpye") && text.contains("4:"), "{text}");
}

#[test]
fn an_import_file_is_checked_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pairs");
    let good = "config/vpp/v2/interfaces/a {\"name\":\"a\"}\n";
    for (bad, complaint) in [
        ("no-blank-here\n", "a line is a key, a blank and a JSON value"),
        ("config/unknown/x {}\n", "no model has keys like"),
        ("config/vpp/v2/interfaces/b {\"name\":\"c\"}\n", "belongs under"),
        ("config/vpp/v2/interfaces/b {\"nmae\":\"b\"}\n", "nmae"),
    ] {
        std::fs::write(&file, format!("# comment\n{good}{bad}")).unwrap();
        let output = agentctl(&["import", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{bad}");
        let text = stderr(&output);
        assert!(text.contains(":3") && text.contains(complaint), "{bad}: {text}");
    }
}

#[test]
fn completion_scripts_and_the_reference_page_are_there() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&agentctl(&["completion", shell])).contains("agentctl"));
    }
    let page = stdout(&agentctl(&["reference"]));
    assert!(
        page.starts_with("# agentctl") && page.contains("### agentctl explain <KEY>"),
        "{page}"
    );
}

//! What is run in the guest, and the script that runs it there.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::run;

/// Crates whose tests look at the kernel.
const KERNEL_CRATES: &[&str] = &["ligato-netlink", "ligato-linux-if", "ligato-linux-l3"];

/// How many times longer than usual the tests wait when nobody says otherwise: emulation is slow.
const PATIENCE: &str = "6";

/// Variables that mean the same in the guest.
const PASSED_ON: [&str; 7] = [
    "E2E_JOBS",
    "E2E_PATIENCE",
    "E2E_SCENARIOS",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "RUST_TEST_THREADS",
    "UPDATE_EXPECT",
];

/// A program of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    path: PathBuf,
    arguments: Vec<String>,
    /// Where it is started.
    folder: PathBuf,
}

impl Program {
    /// A program named by the user, started where the user is.
    pub(super) fn given(path: &str, arguments: &[String]) -> Result<Program> {
        Ok(Program {
            // Links are kept: a program may look at the name it was started by.
            path: std::path::absolute(path).with_context(|| path.to_owned())?,
            arguments: arguments.to_vec(),
            folder: std::env::current_dir()?,
        })
    }
}

/// Builds the integration tests of the kernel crates.
pub(super) fn kernel_tests() -> Result<Vec<Program>> {
    let mut cargo = run::cargo()?;
    cargo.args(["test", "--no-run", "--test", "*", "--message-format", "json-render-diagnostics"]);
    for package in KERNEL_CRATES {
        cargo.args(["--package", package]);
    }
    cargo.stderr(std::process::Stdio::inherit());
    let found = found_in(&run::output(&mut cargo)?);
    Ok(found.into_iter().map(|test| test.program).collect())
}

/// A test program of `--traffic`, and which of its tests need such a kernel.
struct Traffic {
    package: &'static str,
    test: &'static str,
    filter: Option<&'static str>,
}

/// Short ones first.
const TRAFFIC_TESTS: &[Traffic] = &[
    Traffic { package: "vpp-sim", test: "conformance", filter: Some("of_taps") },
    Traffic { package: "vpp-if", test: "kinds", filter: Some("taps_") },
    Traffic { package: "e2e", test: "traffic", filter: None },
    Traffic { package: "e2e", test: "scenarios", filter: None },
];

/// Packages whose programs the tests start, and a test of each: cargo builds programs along with it.
const STARTED: &[(&str, &str)] =
    &[("vpp-agent", "process"), ("agentctl", "command_line"), ("vpp-sim", "conformance")];

/// Builds the traffic tests, and the programs that they start; optimised, since every instruction of
/// theirs is emulated, unless it has to be there soon. All in one go: what is built apart is built
/// with other features of the libraries below it.
pub(super) fn traffic_tests(optimised: bool) -> Result<Vec<Program>> {
    let wanted = TRAFFIC_TESTS.iter().map(|wanted| (wanted.package, wanted.test));
    let built: BTreeSet<(&str, &str)> = wanted.chain(STARTED.iter().copied()).collect();
    let mut cargo = run::cargo()?;
    cargo.args(["test", "--no-run", "--profile", if optimised { "release" } else { "test" }]);
    for (package, test) in built {
        cargo.args(["--package", &format!("ligato-{package}"), "--test", test]);
    }
    cargo.args(["--message-format", "json-render-diagnostics"]);
    cargo.stderr(std::process::Stdio::inherit());
    let found = found_in(&run::output(&mut cargo)?);
    TRAFFIC_TESTS.iter().map(|wanted| wanted.among(&found)).collect()
}

impl Traffic {
    /// Its program among those that were built.
    fn among(&self, found: &[Test]) -> Result<Program> {
        let is_it =
            |test: &&Test| test.name == self.test && test.program.folder.ends_with(self.package);
        let test = found.iter().find(is_it);
        let mut program =
            test.with_context(|| format!("no {} was built", self.test))?.program.clone();
        // One VPP at a time is enough for an emulated machine.
        program.arguments = vec!["--test-threads=1".into(), "--nocapture".into()];
        program.arguments.extend(self.filter.map(str::to_owned));
        Ok(program)
    }
}

/// The part of cargo's messages that matters here.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
    profile: Option<Profile>,
    target: Option<Target>,
}

/// What was compiled.
#[derive(Deserialize)]
struct Target {
    name: String,
}

/// How it was compiled.
#[derive(Deserialize)]
struct Profile {
    /// As a test, and not as one of the programs that are built along with the tests of a package.
    test: bool,
}

/// A test that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Test {
    name: String,
    program: Program,
}

/// The tests that cargo's messages tell of.
fn found_in(messages: &str) -> Vec<Test> {
    messages.lines().filter_map(test_program).collect()
}

/// The test program of a message, if it tells of one.
fn test_program(line: &str) -> Option<Test> {
    let message: Message = serde_json::from_str(line).ok()?;
    if !message.profile?.test {
        return None;
    }
    let folder = message.manifest_path?.parent()?.to_owned();
    let program = Program { path: message.executable?, arguments: Vec::new(), folder };
    Some(Test { name: message.target?.name, program })
}

/// A shell script that runs all programs and fails if one of them does.
pub(super) fn script(programs: &[Program], vpp: Option<&Path>) -> Result<String> {
    let mut script = String::from("export HOME=/root TMPDIR=/tmp LANG=C.UTF-8\n");
    let mut path = String::from("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    if let Some(vpp) = vpp {
        let vpp = std::fs::canonicalize(vpp).with_context(|| vpp.display().to_string())?;
        path = format!("{}:{path}", vpp.join("bin").display());
        let libraries: Vec<String> = ["lib/x86_64-linux-gnu", "lib"]
            .map(|folder| vpp.join(folder).display().to_string())
            .into();
        writeln!(script, "export LD_LIBRARY_PATH={}", quote(&libraries.join(":")))?;
        writeln!(script, "export VPP_DIR={}", quote(&vpp.display().to_string()))?;
    }
    writeln!(script, "export PATH={}", quote(&path))?;
    writeln!(script, "export E2E_PATIENCE={PATIENCE}")?;
    for name in PASSED_ON {
        if let Ok(value) = std::env::var(name) {
            writeln!(script, "export {name}={}", quote(&value))?;
        }
    }
    script.push_str("failed=0\n");
    for program in programs {
        let folder = quote(&program.folder.display().to_string());
        let mut command = quote(&program.path.display().to_string());
        for argument in &program.arguments {
            write!(command, " {}", quote(argument))?;
        }
        writeln!(script, "cd {folder} || exit 126")?;
        writeln!(script, "export CARGO_MANIFEST_DIR={folder}")?;
        writeln!(script, "{command} || {{ failed=$?; echo failed: {command}; }}")?;
    }
    script.push_str("exit $failed\n");
    Ok(script)
}

/// A word of the shell, whatever is in it.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn sh(programs: &[Program]) -> (Option<i32>, String) {
        let script = script(programs, None).unwrap();
        let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }

    fn program(path: &str, arguments: &[&str]) -> Program {
        Program {
            path: path.into(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            folder: "/".into(),
        }
    }

    #[test]
    fn arguments_arrive_as_they_are() {
        let arguments = ["it's", "$HOME", "a b", "*"];
        let (status, printed) =
            sh(&[program("/usr/bin/printf", &[&["%s\n"], &arguments[..]].concat())]);
        assert_eq!((status, printed.as_str()), (Some(0), "it's\n$HOME\na b\n*\n"));
    }

    #[test]
    fn all_run_and_one_failure_counts() {
        let programs =
            [program("/bin/sh", &["-c", "exit 3"]), program("/bin/sh", &["-c", "echo still here"])];
        let (status, printed) = sh(&programs);
        assert_eq!(status, Some(3));
        assert!(printed.contains("still here"));
    }

    #[test]
    fn a_program_is_found_by_its_package_and_name() {
        let test = |folder: &str, name: &str| Test {
            name: name.to_owned(),
            program: Program { folder: folder.into(), ..program(&format!("/t/{folder}"), &[]) },
        };
        let found = [test("crates/vpp-if", "scenarios"), test("crates/e2e", "scenarios")];
        let wanted = Traffic { package: "e2e", test: "scenarios", filter: Some("tap") };
        let program = wanted.among(&found).unwrap();
        assert_eq!(program.path, Path::new("/t/crates/e2e"));
        assert_eq!(program.arguments, ["--test-threads=1", "--nocapture", "tap"]);
        let error = wanted.among(&found[..1]).unwrap_err();
        assert_eq!(error.to_string(), "no scenarios was built");
    }

    #[test]
    fn only_messages_with_a_test_program_count() {
        let line = r#"{"reason":"compiler-artifact","manifest_path":"/w/a/Cargo.toml",
            "profile":{"test":true},"target":{"name":"kernel"},"executable":"/t/kernel-1"}"#;
        let Test { name, program } = test_program(line).unwrap();
        assert_eq!(name, "kernel");
        assert_eq!((program.path, program.folder), ("/t/kernel-1".into(), "/w/a".into()));
        let library = r#"{"manifest_path":"/w/a/Cargo.toml","profile":{"test":false},
            "executable":null}"#;
        assert_eq!(test_program(library), None);
        let no_test = r#"{"manifest_path":"/w/a/Cargo.toml","profile":{"test":false},
            "executable":"/t/demo"}"#;
        assert_eq!(test_program(no_test), None);
        assert_eq!(test_program(r#"{"reason":"build-finished","success":true}"#), None);
        assert_eq!(test_program("not json"), None);
    }
}

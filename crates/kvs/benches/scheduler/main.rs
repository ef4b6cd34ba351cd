//! The workloads a to f of the original's figures, on our scheduler.
//!
//! `cargo bench -p ligato-kvs --bench scheduler -- [WORKLOAD...] [--sizes 1000,10000] [--json FILE]`
//!
//! Every workload and size runs in a process of its own, so that its peak memory is its own. Messages,
//! keys (also those of dependencies, by the models) and descriptors are the original's; history is on;
//! every workload checks what it did. For figures that do not depend on what else the machine does,
//! run the program itself under `chrt -f 10`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    clippy::panic,
    reason = "this is a program for developers"
)]

mod kinds;
mod peer;
mod readers;
mod table;
mod values;
mod workloads;

use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::workloads::Figure;

/// The allocator of the agent with its options, so that the figures are those of the agent.
#[path = "../../../vpp-agent/src/allocator.rs"]
mod allocator;

const ALL: [&str; 11] =
    ["a", "a-chunk", "b1", "b2", "c1", "c2", "c2-chunk", "d", "e", "f", "readers"];

/// What one process reports.
#[derive(Debug, Serialize, Deserialize)]
struct Run {
    workload: String,
    size: usize,
    figures: Vec<Figure>,
    /// Peak resident memory in MB.
    peak_mb: u64,
}

fn main() {
    // `cargo bench` says so; what `cargo test` runs is only to show that it runs.
    let measures = std::env::args().any(|arg| arg == "--bench");
    let mut sizes = if measures { vec![1_000, 10_000, 100_000, 1_000_000] } else { vec![1_000] };
    let mut chosen = Vec::new();
    let mut json = None;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--one" => {
                let workload = args.next().expect("a workload");
                let size = args.next().and_then(|s| s.parse().ok()).expect("a size");
                return one(&workload, size);
            }
            "--sizes" => {
                let list = args.next().expect("sizes");
                sizes = list.split(',').map(|s| s.parse().expect("a number")).collect();
            }
            "--json" => json = args.next(),
            "--bench" => {}
            name => chosen.push(name.to_owned()),
        }
    }
    if chosen.is_empty() {
        chosen = ALL.map(str::to_owned).to_vec();
    }
    let mut runs: Vec<Run> = Vec::new();
    let mut lines = Vec::new();
    println!("{}", table::head());
    for workload in &chosen {
        for size in &sizes {
            let Some(run) = child(workload, *size) else { continue };
            runs.push(run);
            for line in table::lines(&runs) {
                println!("{line}");
                lines.push(line);
            }
        }
    }
    if let Some(path) = json {
        let all = serde_json::json!({ "lines": lines, "runs": runs });
        let text = serde_json::to_string_pretty(&all).expect("plain data");
        std::fs::write(&path, text).expect("the file can be written");
    }
}

/// Runs one workload in this process.
fn one(workload: &str, size: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let name = workload.to_owned();
    let (figures, verify) = runtime
        .block_on(
            async move { tokio::spawn(async move { workloads::run(&name, size).await }).await },
        )
        .expect("the workload runs to its end");
    let run = Run { workload: workload.to_owned(), size, figures, peak_mb: peak_mb() };
    verify();
    println!("{}", serde_json::to_string(&run).expect("plain data"));
    // Tearing a million values down is not part of the figure.
    std::process::exit(0);
}

fn child(workload: &str, size: usize) -> Option<Run> {
    let program = std::env::current_exe().expect("the path of this program");
    let output = Command::new(program)
        .args(["--one", workload, &size.to_string()])
        // As the agent sets it.
        .env("MIMALLOC_PURGE_DELAY", "1000")
        .output()
        .expect("this program can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    let run = text.lines().last().and_then(|line| serde_json::from_str(line).ok());
    if run.is_none() {
        eprintln!("{workload} {size}: {}", String::from_utf8_lossy(&output.stderr));
    }
    run
}

/// The high-water mark of resident memory.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
}

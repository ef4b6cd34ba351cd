//! The VPP agent: the program that names everything and puts it together.
//!
//! Read [`assemble`] for what it is made of, [`conf`] for what it can be told.

mod allocator;
mod assemble;
mod bridge;
mod build_facts;
mod cli;
mod conf;
mod kinds;
mod logs;
mod metrics;
mod pages;
mod plugins;
mod preflight;
mod rest;

use std::{
    collections::BTreeMap,
    io::{self, Write},
    process::ExitCode,
    time::Instant,
};

use anyhow::Context;
use ligato_infra::{
    Shutdown, StopReason,
    agent::{StartError, StartFailure, StopReport},
    config::{Effective, Sources, to_markdown},
    on_signals,
};

use crate::{cli::Task, conf::Config};

fn main() -> ExitCode {
    let begun = Instant::now();
    // What is not UTF-8 cannot be a setting of ours.
    let env: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let task = match cli::parse(std::env::args_os(), env) {
        Ok(task) => task,
        Err(error) => {
            // Help goes to standard output, complaints to standard error; clap knows which it is.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match execute(task, begun) {
        Ok(code) => code,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn execute(task: Task, begun: Instant) -> anyhow::Result<ExitCode> {
    match task {
        Task::Version => print(build_facts::version())?,
        Task::FullVersion => print(&build_facts::full_version())?,
        Task::ConfigReference => print(to_markdown(&conf::sections()).trim_end())?,
        Task::KindsReference => print(pages::kinds::page()?.trim_end())?,
        Task::FieldsReference => print(pages::fields::page()?.trim_end())?,
        Task::MessagesReference => print(pages::messages::page().trim_end())?,
        Task::MatrixData => print(&pages::matrix::data()?)?,
        Task::PrintConfig(sources) => print(load(sources)?.1.to_string().trim_end())?,
        Task::CheckConfig(sources) => {
            load(sources)?;
            print("the configuration can be used")?;
        }
        Task::Run(sources) => return run(sources, begun),
    }
    Ok(ExitCode::SUCCESS)
}

/// Loads the configuration; all that is not right but no error is said on standard error.
fn load(sources: Sources) -> anyhow::Result<(Config, Effective)> {
    let (config, effective) = Config::load(sources)?;
    for warning in &effective.warnings {
        complain(&format!("warning: {warning}"));
    }
    Ok((config, effective))
}

#[tokio::main]
async fn run(sources: Sources, begun: Instant) -> anyhow::Result<ExitCode> {
    let (config, _) = load(sources)?;
    let logs = logs::install(&config).context("logs cannot be set up")?;
    tracing::info!(
        version = build_facts::full_version(),
        label = config.agent.microservice_label.as_str(),
        "starting"
    );
    // A process may hold more than one provider of cryptography; without a choice the first handshake would panic.
    // Failing means that the choice was made already.
    let _ = rustls::crypto::ring::default_provider().install_default();

    let shutdown = Shutdown::new();
    on_signals(&shutdown).context("signals cannot be handled")?;
    let agent = assemble::assemble(config, logs, shutdown.clone(), begun).await?;
    let running = match agent.start().await {
        Ok(running) => running,
        // Who asks for the end while it starts gets what was asked for.
        Err(StartError { failure: StartFailure::Interrupted, rollback, .. }) => {
            let reason = shutdown.reason().unwrap_or(StopReason::Requested);
            return Ok(said_stopped(&reason, &rollback));
        }
        Err(error) => return Err(error).context("the agent did not start"),
    };
    let report = running.start_report();
    for timing in &report.plugins {
        let (init, start) = (timing.init, timing.start);
        tracing::debug!(plugin = timing.plugin, ?init, ?start, "plugin started");
    }
    tracing::info!(plugins = report.plugins.len(), took = ?report.total, "started");

    let ended = running.run().await;
    Ok(said_stopped(&ended.reason, &ended.report))
}

/// Says how it ended; the code tells whether that was wanted.
fn said_stopped(reason: &StopReason, report: &StopReport) -> ExitCode {
    tracing::info!(?reason, clean = report.is_clean(), "stopped");
    let wanted = matches!(reason, StopReason::Signal(_) | StopReason::Requested);
    if wanted { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print(text: &str) -> io::Result<()> {
    match writeln!(io::stdout(), "{text}") {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn complain(text: &str) {
    // If standard error is gone, there is nowhere else to say it.
    let _ = writeln!(io::stderr(), "vpp-agent: {text}");
}

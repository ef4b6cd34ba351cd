//! `agentctl`: the command line of the agent.
//!
//! One binary that talks REST, gRPC and etcd. Global options may stand before or after the command.
//! What a command found goes to standard output in the format asked for; everything else goes to
//! standard error. Exit codes are in [`exit`].

mod cli;
mod cmd;
mod etcd;
mod exit;
mod grpc;
mod output;
mod rest;
mod settings;
mod table;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    // Two back-ends may be linked in by dependencies: choose one before the first handshake. An error
    // means that one is chosen already.
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(Err(error.into())),
    };
    exit::report(runtime.block_on(cmd::run(cli)))
}

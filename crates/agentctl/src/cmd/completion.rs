//! `agentctl completion`: what shells need to complete commands and options.

use anyhow::Result;
use clap::CommandFactory;

use super::Context;
use crate::{
    cli::Cli,
    output::{self, Format},
};

pub(super) fn run(context: &Context, shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "agentctl", &mut script);
    let script = String::from_utf8(script)?;
    let data = serde_json::json!({ "shell": shell.to_string(), "script": script });
    output::print(&data, &context.format_or(Format::Table), |_| script.clone())
}

//! `agentctl completion`: what shells need to complete commands and options.

use anyhow::Result;
use clap::CommandFactory;

use crate::{cli::Cli, output};

pub(super) fn run(shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "agentctl", &mut script);
    output::line(String::from_utf8(script)?.trim_end());
    Ok(())
}

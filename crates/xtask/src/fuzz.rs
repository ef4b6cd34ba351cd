//! `cargo xtask fuzz [TARGET] [SECONDS]`: broken bytes for the decoders of what comes from VPP.

use anyhow::Result;

use crate::run::{self, cargo};

/// What to break, and how long.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// One target; all of them one after the other without it. A name that is none lists them.
    target: Option<String>,
    /// How long, in seconds, for each.
    seconds: Option<u64>,
    /// Repeats a run, by the seed that it printed.
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs the program of the crate `fuzz`, optimised, with checks of overflow.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut command = cargo()?;
    command.args(["run", "--release", "--quiet", "--package", "ligato-fuzz"]);
    command.args(["--config", "profile.release.overflow-checks=true", "--"]);
    command.args(&args.target).args(args.seconds.map(|seconds| seconds.to_string()));
    if let Some(seed) = args.seed {
        command.args(["--seed", &seed.to_string()]);
    }
    run::run(&mut command)
}

//! `cargo xtask bench` and `cargo xtask scenarios`: figures, and agreement with recorded behaviour.

use anyhow::Result;

use crate::run::{self, cargo};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct BenchArgs {
    /// `scheduler` (the workloads a to f) or `vpp` (client and agent beside a raw socket).
    #[arg(value_enum)]
    what: What,
    /// Handed on, e.g. `c1 --sizes 1000,10000 --json FILE`, or `routes agent --sizes 100000`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum What {
    Scheduler,
    Vpp,
}

/// Runs a benchmark program.
pub(crate) fn bench(args: &BenchArgs) -> Result<()> {
    let (package, bench) = match args.what {
        What::Scheduler => ("ligato-kvs", "scheduler"),
        What::Vpp => ("ligato-e2e", "vpp"),
    };
    let mut command = cargo()?;
    command.args(["bench", "--package", package, "--bench", bench, "--"]).args(&args.rest);
    run::run(&mut command)
}

/// Files of recorded scenarios.
#[derive(clap::Args)]
pub(crate) struct ScenarioArgs {
    /// Files in the format of the scenario catalogue; without any, the catalogue of the
    /// specification where it is present.
    files: Vec<std::path::PathBuf>,
}

/// Runs recorded scenarios against the scheduler.
pub(crate) fn scenarios(args: &ScenarioArgs) -> Result<()> {
    let mut command = cargo()?;
    command
        .args(["run", "--quiet", "--package", "ligato-testkit", "--example", "scenarios", "--"])
        .args(&args.files);
    run::run(&mut command)
}

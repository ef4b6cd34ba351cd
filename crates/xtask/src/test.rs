//! `cargo xtask test`: everything the tests need, then the tests.

use anyhow::Result;

use crate::{guest, run, setup};

/// What to test.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only this crate, by its folder name, e.g. `kvs`.
    #[arg(short, long)]
    package: Option<String>,
    /// Handed on to the test programs.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Installs what is missing and runs the tests.
pub(crate) fn run(args: &Args) -> Result<()> {
    run::step("set-up", || {
        setup::install_missing()?;
        setup::install_papi()
    })?;
    run::step("tests", || {
        let mut cargo = run::cargo()?;
        cargo.arg("test");
        match &args.package {
            Some(package) => cargo.args(["--package", &format!("ligato-{package}")]),
            None => cargo.arg("--workspace"),
        };
        // The programs print what they skip, and why: keep that visible.
        run::run(cargo.args(["--all-targets", "--no-fail-fast", "--"]).args(&args.rest))
    })?;
    if args.package.is_some() {
        return Ok(());
    }
    run::step("examples in the documentation", || {
        run::run(run::cargo()?.args(["test", "--workspace", "--doc"]))
    })?;
    // The newest release is that of the tests above; the stories of kinds are told on all of them.
    run::step("scenarios on the oldest release of VPP", || {
        let mut cargo = run::cargo()?;
        cargo.args(["test", "--package", "ligato-e2e", "--test", "scenarios"]);
        run::run(cargo.env("E2E_VPP", "simulated").env("E2E_RELEASE", "22.02"))
    })?;
    // Kinds that this kernel may lack.
    guest::run(&guest::Args::default())
}

//! `cargo xtask demo`: builds the programs and shows the main job.

use std::process::Command;

use anyhow::{Context, Result};

use crate::{run, setup};

/// Builds and runs the demo.
pub(crate) fn run() -> Result<()> {
    run::step("set-up", setup::install_missing)?;
    run::step("build", || {
        let packages = ["vpp-agent", "agentctl", "vpp-sim", "e2e"];
        let mut cargo = run::cargo()?;
        cargo.arg("build");
        for package in packages {
            cargo.args(["--package", &format!("ligato-{package}")]);
        }
        run::run(&mut cargo)
    })?;
    run::step("demo", || {
        let program =
            std::env::current_exe()?.parent().context("xtask is in a folder")?.join("ligato-demo");
        run::run(&mut Command::new(program))
    })
}

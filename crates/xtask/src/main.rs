//! The project's own tool: `cargo xtask help` lists what it does.
//!
//! It is the only door: CI, the README and developers call the same commands.

mod check;
mod demo;
mod fuzz;
mod generate;
mod guest;
mod layers;
mod licences;
mod matrix;
mod measure;
mod new_kind;
mod run;
mod setup;
mod stories;
mod test;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Set-up, checks, tests, demo, benchmarks and generated files"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures the scheduler, or the VPP client beside a raw socket.
    Bench(measure::BenchArgs),
    /// Format, clippy, layers, module docs, docs, licences, generated files.
    Check,
    /// Shows the main job on a simulated VPP, an embedded store and namespaces of its own.
    Demo,
    /// Feeds broken bytes to every decoder of what comes from VPP.
    Fuzz(fuzz::Args),
    /// Runs test programs on Debian's stock kernel, in a virtual machine.
    Guest(guest::Args),
    /// Writes the pages of the book that are known from code.
    Gen,
    /// Makes the files of a new kind: message, descriptor, scenario, and two lines.
    NewKind(new_kind::Args),
    /// Runs recorded scenarios of the original scheduler against ours.
    Scenarios(measure::ScenarioArgs),
    /// Installs what the tests need and runs them all.
    Test(test::Args),
    /// Which message and which kind works on which release of VPP, checked against VPP's definitions.
    VppMatrix(matrix::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Bench(args) => measure::bench(&args),
        Command::Check => check::run(),
        Command::Scenarios(args) => measure::scenarios(&args),
        Command::Gen => generate::write(),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::NewKind(args) => new_kind::run(&args),
        Command::Demo => demo::run(),
        Command::Guest(args) => guest::run(&args),
        Command::Test(args) => test::run(&args),
        Command::VppMatrix(args) => matrix::run(&args),
    }
}

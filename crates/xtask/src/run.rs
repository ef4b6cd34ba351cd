//! Running other programs, with an error that names the command.

use std::{path::PathBuf, process::Command, time::Instant};

use anyhow::{Context, Result, bail, ensure};

/// The workspace root: two levels above this crate.
pub(crate) fn root() -> Result<PathBuf> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).context("xtask is not inside the workspace")?;
    ensure!(root.join("Cargo.lock").is_file(), "{} is not the workspace", root.display());
    Ok(root.to_owned())
}

/// A cargo command in the workspace root, with the same cargo that runs us.
pub(crate) fn cargo() -> Result<Command> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()?);
    Ok(cargo)
}

/// Runs to the end; an exit status other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", show(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", show(command));
    }
    Ok(())
}

/// Runs to the end and gives what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {}", show(command)))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{} ended with {}\n{stderr}", show(command), output.status);
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Says what is being done and how long it took.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    say(&format!("== {what}"));
    let start = Instant::now();
    let result = work().with_context(|| what.to_owned());
    let verdict = if result.is_ok() { "ok" } else { "FAILED" };
    say(&format!("== {what}: {verdict} ({:.1} s)", start.elapsed().as_secs_f64()));
    result
}

/// Prints a line of progress.
#[expect(clippy::print_stderr, reason = "this is the output layer of the tool")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

fn show(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

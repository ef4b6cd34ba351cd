//! Exit codes, and how errors are shown.

use std::process::ExitCode;

use clap::error::ErrorKind;

/// What the codes mean; scripts rely on them.
pub(crate) const CODES: [(u8, &str); 6] = [
    (0, "Done."),
    (FAILED, "The command failed, the agent refused, or there is no such command."),
    (DIFFERS, "`plan --exit-code`: the plan has steps."),
    (UNREACHABLE, "The agent, or the store, cannot be reached."),
    (
        UNSETTLED,
        "Done, but with `config update --strict`: some values are pending, failed or invalid.",
    ),
    (USAGE, "Wrong usage."),
];
const FAILED: u8 = 1;
const DIFFERS: u8 = 2;
const UNREACHABLE: u8 = 3;
const UNSETTLED: u8 = 4;
const USAGE: u8 = 125;

/// A failure with a code of its own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Nobody answers there.
    #[error("Cannot connect to the agent at {host}. Is the agent running?")]
    Unreachable {
        /// Address that was tried.
        host: String,
        /// What the transport says.
        #[source]
        source: anyhow::Error,
    },
}

/// What a command that did not fail says to scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All is well.
    Done,
    /// There is something to do (`plan`).
    Differs,
    /// Carried out, but some values are not where they should be.
    Unsettled,
}

/// Turns the outcome into an exit code, and shows an error.
pub(crate) fn report(outcome: anyhow::Result<Verdict>) -> ExitCode {
    match outcome {
        Ok(Verdict::Done) => ExitCode::SUCCESS,
        Ok(Verdict::Differs) => ExitCode::from(DIFFERS),
        Ok(Verdict::Unsettled) => ExitCode::from(UNSETTLED),
        Err(error) => {
            show(&format!("\nERROR: {error:#}"));
            let unreachable = error.downcast_ref::<Failure>().is_some();
            ExitCode::from(if unreachable { UNREACHABLE } else { FAILED })
        }
    }
}

/// Help and version go to standard output with code 0; mistakes to standard error with 125, or 1 for an unknown command,
/// as the original has it.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    match error.kind() {
        ErrorKind::InvalidSubcommand => ExitCode::from(FAILED),
        _ if printed.is_ok() && !error.use_stderr() => ExitCode::SUCCESS,
        _ => ExitCode::from(USAGE),
    }
}

#[expect(clippy::print_stderr, reason = "the output layer of the program")]
pub(crate) fn show(line: &str) {
    eprintln!("{line}");
}

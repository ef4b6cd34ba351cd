//! Scenarios as text: each line is one step. They are files, found by folder, run by one program.
//!
//! `#` begins a comment line. Lines that are indented belong to the step above them: the text of a
//! configuration, or what a command is expected to print.
//!
//! ```text
//! needs kernel dummy           else it is skipped, and says why; also: vhost-net, etcd, real, program NAME
//! file NAME                    a configuration file of the agent; its text follows
//! define NAME                  a configuration; its text follows
//! node NAME                    what follows is about this VPP and agent; the first is agent0
//! vpp start | vpp kill
//! agent start [ARGUMENT…] | agent kill
//! namespace NAME               a named network namespace
//! microservice start NAME      it begins with ms; its label is $NAME, which no other scenario has
//! microservice kill NAME
//! etcd put KEY VALUE | etcd delete KEY
//! config update NAME           or replace, or delete; or without a name, its text follows
//! configured                   waits until every value is
//! state STATE KEY…             waits until these values are; more keys may follow, one a line
//! in sync | not in sync        a downstream resync finds nothing to do; or finds something
//! run WHERE COMMAND            on the host, in a namespace or in a microservice
//! agentctl ARGUMENT…
//! vppctl COMMAND               the command line of a real VPP
//! vpp                          what VPP holds, in the words of `dump::vpp`
//! ping WHERE ADDRESS ok|fails [from INTERFACE]
//! vpp-ping ADDRESS ok|fails [from INTERFACE]
//! ```
//!
//! `run`, `agentctl`, `vppctl` and `vpp` are repeated until what follows them holds, one a line:
//! `shows TEXT`, `lacks TEXT`, `exits CODE` (0 if nothing is said). A step after `real` is for a
//! real VPP only, after `simulated` for a simulated one only. `$FOLDER` is the folder of the
//! scenario, `$ETCD` the address of its etcd.

mod expect;
mod needs;
mod node;
mod parse;
mod stage;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::VppKind;
use expect::Expectations;
use needs::Need;
use parse::Step;
use stage::Stage;

/// A scenario.
#[derive(Debug)]
pub struct Script {
    name: String,
    steps: Vec<Step>,
}

/// How a scenario ended that did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Every step held.
    Passed,
    /// It was not run, for this reason.
    Skipped(String),
}

impl Script {
    /// Reads every scenario of a folder, in the order of their names.
    ///
    /// # Errors
    /// A file that cannot be read, or a line that is no step, with its number.
    pub fn all(folder: &Path) -> Result<Vec<Self>> {
        let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|e| e == "txt"));
        files.sort();
        files.iter().map(|file| Self::read(file)).collect()
    }

    fn read(file: &Path) -> Result<Self> {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let steps = parse::steps(&text).with_context(|| name.clone())?;
        Ok(Self { name, steps })
    }

    /// Name of its file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Does it need something that not every kernel has?
    pub fn needs_kernel(&self) -> bool {
        let of_kernel = |need: &Need| matches!(need, Need::Kernel(_) | Need::VhostNet);
        self.steps.iter().filter_map(Step::need).any(of_kernel)
    }

    /// Runs it against this VPP.
    ///
    /// # Errors
    /// The first step that does not hold, with its line.
    pub fn run(&self, kind: VppKind) -> Result<Outcome> {
        let needs: Vec<_> = self.steps.iter().filter_map(Step::need).collect();
        let mut stage = match Stage::new(kind, &needs)? {
            Ok(stage) => stage,
            Err(why) => return Ok(Outcome::Skipped(why)),
        };
        for step in self.steps.iter().filter(|step| step.is_for(kind)) {
            let at = || format!("{}.txt:{}: {}", self.name, step.line, step.text());
            stage.play(step).with_context(at).map_err(|error| stage.with_logs(&error))?;
        }
        Ok(Outcome::Passed)
    }
}

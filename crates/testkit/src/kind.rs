//! Scenarios of kinds: a configuration in, the whole story out.
//!
//! A scenario is a YAML file in the form users write (`vppConfig: …`). Parts separated by `---` are
//! the complete configuration of one step after the other. The runner gives them to a scheduler over
//! a simulated VPP (and then over a real one, if there is one) and writes down what was done, where each value stands and what VPP tells back;
//! then it starts anew over the same VPP, which must cost no write, and removes everything, which
//! must leave nothing. The story is compared with the `.txt` file beside the scenario;
//! `UPDATE_EXPECT=1` rewrites it.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use expect_test::expect_file;
use ligato_kvs::{Scheduler, StatusFilter};
use ligato_kvs_api::{
    BaseValueStatus, DynDescriptor, ResyncKind, Transaction, TxnReport, ValueChange,
};
use ligato_model::{Registry, text};
use ligato_vpp_client::{Options, VppClient};
use ligato_vpp_ctx::{Settings, VppCtx, Watcher};
use ligato_vpp_sim::Sim;

use crate::vpp::RealVpp;

/// The kinds under test, over one connection to VPP.
#[derive(Clone, Copy)]
pub struct Kinds {
    /// What turns events into notifications.
    pub watchers: fn() -> Vec<Box<dyn Watcher>>,
    /// The kinds, and those that they need.
    pub descriptors: fn(&Arc<VppCtx>) -> Vec<Arc<dyn DynDescriptor>>,
}

/// Why a scenario could not be carried out. A story that differs from the golden file is a panic of
/// the comparison.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// A file or folder cannot be read.
    #[error("{path}")]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The configuration in the file is wrong.
    #[error(transparent)]
    Document(#[from] ligato_model::ModelError),
    /// The simulated VPP did not start, or could not be reached.
    #[error("{0}")]
    Vpp(String),
    /// The story of the scenario contradicts what must hold for every kind.
    #[error("{scenario}: {problem}")]
    Broken {
        /// Name of the scenario.
        scenario: String,
        /// What does not hold.
        problem: String,
    },
}

/// Runs every scenario of a folder; gives how many there were.
///
/// # Errors
/// The first scenario that cannot be carried out, or that writes after a restart or leaves
/// something behind.
pub async fn run(folder: &Path, registry: &Registry, kinds: Kinds) -> Result<usize, ScenarioError> {
    let read = |source| ScenarioError::Read { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        if path.extension().is_some_and(|e| e == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    for file in &files {
        let sim = Sim::builder().seed(1).start().await.map_err(no_vpp)?;
        let story = Story::of(file, registry, kinds, UnderTest::Simulated(sim)).await?;
        expect_file![file.with_extension("txt")].assert_eq(&story);
        if let Some(real) = RealVpp::find().map_err(no_vpp)? {
            let found = Story::of(file, registry, kinds, UnderTest::Real(real)).await?;
            the_same(file, &story, &found)?;
        }
    }
    Ok(files.len())
}

/// A real VPP tells the same story, but for the addresses that it makes up.
fn the_same(file: &Path, simulated: &str, real: &str) -> Result<(), ScenarioError> {
    if without_made_up(simulated) == without_made_up(real) {
        return Ok(());
    }
    let scenario = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let problem = format!("on a real VPP:\n{real}\nsimulated:\n{simulated}");
    Err(ScenarioError::Broken { scenario, problem })
}

/// VPP's random MAC addresses begin with 02:fe.
fn without_made_up(story: &str) -> String {
    let mut parts = story.split(MADE_UP);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(MADE_UP);
        text.push_str(part.get("00:00:00:00".len()..).unwrap_or_default());
    }
    text
}

const MADE_UP: &str = "02:fe:";

/// The VPP under the kinds.
enum UnderTest {
    Simulated(Sim),
    Real(RealVpp),
}

impl UnderTest {
    fn socket(&self) -> &Path {
        match self {
            Self::Simulated(sim) => sim.socket_path(),
            Self::Real(real) => real.socket(),
        }
    }
}

fn no_vpp(error: impl std::fmt::Display) -> ScenarioError {
    ScenarioError::Vpp(error.to_string())
}

struct Story {
    name: String,
    vpp: UnderTest,
    text: String,
}

impl Story {
    async fn of(
        file: &Path,
        registry: &Registry,
        kinds: Kinds,
        vpp: UnderTest,
    ) -> Result<String, ScenarioError> {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let source = std::fs::read_to_string(file)
            .map_err(|source| ScenarioError::Read { path: file.to_owned(), source })?;
        let steps = source
            .split("\n---\n")
            .map(|part| changes(registry, part, &name))
            .collect::<Result<Vec<_>, _>>()?;
        let mut story = Self { name, vpp, text: String::new() };
        let agent = story.agent(kinds).await?;
        for (number, step) in steps.iter().enumerate() {
            let report = resync(&agent, step.clone()).await;
            story.tell(&format!("step {}", number + 1), &agent, &report).await;
        }
        agent.close().await;
        story.restart(kinds, steps.last().cloned().unwrap_or_default()).await?;
        if let UnderTest::Simulated(sim) = &story.vpp {
            sim.stop();
        }
        Ok(story.text)
    }

    /// A new agent over the same VPP.
    async fn agent(&self, kinds: Kinds) -> Result<Scheduler, ScenarioError> {
        let client = VppClient::start(Options::new(self.vpp.socket()));
        client.connected().await.map_err(no_vpp)?;
        let vpp = Arc::new(VppCtx::new(client, Settings::default(), (kinds.watchers)()));
        Scheduler::builder()
            .descriptors((kinds.descriptors)(&vpp))
            .start()
            .map_err(|error| self.broken(error.to_string()))
    }

    /// Started anew with the same wishes there is nothing to do; without wishes nothing remains.
    async fn restart(
        &mut self,
        kinds: Kinds,
        wishes: Vec<ValueChange>,
    ) -> Result<(), ScenarioError> {
        let agent = self.agent(kinds).await?;
        if let UnderTest::Simulated(sim) = &self.vpp {
            sim.mark();
        }
        let report = resync(&agent, wishes).await;
        let record = report.seq.and_then(|seq| agent.transaction(seq));
        // What cannot be read back has to be made again.
        let kinds = agent.snapshot().descriptors();
        let readable =
            |key: &str| !kinds.iter().any(|d| d.selects(key) && !d.capabilities().retrieve);
        let done = record.iter().flat_map(|r| &r.executed);
        let sent = done.filter(|op| !op.noop && readable(&op.key)).count();
        if sent != 0 {
            return Err(self.broken(format!("{sent} operations after a restart: {record:?}")));
        }
        if let UnderTest::Simulated(sim) = &self.vpp
            && sim.writes() != 0
        {
            let (writes, log) = (sim.writes(), sim.log());
            return Err(self.broken(format!("{writes} writes after a restart: {log:?}")));
        }
        resync(&agent, Vec::new()).await;
        let left: Vec<String> = wanted(&agent).iter().map(|s| s.value.key.to_string()).collect();
        if !left.is_empty() {
            return Err(self.broken(format!("left behind: {left:?}")));
        }
        agent.close().await;
        self.text.push_str("restarted: 0 writes\nremoved: nothing left\n");
        Ok(())
    }

    async fn tell(&mut self, title: &str, agent: &Scheduler, report: &TxnReport) {
        self.line(0, title);
        let record = report.seq.and_then(|seq| agent.transaction(seq));
        for op in record.iter().flat_map(|r| &r.executed).filter(|op| !op.noop) {
            let error = op.new_error().unwrap_or_default();
            self.line(2, format!("{:<6} {} {error}", op.op, op.key).trim_end());
        }
        let statuses = wanted(agent);
        for status in &statuses {
            for value in std::iter::once(&status.value).chain(&status.derived_values) {
                let text = format!("is {} {} {}", value.state, value.key, value.details.join(", "));
                self.line(2, text.trim_end());
            }
        }
        let descriptors: BTreeSet<String> = statuses
            .iter()
            .filter_map(|s| agent.snapshot().node(&s.value.key)?.descriptor)
            .collect();
        for descriptor in descriptors {
            for item in agent.dump_southbound(&descriptor).await.unwrap_or_default() {
                if item.origin == ligato_kvs_api::Origin::Nb {
                    let json = item.value.to_json().unwrap_or_default();
                    self.line(2, &format!("VPP has {} {json}", item.key));
                }
            }
        }
    }

    fn line(&mut self, indent: usize, text: &str) {
        // Writing to a string cannot fail.
        let _ok = writeln!(self.text, "{:indent$}{text}", "");
    }

    fn broken(&self, problem: String) -> ScenarioError {
        ScenarioError::Broken { scenario: self.name.clone(), problem }
    }
}

fn changes(registry: &Registry, part: &str, name: &str) -> Result<Vec<ValueChange>, ScenarioError> {
    let entries = text::read_document(registry, part, name)?;
    Ok(entries.into_iter().map(|entry| ValueChange::put(entry.key, entry.value)).collect())
}

async fn resync(agent: &Scheduler, wishes: Vec<ValueChange>) -> TxnReport {
    agent.commit(Transaction::resync(ResyncKind::Full, wishes)).await
}

/// Statuses of what a northbound wants, without what VPP has by itself.
fn wanted(agent: &Scheduler) -> Vec<BaseValueStatus> {
    let mut statuses = agent.snapshot().statuses(&StatusFilter::All);
    statuses.retain(|s| s.value.state != ligato_kvs_api::ValueState::Obtained);
    statuses
}

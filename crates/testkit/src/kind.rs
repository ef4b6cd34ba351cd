//! Scenarios of kinds: a configuration in, the whole story out.
//!
//! Every release is simulated: the story of the newest is `NAME.txt`; where older ones tell another, up to some release,
//! there is a `NAME.until-RELEASE.txt` too.
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
    BaseValueStatus, DynDescriptor, ResyncKind, Transaction, TxnReport, Use, ValueChange,
};
use ligato_model::{Registry, text};
use ligato_vpp_api::support::RELEASES;
use ligato_vpp_client::{Options, VppClient};
use ligato_vpp_ctx::{
    Settings, VppCtx, Watcher,
    capability::{Capability, Offer},
};
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
        let stories = on_every_release(file, registry, kinds).await?;
        no_other_stories(file, &stories)?;
        for Told { story, told_in, .. } in &stories {
            expect_file![told_in].assert_eq(story);
        }
        if let Some(real) = RealVpp::find().map_err(no_vpp)? {
            // One that is not known here counts as the newest.
            let known = real.release().await.map_err(no_vpp)?;
            let release = known.or(RELEASES.last().copied()).unwrap_or_default();
            let place = |release| RELEASES.iter().position(|known| *known == release);
            let told = stories.iter().find(|told| place(told.until) >= place(release));
            let Some(Told { story, .. }) = told else { continue };
            let found = Story::of(file, registry, kinds, UnderTest::Real { real, release }).await?;
            the_same(file, story, &found)?;
        }
    }
    Ok(files.len())
}

/// A story, and the file that has it.
struct Told {
    story: String,
    /// The last release of those that tell it.
    until: &'static str,
    told_in: PathBuf,
}

/// The stories of one scenario on all releases, oldest first. Releases in a row that tell the same are one story. That of
/// the newest is in `NAME.txt`, others in `NAME.until-RELEASE.txt`.
async fn on_every_release(
    file: &Path,
    registry: &Registry,
    kinds: Kinds,
) -> Result<Vec<Told>, ScenarioError> {
    let mut stories: Vec<Told> = Vec::new();
    for release in RELEASES {
        let sim = Sim::builder().seed(1).release(release).start().await.map_err(no_vpp)?;
        let story = Story::of(file, registry, kinds, UnderTest::Simulated { sim, release }).await?;
        let told_in = file.with_extension(format!("until-{release}.txt"));
        match stories.last_mut() {
            Some(before) if before.story == story => {
                (before.until, before.told_in) = (release, told_in);
            }
            _ => stories.push(Told { story, until: release, told_in }),
        }
    }
    if let Some(newest) = stories.last_mut() {
        newest.told_in = file.with_extension("txt");
    }
    Ok(stories)
}

/// A story that is not told any more has no file.
fn no_other_stories(file: &Path, stories: &[Told]) -> Result<(), ScenarioError> {
    for release in RELEASES {
        let old = file.with_extension(format!("until-{release}.txt"));
        if old.exists() && stories.iter().all(|told| told.told_in != old) {
            let scenario = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let problem = format!("{} is not told any more, remove it", old.display());
            return Err(ScenarioError::Broken { scenario, problem });
        }
    }
    Ok(())
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
    Simulated { sim: Sim, release: &'static str },
    Real { real: RealVpp, release: &'static str },
}

impl UnderTest {
    fn socket(&self) -> &Path {
        match self {
            Self::Simulated { sim, .. } => sim.socket_path(),
            Self::Real { real, .. } => real.socket(),
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
        if let UnderTest::Simulated { sim, .. } = &story.vpp {
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
        if let UnderTest::Simulated { sim, .. } = &self.vpp {
            sim.mark();
        }
        let report = resync(&agent, wishes).await;
        let record = report.seq.and_then(|seq| agent.transaction(seq));
        // What cannot be read back has to be made again.
        let kinds = agent.snapshot().descriptors();
        let blind = |key: &str| kinds.iter().any(|kind| kind.selects(key) && self.blind(&**kind));
        let done = record.iter().flat_map(|r| &r.executed).filter(|op| !op.noop);
        let (again, sent): (Vec<_>, Vec<_>) = done.partition(|op| blind(&op.key));
        if !sent.is_empty() {
            let sent = sent.len();
            return Err(self.broken(format!("{sent} operations after a restart: {record:?}")));
        }
        if let UnderTest::Simulated { sim, .. } = &self.vpp
            && again.is_empty()
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
        if again.is_empty() {
            self.line(0, "restarted: 0 writes");
        }
        for op in again {
            self.line(0, &format!("restarted: {} {}, it cannot be read back", op.op, op.key));
        }
        self.line(0, "removed: nothing left");
        Ok(())
    }

    /// Whether values of this kind cannot be read back from this VPP.
    fn blind(&self, kind: &dyn DynDescriptor) -> bool {
        let (UnderTest::Simulated { release, .. } | UnderTest::Real { release, .. }) = &self.vpp;
        let missing = Offer::of_release(release)
            .map(|offer| Capability::of(kind.uses(), &offer).missing)
            .unwrap_or_default();
        !kind.capabilities().retrieve
            || missing.iter().any(|missing| missing.part == Some(Use::READING_BACK))
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

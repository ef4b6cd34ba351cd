//! Every field of every kind of L2 and L3, and of mirrors: set, read back, changed, undone, and all as the kind declares it.
//!
//! For each field there is a configuration and a change of it. An agent makes the one and then the other. A second one, which
//! knows nothing and wants the change, has to find it in VPP without a write, unless it has to be set again; a third one,
//! which knows nothing and wants what was before, has to see the difference, unless VPP does not tell the field. When the
//! first one has undone it, everything is as in the beginning. A field that is in no row fails the test. Those of interfaces
//! are tested with their kinds.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use futures::{StreamExt as _, stream};
use ligato_kvs::{Scheduler, StatusFilter};
use ligato_kvs_api::{
    Declared, DynDescriptor, Manner, OpError, TxnReport, Unset, ValueChange, leaves,
};
use ligato_model::{Key, Value};
use ligato_testkit::fields as declared;
use ligato_vpp_client::{Options, VppClient};
use ligato_vpp_ctx::{Settings, VppCtx};
use ligato_vpp_sim::{Sim, State};

use super::field_rows::{Field, Row, document, rows};
use super::{agent_at, full_resync, kinds_of, unfinished, wishes};

/// Kinds checked at once, each on a VPP of its own.
const AT_ONCE: usize = 2;

/// The VPP under test.
struct Ground {
    socket: PathBuf,
    release: &'static str,
    /// `None` for a real one.
    sim: Option<Sim>,
}

/// What became of a wish.
#[derive(Debug, PartialEq)]
struct Outcome {
    /// Whether something was done for it.
    wrote: bool,
    /// What is not as it is wanted then.
    left: Vec<String>,
}

impl Outcome {
    fn done(wrote: bool) -> Self {
        Self { wrote, left: Vec::new() }
    }
}

impl Ground {
    async fn simulated(release: &'static str) -> Self {
        let sim = Sim::builder().seed(7).release(release).start().await.unwrap();
        Self { socket: sim.socket_path().to_owned(), release, sim: Some(sim) }
    }

    async fn agent(&self) -> Scheduler {
        agent_at(&self.socket).await.0
    }

    /// An agent wants this.
    async fn want(&self, agent: &Scheduler, document: &str) -> Outcome {
        self.commit(agent, wishes(document)).await
    }

    async fn commit(&self, agent: &Scheduler, wishes: Vec<ValueChange>) -> Outcome {
        if let Some(sim) = &self.sim {
            sim.mark();
        }
        let report = agent.commit(full_resync(wishes)).await;
        let wrote = match &self.sim {
            Some(sim) => sim.writes() > 0,
            None => has_worked(agent, &report),
        };
        Outcome { wrote, left: unfinished(agent) }
    }

    /// An agent that knows nothing wants this.
    async fn stranger(&self, document: &str) -> Outcome {
        let agent = self.agent().await;
        let outcome = self.want(&agent, document).await;
        agent.close().await;
        outcome
    }

    /// Whether an agent that knows nothing and wants the one sees that the other is there, as it is now. What is there may be
    /// in the way, and not everything may come to be: a simulated VPP of its own bears the consequences.
    async fn sees(&self, there: &str, wanted: &str) -> bool {
        if self.sim.is_none() {
            return self.stranger(wanted).await.wrote;
        }
        let other = Self::simulated(self.release).await;
        other.stranger(there).await;
        other.stranger(wanted).await.wrote
    }

    /// All that is in VPP; a real one is not looked into.
    fn state(&self) -> Option<State> {
        self.sim.as_ref().map(|sim| without_numbers(sim.state()))
    }
}

/// Whether a transaction did something.
pub(super) fn has_worked(agent: &Scheduler, report: &TxnReport) -> bool {
    let record = report.seq.and_then(|seq| agent.transaction(seq)).unwrap();
    record.executed.iter().any(|op| !op.noop)
}

/// Numbers of bridge domains are given out anew.
fn without_numbers(mut state: State) -> State {
    state.bridge_domains.iter_mut().for_each(|domain| domain.id = 0);
    for interface in &mut state.interfaces {
        interface.bridge_domain = interface.bridge_domain.map(|_| 0);
    }
    state.l2_fib.iter_mut().for_each(|entry| entry.0 = 0);
    state
}

/// The lines in which two states differ.
fn difference(before: Option<&State>, after: Option<&State>) -> Vec<String> {
    let lines =
        |state| -> Vec<String> { format!("{state:#?}").lines().map(str::to_owned).collect() };
    let (before, after) = (lines(before), lines(after));
    let gone = before.iter().filter(|line| !after.contains(line)).map(|line| format!("- {line}"));
    let new = after.iter().filter(|line| !before.contains(line)).map(|line| format!("+ {line}"));
    let more =
        (before.len() != after.len()).then(|| format!("{} lines, {}", before.len(), after.len()));
    gone.chain(new).chain(more).collect()
}

/// All kinds, of an agent that is connected to nothing.
fn kinds() -> Vec<Arc<dyn DynDescriptor>> {
    let client = VppClient::start(Options::new(""));
    kinds_of(&Arc::new(VppCtx::new(client, Settings::default(), Vec::new())))
}

fn kind(name: &str) -> Arc<dyn DynDescriptor> {
    kinds().into_iter().find(|kind| kind.name() == name).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_fares_as_declared_where_that_changes() {
    let checks = rows().into_iter().flat_map(|row| {
        let paths: Vec<&str> = row.fields.iter().map(|(path, ..)| *path).collect();
        let releases = declared::releases(kind(row.kind).as_ref(), &paths);
        releases.into_iter().map(move |release| (release, row.clone()))
    });
    let checks: Vec<_> = checks.collect();
    let running = stream::iter(checks).map(|(release, row)| {
        tokio::spawn(async move { check(&Ground::simulated(release).await, row).await })
    });
    running.buffer_unordered(AT_ONCE).for_each(async |checked| checked.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_fares_as_declared_on_a_real_vpp() {
    let Some((real, release)) = declared::real_vpp().await.unwrap() else {
        println!("skipped: no VPP of a release that is looked at");
        return;
    };
    let ground = Ground { socket: real.socket().to_owned(), release, sim: None };
    for row in rows() {
        check(&ground, row).await;
    }
}

/// A row from beginning to end; VPP is left as it was.
async fn check(ground: &Ground, row: Row) {
    let Row { kind: name, base, fields, .. } = row;
    let what = format!("{name} on {}", ground.release);
    let before = document(name, &base);
    let agent = ground.agent().await;
    assert_eq!(ground.want(&agent, &before).await, Outcome::done(true), "{what}");
    agent.close().await;
    let state = ground.state();
    for field in fields {
        let (path, from, to) = field;
        assert!(base.contains(from), "{name}.{path}: {from}");
        let after = document(name, &base.replacen(from, to, 1));
        check_field(ground, kind(name).as_ref(), field, &before, &after).await;
        let left = difference(state.as_ref(), ground.state().as_ref());
        assert!(left.is_empty(), "{name}.{path} on {}: {left:#?}", ground.release);
    }
    let agent = ground.agent().await;
    ground.want(&agent, &before).await;
    ground.commit(&agent, Vec::new()).await;
    agent.close().await;
}

async fn check_field(
    ground: &Ground,
    kind: &dyn DynDescriptor,
    (path, ..): Field,
    before: &str,
    after: &str,
) {
    let manner = declared::manner(kind, path, ground.release);
    let what = format!("{}.{path} on {}, {manner:?}", kind.name(), ground.release);
    check_programmer(kind, path, before, after);
    // Where a kind cannot be read back at all everything of it is set again, at any time.
    let is_blind = manner == Manner::SetAgain;
    let agent = ground.agent().await;
    let at_first = ground.want(&agent, before).await;
    if manner == Manner::Unsupported {
        assert_eq!(at_first.left, Vec::<String>::new(), "{what}");
        ground.want(&agent, after).await;
        assert!(is_refused(&agent, path), "{what}: {:?}", unfinished(&agent));
    } else {
        assert_eq!(at_first, Outcome::done(is_blind), "{what}");
        let is_change = !matches!(manner, Manner::AtCreation | Manner::WithoutEffect);
        let changed = ground.want(&agent, after).await;
        assert_eq!(changed, Outcome::done(is_change || is_blind), "{what}");
        let found = ground.stranger(after).await;
        assert_eq!(found, Outcome::done(is_blind), "{what}: found by another agent");
        let is_told = ground.sees(after, before).await;
        assert_eq!(is_told, manner == Manner::Read || is_blind, "{what}: VPP tells it: {is_told}");
    }
    assert_eq!(ground.want(&agent, before).await.left, Vec::<String>::new(), "{what}: undone");
    agent.close().await;
    let undone = ground.stranger(before).await;
    assert!(undone.left.is_empty(), "{what}: {undone:?}");
    assert!(!undone.wrote || is_blind || manner == Manner::Unsupported, "{what}: {undone:?}");
}

/// Whether a value is refused for this field.
fn is_refused(agent: &Scheduler, path: &str) -> bool {
    let statuses = agent.snapshot().statuses(&StatusFilter::All);
    let mut errors = statuses.iter().map(|status| status.value.error.as_str());
    errors.any(|error| {
        let why = error.strip_prefix("not supported: ");
        why.is_some_and(|why| declared::refuses(&OpError::Unsupported(why.to_owned()), path))
    })
}

/// A field that is said to be programmed by a derived value makes a difference to one of that kind.
fn check_programmer(kind: &dyn DynDescriptor, path: &str, before: &str, after: &str) {
    let Some(by) = Declared::of(kind.fields(), path).by else { return };
    let (before, after) = (first_value(kind, before), first_value(kind, after));
    let (before, after) = ((&before.0, &before.1), (&after.0, &after.1));
    let by = self::kind(by);
    assert!(declared::is_programmed_by(by.as_ref(), kind, before, after), "{path}");
}

/// The first value of a kind.
fn first_value(kind: &dyn DynDescriptor, document: &str) -> (Key, Value) {
    let mut wishes = wishes(document).into_iter();
    let wish = wishes.find(|wish| kind.selects(&wish.key)).unwrap();
    (wish.key, wish.value.unwrap())
}

#[tokio::test]
async fn no_field_is_missing_and_none_is_said_that_is_not() {
    for row in rows() {
        let message = (row.message)();
        let there: BTreeSet<String> =
            leaves(&message.descriptor()).into_iter().map(|(path, _)| path).collect();
        let listed: BTreeSet<String> =
            row.fields.iter().map(|(path, ..)| (*path).to_owned()).collect();
        assert_eq!(listed, there, "{}", row.kind);
        let kind = kind(row.kind);
        assert_eq!(kind.value_type(), message.full_name());
        assert_eq!(declared::strays(kind.as_ref(), &message), Vec::<&str>::new(), "{}", row.kind);
    }
}

#[tokio::test]
async fn no_kind_that_is_configured_is_missing() {
    let tested: BTreeSet<&str> =
        rows().iter().map(|row| row.kind).chain(["vpp-interface"]).collect();
    let kinds = kinds();
    let configured = kinds.iter().filter(|kind| kind.nb_key_prefix().is_some());
    assert_eq!(tested, configured.map(|kind| kind.name()).collect());
}

#[tokio::test]
async fn what_is_said_of_numbers_that_are_not_given_is_true() {
    let registry = ligato_proto::registry();
    for row in rows() {
        let kind = kind(row.kind);
        let (key, value) = first_value(kind.as_ref(), &document(row.kind, &row.base));
        let checked = declared::check_numbers(&registry, kind.as_ref(), &key, &value);
        let said = kind.fields().iter().copied().flatten();
        let said = said.filter(|field| matches!(field.unset, Some(Unset::Number(_))));
        let said: Vec<&str> = said.map(|field| field.path).collect();
        assert_eq!(checked, said, "{}", row.kind);
    }
}

//! A stateful fake southbound and a kind whose values say in words what they are: for scripts and
//! property tests.
//!
//! A value is a string of words: a content (any words without meaning), and then clauses
//! `needs KEY`, `any PREFIX`, `not KEY`, `follows KEY` (needs it, and is updated when it changes),
//! `rebuilt-with KEY` (needs it, and is made anew when it changes), `derives KEY`, `recreate` (cannot
//! be changed in place), `invalid`, `unsupported`, `muddles KEY` (two dependencies of one label). So a
//! test needs no descriptor of its own.
//!
//! What is derived may have clauses of its own, after colons: `derives d/1:needs:b/2` gives `d/1` the
//! words `derived needs b/2`. A tilde is a colon one level down. Two contents that differ only in
//! upper and lower case are equivalent.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ligato_kvs_api::{
    AnyRetrieved, Availability, Capabilities, Dependency, DependencyKind, DynDescriptor, Invalid,
    KeyPattern, Known, Metadata, NotificationSink, OpError, OpFuture, Origin, Release,
    SouthboundName,
};
use ligato_model::{Key, Value};
use tokio_util::sync::CancellationToken;

use crate::messages::{as_string, string};

/// What happens to the next operation on a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails and nothing happens.
    Fails,
    /// It happens, but the answer is that it failed.
    FailsAfterwards,
    /// It happens, and no answer comes.
    NoAnswer,
    /// It never ends, and nothing happens.
    Hangs,
    /// It happens, and is answered after ten seconds less one.
    Late,
    /// It panics.
    Panics,
    /// Nothing happens, and the answer is that it was done.
    Lies,
}

#[derive(Debug, Default)]
struct State {
    content: BTreeMap<String, (Value, Origin)>,
    derived: BTreeSet<String>,
    faults: BTreeMap<String, Vec<Fault>>,
    /// Kinds whose read-backs are not answered before this many are let go.
    held_reads: BTreeMap<&'static str, Arc<tokio::sync::Semaphore>>,
    log: Vec<String>,
    wrong: Vec<String>,
    /// Functions of the kinds that panic when they are called.
    panicking: BTreeSet<&'static str>,
    /// Words of values that it cannot do.
    lacking: BTreeSet<&'static str>,
}

/// How late a late answer is: within the default deadline of an operation.
const LATE: std::time::Duration = std::time::Duration::from_secs(9);

/// The fake southbound. Cloning copies a pointer.
#[derive(Debug, Clone, Default)]
pub struct FakeSb(Arc<Mutex<State>>);

/// One kind over the fake: owns the keys below its prefix.
#[derive(Debug)]
pub struct FakeKind {
    name: &'static str,
    keys: [KeyPattern; 1],
    prefix: &'static str,
    lane: SouthboundName,
    readable: bool,
    release: Release,
    read_after: &'static [&'static str],
    batch: usize,
    /// What any-of dependencies of its values accept.
    filter: Option<fn(&str) -> bool>,
    sb: FakeSb,
}

// === impl FakeSb ===

impl FakeSb {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next operation on the key meets this fault.
    pub fn fault(&self, key: &str, fault: Fault) {
        self.lock().faults.entry(key.to_owned()).or_default().push(fault);
    }

    /// Read-backs of the kind are not answered until [`answer_reads`](Self::answer_reads).
    pub fn hold_reads(&self, kind: &'static str) {
        self.lock().held_reads.insert(kind, Arc::new(tokio::sync::Semaphore::new(0)));
    }

    /// Lets the read-backs of the kind go on, those that wait and those to come.
    pub fn answer_reads(&self, kind: &str) {
        if let Some(gate) = self.lock().held_reads.remove(kind) {
            gate.close();
        }
    }

    /// No more faults.
    pub fn heal(&self) {
        let mut state = self.lock();
        state.faults.clear();
        state.panicking.clear();
    }

    /// From now on this function of the kinds, e.g. `equivalent`, panics.
    pub fn panic_in(&self, function: &'static str) {
        self.lock().panicking.insert(function);
    }

    /// What it cannot do from now on: values with one of these words. A scheduler learns that when it
    /// comes up with other abilities.
    pub fn lack(&self, words: impl IntoIterator<Item = &'static str>) {
        self.lock().lacking = words.into_iter().collect();
    }

    /// Changes the content behind the scheduler's back.
    pub fn set(&self, key: &str, text: Option<&str>, origin: Origin) {
        let mut state = self.lock();
        // What is derived from it goes with it.
        if let Some((value, _)) = state.content.get(key).cloned() {
            let mut open = vec![value];
            while let Some(value) = open.pop() {
                for (derived, value) in derived_of(&value) {
                    state.content.remove(&derived);
                    open.push(value);
                }
            }
        }
        match text {
            Some(text) => state.content.insert(key.to_owned(), (string(text), origin)),
            None => state.content.remove(key),
        };
    }

    /// It dies, and holds nothing afterwards.
    pub fn forget_everything(&self) {
        self.lock().content.clear();
    }

    /// A southbound of its own that holds what this one holds of others.
    pub fn with_foreign_only(&self) -> Self {
        let state = self.lock();
        let theirs = |(key, (_, whose)): &(&String, &(Value, Origin))| {
            *whose == Origin::Sb && !state.derived.contains(*key)
        };
        let content = state.content.iter().filter(theirs);
        let content = content.map(|(key, content)| (key.clone(), content.clone())).collect();
        let others = State { content, ..State::default() };
        Self(Arc::new(Mutex::new(others)))
    }

    /// Content: key to text.
    pub fn content(&self) -> BTreeMap<String, String> {
        let state = self.lock();
        let text = |value: &Value| as_string(value).unwrap_or_default();
        state.content.iter().map(|(key, (value, _))| (key.clone(), text(value))).collect()
    }

    /// Content as it is read back: without what is derived and not there.
    pub fn as_read(&self) -> BTreeMap<String, String> {
        let state = self.lock();
        let text = |value: &Value| as_string(&seen(value, &state.content)).unwrap_or_default();
        state.content.iter().map(|(key, (value, _))| (key.clone(), text(value))).collect()
    }

    /// Calls since this was last asked, e.g. `create b/1`.
    pub fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().log)
    }

    /// Calls that did not fit the content: a create of what is there, a change of what is not.
    pub fn take_wrong(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().wrong)
    }
}

// === impl FakeKind ===

impl FakeKind {
    /// A kind that owns `pattern` (e.g. `b/{name}`), read back unless said otherwise.
    pub fn new(name: &'static str, pattern: &'static str, sb: &FakeSb) -> Self {
        let keys = [KeyPattern::new(pattern)];
        let prefix = keys[0].literal_prefix();
        let release = Release::Delete;
        let (sb, read_after) = (sb.clone(), &[][..]);
        let (lane, readable, batch, filter) = ("fake", true, 1, None);
        Self { name, keys, prefix, lane, readable, release, read_after, batch, filter, sb }
    }

    /// So many operations are handed over together.
    pub fn in_batches_of(mut self, batch: usize) -> Self {
        self.batch = batch;
        self
    }

    /// Any-of dependencies of its values accept only such keys.
    pub fn picky(mut self, filter: fn(&str) -> bool) -> Self {
        self.filter = Some(filter);
        self
    }

    /// It is read back after these.
    pub fn read_after(mut self, kinds: &'static [&'static str]) -> Self {
        self.read_after = kinds;
        self
    }

    /// What it takes over it lets go of again, instead of deleting it.
    pub fn kept(mut self) -> Self {
        self.release = Release::Keep;
        self
    }

    /// In a southbound of its own.
    pub fn in_lane(mut self, lane: SouthboundName) -> Self {
        self.lane = lane;
        self
    }

    /// It cannot be read back.
    pub fn unreadable(mut self) -> Self {
        self.readable = false;
        self
    }

    fn called(&self, function: &str) {
        let panics = self.sb.lock().panicking.contains(function);
        assert!(!panics, "{function} is out of mind");
    }

    fn operate(
        &self,
        op: &str,
        key: &Key,
        old: Option<&Value>,
        new: Option<&Value>,
    ) -> OpFuture<()> {
        let mut state = self.sb.lock();
        state.log.push(format!("{op} {key}"));
        let there = state.content.get(&**key).map(|(value, _)| value.clone());
        let known = there.as_ref().map(|value| seen(value, &state.content));
        if there.as_ref() != old && known.as_ref() != old {
            state.wrong.push(format!("{op} {key}: {there:?} is there, not {old:?}"));
        }
        let fault = state.faults.get_mut(&**key).filter(|f| !f.is_empty()).map(|f| f.remove(0));
        if !matches!(fault, Some(Fault::Fails | Fault::Hangs | Fault::Panics | Fault::Lies)) {
            match new {
                Some(value) => {
                    state.content.insert(key.to_string(), (value.clone(), Origin::Nb));
                }
                None => {
                    state.content.remove(&**key);
                }
            }
        }
        drop(state);
        match fault {
            None | Some(Fault::Lies) => Box::pin(std::future::ready(Ok(()))),
            Some(Fault::Fails) => fails(OpError::Retriable("it failed".to_owned())),
            Some(Fault::FailsAfterwards) => fails(OpError::Retriable("it failed late".to_owned())),
            Some(Fault::NoAnswer) => fails(OpError::Unknown("no answer".to_owned())),
            Some(Fault::Hangs) => Box::pin(std::future::pending()),
            Some(Fault::Late) => Box::pin(async {
                tokio::time::sleep(LATE).await;
                Ok(())
            }),
            Some(Fault::Panics) => Box::pin(async { panics() }),
        }
    }
}

#[expect(clippy::panic, reason = "that is what this fault is")]
fn panics() -> Result<(), OpError> {
    panic!("out of mind")
}

fn fails(error: OpError) -> OpFuture<()> {
    Box::pin(std::future::ready(Err(error)))
}

/// A value as it is read back: what is derived from it but is not there is not seen in it.
fn seen(value: &Value, content: &BTreeMap<String, (Value, Origin)>) -> Value {
    string(&seen_words(&as_string(value).unwrap_or_default(), content))
}

fn seen_words(text: &str, content: &BTreeMap<String, (Value, Origin)>) -> String {
    let mut seen: Vec<String> = Vec::new();
    let mut words = text.split(' ');
    while let Some(word) = words.next() {
        let Some(what) = (word == "derives").then(|| words.next()).flatten() else {
            seen.push(word.to_owned());
            continue;
        };
        let (key, inner) = what.split_once(':').unwrap_or((what, ""));
        if !content.contains_key(key) {
            continue;
        }
        seen.push(word.to_owned());
        let inner = seen_words(&inner.replace(':', " ").replace('~', ":"), content);
        let inner = inner.replace(':', "~").replace(' ', ":");
        seen.push(format!("{key}:{inner}").trim_end_matches(':').to_owned());
    }
    seen.join(" ")
}

/// Clauses of a value: word and argument.
fn clauses(value: &Value) -> Vec<(String, String)> {
    let text = as_string(value).unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    let argument = |at: usize| words.get(at + 1).copied().unwrap_or_default().to_owned();
    words.iter().enumerate().map(|(at, word)| ((*word).to_owned(), argument(at))).collect()
}

/// What a value in words derives.
fn derived_of(value: &Value) -> Vec<(String, Value)> {
    let derives = clauses(value).into_iter().filter(|(clause, _)| clause == "derives");
    derives
        .map(|(_, what)| {
            let (key, words) = what.split_once(':').unwrap_or((&what, ""));
            let words = words.replace(':', " ").replace('~', ":");
            (key.to_owned(), string(format!("derived {words}").trim_end()))
        })
        .collect()
}

fn says(value: &Value, word: &str) -> bool {
    clauses(value).iter().any(|(clause, _)| clause == word)
}

/// What a value in words needs.
pub fn needs_of(value: &Value) -> Vec<Dependency> {
    let mut needs = Vec::new();
    for (clause, key) in clauses(value) {
        match clause.as_str() {
            "needs" => needs.push(Dependency::on(key.as_str(), key.as_str())),
            "any" => needs.push(Dependency::on_any(format!("any {key}"), [key.as_str()])),
            "muddles" => {
                needs.push(Dependency::on("muddled", key.as_str()));
                needs.push(Dependency::on_any("muddled", [key.as_str()]));
            }
            "not" => needs.push(
                Dependency::on(format!("not {key}"), key.as_str())
                    .kind(DependencyKind::ConflictsWith),
            ),
            "follows" => needs.push(
                Dependency::on(format!("follows {key}"), key.as_str())
                    .kind(DependencyKind::UpdateOnChange),
            ),
            "rebuilt-with" => needs.push(
                Dependency::on(format!("rebuilt with {key}"), key.as_str())
                    .kind(DependencyKind::RecreateOnChange),
            ),
            _ => {}
        }
    }
    needs
}

impl DynDescriptor for FakeKind {
    fn name(&self) -> &str {
        self.name
    }

    fn keys(&self) -> &[KeyPattern] {
        &self.keys
    }

    fn nb_key_prefix(&self) -> Option<&str> {
        Some(self.prefix)
    }

    fn value_type(&self) -> &str {
        "model.StringValue"
    }

    fn with_metadata(&self) -> bool {
        false
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { create: true, update: true, delete: true, retrieve: self.readable }
    }

    fn retrieve_after(&self) -> &[&str] {
        self.read_after
    }

    fn southbound(&self) -> SouthboundName {
        self.lane
    }

    fn availability(&self) -> Availability {
        self.called("availability");
        Availability::Up { incarnation: 0, abilities: 0 }
    }

    fn validate(&self, _: &Key, value: &Value) -> Result<(), Invalid> {
        self.called("validate");
        if says(value, "invalid") { Err(Invalid::field("words", "it says so")) } else { Ok(()) }
    }

    fn supported(&self, _: &Key, value: &Value) -> Result<(), OpError> {
        self.called("supported");
        if says(value, "unsupported") {
            return Err(OpError::Unsupported("it says so".to_owned()));
        }
        match self.sb.lock().lacking.iter().find(|word| says(value, word)) {
            Some(word) => Err(OpError::Unsupported(format!("this one cannot {word}"))),
            None => Ok(()),
        }
    }

    fn equivalent(&self, _: &Key, old: &Value, new: &Value) -> bool {
        self.called("equivalent");
        let caseless = |value| as_string(value).unwrap_or_default().to_lowercase();
        old == new || caseless(old) == caseless(new)
    }

    fn release(&self) -> Release {
        self.called("release");
        self.release
    }

    fn selects(&self, key: &str) -> bool {
        self.called("selects");
        self.keys.iter().any(|pattern| pattern.matches(key))
    }

    fn key_label<'k>(&self, key: &'k str) -> &'k str {
        self.called("key_label");
        key.strip_prefix(self.prefix).unwrap_or(key)
    }

    fn is_retriable(&self, error: &OpError) -> bool {
        self.called("is_retriable");
        error.is_retriable()
    }

    fn derive(&self, _: &Key, value: &Value) -> Vec<(Key, Value)> {
        self.called("derive");
        let derived: Vec<(Key, Value)> =
            derived_of(value).into_iter().map(|(key, value)| (Key::from(key), value)).collect();
        let mut state = self.sb.lock();
        state.derived.extend(derived.iter().map(|(key, _)| key.to_string()));
        derived
    }

    fn dependencies(&self, _: &Key, value: &Value) -> Vec<Dependency> {
        self.called("dependencies");
        let needs = needs_of(value).into_iter();
        match self.filter {
            Some(filter) => needs.map(|need| need.filtered("picky", filter)).collect(),
            None => needs.collect(),
        }
    }

    fn needs_recreate(&self, _: &Key, _: &Value, new: &Value, _: Option<&Metadata>) -> bool {
        self.called("needs_recreate");
        says(new, "recreate")
    }

    fn create(&self, key: &Key, value: &Value) -> OpFuture<Option<Metadata>> {
        self.called("create");
        let done = self.operate("create", key, None, Some(value));
        Box::pin(async move { done.await.map(|()| None) })
    }

    fn delete(&self, key: &Key, value: &Value, _: Option<&Metadata>) -> OpFuture<()> {
        self.called("delete");
        self.operate("delete", key, Some(value), None)
    }

    fn update(
        &self,
        key: &Key,
        old: &Value,
        new: &Value,
        _: Option<&Metadata>,
    ) -> OpFuture<Option<Metadata>> {
        let done = self.operate("update", key, Some(old), Some(new));
        Box::pin(async move { done.await.map(|()| None) })
    }

    fn retrieve(&self, _: Known) -> OpFuture<Vec<AnyRetrieved>> {
        self.called("retrieve");
        let gate = self.sb.lock().held_reads.get(self.name).cloned();
        let (sb, prefix) = (self.sb.clone(), self.prefix);
        Box::pin(async move {
            if let Some(gate) = gate {
                // The gate is never opened, only taken away.
                let _ = gate.acquire().await;
            }
            Ok(sb.found_below(prefix))
        })
    }

    fn index(&self, _: &Key, _: &Value, _: Option<&Metadata>) {
        self.called("index");
    }

    fn watch(
        &self,
        _: NotificationSink,
        cancel: CancellationToken,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.called("watch");
        Box::pin(async move { cancel.cancelled().await })
    }
}

impl FakeSb {
    fn found_below(&self, prefix: &str) -> Vec<AnyRetrieved> {
        let state = self.lock();
        state
            .content
            .iter()
            .filter(|(key, _)| key.starts_with(prefix) && !state.derived.contains(*key))
            .map(|(key, (value, origin))| AnyRetrieved {
                key: Key::from(key.as_str()),
                value: seen(value, &state.content),
                metadata: None,
                origin: *origin,
            })
            .collect()
    }
}

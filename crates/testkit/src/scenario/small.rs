//! The small suites of a catalogue: the registry of descriptors, and names and numbers on the wire.
//!
//! The third of them, `keyset`, is about a container inside the original. Ours keeps edges by node,
//! not by sets of keys: there is nothing to run.

use std::{sync::Arc, time::Duration};

use ligato_kvs::{Scheduler, record};
use ligato_kvs_api::{
    KeyPattern, Notification, OpKind, Origin, RegistrationError, ResyncKind, RetryPolicy, Scope,
    Transaction, TxnOptions, ValueChange, ValueState,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value as Json, json};

use crate::{
    messages::string,
    scenario::{
        format::DescriptorSpec,
        mock::{MockDescriptor, MockSb},
        read::{Malformed, typed},
    },
};

/// What came of an entry.
#[derive(Debug)]
pub(super) enum Outcome {
    Agrees,
    /// It agrees as far as ours has a counterpart; the rest is named.
    AgreesInPart(&'static str),
    /// Ours is better, by this paragraph.
    ByRule(&'static str),
    Differs(String),
    /// There is nothing to run.
    NoCounterpart(&'static str),
}

/// Runs one entry of a small suite; `None`: the suite is not known.
pub(super) async fn run(suite: &str, entry: &Json) -> Option<Result<Outcome, Malformed>> {
    Some(match suite {
        "registry" => registry(entry).await,
        "codec" => codec(entry).await,
        "keyset" => Ok(Outcome::NoCounterpart("edges are kept by node, not by sets of keys")),
        _ => return None,
    })
}

// === the registry ===

#[derive(Debug, Deserialize)]
struct Registration {
    descriptors: Vec<DescriptorSpec>,
    registration_order: Vec<String>,
    expect: Listing,
}

#[derive(Debug, Deserialize)]
struct Listing {
    #[serde(default)]
    all: Option<Vec<String>>,
    #[serde(default)]
    for_key: Vec<(String, Option<String>)>,
    #[serde(default)]
    then_lookups: Option<Lookups>,
    /// There, the process dies at once.
    #[serde(default)]
    panic: Option<String>,
    /// There, it dies as soon as one of these is looked up.
    #[serde(default)]
    for_key_panics: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Lookups {
    count: usize,
    even: Lookup,
    odd: Lookup,
}

#[derive(Debug, Deserialize)]
struct Lookup {
    prefix: String,
    descriptor: String,
}

async fn registry(entry: &Json) -> Result<Outcome, Malformed> {
    let spec: Registration = typed(entry)?;
    let sb = MockSb::default();
    let mut builder = Scheduler::builder();
    for name in &spec.registration_order {
        let Some(descriptor) = spec.descriptors.iter().find(|d| d.name == *name) else {
            let what = format!("there is no descriptor {name}");
            return Err(Malformed::At { place: "registration_order".to_owned(), what });
        };
        let mock = MockDescriptor::new(descriptor.clone(), sb.clone());
        builder = builder.descriptor(Arc::new(mock.with_patterns(patterns_of(descriptor))));
    }
    let dies = spec.expect.panic.is_some() || !spec.expect.for_key_panics.is_empty();
    let scheduler = match (builder.start(), dies) {
        (Ok(scheduler), false) => scheduler,
        (Ok(_), true) => return Ok(Outcome::Differs("all of them were registered".to_owned())),
        (Err(RegistrationError::RetrieveCycle(_)), true) if spec.expect.panic.is_some() => {
            return Ok(Outcome::ByRule("S9"));
        }
        (Err(RegistrationError::Overlap { pattern, .. }), true)
            if spec.expect.for_key_panics.iter().all(|key| pattern_accepts(&pattern, key)) =>
        {
            return Ok(Outcome::ByRule("S9"));
        }
        (Err(error), _) => return Ok(Outcome::Differs(error.to_string())),
    };
    let difference = listing(&scheduler, &sb, &spec.expect).await;
    scheduler.close().await;
    Ok(difference.map_or(Outcome::Agrees, Outcome::Differs))
}

/// A selector as patterns, as far as patterns can say it.
fn patterns_of(spec: &DescriptorSpec) -> Vec<KeyPattern> {
    let Some(selector) = &spec.key_selector else { return Vec::new() };
    // Lives as long as the program: a few per scenario.
    let leaked = |text: String| KeyPattern::new(Box::leak(text.into_boxed_str()));
    let (prefix, keys) = selector.as_patterns();
    prefix.map(|p| format!("{p}{{rest}}")).into_iter().chain(keys).map(leaked).collect()
}

fn pattern_accepts(pattern: &str, key: &str) -> bool {
    pattern.split('{').next().is_some_and(|prefix| key.starts_with(prefix))
}

/// The first difference from what is to be listed and looked up.
async fn listing(scheduler: &Scheduler, sb: &MockSb, expect: &Listing) -> Option<String> {
    let resync = Transaction::resync(ResyncKind::Downstream(Scope::All), Vec::new());
    scheduler.commit(resync).await;
    let read = std::mem::take(&mut sb.lock().reads);
    if let Some(all) = expect.all.as_ref().filter(|all| **all != read) {
        return Some(format!("read back in the order {read:?}, expected {all:?}"));
    }
    let wrong = wrong_owner(scheduler, &expect.for_key).await;
    let (None, Some(more)) = (&wrong, &expect.then_lookups) else { return wrong };
    let many: Vec<(String, Option<String>)> = (0..more.count)
        .map(|at| {
            let of = if at % 2 == 0 { &more.even } else { &more.odd };
            (format!("{}{at}", of.prefix), Some(of.descriptor.clone()))
        })
        .collect();
    match wrong_owner(scheduler, &many).await {
        None => wrong_owner(scheduler, &expect.for_key).await,
        wrong => wrong,
    }
}

/// Sets the keys and looks who got them.
async fn wrong_owner(scheduler: &Scheduler, keys: &[(String, Option<String>)]) -> Option<String> {
    let wish = |(key, _): &(String, _)| ValueChange::put(key.as_str(), string("x"));
    scheduler.commit(Transaction::change(keys.iter().map(wish).collect())).await;
    let snapshot = scheduler.snapshot();
    keys.iter().find_map(|(key, owner)| {
        let node = snapshot.node(key)?;
        (node.descriptor != *owner)
            .then(|| format!("{key} belongs to {:?}, expected {owner:?}", node.descriptor))
    })
}

// === names and numbers ===

#[derive(Debug, Deserialize)]
struct Codec {
    id: String,
    #[serde(default)]
    numbers: Map<String, Json>,
    #[serde(default)]
    encode: Vec<(String, String)>,
    #[serde(default)]
    strings: Map<String, Json>,
}

async fn codec(entry: &Json) -> Result<Outcome, Malformed> {
    let spec: Codec = typed(entry)?;
    Ok(match spec.id.as_str() {
        "enum-value-state" => numbered(&spec, |state: ValueState| i64::from(state.number())),
        "enum-txn-operation" => numbered(&spec, |op: OpKind| op as i64),
        "enum-value-origin" => origins(&spec),
        "json-txn-type" => names(&spec, &recorded().await, "TxnType"),
        "json-resync-type" => names(&spec, &recorded().await, "ResyncType"),
        _ => Outcome::NoCounterpart("there is no such table here"),
    })
}

/// Every name stands for its number, and is its own JSON form.
fn numbered<T>(spec: &Codec, number: impl Fn(T) -> i64) -> Outcome
where
    T: DeserializeOwned + serde::Serialize + Copy,
{
    for (name, expected) in &spec.numbers {
        let Ok(value) = serde_json::from_value::<T>(json!(name)) else {
            return Outcome::Differs(format!("{name} is not known"));
        };
        if json!(number(value)) != *expected || json!(value) != json!(name) {
            return Outcome::Differs(format!("{name} is {} here", number(value)));
        }
    }
    Outcome::Agrees
}

fn origins(spec: &Codec) -> Outcome {
    let ours = [Origin::Unknown, Origin::Nb, Origin::Sb];
    for (name, text) in &spec.strings {
        let origin = ours.iter().find(|o| json!(o.as_str()) == *text);
        let number = origin.map(|origin| json!(*origin as u8));
        if number.as_ref() != spec.numbers.get(name) {
            return Outcome::Differs(format!("{name} is {origin:?} here"));
        }
    }
    Outcome::Agrees
}

/// Every name is one that a real record carries in its JSON form.
fn names(spec: &Codec, records: &[Json], member: &str) -> Outcome {
    let known: Vec<String> = records.iter().map(|record| record[member].to_string()).collect();
    for (name, text) in &spec.encode {
        if !known.contains(text) {
            return Outcome::Differs(format!("no record says that its {member} is {name}"));
        }
    }
    Outcome::AgreesInPart("nothing here reads such names or has numbers for them")
}

/// Records of transactions of every kind there is, in their JSON form.
async fn recorded() -> Vec<Json> {
    let sb = MockSb::default();
    let spec = |name: &str| -> Option<DescriptorSpec> {
        let prefix = format!("{name}/");
        typed(
            &json!({ "name": name, "nb_key_prefix": prefix, "key_selector": { "prefix": prefix } }),
        )
        .ok()
    };
    let mock = |name: &str| Some(Arc::new(MockDescriptor::new(spec(name)?, sb.clone())));
    let (Some(first), Some(second)) = (mock("a"), mock("b")) else { return Vec::new() };
    let Ok(scheduler) = Scheduler::builder().descriptor(first).start() else { return Vec::new() };
    sb.plan("a/1", Some("it fails".to_owned()), Vec::new());
    let put = |key: &str| vec![ValueChange::put(key, string("x"))];
    let options = TxnOptions { retry: Some(RetryPolicy::default()), ..TxnOptions::default() };
    scheduler.commit(Transaction::change(put("a/1")).with(options)).await;
    scheduler.commit(Transaction::change(put("b/1"))).await;
    let value = Some(string("x"));
    scheduler.sink().send(vec![Notification::Value { key: "a/2".into(), value, metadata: None }]);
    // A refusal, or a retry that does not come, would show as a record that is missing.
    let _ = scheduler.register(second).await;
    let _ = scheduler.quiescent(Duration::from_secs(3600)).await;
    for kind in [ResyncKind::Full, ResyncKind::Upstream] {
        scheduler.commit(Transaction::resync(kind, put("a/1"))).await;
    }
    let downstream = ResyncKind::Downstream(Scope::All);
    scheduler.commit(Transaction::resync(downstream, Vec::new())).await;
    let records = scheduler.history(None, None).iter().map(|r| record::to_json(r)).collect();
    scheduler.close().await;
    records
}

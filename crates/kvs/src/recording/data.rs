//! What the scheduler works with, in the form of lines, and back.

use std::time::Duration;

use ligato_kvs_api::{
    AnyOperation, AnyRetrieved, Dependency, DynDescriptor, KeyFilter, Metadata, Notification,
    Reason, RecordedOp, RecordedTxn, Target, Transaction, ValueChange, ValueState,
};
use ligato_model::{Key, Value};
use serde::Serialize;

use crate::{
    core::{CallId, Effect, Input},
    recording::line::{
        About, Found, Index, NeedOf, Started, Step, TargetOf, Told, Txn, ValueId, What, nanos,
    },
};

/// Gives the numbers of values.
pub(crate) type Ids<'a> = &'a mut dyn FnMut(&Value) -> ValueId;
/// Gives the values of numbers.
pub(crate) type Values<'a> = &'a dyn Fn(ValueId) -> Option<Value>;

pub(crate) fn about(id: Index, descriptor: &dyn DynDescriptor) -> About {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    About {
        id,
        name: descriptor.name().to_owned(),
        about: descriptor.about().to_owned(),
        keys: descriptor.keys().iter().map(|key| key.as_str().to_owned()).collect(),
        nb_key_prefix: descriptor.nb_key_prefix().map(str::to_owned),
        value_type: descriptor.value_type().to_owned(),
        with_metadata: descriptor.with_metadata(),
        capabilities: descriptor.capabilities(),
        concurrency: descriptor.concurrency(),
        batch: descriptor.batch(),
        release: descriptor.release(),
        retrieve_after: texts(descriptor.retrieve_after()),
        southbound: descriptor.southbound().to_owned(),
    }
}

/// An input as data. `descriptor`: the number of the one that comes with it.
pub(crate) fn given(input: &Input, descriptor: Option<Index>, ids: Ids<'_>) -> What {
    match input {
        Input::Commit { txn: it, waited, token } => {
            What::Commit { token: *token, waited: nanos(*waited), txn: txn(it, ids) }
        }
        Input::Plan { txn: it, token } => What::Plan { token: *token, txn: txn(it, ids) },
        Input::Notify(batch) => What::Notify(batch.iter().map(|n| told(n, ids)).collect()),
        Input::Operated { call, result, took } => {
            let result = match result {
                Ok(metadata) => Ok(metadata.as_ref().map(Metadata::to_json)),
                Err(error) => Err(error.clone()),
            };
            What::Operated { call: *call, took: nanos(*took), result }
        }
        Input::Retrieved { call, result, took } => {
            let result = match result {
                Ok(list) => Ok(list.iter().map(|item| found(item, ids)).collect()),
                Err(error) => Err(error.clone()),
            };
            What::Retrieved { call: *call, took: nanos(*took), result }
        }
        Input::Register { token, .. } => {
            What::Register { token: *token, descriptor: descriptor.unwrap_or_default() }
        }
        Input::Unregister { name, mode, token } => {
            What::Unregister { token: *token, name: name.clone(), mode: *mode }
        }
        Input::Quiescent { token } => What::Quiescent { token: *token },
        Input::Audit { token } => What::Audit { token: *token },
        Input::Tick => What::Tick,
        Input::Close { token } => What::Close { token: *token },
    }
}

fn txn(txn: &Transaction, ids: Ids<'_>) -> Txn {
    let change = |change: &ValueChange| {
        let source = change.source.as_deref().map(str::to_owned);
        (change.key.clone(), change.value.as_ref().map(&mut *ids), source)
    };
    let changes = txn.changes.iter().map(change).collect();
    Txn { kind: txn.kind.clone(), options: txn.options.clone(), changes }
}

/// The transaction again; `None` if a value of it is not in the recording.
pub(crate) fn transaction(txn: Txn, values: Values<'_>) -> Result<Transaction, ValueId> {
    let changes = txn.changes.into_iter().map(|(key, value, source)| {
        let value = value.map(|id| values(id).ok_or(id)).transpose()?;
        Ok(ValueChange { key, value, source: source.map(Into::into) })
    });
    let changes = changes.collect::<Result<_, ValueId>>()?;
    Ok(Transaction { kind: txn.kind, changes, options: txn.options })
}

fn told(notification: &Notification, ids: Ids<'_>) -> Told {
    match notification {
        Notification::Value { key, value, metadata } => Told::Value {
            key: key.clone(),
            value: value.as_ref().map(ids),
            metadata: metadata.as_ref().map(Metadata::to_json),
        },
        Notification::Stale { descriptors, reason } => Told::Stale {
            descriptors: descriptors.iter().map(|name| (*name).to_owned()).collect(),
            reason: reason.clone(),
        },
        Notification::Availability { southbound, now } => {
            Told::Availability { southbound: (*southbound).to_owned(), now: now.clone() }
        }
    }
}

pub(crate) fn notification(told: Told, values: Values<'_>) -> Result<Notification, ValueId> {
    Ok(match told {
        Told::Value { key, value, metadata } => Notification::Value {
            key,
            value: value.map(|id| values(id).ok_or(id)).transpose()?,
            metadata: metadata.map(Metadata::new),
        },
        Told::Stale { descriptors, reason } => Notification::Stale {
            descriptors: descriptors.iter().map(|name| lasting(name)).collect(),
            reason,
        },
        Told::Availability { southbound, now } => {
            Notification::Availability { southbound: lasting(&southbound), now }
        }
    })
}

fn found(item: &AnyRetrieved, ids: Ids<'_>) -> Found {
    Found {
        key: item.key.clone(),
        value: ids(&item.value),
        metadata: item.metadata.as_ref().map(Metadata::to_json),
        origin: item.origin,
    }
}

pub(crate) fn retrieved(found: Found, values: Values<'_>) -> Result<AnyRetrieved, ValueId> {
    Ok(AnyRetrieved {
        key: found.key,
        value: values(found.value).ok_or(found.value)?,
        metadata: found.metadata.map(Metadata::new),
        origin: found.origin,
    })
}

pub(crate) fn need(dependency: &Dependency) -> NeedOf {
    let target = match &dependency.target {
        Target::Key(key) => TargetOf::Key(key.clone()),
        Target::AnyOf { prefixes, filter } => TargetOf::AnyOf {
            prefixes: prefixes.clone(),
            filter: filter.as_ref().map(|filter| filter.name.to_string()),
        },
    };
    NeedOf { label: dependency.label.to_string(), kind: dependency.kind, target }
}

/// The dependency again, with filters made from their names.
pub(crate) fn dependency(need: NeedOf, filter_of: &dyn Fn(&str) -> KeyFilter) -> Dependency {
    let target = match need.target {
        TargetOf::Key(key) => Target::Key(key),
        TargetOf::AnyOf { prefixes, filter } => {
            Target::AnyOf { prefixes, filter: filter.as_deref().map(filter_of) }
        }
    };
    Dependency { label: need.label.into(), kind: need.kind, target }
}

/// What the core wants done in a southbound by this effect.
pub(crate) fn started(effect: &Effect, ids: Ids<'_>) -> Vec<Started> {
    let of = |call: CallId, descriptor: &dyn DynDescriptor, what: Step| Started {
        call,
        descriptor: descriptor.name().to_owned(),
        what,
    };
    match effect {
        Effect::Operate { descriptor, operations } => operations
            .iter()
            .map(|operation| of(operation.call, &**descriptor, step(&operation.action, ids)))
            .collect(),
        Effect::Retrieve { call, descriptor, known } => {
            vec![of(*call, &**descriptor, Step::Retrieve { known: known.values().len() })]
        }
        _ => Vec::new(),
    }
}

fn step(operation: &AnyOperation, ids: Ids<'_>) -> Step {
    match operation {
        AnyOperation::Create { key, value } => Step::Create { key: key.clone(), value: ids(value) },
        AnyOperation::Update { key, old, new, .. } => {
            Step::Update { key: key.clone(), old: ids(old), new: ids(new) }
        }
        AnyOperation::Delete { key, value, .. } => {
            Step::Delete { key: key.clone(), value: ids(value) }
        }
    }
}

/// The record of a transaction as data.
#[derive(Serialize)]
pub(crate) struct Finished<'r> {
    seq: u64,
    txn_type: &'r str,
    resync_type: &'r str,
    description: &'r str,
    retry_for: Option<(u64, u32)>,
    start: u64,
    stop: u64,
    values: Vec<(&'r Key, Option<ValueId>, &'static str)>,
    planned: Option<Vec<Done<'r>>>,
    executed: Vec<Done<'r>>,
    confirmed: u64,
}

#[derive(Serialize)]
struct Done<'r> {
    op: &'static str,
    key: &'r Key,
    before: Shown<'r>,
    after: Shown<'r>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    marks: Vec<&'static str>,
    reason: &'r Reason,
}

/// State, value, error.
#[derive(Serialize)]
struct Shown<'r>(
    &'static str,
    #[serde(skip_serializing_if = "Option::is_none")] Option<ValueId>,
    #[serde(skip_serializing_if = "Option::is_none")] Option<&'r str>,
);

pub(crate) fn finished<'r>(record: &'r RecordedTxn, ids: Ids<'_>) -> Finished<'r> {
    let wall = |time: std::time::SystemTime| {
        nanos(time.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO))
    };
    let mut values = Vec::with_capacity(record.values.len());
    for value in &record.values {
        values.push((&value.key, value.value.as_ref().map(&mut *ids), value.origin.as_str()));
    }
    let planned = record.planned.as_ref().map(|ops| ops.iter().map(|op| done(op, ids)).collect());
    Finished {
        seq: record.seq.0,
        txn_type: record.txn_type,
        resync_type: record.resync_type,
        description: &record.description,
        retry_for: record.retry_for.map(|(of, attempt)| (of.0, attempt)),
        start: wall(record.start),
        stop: wall(record.stop),
        values,
        planned,
        executed: record.executed.iter().map(|op| done(op, ids)).collect(),
        confirmed: record.confirmed,
    }
}

fn done<'r>(op: &'r RecordedOp, ids: Ids<'_>) -> Done<'r> {
    let mut shown = |state: ValueState, value: &Option<Value>, error: Option<&'r str>| {
        Shown(state.as_str(), value.as_ref().map(&mut *ids), error)
    };
    let marks = [
        ("noop", op.noop),
        ("derived", op.is_derived()),
        ("property", op.is_property()),
        ("revert", op.revert),
        ("retry", op.retry),
        ("recreate", op.recreate),
    ];
    Done {
        op: op.op.as_str(),
        key: &op.key,
        before: shown(op.prev_state, &op.prev_value, op.prev_error()),
        after: shown(op.new_state, &op.new_value, op.new_error()),
        marks: marks.into_iter().filter(|(_, set)| *set).map(|(mark, _)| mark).collect(),
        reason: &op.reason,
    }
}

/// A text for as long as the program runs, as names of descriptors and southbounds are. Each text is
/// kept once.
pub(crate) fn lasting(text: &str) -> &'static str {
    use std::{
        collections::HashSet,
        sync::{LazyLock, Mutex, PoisonError},
    };
    static KEPT: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.get(text) {
        return known;
    }
    let text: &'static str = Box::leak(text.into());
    kept.insert(text);
    text
}

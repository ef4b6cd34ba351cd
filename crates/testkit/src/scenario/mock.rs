//! The mock southbound of the catalogue, and descriptors over it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ligato_kvs_api::{
    AnyRetrieved, Availability, Capabilities, Dependency, DynDescriptor, Invalid, KeyPattern,
    Known, Metadata, NotificationSink, OpError, OpFuture, Origin, SouthboundName,
};
use ligato_model::{Key, Value};
use tokio_util::sync::CancellationToken;

use crate::scenario::format::{AValue, DescriptorSpec, Op, SbRecord, Whose};

/// One value in the mock.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) value: Value,
    pub(super) metadata: Option<i64>,
    pub(super) origin: Origin,
}

/// One call into the mock.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LoggedOp {
    pub(super) op: &'static str,
    pub(super) descriptor: String,
    pub(super) key: String,
    pub(super) value: serde_json::Value,
    pub(super) error: Option<String>,
}

/// Error text or success, and what happens to the content.
type PlannedResult = (Option<String>, Vec<SbRecord>);

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) content: BTreeMap<String, Entry>,
    derived: BTreeSet<String>,
    planned: HashMap<String, VecDeque<PlannedResult>>,
    pub(super) log: Vec<LoggedOp>,
    /// Names of descriptors in the order in which they were read back.
    pub(super) reads: Vec<String>,
    pub(super) inconsistent: BTreeSet<String>,
    counters: HashMap<String, i64>,
}

/// The mock southbound; shared by all descriptors of a scenario.
#[derive(Debug, Clone, Default)]
pub(super) struct MockSb(Arc<Mutex<State>>);

/// A descriptor of a scenario.
pub(super) struct MockDescriptor {
    spec: DescriptorSpec,
    patterns: Vec<KeyPattern>,
    after: Vec<&'static str>,
    sb: MockSb,
}

// === impl MockSb ===

impl MockSb {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn plan(&self, key: &str, error: Option<String>, after: Vec<SbRecord>) {
        self.lock().planned.entry(key.to_owned()).or_default().push_back((error, after));
    }

    pub(super) fn set(&self, records: &[SbRecord]) {
        self.lock().set(records);
    }
}

impl State {
    fn set(&mut self, records: &[SbRecord]) {
        for record in records {
            if record.derived {
                self.derived.insert(record.key.clone());
            }
            let Some(value) = &record.value else {
                self.content.remove(&record.key);
                continue;
            };
            let origin = match record.origin {
                Whose::Nb => Origin::Nb,
                Whose::Sb => Origin::Sb,
                Whose::Unknown => Origin::Unknown,
            };
            let entry = Entry { value: value.message(), metadata: record.metadata, origin };
            self.content.insert(record.key.clone(), entry);
        }
    }

    /// The planned result of the next operation on the key, applied; `Err` if it fails.
    fn planned(&mut self, key: &str) -> Option<PlannedResult> {
        self.planned.get_mut(key).and_then(VecDeque::pop_front)
    }
}

// === impl MockDescriptor ===

impl MockDescriptor {
    pub(super) fn new(spec: DescriptorSpec, sb: MockSb) -> Self {
        // Lives as long as the program: a few names per scenario.
        let after = spec
            .retrieve_dependencies
            .iter()
            .map(|name| &*Box::leak(name.clone().into_boxed_str()))
            .collect();
        sb.lock().counters.entry(spec.name.clone()).or_insert(spec.first_index);
        Self { spec, patterns: Vec::new(), after, sb }
    }

    /// The selector as data, so that overlaps can be seen.
    pub(super) fn with_patterns(mut self, patterns: Vec<KeyPattern>) -> Self {
        self.patterns = patterns;
        self
    }

    fn lacks(&self, op: Op) -> bool {
        self.spec.without_ops.contains(&op)
    }

    fn operate(
        &self,
        op: &'static str,
        key: &Key,
        old: Option<(&Value, Option<i64>)>,
        new: Option<&Value>,
    ) -> Result<Option<i64>, OpError> {
        let mut sb = self.sb.lock();
        let there = sb.content.get(&**key).cloned();
        let consistent = self.spec.selects(key)
            && match (&there, old) {
                (None, None) => true,
                (Some(there), Some((value, metadata))) => {
                    self.spec.equal(&there.value, value) && there.metadata == metadata
                }
                _ => false,
            };
        if !consistent {
            sb.inconsistent.insert(key.to_string());
        }
        let (error, after) = sb.planned(key).unwrap_or_default();
        sb.log.push(LoggedOp {
            op,
            descriptor: self.spec.name.clone(),
            key: key.to_string(),
            value: AValue::json(new),
            error: error.clone(),
        });
        if let Some(error) = error {
            sb.set(&after);
            let retriable =
                self.spec.non_retriable_errors.as_ref().is_none_or(|texts| !texts.contains(&error));
            return Err(if retriable { OpError::Retriable(error) } else { OpError::Final(error) });
        }
        let metadata = match op {
            "create" if self.spec.with_metadata && !sb.derived.contains(&**key) => {
                let counter = sb.counters.entry(self.spec.name.clone()).or_default();
                *counter += 1;
                Some(*counter - 1)
            }
            "update" => old.and_then(|(_, metadata)| metadata),
            _ => None,
        };
        match new {
            Some(value) => {
                let entry = Entry { value: value.clone(), metadata, origin: Origin::Nb };
                sb.content.insert(key.to_string(), entry);
            }
            None => {
                sb.content.remove(&**key);
            }
        }
        sb.set(&after);
        Ok(metadata)
    }
}

fn number(metadata: Option<&Metadata>) -> Option<i64> {
    metadata.and_then(Metadata::downcast_ref::<i64>).copied()
}

fn ready<T: Send + 'static>(result: Result<T, OpError>) -> OpFuture<T> {
    Box::pin(std::future::ready(result))
}

impl DynDescriptor for MockDescriptor {
    fn name(&self) -> &str {
        &self.spec.name
    }

    fn keys(&self) -> &[KeyPattern] {
        &self.patterns
    }

    fn selects(&self, key: &str) -> bool {
        self.spec.selects(key)
    }

    fn nb_key_prefix(&self) -> Option<&str> {
        self.spec.nb_key_prefix.as_deref()
    }

    fn value_type(&self) -> &str {
        "model.StringValue"
    }

    fn with_metadata(&self) -> bool {
        self.spec.with_metadata
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            create: !self.lacks(Op::Create),
            update: !self.lacks(Op::Update),
            delete: !self.lacks(Op::Delete),
            retrieve: !self.lacks(Op::Retrieve),
        }
    }

    fn retrieve_after(&self) -> &[&str] {
        &self.after
    }

    fn southbound(&self) -> SouthboundName {
        "mock"
    }

    fn availability(&self) -> Availability {
        Availability::Up { incarnation: 0, abilities: 0 }
    }

    fn validate(&self, key: &Key, value: &Value) -> Result<(), Invalid> {
        let verdict =
            self.spec.validate.iter().find(|v| v.key == **key && v.value.message() == *value);
        match verdict {
            None => Ok(()),
            Some(verdict) if verdict.fields.is_empty() => Err(Invalid::value(&verdict.error)),
            Some(verdict) => {
                let mut invalid = Invalid::default();
                for field in &verdict.fields {
                    invalid.push(field, &verdict.error);
                }
                Err(invalid)
            }
        }
    }

    fn supported(&self, _key: &Key, _value: &Value) -> Result<(), OpError> {
        Ok(())
    }

    fn equivalent(&self, _key: &Key, old: &Value, new: &Value) -> bool {
        self.spec.equal(old, new)
    }

    fn derive(&self, key: &Key, value: &Value) -> Vec<(Key, Value)> {
        let derived = self.spec.derived_of(key, value);
        let mut sb = self.sb.lock();
        sb.derived.extend(derived.iter().map(|(key, _)| key.to_string()));
        derived
    }

    fn dependencies(&self, key: &Key, value: &Value) -> Vec<Dependency> {
        self.spec.dependencies_of(key, value)
    }

    fn needs_recreate(&self, key: &Key, _: &Value, _: &Value, _: Option<&Metadata>) -> bool {
        let Some(recreate) = &self.spec.update_with_recreate else { return false };
        recreate.all || recreate.keys.iter().any(|k| *k == **key)
    }

    fn create(&self, key: &Key, value: &Value) -> OpFuture<Option<Metadata>> {
        let made = self.operate("create", key, None, Some(value));
        ready(made.map(|metadata| metadata.map(Metadata::new)))
    }

    fn delete(&self, key: &Key, value: &Value, metadata: Option<&Metadata>) -> OpFuture<()> {
        ready(self.operate("delete", key, Some((value, number(metadata))), None).map(|_| ()))
    }

    fn update(
        &self,
        key: &Key,
        old: &Value,
        new: &Value,
        metadata: Option<&Metadata>,
    ) -> OpFuture<Option<Metadata>> {
        let done = self.operate("update", key, Some((old, number(metadata))), Some(new));
        ready(done.map(|metadata| metadata.map(Metadata::new)))
    }

    fn retrieve(&self, _known: Known) -> OpFuture<Vec<AnyRetrieved>> {
        self.sb.lock().reads.push(self.spec.name.clone());
        if let Some(error) = &self.spec.retrieve_error {
            return ready(Err(OpError::Retriable(error.clone())));
        }
        let sb = self.sb.lock();
        let found = sb
            .content
            .iter()
            .filter(|(key, _)| self.spec.selects(key) && !sb.derived.contains(*key))
            .map(|(key, entry)| AnyRetrieved {
                key: Key::from(key.as_str()),
                value: entry.value.clone(),
                metadata: entry.metadata.map(Metadata::new),
                origin: entry.origin,
            })
            .collect();
        ready(Ok(found))
    }

    fn index(&self, _key: &Key, _value: &Value, _meta: Option<&Metadata>) {}

    fn watch(
        &self,
        _sink: NotificationSink,
        cancel: CancellationToken,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move { cancel.cancelled().await })
    }
}

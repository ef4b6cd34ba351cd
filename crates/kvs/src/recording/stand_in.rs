//! A descriptor of a recording: it answers what it answered then, and does nothing.

use std::{future::Future, panic::resume_unwind, pin::Pin, sync::Arc};

use ligato_kvs_api::{
    AnyRetrieved, Availability, Capabilities, Concurrency, Dependency, DynDescriptor, Invalid,
    KeyFilter, KeyPattern, Known, Metadata, NotificationSink, OpError, OpFuture, Release,
    SouthboundName,
};
use ligato_model::{Key, Value};
use tokio_util::sync::CancellationToken;

use crate::recording::{
    data::{self, lasting},
    kept::id_of,
    line::{About, Answer, Index, Question},
    script::Prompter,
};

/// Stands in for a recorded descriptor.
pub(super) struct StandIn {
    about: About,
    keys: Vec<KeyPattern>,
    retrieve_after: Vec<&'static str>,
    southbound: SouthboundName,
    values: Arc<[Value]>,
    prompter: Prompter,
}

// === impl StandIn ===

impl StandIn {
    pub(super) fn new(about: &About, values: &Arc<[Value]>, prompter: &Prompter) -> Self {
        Self {
            about: about.clone(),
            keys: about.keys.iter().map(|key| KeyPattern::new(lasting(key))).collect(),
            retrieve_after: about.retrieve_after.iter().map(|name| lasting(name)).collect(),
            southbound: lasting(&about.southbound),
            values: Arc::clone(values),
            prompter: prompter.clone(),
        }
    }

    /// Asks the recording; `None` if it has no answer to this question.
    fn ask<T>(
        &self,
        key: &str,
        question: &Question,
        read: impl FnOnce(&Answer) -> Option<T>,
    ) -> Option<T> {
        ask(&self.prompter, self.about.id, key, question, read)
    }

    fn value(&self, id: u64) -> Option<Value> {
        self.values.get(usize::try_from(id).ok()?).cloned()
    }
}

fn ask<T>(
    prompter: &Prompter,
    of: Index,
    key: &str,
    question: &Question,
    read: impl FnOnce(&Answer) -> Option<T>,
) -> Option<T> {
    let answer = prompter.answer(of, key, question)?;
    if let Answer::Panicked(text) = answer {
        // As it did then, but without the noise.
        resume_unwind(Box::new(text));
    }
    let fits = read(&answer);
    if fits.is_none() {
        prompter.unfit(of, key, question, &answer);
    }
    fits
}

fn yes_or_no(answer: &Answer) -> Option<bool> {
    match answer {
        Answer::Yes => Some(true),
        Answer::No => Some(false),
        _ => None,
    }
}

impl DynDescriptor for StandIn {
    fn name(&self) -> &str {
        &self.about.name
    }

    fn about(&self) -> &str {
        &self.about.about
    }

    fn keys(&self) -> &[KeyPattern] {
        &self.keys
    }

    fn selects(&self, key: &str) -> bool {
        self.ask(key, &Question::Selects, yes_or_no).unwrap_or_default()
    }

    fn nb_key_prefix(&self) -> Option<&str> {
        self.about.nb_key_prefix.as_deref()
    }

    fn value_type(&self) -> &str {
        &self.about.value_type
    }

    fn with_metadata(&self) -> bool {
        self.about.with_metadata
    }

    fn capabilities(&self) -> Capabilities {
        self.about.capabilities
    }

    fn concurrency(&self) -> Concurrency {
        self.about.concurrency
    }

    fn batch(&self) -> usize {
        self.about.batch
    }

    fn release(&self) -> Release {
        self.about.release
    }

    fn retrieve_after(&self) -> &[&str] {
        &self.retrieve_after
    }

    fn southbound(&self) -> SouthboundName {
        self.southbound
    }

    fn availability(&self) -> Availability {
        let read = |answer: &Answer| match answer {
            Answer::Availability(now) => Some(now.clone()),
            _ => None,
        };
        let unknown = || Availability::Down { reason: String::new() };
        self.ask("", &Question::Availability, read).unwrap_or_else(unknown)
    }

    fn validate(&self, key: &Key, value: &Value) -> Result<(), Invalid> {
        let read = |answer: &Answer| match answer {
            Answer::Yes => Some(Ok(())),
            Answer::Invalid(invalid) => Some(Err(invalid.clone())),
            _ => None,
        };
        self.ask(key, &Question::Validate(id_of(value)), read).unwrap_or(Ok(()))
    }

    fn supported(&self, key: &Key, value: &Value) -> Result<(), OpError> {
        let read = |answer: &Answer| match answer {
            Answer::Yes => Some(Ok(())),
            Answer::Error(error) => Some(Err(error.clone())),
            _ => None,
        };
        self.ask(key, &Question::Supported(id_of(value)), read).unwrap_or(Ok(()))
    }

    fn equivalent(&self, key: &Key, old: &Value, new: &Value) -> bool {
        let question = Question::Equivalent(id_of(old), id_of(new));
        self.ask(key, &question, yes_or_no).unwrap_or_default()
    }

    fn derive(&self, key: &Key, value: &Value) -> Vec<(Key, Value)> {
        let read = |answer: &Answer| match answer {
            Answer::Values(list) => {
                list.iter().map(|(key, id)| Some((key.clone(), self.value(*id)?))).collect()
            }
            _ => None,
        };
        self.ask(key, &Question::Derive(id_of(value)), read).unwrap_or_default()
    }

    fn dependencies(&self, key: &Key, value: &Value) -> Vec<Dependency> {
        let read = |answer: &Answer| match answer {
            Answer::Needs(needs) => Some(needs.clone()),
            _ => None,
        };
        let needs = self.ask(key, &Question::Dependencies(id_of(value)), read).unwrap_or_default();
        let filter = |name: &str| {
            let (prompter, of) = (self.prompter.clone(), self.about.id);
            let question = Question::Accepts(name.to_owned());
            let accepts =
                move |key: &str| ask(&prompter, of, key, &question, yes_or_no).unwrap_or_default();
            KeyFilter { name: name.into(), accepts: Arc::new(accepts) }
        };
        needs.into_iter().map(|need| data::dependency(need, &filter)).collect()
    }

    fn needs_recreate(&self, key: &Key, old: &Value, new: &Value, _: Option<&Metadata>) -> bool {
        let question = Question::NeedsRecreate(id_of(old), id_of(new));
        self.ask(key, &question, yes_or_no).unwrap_or_default()
    }

    fn is_retriable(&self, error: &OpError) -> bool {
        self.ask("", &Question::IsRetriable(error.clone()), yes_or_no).unwrap_or_default()
    }

    fn create(&self, _: &Key, _: &Value) -> OpFuture<Option<Metadata>> {
        Box::pin(std::future::pending())
    }

    fn delete(&self, _: &Key, _: &Value, _: Option<&Metadata>) -> OpFuture<()> {
        Box::pin(std::future::pending())
    }

    fn update(
        &self,
        _: &Key,
        _: &Value,
        _: &Value,
        _: Option<&Metadata>,
    ) -> OpFuture<Option<Metadata>> {
        Box::pin(std::future::pending())
    }

    fn retrieve(&self, _: Known) -> OpFuture<Vec<AnyRetrieved>> {
        Box::pin(std::future::pending())
    }

    fn index(&self, key: &Key, _: &Value, _: Option<&Metadata>) {
        if self.prompter.is_next(self.about.id, key, &Question::Index) {
            // As it did then: it panicked.
            self.ask(key, &Question::Index, yes_or_no);
        }
    }

    fn watch(
        &self,
        _: NotificationSink,
        _: CancellationToken,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::ready(()))
    }
}

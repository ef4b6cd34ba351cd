//! Stands around a descriptor and notes what the core asks it and what it answers.
//!
//! Others ask too: readers, who explain or dump a snapshot. What they ask decides nothing and is not
//! noted: only questions of the core, while it is at work on this thread, are.

use std::{
    cell::Cell,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::Arc,
};

use ligato_kvs_api::{
    AnyOperation, AnyRetrieved, Availability, Capabilities, Concurrency, Dependency, DynDescriptor,
    Field, Invalid, KeyFilter, KeyPattern, Known, Metadata, NotificationSink, OpError, OpFuture,
    Release, SouthboundName, Target, Use,
};
use ligato_model::{Key, Value};
use tokio_util::sync::CancellationToken;

use crate::recording::{
    data,
    line::{Answer, Asked, Index, Line, Question, ValueId},
    tape::Tape,
};

thread_local! {
    static AT_WORK: Cell<bool> = const { Cell::new(false) };
}

/// The core is at work on this thread as long as this lives.
pub(super) struct AtWork(());

/// A descriptor whose answers are noted.
pub(super) struct Proxy {
    inner: Arc<dyn DynDescriptor>,
    id: Index,
    tape: Arc<Tape>,
}

// === impl AtWork ===

impl AtWork {
    pub(super) fn begin() -> Self {
        AT_WORK.set(true);
        Self(())
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        AT_WORK.set(false);
    }
}

// === impl Proxy ===

impl Proxy {
    /// Notes the descriptor and stands around it.
    pub(super) fn around(inner: &Arc<dyn DynDescriptor>, tape: &Arc<Tape>) -> (Index, Arc<Self>) {
        let id = tape.descriptor(|id| data::about(id, &**inner));
        (id, Arc::new(Self { inner: Arc::clone(inner), id, tape: Arc::clone(tape) }))
    }

    fn ask<T>(
        &self,
        key: &str,
        question: impl FnOnce(&mut dyn FnMut(&Value) -> ValueId) -> Question,
        ask: impl FnOnce() -> T,
        answer: impl FnOnce(&T, &mut dyn FnMut(&Value) -> ValueId) -> Answer,
    ) -> T {
        note(&self.tape, self.id, key, question, ask, answer)
    }

    /// The same dependency, whose filter is noted when it is asked.
    fn noted(&self, mut dependency: Dependency) -> Dependency {
        if let Target::AnyOf { filter: Some(filter), .. } = &mut dependency.target {
            let (tape, id) = (Arc::clone(&self.tape), self.id);
            let KeyFilter { name, accepts } = filter.clone();
            let noted = move |key: &str| {
                let question = |_: &mut dyn FnMut(&Value) -> _| Question::Accepts(name.to_string());
                note(&tape, id, key, question, || accepts(key), |yes, _| yes_or_no(*yes))
            };
            filter.accepts = Arc::new(noted);
        }
        dependency
    }
}

fn note<T>(
    tape: &Tape,
    of: Index,
    key: &str,
    question: impl FnOnce(&mut dyn FnMut(&Value) -> ValueId) -> Question,
    ask: impl FnOnce() -> T,
    answer: impl FnOnce(&T, &mut dyn FnMut(&Value) -> ValueId) -> Answer,
) -> T {
    if !AT_WORK.get() || !tape.is_running() {
        return ask();
    }
    let result = catch_unwind(AssertUnwindSafe(ask));
    tape.write(|book| {
        let ids = &mut |value: &Value| book.id(value);
        let question = question(ids);
        let answer = match &result {
            Ok(result) => answer(result, ids),
            Err(panic) => Answer::Panicked(panic_text(&**panic)),
        };
        Line::Asked(Box::new(Asked { of, key: key.into(), question, answer }))
    });
    match result {
        Ok(result) => result,
        Err(panic) => resume_unwind(panic),
    }
}

/// The message of a panic.
pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

fn yes_or_no(yes: bool) -> Answer {
    if yes { Answer::Yes } else { Answer::No }
}

impl DynDescriptor for Proxy {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn about(&self) -> &str {
        self.inner.about()
    }

    fn uses(&self) -> &[Use] {
        self.inner.uses()
    }

    fn fields(&self) -> &[&[Field]] {
        self.inner.fields()
    }

    fn keys(&self) -> &[KeyPattern] {
        self.inner.keys()
    }

    fn selects(&self, key: &str) -> bool {
        let ask = || self.inner.selects(key);
        self.ask(key, |_| Question::Selects, ask, |yes, _| yes_or_no(*yes))
    }

    fn nb_key_prefix(&self) -> Option<&str> {
        self.inner.nb_key_prefix()
    }

    fn key_label<'k>(&self, key: &'k str) -> &'k str {
        self.inner.key_label(key)
    }

    fn value_type(&self) -> &str {
        self.inner.value_type()
    }

    fn with_metadata(&self) -> bool {
        self.inner.with_metadata()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn concurrency(&self) -> Concurrency {
        self.inner.concurrency()
    }

    fn batch(&self) -> usize {
        self.inner.batch()
    }

    fn release(&self) -> Release {
        self.inner.release()
    }

    fn retrieve_after(&self) -> &[&str] {
        self.inner.retrieve_after()
    }

    fn southbound(&self) -> SouthboundName {
        self.inner.southbound()
    }

    fn availability(&self) -> Availability {
        let ask = || self.inner.availability();
        self.ask("", |_| Question::Availability, ask, |now, _| Answer::Availability(now.clone()))
    }

    fn accept(&self, incarnation: u64) {
        self.inner.accept(incarnation);
    }

    fn validate(&self, key: &Key, value: &Value) -> Result<(), Invalid> {
        let ask = || self.inner.validate(key, value);
        self.ask(
            key,
            |ids| Question::Validate(ids(value)),
            ask,
            |result, _| match result {
                Ok(()) => Answer::Yes,
                Err(invalid) => Answer::Invalid(invalid.clone()),
            },
        )
    }

    fn supported(&self, key: &Key, value: &Value) -> Result<(), OpError> {
        let ask = || self.inner.supported(key, value);
        self.ask(
            key,
            |ids| Question::Supported(ids(value)),
            ask,
            |result, _| match result {
                Ok(()) => Answer::Yes,
                Err(error) => Answer::Error(error.clone()),
            },
        )
    }

    fn equivalent(&self, key: &Key, old: &Value, new: &Value) -> bool {
        let question = |ids: &mut dyn FnMut(&Value) -> _| Question::Equivalent(ids(old), ids(new));
        let ask = || self.inner.equivalent(key, old, new);
        self.ask(key, question, ask, |yes, _| yes_or_no(*yes))
    }

    fn derive(&self, key: &Key, value: &Value) -> Vec<(Key, Value)> {
        let ask = || self.inner.derive(key, value);
        self.ask(
            key,
            |ids| Question::Derive(ids(value)),
            ask,
            |derived, ids| {
                Answer::Values(
                    derived.iter().map(|(key, value)| (key.clone(), ids(value))).collect(),
                )
            },
        )
    }

    fn dependencies(&self, key: &Key, value: &Value) -> Vec<Dependency> {
        let ask = || self.inner.dependencies(key, value);
        let needs = self.ask(
            key,
            |ids| Question::Dependencies(ids(value)),
            ask,
            |needs, _| Answer::Needs(needs.iter().map(data::need).collect()),
        );
        needs.into_iter().map(|dependency| self.noted(dependency)).collect()
    }

    fn needs_recreate(&self, key: &Key, old: &Value, new: &Value, meta: Option<&Metadata>) -> bool {
        let question =
            |ids: &mut dyn FnMut(&Value) -> _| Question::NeedsRecreate(ids(old), ids(new));
        let ask = || self.inner.needs_recreate(key, old, new, meta);
        self.ask(key, question, ask, |yes, _| yes_or_no(*yes))
    }

    fn is_retriable(&self, error: &OpError) -> bool {
        let ask = || self.inner.is_retriable(error);
        self.ask("", |_| Question::IsRetriable(error.clone()), ask, |yes, _| yes_or_no(*yes))
    }

    fn create(&self, key: &Key, value: &Value) -> OpFuture<Option<Metadata>> {
        self.inner.create(key, value)
    }

    fn delete(&self, key: &Key, value: &Value, meta: Option<&Metadata>) -> OpFuture<()> {
        self.inner.delete(key, value, meta)
    }

    fn update(
        &self,
        key: &Key,
        old: &Value,
        new: &Value,
        meta: Option<&Metadata>,
    ) -> OpFuture<Option<Metadata>> {
        self.inner.update(key, old, new, meta)
    }

    fn operate(&self, operation: &AnyOperation) -> OpFuture<Option<Metadata>> {
        self.inner.operate(operation)
    }

    fn retrieve(&self, known: Known) -> OpFuture<Vec<AnyRetrieved>> {
        self.inner.retrieve(known)
    }

    fn index(&self, key: &Key, value: &Value, meta: Option<&Metadata>) {
        let index = || self.inner.index(key, value, meta);
        let Err(panic) = catch_unwind(AssertUnwindSafe(index)) else { return };
        self.ask(key, |_| Question::Index, || resume_unwind(panic), |(), _| Answer::Yes);
    }

    fn watch(
        &self,
        sink: NotificationSink,
        cancel: CancellationToken,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.inner.watch(sink, cancel)
    }
}

//! A registered descriptor: what it says of itself is asked once, and a panic in it stays its own.
//!
//! What is asked about one value is not caught here: there a panic is the problem of that value, and
//! the place that asks says what follows (see `Core::ask`).

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
};

use futures::FutureExt;
use ligato_kvs_api::{
    AnyOperation, AnyRetrieved, Availability, Capabilities, Concurrency, Dependency, DynDescriptor,
    Field, Invalid, KeyFilter, KeyPattern, Known, Metadata, NotificationSink, OpError, OpFuture,
    Release, SouthboundName, Target, Use,
};
use ligato_model::{Key, Value};
use tokio_util::sync::CancellationToken;

/// A descriptor whose panics are caught.
pub(crate) struct Guarded {
    inner: Arc<dyn DynDescriptor>,
    name: String,
    keys: Vec<KeyPattern>,
    nb_key_prefix: Option<String>,
    value_type: String,
    with_metadata: bool,
    capabilities: Capabilities,
    concurrency: Concurrency,
    batch: usize,
    release: Release,
    southbound: SouthboundName,
}

/// Calls a descriptor; a panic becomes its message.
pub(crate) fn calm<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| message(&*panic))
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    format!("descriptor panicked: {}", text.unwrap_or_default())
}

impl Guarded {
    /// Asks a descriptor everything that it says of itself.
    pub(crate) fn new(inner: &Arc<dyn DynDescriptor>) -> Result<Self, String> {
        let asked = || Self {
            name: inner.name().to_owned(),
            keys: inner.keys().to_vec(),
            nb_key_prefix: inner.nb_key_prefix().map(str::to_owned),
            value_type: inner.value_type().to_owned(),
            with_metadata: inner.with_metadata(),
            capabilities: inner.capabilities(),
            concurrency: inner.concurrency(),
            batch: inner.batch(),
            release: inner.release(),
            southbound: inner.southbound(),
            inner: Arc::clone(inner),
        };
        calm(asked)
    }

    /// The same dependency; a filter that panics accepts nothing.
    fn calmed(&self, mut dependency: Dependency) -> Dependency {
        if let Target::AnyOf { filter: Some(filter), .. } = &mut dependency.target {
            let KeyFilter { name, accepts } = filter.clone();
            let descriptor = self.name.clone();
            filter.accepts = Arc::new(move |key| {
                calm(|| accepts(key)).unwrap_or_else(|why| {
                    tracing::error!(descriptor, filter = &*name, key, why);
                    false
                })
            });
        }
        dependency
    }

    /// Asks the descriptor; if it panics, that is told in the log and `otherwise` holds.
    fn ask<'s, T>(
        &'s self,
        what: &str,
        ask: impl FnOnce(&'s dyn DynDescriptor) -> T,
        otherwise: T,
    ) -> T {
        calm(|| ask(&*self.inner)).unwrap_or_else(|why| {
            tracing::error!(descriptor = self.name, what, why);
            otherwise
        })
    }
}

impl DynDescriptor for Guarded {
    fn name(&self) -> &str {
        &self.name
    }

    fn about(&self) -> &str {
        self.ask("about", |d| d.about(), "")
    }

    fn uses(&self) -> &[Use] {
        self.ask("uses", |d| d.uses(), &[])
    }

    fn fields(&self) -> &[&[Field]] {
        self.ask("fields", |d| d.fields(), &[])
    }

    fn keys(&self) -> &[KeyPattern] {
        &self.keys
    }

    fn selects(&self, key: &str) -> bool {
        self.ask("selects", |d| d.selects(key), false)
    }

    fn nb_key_prefix(&self) -> Option<&str> {
        self.nb_key_prefix.as_deref()
    }

    fn key_label<'k>(&self, key: &'k str) -> &'k str {
        self.ask("key_label", |d| d.key_label(key), key)
    }

    fn value_type(&self) -> &str {
        &self.value_type
    }

    fn with_metadata(&self) -> bool {
        self.with_metadata
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn concurrency(&self) -> Concurrency {
        self.concurrency
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn release(&self) -> Release {
        self.release
    }

    fn retrieve_after(&self) -> &[&str] {
        self.ask("retrieve_after", |d| d.retrieve_after(), &[])
    }

    fn southbound(&self) -> SouthboundName {
        self.southbound
    }

    fn availability(&self) -> Availability {
        let reason = "its descriptor panicked when asked".to_owned();
        self.ask("availability", DynDescriptor::availability, Availability::Down { reason })
    }

    fn accept(&self, incarnation: u64) {
        self.ask("accept", |inner| inner.accept(incarnation), ());
    }

    fn validate(&self, key: &Key, value: &Value) -> Result<(), Invalid> {
        self.inner.validate(key, value)
    }

    fn supported(&self, key: &Key, value: &Value) -> Result<(), OpError> {
        self.inner.supported(key, value)
    }

    fn equivalent(&self, key: &Key, old: &Value, new: &Value) -> bool {
        self.inner.equivalent(key, old, new)
    }

    fn derive(&self, key: &Key, value: &Value) -> Vec<(Key, Value)> {
        self.inner.derive(key, value)
    }

    fn dependencies(&self, key: &Key, value: &Value) -> Vec<Dependency> {
        let needs = self.inner.dependencies(key, value);
        needs.into_iter().map(|need| self.calmed(need)).collect()
    }

    fn needs_recreate(&self, key: &Key, old: &Value, new: &Value, meta: Option<&Metadata>) -> bool {
        self.inner.needs_recreate(key, old, new, meta)
    }

    fn is_retriable(&self, error: &OpError) -> bool {
        self.inner.is_retriable(error)
    }

    fn operate(&self, operation: &AnyOperation) -> OpFuture<Option<Metadata>> {
        self.inner.operate(operation)
    }

    fn create(&self, key: &Key, value: &Value) -> OpFuture<Option<Metadata>> {
        self.inner.create(key, value)
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

    fn delete(&self, key: &Key, value: &Value, meta: Option<&Metadata>) -> OpFuture<()> {
        self.inner.delete(key, value, meta)
    }

    fn retrieve(&self, known: Known) -> OpFuture<Vec<AnyRetrieved>> {
        self.inner.retrieve(known)
    }

    fn index(&self, key: &Key, value: &Value, meta: Option<&Metadata>) {
        self.inner.index(key, value, meta);
    }

    fn watch(
        &self,
        sink: NotificationSink,
        cancel: CancellationToken,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let nothing: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(std::future::ready(()));
        let watch = self.ask("watch", |d| d.watch(sink, cancel), nothing);
        let name = self.name.clone();
        Box::pin(async move {
            if let Err(panic) = AssertUnwindSafe(watch).catch_unwind().await {
                let why = message(&*panic);
                tracing::error!(descriptor = name, what = "watch", why, "nothing is told any more");
            }
        })
    }
}

//! The descriptor contract without types. [`Descriptor`] is erased here, once, for all kinds.

use std::{any::Any, fmt, future::Future, pin::Pin, sync::Arc};

use ligato_model::{Key, Message, Value};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{
    Availability, Change, Concurrency, Dependency, Descriptor, Field, Invalid, KeyPattern, Known,
    KnownValues, NotificationSink, OpError, Origin, Release, Retrieved, Southbound, SouthboundName,
    Subject, Update, Use,
};

/// A running operation; owns everything it needs.
pub type OpFuture<T> = Pin<Box<dyn Future<Output = Result<T, OpError>> + Send>>;

/// Metadata of any kind.
#[derive(Clone)]
pub struct Metadata(Arc<dyn AnyMeta>);

trait AnyMeta: Any + fmt::Debug + Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn to_json(&self) -> serde_json::Value;
}

impl<T: Any + fmt::Debug + serde::Serialize + Send + Sync> AnyMeta for T {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or(serde_json::Value::Null)
    }
}

impl Metadata {
    /// Wraps the metadata of a kind.
    pub fn new<T: Any + fmt::Debug + serde::Serialize + Send + Sync>(meta: T) -> Self {
        Self(Arc::new(meta))
    }

    /// The metadata as the kind's type.
    pub fn downcast_ref<T: Any>(&self) -> Option<&T> {
        (*self.0).as_any().downcast_ref()
    }

    /// For dumps.
    pub fn to_json(&self) -> serde_json::Value {
        (*self.0).to_json()
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (*self.0).fmt(f)
    }
}

/// One operation as the executor hands it over.
#[derive(Debug, Clone)]
pub enum AnyOperation {
    /// See [`DynDescriptor::create`].
    Create {
        /// The value's key.
        key: Key,
        /// Its content.
        value: Value,
    },
    /// See [`DynDescriptor::update`].
    Update {
        /// The value's key.
        key: Key,
        /// What is applied.
        old: Value,
        /// What is wanted.
        new: Value,
        /// Metadata of what is applied.
        metadata: Option<Metadata>,
    },
    /// See [`DynDescriptor::delete`].
    Delete {
        /// The value's key.
        key: Key,
        /// What is applied.
        value: Value,
        /// Its metadata.
        metadata: Option<Metadata>,
    },
}

impl AnyOperation {
    /// Key of the value it is about.
    pub fn key(&self) -> &Key {
        match self {
            Self::Create { key, .. } | Self::Update { key, .. } | Self::Delete { key, .. } => key,
        }
    }
}

/// A value found by a read-back.
#[derive(Debug, Clone)]
pub struct AnyRetrieved {
    /// Its key.
    pub key: Key,
    /// Its content as NB would write it.
    pub value: Value,
    /// Its metadata, where the descriptor keeps some.
    pub metadata: Option<Metadata>,
    /// Whose it is.
    pub origin: Origin,
}

/// Which operations a descriptor has. A typed [`Descriptor`] always has create and delete; one
/// written against [`DynDescriptor`] may lack them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Values can be created.
    pub create: bool,
    /// Values can be changed in place.
    pub update: bool,
    /// Values can be deleted.
    pub delete: bool,
    /// Values can be read back.
    pub retrieve: bool,
}

/// A descriptor as the scheduler holds it. Implement [`Descriptor`] and use [`erase`]; implement
/// this one directly only for kinds that are known at run time only (proxies, test doubles).
///
/// A value of another message type than the descriptor's is refused by `validate` and by every
/// operation with [`OpError::Invalid`]; nothing here panics.
pub trait DynDescriptor: Send + Sync + 'static {
    /// Unique name.
    fn name(&self) -> &str;
    /// One sentence for users.
    fn about(&self) -> &str {
        ""
    }
    /// Messages or attributes of the southbound that it uses.
    fn uses(&self) -> &[Use] {
        &[]
    }
    /// The fields of its message of which there is more to say than that they are set and read back.
    fn fields(&self) -> &[&[Field]] {
        &[]
    }
    /// Keys it owns; empty only if [`selects`](Self::selects) is written by hand.
    fn keys(&self) -> &[KeyPattern];
    /// Does it own this key?
    fn selects(&self, key: &str) -> bool {
        self.keys().iter().any(|p| p.matches(key))
    }
    /// Prefix that northbound sources watch.
    fn nb_key_prefix(&self) -> Option<&str>;
    /// Label of a value, unique within the descriptor; by default the key without the NB prefix.
    fn key_label<'k>(&self, key: &'k str) -> &'k str {
        self.nb_key_prefix().and_then(|p| key.strip_prefix(p)).unwrap_or(key)
    }
    /// Full name of the protobuf message of its values.
    fn value_type(&self) -> &str;
    /// Does it keep metadata?
    fn with_metadata(&self) -> bool;
    /// Which operations there are.
    fn capabilities(&self) -> Capabilities;
    /// How many operations at once.
    fn concurrency(&self) -> Concurrency {
        Concurrency::Parallel
    }
    /// How many independent operations are handed over together.
    fn batch(&self) -> usize {
        1
    }
    /// What becomes of adopted values when they are let go.
    fn release(&self) -> Release {
        Release::Delete
    }
    /// Descriptors to be read back earlier.
    fn retrieve_after(&self) -> &[&str];
    /// Name of the southbound it lives in.
    fn southbound(&self) -> SouthboundName;
    /// Can that southbound be reached now?
    fn availability(&self) -> Availability;
    /// The scheduler has taken note of this incarnation of its southbound.
    fn accept(&self, _incarnation: u64) {}

    /// See [`Descriptor::validate`] and [`Descriptor::supported`].
    fn validate(&self, key: &Key, value: &Value) -> Result<(), Invalid>;
    /// See [`Descriptor::supported`].
    fn supported(&self, key: &Key, value: &Value) -> Result<(), OpError>;
    /// See [`Descriptor::equivalent`].
    fn equivalent(&self, key: &Key, old: &Value, new: &Value) -> bool;
    /// See [`Descriptor::derive`].
    fn derive(&self, key: &Key, value: &Value) -> Vec<(Key, Value)>;
    /// See [`Descriptor::dependencies`].
    fn dependencies(&self, key: &Key, value: &Value) -> Vec<Dependency>;
    /// See [`Descriptor::needs_recreate`].
    fn needs_recreate(&self, key: &Key, old: &Value, new: &Value, meta: Option<&Metadata>) -> bool;
    /// May this failure be retried? By default what the error says.
    fn is_retriable(&self, error: &OpError) -> bool {
        error.is_retriable()
    }

    /// See [`Descriptor::create`].
    fn create(&self, key: &Key, value: &Value) -> OpFuture<Option<Metadata>>;
    /// See [`Descriptor::delete`].
    fn delete(&self, key: &Key, value: &Value, meta: Option<&Metadata>) -> OpFuture<()>;
    /// See [`Descriptor::update`].
    fn update(
        &self,
        key: &Key,
        old: &Value,
        new: &Value,
        meta: Option<&Metadata>,
    ) -> OpFuture<Option<Metadata>>;
    /// Starts one operation.
    fn operate(&self, operation: &AnyOperation) -> OpFuture<Option<Metadata>> {
        match operation {
            AnyOperation::Create { key, value } => self.create(key, value),
            AnyOperation::Update { key, old, new, metadata } => {
                self.update(key, old, new, metadata.as_ref())
            }
            AnyOperation::Delete { key, value, metadata } => {
                let deleted = self.delete(key, value, metadata.as_ref());
                Box::pin(async move { deleted.await.map(|()| None) })
            }
        }
    }
    /// See [`Descriptor::retrieve`]. `known` is sorted by key.
    fn retrieve(&self, known: Known) -> OpFuture<Vec<AnyRetrieved>>;
    /// See [`Descriptor::index`].
    fn index(&self, key: &Key, value: &Value, meta: Option<&Metadata>);

    /// See [`Southbound::watch`]; the scheduler runs one watch per southbound name.
    fn watch(
        &self,
        sink: NotificationSink,
        cancel: CancellationToken,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// Turns a typed kind into what the scheduler holds.
pub fn erase<D: Descriptor>(sb: Arc<D::Sb>) -> Arc<dyn DynDescriptor> {
    Arc::new(Erased::<D> { sb, value_type: full_name::<D::Value>() })
}

/// A typed kind with its southbound, behind [`DynDescriptor`].
pub struct Erased<D: Descriptor> {
    sb: Arc<D::Sb>,
    value_type: String,
}

// === impl Erased ===

/// The value as the kind's message, or what to tell about it.
fn typed<'v, D: Descriptor>(key: &Key, value: &'v Value) -> Result<&'v D::Value, Invalid> {
    value.downcast_ref().ok_or_else(|| {
        Invalid::value(format!(
            "value of {key} is a {}, but descriptor {} takes a {}",
            value.full_name(),
            D::SPEC.name,
            full_name::<D::Value>(),
        ))
    })
}

fn full_name<M: Message>() -> String {
    M::default().descriptor().full_name().to_owned()
}

fn typed_meta<'m, D: Descriptor>(
    key: &Key,
    meta: Option<&'m Metadata>,
) -> Result<std::borrow::Cow<'m, D::Meta>, OpError> {
    if let Some(meta) = meta.and_then(Metadata::downcast_ref::<D::Meta>) {
        return Ok(std::borrow::Cow::Borrowed(meta));
    }
    // Kinds without metadata have the unit type, of which there is always one.
    let unit: &dyn Any = &();
    unit.downcast_ref::<D::Meta>().cloned().map(std::borrow::Cow::Owned).ok_or_else(|| {
        OpError::Final(format!("metadata of {key} are unknown to descriptor {}", D::SPEC.name))
    })
}

fn has_metadata<D: Descriptor>() -> bool {
    std::any::TypeId::of::<D::Meta>() != std::any::TypeId::of::<()>()
}

fn wrap_meta<D: Descriptor>(meta: D::Meta) -> Option<Metadata> {
    has_metadata::<D>().then(|| Metadata::new(meta))
}

impl<D: Descriptor> DynDescriptor for Erased<D> {
    fn name(&self) -> &str {
        D::SPEC.name
    }

    fn about(&self) -> &str {
        D::SPEC.about
    }

    fn uses(&self) -> &[Use] {
        D::SPEC.uses
    }

    fn fields(&self) -> &[&[Field]] {
        D::SPEC.fields
    }

    fn keys(&self) -> &[KeyPattern] {
        D::SPEC.keys
    }

    fn nb_key_prefix(&self) -> Option<&str> {
        D::SPEC.nb_key_prefix
    }

    fn value_type(&self) -> &str {
        &self.value_type
    }

    fn with_metadata(&self) -> bool {
        has_metadata::<D>()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            create: true,
            update: D::SPEC.change == Change::InPlace,
            delete: true,
            retrieve: D::SPEC.retrievable,
        }
    }

    fn concurrency(&self) -> Concurrency {
        D::SPEC.concurrency
    }

    fn batch(&self) -> usize {
        D::SPEC.batch
    }

    fn release(&self) -> Release {
        D::SPEC.release
    }

    fn retrieve_after(&self) -> &[&str] {
        D::SPEC.retrieve_after
    }

    fn southbound(&self) -> SouthboundName {
        D::Sb::NAME
    }

    fn availability(&self) -> Availability {
        self.sb.availability()
    }

    fn accept(&self, incarnation: u64) {
        self.sb.accept(incarnation);
    }

    fn validate(&self, key: &Key, value: &Value) -> Result<(), Invalid> {
        D::validate(&self.sb.facts(), key, typed::<D>(key, value)?)
    }

    fn supported(&self, key: &Key, value: &Value) -> Result<(), OpError> {
        D::supported(&self.sb.facts(), key, typed::<D>(key, value)?)
    }

    fn equivalent(&self, key: &Key, old: &Value, new: &Value) -> bool {
        match (typed::<D>(key, old), typed::<D>(key, new)) {
            (Ok(old), Ok(new)) => D::equivalent(&self.sb.facts(), key, old, new),
            _ => false,
        }
    }

    fn derive(&self, key: &Key, value: &Value) -> Vec<(Key, Value)> {
        typed::<D>(key, value).map(|v| D::derive(&self.sb.facts(), key, v)).unwrap_or_default()
    }

    fn dependencies(&self, key: &Key, value: &Value) -> Vec<Dependency> {
        typed::<D>(key, value)
            .map(|v| D::dependencies(&self.sb.facts(), key, v))
            .unwrap_or_default()
    }

    fn needs_recreate(&self, key: &Key, old: &Value, new: &Value, meta: Option<&Metadata>) -> bool {
        if D::SPEC.change == Change::Recreate {
            return true;
        }
        match (typed::<D>(key, old), typed::<D>(key, new), typed_meta::<D>(key, meta)) {
            (Ok(old), Ok(new), Ok(meta)) => {
                D::needs_recreate(&self.sb.facts(), key, old, new, &meta)
            }
            _ => true,
        }
    }

    fn create(&self, key: &Key, value: &Value) -> OpFuture<Option<Metadata>> {
        let (sb, key, value) = (Arc::clone(&self.sb), key.clone(), value.clone());
        Box::pin(async move {
            let work = D::create(&sb, &key, typed::<D>(&key, &value)?);
            let subject = Some(Subject { key: &key, value: &value });
            let meta = sb.operation(subject, work).await?;
            Ok(wrap_meta::<D>(meta))
        })
    }

    fn delete(&self, key: &Key, value: &Value, meta: Option<&Metadata>) -> OpFuture<()> {
        let (sb, key, value) = (Arc::clone(&self.sb), key.clone(), value.clone());
        let meta = meta.cloned();
        Box::pin(async move {
            let meta = typed_meta::<D>(&key, meta.as_ref())?;
            let subject = Some(Subject { key: &key, value: &value });
            sb.operation(subject, D::delete(&sb, &key, typed::<D>(&key, &value)?, &meta)).await
        })
    }

    fn update(
        &self,
        key: &Key,
        old: &Value,
        new: &Value,
        meta: Option<&Metadata>,
    ) -> OpFuture<Option<Metadata>> {
        let (sb, key, meta) = (Arc::clone(&self.sb), key.clone(), meta.cloned());
        let (old, new) = (old.clone(), new.clone());
        Box::pin(async move {
            let meta = typed_meta::<D>(&key, meta.as_ref())?;
            let change =
                Update { old: typed::<D>(&key, &old)?, new: typed::<D>(&key, &new)?, meta: &*meta };
            let subject = Some(Subject { key: &key, value: &new });
            Ok(wrap_meta::<D>(sb.operation(subject, D::update(&sb, &key, change)).await?))
        })
    }

    fn retrieve(&self, known: Known) -> OpFuture<Vec<AnyRetrieved>> {
        let sb = Arc::clone(&self.sb);
        Box::pin(async move {
            let found = sb.operation(None, D::retrieve(&sb, KnownValues::new(&known))).await?;
            Ok(found
                .into_iter()
                .map(|Retrieved { key, value, meta, origin }| AnyRetrieved {
                    key,
                    value: Value::new(value),
                    metadata: wrap_meta::<D>(meta),
                    origin,
                })
                .collect())
        })
    }

    fn index(&self, key: &Key, value: &Value, meta: Option<&Metadata>) {
        if let Ok(value) = typed::<D>(key, value) {
            D::index(&self.sb, key, value, meta.and_then(Metadata::downcast_ref));
        }
    }

    fn watch(
        &self,
        sink: NotificationSink,
        cancel: CancellationToken,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(Arc::clone(&self.sb).watch(sink, cancel))
    }
}

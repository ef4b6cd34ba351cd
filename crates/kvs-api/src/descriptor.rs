//! The contract of one kind of value.

use ligato_model::{Key, Message, Value};
use serde::{Deserialize, Serialize};

use crate::{Dependency, Field, Invalid, KeyPattern, KnownValues, OpError, Origin, Southbound};

/// What a kind is: everything about it that is data.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Name of the descriptor, e.g. `vpp-bridge-domain`. Unique in an agent.
    pub name: &'static str,
    /// One sentence for the book and for `agentctl`.
    pub about: &'static str,
    /// Keys it owns. The descriptor with the longest literal prefix owns a key that several match.
    pub keys: &'static [KeyPattern],
    /// Prefix that northbound sources watch; `None` for kinds that are only derived or notified.
    pub nb_key_prefix: Option<&'static str>,
    /// How a difference between what is wanted and what is applied is removed.
    pub change: Change,
    /// Descriptors whose values must be read back before, because reading this one needs their
    /// index.
    pub retrieve_after: &'static [&'static str],
    /// Can it be read back at all? If not, the scheduler relies on what it did itself.
    pub retrievable: bool,
    /// How many operations of this descriptor may be under way at once.
    pub concurrency: Concurrency,
    /// How many operations that do not depend on each other are handed over together, in order. More
    /// than 1 pays where one operation is one request: their requests go out back to back.
    pub batch: usize,
    /// What becomes of a value that existed before the agent took it over, when NB lets it go.
    pub release: Release,
    /// Messages of the southbound used; what of this kind works on a southbound that lacks some.
    pub uses: &'static [Use],
    /// The fields of its message that do not fare as the rule says, or of which there is more to say; in parts, so that
    /// each part of a large kind has its own.
    pub fields: &'static [&'static [Field]],
}

impl Spec {
    /// A spec with the usual answers: changed in place, read back, parallel, deleted when let go.
    pub const fn new(
        name: &'static str,
        about: &'static str,
        keys: &'static [KeyPattern],
        nb_key_prefix: Option<&'static str>,
    ) -> Self {
        Self {
            name,
            about,
            keys,
            nb_key_prefix,
            change: Change::InPlace,
            retrieve_after: &[],
            retrievable: true,
            concurrency: Concurrency::Parallel,
            batch: 1,
            release: Release::Delete,
            uses: &[],
            fields: &[],
        }
    }
}

/// What a kind, or a part of it, needs of its southbound.
///
/// Each message is one text; older variants of a message that serve as well follow it, newest first, as in
/// `memif_create_v2 | memif_create`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// The part of the kind that does not work without, such as a field; `None` for the whole kind.
    pub part: Option<&'static str>,
    /// Messages, or attributes of the kernel; all of them are needed.
    pub messages: &'static [&'static str],
}

impl Use {
    /// The part of a kind without which its values cannot be read back.
    pub const READING_BACK: &'static str = "reading back";

    /// What nothing of the kind works without.
    pub const fn kind(messages: &'static [&'static str]) -> Self {
        Self { part: None, messages }
    }

    /// What one part of the kind does not work without; the rest does.
    pub const fn part(part: &'static str, messages: &'static [&'static str]) -> Self {
        Self { part: Some(part), messages }
    }

    /// The variants of each message, newest first.
    pub fn variants(&self) -> impl Iterator<Item = impl Iterator<Item = &'static str>> {
        self.messages.iter().map(|message| message.split(" | "))
    }
}

/// How a difference between what is wanted and what is applied is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// By [`Descriptor::update`], unless [`Descriptor::needs_recreate`] says otherwise.
    InPlace,
    /// By delete and create, always.
    Recreate,
}

/// How many operations of one descriptor may be under way at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Concurrency {
    /// As many as the southbound's window allows.
    Parallel,
    /// One after the other.
    Serial,
}

/// What becomes of an adopted value when NB lets it go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Release {
    /// It is deleted.
    Delete,
    /// It stays in the southbound and is OBTAINED again.
    Keep,
}

/// The contract of one kind of value.
///
/// Associated functions, no `self`: a descriptor has no state of its own. The *pure half* is called
/// by the planner and must depend on nothing but its arguments. The *effect half* is one
/// conversation with the southbound each; it never retries, never orders, never calls the scheduler
/// or another descriptor.
///
/// Effects may be cancelled at any await (deadline, shutdown): the scheduler then treats the
/// outcome as unknown and reads the value back.
pub trait Descriptor: Sized + Send + Sync + 'static {
    /// Message of the value. For derived kinds often a nested message or `()` (Empty).
    type Value: Message;
    /// What the southbound tells about an applied value and later operations need, e.g. an index.
    /// Shown in dumps. `()` if there is nothing.
    type Meta: Clone + std::fmt::Debug + Serialize + Send + Sync + 'static;
    /// The southbound this kind lives in.
    type Sb: Southbound;
    /// What this kind is.
    const SPEC: Spec;

    // === pure half ===

    /// Is the value acceptable? Called for every NB value before anything is sent. Names the bad
    /// fields; collects all of them.
    fn validate(
        _facts: &<Self::Sb as Southbound>::Facts,
        _key: &Key,
        _value: &Self::Value,
    ) -> Result<(), Invalid> {
        Ok(())
    }

    /// Would applying `new` over `old` change nothing?
    fn equivalent(
        _facts: &<Self::Sb as Southbound>::Facts,
        _key: &Key,
        old: &Self::Value,
        new: &Self::Value,
    ) -> bool {
        old == new
    }

    /// Values that live and die with this one. May derive further in turn.
    fn derive(
        _facts: &<Self::Sb as Southbound>::Facts,
        _key: &Key,
        _value: &Self::Value,
    ) -> Vec<(Key, Value)> {
        Vec::new()
    }

    /// What this value needs from others.
    fn dependencies(
        _facts: &<Self::Sb as Southbound>::Facts,
        _key: &Key,
        _value: &Self::Value,
    ) -> Vec<Dependency> {
        Vec::new()
    }

    /// Must this change be made by delete and create? Asked only with [`Change::InPlace`].
    fn needs_recreate(
        _facts: &<Self::Sb as Southbound>::Facts,
        _key: &Key,
        _old: &Self::Value,
        _new: &Self::Value,
        _meta: &Self::Meta,
    ) -> bool {
        false
    }

    /// Can this southbound do it at all? `Err(OpError::Unsupported)` names the missing message,
    /// plugin or feature; the value is then shown as failed with that reason and nothing is sent.
    fn supported(
        _facts: &<Self::Sb as Southbound>::Facts,
        _key: &Key,
        _value: &Self::Value,
    ) -> Result<(), OpError> {
        Ok(())
    }

    // === effect half ===

    /// Brings the value into being.
    fn create(
        sb: &Self::Sb,
        key: &Key,
        value: &Self::Value,
    ) -> impl Future<Output = Result<Self::Meta, OpError>> + Send;

    /// Takes the value away. `value` is what is applied, not what was asked for.
    fn delete(
        sb: &Self::Sb,
        key: &Key,
        value: &Self::Value,
        meta: &Self::Meta,
    ) -> impl Future<Output = Result<(), OpError>> + Send;

    /// Changes the applied value in place; gives the new metadata.
    fn update(
        _sb: &Self::Sb,
        _key: &Key,
        _change: Update<'_, Self>,
    ) -> impl Future<Output = Result<Self::Meta, OpError>> + Send {
        std::future::ready(Err(OpError::Final("operation Update is not implemented".into())))
    }

    /// All values of this kind that are really there. `known` is for telling one's own from
    /// others', and for fields that the southbound cannot tell back.
    fn retrieve(
        _sb: &Self::Sb,
        _known: KnownValues<'_, Self>,
    ) -> impl Future<Output = Result<Vec<Retrieved<Self>>, OpError>> + Send {
        std::future::ready(Err(OpError::Final("operation Retrieve is not implemented".into())))
    }

    /// Keeps the read-only index that other kinds look things up in. Called by the scheduler, in
    /// order, whenever the metadata of a value changes: `Some` after create, update, read-back and
    /// notification; `None` when it is gone. Must be quick and must not call anything.
    fn index(_sb: &Self::Sb, _key: &Key, _value: &Self::Value, _meta: Option<&Self::Meta>) {}
}

/// A change in place.
#[derive(Debug)]
pub struct Update<'a, D: Descriptor> {
    /// What is applied.
    pub old: &'a D::Value,
    /// What is wanted.
    pub new: &'a D::Value,
    /// Metadata of the applied value.
    pub meta: &'a D::Meta,
}

/// A value found in the southbound.
#[derive(Debug, Clone)]
pub struct Retrieved<D: Descriptor> {
    /// Key of the value; must be one this descriptor owns.
    pub key: Key,
    /// Its content as NB would write it.
    pub value: D::Value,
    /// Its metadata.
    pub meta: D::Meta,
    /// Whose it is.
    pub origin: Origin,
}

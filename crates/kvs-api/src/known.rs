//! What is known of values before a read-back.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    marker::PhantomData,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use ligato_model::{Key, Value};

use crate::{Descriptor, Metadata, Origin};

/// A value known before a read-back.
#[derive(Debug, Clone)]
pub struct AnyKnown {
    /// Its key.
    pub key: Key,
    /// The wanted content if there is one, else the applied content.
    pub value: Value,
    /// Metadata, if the value is applied.
    pub metadata: Option<Metadata>,
    /// Whose it is, as far as known.
    pub origin: Origin,
    /// Whether NB wants it. Otherwise nothing is to be concluded for later: it is only there, or only tried in a dry run.
    pub wanted: bool,
}

/// All that is known of the values of one descriptor, sorted by key. It is laid out when somebody first
/// asks for it: a read-back that sends its requests before that has VPP answer meanwhile.
#[derive(Clone)]
pub struct Known(Arc<Source>);

struct Source {
    make: Mutex<Option<Make>>,
    made: OnceLock<Vec<AnyKnown>>,
}

type Make = Box<dyn FnOnce() -> Vec<AnyKnown> + Send>;

// === impl Known ===

impl Known {
    /// What `make` gives, in the order of the keys, when it is asked for.
    pub fn later(make: impl FnOnce() -> Vec<AnyKnown> + Send + 'static) -> Self {
        let make: Make = Box::new(make);
        Self(Arc::new(Source { make: Mutex::new(Some(make)), made: OnceLock::new() }))
    }

    /// All of them, in key order.
    pub fn values(&self) -> &[AnyKnown] {
        self.0.made.get_or_init(|| {
            let make = self.0.make.lock().unwrap_or_else(PoisonError::into_inner).take();
            make.map(|make| make()).unwrap_or_default()
        })
    }
}

impl From<Vec<AnyKnown>> for Known {
    fn from(values: Vec<AnyKnown>) -> Self {
        Self(Arc::new(Source { make: Mutex::default(), made: OnceLock::from(values) }))
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.values()).finish()
    }
}

/// What the scheduler knows about the values of one descriptor before a read-back; for
/// correlation. Sorted by key.
#[derive(Debug)]
pub struct KnownValues<'a, D: Descriptor> {
    known: &'a Known,
    kind: PhantomData<fn() -> D>,
}

/// One known value.
#[derive(Debug)]
pub struct KnownValue<'a, D: Descriptor> {
    /// Its key.
    pub key: &'a Key,
    /// The wanted content if there is one, else the applied content.
    pub value: &'a D::Value,
    /// Metadata, if the value is applied.
    pub meta: Option<&'a D::Meta>,
    /// Whose it is, as far as known.
    pub origin: Origin,
    /// Whether NB wants it. Otherwise nothing is to be concluded for later: it is only there, or only tried in a dry run.
    pub wanted: bool,
}

impl<'a, D: Descriptor> KnownValues<'a, D> {
    pub(crate) fn new(known: &'a Known) -> Self {
        Self { known, kind: PhantomData }
    }

    /// All of them, in key order.
    pub fn iter(&self) -> impl Iterator<Item = KnownValue<'a, D>> + use<'a, D> {
        self.known.values().iter().filter_map(Self::typed)
    }

    /// The one with this key, by binary search.
    pub fn get(&self, key: &str) -> Option<KnownValue<'a, D>> {
        let known = self.known.values();
        let at = known.binary_search_by(|k| (*k.key).cmp(key)).ok()?;
        known.get(at).and_then(Self::typed)
    }

    /// Them by something else than their key, for finding again what a read-back names otherwise; those
    /// it cannot be told of are left out.
    pub fn index_by<K: Eq + Hash>(
        &self,
        of: impl Fn(&'a D::Value) -> Option<K>,
    ) -> HashMap<K, KnownValue<'a, D>> {
        self.iter().filter_map(|known| Some((of(known.value)?, known))).collect()
    }

    /// Is nothing known?
    pub fn is_empty(&self) -> bool {
        self.known.values().is_empty()
    }

    fn typed(known: &'a AnyKnown) -> Option<KnownValue<'a, D>> {
        Some(KnownValue {
            key: &known.key,
            value: known.value.downcast_ref()?,
            meta: known.metadata.as_ref().and_then(Metadata::downcast_ref),
            origin: known.origin,
            wanted: known.wanted,
        })
    }
}

impl<D: Descriptor> Clone for KnownValues<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Descriptor> Copy for KnownValues<'_, D> {}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::*;

    #[test]
    fn is_laid_out_when_it_is_asked_for_and_once() {
        let asked = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&asked);
        let known = Known::later(move || {
            counted.fetch_add(1, Relaxed);
            Vec::new()
        });
        let copy = known.clone();
        assert_eq!(asked.load(Relaxed), 0);
        assert!(known.values().is_empty() && copy.values().is_empty());
        assert_eq!(asked.load(Relaxed), 1);
    }
}

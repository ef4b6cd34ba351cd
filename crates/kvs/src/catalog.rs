//! The registered descriptors, and which of them owns a key.

use std::sync::Arc;

use ligato_kvs_api::{DynDescriptor, RegistrationError, check_descriptor};
use rustc_hash::FxHashMap;

use crate::{guard::Guarded, node::DescriptorId};

/// All descriptors. Replaced as a whole when one comes or goes.
#[derive(Clone, Default)]
pub(crate) struct Catalog {
    /// By id; `None`: unregistered.
    entries: Vec<Option<Arc<dyn DynDescriptor>>>,
    by_name: FxHashMap<Box<str>, DescriptorId>,
    /// Literal prefixes of key patterns to the descriptors that have such a pattern.
    by_prefix: FxHashMap<Box<str>, Vec<DescriptorId>>,
    /// Distinct lengths of literal prefixes, longest first.
    lengths: Vec<usize>,
    /// Descriptors without patterns: they are asked one by one.
    selecting: Vec<DescriptorId>,
    /// Ids in read-back order: those a descriptor waits for come before it.
    order: Vec<DescriptorId>,
}

impl Catalog {
    /// Adds a descriptor.
    pub(crate) fn register(
        &mut self,
        new: &Arc<dyn DynDescriptor>,
    ) -> Result<DescriptorId, RegistrationError> {
        let new = Guarded::new(new).map_err(RegistrationError::Panicked)?;
        let new: Arc<dyn DynDescriptor> = Arc::new(new);
        check_descriptor(&*new, self.iter().map(|(_, d)| &**d))?;
        let id = self.entries.len() as DescriptorId;
        self.by_name.insert(new.name().into(), id);
        if new.keys().is_empty() {
            self.selecting.push(id);
        }
        for pattern in new.keys() {
            let owners = self.by_prefix.entry(pattern.literal_prefix().into()).or_default();
            if !owners.contains(&id) {
                owners.push(id);
            }
        }
        self.entries.push(Some(new));
        self.index_lengths();
        match self.sort_for_retrieval() {
            Ok(order) => {
                self.order = order;
                Ok(id)
            }
            Err(names) => {
                self.remove(id);
                Err(RegistrationError::RetrieveCycle(names))
            }
        }
    }

    /// Forgets a descriptor; its id is not used again.
    pub(crate) fn remove(&mut self, id: DescriptorId) {
        let Some(entry) = self.entries.get_mut(usize::from(id)).and_then(Option::take) else {
            return;
        };
        self.by_name.remove(entry.name());
        self.selecting.retain(|other| *other != id);
        self.order.retain(|other| *other != id);
        for owners in self.by_prefix.values_mut() {
            owners.retain(|other| *other != id);
        }
        self.by_prefix.retain(|_, owners| !owners.is_empty());
        self.index_lengths();
    }

    pub(crate) fn get(&self, id: DescriptorId) -> Option<&Arc<dyn DynDescriptor>> {
        self.entries.get(usize::from(id))?.as_ref()
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<DescriptorId> {
        self.by_name.get(name).copied()
    }

    /// The descriptor that owns the key: the one with the longest literal prefix that matches.
    pub(crate) fn owner(&self, key: &str) -> Option<DescriptorId> {
        for length in &self.lengths {
            let owners = key.get(..*length).and_then(|prefix| self.by_prefix.get(prefix));
            for id in owners.into_iter().flatten() {
                if self.get(*id).is_some_and(|d| {
                    let this = |p: &&_| literal_length(p) == *length;
                    d.keys().iter().filter(this).any(|p| p.matches(key))
                }) {
                    return Some(*id);
                }
            }
        }
        self.selecting.iter().copied().find(|id| self.get(*id).is_some_and(|d| d.selects(key)))
    }

    /// The descriptor that would own keys below this prefix, for explanations.
    pub(crate) fn provider(&self, prefix: &str) -> Option<&str> {
        let owner = self.owner(prefix).or_else(|| {
            self.iter()
                .find(|(_, d)| {
                    d.keys().iter().any(|p| {
                        let literal = p.literal_prefix();
                        literal.starts_with(prefix) || prefix.starts_with(literal)
                    }) || d.nb_key_prefix().is_some_and(|p| prefix.starts_with(p))
                })
                .map(|(id, _)| id)
        });
        owner.and_then(|id| self.get(id)).map(|d| d.name())
    }

    /// All descriptors in order of registration.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (DescriptorId, &Arc<dyn DynDescriptor>)> {
        (0..).zip(&self.entries).filter_map(|(id, entry)| Some((id, entry.as_ref()?)))
    }

    /// All descriptors in read-back order.
    pub(crate) fn in_order(&self) -> &[DescriptorId] {
        &self.order
    }

    fn index_lengths(&mut self) {
        self.lengths = self.by_prefix.keys().map(|prefix| prefix.len()).collect();
        self.lengths.sort_unstable_by(|a, b| b.cmp(a));
        self.lengths.dedup();
    }

    /// In each round the first name whose predecessors are all done; the names in a cycle if stuck.
    fn sort_for_retrieval(&self) -> Result<Vec<DescriptorId>, String> {
        let mut left: Vec<(&str, DescriptorId)> =
            self.iter().map(|(id, d)| (d.name(), id)).collect();
        left.sort_unstable();
        let mut order = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let ready = left.iter().position(|(_, id)| {
                self.get(*id).is_none_or(|d| {
                    let after = d.retrieve_after();
                    !left.iter().any(|(name, _)| after.contains(name))
                })
            });
            let Some(at) = ready else {
                let names: Vec<&str> = left.iter().map(|(name, _)| *name).collect();
                return Err(names.join(", "));
            };
            order.push(left.remove(at).1);
        }
        Ok(order)
    }
}

fn literal_length(pattern: &ligato_kvs_api::KeyPattern) -> usize {
    pattern.literal_prefix().len()
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(|(_, d)| d.name())).finish()
    }
}

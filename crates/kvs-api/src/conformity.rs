//! What is checked when a descriptor is registered, so that mistakes are found at start and not at
//! the first key.

use crate::{DynDescriptor, KeyPattern, PatternError};

/// A descriptor that cannot be registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    /// The name is taken.
    #[error("descriptor already exist: {0}")]
    Exists(String),
    /// A pattern is unusable.
    #[error("descriptor {name} has a bad key pattern")]
    Pattern {
        /// The descriptor.
        name: String,
        /// What is wrong.
        #[source]
        source: PatternError,
    },
    /// Two descriptors claim keys of the same shape.
    #[error("descriptors {name} and {other} both claim keys like {pattern}")]
    Overlap {
        /// The new descriptor.
        name: String,
        /// The one that was there before.
        other: String,
        /// The pattern of the new one.
        pattern: String,
    },
    /// Reading back would go in a circle.
    #[error("descriptors wait for each other with reading back: {0}")]
    RetrieveCycle(String),
    /// It panicked when it was asked what it is.
    #[error("{0}")]
    Panicked(String),
}

/// Checks one descriptor against itself and against those registered before.
pub fn check_descriptor<'d>(
    new: &dyn DynDescriptor,
    registered: impl IntoIterator<Item = &'d dyn DynDescriptor>,
) -> Result<(), RegistrationError> {
    let name = || new.name().to_owned();
    for pattern in new.keys() {
        pattern.check().map_err(|source| RegistrationError::Pattern { name: name(), source })?;
    }
    for other in registered {
        if other.name() == new.name() {
            return Err(RegistrationError::Exists(name()));
        }
        if let Some(pattern) = first_overlap(new.keys(), other.keys()) {
            return Err(RegistrationError::Overlap {
                name: name(),
                other: other.name().to_owned(),
                pattern: pattern.to_string(),
            });
        }
    }
    Ok(())
}

/// Patterns of different literal prefixes do not collide: the longer one wins.
fn first_overlap<'p>(new: &'p [KeyPattern], old: &[KeyPattern]) -> Option<&'p KeyPattern> {
    new.iter()
        .find(|n| old.iter().any(|o| n.literal_prefix() == o.literal_prefix() && n.may_overlap(o)))
}

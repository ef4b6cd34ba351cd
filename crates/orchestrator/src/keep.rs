//! Keeping: what some sources want outlives this process.
//!
//! A store or a file is read again after a restart. What a client said through an API is said once; so it is
//! made durable before it counts and before anyone hears that it was taken.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use ligato_kvs_api::SourceId;

use crate::change::{Change, Delivery};

/// Makes what some sources want durable.
pub trait Keeper: fmt::Debug + Send + Sync + 'static {
    /// Whether what this source wants is kept.
    fn keeps(&self, source: &SourceId) -> bool;

    /// Makes all of these changes durable, or none of them; labels are part of a change, and no key comes twice.
    /// A source's next changes come after the end of this.
    fn write(
        &self,
        source: &SourceId,
        changes: Vec<Change>,
    ) -> BoxFuture<'static, Result<(), KeepError>>;
}

/// What somebody wants cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot be kept in {store}")]
pub struct KeepError {
    /// Name of the store.
    pub store: String,
    /// What it says.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

/// A keeper, and what it kept.
#[derive(Debug, Clone)]
pub struct Keeping {
    /// Who keeps.
    pub keeper: Arc<dyn Keeper>,
    /// What was kept of every source. It is wanted from the first moment on, before anybody can say anything.
    pub restored: Vec<(SourceId, Delivery)>,
}

/// The whole story of an error in one line.
pub(crate) fn in_full(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

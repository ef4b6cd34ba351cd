//! The initial configuration file as a northbound source.
//!
//! The file is a document with all kinds together, in YAML or JSON:
//!
//! ```yaml
//! vppConfig:
//!   interfaces:
//!   - name: loop1
//!     type: SOFTWARE_LOOPBACK
//!     enabled: true
//! linuxConfig: {}
//! ```
//!
//! It is read once, when the agent starts. A file that is not there is no configuration; one that is
//! wrong stops the start with file, line, column and field. What it says counts for as long as the
//! agent runs, as source [`initfile`](ligato_orchestrator::names::INITIAL_FILE): the weakest one, so
//! that stores and clients may override it, and never lost by what happens to them.

use std::path::{Path, PathBuf};

use ligato_model::text::{Place, read_document};
use ligato_model::{Key, ModelError, Registry, Value};
use ligato_orchestrator::{
    Closed, Entry, Labels, OrchestratorHandle, PushOptions, PushResult, ResyncDepth, names,
};

/// The file when nothing else is said.
pub const DEFAULT_PATH: &str = "initial-config.yaml";

/// Whether a file may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Presence {
    /// A missing file is an empty one.
    #[default]
    Optional,
    /// Somebody asked for this file.
    Required,
}

/// What the file says.
#[derive(Debug, Clone, PartialEq)]
pub struct InitialConfig {
    /// The file; none when there is none.
    pub path: Option<PathBuf>,
    /// Its values, in the order of the file.
    pub values: Vec<Located>,
}

/// A value and where it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    /// Its key.
    pub key: Key,
    /// The value.
    pub value: Value,
    /// File, line, column and field.
    pub place: Place,
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Its content is not a configuration. The text names file, line, column and field.
    #[error(transparent)]
    Content(ModelError),
}

/// Reads the file.
///
/// # Errors
/// [`Error::Unreadable`] or [`Error::Content`].
pub async fn load(
    path: &Path,
    presence: Presence,
    registry: &Registry,
) -> Result<InitialConfig, Error> {
    let text = match tokio::fs::read_to_string(path).await {
        Ok(text) => text,
        Err(error)
            if error.kind() == std::io::ErrorKind::NotFound && presence == Presence::Optional =>
        {
            return Ok(InitialConfig::none());
        }
        Err(source) => return Err(Error::Unreadable { path: path.to_owned(), source }),
    };
    let values = read(&text, &path.display().to_string(), registry)?;
    tracing::info!(path = %path.display(), values = values.len(), "initial configuration read");
    Ok(InitialConfig { path: Some(path.to_owned()), values })
}

/// Reads the text of a file; `origin` is what to call it in errors.
///
/// # Errors
/// [`Error::Content`].
pub fn read(text: &str, origin: &str, registry: &Registry) -> Result<Vec<Located>, Error> {
    let entries = read_document(registry, text, origin).map_err(Error::Content)?;
    let located = |entry: ligato_model::text::Entry| Located {
        key: entry.key,
        value: entry.value,
        place: entry.place,
    };
    Ok(entries.into_iter().map(located).collect())
}

// === impl InitialConfig ===

impl InitialConfig {
    /// There is no file.
    pub fn none() -> Self {
        Self { path: None, values: Vec::new() }
    }

    /// Hands the values to the orchestrator, also when there are none: it may wait for them.
    ///
    /// # Errors
    /// [`Closed`]; everything else is in the result.
    pub async fn deliver(
        &self,
        orchestrator: &OrchestratorHandle,
        options: PushOptions,
    ) -> Result<PushResult, Closed> {
        let entry = |located: &Located| Entry {
            key: located.key.clone(),
            value: located.value.clone(),
            labels: Labels::default(),
        };
        let entries = self.values.iter().map(entry).collect();
        let depth = ResyncDepth::Difference;
        orchestrator.resync(names::INITIAL_FILE, entries, depth, options).await
    }
}

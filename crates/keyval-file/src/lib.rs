//! Files as a read-only key-value store.
//!
//! Each file, YAML or JSON by its ending, holds one or more documents of this form:
//!
//! ```yaml
//! data:
//! - key: /vnf-agent/vpp1/config/vpp/v2/interfaces/loop1
//!   value:
//!     name: loop1
//!     type: SOFTWARE_LOOPBACK
//! ```
//!
//! The value of an entry is the JSON text of `value`; a text given as `value` is taken as it is.
//!
//! Folders are read with all their sub-folders. Changes are followed by watching folders, not files,
//! so that editors that replace a file and Kubernetes, which swaps a symbolic link, are followed too.
//!
//! What is wrong in a file is reported ([`FileStore::problems`]) with file and line, and never hides
//! what is right: a file that cannot be read any more keeps what it last said.
#![warn(missing_docs)]

mod content;
mod document;
mod problem;
mod scan;
mod store;
mod watcher;

pub use problem::{Place, Problem, ProblemKind};
pub use store::{FileConfig, FileStore};

//! Configuration: one rule for every key. Defaults are overridden by the file, the file by the environment, the
//! environment by flags.
//!
//! * A section is a struct declared by [`config_section!`](crate::config_section); each field has a key, a default and
//!   a text, and that is also the reference page ([`reference()`]).
//! * The file of section `etcd` is `etcd.conf`, a YAML document, found as `--etcd-config` or `ETCD_CONFIG` says, or in the
//!   configuration directory. A file that was asked for must exist.
//! * Key `dial-timeout` of it is overridden by `ETCD_DIAL_TIMEOUT` and that by `--etcd-dial-timeout`. The keys of section
//!   [`agent`](PROGRAM_SECTION) have no prefix: `MICROSERVICE_LABEL`, `--microservice-label`.
//! * An unknown key is an error with file, line, column and the nearest known key, or a warning when
//!   [`Strictness::Lenient`] is asked for.
//! * Every secret `password` may be given as `password-file` instead: the name of a file that holds it.
//! * [`Effective`] shows what came out and where each value came from, secrets masked.

mod effective;
mod loader;
mod node;
mod problem;
mod reference;
mod section;
mod types;
mod value;
mod yaml;

#[cfg(test)]
mod tests;

pub use effective::{Effective, EffectiveSection, EffectiveValue};
pub use loader::{ConfigDir, Loaded, Loader, Sources, Strictness};
pub use node::{Node, NodeValue, Origin};
pub use problem::{ConfigError, Problem, ProblemKind, Problems, Violation};
pub use reference::{
    FieldReference, PROGRAM_SECTION, SectionReference, flag_name, reference, to_markdown,
};
pub use section::{FieldSpec, Section, read_section};
pub use types::{ConfigDuration, DurationError, FileMode, Secret};
pub use value::{ConfigValue, Kind};

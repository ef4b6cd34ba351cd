//! The configuration that came out, with the origin of each value and secrets masked.

use std::{fmt, path::PathBuf};

use serde_json::Value;

use super::{
    node::Origin,
    problem::Problem,
    section::{Origins, Section},
};

/// All sections as they came out.
#[derive(Clone, Debug)]
pub struct Effective {
    /// In the order in which they were loaded.
    pub sections: Vec<EffectiveSection>,
    /// What is not right but no error.
    pub warnings: Vec<Problem>,
}

/// One section as it came out.
#[derive(Clone, Debug)]
pub struct EffectiveSection {
    /// Its name.
    pub name: &'static str,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// Every key, in the order of declaration.
    pub values: Vec<EffectiveValue>,
}

/// One value as it came out.
#[derive(Clone, Debug)]
pub struct EffectiveValue {
    /// Its key.
    pub key: &'static str,
    /// The value, secrets masked.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
}

// === impl EffectiveSection ===

impl EffectiveSection {
    pub(super) fn new<S: Section>(
        name: &'static str,
        section: &S,
        file: Option<PathBuf>,
        origins: &Origins,
    ) -> Self {
        let values = S::fields().into_iter().map(|field| EffectiveValue {
            key: field.key,
            value: section.show_field(field.key),
            origin: origins.get(field.key).cloned().unwrap_or_default(),
        });
        Self { name, file, values: values.collect() }
    }
}

// === impl Effective ===

impl fmt::Display for Effective {
    /// YAML with the origins as comments. Values are in flow style, one key a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for section in &self.sections {
            match &section.file {
                Some(file) => writeln!(f, "{}: # {}", section.name, file.display())?,
                None => writeln!(f, "{}: # no file", section.name)?,
            }
            for value in &section.values {
                writeln!(f, "  {}: {} # {}", value.key, value.value, value.origin)?;
            }
        }
        Ok(())
    }
}

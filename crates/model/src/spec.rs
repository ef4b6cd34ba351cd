//! The four words that identify a model.

use crate::key::{clean_path, is_clean_path};
use crate::{Key, ModelError};

/// Module, version, type and class of a model; its name and the prefix of its keys follow from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spec {
    /// Module, at most one dot: `vpp`, `linux.l3`.
    pub module: &'static str,
    /// Version: `v2`.
    pub version: &'static str,
    /// Type, at most one dot: `bridge-domain`.
    pub type_name: &'static str,
    /// Class: `config` for what users set, `metrics` for what they only read.
    pub class: &'static str,
}

impl Spec {
    /// The class of everything a user can configure.
    pub const CONFIG: &'static str = "config";
    /// The class of what is only read.
    pub const METRICS: &'static str = "metrics";

    /// A model of class `config`. An empty version means `v0`.
    #[must_use]
    pub const fn new(module: &'static str, version: &'static str, type_name: &'static str) -> Self {
        let version = if version.is_empty() { "v0" } else { version };
        Self { module, version, type_name, class: Self::CONFIG }
    }

    /// The same in another class. An empty class means `config`.
    #[must_use]
    pub const fn with_class(mut self, class: &'static str) -> Self {
        self.class = if class.is_empty() { Self::CONFIG } else { class };
        self
    }

    /// `<module>.<type>`, for instance `vpp.l2.bridge-domain`.
    #[must_use]
    pub fn model_name(&self) -> String {
        format!("{}.{}", self.module, self.type_name)
    }

    /// The first word of the module: `vpp`, `linux`, `netalloc`.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.module.split('.').next().unwrap_or(self.module)
    }

    /// What all keys of the model begin with, a slash at the end. The key of a singleton is this without the slash.
    #[must_use]
    pub fn key_prefix(&self) -> String {
        self.path_of("")
    }

    /// The key of the instance called `name`, as a cleaned path. An empty name gives the key of a singleton.
    #[must_use]
    pub fn key(&self, name: &str) -> Key {
        let path = self.path_of(name);
        if is_clean_path(&path) { Key::from(path) } else { Key::from(clean_path(&path)) }
    }

    /// The prefix with a name after it, in one piece: keys are made for every dependency of every value.
    fn path_of(&self, name: &str) -> String {
        let parts = [self.class, self.module, self.version, self.type_name];
        let length = parts.iter().map(|part| part.len() + 1).sum::<usize>() + name.len();
        let mut path = String::with_capacity(length);
        for part in parts {
            for (at, word) in part.split('.').enumerate() {
                if at > 0 {
                    path.push('/');
                }
                path.push_str(word);
            }
            path.push('/');
        }
        path.push_str(name);
        path
    }

    /// Checks the characters of all four parts.
    ///
    /// # Errors
    /// [`ModelError::InvalidSpec`] names the part that is not allowed.
    pub fn validate(&self) -> Result<(), ModelError> {
        let invalid =
            |part, text: &str| Err(ModelError::InvalidSpec { part, text: text.to_owned() });
        if !is_dotted_word(self.module) {
            invalid("module", self.module)
        } else if !is_version(self.version) {
            invalid("version", self.version)
        } else if !is_dotted_word(self.type_name) {
            invalid("type", self.type_name)
        } else if !is_word(self.class) {
            invalid("class", self.class)
        } else {
            Ok(())
        }
    }
}

/// `[-a-z0-9_]+`
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, b'-' | b'_' | b'a'..=b'z' | b'0'..=b'9'))
}

/// One word, or two with a dot between.
fn is_dotted_word(text: &str) -> bool {
    match text.split_once('.') {
        Some((first, second)) => is_word(first) && is_word(second),
        None => is_word(text),
    }
}

/// `v`, digits, and maybe more: `v2`, `v1alpha1`.
fn is_version(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('v') else { return false };
    let tail = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let tail_allowed = tail.bytes().all(|b| matches!(b, b'-' | b'a'..=b'z' | b'0'..=b'9'));
    rest.len() > tail.len() && tail_allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_become_slashes_in_the_prefix_only() {
        let spec = Spec::new("vpp.l2", "v2", "bridge-domain");
        assert_eq!(spec.model_name(), "vpp.l2.bridge-domain");
        assert_eq!(spec.key_prefix(), "config/vpp/l2/v2/bridge-domain/");
        assert_eq!(spec.group(), "vpp");
    }

    #[test]
    fn empty_version_and_class_are_normalised() {
        let spec = Spec::new("a", "", "b").with_class("");
        assert_eq!((spec.version, spec.class), ("v0", "config"));
    }

    #[test]
    fn an_empty_name_is_the_key_of_a_singleton() {
        let spec = Spec::new("vpp.nat", "v2", "nat44-global");
        assert_eq!(spec.key(""), "config/vpp/nat/v2/nat44-global");
    }

    #[test]
    fn bad_parts_are_named() {
        for (spec, part) in [
            (Spec::new("a.b.c", "v1", "x"), "module"),
            (Spec::new("A", "v1", "x"), "module"),
            (Spec::new("a", "1", "x"), "version"),
            (Spec::new("a", "v", "x"), "version"),
            (Spec::new("a", "v1", "x."), "type"),
            (Spec::new("a", "v1", "x").with_class("a.b"), "class"),
        ] {
            let Err(ModelError::InvalidSpec { part: found, .. }) = spec.validate() else {
                panic!("{spec:?} must not be valid");
            };
            assert_eq!(found, part);
        }
        assert!(Spec::new("linux.l3", "v2-beta1", "arp").validate().is_ok());
    }
}

//! Keys and prefixes of a store, compared by whole path segments.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use crate::error::{Error, KeyFault};

/// Longest key a store accepts, in bytes. etcd has no limit of its own below its request size;
/// this one keeps a mistake (a value given as key) from reaching a server.
pub const MAX_KEY_LEN: usize = 4096;

/// The name of one entry of a store: text whose segments are separated by `/`.
///
/// The text is kept exactly as the store has it; it is not cleaned, since two spellings of one
/// path are two keys in every store.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreKey(Arc<str>);

/// Everything below a path: `/a/b` contains `/a/b/c` and `/a/b/c/d`, but neither `/a/bc` nor the
/// key `/a/b` itself. The empty prefix contains every key.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix(Arc<str>);

// === impl StoreKey ===

impl StoreKey {
    /// Takes `text` as a key.
    ///
    /// # Errors
    /// [`Error::InvalidKey`] when it is empty, longer than [`MAX_KEY_LEN`] or holds a NUL.
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, Error> {
        let text = text.into();
        let fault = if text.is_empty() {
            KeyFault::Empty
        } else if text.len() > MAX_KEY_LEN {
            KeyFault::TooLong { limit: MAX_KEY_LEN }
        } else if text.contains('\0') {
            KeyFault::Nul
        } else {
            return Ok(Self(text));
        };
        Err(Error::InvalidKey { key: text.chars().take(128).collect(), fault })
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

// Lets an ordered map be searched from a piece of text, e.g. the start of a prefix.
impl Borrow<str> for StoreKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for StoreKey {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

// === impl Prefix ===

impl Prefix {
    /// The prefix that contains every key.
    pub fn root() -> Self {
        Self(Arc::from(""))
    }

    /// Everything below `path`. A trailing slash makes no difference.
    pub fn new(path: &str) -> Self {
        let path = path.trim_end_matches('/');
        if path.is_empty() { Self::root() } else { Self(Arc::from(format!("{path}/"))) }
    }

    /// The text every contained key starts with: empty, or ending in `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `key` lies below this prefix.
    pub fn contains(&self, key: &StoreKey) -> bool {
        self.strip(key).is_some()
    }

    /// What follows the prefix in `key`; none when the key is not below it.
    pub fn strip<'k>(&self, key: &'k StoreKey) -> Option<&'k str> {
        key.as_str().strip_prefix(&*self.0).filter(|rest| !rest.is_empty())
    }

    /// The key `rest` below this prefix.
    ///
    /// # Errors
    /// [`Error::InvalidKey`] as [`StoreKey::new`].
    pub fn join(&self, rest: &str) -> Result<StoreKey, Error> {
        if rest.is_empty() {
            return Err(Error::InvalidKey { key: self.0.to_string(), fault: KeyFault::Empty });
        }
        StoreKey::new(format!("{}{}", self.0, rest))
    }

    /// The first text after all keys of this prefix; none for the root, after which nothing comes.
    ///
    /// For byte-ordered ranges `[as_str(), end)`, as etcd has them.
    pub fn range_end(&self) -> Option<String> {
        // '0' is the byte after '/'.
        self.0.strip_suffix('/').map(|path| format!("{path}0"))
    }
}

/// `prefixes` in order, without those inside another one.
pub fn outermost(prefixes: &[Prefix]) -> Vec<Prefix> {
    let mut sorted = prefixes.to_vec();
    sorted.sort();
    // What lies inside a prefix follows it directly in this order.
    sorted.dedup_by(|inner, outer| inner.as_str().starts_with(outer.as_str()));
    sorted
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> StoreKey {
        StoreKey::new(text).unwrap()
    }

    #[test]
    fn prefixes_end_at_segments() {
        let prefix = Prefix::new("/vnf-agent/vpp1");
        assert!(prefix.contains(&key("/vnf-agent/vpp1/config/x")));
        assert!(!prefix.contains(&key("/vnf-agent/vpp10/config/x")));
        assert!(!prefix.contains(&key("/vnf-agent/vpp1")));
        assert_eq!(prefix.strip(&key("/vnf-agent/vpp1/a/b")), Some("a/b"));
        assert_eq!(prefix, Prefix::new("/vnf-agent/vpp1/"));
        assert_eq!(prefix.range_end().as_deref(), Some("/vnf-agent/vpp10"));
    }

    #[test]
    fn nested_prefixes_are_left_out() {
        let prefixes = ["/b/c", "/a", "/b", "/a/x", "/ab", "/a"].map(Prefix::new);
        assert_eq!(outermost(&prefixes), ["/a", "/ab", "/b"].map(Prefix::new));
    }

    #[test]
    fn the_root_contains_everything() {
        assert!(Prefix::root().contains(&key("a")));
        assert!(Prefix::new("/").contains(&key("/a")));
        assert_eq!(Prefix::root().range_end(), None);
    }

    #[test]
    fn bad_keys_are_refused_with_the_reason() {
        let fault = |text: String| match StoreKey::new(text) {
            Err(Error::InvalidKey { fault, .. }) => Some(fault),
            _ => None,
        };
        assert_eq!(fault(String::new()), Some(KeyFault::Empty));
        assert_eq!(fault("a\0b".into()), Some(KeyFault::Nul));
        assert_eq!(fault("x".repeat(5000)), Some(KeyFault::TooLong { limit: MAX_KEY_LEN }));
        assert!(matches!(Prefix::new("/a").join(""), Err(Error::InvalidKey { .. })));
    }
}

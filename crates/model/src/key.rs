//! The name of one value.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;

use arcstr::ArcStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What the keys of all agents begin with in a key-value store; the service label of the agent follows.
pub const AGENT_PREFIX: &str = "/vnf-agent/";

/// The name of one value: a `/`-separated path such as `config/vpp/v2/interfaces/loop1`.
///
/// Cloning copies a pointer, and a key is no larger than that: a scheduler of a million values holds
/// millions of them. A key is compared, ordered and hashed as its text, so maps keyed by `Key` can be
/// searched with a `&str`.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(ArcStr);

impl Key {
    /// The text of the key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Key {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&String> for Key {
    fn from(text: &String) -> Self {
        Self(text.into())
    }
}

impl From<&Key> for Key {
    fn from(key: &Key) -> Self {
        key.clone()
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.as_str().to_owned()
    }
}

impl PartialEq<str> for Key {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for Key {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// Cleans a path as the original does for every key: repeated slashes become one, slashes at the end go away, and
/// the segments `.` and `..` are resolved.
///
/// ```
/// assert_eq!(ligato_model::clean_path("config/vpp//a/./b/../c/"), "config/vpp/a/c");
/// ```
#[must_use]
pub fn clean_path(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            ".." if rooted => {}
            other => kept.push(other),
        }
    }
    let joined = kept.join("/");
    if rooted {
        format!("/{joined}")
    } else if joined.is_empty() {
        ".".to_owned()
    } else {
        joined
    }
}

/// Is there surely nothing to clean? `false` also for a few clean paths, such as hidden files and rooted ones.
pub(crate) fn is_clean_path(path: &str) -> bool {
    let mut begins = true;
    for byte in path.bytes() {
        if begins && matches!(byte, b'/' | b'.') {
            return false;
        }
        begins = byte == b'/';
    }
    !begins
}

/// Removes `/vnf-agent/<label>/` from the front of a key; a key without it is returned unchanged.
#[must_use]
pub fn strip_agent_prefix(key: &str) -> &str {
    key.strip_prefix(AGENT_PREFIX)
        .and_then(|rest| rest.split_once('/'))
        .map_or(key, |(_label, rest)| rest)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn paths_are_cleaned_like_the_original_does() {
        for (path, clean) in [
            ("a//b", "a/b"),
            ("a/", "a"),
            ("a/./b", "a/b"),
            ("a/../b", "b"),
            ("../a", "../a"),
            ("/../a", "/a"),
            ("a/../../b", "../b"),
            ("", "."),
            ("/", "/"),
            (
                "config/vpp/v2/route/vrf/0/dst/2001:db8::/32/",
                "config/vpp/v2/route/vrf/0/dst/2001:db8::/32",
            ),
        ] {
            assert_eq!(clean_path(path), clean, "{path:?}");
            assert!(!is_clean_path(path) || path == clean, "{path:?}");
        }
    }

    #[test]
    fn a_map_of_keys_is_searched_by_text() {
        let map = BTreeMap::from([(Key::from("a/b"), 1)]);
        assert_eq!(map.get("a/b"), Some(&1));
    }

    #[test]
    fn only_a_whole_agent_prefix_is_stripped() {
        assert_eq!(strip_agent_prefix("/vnf-agent/vpp1/config/x"), "config/x");
        assert_eq!(strip_agent_prefix("/vnf-agent/vpp1"), "/vnf-agent/vpp1");
        assert_eq!(strip_agent_prefix("config/x"), "config/x");
    }

    #[test]
    fn a_key_is_a_string_in_serde() {
        let key: Key = serde_json::from_str("\"a/b\"").unwrap();
        assert_eq!(serde_json::to_string(&key).unwrap(), "\"a/b\"");
    }
}

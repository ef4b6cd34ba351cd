//! Prefixes as ranges of bytes, and etcd's records as entries.

use bytes::Bytes;
use etcd_client::{Event, EventType, GetOptions, KeyValue, WatchOptions};
use ligato_keyval::{Change, Changes, Entry, Prefix, Revision, StoreKey};

/// A range of keys: from `start` up to, without, `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: Vec<u8>,
    pub(crate) end: Vec<u8>,
}

impl Range {
    pub(crate) fn below(prefix: &Prefix) -> Self {
        // For etcd a range that ends at a single zero byte has no end.
        let end = prefix.range_end().map_or_else(|| vec![0], String::into_bytes);
        let start = prefix.as_str().as_bytes();
        Self { start: if start.is_empty() { vec![0] } else { start.to_vec() }, end }
    }

    /// The part of the range after `key`.
    pub(crate) fn after(self, key: &StoreKey) -> Self {
        let mut start = key.as_str().as_bytes().to_vec();
        start.push(0);
        Self { start, ..self }
    }

    pub(crate) fn get(&self) -> GetOptions {
        GetOptions::new().with_range(self.end.clone())
    }

    pub(crate) fn watch(&self) -> WatchOptions {
        WatchOptions::new().with_range(self.end.clone()).with_prev_key()
    }
}

/// The smallest prefix that contains all of `prefixes`. One range is watched, since events of
/// several ranges may arrive out of order.
pub(crate) fn common(prefixes: &[Prefix]) -> Prefix {
    let mut prefixes = prefixes.iter();
    let Some(first) = prefixes.next() else { return Prefix::root() };
    let mut shared = first.as_str();
    for other in prefixes {
        let same = shared.bytes().zip(other.as_str().bytes()).take_while(|(a, b)| a == b).count();
        // Back to the last whole segment; a slash is a byte of its own in UTF-8.
        let slash = shared.as_bytes().iter().take(same).rposition(|byte| *byte == b'/');
        shared = slash.and_then(|slash| shared.get(..=slash)).unwrap_or("");
    }
    Prefix::new(shared)
}

/// A revision of etcd; they count from 1.
pub(crate) fn revision(number: i64) -> Revision {
    Revision(u64::try_from(number).unwrap_or(0))
}

/// A record as an entry. A key that is not text cannot belong to an agent: it is left out, and said.
pub(crate) fn entry(record: &KeyValue) -> Option<Entry> {
    let key = key(record)?;
    let value = Bytes::copy_from_slice(record.value());
    Some(Entry { key, value, revision: revision(record.mod_revision()) })
}

fn key(record: &KeyValue) -> Option<StoreKey> {
    let key = record.key_str().ok().and_then(|key| StoreKey::new(key).ok());
    if key.is_none() {
        let key = String::from_utf8_lossy(record.key());
        tracing::warn!(%key, "key in etcd is not usable text, ignored");
    }
    key
}

/// Events grouped by transaction, in order. A transaction is never split over two responses.
pub(crate) fn changes(events: &[Event]) -> Vec<Changes> {
    let mut groups: Vec<Changes> = Vec::new();
    for event in events {
        let Some((revision, change)) = change(event) else { continue };
        match groups.last_mut() {
            Some(group) if group.revision == revision => group.changes.push(change),
            _ => groups.push(Changes { revision, changes: vec![change] }),
        }
    }
    groups
}

fn change(event: &Event) -> Option<(Revision, Change)> {
    let record = event.kv()?;
    let value = match event.event_type() {
        EventType::Put => Some(Bytes::copy_from_slice(record.value())),
        EventType::Delete => None,
    };
    let previous = event.prev_kv().map(|record| Bytes::copy_from_slice(record.value()));
    Some((revision(record.mod_revision()), Change { key: key(record)?, value, previous }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_end_after_the_prefix() {
        let range = Range::below(&Prefix::new("/a"));
        assert_eq!((&*range.start, &*range.end), (&b"/a/"[..], &b"/a0"[..]));
        let root = Range::below(&Prefix::root());
        assert_eq!((&*root.start, &*root.end), (&[0][..], &[0][..]));
        let later = range.after(&StoreKey::new("/a/x").unwrap());
        assert_eq!(&*later.start, b"/a/x\0");
    }

    #[test]
    fn the_common_prefix_has_whole_segments() {
        for (prefixes, wanted) in [
            (vec!["/a/b"], "/a/b"),
            (vec!["/a/bc", "/a/bd"], "/a"),
            (vec!["/a/b", "/a"], "/a"),
            (vec!["/a", "/b"], ""),
            (vec!["/a", "b"], ""),
            (vec![], ""),
        ] {
            let prefixes: Vec<_> = prefixes.into_iter().map(Prefix::new).collect();
            assert_eq!(common(&prefixes), Prefix::new(wanted), "{prefixes:?}");
        }
    }
}

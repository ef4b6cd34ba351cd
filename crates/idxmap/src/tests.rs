//! What a map promises: indexes follow the data, subscribers see one order, and laggards start over.

use crate::{Change, IdxMap, Index, Update};

const PARITY: Index = Index::new("parity");
const DIGITS: Index = Index::new("digit");

fn numbers() -> IdxMap<u32> {
    IdxMap::new("numbers", |_, n: &u32, sink| {
        sink.add(PARITY, if n.is_multiple_of(2) { "even" } else { "odd" });
        n.to_string().chars().for_each(|digit| sink.add(DIGITS, digit.to_string()));
    })
}

fn names(map: &IdxMap<u32>, index: Index, value: &str) -> Vec<String> {
    map.snapshot().by_index(index, value).map(|item| item.name.to_owned()).collect()
}

#[test]
fn indexes_follow_the_data() {
    let map = numbers();
    map.put("b", 12);
    map.put("a", 22);
    assert_eq!(names(&map, PARITY, "even"), ["a", "b"]);
    assert_eq!(names(&map, DIGITS, "1"), ["b"]);

    assert_eq!(map.put("b", 35).as_deref(), Some(&12));
    assert_eq!(names(&map, PARITY, "even"), ["a"]);
    assert_eq!(names(&map, DIGITS, "1"), Vec::<String>::new());
    assert_eq!(
        map.snapshot().keys_of("b").collect::<Vec<_>>(),
        [(DIGITS, "3"), (DIGITS, "5"), (PARITY, "odd")]
    );

    assert_eq!(map.remove("b").as_deref(), Some(&35));
    assert_eq!(map.remove("b"), None);
    assert_eq!(names(&map, PARITY, "odd"), Vec::<String>::new());
}

#[test]
fn a_snapshot_does_not_change() {
    let map = numbers();
    map.put("a", 1);
    let before = map.snapshot();
    map.put("a", 2);
    map.put("c", 3);
    assert_eq!(before.get("a").map(|n| **n), Some(1));
    assert_eq!((before.len(), before.revision()), (1, 1));
}

#[test]
fn update_touches_only_what_exists() {
    let map = numbers();
    assert!(!map.update("a", |n| n + 1));
    map.put("a", 1);
    assert!(map.update("a", |n| n + 1));
    assert_eq!(map.reader().get("a").as_deref(), Some(&2));
}

#[tokio::test]
async fn a_subscriber_gets_the_state_and_then_each_commit() {
    let map = numbers();
    map.put("a", 1);
    let mut subscription = map.reader().subscribe();
    // Committed after subscribing and before the first read: part of the snapshot, not repeated as event.
    map.put("b", 2);
    let Some(Update::Snapshot(first)) = subscription.next().await else { panic!("no snapshot") };
    assert_eq!(first.len(), 2);

    map.put("b", 4);
    map.remove("a");
    let Some(Update::Event(event)) = subscription.next().await else { panic!("no event") };
    assert!(
        matches!(event.change, Change::Updated { ref old, ref new } if **old == 2 && **new == 4)
    );
    let Some(Update::Event(event)) = subscription.next().await else { panic!("no event") };
    assert!(matches!(event.change, Change::Removed(_)));
    assert_eq!((event.name.as_ref(), event.revision), ("a", 4));

    drop(map);
    assert!(subscription.next().await.is_none());
}

#[tokio::test]
async fn a_laggard_starts_over_with_a_snapshot() {
    let map = numbers();
    let mut subscription = map.reader().subscribe();
    assert!(matches!(subscription.next().await, Some(Update::Snapshot(_))));
    for n in 0..3000 {
        map.put("n", n);
    }
    let Some(Update::Snapshot(again)) = subscription.next().await else { panic!("no snapshot") };
    assert_eq!(again.get("n").map(|n| **n), Some(2999));
    map.put("n", 7);
    let Some(Update::Event(event)) = subscription.next().await else { panic!("no event") };
    assert_eq!(event.revision, 3001);
}

#[test]
fn dropping_a_subscription_ends_it() {
    let map = numbers();
    let subscription = map.reader().subscribe();
    assert_eq!(map.reader().subscribers(), 1);
    drop(subscription);
    assert_eq!(map.reader().subscribers(), 0);
}

#[test]
fn replace_all_deletes_what_is_gone() {
    let map = numbers();
    map.put("old", 1);
    map.put("kept", 2);
    map.replace_all([("kept", 3), ("new", 4)]);
    let now: Vec<_> = map.snapshot().iter().map(|i| (i.name.to_owned(), **i.data)).collect();
    assert_eq!(now, [("kept".to_owned(), 3), ("new".to_owned(), 4)]);
}

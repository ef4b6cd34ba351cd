//! Checks of watching.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::FutureExt;

use super::{Check, Context, Outcome, Violation, broken, holds, same};
use crate::entry::{SnapshotReason, WatchEvent};
use crate::key::StoreKey;
use crate::store::Capability;
use crate::txn::Txn;
use crate::watch::{WatchRequest, WatchStream};

const WATCH: &[Capability] = &[Capability::Watch];

pub(super) const CHECKS: &[Check] = &[
    Check { name: "watch-start", needs: WATCH, run: |c| start(c).boxed() },
    Check { name: "watch-changes", needs: WATCH, run: |c| changes(c).boxed() },
    Check { name: "watch-joined", needs: WATCH, run: |c| joined(c).boxed() },
    Check { name: "watch-lagging", needs: WATCH, run: |c| lagging(c).boxed() },
    Check { name: "watch-independent", needs: WATCH, run: |c| independent(c).boxed() },
    Check {
        name: "watch-transaction",
        needs: &[Capability::Watch, Capability::Transact],
        run: |c| transaction(c).boxed(),
    },
];

type Content = BTreeMap<StoreKey, Bytes>;

// What a consumer knows: the one code path there is.
fn apply(content: &mut Content, event: WatchEvent) {
    match event {
        WatchEvent::Snapshot(snapshot) => {
            *content = snapshot.listing.entries.into_iter().map(|e| (e.key, e.value)).collect();
        }
        WatchEvent::Changes(changes) => {
            for change in changes.changes {
                match change.value {
                    Some(value) => content.insert(change.key, value),
                    None => content.remove(&change.key),
                };
            }
        }
    }
}

async fn opened(c: &Context<'_>) -> Result<WatchStream, Violation> {
    let mut watch = c.watch()?.watch(WatchRequest::new([c.place.clone()]));
    match c.next(&mut watch).await? {
        WatchEvent::Snapshot(snapshot) if snapshot.reason == SnapshotReason::Start => Ok(watch),
        other => Err(broken("a watch begins with a snapshot", &other)),
    }
}

async fn start(c: &Context<'_>) -> Outcome {
    c.set("a", 1).await?;
    let mut watch = c.watch()?.watch(WatchRequest::new([c.place.clone()]));
    let mut content = Content::new();
    apply(&mut content, c.next(&mut watch).await?);
    let wanted = Content::from([(c.key("a")?, Context::value(1))]);
    same("the first snapshot has what is there", &content, &wanted)
}

async fn changes(c: &Context<'_>) -> Outcome {
    let mut watch = opened(c).await?;
    let beside = Context { place: crate::Prefix::new("/conformance/beside"), ..c.copy() };
    c.set("a", 1).await?;
    beside.set("b", 1).await?;
    c.set("a", 2).await?;
    c.unset("a").await?;
    let [one, two] = [Some(Context::value(1)), Some(Context::value(2))];
    let steps = [(one.clone(), None), (two.clone(), one), (None, two)];
    for (value, previous) in steps {
        let change = c.change(&mut watch).await?;
        same("only what is watched is told", &change.key, &c.key("a")?)?;
        let wanted = (value, previous);
        same("value and value before", &(change.value, change.previous), &wanted)?;
    }
    Ok(())
}

// Changes that happen while the watch opens are in the snapshot or told after it.
async fn joined(c: &Context<'_>) -> Outcome {
    const WRITES: u32 = 24;
    let write = async {
        for number in 0..WRITES {
            c.set(&format!("k{}", number % 5), number).await?;
        }
        c.set("last", 1).await
    };
    let read = async {
        let mut watch = c.watch()?.watch(WatchRequest::new([c.place.clone()]));
        let (mut content, last, mut at) = (Content::new(), c.key("last")?, None);
        while !content.contains_key(&last) {
            let event = c.next(&mut watch).await?;
            holds("every event is later than the one before", at < Some(event.revision()), &at)?;
            at = Some(event.revision());
            apply(&mut content, event);
        }
        Ok::<_, Violation>(content)
    };
    let (written, content) = futures::join!(write, read);
    written?;
    let listing = c.store.snapshot(std::slice::from_ref(&c.place)).await?;
    let wanted = listing.entries.into_iter().map(|entry| (entry.key, entry.value)).collect();
    same("the watch knows what the store has", &content?, &wanted)
}

// A consumer that does not read holds up nobody, and gets a snapshot instead of what it missed.
async fn lagging(c: &Context<'_>) -> Outcome {
    let request = WatchRequest::new([c.place.clone()]).with_capacity(2);
    let mut watch = c.watch()?.watch(request);
    let mut content = Content::new();
    apply(&mut content, c.next(&mut watch).await?);
    // Another watch tells when the store is done with handing out.
    let mut witness = opened(c).await?;
    for number in 0..8 {
        c.set("a", number).await?;
    }
    c.set("last", 1).await?;
    let (mut seen, last) = (Content::new(), c.key("last")?);
    while !seen.contains_key(&last) {
        apply(&mut seen, c.next(&mut witness).await?);
    }
    let mut reasons = Vec::new();
    while content != seen {
        let event = c.next(&mut watch).await?;
        if let WatchEvent::Snapshot(snapshot) = &event {
            reasons.push(snapshot.reason);
        }
        apply(&mut content, event);
    }
    same("a lagging consumer gets one snapshot", &reasons, &vec![SnapshotReason::Lagged])
}

async fn independent(c: &Context<'_>) -> Outcome {
    let (first, mut second) = (opened(c).await?, opened(c).await?);
    drop(first);
    c.set("a", 1).await?;
    let change = c.change(&mut second).await?;
    same("the end of one watch is not the end of another", &change.key, &c.key("a")?)
}

async fn transaction(c: &Context<'_>) -> Outcome {
    let mut watch = opened(c).await?;
    let txn = (Txn::new().put(c.key("a")?, Context::value(1))).put(c.key("b")?, Context::value(2));
    let outcome = c.transact()?.transact(txn).await?;
    match c.next(&mut watch).await? {
        WatchEvent::Changes(changes) => {
            same("a transaction is told at its revision", &changes.revision, &outcome.revision)?;
            same("a transaction is told whole", &changes.changes.len(), &2)
        }
        other => Err(broken("a transaction is told as changes", &other)),
    }
}

impl Context<'_> {
    fn copy(&self) -> Context<'_> {
        Context { fixture: self.fixture, store: self.store.clone(), place: self.place.clone() }
    }
}

//! Checks of reading.

use futures::FutureExt;

use super::{Check, Context, Outcome, broken, holds, refusal, same};
use crate::error::Error;
use crate::key::Prefix;
use crate::store::{Capability, PageRequest};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "missing", needs: &[], run: |c| missing(c).boxed() },
    Check { name: "reads-back", needs: &[], run: |c| reads_back(c).boxed() },
    Check { name: "segments", needs: &[], run: |c| segments(c).boxed() },
    Check { name: "pages", needs: &[], run: |c| pages(c).boxed() },
    Check { name: "snapshot", needs: &[], run: |c| snapshot(c).boxed() },
    Check { name: "refusals", needs: &[], run: |c| refusals(c).boxed() },
];

async fn missing(c: &Context<'_>) -> Outcome {
    same("a missing key is no error", &c.store.get(&c.key("nothing")?).await?, &None)?;
    let page = c.store.page(&c.place, PageRequest::first(10)).await?;
    holds("an empty prefix is no error", page.entries.is_empty() && page.next.is_none(), &page)
}

async fn reads_back(c: &Context<'_>) -> Outcome {
    let key = c.key("a")?;
    c.set("a", 1).await?;
    let first = c.store.get(&key).await?.ok_or_else(|| broken("a written key exists", &key))?;
    same("the value is what was written", &first.value, &Context::value(1))?;
    c.set("a", 2).await?;
    let second = c.store.get(&key).await?.ok_or_else(|| broken("a written key exists", &key))?;
    same("a write replaces the value", &second.value, &Context::value(2))?;
    holds("revisions rise", second.revision > first.revision, &(first, second))?;
    c.unset("a").await?;
    same("a removed key is gone", &c.store.get(&key).await?, &None)
}

async fn segments(c: &Context<'_>) -> Outcome {
    for rest in ["p", "p/x", "p/x/y", "pq/x", "p-q"] {
        c.set(rest, 1).await?;
    }
    let below = Prefix::new(c.key("p")?.as_str());
    let page = c.store.page(&below, PageRequest::first(100)).await?;
    let keys: Vec<_> = page.entries.iter().filter_map(|entry| c.place.strip(&entry.key)).collect();
    same("a prefix ends at a segment", &keys, &vec!["p/x", "p/x/y"])
}

async fn pages(c: &Context<'_>) -> Outcome {
    let names: Vec<_> = (0..7).map(|n| format!("k{n}")).collect();
    for (name, number) in names.iter().zip(0..) {
        c.set(name, number).await?;
    }
    let (mut seen, mut start, mut count) = (Vec::new(), None, 0);
    loop {
        let page = c.store.page(&c.place, PageRequest { limit: 3, start }).await?;
        holds("a page keeps its limit", page.entries.len() <= 3, &page)?;
        seen.extend(page.entries.iter().filter_map(|e| c.place.strip(&e.key).map(String::from)));
        (start, count) = (page.next, count + 1);
        if start.is_none() || count > 7 {
            break;
        }
    }
    same("pages list every key once, in order", &seen, &names)
}

async fn snapshot(c: &Context<'_>) -> Outcome {
    for rest in ["b/1", "a/1", "a/b/2"] {
        c.set(rest, 1).await?;
    }
    let below = |rest: &str| Ok::<_, Error>(Prefix::new(c.place.join(rest)?.as_str()));
    let listing = c.store.snapshot(&[below("b")?, below("a")?, below("a/b")?]).await?;
    let keys: Vec<_> = listing.entries.iter().filter_map(|e| c.place.strip(&e.key)).collect();
    same("a snapshot has every key once", &keys, &vec!["a/1", "a/b/2", "b/1"])?;
    let newest = listing.entries.iter().map(|entry| entry.revision).max();
    let known = newest.is_some_and(|revision| revision <= listing.revision);
    holds("no entry is newer than its snapshot", known, &listing)
}

async fn refusals(c: &Context<'_>) -> Outcome {
    for capability in [
        Capability::Write,
        Capability::Transact,
        Capability::ClientLifetime,
        Capability::TimeToLive,
        Capability::Watch,
    ] {
        match refusal(&*c.store, capability) {
            None => {}
            Some(Error::Unsupported { store, capability: named }) => {
                same("a refusal names store", &store, &c.store.name())?;
                same("a refusal names the capability", &named, &capability)?;
            }
            Some(other) => return Err(broken("a missing capability is refused", &other)),
        }
    }
    Ok(())
}

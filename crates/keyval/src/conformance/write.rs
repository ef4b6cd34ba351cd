//! Checks of writing and of transactions.

use std::time::Duration;

use futures::FutureExt;

use super::{Check, Context, Outcome, broken, holds, same};
use crate::entry::WatchEvent;
use crate::error::Error;
use crate::key::Prefix;
use crate::store::{Capability, PageRequest};
use crate::txn::{Condition, Txn, TxnOp};
use crate::watch::WatchRequest;

const WRITE: &[Capability] = &[Capability::Write];
const TRANSACT: &[Capability] = &[Capability::Transact];
const TTL: &[Capability] = &[Capability::TimeToLive, Capability::Watch];

pub(super) const CHECKS: &[Check] = &[
    Check { name: "delete", needs: WRITE, run: |c| delete(c).boxed() },
    Check { name: "delete-prefix", needs: WRITE, run: |c| delete_prefix(c).boxed() },
    Check { name: "atomic", needs: TRANSACT, run: |c| atomic(c).boxed() },
    Check { name: "conditions", needs: TRANSACT, run: |c| conditions(c).boxed() },
    Check { name: "duplicate", needs: TRANSACT, run: |c| duplicate(c).boxed() },
    Check { name: "swap", needs: TRANSACT, run: |c| swap(c).boxed() },
    Check {
        name: "client-lifetime",
        needs: &[Capability::ClientLifetime],
        run: |c| client_lifetime(c).boxed(),
    },
    Check { name: "time-to-live", needs: TTL, run: |c| time_to_live(c).boxed() },
];

async fn delete(c: &Context<'_>) -> Outcome {
    let key = c.key("a")?;
    c.set("a", 1).await?;
    same("removing tells what was there", &c.write()?.delete(&key).await?.count, &1)?;
    same("removing nothing is no error", &c.write()?.delete(&key).await?.count, &0)
}

async fn delete_prefix(c: &Context<'_>) -> Outcome {
    for rest in ["p/a", "p/b/c", "pq"] {
        c.set(rest, 1).await?;
    }
    let deleted = c.write()?.delete_prefix(&Prefix::new(c.key("p")?.as_str())).await?;
    same("all below the prefix is removed", &deleted.count, &2)?;
    let left = c.store.page(&c.place, PageRequest::first(10)).await?.entries;
    let left: Vec<_> = left.iter().filter_map(|entry| c.place.strip(&entry.key)).collect();
    same("and nothing beside it", &left, &vec!["pq"])
}

async fn atomic(c: &Context<'_>) -> Outcome {
    let (a, b, gone) = (c.key("a")?, c.key("b")?, c.key("gone")?);
    c.set("gone", 1).await?;
    let txn = (Txn::new().put(a.clone(), Context::value(1)).put(b.clone(), Context::value(2)))
        .delete(gone.clone());
    let outcome = c.transact()?.transact(txn).await?;
    holds("a transaction without condition succeeds", outcome.succeeded(), &outcome)?;
    let revision = |entry: Option<crate::Entry>| entry.map(|entry| entry.revision);
    let written = (revision(c.store.get(&a).await?), revision(c.store.get(&b).await?));
    let one = (Some(outcome.revision), Some(outcome.revision));
    same("a transaction has one revision", &written, &one)?;
    same("and removes too", &c.store.get(&gone).await?, &None)
}

async fn conditions(c: &Context<'_>) -> Outcome {
    let (a, none, mark) = (c.key("a")?, c.key("none")?, c.key("mark")?);
    c.set("a", 1).await?;
    let revision = (c.store.get(&a).await?)
        .map(|entry| entry.revision)
        .ok_or_else(|| broken("a written key exists", &a))?;
    let cases = [
        (Condition::Exists(a.clone()), true),
        (Condition::Exists(none.clone()), false),
        (Condition::Absent(none.clone()), true),
        (Condition::Absent(a.clone()), false),
        (Condition::ValueIs(a.clone(), Context::value(1)), true),
        (Condition::ValueIs(a.clone(), Context::value(2)), false),
        (Condition::ValueIs(none.clone(), Context::value(1)), false),
        (Condition::RevisionIs(a.clone(), revision), true),
        (Condition::RevisionIs(a.clone(), revision.next()), false),
    ];
    for (condition, wanted) in cases {
        let txn = (Txn::new().when(condition.clone()))
            .put(mark.clone(), Context::value(1))
            .or_else(TxnOp::Put(mark.clone(), Context::value(0)));
        let outcome = c.transact()?.transact(txn).await?;
        holds("a condition holds or not", outcome.succeeded() == wanted, &condition)?;
        let marked = c.store.get(&mark).await?.map(|entry| entry.value);
        let wanted = Some(Context::value(u32::from(wanted)));
        same("the branch of the condition is done", &marked, &wanted)?;
    }
    Ok(())
}

async fn duplicate(c: &Context<'_>) -> Outcome {
    let key = c.key("a")?;
    let txn = Txn::new().put(key.clone(), Context::value(1)).delete(key.clone());
    match c.transact()?.transact(txn).await {
        Err(Error::DuplicateKey { .. }) => {}
        other => return Err(broken("a key written twice is refused", &other)),
    }
    same("and nothing is done", &c.store.get(&key).await?, &None)
}

async fn swap(c: &Context<'_>) -> Outcome {
    let (key, store) = (c.key("a")?, c.transact()?);
    let value = Context::value;
    let first = store.put_if_absent(&key, value(1)).await?.succeeded();
    let second = store.put_if_absent(&key, value(2)).await?.succeeded();
    same("only the first of two puts it", &(first, second), &(true, false))?;
    let wrong = store.compare_and_swap(&key, value(2), value(3)).await?.succeeded();
    let right = store.compare_and_swap(&key, value(1), value(4)).await?.succeeded();
    same("the value must be the expected one", &(wrong, right), &(false, true))?;
    let wrong = store.compare_and_delete(&key, value(1)).await?.succeeded();
    let right = store.compare_and_delete(&key, value(4)).await?.succeeded();
    same("the value must be the expected one", &(wrong, right), &(false, true))?;
    same("and then it is gone", &c.store.get(&key).await?, &None)
}

async fn client_lifetime(c: &Context<'_>) -> Outcome {
    let key = c.key("a")?;
    c.store.as_client_lifetime()?.put_for_client(&key, Context::value(1)).await?;
    let read = c.store.get(&key).await?.map(|entry| entry.value);
    same("a bound value reads back", &read, &Some(Context::value(1)))?;
    same("and can be removed", &c.write()?.delete(&key).await?.count, &1)
}

async fn time_to_live(c: &Context<'_>) -> Outcome {
    let mut watch = c.watch()?.watch(WatchRequest::new([c.place.clone()]));
    match c.next(&mut watch).await? {
        WatchEvent::Snapshot(_) => {}
        other => return Err(broken("a watch begins with a snapshot", &other)),
    }
    let ttl = Duration::from_secs(1);
    c.store.as_time_to_live()?.put_with_ttl(&c.key("a")?, Context::value(1), ttl).await?;
    let put = c.change(&mut watch).await?;
    same("a write is told", &put.value, &Some(Context::value(1)))?;
    let gone = c.change(&mut watch).await?;
    same("the end of its time is told", &gone.value, &None)
}

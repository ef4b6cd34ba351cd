//! The conformance suite: what holds for every store, checked against a running one.
//!
//! A store's own tests make a [`Fixture`] and call [`run`]. Checks that need a capability the store
//! does not have are reported as skipped, together with the proof that asking for it is refused by
//! name.

mod read;
mod stream;
mod write;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;

use crate::entry::{Change, WatchEvent};
use crate::error::{Cause, Error};
use crate::key::{Prefix, StoreKey};
use crate::store::{Capability, Store, StoreHandle, Transact, Watch, Write};
use crate::watch::WatchStream;

/// A store to be checked, empty below `/conformance`, and the world around it.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// The store.
    fn store(&self) -> StoreHandle;

    /// Writes a key, or removes it, the way the users of the store do, and returns when the
    /// store shows it. Values are JSON objects.
    async fn set(&self, key: &StoreKey, value: Option<Bytes>) -> Result<(), Cause> {
        let store = self.store();
        let write = store.as_write()?;
        match value {
            Some(value) => write.put(key, value).await.map(drop)?,
            None => write.delete(key).await.map(drop)?,
        }
        Ok(())
    }
}

/// What was checked.
#[derive(Debug, Default)]
pub struct Report {
    /// Names of the checks that held.
    pub passed: Vec<&'static str>,
    /// Names of the checks that need what the store cannot do.
    pub skipped: Vec<(&'static str, Capability)>,
}

/// A check did not hold.
#[derive(Debug)]
pub struct Failure {
    /// Name of the check.
    pub check: &'static str,
    /// What was seen.
    pub violation: Violation,
}

/// What a check saw instead of what must hold.
#[derive(Debug)]
pub enum Violation {
    /// Something must hold and does not.
    Broken {
        /// What must hold.
        rule: &'static str,
        /// What was seen.
        seen: String,
    },
    /// A call failed that must succeed.
    Failed(Cause),
    /// Nothing came in time.
    Silent {
        /// What was waited for.
        awaited: &'static str,
    },
}

type Outcome = Result<(), Violation>;

// One check: what it is called, what it needs, what it does.
struct Check {
    name: &'static str,
    needs: &'static [Capability],
    run: for<'a> fn(&'a Context<'a>) -> BoxFuture<'a, Outcome>,
}

// A store and a place in it that belongs to one check alone.
struct Context<'a> {
    fixture: &'a dyn Fixture,
    store: StoreHandle,
    place: Prefix,
}

// How long a store may take for what must happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the suite.
///
/// # Errors
/// The first check that does not hold.
pub async fn run(fixture: &dyn Fixture) -> Result<Report, Failure> {
    let mut report = Report::default();
    for check in read::CHECKS.iter().chain(write::CHECKS).chain(stream::CHECKS) {
        let store = fixture.store();
        if let Some(missing) = check.needs.iter().find(|need| !has(&*store, **need)) {
            report.skipped.push((check.name, *missing));
            continue;
        }
        let place = Prefix::new(&format!("/conformance/{}", check.name));
        let context = Context { fixture, store, place };
        match (check.run)(&context).await {
            Ok(()) => report.passed.push(check.name),
            Err(violation) => return Err(Failure { check: check.name, violation }),
        }
    }
    Ok(report)
}

fn has(store: &dyn Store, capability: Capability) -> bool {
    refusal(store, capability).is_none()
}

// What asking for a capability says when it is refused.
fn refusal(store: &dyn Store, capability: Capability) -> Option<Error> {
    match capability {
        Capability::Write => store.as_write().err(),
        Capability::Transact => store.as_transact().err(),
        Capability::ClientLifetime => store.as_client_lifetime().err(),
        Capability::TimeToLive => store.as_time_to_live().err(),
        Capability::Watch => store.as_watch().err(),
    }
}

// === impl Context ===

impl Context<'_> {
    fn key(&self, rest: &str) -> Result<StoreKey, Violation> {
        Ok(self.place.join(rest)?)
    }

    fn value(number: u32) -> Bytes {
        Bytes::from(format!("{{\"n\":{number}}}"))
    }

    async fn set(&self, rest: &str, number: u32) -> Outcome {
        let key = self.key(rest)?;
        self.fixture.set(&key, Some(Self::value(number))).await.map_err(Violation::Failed)
    }

    async fn unset(&self, rest: &str) -> Outcome {
        self.fixture.set(&self.key(rest)?, None).await.map_err(Violation::Failed)
    }

    fn write(&self) -> Result<&dyn Write, Violation> {
        Ok(self.store.as_write()?)
    }

    fn transact(&self) -> Result<&dyn Transact, Violation> {
        Ok(self.store.as_transact()?)
    }

    fn watch(&self) -> Result<&dyn Watch, Violation> {
        Ok(self.store.as_watch()?)
    }

    async fn next(&self, watch: &mut WatchStream) -> Result<WatchEvent, Violation> {
        match tokio::time::timeout(PATIENCE, watch.recv()).await {
            Ok(Some(event)) => Ok(event),
            Ok(None) => Err(Violation::Silent { awaited: "a watch that goes on" }),
            Err(_) => Err(Violation::Silent { awaited: "an event" }),
        }
    }

    // The next event must tell of one change.
    async fn change(&self, watch: &mut WatchStream) -> Result<Change, Violation> {
        match self.next(watch).await? {
            WatchEvent::Changes(mut changes) if changes.changes.len() == 1 => {
                Ok(changes.changes.remove(0))
            }
            other => Err(broken("one change comes as one event", &other)),
        }
    }
}

fn broken(rule: &'static str, seen: &impl fmt::Debug) -> Violation {
    Violation::Broken { rule, seen: format!("{seen:?}") }
}

// Checks that two things are equal.
fn same<T: PartialEq + fmt::Debug>(rule: &'static str, seen: &T, wanted: &T) -> Outcome {
    if seen == wanted { Ok(()) } else { Err(broken(rule, &(seen, "instead of", wanted))) }
}

fn holds(rule: &'static str, condition: bool, seen: &impl fmt::Debug) -> Outcome {
    if condition { Ok(()) } else { Err(broken(rule, seen)) }
}

impl From<Error> for Violation {
    fn from(error: Error) -> Self {
        Self::Failed(error.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.violation {
            Violation::Broken { rule, seen } => write!(f, "{}: {rule}: {seen}", self.check),
            Violation::Failed(cause) => write!(f, "{}: a call failed: {cause}", self.check),
            Violation::Silent { awaited } => write!(f, "{}: waited for {awaited}", self.check),
        }
    }
}

impl std::error::Error for Failure {}

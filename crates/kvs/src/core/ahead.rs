//! Asking descriptors about the values of a large statement on another processor, while the owner of
//! the state takes those before them in.
//!
//! What a descriptor says of a value depends on the value alone, so it does not matter who asks, or
//! when. The owner never waits: what has not been asked when it gets there it asks itself.

use std::{
    sync::{
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    },
    vec,
};

use ligato_kvs_api::ValueChange;

use crate::{
    catalog::Catalog,
    core::intake::{Description, describe},
};

/// Below this it is not worth a thread.
pub(crate) const WORTH_IT: usize = 4096;
/// So many values are asked about and handed over together.
const PART: usize = 64;
/// So many parts may be ready before the owner gets there.
const READY: usize = 64;

type Part = (usize, Vec<Option<Description>>);

/// The one who asks ahead.
pub(crate) struct Asker<'c> {
    changes: &'c [ValueChange],
    catalog: &'c Catalog,
    /// The part the owner is at.
    at: &'c AtomicUsize,
    ready: SyncSender<Part>,
}

/// What the owner has of it.
pub(crate) struct Answers<'c> {
    at: &'c AtomicUsize,
    ready: Receiver<Part>,
    /// One that is for later.
    later: Option<Part>,
    /// What is left of the part the owner is at.
    part: vec::IntoIter<Option<Description>>,
}

/// Two ends of one conversation; `at` belongs to both.
pub(crate) fn conversation<'c>(
    changes: &'c [ValueChange],
    catalog: &'c Catalog,
    at: &'c AtomicUsize,
) -> (Asker<'c>, Answers<'c>) {
    let (sender, receiver) = sync_channel(READY);
    let asker = Asker { changes, catalog, at, ready: sender };
    (asker, Answers { at, ready: receiver, later: None, part: Vec::new().into_iter() })
}

// === impl Asker ===

impl Asker<'_> {
    /// Asks until everything is asked or nobody listens any more.
    pub(crate) fn run(self) {
        for (number, changes) in self.changes.chunks(PART).enumerate() {
            if number <= self.at.load(Relaxed) {
                // The owner is there already.
                continue;
            }
            let asked = changes.iter().map(|change| self.ask(change)).collect();
            if self.ready.send((number, asked)).is_err() {
                return;
            }
        }
    }

    fn ask(&self, change: &ValueChange) -> Option<Description> {
        let value = change.value.as_ref()?;
        let descriptor = self.catalog.get(self.catalog.owner(&change.key)?)?;
        Some(describe(&**descriptor, &change.key, value))
    }
}

// === impl Answers ===

impl Answers<'_> {
    /// What is known of the change at this place; they are asked for one after the other.
    pub(crate) fn next(&mut self, place: usize) -> Option<Description> {
        if place.is_multiple_of(PART) {
            self.part = self.part(place / PART).unwrap_or_default().into_iter();
        }
        self.part.next().flatten()
    }

    fn part(&mut self, number: usize) -> Option<Vec<Option<Description>>> {
        self.at.store(number, Relaxed);
        loop {
            let (found, part) = match self.later.take() {
                Some(part) => part,
                None => match self.ready.try_recv() {
                    Ok(part) => part,
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => return None,
                },
            };
            match found.cmp(&number) {
                // The owner did not wait for it.
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => return Some(part),
                std::cmp::Ordering::Greater => {
                    self.later = Some((found, part));
                    return None;
                }
            }
        }
    }
}

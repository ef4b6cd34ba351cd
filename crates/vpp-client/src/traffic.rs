//! What a client has sent and got, in numbers.

use std::any::TypeId;
use std::time::Duration;

use ligato_vpp_api::Message;
use rustc_hash::FxHashMap;

/// Counters of a client, from its start; those of all its connections together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections made.
    pub connections: u64,
    /// Requests put into the output.
    pub requests: u64,
    /// Requests whose last answer came, whatever it said.
    pub done: u64,
    /// Requests that ended without their last answer: too late, too large, or with the connection.
    pub failed: u64,
    /// Messages received in answer to requests, also those that came too late.
    pub answers: u64,
}

/// Counters of the requests of one name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageTraffic {
    /// Name of the request.
    pub message: &'static str,
    /// Requests put into the output.
    pub requests: u64,
    /// Requests whose last answer came, whatever it said.
    pub done: u64,
    /// Requests that ended without their last answer.
    pub failed: u64,
    /// Messages received in answer to them.
    pub answers: u64,
    /// Time from the output to the last answer, of all that are done.
    pub total: Duration,
    /// The shortest of these times.
    pub min: Duration,
    /// The longest of them.
    pub max: Duration,
    /// Answers that were refusals, by VPP's name of the error.
    pub refused: Vec<(&'static str, u64)>,
}

/// Counters by name of the request.
#[derive(Debug, Default)]
pub(crate) struct ByMessage {
    rows: Vec<MessageTraffic>,
    places: FxHashMap<TypeId, u32>,
}

// === impl ByMessage ===

impl ByMessage {
    /// Counts a request; gives the place of its row.
    pub(crate) fn sent<M: Message>(&mut self) -> u32 {
        let rows = &mut self.rows;
        let place = *self.places.entry(TypeId::of::<M>()).or_insert_with(|| {
            rows.push(MessageTraffic { message: M::NAME, ..MessageTraffic::default() });
            u32::try_from(rows.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(row) = self.row(place) {
            row.requests += 1;
        }
        place
    }

    pub(crate) fn row(&mut self, place: u32) -> Option<&mut MessageTraffic> {
        self.rows.get_mut(place as usize)
    }

    /// The last answer came after this time.
    pub(crate) fn done(&mut self, place: u32, took: Duration) {
        let Some(row) = self.row(place) else { return };
        row.min = if row.done == 0 { took } else { row.min.min(took) };
        row.done += 1;
        row.total += took;
        row.max = row.max.max(took);
    }

    /// VPP refused a request of this name.
    pub(crate) fn refused(&mut self, message: &'static str, error: &'static str) {
        let Some(row) = self.rows.iter_mut().find(|row| row.message == message) else { return };
        match row.refused.iter_mut().find(|(name, _)| *name == error) {
            Some((_, count)) => *count += 1,
            None => row.refused.push((error, 1)),
        }
    }

    /// All rows, ordered by name.
    pub(crate) fn all(&self) -> Vec<MessageTraffic> {
        let mut rows = self.rows.clone();
        rows.sort_by_key(|row| row.message);
        rows
    }
}

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

/// Upper bounds of classes of durations, in seconds: half a millisecond, and each time twice as much.
pub const TOOK_BOUNDS: [f64; 13] =
    [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048];

/// What answers requests of one name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answers {
    /// Name of the message that comes any number of times before the last one, if there is such a message.
    pub details: Option<&'static str>,
    /// Name of the last one.
    pub last: &'static str,
}

/// Counters of the requests of one name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageTraffic {
    /// Name of the request.
    pub message: &'static str,
    /// Names of what answers it.
    pub names: Answers,
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
    /// How many of them are at most as long as each of [`TOOK_BOUNDS`] and longer than the one before it; then the rest.
    pub took: [u64; TOOK_BOUNDS.len() + 1],
    /// Answers that were refusals, by VPP's name of the error.
    pub refused: Vec<(&'static str, u64)>,
}

/// Counters by name of the request.
#[derive(Debug, Default)]
pub(crate) struct ByMessage {
    rows: Vec<MessageTraffic>,
    places: FxHashMap<TypeId, u32>,
}

// === impl MessageTraffic ===

impl MessageTraffic {
    /// Messages received in answer, by their names.
    pub fn replies(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let Answers { details, last } = self.names;
        let lasts = if details.is_some() { self.done } else { self.answers };
        let details = details.map(|details| (details, self.answers.saturating_sub(lasts)));
        details.into_iter().chain([(last, lasts)]).filter(|(_, count)| *count > 0)
    }
}

// === impl ByMessage ===

impl ByMessage {
    /// Counts a request; gives the place of its row.
    pub(crate) fn sent<M: Message>(&mut self, names: Answers) -> u32 {
        let rows = &mut self.rows;
        let place = *self.places.entry(TypeId::of::<M>()).or_insert_with(|| {
            rows.push(MessageTraffic { message: M::NAME, names, ..MessageTraffic::default() });
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
        if let Some(count) = row.took.get_mut(class(took)) {
            *count += 1;
        }
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

/// The place of a duration in [`MessageTraffic::took`].
fn class(took: Duration) -> usize {
    // So many times half a millisecond, the last one perhaps not whole.
    let halves = took.as_micros().div_ceil(500).max(1);
    let doublings = (halves - 1).checked_ilog2().map_or(0, |log| log as usize + 1);
    doublings.min(TOOK_BOUNDS.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_in_the_class_of_the_bound_they_reach() {
        let micros = Duration::from_micros;
        assert_eq!([0, 1, 500, 501, 1000, 1001].map(|n| class(micros(n))), [0, 0, 0, 1, 1, 2]);
        for (place, bound) in TOOK_BOUNDS.iter().enumerate() {
            let bound = Duration::from_secs_f64(*bound);
            assert_eq!(class(bound), place);
            assert_eq!(class(bound + micros(1)), place + 1);
        }
        assert_eq!(class(Duration::MAX), TOOK_BOUNDS.len());
    }

    #[test]
    fn answers_are_counted_by_their_names() {
        let call = Answers { details: None, last: "x_reply" };
        let dump = Answers { details: Some("x_details"), last: "control_ping_reply" };
        let row =
            |names| MessageTraffic { names, answers: 5, done: 2, ..MessageTraffic::default() };
        assert_eq!(row(call).replies().collect::<Vec<_>>(), [("x_reply", 5)]);
        let both = [("x_details", 3), ("control_ping_reply", 2)];
        assert_eq!(row(dump).replies().collect::<Vec<_>>(), both);
    }
}

//! Planned retries: what failed is tried again later, less and less often, not for ever.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ligato_kvs_api::{RetryPolicy, TxnSeq};
use ligato_model::Key;
use rustc_hash::FxHashMap;

use crate::node::DescriptorId;

/// All planned retries, in order of time. Values that failed together are retried together.
#[derive(Debug, Default)]
pub(crate) struct Retries {
    planned: BTreeMap<(Duration, TxnSeq, u32), Vec<Again>>,
}

/// How many retries are planned for each second, by descriptor: a southbound that refuses many values
/// at once is not stormed by all of them again at once.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    /// By descriptor and second.
    taken: BTreeMap<(u64, DescriptorId), u32>,
    /// By descriptor: the last second asked for, and the first one from there that had room.
    room: FxHashMap<DescriptorId, (u64, u64)>,
}

/// A base value to be tried again.
#[derive(Debug, Clone)]
pub(crate) struct Again {
    pub(crate) key: Key,
    /// By which it is; what is to go has no other place for it.
    pub(crate) policy: Arc<RetryPolicy>,
}

/// A retry whose time has come.
#[derive(Debug, Clone)]
pub(crate) struct DueRetry {
    /// The transaction it is for.
    pub(crate) of: TxnSeq,
    pub(crate) attempt: u32,
    /// In key order.
    pub(crate) values: Vec<Again>,
}

/// What the current transaction knows about earlier attempts: for a retry, the transaction it is
/// for, the attempt, and by which policy it was planned.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attempts(pub(crate) FxHashMap<Key, (TxnSeq, u32, Arc<RetryPolicy>)>);

// === impl Retries ===

impl Retries {
    pub(crate) fn plan(&mut self, due: Duration, of: TxnSeq, attempt: u32, again: Again) {
        self.planned.entry((due, of, attempt)).or_default().push(again);
    }

    /// When the next one is due.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.planned.keys().next().map(|(due, _, _)| *due)
    }

    /// Is this planned?
    pub(crate) fn contains(&self, due: Duration, attempt: u32, key: &Key) -> bool {
        self.planned.iter().any(|((at, _, n), all)| {
            (*at, *n) == (due, attempt) && all.iter().any(|a| a.key == *key)
        })
    }

    pub(crate) fn take_due(&mut self, now: Duration) -> Option<DueRetry> {
        let entry = self.planned.first_entry().filter(|e| e.key().0 <= now)?;
        let ((_, of, attempt), mut values) = entry.remove_entry();
        values.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Some(DueRetry { of, attempt, values })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.planned.is_empty()
    }
}

// === impl Budget ===

impl Budget {
    /// When a retry that is due then may be done; `limit` per second, 0 for no limit.
    pub(crate) fn grant(
        &mut self,
        of: DescriptorId,
        limit: u32,
        now: Duration,
        due: Duration,
    ) -> Duration {
        if limit == 0 {
            return due;
        }
        self.taken = self.taken.split_off(&(now.as_secs(), 0));
        let asked = due.as_secs();
        // Values that fail together ask for the same second.
        let mut second = match self.room.get(&of) {
            Some((before, room)) if *before == asked => *room,
            _ => asked,
        };
        while self.taken.get(&(second, of)).is_some_and(|n| *n >= limit) {
            second += 1;
        }
        *self.taken.entry((second, of)).or_default() += 1;
        self.room.insert(of, (asked, second));
        due + Duration::from_secs(second - asked)
    }
}

impl Attempts {
    /// The transaction a retry after this failure would be for, and its attempt.
    pub(crate) fn next(&self, base: &Key, now: TxnSeq) -> (TxnSeq, u32) {
        self.0.get(base).map_or((now, 1), |(of, attempt, _)| (*of, attempt + 1))
    }

    /// The policy by which the base value is tried again now.
    pub(crate) fn policy(&self, base: &Key) -> Option<&Arc<RetryPolicy>> {
        self.0.get(base).map(|(_, _, policy)| policy)
    }
}

/// The delay before an attempt (from 1), or `None` when it is time to give up. `random` is from 0
/// to 1 and spreads the delay by `jitter` of it.
pub(crate) fn delay(
    policy: &RetryPolicy,
    attempt: u32,
    jitter: f64,
    random: f64,
) -> Option<Duration> {
    if policy.max_count != 0 && attempt > policy.max_count {
        return None;
    }
    let doublings = if policy.exponential { attempt.saturating_sub(1).min(32) } else { 0 };
    let capped = policy
        .period
        .checked_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX))
        .unwrap_or(Duration::MAX)
        .min(policy.max_delay.max(policy.period));
    Some(capped + capped.min(Duration::from_secs(3600)).mul_f64(jitter.clamp(0.0, 1.0) * random))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(max_count: u32, exponential: bool) -> RetryPolicy {
        let (period, max_delay) = (Duration::from_millis(100), Duration::from_millis(500));
        RetryPolicy { period, max_count, exponential, max_delay }
    }

    #[test]
    fn delays_double_up_to_the_cap_and_end() {
        let ms = |attempt| delay(&policy(5, true), attempt, 0.0, 0.0).map(|d| d.as_millis());
        assert_eq!(
            (1..=6).map(ms).collect::<Vec<_>>(),
            [Some(100), Some(200), Some(400), Some(500), Some(500), None]
        );
        assert_eq!(
            delay(&policy(0, true), 1_000_000, 0.0, 0.0),
            Some(Duration::from_millis(500)),
            "no limit on attempts, no overflow"
        );
        let jittered = delay(&policy(0, false), 1, 0.5, 1.0);
        assert_eq!(jittered, Some(Duration::from_millis(150)));
    }

    #[test]
    fn a_budget_spreads_what_failed_at_once() {
        let mut budget = Budget::default();
        let (now, due) = (Duration::from_millis(10_200), Duration::from_millis(11_200));
        let granted: Vec<u128> = (0..7).map(|_| budget.grant(1, 3, now, due).as_millis()).collect();
        assert_eq!(granted, [11_200, 11_200, 11_200, 12_200, 12_200, 12_200, 13_200]);
        assert_eq!(budget.grant(2, 3, now, due), due, "each descriptor has its own");
        let later = Duration::from_millis(12_900);
        assert_eq!(budget.grant(1, 3, now, later).as_millis(), 13_900);
        assert_eq!(budget.grant(1, 0, now, due), due);
        let next_day = Duration::from_secs(86_400);
        assert_eq!(budget.grant(1, 3, next_day, next_day), next_day);
        assert_eq!(budget.taken.len(), 1, "what is past is forgotten");
    }

    #[test]
    fn values_that_failed_together_are_retried_together() {
        let mut retries = Retries::default();
        let at = Duration::from_millis;
        let again = |key: &str| Again { key: key.into(), policy: Arc::new(policy(3, false)) };
        let keys = |due: DueRetry| -> Vec<Key> { due.values.into_iter().map(|a| a.key).collect() };
        retries.plan(at(100), TxnSeq(1), 1, again("b"));
        retries.plan(at(100), TxnSeq(1), 1, again("a"));
        retries.plan(at(50), TxnSeq(2), 1, again("c"));
        assert_eq!(retries.next_due(), Some(at(50)));
        assert!(retries.take_due(at(49)).is_none());
        assert_eq!(keys(retries.take_due(at(60)).unwrap()), ["c"]);
        assert!(retries.take_due(at(60)).is_none());
        assert_eq!(keys(retries.take_due(at(100)).unwrap()), ["a", "b"]);
        assert!(retries.is_empty());
    }
}

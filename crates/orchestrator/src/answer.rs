//! Answering a request when its transaction is over, or when the caller has waited long enough.

use futures::FutureExt;
use futures::future::Either;
use ligato_infra::clock::SharedClock;
use ligato_kvs_api::{Acknowledgement, BaseValueStatus, SourceId, TxnOutcome, TxnReport};
use ligato_model::Key;
use tokio::sync::{mpsc, oneshot};

use crate::change::{KeyResult, PushOptions, PushOutcome, PushResult};
use crate::desired::Undo;
use crate::input::Input;

/// Statuses that are looked at one by one before the next one is searched for.
const NEAR: usize = 8;

/// Whom to answer, about what.
pub(crate) struct Answer {
    pub(crate) keys: Vec<KeyResult>,
    pub(crate) options: PushOptions,
    // None when it was answered.
    reply: Option<oneshot::Sender<PushResult>>,
}

/// An answer whose transaction is over.
pub(crate) struct Ended {
    pub(crate) answer: Answer,
    pub(crate) report: TxnReport,
}

/// An answer that depends on a transaction.
pub(crate) struct Waiter {
    pub(crate) answer: Answer,
    pub(crate) undo: Undo,
}

// === impl Answer ===

impl Answer {
    pub(crate) fn new(
        keys: Vec<KeyResult>,
        options: PushOptions,
        reply: oneshot::Sender<PushResult>,
    ) -> Self {
        Self { keys, options, reply: Some(reply) }
    }

    /// Answers a caller who waits for no more than acceptance.
    pub(crate) fn accepted(&mut self) {
        if self.options.ack == Acknowledgement::Accepted {
            let keys = self.keys.clone();
            self.send(PushOutcome::Accepted, keys);
        }
    }

    /// Answers when there is nothing for the scheduler to do.
    pub(crate) fn without_transaction(mut self, outcome: PushOutcome) {
        let keys = std::mem::take(&mut self.keys);
        self.send(outcome, keys);
    }

    fn report(&mut self, report: &TxnReport) {
        let Some(reply) = self.reply.take() else { return };
        let mut keys = std::mem::take(&mut self.keys);
        // Both are in key order, but one may be much longer than the other.
        let mut statuses: &[BaseValueStatus] = &report.statuses;
        for result in &mut keys {
            let near = statuses.iter().take(NEAR).position(|s| s.value.key >= result.key);
            let at = near.unwrap_or_else(|| {
                statuses.partition_point(|status| status.value.key < result.key)
            });
            statuses = statuses.get(at..).unwrap_or_default();
            result.status = statuses.first().filter(|s| s.value.key == result.key).cloned();
        }
        let (seq, errors) = (report.seq, report.errors.clone());
        let outcome = outcome(&report.outcome);
        // Whoever does not wait any more does not need the answer; so here and below.
        let _ = reply.send(PushResult { seq, outcome, keys, errors });
    }

    fn send(&mut self, outcome: PushOutcome, keys: Vec<KeyResult>) {
        if let Some(reply) = self.reply.take() {
            let _ = reply.send(PushResult { seq: None, outcome, keys, errors: Vec::new() });
        }
    }
}

fn outcome(outcome: &TxnOutcome) -> PushOutcome {
    match outcome {
        TxnOutcome::Done => PushOutcome::Done,
        TxnOutcome::Partial => PushOutcome::Partial,
        TxnOutcome::Undone => PushOutcome::Undone,
        TxnOutcome::UndoFailed(keys) => PushOutcome::UndoFailed(keys.clone()),
        TxnOutcome::Refused(why) => PushOutcome::RefusedByScheduler(why.clone()),
    }
}

// === impl Ended ===

impl Ended {
    /// Answers whoever still waits.
    pub(crate) fn answer(self) {
        let Self { mut answer, report } = self;
        answer.report(&report);
    }
}

// === impl Waiter ===

impl Waiter {
    /// Answers when `report` is there; tells the owner when the scheduler did not do it.
    pub(crate) fn wait(
        self,
        report: impl Future<Output = TxnReport> + Send + 'static,
        clock: SharedClock,
        inputs: mpsc::WeakUnboundedSender<Input>,
    ) {
        let Self { mut answer, undo } = self;
        answer.accepted();
        tokio::spawn(async move {
            let report = report.boxed();
            let over = match answer.options.deadline {
                Some(deadline) => clock.sleep(deadline),
                None => futures::future::pending().boxed(),
            };
            let report = match futures::future::select(report, over).await {
                Either::Left((report, _)) => report,
                Either::Right(((), report)) => {
                    let keys = std::mem::take(&mut answer.keys);
                    answer.send(PushOutcome::DeadlinePassed, keys);
                    report.await
                }
            };
            let undone = matches!(report.outcome, TxnOutcome::Undone | TxnOutcome::Refused(_));
            let ended = Ended { answer, report };
            if undone {
                take_back(undo, ended, &inputs);
            } else {
                ended.answer();
            }
        });
    }
}

// The owner answers when it is done. Without an owner there is no state to take anything back from.
fn take_back(undo: Undo, ended: Ended, inputs: &mpsc::WeakUnboundedSender<Input>) {
    let input = Input::TakeBack { undo, ended };
    let left = match inputs.upgrade() {
        Some(inputs) => inputs.send(input).err().map(|unsent| unsent.0),
        None => Some(input),
    };
    if let Some(Input::TakeBack { ended, .. }) = left {
        ended.answer();
    }
}

// === impl KeyResult ===

impl KeyResult {
    /// Nothing is known of the key so far.
    pub(crate) fn of(key: Key) -> Self {
        Self { key, rejected: None, decided_by: None::<SourceId>, status: None }
    }
}

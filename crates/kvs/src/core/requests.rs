//! The queue: what waits for its turn, and in which order it comes.

use std::time::Duration;

use ligato_kvs_api::{
    ResyncKind, Statuses, Transaction, TxnKind, TxnOutcome, TxnPriority, TxnReport,
};

use crate::core::{Core, Effect, Input, Request, Token};

impl Core {
    pub(crate) fn enqueue(&mut self, input: Input) {
        let since = self.now.mono;
        let request = match input {
            Input::Commit { txn, waited, token } => match refusal(&txn) {
                Some(why) => return self.refuse(Some(token), why),
                None => Request::Northbound { txn, waited, since, token: Some(token) },
            },
            Input::Plan { txn, token } => Request::Plan { txn, token },
            Input::Notify(batch) => Request::Notify(batch),
            Input::Register { new, token } => return self.register(&new, token),
            Input::Unregister { name, mode, token } => match self.catalog.by_name(&name) {
                Some(descriptor) => Request::Unregister { descriptor, mode, token },
                None => {
                    return self.effects.push_back(Effect::Unregistered { token, report: None });
                }
            },
            Input::Audit { token } => Request::Audit { token },
            Input::Quiescent { token } => return self.quiet.push(token),
            _ => return,
        };
        if self.closed.is_some() {
            return self.refuse_request(&request);
        }
        self.queue.push_back(request);
    }

    /// Its caller does not wait for it any more.
    pub(crate) fn is_late(&self, request: &Request) -> bool {
        let Request::Northbound { txn, .. } = request else { return false };
        let waited = request.waited(self.now.mono).unwrap_or_default();
        txn.options.deadline.is_some_and(|deadline| waited > deadline)
    }

    /// The most urgent request, first come first served within a class.
    pub(crate) fn next_request(&mut self) -> Option<Request> {
        let mut best: Option<(TxnPriority, usize)> = None;
        for (at, request) in self.queue.iter().enumerate() {
            let class = request.class();
            if best.is_none_or(|(urgent, _)| class < urgent) {
                best = Some((class, at));
            }
            if class == TxnPriority::Northbound {
                break;
            }
        }
        self.queue.remove(best?.1)
    }

    pub(crate) fn take_due_retries(&mut self) {
        while let Some(due) = self.retries.take_due(self.now.mono) {
            self.queue.push_back(Request::Retry(due));
        }
    }

    pub(crate) fn refuse(&mut self, token: Option<Token>, why: String) {
        self.stats.refused.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let Some(token) = token else { return };
        let report = TxnReport {
            seq: None,
            revision: self.published.revision,
            outcome: TxnOutcome::Refused(why),
            errors: Vec::new(),
            statuses: Statuses::default(),
        };
        self.effects.push_back(Effect::Report { token, report: Box::new(report) });
    }

    pub(crate) fn close(&mut self, token: Token) {
        self.closed = Some(token);
        for request in std::mem::take(&mut self.queue) {
            self.refuse_request(&request);
        }
    }

    fn refuse_request(&mut self, request: &Request) {
        match request {
            Request::Northbound { token, .. } => {
                self.refuse(*token, "scheduler was closed".to_owned());
            }
            Request::Plan { token, .. } => {
                let plan = Box::new(Err(ligato_kvs_api::PlanError::Closed));
                self.effects.push_back(Effect::Planned { token: *token, plan });
            }
            Request::Unregister { token, .. } => {
                self.effects.push_back(Effect::Unregistered { token: *token, report: None });
            }
            Request::Audit { token } => self.answer_audit(*token),
            Request::Notify(_)
            | Request::Retry(_)
            | Request::Deferred { .. }
            | Request::Implemented { .. } => {}
        }
    }
}

impl Request {
    fn class(&self) -> TxnPriority {
        match self {
            Self::Northbound { txn, .. } => txn.options.priority,
            Self::Plan { .. } | Self::Unregister { .. } | Self::Deferred { .. } => {
                TxnPriority::Northbound
            }
            Self::Notify(_) | Self::Implemented { .. } => TxnPriority::Notification,
            Self::Retry(_) => TxnPriority::Retry,
            Self::Audit { .. } => TxnPriority::Audit,
        }
    }

    /// The same once more, for requests that may have to be begun again.
    pub(crate) fn copy(&self) -> Option<Self> {
        Some(match self {
            Self::Northbound { txn, waited, since, token } => {
                Self::Northbound { txn: txn.clone(), waited: *waited, since: *since, token: *token }
            }
            Self::Notify(batch) => Self::Notify(batch.clone()),
            Self::Retry(due) => Self::Retry(due.clone()),
            Self::Deferred { .. }
            | Self::Plan { .. }
            | Self::Audit { .. }
            | Self::Implemented { .. }
            | Self::Unregister { .. } => return None,
        })
    }

    /// Is it a retry of this value among others?
    pub(crate) fn is_retry_of(&self, key: &ligato_model::Key) -> bool {
        matches!(self, Self::Retry(due) if due.values.iter().any(|again| again.key == *key))
    }

    /// How long it has waited, as far as known.
    pub(crate) fn waited(&self, now: Duration) -> Option<Duration> {
        match self {
            Self::Northbound { waited, since, .. } => Some(*waited + now.saturating_sub(*since)),
            _ => None,
        }
    }
}

/// Requests that contradict themselves.
pub(super) fn refusal(txn: &Transaction) -> Option<String> {
    let TxnKind::Resync(kind) = &txn.kind else { return None };
    let leaves_desired = matches!(kind, ResyncKind::Downstream(_) | ResyncKind::ReadBack(_));
    if leaves_desired && !txn.changes.is_empty() {
        return Some("downstream resync combined with data changes in one transaction".to_owned());
    }
    None
}

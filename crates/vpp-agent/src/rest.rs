//! The REST API's view of the desired configuration: source `grpc` of the orchestrator, as in the original.

use async_trait::async_trait;
use ligato_kvs_api::{Plan, PlanError, Revision, TxnOutcome, TxnReport};
use ligato_model::{Key, Value};
use ligato_nb_rest::{Configuration, Mode, PushError};
use ligato_orchestrator::{
    Change, Delivery, DeliveryKind, InvalidPolicy, ListFilter, OrchestratorHandle, PushOptions,
    PushOutcome, ResyncDepth, names,
};

/// Configuration by REST.
pub(crate) struct RestSource {
    orchestrator: OrchestratorHandle,
}

// === impl RestSource ===

impl RestSource {
    pub(crate) fn new(orchestrator: OrchestratorHandle) -> Self {
        Self { orchestrator }
    }
}

/// What a push brings, and in the case of a replacement what it takes away.
fn puts(values: Vec<(Key, Value)>) -> Vec<Change> {
    values.into_iter().map(|(key, value)| Change::put(key, value)).collect()
}

#[async_trait]
impl Configuration for RestSource {
    async fn desired(&self) -> Vec<(Key, Value)> {
        let items = self.orchestrator.list(&ListFilter::default());
        items.into_iter().map(|item| (item.key, item.value)).collect()
    }

    async fn push(&self, mode: Mode, values: Vec<(Key, Value)>) -> Result<TxnReport, PushError> {
        let kind = match mode {
            Mode::Merge => DeliveryKind::Changes,
            Mode::Replace => DeliveryKind::Snapshot(ResyncDepth::Full),
        };
        let delivery = Delivery { kind, changes: puts(values), rejected: Vec::new() };
        let options = PushOptions {
            retry: None,
            on_invalid: InvalidPolicy::RefuseAll,
            ..PushOptions::default().described("REST")
        };
        let result = self
            .orchestrator
            .deliver(names::GRPC, delivery, options)
            .await
            .map_err(|closed| PushError::Closed(closed.to_string()))?;
        let text = || result.error_text().unwrap_or_default();
        let outcome = match &result.outcome {
            PushOutcome::RefusedInvalid => return Err(PushError::Refused(text())),
            PushOutcome::NotKept(why) => return Err(PushError::Closed(why.clone())),
            PushOutcome::RefusedByScheduler(_) => TxnOutcome::Refused(text()),
            PushOutcome::Accepted | PushOutcome::Done | PushOutcome::DeadlinePassed => {
                TxnOutcome::Done
            }
            PushOutcome::Partial => TxnOutcome::Partial,
            PushOutcome::Undone => TxnOutcome::Undone,
            PushOutcome::UndoFailed(keys) => TxnOutcome::UndoFailed(keys.clone()),
        };
        let statuses = result.keys.into_iter().filter_map(|key| key.status).collect();
        let (seq, errors, revision) = (result.seq, result.errors, Revision::default());
        Ok(TxnReport { seq, revision, outcome, errors, statuses })
    }

    async fn plan(&self, mode: Mode, values: Vec<(Key, Value)>) -> Result<Plan, PlanError> {
        let mut changes = puts(values);
        if mode == Mode::Replace {
            let own = ListFilter { source: Some(names::GRPC.into()), ..ListFilter::default() };
            let gone = self.orchestrator.list(&own).into_iter().map(|item| item.key);
            let kept: std::collections::HashSet<Key> =
                changes.iter().map(|change| change.key.clone()).collect();
            changes.extend(gone.filter(|key| !kept.contains(key)).map(Change::delete));
        }
        self.orchestrator.plan(names::GRPC, changes).await
    }
}

//! What the orchestrator needs of the scheduler.

use futures::FutureExt;
use futures::future::BoxFuture;
use ligato_kvs::Scheduler;
use ligato_kvs_api::{Plan, PlanError, Transaction, TxnReport};

/// Carries transactions out, in the order in which they are submitted.
pub trait Engine: Send + Sync + 'static {
    /// Queues a transaction at once; the future gives its report. Dropping it changes nothing.
    fn submit(&self, txn: Transaction) -> BoxFuture<'static, TxnReport>;

    /// What a transaction would do now.
    fn plan(&self, txn: Transaction) -> BoxFuture<'static, Result<Plan, PlanError>>;
}

impl Engine for Scheduler {
    fn submit(&self, txn: Transaction) -> BoxFuture<'static, TxnReport> {
        Self::submit(self, txn).boxed()
    }

    fn plan(&self, txn: Transaction) -> BoxFuture<'static, Result<Plan, PlanError>> {
        let scheduler = self.clone();
        async move { scheduler.plan(txn).await }.boxed()
    }
}

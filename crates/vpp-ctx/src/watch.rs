//! What one family of kinds wants to hear from VPP without asking.

use std::sync::Arc;

use futures::future::BoxFuture;
use ligato_kvs_api::NotificationSink;

use crate::VppCtx;

/// Turns events of VPP into notifications for the scheduler.
pub trait Watcher: Send + Sync {
    /// Runs until it is dropped.
    fn watch(&self, ctx: Arc<VppCtx>, sink: NotificationSink) -> BoxFuture<'static, ()>;
}

//! What watchers report.

use std::sync::Arc;
use std::time::Duration;

use ligato_kvs_api::{Availability, Notification, NotificationSink, Southbound};
use ligato_vpp_ctx::VppCtx;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What the watch of a context reports.
pub(crate) struct Watch {
    reports: mpsc::UnboundedReceiver<String>,
    _stop: DropGuard,
}

impl Watch {
    pub(crate) fn start(ctx: &Arc<VppCtx>) -> Self {
        let (sender, reports) = mpsc::unbounded_channel();
        let sink = NotificationSink::new(move |batch| {
            for notification in batch {
                let _ = sender.send(describe(&notification));
            }
        });
        let cancel = CancellationToken::new();
        tokio::spawn(ctx.clone().watch(sink, cancel.clone()));
        Self { reports, _stop: cancel.drop_guard() }
    }

    /// Waits until all of these were reported, in this order; others may come in between. All that was reported.
    pub(crate) async fn expect(&mut self, expected: &[&str]) -> Vec<String> {
        let mut seen = Vec::new();
        for wanted in expected {
            let found = async {
                while let Some(report) = self.reports.recv().await {
                    let matches = report == *wanted;
                    seen.push(report);
                    if matches {
                        return true;
                    }
                }
                false
            };
            let found = tokio::time::timeout(Duration::from_secs(10), found).await;
            assert_eq!(found, Ok(true), "{wanted:?} is missing in {seen:?}");
        }
        seen
    }
}

fn describe(notification: &Notification) -> String {
    match notification {
        Notification::Value { key, value: Some(_), .. } => format!("+ {key}"),
        Notification::Value { key, value: None, .. } => format!("- {key}"),
        Notification::Stale { descriptors, .. } => format!("stale {descriptors:?}"),
        Notification::Availability { now: Availability::Up { incarnation, .. }, .. } => {
            format!("up {incarnation}")
        }
        Notification::Availability { now: Availability::Down { .. }, .. } => "down".to_owned(),
    }
}

//! Keeps one watch going: opens it, hands over what it says, opens it again whenever it ends.
//!
//! A watch begins "now", whatever was before: when etcd confirms it, every later change will come
//! through it, and the snapshot the consumer then reads is at least as new as that moment.

use std::sync::Arc;

use async_trait::async_trait;
use ligato_keyval::{Feed, Listing, Operation, Prefix, SnapshotReason, SnapshotSource};

use crate::link::Link;
use crate::range::{Range, changes, common};
use crate::retry::Retry;
use crate::store::snapshot;

/// Where a watch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin {
    /// With what happens from now on.
    Now,
    /// With what happened at this revision. Only tests ask for the past.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "asking for the past is how compaction is met")
    )]
    At(i64),
}

// Why a watch ended.
enum End {
    Closed,
    Compacted,
    Lost(String),
}

/// Runs until the consumer or the store goes away.
pub(crate) async fn supervise(link: Arc<Link>, feed: Feed, mut begin: Begin) {
    let mut retry = Retry::new(link.config.reconnect_interval);
    let mut reason = SnapshotReason::Start;
    loop {
        let mut opened = false;
        let end = tokio::select! {
            end = follow(&link, &feed, begin, reason, &mut opened) => end,
            () = feed.abandoned() => return,
            () = link.closed.cancelled() => return,
        };
        feed.stall();
        begin = Begin::Now;
        if opened {
            retry.reset();
            reason = SnapshotReason::Disconnected;
        }
        match end {
            End::Closed => return,
            End::Compacted => reason = SnapshotReason::Compacted,
            End::Lost(why) => tracing::debug!(%why, "watch in etcd ended, opening it again"),
        }
        tokio::select! {
            () = retry.pause() => {}
            () = feed.abandoned() => return,
            () = link.closed.cancelled() => return,
        }
    }
}

async fn follow(
    link: &Link,
    feed: &Feed,
    begin: Begin,
    reason: SnapshotReason,
    opened: &mut bool,
) -> End {
    let Some(mut clients) = link.clients().await else { return End::Closed };
    let range = Range::below(&common(feed.prefixes()));
    let mut options = range.watch();
    if let Begin::At(revision) = begin {
        options = options.with_start_revision(revision);
    }
    let patience = link.config.operation_timeout;
    let open = clients.watch.watch(range.start, Some(options));
    let mut watch = match tokio::time::timeout(patience, open).await {
        Ok(Ok(watch)) => watch,
        Ok(Err(error)) => return End::Lost(link.failed(Operation::Watch, error).to_string()),
        Err(_) => return End::Lost("not opened in time".to_owned()),
    };
    loop {
        let message = if *opened {
            watch.message().await
        } else {
            match tokio::time::timeout(patience, watch.message()).await {
                Ok(message) => message,
                Err(_) => return End::Lost("not confirmed in time".to_owned()),
            }
        };
        let message = match message {
            Ok(Some(message)) => message,
            Ok(None) => return End::Lost("the stream ended".to_owned()),
            Err(error) => return End::Lost(link.failed(Operation::Watch, error).to_string()),
        };
        if message.compact_revision() != 0 {
            return End::Compacted;
        }
        if message.canceled() {
            return End::Lost(message.cancel_reason().to_owned());
        }
        if message.created() {
            *opened = true;
            feed.restart(reason);
        }
        for changes in changes(message.events()) {
            feed.push(&changes);
        }
    }
}

/// Reads the snapshots of watches, however long it takes.
pub(crate) struct Source(pub(crate) Arc<Link>);

#[async_trait]
impl SnapshotSource for Source {
    async fn snapshot(&self, prefixes: &[Prefix]) -> Option<Listing> {
        let mut retry = Retry::new(self.0.config.reconnect_interval);
        loop {
            match snapshot(&self.0, prefixes).await {
                Ok(listing) => return Some(listing),
                Err(error) => tracing::debug!(%error, "snapshot from etcd failed"),
            }
            self.0.closed.run_until_cancelled(retry.pause()).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use ligato_keyval::{WatchRequest, Write};

    use super::*;
    use crate::server::{Server, agent, key, next, short, value};

    #[tokio::test]
    async fn a_compacted_watch_is_opened_anew_with_a_snapshot() {
        let test = "a_compacted_watch_is_opened_anew_with_a_snapshot";
        let Some(server) = Server::start(test) else { return };
        let store = server.store();
        store.put(&key("/vnf-agent/vpp1/a"), value("1")).await.unwrap();
        let now = store.put(&key("/vnf-agent/vpp1/a"), value("2")).await.unwrap();
        let now = i64::try_from(now.0).unwrap();
        server.raw().await.compact(now, None).await.unwrap();

        let mut watch = store.watch_from(WatchRequest::new([agent()]), Begin::At(1));
        // etcd confirms the watch before it says that the past is gone: a snapshot may come between.
        let mut seen = short(&next(&mut watch).await);
        if seen == "Start: a=2" {
            seen = short(&next(&mut watch).await);
        }
        assert_eq!(seen, "Compacted: a=2");
        store.put(&key("/vnf-agent/vpp1/a"), value("3")).await.unwrap();
        assert_eq!(short(&next(&mut watch).await), "+a=3");
    }
}

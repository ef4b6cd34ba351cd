//! Whatever interrupts a watch, the consumer gets a new snapshot and goes on.

use ligato_keyval::{Read, Watch, WatchRequest, Write};

use crate::server::{Server, agent, connected, disconnected, key, next, short, value};

#[tokio::test]
async fn a_crash_leads_to_a_new_snapshot() {
    let Some(mut server) = Server::start("a_crash_leads_to_a_new_snapshot") else { return };
    let store = server.store();
    store.put(&key("/vnf-agent/vpp1/a"), value("1")).await.unwrap();
    store.put(&key("/vnf-agent/vpp1/b"), value("1")).await.unwrap();
    let mut watch = store.watch(WatchRequest::new([agent()]));
    assert_eq!(short(&next(&mut watch).await), "Start: a=1 b=1");

    server.kill();
    disconnected(&store).await;
    server.restart();
    // Somebody else changes it before we are back, or just after: both must be seen.
    let other = server.store();
    other.delete(&key("/vnf-agent/vpp1/a")).await.unwrap();
    let mut seen = short(&next(&mut watch).await);
    if seen == "Disconnected: a=1 b=1" {
        seen = short(&next(&mut watch).await);
        assert_eq!(seen, "-a");
    } else {
        assert_eq!(seen, "Disconnected: b=1");
    }
    connected(&store).await;
    store.put(&key("/vnf-agent/vpp1/c"), value("1")).await.unwrap();
    assert_eq!(short(&next(&mut watch).await), "+c=1");
}

// A server restored from nothing counts revisions from the beginning again.
#[tokio::test]
async fn a_replaced_server_is_believed() {
    let Some(mut server) = Server::start("a_replaced_server_is_believed") else { return };
    let store = server.store();
    for _ in 0..20 {
        store.put(&key("/vnf-agent/vpp1/a"), value("1")).await.unwrap();
    }
    let mut watch = store.watch(WatchRequest::new([agent()]));
    assert_eq!(short(&next(&mut watch).await), "Start: a=1");

    server.kill();
    disconnected(&store).await;
    server.restart_empty();
    assert_eq!(short(&next(&mut watch).await), "Disconnected: ");
    store.put(&key("/vnf-agent/vpp1/b"), value("1")).await.unwrap();
    assert_eq!(short(&next(&mut watch).await), "+b=1");
}

#[tokio::test]
async fn compaction_while_away_loses_nothing() {
    let Some(mut server) = Server::start("compaction_while_away_loses_nothing") else { return };
    let store = server.store();
    store.put(&key("/vnf-agent/vpp1/gone"), value("1")).await.unwrap();
    let mut watch = store.watch(WatchRequest::new([agent()]));
    assert_eq!(short(&next(&mut watch).await), "Start: gone=1");
    drop(store);

    // The watch of a dropped store ended; one that was away for longer than history is kept is like
    // a new one.
    assert_eq!(watch.recv().await, None);
    let store = server.store();
    let mut watch = store.watch(WatchRequest::new([agent()]));
    assert_eq!(short(&next(&mut watch).await), "Start: gone=1");
    server.kill();
    disconnected(&store).await;
    server.restart();
    let mut raw = server.raw().await;
    raw.delete("/vnf-agent/vpp1/gone", None).await.unwrap();
    let put = raw.put("/vnf-agent/vpp1/new", "1", None).await.unwrap();
    raw.compact(put.header().unwrap().revision(), None).await.unwrap();

    let mut events = Vec::new();
    while events.last().is_none_or(|last: &String| !last.contains("new=1")) {
        events.push(short(&next(&mut watch).await));
    }
    assert!(events[0].starts_with("Disconnected: "), "{events:?}");
    let listing = store.snapshot(&[agent()]).await.unwrap();
    assert_eq!(listing.entries.len(), 1);
}

// The connection stays open, but nothing comes any more: keep-alive pings notice.
#[tokio::test]
async fn a_silent_server_is_noticed() {
    let Some(server) = Server::start("a_silent_server_is_noticed") else { return };
    let store = server.store();
    let mut watch = store.watch(WatchRequest::new([agent()]));
    assert_eq!(short(&next(&mut watch).await), "Start: ");

    server.freeze();
    disconnected(&store).await;
    server.thaw();
    connected(&store).await;
    store.put(&key("/vnf-agent/vpp1/a"), value("1")).await.unwrap();
    let mut seen = short(&next(&mut watch).await);
    // The watch was lost, or it was not and tells the change; in no case is the change missed.
    while !seen.contains("a=1") {
        seen = short(&next(&mut watch).await);
    }
}

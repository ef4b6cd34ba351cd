//! Keys bound to the life of a client.

use ligato_keyval::{
    ClientLifetime, Read, Store, StoreKey, Watch, WatchEvent, WatchRequest, WatchStream, Write,
};

use crate::server::{Server, agent, connected, disconnected, key, next, short, value};

// Follows a watch until `key` is there, or gone.
async fn until(watch: &mut WatchStream, key: &StoreKey, there: bool) {
    loop {
        let now = match next(watch).await {
            WatchEvent::Snapshot(snapshot) => {
                Some(snapshot.listing.entries.iter().any(|entry| entry.key == *key))
            }
            WatchEvent::Changes(changes) => (changes.changes.iter())
                .find(|change| change.key == *key)
                .map(|change| change.value.is_some()),
        };
        if now == Some(there) {
            return;
        }
    }
}

#[tokio::test]
async fn closing_takes_the_keys_away() {
    let Some(server) = Server::start("closing_takes_the_keys_away") else { return };
    let (store, witness) = (server.store(), server.store());
    store.put_for_client(&key("/vnf-agent/vpp1/status"), value("ok")).await.unwrap();
    store.put_for_client(&key("/vnf-agent/vpp1/freed"), value("ok")).await.unwrap();
    store.put(&key("/vnf-agent/vpp1/freed"), value("stays")).await.unwrap();
    let mut watch = witness.watch(WatchRequest::new([agent()]));
    assert_eq!(short(&next(&mut watch).await), "Start: freed=stays status=ok");
    store.close().await;
    assert_eq!(short(&next(&mut watch).await), "-status");
}

#[tokio::test]
async fn a_vanished_client_takes_the_keys_along() {
    let Some(server) = Server::start("a_vanished_client_takes_the_keys_along") else { return };
    let (store, witness) = (server.store(), server.store());
    let key = key("/vnf-agent/vpp1/status");
    store.put_for_client(&key, value("ok")).await.unwrap();
    let mut watch = witness.watch(WatchRequest::new([agent()]));
    until(&mut watch, &key, true).await;
    // As when the process is killed: nobody revokes the lease.
    drop(store);
    until(&mut watch, &key, false).await;
}

#[tokio::test]
async fn a_lost_lease_is_replaced_and_the_keys_written_again() {
    let test = "a_lost_lease_is_replaced_and_the_keys_written_again";
    let Some(server) = Server::start(test) else { return };
    let (store, witness) = (server.store(), server.store());
    let keys: Vec<_> = (0..250).map(|n| key(&format!("/vnf-agent/vpp1/{n:03}"))).collect();
    let puts = keys.iter().map(|key| store.put_for_client(key, value("ok")));
    futures::future::try_join_all(puts).await.unwrap();
    store.delete(&keys[7]).await.unwrap();

    let mut watch = witness.watch(WatchRequest::new([agent()]));
    until(&mut watch, &keys[249], true).await;
    let mut raw = server.raw().await;
    let lease = raw.leases().await.unwrap().leases()[0].id();
    raw.lease_revoke(lease).await.unwrap();
    until(&mut watch, &keys[249], false).await;
    until(&mut watch, &keys[249], true).await;
    let listing = store.snapshot(&[agent()]).await.unwrap();
    assert_eq!(listing.entries.len(), 249);
    assert!(!listing.entries.iter().any(|entry| entry.key == keys[7]));
}

#[tokio::test]
async fn a_crash_of_the_server_brings_the_keys_back() {
    let test = "a_crash_of_the_server_brings_the_keys_back";
    let Some(mut server) = Server::start(test) else { return };
    let store = server.store();
    let key = key("/vnf-agent/vpp1/status");
    store.put_for_client(&key, value("ok")).await.unwrap();
    server.kill();
    disconnected(&store).await;
    server.restart_empty();
    connected(&store).await;
    let mut watch = store.watch(WatchRequest::new([agent()]));
    until(&mut watch, &key, true).await;
}

//! Links as they are reported, and as they are read back.

use ligato_kvs_api::Origin;
use ligato_proto::vpp::interfaces::{Interface, MemifLink};
use ligato_vpp_sim::Link;

use crate::bench::{Bench, sim};
use crate::samples::{loopback, memif};
use crate::watch::Watch;

#[tokio::test]
async fn links_are_reported_as_they_change() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    let mut watch = Watch::start(&bench.ctx);
    watch.expect(&["up 1"]).await;
    bench.create(loopback("loop1")).await.unwrap();
    watch.expect(&["+ vpp/interface/loop1/link-state/UP"]).await;
    bench.create(Interface { enabled: false, ..loopback("loop2") }).await.unwrap();
    bench.create(memif("a/b", MemifLink::default())).await.unwrap();
    watch.expect(&["+ vpp/interface/a/b/link-state/DOWN"]).await;
    let index = bench.meta("loop1").sw_if_index;
    sim.set_link(index, Link::Down);
    watch
        .expect(&["- vpp/interface/loop1/link-state/UP", "+ vpp/interface/loop1/link-state/DOWN"])
        .await;
    bench.delete("loop1").await.unwrap();
    watch.expect(&["- vpp/interface/loop1/link-state/DOWN"]).await;
}

#[tokio::test]
async fn an_event_without_the_flag_of_the_link_does_not_take_the_link_away() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    let mut watch = Watch::start(&bench.ctx);
    let mut memif = memif("memif1", MemifLink::default());
    memif.enabled = false;
    bench.create(memif.clone()).await.unwrap();
    sim.set_link(bench.meta("memif1").sw_if_index, Link::Up);
    watch.expect(&["+ vpp/interface/memif1/link-state/UP"]).await;
    memif.enabled = true;
    bench.update(memif).await.unwrap();
    // Events come in order: after that of the other interface, this one's was seen.
    bench.create(loopback("other")).await.unwrap();
    let mut seen = watch.expect(&["+ vpp/interface/other/link-state/UP"]).await;
    sim.set_link(bench.meta("other").sw_if_index, Link::Down);
    seen.extend(watch.expect(&["- vpp/interface/other/link-state/UP"]).await);
    assert!(!seen.iter().any(|report| report.contains("memif1")), "{seen:?}");
}

#[tokio::test]
async fn a_restart_of_vpp_is_reported_and_links_are_looked_at_anew() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    bench.create(loopback("loop1")).await.unwrap();
    let mut watch = Watch::start(&bench.ctx);
    watch.expect(&["+ vpp/interface/loop1/link-state/UP"]).await;
    sim.restart().await.unwrap();
    watch.expect(&["down", "up 2", "- vpp/interface/loop1/link-state/UP"]).await;
    // The scheduler would find it missing and make it again.
    bench.forget();
    bench.create(loopback("loop1")).await.unwrap();
    watch.expect(&["+ vpp/interface/loop1/link-state/UP"]).await;
}

#[tokio::test]
async fn links_are_read_back_with_the_names_of_interfaces() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    bench.create(loopback("loop1")).await.unwrap();
    bench.create(memif("memif1", MemifLink::default())).await.unwrap();
    let found = bench.links().await;
    let keys: Vec<String> = found.iter().map(|found| found.key.to_string()).collect();
    assert_eq!(keys, ["vpp/interface/loop1/link-state/UP", "vpp/interface/memif1/link-state/DOWN"]);
    assert!(found.iter().all(|found| found.origin == Origin::Sb));
}

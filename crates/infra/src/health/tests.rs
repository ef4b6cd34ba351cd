//! Aggregation by severity, and the exact bodies of the probes.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use super::*;
use crate::clock::ManualClock;

fn health() -> (Health, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(UNIX_EPOCH + Duration::from_secs(1_704_448_800)));
    let build = BuildFacts {
        version: "v3.6.0-dev".into(),
        date: "Sun Oct  1 12:00:00 UTC 2023".into(),
        commit: "abc1234".into(),
    };
    (Health::new(build, clock.clone()), clock)
}

#[test]
fn a_recovery_elsewhere_does_not_hide_an_error() {
    let (health, _) = health();
    let vpp = health.register("govpp", Criticality::Fatal);
    let etcd = health.register("etcd", Criticality::Degrading);
    assert_eq!(health.view().state, HealthState::Init);
    vpp.ok();
    assert_eq!(health.view().state, HealthState::Degraded);
    etcd.ok();
    assert_eq!(health.view().state, HealthState::Ok);
    vpp.error("connection lost");
    etcd.error("no member answers");
    etcd.ok();
    assert_eq!(health.view().state, HealthState::Error);
    assert!(!health.probe(ProbeKind::Liveness).healthy);
}

#[test]
fn a_lost_store_degrades_but_keeps_the_agent_live_and_ready() {
    let (health, _) = health();
    health.register("govpp", Criticality::Fatal).ok();
    let etcd = health.register("etcd", Criticality::Degrading);
    etcd.error("no member answers");
    let ready = health.probe(ProbeKind::Readiness);
    assert!(ready.healthy && health.probe(ProbeKind::Liveness).healthy);
    assert_eq!((ready.agent.state, ready.plugins["etcd"].state), (1, 2));
    assert_eq!(ready.non_fatal, Some(vec!["etcd".to_owned()]));
}

#[test]
fn a_task_fault_makes_its_plugin_worse_until_it_recovers() {
    let (health, _) = health();
    let plugin = health.register("nb", Criticality::Fatal);
    plugin.ok();
    plugin.task_fault("watch", HealthState::Degraded, "panicked".into());
    let view = health.view();
    assert_eq!(view.state, HealthState::Degraded);
    assert_eq!(view.plugins["nb"].reason().as_deref(), Some("task watch: panicked"));
    plugin.task_recovered("watch");
    assert_eq!(health.view().state, HealthState::Ok);
}

#[test]
fn the_readiness_body_is_the_originals() {
    let (health, clock) = health();
    let vpp = health.register("govpp", Criticality::Fatal);
    let agent = health.register("VPPAgent", Criticality::Fatal);
    health.register("vpp-l2plugin", Criticality::Fatal).init();
    health.set_interface(InterfaceStatus {
        internal_name: "loop0".into(),
        index: 1,
        status: "UP".into(),
        mac_address: "de:ad:00:00:00:00".into(),
        ip_address: String::new(),
    });
    vpp.ok();
    clock.advance(Duration::from_secs(1));
    agent.ok();
    clock.advance(Duration::from_secs(99));
    let body = serde_json::to_string(&health.probe(ProbeKind::Readiness)).unwrap();
    assert_eq!(
        body,
        concat!(
            r#"{"build_version":"v3.6.0-dev","build_date":"Sun Oct  1 12:00:00 UTC 2023","#,
            r#""start_time":1704448800,"last_change":1704448800,"last_update":1704448900,"#,
            r#""interface_stats":{"interfaces":[{"internal_name":"loop0","index":1,"status":"UP","#,
            r#""mac_address":"de:ad:00:00:00:00"}]},"commit_hash":"abc1234","#,
            r#""plugins":[{"name":"VPPAgent","state":1},{"name":"govpp","state":1}],"#,
            r#""PluginStatus":{"VPPAgent":{"state":1,"last_change":1704448801,"last_update":1704448801},"#,
            r#""govpp":{"state":1,"last_change":1704448800,"last_update":1704448800},"#,
            r#""vpp-l2plugin":{"last_change":1704448800,"last_update":1704448800}},"#,
            r#""NonFatalPlugins":null}"#,
        )
    );
    let liveness = health.probe(ProbeKind::Liveness);
    assert!(liveness.healthy && liveness.agent.interface_stats.is_none());
    assert!(!health.probe(ProbeKind::Readiness).healthy);
}

#[test]
fn an_interface_that_is_gone_is_not_shown() {
    let (health, _) = health();
    let status = InterfaceStatus { internal_name: "loop0".into(), ..Default::default() };
    health.set_interface(status);
    assert_eq!(health.view().interfaces.len(), 1);
    health.remove_interface("loop0");
    assert!(health.view().interfaces.is_empty());
}

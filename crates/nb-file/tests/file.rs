//! Reading the initial configuration, right and wrong.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use ligato_infra::clock::RealClock;
use ligato_kvs_api::{Plan, PlanError, Statuses, Transaction, TxnOutcome, TxnReport};
use ligato_nb_file::{Error, InitialConfig, Presence, load, read};
use ligato_orchestrator::{
    Engine, ListFilter, Orchestrator, OrchestratorConfig, PushOptions, PushOutcome, names,
};

const GOOD: &str = "
vppConfig:
  interfaces:
  - name: loop1
    type: SOFTWARE_LOOPBACK
    ip_addresses: [10.0.0.1/24]
  - name: tap1
    type: TAP
    tap: {version: 2, hostIfName: tap-host}
  routes:
  - dst_network: 10.1.0.0/16
    next_hop_addr: 10.0.0.2
linuxConfig:
  interfaces:
  - name: lin-tap
    type: TAP_TO_VPP
    tap: {vpp_tap_if_name: tap1}
";

// Does everything and says so.
struct Fake;

impl Engine for Fake {
    fn submit(&self, _: Transaction) -> BoxFuture<'static, TxnReport> {
        let report = TxnReport {
            seq: None,
            revision: ligato_kvs_api::Revision(0),
            outcome: TxnOutcome::Done,
            errors: Vec::new(),
            statuses: Statuses::default(),
        };
        async move { report }.boxed()
    }

    fn plan(&self, _: Transaction) -> BoxFuture<'static, Result<Plan, PlanError>> {
        async { Err(PlanError::Closed) }.boxed()
    }
}

#[tokio::test]
async fn a_file_becomes_a_source() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("initial-config.yaml");
    std::fs::write(&path, GOOD).unwrap();
    let registry = ligato_proto::registry();
    let config = load(&path, Presence::Optional, &registry).await.unwrap();

    let expected = vec![names::INITIAL_FILE.into()];
    let orchestrator = Orchestrator::start(
        OrchestratorConfig { expected, ..OrchestratorConfig::default() },
        registry,
        Arc::new(Fake),
        RealClock::shared(),
    );
    let handle = orchestrator.handle();
    handle.begin().unwrap();
    let result = config.deliver(&handle, PushOptions::default()).await.unwrap();
    assert_eq!(result.outcome, PushOutcome::Done);
    let keys: Vec<_> =
        handle.list(&ListFilter::default()).into_iter().map(|item| item.key).collect();
    assert_eq!(
        keys.iter().map(ligato_model::Key::as_str).collect::<Vec<_>>(),
        [
            "config/linux/interfaces/v2/interface/lin-tap",
            "config/vpp/v2/interfaces/loop1",
            "config/vpp/v2/interfaces/tap1",
            "config/vpp/v2/route/vrf/0/dst/10.1.0.0/16/gw/10.0.0.2",
        ]
    );
}

#[tokio::test]
async fn a_missing_file_is_no_configuration_unless_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("initial-config.yaml");
    let registry = ligato_proto::registry();
    let config = load(&path, Presence::Optional, &registry).await.unwrap();
    assert_eq!(config, InitialConfig::none());
    let error = load(&path, Presence::Required, &registry).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot read {}", path.display()));
    std::fs::create_dir(&path).unwrap();
    let error = load(&path, Presence::Optional, &registry).await.unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }));
}

#[test]
fn faults_name_file_line_column_and_field() {
    let cases = [
        ("vppConfig:\n  interfaces:\n  - name: a\n    mtuu: 1\n", "f.yaml:4:5", "mtuu"),
        ("vppConfig:\n  interfaces:\n  - name: a\n    mtu: big\n", "f.yaml:4:10", "mtu"),
        ("vppConfig:\n  interfaces: [\n", "f.yaml:", ""),
        ("vppConfi: {}\n", "f.yaml:1:1", "vppConfi"),
        ("vppConfig:\n  interfaces:\n  - name: a\n  - name: a\n", "f.yaml:4:5", "interfaces/a"),
        ("vppConfig:\n  interfaces:\n  - {name: a, type: LOOP}\n", "f.yaml:3:", "LOOP"),
        ("- 1\n", "f.yaml:1:1", ""),
    ];
    for (text, start, word) in cases {
        let error = read(text, "f.yaml", &ligato_proto::registry()).unwrap_err().to_string();
        assert!(error.starts_with(start) && error.contains(word), "{text:?}: {error}");
    }
}

#[test]
fn an_empty_file_and_json_are_fine() {
    let registry = ligato_proto::registry();
    assert_eq!(read("", "f", &registry).unwrap(), []);
    let json = r#"{"vppConfig": {"interfaces": [{"name": "a"}]}, "linux_config": {}}"#;
    assert_eq!(read(json, "f", &registry).unwrap().len(), 1);
}

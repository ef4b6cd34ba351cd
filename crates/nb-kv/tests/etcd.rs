//! etcd as a source: what people put there by hand, and a server that goes away. Skipped, with a
//! word about it, where there is no etcd.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests panic and talk")]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use ligato_infra::ServiceLabel;
use ligato_infra::clock::RealClock;
use ligato_keyval::{Bytes, StoreKey, Write};
use ligato_keyval_etcd::{EtcdConfig, EtcdStore};
use ligato_kvs_api::{
    Plan, PlanError, Revision, Statuses, Transaction, TxnKind, TxnOutcome, TxnReport, TxnSeq,
};
use ligato_nb_kv::{EnvExpansion, KvSource};
use ligato_orchestrator::{
    Engine, Orchestrator, OrchestratorConfig, OrchestratorHandle, SourceState,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(60);

struct Server {
    child: Child,
    ports: [u16; 2],
    data: tempfile::TempDir,
}

impl Server {
    fn start() -> Option<Self> {
        if Command::new("etcd").arg("--version").stdout(Stdio::null()).status().is_err() {
            println!("skipped: there is no etcd on the PATH");
            return None;
        }
        let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (ports, data) = ([port(), port()], tempfile::tempdir().unwrap());
        Some(Self { child: spawn(ports, &data), ports, data })
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn restart(&mut self) {
        self.child = spawn(self.ports, &self.data);
    }

    fn store(&self) -> EtcdStore {
        EtcdStore::open(EtcdConfig {
            endpoints: vec![format!("127.0.0.1:{}", self.ports[0])],
            insecure_transport: true,
            operation_timeout: Duration::from_secs(10),
            reconnect_interval: Duration::from_millis(300),
            ..EtcdConfig::default()
        })
        .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn([client, peer]: [u16; 2], data: &tempfile::TempDir) -> Child {
    let (client, peer) = (format!("http://127.0.0.1:{client}"), format!("http://127.0.0.1:{peer}"));
    Command::new("etcd")
        .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
        .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
        .args(["--initial-cluster", &format!("default={peer}"), "--unsafe-no-fsync"])
        .args(["--logger", "zap", "--log-outputs", "/dev/null", "--data-dir"])
        .arg(data.path())
        .env_clear()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

// What the southbound has: the last segment of each key.
struct Fake(watch::Sender<BTreeMap<String, ()>>);

impl Engine for Fake {
    fn submit(&self, txn: Transaction) -> BoxFuture<'static, TxnReport> {
        self.0.send_modify(|applied| {
            if txn.kind != TxnKind::Change {
                applied.clear();
            }
            for change in &txn.changes {
                let name = change.key.rsplit('/').next().unwrap().to_owned();
                match &change.value {
                    Some(_) => applied.insert(name, ()),
                    None => applied.remove(&name),
                };
            }
        });
        let (seq, revision) = (Some(TxnSeq(0)), Revision(0));
        let (errors, statuses) = (Vec::new(), Statuses::default());
        let report = TxnReport { seq, revision, outcome: TxnOutcome::Done, errors, statuses };
        async move { report }.boxed()
    }

    fn plan(&self, _: Transaction) -> BoxFuture<'static, Result<Plan, PlanError>> {
        async { Err(PlanError::Closed) }.boxed()
    }
}

async fn until(applied: &mut watch::Receiver<BTreeMap<String, ()>>, names: &[&str]) {
    let wanted: BTreeMap<_, _> = names.iter().map(|name| ((*name).to_owned(), ())).collect();
    let reached = applied.wait_for(|applied| *applied == wanted);
    tokio::time::timeout(PATIENCE, reached).await.unwrap().unwrap();
}

async fn source(handle: &OrchestratorHandle, passes: impl Fn(&SourceState) -> bool) {
    let mut changed = handle.subscribe();
    while !handle.sources().iter().any(|source| passes(&source.state)) {
        tokio::time::timeout(PATIENCE, changed.changed()).await.unwrap().unwrap();
    }
}

async fn put(store: &EtcdStore, name: &str, value: impl Into<Bytes>) {
    let key = format!("/vnf-agent/vpp1/config/vpp/v2/interfaces/{name}");
    store.put(&StoreKey::new(key).unwrap(), value.into()).await.unwrap();
}

#[tokio::test]
async fn garbage_and_a_crash_leave_the_configuration_alone() {
    let Some(mut server) = Server::start() else { return };
    let writer = server.store();
    put(&writer, "good", r#"{"name":"good"}"#).await;
    put(&writer, "binary", vec![0xff, 0x00, 0xfe]).await;
    put(&writer, "wrong", r#"{"name":"other"}"#).await;
    put(&writer, "field", r#"{"name":"field","colour":"red"}"#).await;

    let (changes, mut applied) = watch::channel(BTreeMap::new());
    let config =
        OrchestratorConfig { expected: vec!["datasync".into()], ..OrchestratorConfig::default() };
    let registry = ligato_proto::registry();
    let engine = Arc::new(Fake(changes));
    let orchestrator = Orchestrator::start(config, registry.clone(), engine, RealClock::shared());
    let handle = orchestrator.handle();
    handle.begin().unwrap();
    let store = Arc::new(server.store());
    let source_of = KvSource::new(
        store.clone(),
        &ServiceLabel::default(),
        "datasync",
        registry,
        handle.clone(),
        EnvExpansion::Off,
    );
    let cancel = CancellationToken::new();
    let running = tokio::spawn(source_of.run(cancel.clone()));
    until(&mut applied, &["good"]).await;
    let rejected: usize = handle.sources().iter().map(|source| source.rejected.len()).sum();
    assert_eq!(rejected, 3);

    // The store dies: what it said still counts, and the source is known to be lost.
    server.kill();
    source(&handle, |state| matches!(state, SourceState::Lost { .. })).await;
    until(&mut applied, &["good"]).await;
    // It comes back, and somebody changes it.
    server.restart();
    put(&server.store(), "field", r#"{"name":"field"}"#).await;
    until(&mut applied, &["field", "good"]).await;
    source(&handle, |state| *state == SourceState::Live).await;

    cancel.cancel();
    running.await.unwrap().unwrap();
}

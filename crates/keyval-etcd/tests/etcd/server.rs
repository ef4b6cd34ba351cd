//! An etcd of one test: on loopback, in a temporary folder, killed at the end.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ligato_keyval::{Bytes, Prefix, Store, StoreKey, StoreState, WatchEvent, WatchStream};
use ligato_keyval_etcd::{EtcdConfig, EtcdStore};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Server {
    child: Child,
    client: u16,
    peer: u16,
    data: TempDir,
    tls: Option<Tls>,
}

/// What etcd needs to speak TLS only, and to want certificates from its clients.
#[derive(Clone)]
struct Tls {
    cert: PathBuf,
    key: PathBuf,
    ca: PathBuf,
}

impl Server {
    /// Starts a server; none, with a word about it, when there is no etcd here.
    pub(crate) fn start(test: &str) -> Option<Self> {
        Self::start_with(test, None)
    }

    /// As [`Self::start`], over TLS: with this certificate and key, for clients with a certificate of this authority.
    pub(crate) fn start_tls(test: &str, own: &(PathBuf, PathBuf), ca: &Path) -> Option<Self> {
        let (cert, key) = own.clone();
        Self::start_with(test, Some(Tls { cert, key, ca: ca.to_owned() }))
    }

    fn start_with(test: &str, tls: Option<Tls>) -> Option<Self> {
        if Command::new("etcd").arg("--version").stdout(Stdio::null()).status().is_err() {
            println!("{test}: skipped, there is no etcd on the PATH");
            return None;
        }
        let data = tempfile::tempdir().unwrap();
        let (client, peer) = (free_port(), free_port());
        let child = spawn(client, peer, &data, tls.as_ref());
        Some(Self { child, client, peer, data, tls })
    }

    /// Ends the server as a crash would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again with the same data and address.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.client, self.peer, &self.data, self.tls.as_ref());
    }

    /// Starts it again with nothing in it.
    pub(crate) fn restart_empty(&mut self) {
        self.data = tempfile::tempdir().unwrap();
        self.restart();
    }

    /// Stops it without closing its connections, as a dead network does.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    pub(crate) fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    pub(crate) fn config(&self) -> EtcdConfig {
        EtcdConfig {
            endpoints: vec![format!("127.0.0.1:{}", self.client)],
            insecure_transport: true,
            operation_timeout: Duration::from_secs(10),
            reconnect_interval: Duration::from_millis(300),
            session_ttl: 2,
            ..EtcdConfig::default()
        }
    }

    pub(crate) fn store(&self) -> EtcdStore {
        EtcdStore::open(self.config()).unwrap()
    }

    /// The client library itself, for what the store does not do.
    pub(crate) async fn raw(&self) -> etcd_client::Client {
        connected(&self.store()).await;
        etcd_client::Client::connect(&self.config().endpoints, None).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(client: u16, peer: u16, data: &TempDir, tls: Option<&Tls>) -> Child {
    let scheme = if tls.is_some() { "https" } else { "http" };
    let (client, peer) =
        (format!("{scheme}://127.0.0.1:{client}"), format!("http://127.0.0.1:{peer}"));
    let mut etcd = Command::new("etcd");
    if let Some(Tls { cert, key, ca }) = tls {
        etcd.arg("--client-cert-auth").arg("--trusted-ca-file").arg(ca);
        etcd.arg("--cert-file").arg(cert).arg("--key-file").arg(key);
    }
    etcd.args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
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

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub(crate) fn key(text: &str) -> StoreKey {
    StoreKey::new(text).unwrap()
}

pub(crate) fn agent() -> Prefix {
    Prefix::new("/vnf-agent/vpp1")
}

pub(crate) fn value(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

pub(crate) async fn connected(store: &EtcdStore) {
    state(store, |state| *state == StoreState::Connected).await;
}

pub(crate) async fn disconnected(store: &EtcdStore) {
    state(store, |state| matches!(state, StoreState::Connecting { .. })).await;
}

async fn state(store: &EtcdStore, wanted: impl FnMut(&StoreState) -> bool) {
    let mut state = store.state();
    tokio::time::timeout(PATIENCE, state.wait_for(wanted)).await.unwrap().unwrap();
}

pub(crate) async fn next(watch: &mut WatchStream) -> WatchEvent {
    tokio::time::timeout(PATIENCE, watch.recv()).await.unwrap().unwrap()
}

/// An event in short: `Reason: key=value …` for a snapshot, `+key=value` or `-key` for changes.
pub(crate) fn short(event: &WatchEvent) -> String {
    let text = |value: &Bytes| String::from_utf8_lossy(value).into_owned();
    match event {
        WatchEvent::Snapshot(snapshot) => {
            let entries = snapshot.listing.entries.iter();
            let entries: Vec<_> = entries
                .map(|e| format!("{}={}", agent().strip(&e.key).unwrap(), text(&e.value)))
                .collect();
            format!("{:?}: {}", snapshot.reason, entries.join(" "))
        }
        WatchEvent::Changes(changes) => {
            let changes = changes.changes.iter();
            let changes: Vec<_> = changes
                .map(|c| match (&c.value, agent().strip(&c.key).unwrap()) {
                    (Some(value), key) => format!("+{key}={}", text(value)),
                    (None, key) => format!("-{key}"),
                })
                .collect();
            changes.join(" ")
        }
    }
}

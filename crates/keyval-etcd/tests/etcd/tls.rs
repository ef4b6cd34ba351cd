//! TLS between the store and etcd, with certificates made here: who is trusted, and who is let in.

use std::path::{Path, PathBuf};

use ligato_keyval::{Bytes, Error, Read, Store, Write};
use ligato_keyval_etcd::{EtcdConfig, EtcdStore};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::server::{Server, connected, key};

/// An authority, with everything it signs in one folder.
struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        std::fs::write(folder.path().join("ca.pem"), pem).unwrap();
        Self { folder, issuer: Issuer::new(params, key) }
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Certificate and key for loopback, good for both ends: etcd also calls itself.
    fn sign(&self, name: &str) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let cert = params.signed_by(&key, &self.issuer).unwrap().pem();
        let file = |suffix: &str, text: String| {
            let path = self.folder.path().join(format!("{name}.{suffix}"));
            std::fs::write(&path, text).unwrap();
            path
        };
        (file("pem", cert), file("key", key.serialize_pem()))
    }
}

fn trusting(server: &Server, ca: &Path, identity: Option<&(PathBuf, PathBuf)>) -> EtcdConfig {
    let (cert_file, key_file) = identity.cloned().unzip();
    EtcdConfig {
        insecure_transport: false,
        ca_file: Some(ca.to_owned()),
        cert_file,
        key_file,
        ..server.config()
    }
}

/// What the store says when it had time to try more than once.
async fn complaint(config: EtcdConfig) -> String {
    let store = EtcdStore::open(config).unwrap();
    let mut state = store.state();
    let failed = state
        .wait_for(|state| {
            let ligato_keyval::StoreState::Connecting { last_error } = state else { return false };
            last_error.is_some()
        })
        .await
        .map(|state| format!("{:?}", *state));
    let refused = store.get(&key("/a")).await.unwrap_err();
    assert!(matches!(refused, Error::NotConnected { .. }), "{refused:?}");
    store.close().await;
    failed.unwrap()
}

#[tokio::test]
async fn only_those_who_know_each_other_talk() {
    let (ours, other) = (Authority::new(), Authority::new());
    let (identity, client) = (ours.sign("server"), ours.sign("client"));
    let stranger = other.sign("stranger");
    let Some(server) = Server::start_tls("tls", &identity, &ours.ca()) else { return };

    let store = EtcdStore::open(trusting(&server, &ours.ca(), Some(&client))).unwrap();
    connected(&store).await;
    store.put(&key("/a"), Bytes::from_static(b"1")).await.unwrap();
    assert_eq!(store.get(&key("/a")).await.unwrap().unwrap().value, "1");
    store.close().await;

    for (what, config) in [
        ("another authority", trusting(&server, &other.ca(), Some(&client))),
        ("no client certificate", trusting(&server, &ours.ca(), None)),
        ("a stranger's certificate", trusting(&server, &ours.ca(), Some(&stranger))),
        ("plain text", server.config()),
    ] {
        let said = complaint(config).await;
        assert!(!said.is_empty(), "{what}");
    }
}

//! HTTPS: who is served, and who is not.

use std::{path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{Server, start};

/// An authority and what it signs.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, PEM.
#[derive(Clone)]
struct Identity {
    cert: String,
    key: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn sign(&self, name: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap().pem();
        Identity { cert, key: key.serialize_pem() }
    }
}

fn write(dir: &Path, name: &str, content: &str) -> std::path::PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// Asks for the list of loggers; the first line of the answer, or nothing if there is none.
async fn ask(server: &Server, trusted: &Authority, identity: Option<&Identity>) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some(Identity { cert, key }) => {
            let chain = vec![CertificateDer::from_pem_slice(cert.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let stream = TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
    let request = b"GET /log/list HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.ok()?;
    let mut answer = Vec::new();
    // A server that closes without a farewell has answered all the same.
    let _ = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8(answer).unwrap();
    text.lines().next().map(str::to_owned)
}

#[tokio::test]
async fn only_those_who_trust_the_server_and_whom_it_trusts_are_served() {
    let (ours, other) = (Authority::new(), Authority::new());
    let dir = tempfile::tempdir().unwrap();
    let server = ours.sign("localhost");
    let (cert, key) = (
        write(dir.path(), "server.pem", &server.cert),
        write(dir.path(), "server-key.pem", &server.key),
    );
    let authority = write(dir.path(), "ca.pem", &ours.pem);
    let served = Some("HTTP/1.1 200 OK".to_owned());

    let one_way = start(|conf| {
        conf.server_cert_file = Some(cert.clone());
        conf.server_key_file = Some(key.clone());
    })
    .await;
    assert_eq!(ask(&one_way, &ours, None).await, served);
    assert_eq!(ask(&one_way, &other, None).await, None, "the client does not trust the server");
    let mut plain = TcpStream::connect(one_way.address).await.unwrap();
    plain.write_all(b"GET /log/list HTTP/1.1\r\nHost: agent\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/"), "a plain client is not served");
    // A handshake that never ends does not hold up the end.
    let silent = TcpStream::connect(one_way.address).await.unwrap();
    assert!(one_way.agent.stop().await.report.is_clean());
    drop(silent);

    let both_ways = start(|conf| {
        conf.server_cert_file = Some(cert);
        conf.server_key_file = Some(key);
        conf.client_cert_files = vec![authority];
    })
    .await;
    let (known, unknown) = (ours.sign("client"), other.sign("client"));
    assert_eq!(ask(&both_ways, &ours, Some(&known)).await, served);
    assert_eq!(ask(&both_ways, &ours, None).await, None, "without a certificate");
    assert_eq!(ask(&both_ways, &ours, Some(&unknown)).await, None, "with one of somebody else");
}

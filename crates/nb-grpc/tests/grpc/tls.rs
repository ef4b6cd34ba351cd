//! TLS: who is served, and who is not.

use std::path::Path;

use futures::FutureExt;
use ligato_nb_grpc::{GrpcConf, GrpcError, GrpcServer, Listener};
use ligato_proto::generic::KnownModelsRequest;
use ligato_proto::generic::meta_service_client::MetaServiceClient;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::sync::oneshot;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use crate::rig::Rig;

/// An authority and what it signs.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate and its key, PEM.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

struct Server {
    port: u16,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<Result<(), GrpcError>>,
}

impl Server {
    async fn start(rig: &Rig, conf: GrpcConf) -> Self {
        let listener = Listener::bind(&conf).await.unwrap().unwrap();
        let port = listener.tcp_address().unwrap().port();
        let server = GrpcServer::new(conf, rig.services.clone()).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(server.serve(listener, stopped.map(|_| ())));
        Self { port, stop, task }
    }

    /// Whether a client is served.
    async fn serves(&self, tls: Option<ClientTlsConfig>) -> bool {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let address = format!("{scheme}://localhost:{}", self.port);
        let mut endpoint = Endpoint::from_shared(address).unwrap();
        if let Some(tls) = tls {
            endpoint = endpoint.tls_config(tls).unwrap();
        }
        let Ok(channel) = endpoint.connect().await else { return false };
        let request = KnownModelsRequest { class: "config".into() };
        MetaServiceClient::new(channel).known_models(request).await.is_ok()
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }
}

fn write(dir: &Path, name: &str, content: &str) -> Option<String> {
    let path = dir.join(name);
    std::fs::write(&path, content).unwrap();
    Some(path.display().to_string())
}

#[tokio::test]
async fn only_those_who_trust_the_server_and_whom_it_trusts_are_served() {
    let rig = Rig::start().await;
    let dir = tempfile::tempdir().unwrap();
    let (ours, other) = (Authority::new(), Authority::new());
    let (cert, key) = ours.sign("localhost");
    let conf = GrpcConf {
        endpoint: Some("localhost:0".into()),
        cert_file: write(dir.path(), "server.pem", &cert),
        key_file: write(dir.path(), "server-key.pem", &key),
        ..GrpcConf::default()
    };
    let trusting = |authority: &Authority| {
        ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&authority.pem))
    };
    let known_as = |authority: &Authority| {
        let (cert, key) = authority.sign("client");
        trusting(&ours).identity(Identity::from_pem(cert, key))
    };

    let one_way = Server::start(&rig, conf.clone()).await;
    assert!(one_way.serves(Some(trusting(&ours))).await);
    assert!(!one_way.serves(Some(trusting(&other))).await, "the client does not trust it");
    assert!(!one_way.serves(None).await, "plain text");
    one_way.stop().await;

    let ca_files = write(dir.path(), "ca.pem", &ours.pem).into_iter().collect();
    let both_ways = Server::start(&rig, GrpcConf { ca_files, ..conf.clone() }).await;
    assert!(both_ways.serves(Some(known_as(&ours))).await);
    assert!(!both_ways.serves(Some(known_as(&other))).await, "a client of somebody else");
    assert!(!both_ways.serves(Some(trusting(&ours))).await, "without a certificate");
    both_ways.stop().await;

    let plain = Server::start(&rig, GrpcConf { insecure_transport: true, ..conf }).await;
    assert!(plain.serves(None).await);
    plain.stop().await;
    rig.stop().await;
}

//! Both clients do the same to an agent: one in the process, one over a Unix socket.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../nb-grpc/tests/grpc/memory.rs"]
mod memory;

use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use ligato_client::{
    Address, Change, Client, ClientError, Entry, Filter, LabelSelector, Labels, LearnedKind,
    LocalClient, Options, RemoteClient, Selection,
};
use ligato_infra::clock::RealClock;
use ligato_kvs_api::{Acknowledgement, ValueState};
use ligato_model::{Model, Registry, RegistryBuilder, Value};
use ligato_nb_grpc::{GrpcConf, GrpcServer, Listener, Notifications, Services};
use ligato_orchestrator::{Orchestrator, OrchestratorConfig};
use ligato_proto::vpp::interfaces::{Interface, interface::Unnumbered};
use prost_reflect::DynamicMessage;
use tokio::sync::oneshot;

/// An agent with both clients.
struct Agent {
    local: LocalClient,
    remote: RemoteClient,
    address: Address,
    stop: oneshot::Sender<()>,
    server: tokio::task::JoinHandle<()>,
    orchestrator: Orchestrator,
    _folder: tempfile::TempDir,
}

impl Agent {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("agent.sock");
        let (registry, scheduler) = (ligato_proto::registry(), memory::scheduler());
        let orchestrator = Orchestrator::start(
            OrchestratorConfig::default(),
            registry.clone(),
            Arc::new(scheduler.clone()),
            RealClock::shared(),
        );
        orchestrator.handle().begin().unwrap();
        let local = LocalClient::new(orchestrator.handle(), scheduler.clone(), registry.clone());
        let services = Services {
            orchestrator: orchestrator.handle(),
            scheduler,
            registry: registry.clone(),
            notifications: Notifications::default(),
            statistics: None,
            binary_api: None,
        };
        let conf = GrpcConf {
            endpoint: Some(socket.display().to_string()),
            network: "unix".into(),
            ..GrpcConf::default()
        };
        let listener = Listener::bind(&conf).await.unwrap().unwrap();
        let server = GrpcServer::new(conf, services).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            server.serve(listener, stopped.map(|_| ())).await.unwrap();
        });
        let address = Address::Unix(socket);
        let remote = RemoteClient::connect(&address, registry).await.unwrap();
        Self { local, remote, address, stop, server, orchestrator, _folder: folder }
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        drop(self.remote);
        self.server.await.unwrap();
        self.orchestrator.close().await;
    }
}

fn interface(name: &str, lender: Option<&str>) -> Value {
    let unnumbered = lender.map(|lender| Unnumbered { interface_with_ip: lender.into() });
    Value::new(Interface { name: name.into(), unnumbered, ..Default::default() })
}

fn put(name: &str, lender: Option<&str>) -> Change {
    Change::put(Interface::key_of(name), interface(name, lender))
}

/// Names and statuses of everything that is desired.
async fn desired(client: &dyn Client) -> Vec<String> {
    let items = client.get(Filter::default()).await.unwrap();
    let shown = items.iter().map(|item| {
        let status = item.status.as_ref().unwrap();
        let name = item.key.rsplit('/').next().unwrap();
        format!("{name} {} {}", status.state, status.message)
    });
    shown.collect()
}

/// The same for either client; what is there before is of nobody else.
async fn exercise(client: &dyn Client) {
    let outcome = client
        .change(vec![put("a", None), put("b", Some("nobody"))], Options::default())
        .await
        .unwrap();
    assert!(outcome.seq.is_some());
    assert_eq!(
        outcome.item(&Interface::key_of("a")).unwrap().status.as_ref().unwrap().state,
        ValueState::Configured
    );
    assert_eq!(desired(client).await, ["a CONFIGURED ", "b PENDING lender-exists"]);

    let failed = client.change(vec![put("bad", None)], Options::default()).await.unwrap_err();
    let ClientError::Failed { reason, outcome } = failed else { panic!("{failed:?}") };
    assert!(reason.starts_with("KeyErrors: [config/vpp/v2/interfaces/bad (CREATE): "), "{reason}");
    assert_eq!(outcome.items.len(), 1);

    let gone =
        vec![Change::delete(Interface::key_of("bad")), Change::delete(Interface::key_of("b"))];
    client.change(gone, Options::default()).await.unwrap();
    assert_eq!(desired(client).await, ["a CONFIGURED "]);

    let applied = client.dump().await.unwrap();
    assert_eq!(applied.len(), 1);
    assert_eq!(applied[0].value, interface("a", None));
    assert_eq!(applied[0].metadata["internal"], "mem-a");

    let labels: Labels = Arc::new([("role".to_owned(), "x".to_owned())].into());
    let entry = |name: &str, labels: &Labels| Entry {
        key: Interface::key_of(name),
        value: interface(name, None),
        labels: labels.clone(),
    };
    let all = vec![entry("c", &labels), entry("d", &Labels::default())];
    client.resync(all, Options::default()).await.unwrap();
    assert_eq!(desired(client).await, ["c CONFIGURED ", "d CONFIGURED "]);
    let by_label =
        Filter { labels: vec![LabelSelector::Is("role".into(), "x".into())], ..Filter::default() };
    let found = client.get(by_label).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].key, &found[0].labels), (&Interface::key_of("c"), &labels));
    let by_key = Filter { keys: vec![Interface::key_of("d")], ..Filter::default() };
    assert_eq!(client.get(by_key).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_client_in_the_process() {
    let agent = Agent::start().await;
    exercise(&agent.local).await;
    agent.stop().await;
}

#[tokio::test]
async fn the_client_over_a_socket() {
    let agent = Agent::start().await;
    exercise(&agent.remote).await;
    agent.stop().await;
}

#[tokio::test]
async fn both_follow_what_the_other_does() {
    let agent = Agent::start().await;
    let selection = Selection { models: vec!["vpp.interfaces".into()], ..Selection::default() };
    let mut local = agent.local.watch(selection.clone()).await.unwrap();
    let mut remote = agent.remote.watch(selection).await.unwrap();
    for watch in [&mut local, &mut remote] {
        assert_eq!(watch.next().await.unwrap().unwrap(), []);
    }
    agent.remote.change(vec![put("a", Some("b"))], Options::default()).await.unwrap();
    agent.local.change(vec![put("b", None)], Options::default()).await.unwrap();
    for watch in [&mut local, &mut remote] {
        let mut seen = Vec::new();
        while !seen.iter().any(|shown| shown == "a CONFIGURED") {
            for change in watch.next().await.unwrap().unwrap() {
                let name = change.key.rsplit('/').next().unwrap().to_owned();
                seen.push(format!("{name} {}", change.status.state));
            }
        }
        assert_eq!(seen[0], "a PENDING");
    }
    drop((local, remote));
    agent.stop().await;
}

#[tokio::test]
async fn sources_are_kept_apart() {
    let agent = Agent::start().await;
    let other = Options { source: Some("operator".into()), ..Options::default() };
    agent.remote.change(vec![put("theirs", None)], other).await.unwrap();
    agent.local.change(vec![put("mine", None)], Options::default()).await.unwrap();
    agent.remote.resync(Vec::new(), Options::default()).await.unwrap();
    assert_eq!(desired(&agent.local).await, ["mine CONFIGURED ", "theirs CONFIGURED "]);
    agent
        .local
        .clone()
        .for_source("operator")
        .resync(Vec::new(), Options::default())
        .await
        .unwrap();
    assert_eq!(desired(&agent.remote).await, ["mine CONFIGURED "]);
    agent.stop().await;
}

#[tokio::test]
async fn levels_of_acknowledgement_and_deadlines_are_sent() {
    let agent = Agent::start().await;
    for ack in [Acknowledgement::Accepted, Acknowledgement::Applied, Acknowledgement::Verified] {
        let deadline = Some(Duration::from_secs(60));
        let options = Options { ack, deadline, source: None };
        let outcome = agent.remote.change(vec![put(&format!("{ack:?}"), None)], options).await;
        assert_eq!(outcome.unwrap().seq.is_some(), ack != Acknowledgement::Accepted);
    }
    agent.stop().await;
}

#[tokio::test]
async fn an_agent_that_is_not_there_is_an_error_with_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let address = Address::Unix(folder.path().join("no.sock"));
    let error = RemoteClient::connect(&address, ligato_proto::registry()).await.unwrap_err();
    assert!(matches!(error, ClientError::Connect { .. }));
    assert!(error.to_string().contains("no.sock"), "{error}");
    let error = RemoteClient::connect(&Address::tcp("no address"), ligato_proto::registry()).await;
    assert!(matches!(error, Err(ClientError::Address { .. })));
}

/// The agent has a model that this client was made without.
#[tokio::test]
async fn kinds_of_tomorrow_are_learned_from_the_agent() {
    let agent = Agent::start().await;
    let today = ligato_proto::registry();
    let known = today.iter().filter(|model| model.model_name() != "vpp.interfaces");
    let known = known.cloned().fold(Registry::builder(), RegistryBuilder::register_info);
    let mut client = RemoteClient::connect(&agent.address, known.build().unwrap()).await.unwrap();
    let key = Interface::key_of("a");
    agent.local.change(vec![put("a", None)], Options::default()).await.unwrap();
    let unknown = client.get(Filter::default()).await.unwrap_err();
    assert!(matches!(unknown, ClientError::Model { .. }), "{unknown:?}");
    let by_key = Filter { keys: vec![key.clone()], ..Filter::default() };
    let unknown = client.get(by_key.clone()).await.unwrap_err();
    assert!(matches!(unknown, ClientError::UnknownKey { .. }), "{unknown:?}");

    client.learn().await.unwrap();
    let learned: Vec<&LearnedKind> = client.learned().collect();
    assert_eq!(learned.len(), 1);
    let kind = learned[0].clone();
    assert_eq!((kind.model(), kind.key("a")), ("vpp.interfaces", key.clone()));
    let found = client.get(by_key).await.unwrap();
    assert_eq!(found[0].key, key);
    // Descriptions of two origins are never the same, what they describe is.
    assert_eq!(found[0].value.encode_to_vec(), interface("a", None).encode_to_vec());
    assert!(found[0].value.downcast_ref::<DynamicMessage>().is_some());

    let mut watch = client.watch(Selection::default()).await.unwrap();
    let shown = watch.next().await.unwrap().unwrap();
    assert!(shown.iter().any(|change| change.key == key), "{shown:?}");
    let mut message = DynamicMessage::new(kind.descriptor().clone());
    message.set_field_by_name("name", prost_reflect::Value::String("b".to_owned()));
    message.set_field_by_name("mtu", prost_reflect::Value::U32(1400));
    let change = Change::put(kind.key("b"), Value::new(message));
    client.change(vec![change], Options::default()).await.unwrap();
    let applied = agent.local.dump().await.unwrap();
    let made = applied.iter().find(|item| item.key == kind.key("b")).unwrap();
    assert_eq!(made.value.downcast_ref::<Interface>().unwrap().mtu, 1400);
    client.change(vec![Change::delete(kind.key("b"))], Options::default()).await.unwrap();
    assert_eq!(desired(&client).await, ["a CONFIGURED "]);
    drop((watch, client));
    agent.stop().await;
}

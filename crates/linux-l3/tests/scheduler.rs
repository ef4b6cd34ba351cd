//! Linux kinds under the real scheduler, on the running kernel: what waits, in which order things
//! are done, and how what was lost comes back.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail that way")]

#[path = "../../linux-if/tests/support/mod.rs"]
mod support;

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use ligato_kvs::Scheduler;
use ligato_kvs_api::{
    ResyncKind, RetryPolicy, Scope, Transaction, TxnOptions, ValueChange, ValueState,
};
use ligato_linux_ctx::{LinuxCtx, ProcSource};
use ligato_model::{Key, Model, Value};
use ligato_netlink::{LinkSpec, Netlink, create_anonymous};
use ligato_proto::linux::interfaces::Interface;
use ligato_proto::linux::interfaces::interface::Type;
use ligato_proto::linux::l3::Route;
use ligato_proto::linux::l3::route::Scope as RouteScope;
use ligato_proto::linux::namespace::NetNamespace;
use ligato_proto::linux::namespace::net_namespace::ReferenceType;
use support::{LABEL, Named, addresses, interface, ip, link_names, veth};

const PATIENCE: Duration = Duration::from_secs(20);

/// A scheduler over the Linux kinds in a throw-away namespace.
struct Agent {
    scheduler: Scheduler,
    home: Netlink,
}

impl Agent {
    async fn start() -> Option<Agent> {
        let namespace = match create_anonymous().await {
            Ok(namespace) => namespace,
            Err(e) => {
                support::skip(&e.to_string());
                return None;
            }
        };
        Some(Agent::over(Netlink::open(&namespace).await.unwrap()).await)
    }

    /// A new agent over a kernel that another one may have configured.
    async fn over(home: Netlink) -> Agent {
        let ctx = LinuxCtx::builder(LABEL)
            .default_namespace(home.namespace().clone())
            .microservices(Arc::new(ProcSource::new(Duration::from_millis(20))))
            .build()
            .unwrap();
        let ctx = Arc::new(ctx);
        let mut builder = Scheduler::builder();
        for kind in ligato_linux_if::descriptors(&ctx) {
            builder = builder.descriptor(kind);
        }
        for kind in ligato_linux_l3::descriptors(&ctx) {
            builder = builder.descriptor(kind);
        }
        Agent { scheduler: builder.start().unwrap(), home }
    }

    async fn commit(&self, changes: Vec<ValueChange>) {
        let retry = Some(RetryPolicy {
            period: Duration::from_millis(50),
            max_count: 5,
            ..RetryPolicy::default()
        });
        let options = TxnOptions { retry, ..TxnOptions::default() };
        let report = self.scheduler.commit(Transaction::change(changes).with(options)).await;
        assert!(report.is_done(), "{:?}", report.error_text());
    }

    async fn put<M: Model>(&self, value: M) {
        self.commit(vec![put(value)]).await;
    }

    async fn reaches(&self, key: impl Into<Key>, state: ValueState) {
        let key = key.into();
        if let Err(e) = self.scheduler.wait_for(vec![key.clone()], &[state], PATIENCE).await {
            panic!("{key} is not {state}: {e:?}\n{:?}", self.scheduler.explain(&key));
        }
    }

    /// Operations that a comparison with the kernel makes necessary.
    async fn resync(&self) -> Vec<String> {
        let kind = ResyncKind::Downstream(Scope::All);
        self.operations(Transaction::resync(kind, Vec::new())).await
    }

    async fn operations(&self, txn: Transaction) -> Vec<String> {
        self.scheduler.quiescent(PATIENCE).await.unwrap();
        let report = self.scheduler.commit(txn).await;
        assert!(report.is_done(), "{:?}", report.error_text());
        let record = self.scheduler.transaction(report.seq.unwrap()).unwrap();
        let real = record.executed.iter().filter(|op| !op.noop && !op.is_property());
        real.map(|op| format!("{} {}", op.op, op.key)).collect()
    }

    fn waits_for(&self, key: &Key) -> Vec<String> {
        self.scheduler.snapshot().status(key).map(|s| s.value.details).unwrap_or_default()
    }
}

fn put<M: Model>(value: M) -> ValueChange {
    ValueChange::put(value.key(), Value::new(value))
}

fn a() -> Interface {
    Interface { ip_addresses: vec!["10.0.0.1/24".into()], ..veth("a", "b") }
}

fn b(netns: Option<NetNamespace>) -> Interface {
    Interface { namespace: netns, ip_addresses: vec!["10.0.0.2/24".into()], ..veth("b", "a") }
}

fn default_route(interface: &str, gateway: &str) -> Route {
    Route {
        outgoing_interface: interface.into(),
        scope: RouteScope::Global.into(),
        dst_network: "0.0.0.0/0".into(),
        gw_addr: gateway.into(),
        metric: 0,
    }
}

#[tokio::test]
async fn ends_wait_for_each_other_and_routes_for_both() {
    let Some(agent) = Agent::start().await else { return };
    let red = Named::new("sched");
    let route = default_route("b", "10.0.0.1");
    agent.put(route.clone()).await;
    agent.put(a()).await;
    agent.reaches(a().key(), ValueState::Pending).await;
    assert_eq!(agent.waits_for(&a().key()), ["veth-peer-exists"]);
    assert_eq!(link_names(&agent.home), ["lo"], "nothing is half-made");
    assert_eq!(
        agent.waits_for(&route.key()),
        ["outgoing-interface-is-up", "outgoing-interface-has-ip-address", "gw-reachable"]
    );

    agent.put(b(red.reference())).await;
    for key in [a().key(), b(None).key(), route.key()] {
        agent.reaches(key, ValueState::Configured).await;
    }
    let there = red.open().await;
    assert_eq!(ip(&there, "route show default")[0]["gateway"], "10.0.0.1");
    assert_eq!(agent.resync().await, Vec::<String>::new());

    // One end goes: the other one and the route wait again, and nothing is left.
    agent.commit(vec![ValueChange::delete(a().key())]).await;
    agent.reaches(b(None).key(), ValueState::Pending).await;
    agent.reaches(route.key(), ValueState::Pending).await;
    assert_eq!(
        (link_names(&agent.home), link_names(&there)),
        (vec!["lo".into()], vec!["lo".into()])
    );
    agent.put(a()).await;
    agent.reaches(route.key(), ValueState::Configured).await;
    assert_eq!(agent.resync().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_was_lost_is_repaired() {
    let Some(agent) = Agent::start().await else { return };
    let red = Named::new("lost");
    let route = default_route("b", "10.0.0.1");
    agent.commit(vec![put(a()), put(b(red.reference())), put(route.clone())]).await;
    agent.reaches(route.key(), ValueState::Configured).await;
    let there = red.open().await;

    let link = there.link("b").await.unwrap();
    there.delete_address(&link, "10.0.0.2/24".parse().unwrap()).await.unwrap();
    there.set_mtu(&link, 1300).await.unwrap();
    assert!(!agent.resync().await.is_empty());
    agent.reaches(route.key(), ValueState::Configured).await;
    assert_eq!(addresses(&there, "b"), ["10.0.0.2/24"]);
    assert_eq!(ip(&there, "link show dev b")[0]["mtu"], 1500);
    assert_eq!(ip(&there, "route show default")[0]["gateway"], "10.0.0.1");

    there.delete_link(&there.link("b").await.unwrap()).await.unwrap();
    agent.resync().await;
    agent.reaches(route.key(), ValueState::Configured).await;
    assert_eq!(link_names(&there), ["b", "lo"]);
    assert_eq!(ip(&there, "route show default")[0]["gateway"], "10.0.0.1");
    assert_eq!(agent.resync().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_new_agent_writes_nothing() {
    let Some(agent) = Agent::start().await else { return };
    let red = Named::new("anew");
    let wanted = || vec![put(a()), put(b(red.reference())), put(default_route("b", "10.0.0.1"))];
    agent.commit(wanted()).await;
    agent.reaches(default_route("b", "10.0.0.1").key(), ValueState::Configured).await;
    agent.scheduler.close().await;

    let agent = Agent::over(agent.home).await;
    let txn = Transaction::resync(ResyncKind::Full, wanted());
    assert_eq!(agent.operations(txn).await, Vec::<String>::new());
    for key in [a().key(), b(None).key(), default_route("b", "10.0.0.1").key()] {
        agent.reaches(key, ValueState::Configured).await;
    }
    // What is no longer wanted goes.
    agent.operations(Transaction::resync(ResyncKind::Full, Vec::new())).await;
    assert_eq!(link_names(&agent.home), ["lo"]);
}

#[tokio::test]
async fn an_existing_link_is_waited_for_and_its_addresses_are_enforced() {
    let Some(agent) = Agent::start().await else { return };
    let value = Interface {
        host_if_name: "loop1".into(),
        ip_addresses: vec!["192.168.7.7/24".into()],
        ..interface("existing-loop1", Type::Existing)
    };
    agent.put(value.clone()).await;
    agent.reaches(value.key(), ValueState::Pending).await;
    assert_eq!(agent.waits_for(&value.key()), ["host-interface-exists"]);

    let spec = LinkSpec::Veth { name: "loop1".into(), peer: "x".into() };
    agent.home.create_link(&spec).await.unwrap();
    agent.home.set_up(&agent.home.link("loop1").await.unwrap()).await.unwrap();
    agent.reaches(value.key(), ValueState::Configured).await;
    let address = "linux/interface/existing-loop1/address/static/192.168.7.7/24";
    agent.reaches(address, ValueState::Configured).await;
    assert_eq!(agent.resync().await, Vec::<String>::new());

    let link = agent.home.link("loop1").await.unwrap();
    agent.home.add_address(&link, "172.16.7.7/24".parse().unwrap()).await.unwrap();
    let foreign = "DELETE linux/interface/existing-loop1/address/static/172.16.7.7/24";
    assert_eq!(agent.resync().await, [foreign]);
    assert_eq!(addresses(&agent.home, "loop1"), ["192.168.7.7/24"]);

    agent.commit(vec![ValueChange::delete(value.key())]).await;
    agent.reaches(value.key(), ValueState::Nonexistent).await;
    assert!(addresses(&agent.home, "loop1").is_empty());
}

#[tokio::test]
async fn addresses_that_others_assign_are_waited_for_one_by_one() {
    let Some(agent) = Agent::start().await else { return };
    let spec = LinkSpec::Veth { name: "loop1".into(), peer: "x".into() };
    agent.home.create_link(&spec).await.unwrap();
    let link = agent.home.link("loop1").await.unwrap();
    agent.home.set_up(&link).await.unwrap();
    let value = Interface {
        host_if_name: "loop1".into(),
        ip_addresses: vec!["192.168.7.7/24".into(), "10.7.7.7/24".into()],
        link_only: true,
        ..interface("existing-loop1", Type::Existing)
    };
    let key =
        |net: &str| Key::from(format!("linux/interface/existing-loop1/address/existing/{net}"));
    agent.put(value.clone()).await;
    agent.reaches(value.key(), ValueState::Configured).await;
    agent.reaches(key("192.168.7.7/24"), ValueState::Pending).await;
    agent.home.add_address(&link, "192.168.7.7/24".parse().unwrap()).await.unwrap();
    agent.reaches(key("192.168.7.7/24"), ValueState::Configured).await;
    agent.reaches(key("10.7.7.7/24"), ValueState::Pending).await;
    assert_eq!(agent.resync().await, Vec::<String>::new());
    agent.home.delete_address(&link, "192.168.7.7/24".parse().unwrap()).await.unwrap();
    agent.reaches(key("192.168.7.7/24"), ValueState::Pending).await;
}

/// A process with a label in a namespace of its own, as a container has; killed at the end.
struct Container(Child);

impl Container {
    fn start(label: &str) -> Container {
        let mut command = Command::new("unshare");
        command.args(["--net", "sleep", "1000"]).env("MICROSERVICE_LABEL", label);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Container(command.spawn().unwrap())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_container_that_dies_and_comes_back_gets_everything_back() {
    let Some(agent) = Agent::start().await else { return };
    let label = format!("sched-ms-{}", std::process::id());
    let inside =
        Some(NetNamespace { r#type: ReferenceType::Microservice.into(), reference: label.clone() });
    let route = default_route("b", "10.0.0.1");
    agent.commit(vec![put(a()), put(b(inside)), put(route.clone())]).await;
    agent.reaches(b(None).key(), ValueState::Pending).await;
    assert!(agent.waits_for(&b(None).key()).contains(&"microservice-available".to_owned()));

    for round in 1..=2 {
        let container = Container::start(&label);
        agent.reaches(route.key(), ValueState::Configured).await;
        assert_eq!(link_names(&agent.home), ["a", "lo"], "round {round}");
        assert_eq!(agent.resync().await, Vec::<String>::new(), "round {round}");
        drop(container);
        agent.reaches(format!("linux/microservice/{label}"), ValueState::Nonexistent).await;
        for key in [a().key(), b(None).key(), route.key()] {
            agent.reaches(key, ValueState::Pending).await;
        }
        assert_eq!(agent.resync().await, Vec::<String>::new(), "round {round}");
    }
}

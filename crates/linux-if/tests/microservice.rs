//! Microservices: processes in network namespaces of their own, found by their environment.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail that way")]

mod support;

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use ligato_kvs_api::{Notification, NotificationSink, Southbound};
use ligato_linux_ctx::{NetNs, ProcSource};
use ligato_linux_if::descriptors;
use ligato_model::Model;
use ligato_proto::linux::interfaces::Interface;
use ligato_proto::linux::interfaces::interface::Type;
use ligato_proto::linux::namespace::NetNamespace;
use ligato_proto::linux::namespace::net_namespace::ReferenceType;
use support::{Rig, addresses, interface};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

/// A process with a label in a namespace of its own, as a container has. It ends with the test.
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
        // As a container that is killed; it has no chance to say good-bye.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn told_about(told: &mut UnboundedReceiver<String>, wanted: &str) {
    let search = async { while told.recv().await.unwrap() != wanted {} };
    tokio::time::timeout(Duration::from_secs(10), search).await.expect(wanted);
}

#[tokio::test]
async fn a_container_comes_is_used_and_is_killed() {
    let source = Arc::new(ProcSource::new(Duration::from_millis(20)));
    let Some(mut rig) = Rig::with(descriptors, |builder| builder.microservices(source)).await
    else {
        return;
    };
    let (send, mut told) = unbounded_channel();
    let sink = NotificationSink::new(move |batch: Vec<Notification>| {
        for notification in batch {
            if let Notification::Value { key, value, .. } = notification {
                let sign = if value.is_some() { '+' } else { '-' };
                let _ = send.send(format!("{sign}{key}"));
            }
        }
    });
    let stop = CancellationToken::new();
    let _stop = stop.clone().drop_guard();
    tokio::spawn(Arc::clone(&rig.ctx).watch(sink, stop));

    let label = format!("ms-{}", std::process::id());
    let netns = NetNs::Microservice(label.clone());
    let refused = rig.ctx.enter(&netns).await.unwrap_err();
    assert_eq!(refused.to_string(), format!("microservice {label} is not available"));

    let container = Container::start(&label);
    told_about(&mut told, &format!("+linux/microservice/{label}")).await;
    let found = rig.read_back("microservice").await;
    assert!(found.iter().any(|f| f.key == *format!("linux/microservice/{label}")));

    let value = Interface {
        namespace: Some(NetNamespace {
            r#type: ReferenceType::Microservice.into(),
            reference: label.clone(),
        }),
        ip_addresses: vec!["127.0.0.1/8".into(), "10.10.10.10/32".into()],
        ..interface("lo1", Type::Loopback)
    };
    rig.put(value.clone()).await.unwrap();
    let inside = rig.ctx.enter(&netns).await.unwrap();
    assert!(addresses(&inside, "lo").contains(&"10.10.10.10/32".into()));
    drop(inside);

    drop(container);
    told_about(&mut told, &format!("-linux/microservice/{label}")).await;
    assert!(rig.ctx.enter(&netns).await.unwrap_err().is_namespace_gone());
    rig.remove(&value.key()).await.expect("what was in it is gone as well");

    // Started again, under the same label.
    let _container = Container::start(&label);
    told_about(&mut told, &format!("+linux/microservice/{label}")).await;
    rig.put(value).await.unwrap();
}

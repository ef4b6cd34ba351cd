//! Notifications.

use ligato_proto::configurator::configurator_service_client::ConfiguratorServiceClient;
use ligato_proto::configurator::notification::Notification as Kind;
use ligato_proto::configurator::{Notification, NotifyRequest, NotifyResponse};
use ligato_proto::vpp;
use tokio_stream::StreamExt;
use tonic::Streaming;

use crate::rig::Rig;

fn about(name: &str) -> Notification {
    let state = vpp::interfaces::InterfaceState { name: name.into(), ..Default::default() };
    let interface =
        vpp::interfaces::InterfaceNotification { state: Some(state), ..Default::default() };
    let notification = vpp::Notification { interface: Some(interface) };
    Notification { notification: Some(Kind::VppNotification(notification)) }
}

async fn follow(rig: &Rig, idx: u32, filters: Vec<Notification>) -> Streaming<NotifyResponse> {
    let mut client = ConfiguratorServiceClient::new(rig.channel().await);
    client.notify(NotifyRequest { idx, filters }).await.unwrap().into_inner()
}

async fn next(stream: &mut Streaming<NotifyResponse>) -> (u32, Notification) {
    let response = stream.next().await.unwrap().unwrap();
    (response.next_idx, response.notification.unwrap())
}

#[tokio::test]
async fn what_happened_is_replayed_and_what_happens_is_streamed() {
    let rig = Rig::start().await;
    for name in ["a", "b", "c"] {
        rig.services.notifications.publish(about(name));
    }
    let mut stream = follow(&rig, 1, vec![]).await;
    assert_eq!(next(&mut stream).await, (2, about("b")));
    assert_eq!(next(&mut stream).await, (3, about("c")));
    rig.services.notifications.publish(about("d"));
    assert_eq!(next(&mut stream).await, (4, about("d")));
    drop(stream);
    rig.stop().await;
}

#[tokio::test]
async fn filters_pass_what_they_match_and_clients_may_leave_in_any_order() {
    let rig = Rig::start().await;
    let gone = follow(&rig, 0, vec![]).await;
    let mut stream = follow(&rig, 0, vec![about("b"), about("d")]).await;
    drop(gone);
    for name in ["a", "b", "c", "d"] {
        rig.services.notifications.publish(about(name));
    }
    assert_eq!(next(&mut stream).await, (2, about("b")));
    assert_eq!(next(&mut stream).await, (4, about("d")));
    drop(stream);
    rig.stop().await;
}

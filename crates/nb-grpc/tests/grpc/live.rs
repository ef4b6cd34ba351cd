//! What depends on the state of the scheduler: waiting until all is done, status, dumps, subscriptions.

use ligato_model::Value;
use ligato_proto::configurator::configurator_service_client::ConfiguratorServiceClient;
use ligato_proto::configurator::{Config, DumpRequest, UpdateRequest};
use ligato_proto::generic::manager_service_client::ManagerServiceClient;
use ligato_proto::generic::{
    Data, DumpStateRequest, GetConfigRequest, Item, Notification, SetConfigRequest,
    SubscribeRequest, SubscribeResponse, Subscription, UpdateItem, data, item,
};
use ligato_proto::vpp::{
    self,
    interfaces::{Interface, interface::Unnumbered},
};
use tokio_stream::StreamExt;
use tonic::transport::Channel;
use tonic::{Code, Request};

use crate::rig::Rig;

/// An interface; with a lender it waits for that.
fn interface(name: &str, lender: Option<&str>) -> Interface {
    let unnumbered = lender.map(|lender| Unnumbered { interface_with_ip: lender.into() });
    Interface { name: name.into(), unnumbered, ..Default::default() }
}

fn update(interfaces: Vec<Interface>) -> UpdateRequest {
    let vpp_config = Some(vpp::ConfigData { interfaces, ..Default::default() });
    UpdateRequest {
        update: Some(Config { vpp_config, ..Default::default() }),
        full_resync: false,
        wait_done: true,
    }
}

async fn clients(rig: &Rig) -> (ConfiguratorServiceClient<Channel>, ManagerServiceClient<Channel>) {
    let channel = rig.channel().await;
    (ConfiguratorServiceClient::new(channel.clone()), ManagerServiceClient::new(channel))
}

/// Status of each desired value, in short.
async fn statuses(client: &mut ManagerServiceClient<Channel>) -> Vec<String> {
    let items = client.get_config(GetConfigRequest::default()).await.unwrap().into_inner().items;
    let status = |item: ligato_proto::generic::ConfigItem| {
        let name = item.item.unwrap().id.unwrap().name;
        let status = item.status.unwrap_or_default();
        format!("{name} {} {}", status.status, status.message)
    };
    items.into_iter().map(status).collect()
}

#[tokio::test]
async fn waiting_until_done_ends_when_nothing_is_pending() {
    let rig = Rig::live().await;
    let (mut configurator, mut manager) = clients(&rig).await;
    let mut waiting = configurator.clone();
    let waiting = tokio::spawn(async move {
        waiting.update(update(vec![interface("borrower", Some("lender"))])).await
    });
    while statuses(&mut manager).await != ["borrower PENDING lender-exists"] {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    configurator.update(update(vec![interface("lender", None)])).await.unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(statuses(&mut manager).await, ["borrower CONFIGURED ", "lender CONFIGURED "]);
    rig.stop().await;
}

#[tokio::test]
async fn waiting_until_done_has_a_deadline() {
    let rig = Rig::live().await;
    let (mut configurator, _) = clients(&rig).await;
    let mut request = Request::new(update(vec![interface("borrower", Some("nobody"))]));
    request.metadata_mut().insert("ack-deadline", "50ms".parse().unwrap());
    let status = configurator.update(request).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(status.message(), "still pending: config/vpp/v2/interfaces/borrower");
    rig.stop().await;
}

#[tokio::test]
async fn what_cannot_be_applied_does_not_hold_up_who_waits() {
    let rig = Rig::live().await;
    let (mut configurator, _) = clients(&rig).await;
    let status = configurator.update(update(vec![interface("bad", None)])).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().starts_with("KeyErrors: [config/vpp/v2/interfaces/bad (CREATE): "));
    rig.stop().await;
}

#[tokio::test]
async fn the_data_plane_is_read_for_a_dump() {
    let rig = Rig::live().await;
    let (mut configurator, mut manager) = clients(&rig).await;
    configurator.update(update(vec![interface("b", None), interface("a", None)])).await.unwrap();

    let dump = configurator.dump(DumpRequest {}).await.unwrap().into_inner().dump.unwrap();
    let names: Vec<_> = dump.vpp_config.unwrap().interfaces.into_iter().map(|i| i.name).collect();
    assert_eq!(names, ["a", "b"]);

    let state = async |ids| {
        let request = DumpStateRequest { ids };
        let items = manager.dump_state(request).await.unwrap().into_inner().items;
        let item = |item: ligato_proto::generic::StateItem| {
            format!("{} {:?}", item.item.unwrap().id.unwrap().name, item.metadata)
        };
        items.into_iter().map(item).collect::<Vec<_>>()
    };
    let mut state = state;
    let a = r#"a {"index": "1", "internal": "mem-a"}"#;
    let b = r#"b {"index": "1", "internal": "mem-b"}"#;
    assert_eq!(state(vec![]).await, [a, b]);
    let id = item::Id { model: "vpp.interfaces".into(), name: "b".into() };
    assert_eq!(state(vec![id]).await, [b]);
    rig.stop().await;
}

#[tokio::test]
async fn a_subscriber_is_told_how_values_are_and_every_change() {
    let rig = Rig::live().await;
    let (mut configurator, mut manager) = clients(&rig).await;
    configurator.update(update(vec![interface("a", None)])).await.unwrap();
    let id = item::Id { model: "vpp.interfaces".into(), name: String::new() };
    let request = SubscribeRequest { subscriptions: vec![Subscription { id: Some(id) }] };
    let mut stream = manager.subscribe(request).await.unwrap().into_inner();
    assert_eq!(shown(stream.next().await.unwrap().unwrap()), ["a CONFIGURED  with value"]);

    let value = Value::new(interface("b", Some("c")));
    let any = prost_types::Any { type_url: value.type_url(), value: value.encode_to_vec() };
    let item = Item { id: None, data: Some(Data { union: Some(data::Union::Any(any)) }) };
    let updates = vec![UpdateItem { item: Some(item), ..Default::default() }];
    manager.set_config(SetConfigRequest { updates, overwrite_all: false }).await.unwrap();
    assert_eq!(
        shown(stream.next().await.unwrap().unwrap()),
        ["b PENDING lender-exists with value"]
    );
    drop(stream);
    rig.stop().await;
}

fn shown(response: SubscribeResponse) -> Vec<String> {
    let one = |notification: Notification| {
        let item = notification.item.unwrap();
        let status = notification.status.unwrap();
        let value = if item.data.is_some() { "with value" } else { "without value" };
        format!("{} {} {} {value}", item.id.unwrap().name, status.status, status.message)
    };
    response.notifications.into_iter().map(one).collect()
}

//! `ManagerService`.

use std::collections::BTreeMap;

use ligato_model::Value;
use ligato_proto::generic::manager_service_client::ManagerServiceClient;
use ligato_proto::generic::{
    Data, GetConfigRequest, Item, SetConfigRequest, UpdateItem, data, item,
};
use ligato_proto::vpp::{interfaces::Interface, l3::Route, stn::Rule};
use tonic::Code;
use tonic::transport::Channel;

use crate::rig::Rig;

async fn client(rig: &Rig) -> ManagerServiceClient<Channel> {
    ManagerServiceClient::new(rig.channel().await)
}

fn put(value: &Value, labels: &[(&str, &str)]) -> UpdateItem {
    let any = prost_types::Any { type_url: value.type_url(), value: value.encode_to_vec() };
    let data = Some(Data { union: Some(data::Union::Any(any)) });
    UpdateItem { item: Some(Item { id: None, data }), labels: map(labels) }
}

fn delete(model: &str, name: &str) -> UpdateItem {
    let item = Item { id: Some(id(model, name)), data: None };
    UpdateItem { item: Some(item), labels: BTreeMap::new() }
}

fn id(model: &str, name: &str) -> item::Id {
    item::Id { model: model.into(), name: name.into() }
}

fn map(labels: &[(&str, &str)]) -> BTreeMap<String, String> {
    labels.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

fn interface(name: &str) -> Value {
    Value::new(Interface { name: name.into(), ..Default::default() })
}

fn set(updates: Vec<UpdateItem>) -> SetConfigRequest {
    SetConfigRequest { updates, overwrite_all: false }
}

async fn get(
    client: &mut ManagerServiceClient<Channel>,
    ids: Vec<item::Id>,
    labels: &[(&str, &str)],
) -> Vec<String> {
    let request = GetConfigRequest { ids, labels: map(labels) };
    let items = client.get_config(request).await.unwrap().into_inner().items;
    let name = |item: &Item| item.id.as_ref().unwrap().name.clone();
    items.iter().map(|item| name(item.item.as_ref().unwrap())).collect()
}

#[tokio::test]
async fn every_change_has_a_result_after_that_of_the_transaction() {
    let rig = Rig::start().await;
    let mut client = client(&rig).await;
    let route = Value::new(Route { dst_network: "10.0.0.0/8".into(), ..Default::default() });
    let rule = Value::new(Rule { interface: "if".into(), ip_address: "10.0.0.1".into() });
    let updates = vec![put(&rule, &[]), put(&route, &[]), put(&interface("wait1"), &[])];
    let results = client.set_config(set(updates)).await.unwrap().into_inner().results;
    let shown: Vec<String> = results
        .iter()
        .map(|result| {
            let status = result.status.clone().unwrap_or_default();
            let id = result.id.clone().unwrap_or_default();
            format!("{} {} {} {}", result.key, id.model, status.status, status.message)
        })
        .collect();
    assert!(shown[0].starts_with("seqnum  NONEXISTENT "), "{shown:?}");
    assert_eq!(
        shown[1..],
        [
            "config/vpp/stn/v2/rule/if/ip/10.0.0.1 vpp.stn.rule CONFIGURED ",
            "config/vpp/v2/interfaces/wait1 vpp.interfaces PENDING interface-exists, vrf-table-exists",
            "config/vpp/v2/route/vrf/0/dst/10.0.0.0/8 vpp.route CONFIGURED ",
        ]
    );
    rig.stop().await;
}

#[tokio::test]
async fn values_are_read_by_ids_and_by_labels() {
    let rig = Rig::start().await;
    let mut client = client(&rig).await;
    let updates = vec![
        put(&interface("a"), &[("role", "in"), ("owner", "x")]),
        put(&interface("b"), &[("role", "out")]),
        put(&interface("c"), &[]),
    ];
    client.set_config(set(updates)).await.unwrap();
    assert_eq!(get(&mut client, vec![], &[]).await, ["a", "b", "c"]);
    assert_eq!(get(&mut client, vec![id("vpp.interfaces", "b")], &[]).await, ["b"]);
    assert_eq!(get(&mut client, vec![], &[("role", "")]).await, ["a", "b"]);
    assert_eq!(get(&mut client, vec![], &[("role", "in")]).await, ["a"]);
    assert_eq!(get(&mut client, vec![], &[("!role", "")]).await, ["c"]);
    assert_eq!(get(&mut client, vec![], &[("role", ""), ("!owner", "")]).await, ["b"]);
    let both = GetConfigRequest { ids: vec![id("vpp.interfaces", "b")], labels: map(&[("a", "")]) };
    let status = client.get_config(both).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    rig.stop().await;
}

#[tokio::test]
async fn a_name_as_it_was_read_deletes_the_value() {
    let rig = Rig::start().await;
    let mut client = client(&rig).await;
    // Without next hop, the name ends with a slash and the key does not.
    let route = Value::new(Route { dst_network: "10.0.0.0/8".into(), ..Default::default() });
    client.set_config(set(vec![put(&route, &[])])).await.unwrap();
    let names = get(&mut client, vec![], &[]).await;
    assert_eq!(names, ["vrf/0/dst/10.0.0.0/8/"]);
    client.set_config(set(vec![delete("vpp.route", &names[0])])).await.unwrap();
    assert_eq!(get(&mut client, vec![], &[]).await, [""; 0]);
    rig.stop().await;
}

#[tokio::test]
async fn overwriting_all_leaves_only_what_is_listed() {
    let rig = Rig::start().await;
    let mut client = client(&rig).await;
    client
        .set_config(set(vec![put(&interface("a"), &[]), put(&interface("b"), &[])]))
        .await
        .unwrap();
    let all = SetConfigRequest { updates: vec![put(&interface("b"), &[])], overwrite_all: true };
    client.set_config(all).await.unwrap();
    assert_eq!(get(&mut client, vec![], &[]).await, ["b"]);
    rig.stop().await;
}

#[tokio::test]
async fn requests_without_sense_are_invalid_arguments() {
    let rig = Rig::start().await;
    let mut client = client(&rig).await;
    let broken = |type_url: &str| {
        let any = prost_types::Any { type_url: type_url.into(), value: vec![0xff] };
        let data = Some(Data { union: Some(data::Union::Any(any)) });
        UpdateItem { item: Some(Item { id: None, data }), labels: BTreeMap::new() }
    };
    for (update, message) in [
        (UpdateItem::default(), "change item is nil"),
        (
            UpdateItem { item: Some(Item::default()), labels: BTreeMap::new() },
            "ProtoItem has no key or val defined.",
        ),
        (delete("vpp.nothing", "a"), "unknown model \"vpp.nothing\""),
        (broken("x/ligato.Nothing"), "no model for message \"ligato.Nothing\""),
        (broken("x/ligato.vpp.l3.Route"), "cannot decode bytes as ligato.vpp.l3.Route"),
    ] {
        let status = client.set_config(set(vec![update])).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::InvalidArgument, message));
    }
    assert_eq!(get(&mut client, vec![], &[]).await, [""; 0]);
    rig.stop().await;
}

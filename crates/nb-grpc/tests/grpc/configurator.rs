//! `ConfiguratorService`.

use std::time::Duration;

use ligato_proto::configurator::configurator_service_client::ConfiguratorServiceClient;
use ligato_proto::configurator::{Config, DeleteRequest, GetRequest, UpdateRequest};
use ligato_proto::rpc;
use ligato_proto::vpp::{self, interfaces::Interface};
use tonic::transport::Channel;
use tonic::{Code, Request};

use crate::rig::Rig;

async fn client(rig: &Rig) -> ConfiguratorServiceClient<Channel> {
    ConfiguratorServiceClient::new(rig.channel().await)
}

fn interfaces(names: &[&str]) -> Config {
    let interface = |name: &&str| Interface { name: (*name).into(), ..Default::default() };
    let interfaces = names.iter().map(interface).collect();
    let vpp_config = Some(vpp::ConfigData { interfaces, ..Default::default() });
    Config { vpp_config, ..Default::default() }
}

fn update(names: &[&str]) -> UpdateRequest {
    UpdateRequest { update: Some(interfaces(names)), ..Default::default() }
}

fn with<T>(message: T, metadata: &[(&'static str, &str)]) -> Request<T> {
    let mut request = Request::new(message);
    for (name, value) in metadata {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    request
}

async fn names(client: &mut ConfiguratorServiceClient<Channel>) -> Vec<String> {
    let config = client.get(GetRequest {}).await.unwrap().into_inner().config.unwrap();
    assert!(config.linux_config.is_some() && config.netalloc_config.is_some());
    config.vpp_config.unwrap().interfaces.into_iter().map(|interface| interface.name).collect()
}

#[tokio::test]
async fn values_are_set_read_in_order_of_keys_and_deleted() {
    let rig = Rig::start().await;
    let mut client = client(&rig).await;
    let response = client.update(update(&["b", "a", "c"])).await.unwrap();
    let first: u64 = response.metadata().get("seqnum").unwrap().to_str().unwrap().parse().unwrap();
    assert_eq!(names(&mut client).await, ["a", "b", "c"]);

    let delete = DeleteRequest { delete: Some(interfaces(&["b", "unknown"])), wait_done: false };
    let response = client.delete(delete).await.unwrap();
    let second: u64 = response.metadata().get("seqnum").unwrap().to_str().unwrap().parse().unwrap();
    assert_eq!(second, first + 1);
    assert_eq!(names(&mut client).await, ["a", "c"]);
    rig.stop().await;
}

#[tokio::test]
async fn a_full_resync_replaces_what_its_source_wants_and_nothing_else() {
    let rig = Rig::start().await;
    let mut client = client(&rig).await;
    client.update(update(&["a", "b"])).await.unwrap();
    client.update(with(update(&["other"]), &[("datasrc", "operator")])).await.unwrap();
    let all = UpdateRequest { full_resync: true, ..update(&["c"]) };
    client.update(all).await.unwrap();
    assert_eq!(names(&mut client).await, ["c", "other"]);
    let nothing = UpdateRequest { full_resync: true, ..Default::default() };
    client.update(nothing).await.unwrap();
    assert_eq!(names(&mut client).await, ["other"]);
    rig.stop().await;
}

#[tokio::test]
async fn failures_are_told_in_the_originals_words_with_results_in_the_details() {
    let rig = Rig::start().await;
    let mut client = client(&rig).await;
    let status = client.update(update(&["good", "bad"])).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(status.message(), "KeyErrors: [config/vpp/v2/interfaces/bad (CREATE): refused]");
    let results = rpc::results_of_status(&status).unwrap().results;
    let shown: Vec<String> = results
        .iter()
        .map(|result| format!("{} {}", result.key, result.status.as_ref().unwrap().status))
        .collect();
    assert_eq!(shown[0].split(' ').next(), Some("seqnum"));
    assert_eq!(
        shown[1..],
        ["config/vpp/v2/interfaces/bad FAILED", "config/vpp/v2/interfaces/good CONFIGURED"]
    );
    assert!(status.metadata().contains_key("seqnum"));
    rig.stop().await;
}

#[tokio::test]
async fn the_same_key_twice_refuses_the_whole_request() {
    let rig = Rig::start().await;
    let mut client = client(&rig).await;
    let status = client.update(update(&["a", "b", "a"])).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("config/vpp/v2/interfaces/a"), "{status}");
    assert_eq!(names(&mut client).await, [""; 0]);
    rig.stop().await;
}

#[tokio::test]
async fn acceptance_does_not_wait_for_the_transaction() {
    let rig = Rig::start().await;
    let mut client = client(&rig).await;
    client.update(update(&["first"])).await.unwrap();
    let open = rig.engine.hold();
    let response = client.update(with(update(&["a"]), &[("ack", "accepted")])).await.unwrap();
    assert!(!response.metadata().contains_key("seqnum"));
    assert_eq!(names(&mut client).await, ["a", "first"]);
    open.send(()).unwrap();
    let status = client.update(with(update(&["a"]), &[("ack", "done")])).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    rig.stop().await;
}

#[tokio::test]
async fn who_waits_too_long_is_told_and_the_change_goes_on() {
    let rig = Rig::start().await;
    let mut client = client(&rig).await;
    client.update(update(&["first"])).await.unwrap();
    let open = rig.engine.hold();
    let request = with(update(&["slow"]), &[("ack-deadline", "2s")]);
    let mut waiting = client.clone();
    let call = tokio::spawn(async move { waiting.update(request).await });
    while rig.clock.sleepers() == 0 {
        tokio::task::yield_now().await;
    }
    rig.clock.advance(Duration::from_secs(3));
    assert_eq!(call.await.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
    open.send(()).unwrap();
    assert_eq!(names(&mut client).await, ["first", "slow"]);
    rig.stop().await;
}

#[tokio::test]
async fn a_request_larger_than_configured_is_refused_and_the_server_goes_on() {
    let rig = Rig::start().await;
    let mut client = client(&rig).await;
    let status = client.update(update(&[&"x".repeat(200_000)])).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    client.update(update(&["a"])).await.unwrap();
    assert_eq!(names(&mut client).await, ["a"]);
    rig.stop().await;
}

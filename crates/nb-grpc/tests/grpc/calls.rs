//! The counters of calls.

use futures::FutureExt;
use ligato_infra::Metrics;
use ligato_nb_grpc::{GrpcConf, GrpcServer, Listener};
use ligato_proto::configurator::NotifyRequest;
use ligato_proto::configurator::configurator_service_client::ConfiguratorServiceClient;
use ligato_proto::generic::meta_service_client::MetaServiceClient;
use ligato_proto::generic::{KnownModelsRequest, ProtoFileDescriptorRequest};
use tokio::sync::oneshot;
use tonic::client::GrpcService;
use tonic::transport::Endpoint;

use crate::rig::Rig;

#[tokio::test]
async fn calls_and_messages_are_counted_under_the_originals_names() {
    let rig = Rig::start().await;
    let conf = GrpcConf { endpoint: Some("127.0.0.1:0".into()), ..GrpcConf::default() };
    let listener = Listener::bind(&conf).await.unwrap().unwrap();
    let address = format!("http://{}", listener.tcp_address().unwrap());
    let calls = GrpcServer::calls().unwrap();
    let metrics = Metrics::new();
    let _part = metrics.add(calls.registry());
    let server = GrpcServer::new(conf, rig.services.clone()).await.unwrap().counted(calls);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(server.serve(listener, stopped.map(|_| ())));

    let mut channel = Endpoint::from_shared(address).unwrap().connect().await.unwrap();
    let mut meta = MetaServiceClient::new(channel.clone());
    for _ in 0..2 {
        meta.known_models(KnownModelsRequest::default()).await.unwrap();
    }
    let unknown = ProtoFileDescriptorRequest { full_proto_file_name: "no.proto".into() };
    meta.proto_file_descriptor(unknown).await.unwrap_err();
    let mut configurator = ConfiguratorServiceClient::new(channel.clone());
    let stream = configurator.notify(NotifyRequest::default()).await.unwrap();
    // Of no service: it makes no series.
    let mut nothing = http::Request::new(tonic::body::Body::empty());
    *nothing.uri_mut() = "/x.Y/Z".parse().unwrap();
    std::future::poll_fn(|cx| GrpcService::<tonic::body::Body>::poll_ready(&mut channel, cx))
        .await
        .unwrap();
    channel.call(nothing).await.unwrap();
    stop.send(()).unwrap();
    drop(stream);
    server.await.unwrap().unwrap();

    let text = metrics.encode().unwrap();
    let known =
        r#"grpc_type="unary",grpc_service="ligato.generic.MetaService",grpc_method="KnownModels""#;
    let file = known.replace("KnownModels", "ProtoFileDescriptor");
    let notify = r#"grpc_type="server_stream",grpc_service="ligato.configurator.ConfiguratorService",grpc_method="Notify""#;
    for line in [
        format!("grpc_server_started_total{{{known}}} 2"),
        format!("grpc_server_handled_total{{{known},grpc_code=\"OK\"}} 2"),
        format!("grpc_server_msg_received_total{{{known}}} 2"),
        format!("grpc_server_msg_sent_total{{{known}}} 2"),
        format!("grpc_server_handling_seconds_count{{{known}}} 2"),
        format!("grpc_server_handled_total{{{file},grpc_code=\"NotFound\"}} 1"),
        format!("grpc_server_started_total{{{notify}}} 1"),
        r#"grpc_server_started_total{grpc_type="unary",grpc_service="grpc.health.v1.Health",grpc_method="Check"} 0"#
            .to_owned(),
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("x.Y"), "{text}");
    rig.stop().await;
}

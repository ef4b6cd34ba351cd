//! `MetaService`, reflection and health.

use ligato_proto::generic::meta_service_client::MetaServiceClient;
use ligato_proto::generic::{KnownModelsRequest, ProtoFileDescriptorRequest};
use prost_reflect::DescriptorPool;
use tokio_stream::StreamExt;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::rig::Rig;

#[tokio::test]
async fn all_models_are_listed_with_template_and_file() {
    let rig = Rig::start().await;
    let mut client = MetaServiceClient::new(rig.channel().await);
    let count = async |class: &str| {
        let request = KnownModelsRequest { class: class.into() };
        client.clone().known_models(request).await.unwrap().into_inner().known_models.len()
    };
    assert_eq!((count("").await, count("config").await, count("metrics").await), (45, 44, 1));
    let models = client.known_models(KnownModelsRequest::default()).await.unwrap().into_inner();
    let find = |name: &str| {
        let model = models.known_models.iter().find(|model| model.proto_name == name).unwrap();
        let option = |at: usize| model.options[at].values[0].as_str();
        let spec = model.spec.as_ref().unwrap();
        format!("{}.{} {} {:?} {}", spec.module, spec.r#type, spec.version, option(0), option(1))
    };
    assert_eq!(
        find("ligato.vpp.l3.VrfTable"),
        "vpp.vrf-table v2 \"id/{{.Id}}/protocol/{{.Protocol}}\" ligato/vpp/l3/vrf.proto"
    );
    assert_eq!(
        find("ligato.vpp.dns.DNSCache"),
        "vpp.dns.dnscache v1 \"\" ligato/vpp/dns/dns.proto"
    );
    rig.stop().await;
}

#[tokio::test]
async fn a_client_can_learn_every_kind_from_the_agent() {
    let rig = Rig::start().await;
    let mut client = MetaServiceClient::new(rig.channel().await);
    let models = client.known_models(KnownModelsRequest::default()).await.unwrap().into_inner();
    for model in models.known_models {
        let request =
            ProtoFileDescriptorRequest { full_proto_file_name: model.options[1].values[0].clone() };
        let answer = client.proto_file_descriptor(request).await.unwrap().into_inner();
        let mut pool = DescriptorPool::new();
        // Each file comes after those that it imports.
        for file in &answer.file_import_descriptors.unwrap().file {
            pool.decode_file_descriptor_proto(file.0.as_slice()).unwrap();
        }
        pool.decode_file_descriptor_proto(answer.file_descriptor.unwrap().0.as_slice()).unwrap();
        assert!(pool.get_message_by_name(&model.proto_name).is_some(), "{}", model.proto_name);
        if model.proto_name == "ligato.vpp.l3.Route" {
            // Annotations of fields come along.
            let field = pool.get_message_by_name(&model.proto_name).unwrap();
            let options = field.get_field_by_name("dst_network").unwrap().options();
            assert_eq!(options.extensions().count(), 1);
        }
    }
    let request = ProtoFileDescriptorRequest { full_proto_file_name: "ligato/no.proto".into() };
    assert_eq!(client.proto_file_descriptor(request).await.unwrap_err().code(), Code::NotFound);
    rig.stop().await;
}

#[tokio::test]
async fn reflection_lists_the_services_and_health_knows_them() {
    let rig = Rig::start().await;
    let mut client = ServerReflectionClient::new(rig.channel().await);
    let list = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers =
        client.server_reflection_info(tokio_stream::once(list)).await.unwrap().into_inner();
    let answer = answers.next().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(services)) = answer.message_response else {
        panic!("unexpected answer");
    };
    let names: Vec<_> = services.service.into_iter().map(|service| service.name).collect();
    let mut health = HealthClient::new(rig.channel().await);
    for name in [
        "ligato.configurator.ConfiguratorService",
        "ligato.generic.ManagerService",
        "ligato.generic.MetaService",
    ] {
        assert!(names.iter().any(|known| known == name), "{names:?}");
        let request = HealthCheckRequest { service: name.into() };
        assert_eq!(health.check(request).await.unwrap().into_inner().status, 1);
    }
    drop(answers);
    rig.stop().await;
}

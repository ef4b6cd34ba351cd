//! What services there are, by server reflection.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use prost_reflect::{
    DescriptorPool, ServiceDescriptor, prost::Message, prost_types::FileDescriptorProto,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_request::MessageRequest,
    server_reflection_response::MessageResponse,
};

use crate::grpc::{self, Grpc};

/// The reflection service itself is of no interest.
const REFLECTION: &str = "grpc.reflection.";

/// All services, ordered by name.
pub(super) async fn services(grpc: &Grpc) -> Result<Vec<ServiceDescriptor>> {
    let MessageResponse::ListServicesResponse(list) =
        ask(grpc, MessageRequest::ListServices(String::new())).await?
    else {
        bail!("the agent does not say what services it has");
    };
    let names: BTreeSet<String> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .filter(|name| !name.starts_with(REFLECTION))
        .collect();
    let mut files = BTreeMap::new();
    for name in &names {
        add(grpc, MessageRequest::FileContainingSymbol(name.clone()), &mut files).await?;
    }
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_protos(files.into_values())?;
    let services = names.iter().filter_map(|name| pool.get_service_by_name(name));
    Ok(services.collect())
}

/// Adds the file that is asked for, and those that it imports and that are not there.
async fn add(
    grpc: &Grpc,
    first: MessageRequest,
    files: &mut BTreeMap<String, FileDescriptorProto>,
) -> Result<()> {
    let mut open = vec![first];
    while let Some(request) = open.pop() {
        if matches!(&request, MessageRequest::FileByFilename(name) if files.contains_key(name)) {
            continue;
        }
        let MessageResponse::FileDescriptorResponse(found) = ask(grpc, request).await? else {
            bail!("the agent does not describe its services");
        };
        for bytes in found.file_descriptor_proto {
            let file = FileDescriptorProto::decode(bytes.as_slice())?;
            open.extend(file.dependency.iter().cloned().map(MessageRequest::FileByFilename));
            files.insert(file.name().to_owned(), file);
        }
    }
    Ok(())
}

async fn ask(grpc: &Grpc, request: MessageRequest) -> Result<MessageResponse> {
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(request) };
    let refused = |status: tonic::Status| grpc::refused("reflection", &status);
    let mut answers = grpc
        .reflection()
        .server_reflection_info(once(request))
        .await
        .map_err(refused)?
        .into_inner();
    let answer = answers.message().await.map_err(refused)?;
    match answer.and_then(|answer| answer.message_response) {
        Some(MessageResponse::ErrorResponse(error)) => bail!("{}", error.error_message),
        Some(answer) => Ok(answer),
        None => bail!("the agent does not answer"),
    }
}

/// One request and nothing more.
fn once(
    request: ServerReflectionRequest,
) -> impl tonic::IntoStreamingRequest<Message = ServerReflectionRequest> {
    futures::stream::iter([request])
}

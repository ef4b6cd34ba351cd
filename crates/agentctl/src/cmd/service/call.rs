//! A call whose messages are known by description only.

use std::time::Duration;

use anyhow::Result;
use prost_reflect::{DynamicMessage, MessageDescriptor, MethodDescriptor, prost::Message};
use tonic::{
    Request, Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

use crate::grpc::{self, Grpc};

/// How long a call may take; the original's limit.
const LIMIT: Duration = Duration::from_secs(7);

/// Sends one message and gives the answer.
pub(super) async fn unary(
    grpc: &Grpc,
    method: &MethodDescriptor,
    message: DynamicMessage,
) -> Result<DynamicMessage> {
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let mut client = tonic::client::Grpc::new(grpc.channel());
    client.ready().await?;
    let mut request = Request::new(message);
    request.set_timeout(LIMIT);
    let answer = client.unary(request, path.parse()?, Described(method.output())).await;
    Ok(answer.map_err(|status| grpc::refused(method.name(), &status))?.into_inner())
}

/// Encodes and decodes; holds the description of the answer.
struct Described(MessageDescriptor);

impl Codec for Described {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = AsItIs;
    type Decoder = Self;

    fn encoder(&mut self) -> AsItIs {
        AsItIs
    }

    fn decoder(&mut self) -> Self {
        Self(self.0.clone())
    }
}

struct AsItIs;

impl Encoder for AsItIs {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, item: DynamicMessage, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for Described {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let message = DynamicMessage::decode(self.0.clone(), buffer);
        message.map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}

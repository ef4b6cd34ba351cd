//! What goes with gRPC calls besides messages: names of metadata, and details of errors.

use prost::Message;
use prost::bytes::Bytes;

use crate::generic::SetConfigResponse;

/// Request metadata: name of the data source the request speaks for. Without it, or with several, it is `grpc`.
pub const DATA_SOURCE: &str = "datasrc";
/// Request metadata: what the answer waits for: `accepted`, `applied` (the default) or `verified`.
pub const ACKNOWLEDGEMENT: &str = "ack";
/// Request metadata: how long the answer waits, as a number with unit: `500ms`, `10s`. The request itself goes on.
pub const ACK_DEADLINE: &str = "ack-deadline";
/// Response metadata: number of the transaction.
pub const SEQUENCE: &str = "seqnum";
/// Key of the first result of `SetConfig`, whose message is the number of the transaction.
pub const SEQUENCE_KEY: &str = "seqnum";

/// Type URLs of what is in the details of errors.
const DETAIL_TYPE: &str = "type.googleapis.com/ligato.generic.SetConfigResponse";

/// `google.rpc.Status`, in which gRPC carries details of errors.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

/// An error that says of every value of the request what became of it.
#[must_use]
pub fn status_with_results(
    code: tonic::Code,
    message: impl Into<String>,
    results: &SetConfigResponse,
) -> tonic::Status {
    let message = message.into();
    let detail =
        prost_types::Any { type_url: DETAIL_TYPE.to_owned(), value: results.encode_to_vec() };
    let status = RpcStatus { code: code.into(), message: message.clone(), details: vec![detail] };
    tonic::Status::with_details(code, message, Bytes::from(status.encode_to_vec()))
}

/// What became of every value, if the error says so.
#[must_use]
pub fn results_of_status(status: &tonic::Status) -> Option<SetConfigResponse> {
    let details = RpcStatus::decode(status.details()).ok()?.details;
    let detail = details.into_iter().find(|detail| detail.type_url == DETAIL_TYPE)?;
    SetConfigResponse::decode(detail.value.as_slice()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generic::UpdateResult;

    #[test]
    fn results_travel_in_errors() {
        let result = UpdateResult { key: "a".into(), ..Default::default() };
        let results = SetConfigResponse { results: vec![result] };
        let status = status_with_results(tonic::Code::FailedPrecondition, "why", &results);
        assert_eq!(status.message(), "why");
        assert_eq!(results_of_status(&status), Some(results));
        assert_eq!(results_of_status(&tonic::Status::internal("no details")), None);
    }
}

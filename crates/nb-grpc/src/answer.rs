//! What became of a request, as messages and errors.

use ligato_kvs_api::{BaseValueStatus, OpKind, ValueState};
use ligato_model::{Registry, Value};
use ligato_orchestrator::{KeyResult, PushOutcome, PushResult};
use ligato_proto::generic::update_result::Operation;
use ligato_proto::generic::{Data, Item, ItemStatus, SetConfigResponse, UpdateResult, data, item};
use ligato_proto::rpc;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

/// The orchestrator has ended.
pub(crate) fn closed() -> Status {
    Status::unavailable("the agent is stopping")
}

/// The results of a request, or the error it ends with; that has the results in its details.
pub(crate) fn results(
    result: &PushResult,
    registry: &Registry,
) -> Result<SetConfigResponse, Status> {
    let sequence = result.seq.map(|seq| sequence_result(&seq.to_string()));
    let keys = result.keys.iter().map(|key| key_result(key, registry));
    let response = SetConfigResponse { results: sequence.into_iter().chain(keys).collect() };
    let (code, text) = match &result.outcome {
        PushOutcome::Accepted | PushOutcome::Done => match result.error_text() {
            None => return Ok(response),
            Some(text) => (Code::FailedPrecondition, text),
        },
        PushOutcome::RefusedInvalid => (Code::InvalidArgument, text(result)),
        PushOutcome::NotKept(_) => (Code::Unavailable, text(result)),
        PushOutcome::DeadlinePassed => {
            (Code::DeadlineExceeded, "the request goes on, the time to wait for it is over".into())
        }
        PushOutcome::Undone => (Code::FailedPrecondition, format!("undone: {}", text(result))),
        PushOutcome::UndoFailed(keys) => {
            let keys: Vec<&str> = keys.iter().map(ligato_model::Key::as_str).collect();
            let text = format!("undoing failed for [{}]: {}", keys.join(", "), text(result));
            (Code::FailedPrecondition, text)
        }
        PushOutcome::Partial | PushOutcome::RefusedByScheduler(_) => {
            (Code::FailedPrecondition, text(result))
        }
    };
    Err(rpc::status_with_results(code, text, &response))
}

fn text(result: &PushResult) -> String {
    result.error_text().unwrap_or_else(|| "some operations failed".to_owned())
}

/// Puts the number of the transaction into the header of a response.
pub(crate) fn set_sequence(metadata: &mut MetadataMap, result: &PushResult) {
    if let Some(Ok(number)) = result.seq.map(|seq| seq.to_string().parse()) {
        metadata.insert(rpc::SEQUENCE, number);
    }
}

fn sequence_result(number: &str) -> UpdateResult {
    let status =
        ItemStatus { status: ValueState::Nonexistent.to_string(), message: number.to_owned() };
    UpdateResult { key: rpc::SEQUENCE_KEY.to_owned(), status: Some(status), ..Default::default() }
}

fn key_result(result: &KeyResult, registry: &Registry) -> UpdateResult {
    let status = match (&result.rejected, &result.status) {
        (Some(reason), _) => Some(ItemStatus {
            status: ValueState::Invalid.to_string(),
            message: reason.describe(&result.key),
        }),
        (None, status) => status.as_ref().map(item_status),
    };
    let operation = result.status.as_ref().map_or(Operation::Unspecified, |status| {
        match status.value.last_operation {
            OpKind::Create => Operation::Create,
            OpKind::Update => Operation::Update,
            OpKind::Delete => Operation::Delete,
            OpKind::Undefined | OpKind::Validate => Operation::Unspecified,
        }
    });
    UpdateResult {
        id: id_of_key(&result.key, registry),
        key: result.key.to_string(),
        op: operation.into(),
        status,
    }
}

/// Name of the state, and what a pending value waits for or why it failed.
pub(crate) fn item_status(status: &BaseValueStatus) -> ItemStatus {
    let value = &status.value;
    let message = match value.details.as_slice() {
        [] => value.error.clone(),
        details => details.join(", "),
    };
    ItemStatus { status: value.state.to_string(), message }
}

/// Model and name that a key stands for.
pub(crate) fn id_of_key(key: &str, registry: &Registry) -> Option<item::Id> {
    let (model, name) = registry.by_key(key)?;
    Some(item::Id { model: model.model_name(), name: name.to_owned() })
}

/// A value with its id. The name is as the template gives it, which may be other than in the key.
pub(crate) fn item(value: &Value, registry: &Registry) -> Item {
    let id = registry.by_proto_name(&value.full_name()).and_then(|model| {
        Some(item::Id { model: model.model_name(), name: model.instance_name(value).ok()? })
    });
    let any = prost_types::Any { type_url: value.type_url(), value: value.encode_to_vec() };
    Item { id, data: Some(Data { union: Some(data::Union::Any(any)) }) }
}

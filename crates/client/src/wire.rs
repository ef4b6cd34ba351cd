//! Between the client's types and those of gRPC.

use std::sync::Arc;

use ligato_kvs_api::{Acknowledgement, ValueState};
use ligato_model::Value;
use ligato_orchestrator::{Change, LabelSelector};
use ligato_proto::generic::{
    ConfigItem, Data, Item as WireItem, ItemStatus as WireStatus, Notification, SetConfigResponse,
    StateItem as WireState, UpdateItem, data,
};
use ligato_proto::rpc;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as NameError;
use tonic::{Code, Request, Status};

use crate::client::{Item, Options, StateItem, StatusChange};
use crate::kinds::Kinds;
use crate::{ClientError, ItemResult, ItemStatus, Outcome};

/// A request with the metadata that says how to carry it out.
pub(crate) fn request<T>(message: T, options: &Options) -> Result<Request<T>, ClientError> {
    let mut request = Request::new(message);
    let ack = match options.ack {
        Acknowledgement::Accepted => "accepted",
        Acknowledgement::Applied => "applied",
        Acknowledgement::Verified => "verified",
    };
    let deadline = options.deadline.map(|deadline| format!("{}ns", deadline.as_nanos()));
    let entries = [
        (rpc::ACKNOWLEDGEMENT, Some(ack.to_owned())),
        (rpc::ACK_DEADLINE, deadline),
        (rpc::DATA_SOURCE, options.source.as_ref().map(ToString::to_string)),
    ];
    for (name, value) in entries {
        let Some(value) = value else { continue };
        let value = value.parse().map_err(|_| ClientError::Refused {
            reason: format!("{value:?} cannot be sent as {name}"),
        })?;
        request.metadata_mut().insert(name, value);
    }
    Ok(request)
}

/// One change; deleting goes by model and name.
pub(crate) fn update(change: &Change, kinds: &Kinds) -> Result<UpdateItem, ClientError> {
    let item = match &change.value {
        Some(value) => WireItem { id: None, data: Some(any(value)) },
        None => WireItem { id: Some(kinds.id(&change.key)?), data: None },
    };
    Ok(UpdateItem { item: Some(item), labels: (*change.labels).clone() })
}

fn any(value: &Value) -> Data {
    let any = prost_types::Any { type_url: value.type_url(), value: value.encode_to_vec() };
    Data { union: Some(data::Union::Any(any)) }
}

/// A selector as name and text of a request.
pub(crate) fn label(selector: &LabelSelector) -> (String, String) {
    match selector {
        LabelSelector::Has(name) => (name.clone(), String::new()),
        LabelSelector::Is(name, value) => (name.clone(), value.clone()),
        LabelSelector::HasNot(name) => (format!("!{name}"), String::new()),
        LabelSelector::IsNot(name, value) => (format!("!{name}"), value.clone()),
    }
}

/// What became of a change. The first result is the number of the transaction.
pub(crate) fn outcome(response: SetConfigResponse) -> Result<Outcome, ClientError> {
    let mut outcome = Outcome::default();
    for result in response.results {
        if result.key == rpc::SEQUENCE_KEY {
            outcome.seq = result.status.and_then(|status| status.message.parse().ok());
        } else {
            let status = result.status.map(status).transpose()?;
            outcome.items.push(ItemResult { key: result.key.into(), status });
        }
    }
    Ok(outcome)
}

/// What the agent says instead of an answer.
pub(crate) fn error(status: &Status) -> ClientError {
    let reason = status.message().to_owned();
    let results = rpc::results_of_status(status).and_then(|results| outcome(results).ok());
    match (status.code(), results) {
        (Code::DeadlineExceeded, _) => ClientError::Deadline { reason },
        (Code::Unavailable | Code::Cancelled, _) => ClientError::Unavailable { reason },
        (_, Some(outcome)) => ClientError::Failed { reason, outcome: Box::new(outcome) },
        (Code::FailedPrecondition | Code::Unknown | Code::Internal, None) => {
            ClientError::Failed { reason, outcome: Box::default() }
        }
        (_, None) => ClientError::Refused { reason },
    }
}

fn status(status: WireStatus) -> Result<ItemStatus, ClientError> {
    let name: serde::de::value::StrDeserializer<'_, NameError> =
        status.status.as_str().into_deserializer();
    let state = ValueState::deserialize(name).map_err(|_| ClientError::BadAnswer {
        what: format!("unknown state {:?}", status.status),
    })?;
    Ok(ItemStatus { state, message: status.message })
}

/// A desired value.
pub(crate) fn config_item(item: ConfigItem, kinds: &Kinds) -> Result<Item, ClientError> {
    let (key, value) = kinds.value(item.item)?;
    let status = item.status.map(status).transpose()?;
    Ok(Item { key, value, labels: Arc::new(item.labels), status })
}

/// An applied value.
pub(crate) fn state_item(item: WireState, kinds: &Kinds) -> Result<StateItem, ClientError> {
    let (key, value) = kinds.value(item.item)?;
    Ok(StateItem { key, value, metadata: item.metadata })
}

/// A change of status. Values of no model have their key as name.
pub(crate) fn status_change(
    notification: Notification,
    kinds: &Kinds,
) -> Result<StatusChange, ClientError> {
    let id = notification.item.and_then(|item| item.id).unwrap_or_default();
    Ok(StatusChange {
        key: kinds.key(id),
        status: status(notification.status.unwrap_or_default())?,
    })
}

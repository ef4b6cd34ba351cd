//! Values, origins and prefixes as the scheduler's endpoints show them.

use ligato_kvs::Snapshot;
use ligato_kvs_api::{DynDescriptor, Origin};
use ligato_model::{Value, text::FieldNames};
use serde_json::json;
use std::sync::Arc;

/// A value as the original records it: the name of its message and its content. Nothing is `null`.
pub(super) fn recorded(value: Option<&Value>) -> serde_json::Value {
    let Some(value) = value else { return serde_json::Value::Null };
    // A content that cannot be shown leaves its name.
    json!({ "ProtoMsgName": value.full_name(), "ProtoMsgData": value.redacted().to_json_with(FieldNames::Json).unwrap_or_default() })
}

/// The number of an origin: 0 unknown, 1 from NB, 2 from SB.
pub(super) fn origin_number(origin: Origin) -> u8 {
    match origin {
        Origin::Unknown => 0,
        Origin::Nb => 1,
        Origin::Sb => 2,
    }
}

/// The descriptor whose northbound prefix is the given one or a part of it; the longest one, if several are.
pub(super) fn descriptor_of_prefix(
    snapshot: &Snapshot,
    prefix: &str,
) -> Option<Arc<dyn DynDescriptor>> {
    snapshot
        .descriptors()
        .into_iter()
        .filter_map(|descriptor| {
            let own = descriptor.nb_key_prefix()?.len();
            let matches = prefix.starts_with(descriptor.nb_key_prefix()?);
            matches.then_some((own, descriptor))
        })
        .max_by_key(|(length, _)| *length)
        .map(|(_, descriptor)| descriptor)
}

//! `GET /scheduler/dump`: values of one descriptor, from one of three sides.

use axum::extract::State;
use ligato_kvs::{DumpError, DumpItem, Scheduler, Snapshot, StatusFilter, View};
use serde_json::{Value, json};

use super::value::{descriptor_of_prefix, origin_number, recorded};
use crate::{
    answer::{ApiError, Json},
    query::Args,
};

/// The views as the original names them.
const VIEWS: [&str; 3] = ["SB", "NB", "cached"];

/// From which side to look.
enum Side {
    /// Asks the southbound.
    Southbound,
    /// What the scheduler knows.
    Known(View),
}

pub(super) async fn dump(
    State(scheduler): State<Scheduler>,
    args: Args,
) -> Result<Json<Value>, ApiError> {
    args.only(&["descriptor", "key-prefix", "view"])?;
    let snapshot = scheduler.snapshot();
    let (descriptor, prefix) = (args.named("descriptor")?, args.named("key-prefix")?);
    // The original's default is SB; a plain GET should not cost a conversation with the data plane.
    let side = match args.one("view")? {
        Some("SB") => Side::Southbound,
        Some("NB") => Side::Known(View::Nb),
        None | Some("cached") => Side::Known(View::Cached),
        Some(other) => {
            let text = format!("unrecognized system view {other:?}; use {}", VIEWS.join(", "));
            return Err(ApiError::Argument(text));
        }
    };
    let (name, filter) = match (descriptor, prefix) {
        (None, None) => return Ok(Json(index(&snapshot))),
        (Some(name), _) => {
            if !snapshot.descriptors().iter().any(|known| known.name() == name) {
                return Err(ApiError::NotFound("descriptor is not registered".to_owned()));
            }
            (name.to_owned(), StatusFilter::Descriptor(name.to_owned()))
        }
        (None, Some(prefix)) => {
            let unknown =
                || ApiError::NotFound("no descriptor found matching the key prefix".to_owned());
            let descriptor = descriptor_of_prefix(&snapshot, prefix).ok_or_else(unknown)?;
            (descriptor.name().to_owned(), StatusFilter::Prefix(prefix.to_owned()))
        }
    };
    let items = match side {
        Side::Known(view) => snapshot.dump(&filter, view),
        Side::Southbound => {
            let mut items =
                scheduler.dump_southbound(&name).await.map_err(|error| failed(&error))?;
            if let StatusFilter::Prefix(prefix) = &filter {
                items.retain(|item| item.key.starts_with(prefix.as_str()));
            }
            items
        }
    };
    Ok(Json(if items.is_empty() { Value::Null } else { items.iter().map(shown).collect() }))
}

fn index(snapshot: &Snapshot) -> Value {
    let descriptors = snapshot.descriptors();
    let names: Vec<&str> = descriptors.iter().map(|d| d.name()).collect();
    let prefixes: Vec<&str> =
        descriptors.iter().map(|d| d.nb_key_prefix().unwrap_or_default()).collect();
    json!({ "Descriptors": names, "KeyPrefixes": prefixes, "Views": VIEWS })
}

fn shown(item: &DumpItem) -> Value {
    json!({
        "Key": item.key,
        "Value": recorded(Some(&item.value)),
        "Origin": origin_number(item.origin),
        "Metadata": item.metadata.as_ref().map(ligato_kvs_api::Metadata::to_json),
    })
}

fn failed(error: &DumpError) -> ApiError {
    match error {
        DumpError::UnknownDescriptor => ApiError::NotFound(error.to_string()),
        DumpError::NotRetrievable => ApiError::Argument(error.to_string()),
        DumpError::Failed(_) | DumpError::Closed => ApiError::Failed(error.to_string()),
    }
}

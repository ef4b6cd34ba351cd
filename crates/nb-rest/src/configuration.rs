//! `/configuration`: the desired configuration as one document, read, changed, replaced, validated.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use ligato_kvs::{Scheduler, Snapshot};
use ligato_kvs_api::{DynDescriptor, Invalid, Plan, PlanError, TxnReport};
use ligato_model::{
    Key, Value,
    text::{Entry, FieldNames, read_document, to_yaml, write_document},
};

use crate::{
    answer::{ApiError, Json},
    query::Args,
};

/// What becomes of the values that a document does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They stay as they are.
    Merge,
    /// Those that came from this source before are removed.
    Replace,
}

/// The desired configuration as the REST API uses it: one source among others.
#[async_trait::async_trait]
pub trait Configuration: Send + Sync + 'static {
    /// What all sources together want.
    async fn desired(&self) -> Vec<(Key, Value)>;

    /// Wants these values, in one transaction; failed operations are not tried again.
    ///
    /// # Errors
    /// When nothing was done at all.
    async fn push(&self, mode: Mode, values: Vec<(Key, Value)>) -> Result<TxnReport, PushError>;

    /// What [`push`](Self::push) would do.
    ///
    /// # Errors
    /// When no plan can be made.
    async fn plan(&self, mode: Mode, values: Vec<(Key, Value)>) -> Result<Plan, PlanError>;
}

/// Why nothing was pushed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The values contradict each other or their keys.
    #[error("{0}")]
    Refused(String),
    /// The agent does not take configuration now.
    #[error("{0}")]
    Closed(String),
}

/// A configuration handed around.
pub type SharedConfiguration = Arc<dyn Configuration>;

pub(crate) fn routes(configuration: SharedConfiguration, scheduler: Scheduler) -> Router {
    let desired =
        Router::new().route("/configuration", get(show).put(change)).with_state(configuration);
    let checked =
        Router::new().route("/configuration/validate", post(validate)).with_state(scheduler);
    desired.merge(checked)
}

/// The values of a document in a request.
pub(crate) fn read(body: &Bytes) -> Result<Vec<(Key, Value)>, ApiError> {
    let entries = read_entries(body)?;
    Ok(entries.into_iter().map(|entry| (entry.key, entry.value)).collect())
}

fn read_entries(body: &Bytes) -> Result<Vec<Entry>, ApiError> {
    let text = std::str::from_utf8(body)
        .map_err(|error| ApiError::Argument(format!("the document is not UTF-8: {error}")))?;
    read_document(&ligato_proto::registry(), text, "request")
        .map_err(|error| ApiError::Argument(error.to_string()))
}

async fn show(State(configuration): State<SharedConfiguration>) -> Response {
    let desired = configuration.desired().await;
    let values = desired.iter().map(|(_, value)| value);
    let yaml = write_document(&ligato_proto::registry(), values, FieldNames::Json)
        .and_then(|document| to_yaml(&document));
    match yaml {
        Ok(yaml) => {
            ([(header::CONTENT_TYPE, "application/yaml; charset=UTF-8")], yaml).into_response()
        }
        Err(error) => {
            ApiError::Failed(format!("writing the configuration failed: {error}")).as_text()
        }
    }
}

async fn change(
    State(configuration): State<SharedConfiguration>,
    args: Args,
    body: Bytes,
) -> Response {
    // The presence of the argument counts, whatever its value: clients rely on it.
    let mode = if args.has("replace") { Mode::Replace } else { Mode::Merge };
    let pushed = async {
        args.only(&["replace"])?;
        let values = read(&body)?;
        configuration.push(mode, values).await.map_err(|error| match error {
            PushError::Refused(_) => ApiError::Argument(error.to_string()),
            PushError::Closed(_) => ApiError::Failed(error.to_string()),
        })
    };
    match pushed.await {
        Err(error) => error.as_text(),
        Ok(report) => match report.error_text() {
            Some(text) => ApiError::Failed(text).as_text(),
            None => Json(serde_json::json!({})).into_response(),
        },
    }
}

/// A value that is not valid, as the original describes it.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
struct Finding {
    path: String,
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_derived_config_part: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_config_part: Option<String>,
}

async fn validate(State(scheduler): State<Scheduler>, args: Args, body: Bytes) -> Response {
    let entries = match args.only(&[]).and_then(|()| read_entries(&body)) {
        Ok(entries) => entries,
        Err(error) => return error.as_text(),
    };
    let snapshot = scheduler.snapshot();
    let checker = Checker::new(&snapshot);
    let findings: Vec<Finding> = entries.iter().flat_map(|entry| checker.check(entry)).collect();
    if findings.is_empty() {
        return Json(serde_json::json!({})).into_response();
    }
    (StatusCode::BAD_REQUEST, Json(findings)).into_response()
}

/// The descriptors that check values, found by the message type first.
struct Checker {
    by_type: BTreeMap<String, Vec<Arc<dyn DynDescriptor>>>,
}

// === impl Checker ===

impl Checker {
    fn new(snapshot: &Snapshot) -> Self {
        let mut by_type: BTreeMap<String, Vec<Arc<dyn DynDescriptor>>> = BTreeMap::new();
        for descriptor in snapshot.descriptors() {
            by_type.entry(descriptor.value_type().to_owned()).or_default().push(descriptor);
        }
        Self { by_type }
    }

    fn descriptor(&self, key: &Key, value: &Value) -> Option<&Arc<dyn DynDescriptor>> {
        self.by_type.get(&value.full_name())?.iter().find(|descriptor| descriptor.selects(key))
    }

    /// What is wrong with a value and with what is derived from it; values without a descriptor are not checked.
    fn check(&self, entry: &Entry) -> Vec<Finding> {
        let Some(descriptor) = self.descriptor(&entry.key, &entry.value) else { return Vec::new() };
        let place = Place::of(entry);
        let mut findings = Vec::new();
        if let Err(invalid) = descriptor.validate(&entry.key, &entry.value) {
            findings.push(place.finding(&invalid, None));
            // What an invalid value derives means nothing.
            return findings;
        }
        for (key, value) in descriptor.derive(&entry.key, &entry.value) {
            let checked = self.descriptor(&key, &value).map(|d| d.validate(&key, &value));
            if let Some(Err(invalid)) = checked {
                findings.push(place.finding(&invalid, Some(&value)));
            }
        }
        findings
    }
}

/// Where a value stands in the document.
struct Place<'a> {
    path: String,
    /// The value itself, where the path does not tell which one of a list it is.
    part: Option<&'a Value>,
}

// === impl Place ===

impl<'a> Place<'a> {
    fn of(entry: &'a Entry) -> Self {
        let registry = ligato_proto::registry();
        match registry.by_key(&entry.key) {
            None => Self { path: entry.key.to_string(), part: Some(&entry.value) },
            Some((model, _)) => {
                let (group, field) = (model.spec.group(), model.config_field.json_name);
                let (mark, part) =
                    if model.is_singleton() { ("", None) } else { ("*", Some(&entry.value)) };
                Self { path: format!("{group}Config.{field}{mark}"), part }
            }
        }
    }

    fn finding(&self, invalid: &Invalid, derived: Option<&Value>) -> Finding {
        let fields: Vec<String> = invalid.field_names().iter().map(|name| camel(name)).collect();
        let fields = match fields.as_slice() {
            [] => "<unknown field>".to_owned(),
            [one] => one.clone(),
            several => format!("[{}]", several.join(",")),
        };
        let derived_mark = if derived.is_some() { ".[derivedConfiguration]" } else { "" };
        let part = |value: &Value| value.to_yaml().unwrap_or_default();
        Finding {
            path: format!("{}{derived_mark}.{fields}", self.path),
            error: invalid.to_string(),
            error_derived_config_part: derived.map(part),
            error_config_part: self.part.map(part),
        }
    }
}

/// A field path in the JSON spelling: `ip_addresses[1]` becomes `ipAddresses[1]`.
fn camel(path: &str) -> String {
    let mut camel = String::with_capacity(path.len());
    let mut after_underscore = false;
    for c in path.chars() {
        match c {
            '_' => after_underscore = true,
            c if after_underscore => {
                camel.extend(c.to_uppercase());
                after_underscore = false;
            }
            c => camel.push(c),
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_in_the_json_spelling() {
        assert_eq!(camel("ip_addresses[1]"), "ipAddresses[1]");
        assert_eq!(camel("memif.socket_filename"), "memif.socketFilename");
    }
}

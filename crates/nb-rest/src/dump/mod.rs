//! `/dump/…`: what is in VPP and Linux, read now, in the shapes that the original's clients know.
//!
//! Members that only the original's binary knew (counters of queues, capabilities of links) are left out rather than
//! made up; all that is there has the original's name, number and form.

pub(crate) mod gojson;
mod meta;
mod table;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use ligato_kvs::{DumpError, DumpItem, Scheduler};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use crate::{answer::Json, query::Args};
use table::{Dump, Shape};

/// The routes of all dumps.
pub(crate) fn routes(scheduler: Scheduler) -> Router {
    let reader = Reader { scheduler, one_at_a_time: Arc::default() };
    table::DUMPS.iter().fold(Router::new(), |router, dump| {
        let reader = reader.clone();
        let handler = move |args: Args| async move {
            match args.only(&[]) {
                Ok(()) => reader.answer(dump).await,
                Err(error) => error.into_response(),
            }
        };
        router.route(dump.path, get(handler))
    })
}

/// Reads the southbound.
#[derive(Clone)]
struct Reader {
    scheduler: Scheduler,
    /// Reading everything of a kind is costly.
    one_at_a_time: Arc<Mutex<()>>,
}

// === impl Reader ===

impl Reader {
    async fn answer(&self, dump: &Dump) -> Response {
        match self.read(dump).await {
            Ok(items) => Json(self.shape(dump, &items)).into_response(),
            Err(error) => {
                let text = format!("500 Internal server error: request failed: {error}\n");
                (StatusCode::INTERNAL_SERVER_ERROR, Json(text)).into_response()
            }
        }
    }

    async fn read(&self, dump: &Dump) -> Result<Vec<DumpItem>, String> {
        let registry = ligato_proto::registry();
        let prefix = registry.by_model_name(dump.model).map(ligato_model::ModelInfo::key_prefix);
        let snapshot = self.scheduler.snapshot();
        let descriptors = snapshot.descriptors();
        let of_model = descriptors.iter().find(|descriptor| {
            descriptor.nb_key_prefix().is_some() && descriptor.nb_key_prefix() == prefix.as_deref()
        });
        let Some(descriptor) = of_model else { return Err("handler is not available".to_owned()) };
        let _one_at_a_time = self.one_at_a_time.lock().await;
        let mut items = match self.scheduler.dump_southbound(descriptor.name()).await {
            Ok(items) => items,
            Err(DumpError::NotRetrievable) => return Err("handler is not available".to_owned()),
            Err(error) => return Err(error.to_string()),
        };
        items.retain(|item| dump.takes(&item.value));
        items.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(items)
    }

    fn shape(&self, dump: &Dump, items: &[DumpItem]) -> Value {
        let names = meta::Names::of(&self.scheduler.snapshot());
        let value =
            |item: &DumpItem| gojson::message(&item.value.redacted().message().to_dynamic());
        match dump.shape {
            Shape::Plain if items.is_empty() => Value::Null,
            Shape::Plain => items.iter().map(value).collect(),
            Shape::One => items.first().map_or_else(|| json!({}), value),
            Shape::List { .. } if items.is_empty() => Value::Null,
            Shape::List { member, meta } => {
                let with_meta = |item| with_meta(value(item), member, meta, names.meta(dump, item));
                items.iter().map(with_meta).collect()
            }
            Shape::Keyed { member, meta } => {
                let entry = |item| {
                    let entry = with_meta(value(item), member, Some(meta), names.meta(dump, item));
                    Some((names.id(dump, item)?, entry))
                };
                // Go writes maps in the order of their keys as texts.
                let entries: BTreeMap<String, Value> = items.iter().filter_map(entry).collect();
                Value::Object(entries.into_iter().collect())
            }
        }
    }
}

fn with_meta(value: Value, member: &str, meta: Option<&str>, content: Value) -> Value {
    let mut entry = Map::new();
    entry.insert(member.to_owned(), value);
    if let Some(meta) = meta {
        entry.insert(meta.to_owned(), content);
    }
    Value::Object(entry)
}

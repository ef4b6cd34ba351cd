//! `ligato.generic.ManagerService`: values of any kind.

use std::collections::{BTreeMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;

use futures::Stream;
use ligato_kvs::{StatusFilter, View};
use ligato_kvs_api::Metadata;
use ligato_model::{Key, Registry};
use ligato_orchestrator::{
    Change, Entry, LabelSelector, Labels, ListFilter, ListItem, ResyncDepth,
};
use ligato_proto::generic::manager_service_server::ManagerService;
use ligato_proto::generic::{
    ConfigItem, DumpStateRequest, DumpStateResponse, GetConfigRequest, GetConfigResponse,
    SetConfigRequest, SetConfigResponse, StateItem, SubscribeRequest, SubscribeResponse,
    UpdateItem, data, item,
};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, async_trait};

use crate::Services;
use crate::answer::{closed, item, item_status, results, set_sequence};
use crate::request::Wishes;
use crate::subscribe;

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Manager {
    pub(crate) services: Services,
    /// Cancelled when streams are to end.
    pub(crate) ending: CancellationToken,
}

#[async_trait]
impl ManagerService for Manager {
    type SubscribeStream = Pin<Box<dyn Stream<Item = Result<SubscribeResponse, Status>> + Send>>;

    async fn set_config(
        &self,
        request: Request<SetConfigRequest>,
    ) -> Result<Response<SetConfigResponse>, Status> {
        let wishes = Wishes::read(request.metadata())?;
        let request = request.into_inner();
        let registry = &self.services.registry;
        let changes = request.updates.into_iter().map(|update| change(update, registry));
        let changes: Vec<Change> = changes.collect::<Result<_, _>>()?;
        let options = wishes.options("ManagerService.SetConfig");
        let orchestrator = &self.services.orchestrator;
        let result = if request.overwrite_all {
            // What is deleted is not listed.
            let entries = changes.into_iter().filter_map(entry).collect();
            orchestrator.resync(wishes.source, entries, ResyncDepth::Full, options).await
        } else {
            orchestrator.push(wishes.source, changes, options).await
        };
        let result = result.map_err(|_| closed())?;
        match results(&result, registry) {
            Ok(results) => {
                let mut response = Response::new(results);
                set_sequence(response.metadata_mut(), &result);
                Ok(response)
            }
            Err(mut status) => {
                set_sequence(status.metadata_mut(), &result);
                Err(status)
            }
        }
    }

    async fn get_config(
        &self,
        request: Request<GetConfigRequest>,
    ) -> Result<Response<GetConfigResponse>, Status> {
        let request = request.into_inner();
        if !request.ids.is_empty() && !request.labels.is_empty() {
            return Err(Status::invalid_argument("both fields of the request are not nil!"));
        }
        let labels = request.labels.iter().map(|(key, value)| LabelSelector::parse(key, value));
        let filter = ListFilter { labels: labels.collect(), ..ListFilter::default() };
        let wanted = Wanted::new(&request.ids, &self.services.registry)?;
        let items = self.services.orchestrator.list(&filter);
        let items = items.iter().filter(|item| wanted.has(&item.key));
        let items = items.map(|item| self.config_item(item)).collect();
        Ok(Response::new(GetConfigResponse { items }))
    }

    async fn dump_state(
        &self,
        request: Request<DumpStateRequest>,
    ) -> Result<Response<DumpStateResponse>, Status> {
        let registry = &self.services.registry;
        let wanted = Wanted::new(&request.into_inner().ids, registry)?;
        let cached = self.services.scheduler.snapshot().dump(&StatusFilter::All, View::Cached);
        let items = cached
            .iter()
            .filter(|dumped| wanted.has(&dumped.key) && registry.by_key(&dumped.key).is_some());
        let items = items.map(|dumped| StateItem {
            item: Some(item(&dumped.value, registry)),
            metadata: dumped.metadata.as_ref().map(metadata_map).unwrap_or_default(),
        });
        Ok(Response::new(DumpStateResponse { items: items.collect() }))
    }

    async fn subscribe(
        &self,
        request: Request<SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let stream = subscribe::stream(&self.services, &request.into_inner().subscriptions)?;
        Ok(Response::new(Box::pin(subscribe::until(stream, self.ending.clone()))))
    }
}

impl Manager {
    fn config_item(&self, desired: &ListItem) -> ConfigItem {
        ConfigItem {
            item: Some(item(&desired.value, &self.services.registry)),
            status: self.services.status(&desired.key).as_ref().map(item_status),
            labels: (*desired.labels).clone(),
        }
    }
}

/// Reads one change.
fn change(update: UpdateItem, registry: &Registry) -> Result<Change, Status> {
    let invalid = |error| Status::invalid_argument(format!("{error}"));
    let labels: Labels = Arc::new(update.labels);
    let item = update.item.ok_or_else(|| Status::invalid_argument("change item is nil"))?;
    let data = item.data.and_then(|data| data.union);
    let change = match (data, item.id) {
        (Some(data::Union::Any(any)), _) => {
            let value = registry.from_any(&any.type_url, &any.value).map_err(invalid)?;
            let key = registry.key_of(&value).map_err(invalid)?;
            Change::put(key, value)
        }
        (None, Some(id)) => Change::delete(key_of_id(&id, registry)?),
        (None, None) => {
            return Err(Status::invalid_argument("ProtoItem has no key or val defined."));
        }
    };
    Ok(change.with_labels(labels))
}

fn entry(change: Change) -> Option<Entry> {
    let Change { key, value, labels } = change;
    Some(Entry { key, value: value?, labels })
}

/// The key that model and name stand for.
pub(crate) fn key_of_id(id: &item::Id, registry: &Registry) -> Result<Key, Status> {
    match registry.by_model_name(&id.model) {
        Some(model) => Ok(model.spec.key(&id.name)),
        None => Err(Status::invalid_argument(format!("unknown model {:?}", id.model))),
    }
}

/// Which keys a request names; all if it names none.
struct Wanted(Option<HashSet<Key>>);

impl Wanted {
    fn new(ids: &[item::Id], registry: &Registry) -> Result<Self, Status> {
        if ids.is_empty() {
            return Ok(Self(None));
        }
        let keys = ids.iter().map(|id| key_of_id(id, registry));
        Ok(Self(Some(keys.collect::<Result<_, _>>()?)))
    }

    fn has(&self, key: &str) -> bool {
        self.0.as_ref().is_none_or(|keys| keys.contains(key))
    }
}

/// Metadata as texts, field by field.
fn metadata_map(metadata: &Metadata) -> BTreeMap<String, String> {
    let text = |json: serde_json::Value| match json {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    match metadata.to_json() {
        serde_json::Value::Object(fields) => {
            fields.into_iter().map(|(name, json)| (name, text(json))).collect()
        }
        serde_json::Value::Null => BTreeMap::new(),
        other => BTreeMap::from([("metadata".to_owned(), text(other))]),
    }
}

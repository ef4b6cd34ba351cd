//! What clients say through APIs, kept in a store so that it outlives the agent.
//!
//! The key is `/vnf-agent/<label>/kept/<source>/<key of the value>`, with `%` and `/` in the source written as
//! `%25` and `%2F`. The value is JSON:
//!
//! ```json
//! {"value": {"name": "loop1", "mtu": 9000}, "labels": {"io.ligato.from-client": "x"}}
//! ```
//!
//! `value` is the message as protobuf JSON with the names of the `.proto` file; `labels` is left out when there are
//! none. It is written so that people can read it, and so that other versions of the agent can.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use ligato_infra::json::{self, Map, json};
use ligato_infra::{BoxError, ServiceLabel};
use ligato_keyval::{Bytes, Entry, Prefix, StoreHandle, Txn};
use ligato_kvs_api::SourceId;
use ligato_model::{Key, Registry};
use ligato_orchestrator::{
    Change, Delivery, DeliveryKind, KeepError, Keeper, Labels, RejectReason, Rejection, ResyncDepth,
};

use crate::Error;

const VALUE: &str = "value";
const LABELS: &str = "labels";

/// Keeps what some sources want in a store. Every write is one transaction of it.
#[derive(Debug, Clone)]
pub struct KvKeeper {
    store: StoreHandle,
    kept: Prefix,
    sources: BTreeSet<SourceId>,
}

// === impl KvKeeper ===

impl KvKeeper {
    /// Keeps for agent `label` what these sources want.
    ///
    /// # Errors
    /// When the store cannot do transactions.
    pub fn new<S: Into<SourceId>>(
        store: StoreHandle,
        label: &ServiceLabel,
        sources: impl IntoIterator<Item = S>,
    ) -> Result<Self, Error> {
        store.as_transact().map_err(Error::Store)?;
        let kept = Prefix::new(&format!("{}kept", label.agent_prefix()));
        Ok(Self { store, kept, sources: sources.into_iter().map(Into::into).collect() })
    }

    /// What was kept, by source. An entry that cannot be read is a rejection of its delivery and stays in the
    /// store; what belongs to no source that is kept is logged and stays there as well.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn restore(&self, registry: &Registry) -> Result<Vec<(SourceId, Delivery)>, Error> {
        let prefixes = [self.kept.clone()];
        let listing = self.store.snapshot(&prefixes).await.map_err(Error::Store)?;
        let mut deliveries: BTreeMap<SourceId, Delivery> = BTreeMap::new();
        for entry in listing.entries {
            let Some((source, key)) = self.place_of(&entry) else {
                let (store, key) = (self.store.name(), &entry.key);
                tracing::warn!(store, %key, "kept for a source that is not kept any more");
                continue;
            };
            let delivery = deliveries.entry(source).or_insert_with(|| Delivery {
                kind: DeliveryKind::Snapshot(ResyncDepth::Difference),
                changes: Vec::new(),
                rejected: Vec::new(),
            });
            match decode(registry, &key, &entry.value) {
                Ok(change) => delivery.changes.push(change),
                Err(reason) => delivery.rejected.push(Rejection { key, reason }),
            }
        }
        Ok(deliveries.into_iter().collect())
    }

    fn place_of(&self, entry: &Entry) -> Option<(SourceId, Key)> {
        let (source, key) = self.kept.strip(&entry.key)?.split_once('/')?;
        // Backwards, so that an escaped percent sign escapes nothing.
        let source = source.replace("%2F", "/").replace("%25", "%");
        let source = self.sources.get(source.as_str())?;
        (!key.is_empty()).then(|| (source.clone(), Key::from(key)))
    }

    fn transaction(&self, source: &SourceId, changes: Vec<Change>) -> Result<Txn, BoxError> {
        let source = Prefix::new(&format!("{}{}", self.kept.as_str(), escape(source)));
        let mut txn = Txn::new();
        for Change { key, value, labels } in changes {
            let place = source.join(&key)?;
            txn = match value {
                Some(value) => txn.put(place, encode(value.to_json()?, &labels)),
                None => txn.delete(place),
            };
        }
        Ok(txn)
    }
}

impl Keeper for KvKeeper {
    fn keeps(&self, source: &SourceId) -> bool {
        self.sources.contains(source)
    }

    fn write(
        &self,
        source: &SourceId,
        changes: Vec<Change>,
    ) -> BoxFuture<'static, Result<(), KeepError>> {
        let (keeper, source) = (self.clone(), source.clone());
        async move {
            let store = keeper.store.name().to_owned();
            let write = async {
                let txn = keeper.transaction(&source, changes)?;
                keeper.store.as_transact()?.transact(txn).await?;
                Ok(())
            };
            write.await.map_err(|source: BoxError| KeepError { store, source })
        }
        .boxed()
    }
}

fn escape(source: &str) -> String {
    source.replace('%', "%25").replace('/', "%2F")
}

fn encode(value: json::Value, labels: &Labels) -> Bytes {
    let mut envelope = Map::new();
    envelope.insert(VALUE.to_owned(), value);
    if !labels.is_empty() {
        envelope.insert(LABELS.to_owned(), json!(**labels));
    }
    json::Value::Object(envelope).to_string().into()
}

fn decode(registry: &Registry, key: &Key, text: &Bytes) -> Result<Change, RejectReason> {
    let (model, _) = registry.by_key(key).ok_or(RejectReason::UnknownKey)?;
    let why = |why: String| RejectReason::Undecodable { why };
    let mut envelope: Map<String, json::Value> =
        json::from_slice(text).map_err(|error| why(error.to_string()))?;
    let value = envelope.remove(VALUE).ok_or_else(|| why(format!("{VALUE} is missing")))?;
    let labels: BTreeMap<String, String> = match envelope.remove(LABELS) {
        Some(labels) => {
            json::from_value(labels).map_err(|error| why(format!("{LABELS}: {error}")))?
        }
        None => BTreeMap::new(),
    };
    // Left out rather than taken without what it says: it may change what the value means.
    if let Some(field) = envelope.keys().next() {
        return Err(why(format!("unknown field {field:?}")));
    }
    let value =
        model.from_json(&value.to_string(), VALUE).map_err(|error| why(error.to_string()))?;
    Ok(Change::put(key, value).with_labels(Arc::new(labels)))
}

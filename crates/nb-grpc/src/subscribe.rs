//! The status of values as a stream: first as it is, then each change.

use futures::{Stream, StreamExt, stream};
use ligato_kvs::{StatusEvent, StatusFilter, Subscription as Statuses};
use ligato_kvs_api::BaseValueStatus;
use ligato_model::Key;
use ligato_proto::generic::{Item, Notification, SubscribeResponse, Subscription as Wanted, item};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::Services;
use crate::answer::{id_of_key, item, item_status};
use crate::manager::key_of_id;

/// Which values a client wants to be told about.
#[derive(Debug)]
enum Selection {
    All,
    Some { keys: Vec<Key>, prefixes: Vec<String> },
}

/// The stream for one client.
pub(crate) fn stream(
    services: &Services,
    subscriptions: &[Wanted],
) -> Result<impl Stream<Item = Result<SubscribeResponse, Status>> + Send + use<>, Status> {
    let selection = Selection::new(services, subscriptions)?;
    let statuses = services.scheduler.subscribe(StatusFilter::All);
    let state = (services.clone(), selection, statuses);
    Ok(stream::unfold(state, |(services, selection, mut statuses)| async move {
        let response = next(&services, &selection, &mut statuses).await?;
        Some((Ok(response), (services, selection, statuses)))
    }))
}

async fn next(
    services: &Services,
    selection: &Selection,
    statuses: &mut Statuses,
) -> Option<SubscribeResponse> {
    loop {
        let (statuses, complete) = match statuses.next().await? {
            StatusEvent::Snapshot(_, statuses) => (statuses, true),
            StatusEvent::Delta { statuses, .. } => (statuses, false),
            // A snapshot follows.
            StatusEvent::Lost { .. } => continue,
        };
        let wanted = statuses.iter().filter(|status| selection.has(&status.value.key));
        let notifications: Vec<_> = wanted.map(|status| notification(services, status)).collect();
        // An empty snapshot says that there is nothing; an empty change says nothing.
        if complete || !notifications.is_empty() {
            return Some(SubscribeResponse { notifications });
        }
    }
}

/// A stream that ends when the server does, and tells the client so.
pub(crate) fn until<T: Send>(
    stream: impl Stream<Item = Result<T, Status>> + Send,
    ending: CancellationToken,
) -> impl Stream<Item = Result<T, Status>> + Send {
    let stopping = ending.clone();
    let last = stream::once(async { Err(Status::unavailable("the agent is stopping")) });
    // A stream that ended by itself needs no reason.
    let last = last.filter(move |_| std::future::ready(stopping.is_cancelled()));
    stream.take_until(ending.cancelled_owned()).chain(last)
}

fn notification(services: &Services, status: &BaseValueStatus) -> Notification {
    let key = &status.value.key;
    let value = services.scheduler.snapshot().node(key).and_then(|node| node.value);
    let known = value.filter(|value| services.registry.by_proto_name(&value.full_name()).is_some());
    let item = match known {
        Some(value) => item(&value, &services.registry),
        // Values of no model have nothing but their key.
        None => {
            let unnamed = || item::Id { model: String::new(), name: key.to_string() };
            let id = id_of_key(key, &services.registry).unwrap_or_else(unnamed);
            Item { id: Some(id), data: None }
        }
    };
    Notification { item: Some(item), status: Some(item_status(status)) }
}

impl Selection {
    fn new(services: &Services, subscriptions: &[Wanted]) -> Result<Self, Status> {
        let mut keys = Vec::new();
        let mut prefixes = Vec::new();
        for id in subscriptions.iter().filter_map(|wanted| wanted.id.as_ref()) {
            let registry = &services.registry;
            match registry.by_model_name(&id.model) {
                Some(model) if id.name.is_empty() && !model.is_singleton() => {
                    prefixes.push(model.key_prefix());
                }
                _ => keys.push(key_of_id(id, registry)?),
            }
        }
        if keys.is_empty() && prefixes.is_empty() {
            return Ok(Self::All);
        }
        Ok(Self::Some { keys, prefixes })
    }

    fn has(&self, key: &Key) -> bool {
        match self {
            Self::All => true,
            Self::Some { keys, prefixes } => {
                keys.contains(key) || prefixes.iter().any(|prefix| key.starts_with(prefix.as_str()))
            }
        }
    }
}

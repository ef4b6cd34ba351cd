//! `ligato.configurator.ConfiguratorService`: whole configurations in one message.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use futures::{Stream, stream};
use ligato_kvs::{DumpError, WaitError};
use ligato_kvs_api::ValueState;
use ligato_model::{Key, Value};
use ligato_orchestrator::{Change, Entry, Labels, ListFilter, PushResult, ResyncDepth};
use ligato_proto::configurator::configurator_service_server::ConfiguratorService;
use ligato_proto::configurator::{
    Config, DeleteRequest, DeleteResponse, DumpRequest, DumpResponse, GetRequest, GetResponse,
    NotifyRequest, NotifyResponse, UpdateRequest, UpdateResponse,
};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, async_trait};

use crate::Services;
use crate::answer::{closed, results, set_sequence};
use crate::filter::Filters;
use crate::request::Wishes;
use crate::subscribe::until;

/// As good as for ever.
const NO_DEADLINE: Duration = Duration::from_secs(u32::MAX as u64);

/// The service.
#[derive(Debug)]
pub(crate) struct Configurator {
    services: Services,
    /// Reading the whole data plane is costly; one at a time.
    dumping: Mutex<()>,
    /// Cancelled when streams are to end.
    ending: CancellationToken,
}

impl Configurator {
    pub(crate) fn new(services: Services, ending: CancellationToken) -> Self {
        Self { services, dumping: Mutex::new(()), ending }
    }

    /// The values of a configuration, with their keys.
    fn keyed(&self, config: Option<Config>) -> Result<Vec<(Key, Value)>, Status> {
        let invalid = |error| Status::invalid_argument(format!("{error}"));
        let values = config.unwrap_or_default().values().map_err(invalid)?;
        let keyed = values.into_iter().map(|value| {
            let key = self.services.registry.key_of(&value).map_err(invalid)?;
            Ok((key, value))
        });
        keyed.collect()
    }

    /// Answers a change when it is as far as the caller wants it.
    async fn answer<T>(
        &self,
        result: PushResult,
        waiting: Waiting,
        message: T,
    ) -> Result<Response<T>, Status> {
        let done = results(&result, &self.services.registry);
        let mut response = Response::new(message);
        set_sequence(response.metadata_mut(), &result);
        if let Err(mut status) = done {
            set_sequence(status.metadata_mut(), &result);
            return Err(status);
        }
        if let Waiting::Settled { deadline } = waiting {
            self.wait_settled(&result, deadline).await?;
        }
        Ok(response)
    }

    /// Waits until none of the values is pending.
    async fn wait_settled(
        &self,
        result: &PushResult,
        deadline: Option<Duration>,
    ) -> Result<(), Status> {
        let snapshot = self.services.scheduler.snapshot();
        let pending = result.keys.iter().map(|result| &result.key).filter(|key| {
            snapshot.status(key).is_some_and(|status| status.value.state == ValueState::Pending)
        });
        let pending: Vec<Key> = pending.cloned().collect();
        if pending.is_empty() {
            return Ok(());
        }
        let deadline = deadline.unwrap_or(NO_DEADLINE);
        // A value has settled, for good or ill.
        let mut settled = ValueState::ALL.to_vec();
        settled.retain(|state| *state != ValueState::Pending);
        match self.services.scheduler.wait_for(pending, &settled, deadline).await {
            Ok(_) => Ok(()),
            Err(WaitError::Deadline(statuses)) => {
                let waiting =
                    statuses.iter().filter(|status| status.value.state == ValueState::Pending);
                let keys: Vec<_> = waiting.map(|status| status.value.key.as_str()).collect();
                Err(Status::deadline_exceeded(format!("still pending: {}", keys.join(", "))))
            }
            Err(WaitError::Closed) => Err(closed()),
        }
    }

    /// Reads everything that can be read back.
    async fn read_data_plane(&self) -> Result<Vec<Value>, Status> {
        let _one_at_a_time = self.dumping.lock().await;
        let scheduler = &self.services.scheduler;
        let mut found = BTreeMap::new();
        for descriptor in scheduler.snapshot().descriptors() {
            if descriptor.nb_key_prefix().is_none() {
                continue;
            }
            match scheduler.dump_southbound(descriptor.name()).await {
                Ok(items) => found.extend(items.into_iter().map(|item| (item.key, item.value))),
                Err(DumpError::NotRetrievable | DumpError::UnknownDescriptor) => {}
                Err(DumpError::Closed) => return Err(closed()),
                Err(DumpError::Failed(why)) => {
                    return Err(Status::unknown(format!("{}: {why}", descriptor.name())));
                }
            }
        }
        Ok(found.into_values().collect())
    }
}

/// What the caller waits for beyond the transaction.
enum Waiting {
    Applied,
    /// Until nothing is pending.
    Settled {
        deadline: Option<Duration>,
    },
}

impl Waiting {
    fn new(wait_done: bool, wishes: &Wishes) -> Self {
        if wait_done { Self::Settled { deadline: wishes.deadline } } else { Self::Applied }
    }
}

#[async_trait]
impl ConfiguratorService for Configurator {
    type NotifyStream = Pin<Box<dyn Stream<Item = Result<NotifyResponse, Status>> + Send>>;

    async fn get(&self, _request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        let items = self.services.orchestrator.list(&ListFilter::default());
        let config = to_config(items.iter().map(|item| &item.value))?;
        Ok(Response::new(GetResponse { config: Some(config) }))
    }

    async fn update(
        &self,
        request: Request<UpdateRequest>,
    ) -> Result<Response<UpdateResponse>, Status> {
        let wishes = Wishes::read(request.metadata())?;
        let request = request.into_inner();
        let keyed = self.keyed(request.update)?;
        let options = wishes.options("ConfiguratorService.Update");
        let waiting = Waiting::new(request.wait_done, &wishes);
        let orchestrator = &self.services.orchestrator;
        let result = if request.full_resync {
            let entry = |(key, value)| Entry { key, value, labels: Labels::default() };
            let entries = keyed.into_iter().map(entry).collect();
            orchestrator.resync(wishes.source, entries, ResyncDepth::Full, options).await
        } else {
            let changes = keyed.into_iter().map(|(key, value)| Change::put(key, value)).collect();
            orchestrator.push(wishes.source, changes, options).await
        };
        self.answer(result.map_err(|_| closed())?, waiting, UpdateResponse {}).await
    }

    async fn delete(
        &self,
        request: Request<DeleteRequest>,
    ) -> Result<Response<DeleteResponse>, Status> {
        let wishes = Wishes::read(request.metadata())?;
        let request = request.into_inner();
        let keyed = self.keyed(request.delete)?;
        let options = wishes.options("ConfiguratorService.Delete");
        let waiting = Waiting::new(request.wait_done, &wishes);
        let changes = keyed.into_iter().map(|(key, _)| Change::delete(key)).collect();
        let result = self.services.orchestrator.push(wishes.source, changes, options).await;
        self.answer(result.map_err(|_| closed())?, waiting, DeleteResponse {}).await
    }

    async fn dump(&self, _request: Request<DumpRequest>) -> Result<Response<DumpResponse>, Status> {
        let values = self.read_data_plane().await?;
        Ok(Response::new(DumpResponse { dump: Some(to_config(&values)?) }))
    }

    async fn notify(
        &self,
        request: Request<NotifyRequest>,
    ) -> Result<Response<Self::NotifyStream>, Status> {
        let request = request.into_inner();
        let filters = Filters::new(&request.filters);
        let notifications = self.services.notifications.clone();
        let start = notifications.start(request.idx);
        let state = (notifications, filters, start);
        let stream = stream::unfold(state, |(notifications, filters, mut index)| async move {
            loop {
                let notified = notifications.wait(index).await;
                index = notified.index.wrapping_add(1);
                if filters.pass(&notified.notification) {
                    let notification = Some((*notified.notification).clone());
                    let response = NotifyResponse { next_idx: index, notification };
                    return Some((Ok(response), (notifications, filters, index)));
                }
            }
        });
        Ok(Response::new(Box::pin(until(stream, self.ending.clone()))))
    }
}

fn to_config<'v>(values: impl IntoIterator<Item = &'v Value>) -> Result<Config, Status> {
    Config::from_values(values).map_err(|error| Status::internal(error.to_string()))
}

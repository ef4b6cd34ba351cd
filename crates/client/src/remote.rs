//! The client for other programs: gRPC.

use async_trait::async_trait;
use futures::StreamExt;
use ligato_model::Registry;
use ligato_orchestrator::{Change, Entry};
use ligato_proto::generic::manager_service_client::ManagerServiceClient;
use ligato_proto::generic::{
    DumpStateRequest, GetConfigRequest, SetConfigRequest, SubscribeRequest, Subscription, item,
};
use tonic::transport::Channel;

use crate::client::{Client, Filter, Item, Options, Selection, StateItem, Watch};
use crate::kinds::{Kinds, LearnedKind};
use crate::{Address, ClientError, Outcome, wire};

/// How large an answer may be: that of a whole configuration.
const MAX_ANSWER: usize = 256 << 20;

/// A client over gRPC. Cloning copies a few pointers; all clones share one connection.
#[derive(Debug, Clone)]
pub struct RemoteClient {
    channel: Channel,
    kinds: Kinds,
}

impl RemoteClient {
    /// Connects to an agent. Values of kinds that `registry` does not have cannot be read before [`Self::learn`].
    ///
    /// # Errors
    /// [`ClientError::Address`] and [`ClientError::Connect`].
    pub async fn connect(address: &Address, registry: Registry) -> Result<Self, ClientError> {
        Ok(Self { channel: address.connect().await?, kinds: Kinds::new(registry) })
    }

    /// Learns the kinds that the agent has and the registry has not, from what the agent says of them. Their values are
    /// messages known by description ([`DynamicMessage`](prost_reflect::DynamicMessage)), which can be read, written
    /// and followed as any other, but do not equal a compiled value. Clones made before do not learn with this one.
    ///
    /// # Errors
    /// [`ClientError::BadAnswer`] if the agent does not describe what it has, and what a request may fail with.
    pub async fn learn(&mut self) -> Result<(), ClientError> {
        self.kinds.learn(self.channel()).await
    }

    /// The kinds learned so far, ordered by the names of their models.
    pub fn learned(&self) -> impl Iterator<Item = &LearnedKind> {
        self.kinds.learned()
    }

    /// The connection, for other services of the agent.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    fn manager(&self) -> ManagerServiceClient<Channel> {
        ManagerServiceClient::new(self.channel()).max_decoding_message_size(MAX_ANSWER)
    }

    async fn set(
        &self,
        changes: &[Change],
        overwrite: Overwrite,
        options: &Options,
    ) -> Result<Outcome, ClientError> {
        let updates = changes.iter().map(|change| wire::update(change, &self.kinds));
        let message = SetConfigRequest {
            updates: updates.collect::<Result<_, _>>()?,
            overwrite_all: overwrite == Overwrite::All,
        };
        let request = wire::request(message, options)?;
        match self.manager().set_config(request).await {
            Ok(response) => wire::outcome(response.into_inner()),
            Err(status) => Err(wire::error(&status)),
        }
    }
}

/// What happens to what is not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Overwrite {
    Listed,
    All,
}

#[async_trait]
impl Client for RemoteClient {
    async fn change(&self, changes: Vec<Change>, options: Options) -> Result<Outcome, ClientError> {
        self.set(&changes, Overwrite::Listed, &options).await
    }

    async fn resync(&self, entries: Vec<Entry>, options: Options) -> Result<Outcome, ClientError> {
        let changes: Vec<Change> = entries.into_iter().map(Change::from).collect();
        self.set(&changes, Overwrite::All, &options).await
    }

    async fn get(&self, filter: Filter) -> Result<Vec<Item>, ClientError> {
        let ids = filter.keys.iter().map(|key| self.kinds.id(key));
        let request = GetConfigRequest {
            ids: ids.collect::<Result<_, _>>()?,
            labels: filter.labels.iter().map(wire::label).collect(),
        };
        let answer =
            self.manager().get_config(request).await.map_err(|status| wire::error(&status))?;
        let items = answer.into_inner().items.into_iter();
        items.map(|item| wire::config_item(item, &self.kinds)).collect()
    }

    async fn dump(&self) -> Result<Vec<StateItem>, ClientError> {
        let request = DumpStateRequest { ids: Vec::new() };
        let answer =
            self.manager().dump_state(request).await.map_err(|status| wire::error(&status))?;
        let items = answer.into_inner().items.into_iter();
        items.map(|item| wire::state_item(item, &self.kinds)).collect()
    }

    async fn watch(&self, selection: Selection) -> Result<Watch, ClientError> {
        let mut ids = Vec::new();
        for key in &selection.keys {
            ids.push(self.kinds.id(key)?);
        }
        let whole = |model: String| item::Id { model, name: String::new() };
        ids.extend(selection.models.into_iter().map(whole));
        let subscriptions = ids.into_iter().map(|id| Subscription { id: Some(id) }).collect();
        let request = SubscribeRequest { subscriptions };
        let answer =
            self.manager().subscribe(request).await.map_err(|status| wire::error(&status))?;
        let kinds = self.kinds.clone();
        let stream = answer.into_inner().map(move |message| {
            let message = message.map_err(|status| wire::error(&status))?;
            let changes = message.notifications.into_iter();
            changes.map(|change| wire::status_change(change, &kinds)).collect()
        });
        Ok(stream.boxed())
    }
}

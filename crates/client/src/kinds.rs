//! Kinds of values: those that are compiled in, and those that an agent describes.
//!
//! A client is made of what is known today. The agent may be of tomorrow: of every model that it has and the client has
//! not, it tells name and message, and the values of such kinds are messages known by their description.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use ligato_model::{Key, Registry, Value, clean_path, strip_agent_prefix};
use ligato_proto::generic::meta_service_client::MetaServiceClient;
use ligato_proto::generic::{
    Item as WireItem, KnownModelsRequest, ModelDetail, ProtoFileDescriptorRequest, data, item,
};
use prost_reflect::prost::Message;
use prost_reflect::prost_types::FileDescriptorProto;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use tonic::transport::Channel;

use crate::{ClientError, wire};

/// A kind that the agent described.
#[derive(Debug, Clone)]
pub struct LearnedKind {
    model: String,
    prefix: String,
    descriptor: MessageDescriptor,
}

impl LearnedKind {
    /// `<module>.<type>`, as in `vpp.interfaces`.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The message of its values; [`DynamicMessage::new`] makes an empty one.
    #[must_use]
    pub fn descriptor(&self) -> &MessageDescriptor {
        &self.descriptor
    }

    /// The key of the value with this name; of the only one, if the name is empty.
    #[must_use]
    pub fn key(&self, name: &str) -> Key {
        match name {
            "" => Key::from(self.prefix.clone()),
            name => Key::from(clean_path(&format!("{}/{name}", self.prefix))),
        }
    }

    /// What stands in a key after what all of this kind begin with.
    fn name_in<'k>(&self, key: &'k str) -> Option<&'k str> {
        let rest = key.strip_prefix(&self.prefix)?;
        if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
    }
}

/// All kinds that a client knows. Cloning copies two pointers.
#[derive(Debug, Clone)]
pub(crate) struct Kinds {
    compiled: Registry,
    learned: Arc<Learned>,
}

#[derive(Debug, Default)]
struct Learned {
    by_model: BTreeMap<String, LearnedKind>,
    /// Names of models by those of messages.
    by_message: HashMap<String, String>,
}

impl Kinds {
    pub(crate) fn new(compiled: Registry) -> Self {
        Self { compiled, learned: Arc::default() }
    }

    /// What was learned, ordered by the names of the models.
    pub(crate) fn learned(&self) -> impl Iterator<Item = &LearnedKind> {
        self.learned.by_model.values()
    }

    /// Asks the agent for what it has and this client has not, in place of what was learned before.
    pub(crate) async fn learn(&mut self, channel: Channel) -> Result<(), ClientError> {
        let mut meta = MetaServiceClient::new(channel);
        let request = KnownModelsRequest { class: String::new() };
        let answer = meta.known_models(request).await.map_err(|status| wire::error(&status))?;
        let models = answer.into_inner().known_models;
        let unknown: Vec<ModelDetail> = models
            .into_iter()
            .filter(|model| self.compiled.by_proto_name(&model.proto_name).is_none())
            .collect();
        let mut files = Files::default();
        for path in unknown.iter().map(file_of).collect::<HashSet<_>>() {
            files.add(&mut meta, path).await?;
        }
        let pool = files.pool()?;
        let mut learned = Learned::default();
        for detail in unknown {
            let Some(descriptor) = pool.get_message_by_name(&detail.proto_name) else {
                let what = format!("{} is not described", detail.proto_name);
                return Err(ClientError::BadAnswer { what });
            };
            let spec = detail.spec.unwrap_or_default();
            let model = format!("{}.{}", spec.module, spec.r#type);
            let parts = [spec.class, spec.module, spec.version, spec.r#type];
            let prefix = parts.map(|part| part.replace('.', "/")).join("/");
            learned.by_message.insert(detail.proto_name, model.clone());
            learned.by_model.insert(model.clone(), LearnedKind { model, prefix, descriptor });
        }
        self.learned = Arc::new(learned);
        Ok(())
    }

    /// Model and name that a key stands for.
    pub(crate) fn id(&self, key: &Key) -> Result<item::Id, ClientError> {
        if let Some((model, name)) = self.compiled.by_key(key) {
            return Ok(item::Id { model: model.model_name(), name: name.to_owned() });
        }
        let short = strip_agent_prefix(key);
        let mut found = self.learned().filter_map(|kind| Some((kind, kind.name_in(short)?)));
        match found.next() {
            Some((kind, name)) => Ok(item::Id { model: kind.model.clone(), name: name.to_owned() }),
            None => Err(ClientError::UnknownKey { key: key.to_string() }),
        }
    }

    /// The key that model and name stand for; the name itself if there is no such model.
    pub(crate) fn key(&self, id: item::Id) -> Key {
        if let Some(model) = self.compiled.by_model_name(&id.model) {
            return model.spec.key(&id.name);
        }
        match self.learned.by_model.get(&id.model) {
            Some(kind) => kind.key(&id.name),
            None => Key::from(id.name),
        }
    }

    /// Key and value of an item.
    pub(crate) fn value(&self, item: Option<WireItem>) -> Result<(Key, Value), ClientError> {
        let WireItem { id, data } = item.unwrap_or_default();
        let Some(data::Union::Any(any)) = data.and_then(|data| data.union) else {
            return Err(ClientError::BadAnswer { what: "an item without value".to_owned() });
        };
        let message = any.type_url.rsplit('/').next().unwrap_or_default();
        let learned = self.learned.by_message.get(message);
        let Some(kind) = learned.and_then(|model| self.learned.by_model.get(model)) else {
            let value = self.compiled.from_any(&any.type_url, &any.value)?;
            return Ok((self.compiled.key_of(&value)?, value));
        };
        let bad = |what: String| ClientError::BadAnswer { what };
        let id = id.ok_or_else(|| bad(format!("a value of {} without name", kind.model)))?;
        let decoded = DynamicMessage::decode(kind.descriptor.clone(), any.value.as_slice());
        let value = decoded.map_err(|error| bad(format!("{message}: {error}")))?;
        Ok((kind.key(&id.name), Value::new(value)))
    }
}

/// Path of the file in which the message of a model is defined.
fn file_of(model: &ModelDetail) -> &str {
    let option = model.options.iter().find(|option| option.key == "protoFile");
    option.and_then(|option| option.values.first()).map(String::as_str).unwrap_or_default()
}

/// Descriptions of files, by path.
#[derive(Default)]
struct Files(BTreeMap<String, FileDescriptorProto>);

impl Files {
    /// Adds a file and everything it needs.
    async fn add(
        &mut self,
        meta: &mut MetaServiceClient<Channel>,
        path: &str,
    ) -> Result<(), ClientError> {
        if self.0.contains_key(path) {
            return Ok(());
        }
        let request = ProtoFileDescriptorRequest { full_proto_file_name: path.to_owned() };
        let answer = meta.proto_file_descriptor(request).await;
        let answer = answer.map_err(|status| wire::error(&status))?.into_inner();
        let imports = answer.file_import_descriptors.into_iter().flat_map(|set| set.file);
        for file in imports.chain(answer.file_descriptor) {
            let file = FileDescriptorProto::decode(file.0.as_slice())
                .map_err(|error| ClientError::BadAnswer { what: format!("{path}: {error}") })?;
            self.0.insert(file.name().to_owned(), file);
        }
        Ok(())
    }

    fn pool(self) -> Result<DescriptorPool, ClientError> {
        let mut pool = DescriptorPool::new();
        pool.add_file_descriptor_protos(self.0.into_values())
            .map_err(|error| ClientError::BadAnswer { what: error.to_string() })?;
        Ok(pool)
    }
}

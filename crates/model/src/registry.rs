//! All models of one agent.

use std::fmt;
use std::sync::Arc;

use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage};
use rustc_hash::FxHashMap;

use crate::key::strip_agent_prefix;
use crate::text::{Limits, Node, parse_json, parse_yaml, read_message};
use crate::{ConfigField, Key, Model, ModelError, Spec, Value};

/// One registered model, its message type erased.
#[derive(Clone)]
pub struct ModelInfo {
    /// Module, version, type and class.
    pub spec: Spec,
    /// Full protobuf name of the message.
    pub proto_name: &'static str,
    /// The published template of instance names; empty for a singleton.
    pub name_template: &'static str,
    /// Path of the `.proto` file.
    pub proto_file: &'static str,
    /// Place in the document with all kinds together.
    pub config_field: ConfigField,
    descriptor: MessageDescriptor,
    decode: fn(&[u8]) -> Result<Value, prost::DecodeError>,
    from_dynamic: fn(&DynamicMessage) -> Result<Value, prost::DecodeError>,
    instance_name: fn(&Value) -> Option<String>,
}

impl ModelInfo {
    /// The erased form of the model `M`.
    #[must_use]
    pub fn of<M: Model>() -> Self {
        Self {
            spec: M::SPEC,
            proto_name: M::PROTO_NAME,
            name_template: M::NAME_TEMPLATE,
            proto_file: M::PROTO_FILE,
            config_field: M::CONFIG_FIELD,
            descriptor: M::default().descriptor(),
            decode: |bytes| M::decode(bytes).map(Value::new),
            from_dynamic: |message| message.transcode_to::<M>().map(Value::new),
            instance_name: |value| value.downcast_ref::<M>().map(M::instance_name),
        }
    }

    /// `<module>.<type>`.
    #[must_use]
    pub fn model_name(&self) -> String {
        self.spec.model_name()
    }

    /// Whether there is only one instance.
    #[must_use]
    pub fn is_singleton(&self) -> bool {
        self.name_template.is_empty()
    }

    /// What all keys of the model begin with; for a singleton the key itself.
    #[must_use]
    pub fn key_prefix(&self) -> String {
        let mut prefix = self.spec.key_prefix();
        if self.is_singleton() {
            prefix.pop();
        }
        prefix
    }

    /// The descriptor of the message.
    #[must_use]
    pub fn descriptor(&self) -> &MessageDescriptor {
        &self.descriptor
    }

    /// Reads the binary form.
    ///
    /// # Errors
    /// [`ModelError::Decode`] if the bytes are not such a message.
    pub fn decode(&self, bytes: &[u8]) -> Result<Value, ModelError> {
        (self.decode)(bytes).map_err(|source| self.decode_error(source))
    }

    /// Turns a dynamic message of the model's type into the compiled one.
    ///
    /// # Errors
    /// [`ModelError::WrongMessage`] for a message of another type.
    pub fn from_dynamic(&self, message: &DynamicMessage) -> Result<Value, ModelError> {
        let got = message.descriptor();
        if got.full_name() != self.proto_name {
            return Err(self.wrong_message(got.full_name()));
        }
        (self.from_dynamic)(message).map_err(|source| self.decode_error(source))
    }

    /// Reads protobuf JSON. `origin` is what to call the text in errors: a file, a key.
    ///
    /// # Errors
    /// [`ModelError::Text`] says what is wrong and where.
    pub fn from_json(&self, text: &str, origin: &str) -> Result<Value, ModelError> {
        let origin: Arc<str> = origin.into();
        let node = parse_json(text, &Limits::VALUE, &origin)?;
        let read = |node: &Node| read_message(node, &self.descriptor, &origin, "");
        let message = read(&node).or_else(|error| {
            // JSON is YAML too, and the YAML parser records positions.
            let located = parse_yaml(text, &Limits::VALUE, &origin).map_err(|_| error)?;
            read(&located)
        })?;
        self.decode(&message)
    }

    /// Reads YAML with the structure of protobuf JSON. `origin` is what to call the text in errors.
    ///
    /// # Errors
    /// [`ModelError::Text`] says what is wrong and where.
    pub fn from_yaml(&self, text: &str, origin: &str) -> Result<Value, ModelError> {
        let origin: Arc<str> = origin.into();
        let node = parse_yaml(text, &Limits::VALUE, &origin)?;
        self.decode(&read_message(&node, &self.descriptor, &origin, "")?)
    }

    /// The instance name of a value, not cleaned; empty for a singleton.
    ///
    /// # Errors
    /// [`ModelError::WrongMessage`] for a value of another type.
    pub fn instance_name(&self, value: &Value) -> Result<String, ModelError> {
        match (self.instance_name)(value) {
            Some(name) => Ok(name),
            // A dynamic message of the right type.
            None => {
                let compiled = self.from_dynamic(&value.message().to_dynamic())?;
                (self.instance_name)(&compiled)
                    .ok_or_else(|| self.wrong_message(&value.full_name()))
            }
        }
    }

    /// The key of a value.
    ///
    /// # Errors
    /// [`ModelError::WrongMessage`] for a value of another type.
    pub fn key_of(&self, value: &Value) -> Result<Key, ModelError> {
        self.instance_name(value).map(|name| self.spec.key(&name))
    }

    fn decode_error(&self, source: prost::DecodeError) -> ModelError {
        ModelError::Decode { proto_name: self.proto_name.to_owned(), source }
    }

    fn wrong_message(&self, got: &str) -> ModelError {
        ModelError::WrongMessage { expected: self.proto_name.to_owned(), got: got.to_owned() }
    }
}

impl fmt::Debug for ModelInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelInfo")
            .field("spec", &self.spec)
            .field("proto_name", &self.proto_name)
            .field("name_template", &self.name_template)
            .field("proto_file", &self.proto_file)
            .finish_non_exhaustive()
    }
}

/// All models of one agent, in the order in which they were registered. Cloning copies a pointer.
#[derive(Debug, Clone, Default)]
pub struct Registry(Arc<Tables>);

#[derive(Debug, Default)]
struct Tables {
    models: Vec<ModelInfo>,
    by_prefix: FxHashMap<String, usize>,
    by_proto_name: FxHashMap<&'static str, usize>,
    by_model_name: FxHashMap<String, usize>,
}

impl Registry {
    /// Starts an empty registry.
    #[must_use]
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder::default()
    }

    /// The model that owns a key, and the instance name in it. A prefix `/vnf-agent/<label>/` is ignored;
    /// `<model name>/<instance name>` is understood too.
    #[must_use]
    pub fn by_key<'k>(&self, key: &'k str) -> Option<(&ModelInfo, &'k str)> {
        let key = strip_agent_prefix(key);
        let by_prefix = key
            .match_indices('/')
            .rev()
            .map(|(slash, _)| key.split_at(slash + 1))
            .find_map(|(prefix, name)| Some((self.at(self.0.by_prefix.get(prefix))?, name)));
        by_prefix.or_else(|| Some((self.at(self.0.by_prefix.get(key))?, ""))).or_else(|| {
            let (model_name, name) = key.split_once('/').unwrap_or((key, ""));
            Some((self.by_model_name(model_name)?, name))
        })
    }

    /// The model of a message, by full protobuf name.
    #[must_use]
    pub fn by_proto_name(&self, proto_name: &str) -> Option<&ModelInfo> {
        self.at(self.0.by_proto_name.get(proto_name))
    }

    /// The model called `<module>.<type>`.
    #[must_use]
    pub fn by_model_name(&self, model_name: &str) -> Option<&ModelInfo> {
        self.at(self.0.by_model_name.get(model_name))
    }

    /// All models in the order in which they were registered.
    pub fn iter(&self) -> std::slice::Iter<'_, ModelInfo> {
        self.0.models.iter()
    }

    /// How many models there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.models.len()
    }

    /// Whether there is no model.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.models.is_empty()
    }

    /// The key of a value, by the model of its message.
    ///
    /// # Errors
    /// [`ModelError::UnknownMessage`] if its message is no model.
    pub fn key_of(&self, value: &Value) -> Result<Key, ModelError> {
        let proto_name = value.full_name();
        match self.by_proto_name(&proto_name) {
            Some(model) => model.key_of(value),
            None => Err(ModelError::UnknownMessage { proto_name }),
        }
    }

    /// Reads a `google.protobuf.Any`: only the part of the type URL after the last `/` matters.
    ///
    /// # Errors
    /// [`ModelError::UnknownMessage`] or [`ModelError::Decode`].
    pub fn from_any(&self, type_url: &str, bytes: &[u8]) -> Result<Value, ModelError> {
        let proto_name = type_url.rsplit('/').next().unwrap_or(type_url);
        match self.by_proto_name(proto_name) {
            Some(model) => model.decode(bytes),
            None => Err(ModelError::UnknownMessage { proto_name: proto_name.to_owned() }),
        }
    }

    fn at(&self, index: Option<&usize>) -> Option<&ModelInfo> {
        self.0.models.get(*index?)
    }
}

impl<'r> IntoIterator for &'r Registry {
    type Item = &'r ModelInfo;
    type IntoIter = std::slice::Iter<'r, ModelInfo>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Collects models; see [`Registry::builder`].
#[derive(Debug, Default)]
pub struct RegistryBuilder {
    models: Vec<ModelInfo>,
}

impl RegistryBuilder {
    /// Adds the model `M`.
    #[must_use]
    pub fn register<M: Model>(self) -> Self {
        self.register_info(ModelInfo::of::<M>())
    }

    /// Adds a model in its erased form.
    #[must_use]
    pub fn register_info(mut self, info: ModelInfo) -> Self {
        self.models.push(info);
        self
    }

    /// Checks and closes the registry.
    ///
    /// # Errors
    /// [`ModelError::InvalidSpec`] or [`ModelError::DuplicateModel`].
    pub fn build(self) -> Result<Registry, ModelError> {
        let mut tables = Tables::default();
        for (index, model) in self.models.iter().enumerate() {
            model.spec.validate()?;
            let twice = |name: &str| ModelError::DuplicateModel { name: name.to_owned() };
            if tables.by_proto_name.insert(model.proto_name, index).is_some() {
                return Err(twice(model.proto_name));
            }
            if tables.by_model_name.insert(model.model_name(), index).is_some() {
                return Err(twice(&model.model_name()));
            }
            if tables.by_prefix.insert(model.key_prefix(), index).is_some() {
                return Err(twice(&model.key_prefix()));
            }
        }
        tables.models = self.models;
        Ok(Registry(Arc::new(tables)))
    }
}

#[cfg(test)]
mod tests {
    use prost_types::{Duration, Timestamp};

    use super::*;

    impl Model for Duration {
        const SPEC: Spec = Spec::new("test.time", "v1", "duration");
        const NAME_TEMPLATE: &'static str = "{{.Seconds}}/{{.Nanos}}";
        const PROTO_FILE: &'static str = "google/protobuf/duration.proto";
        const PROTO_NAME: &'static str = "google.protobuf.Duration";
        const CONFIG_FIELD: ConfigField = ConfigField {
            name: "duration_list",
            json_name: "durationList",
            aliases: &["Duration_list"],
        };

        fn instance_name(&self) -> String {
            format!("{}/{}", self.seconds, self.nanos)
        }
    }

    impl Model for Timestamp {
        const SPEC: Spec = Spec::new("test.time", "v1", "now");
        const NAME_TEMPLATE: &'static str = "";
        const PROTO_FILE: &'static str = "google/protobuf/timestamp.proto";
        const PROTO_NAME: &'static str = "google.protobuf.Timestamp";
        const CONFIG_FIELD: ConfigField =
            ConfigField { name: "Timestamp", json_name: "Timestamp", aliases: &[] };

        fn instance_name(&self) -> String {
            String::new()
        }
    }

    fn registry() -> Registry {
        Registry::builder().register::<Duration>().register::<Timestamp>().build().unwrap()
    }

    #[test]
    fn keys_are_parsed_with_and_without_the_agent_prefix() {
        let registry = registry();
        for (key, expected) in [
            ("config/test/time/v1/duration/1/2", Some(("test.time.duration", "1/2"))),
            (
                "/vnf-agent/vpp1/config/test/time/v1/duration/1/2",
                Some(("test.time.duration", "1/2")),
            ),
            ("test.time.duration/1/2", Some(("test.time.duration", "1/2"))),
            ("config/test/time/v1/now", Some(("test.time.now", ""))),
            ("test.time.now", Some(("test.time.now", ""))),
            ("config/test/time/v1/now/other", None),
            ("config/test/time/v1/durationx/1", None),
            ("", None),
        ] {
            let found = registry.by_key(key).map(|(model, name)| (model.model_name(), name));
            assert_eq!(found, expected.map(|(model, name)| (model.to_owned(), name)), "{key}");
        }
    }

    #[test]
    fn bytes_and_json_become_values_with_keys() {
        let registry = registry();
        let model = registry.by_proto_name("google.protobuf.Duration").unwrap();
        let value = model.from_json("\"1.5s\"", "test").unwrap();
        assert_eq!(value, Value::new(Duration { seconds: 1, nanos: 500_000_000 }));
        assert_eq!(model.decode(&value.encode_to_vec()).unwrap(), value);
        assert_eq!(model.key_of(&value).unwrap(), "config/test/time/v1/duration/1/500000000");
        assert_eq!(registry.key_of(&value).unwrap(), model.key_of(&value).unwrap());
        let dynamic = Value::new(value.message().to_dynamic());
        assert_eq!(registry.key_of(&dynamic).unwrap(), model.key_of(&value).unwrap());
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        let registry = registry();
        let model = registry.by_model_name("test.time.duration").unwrap();
        assert!(matches!(model.key_of(&Value::empty()), Err(ModelError::WrongMessage { .. })));
        assert!(matches!(registry.key_of(&Value::empty()), Err(ModelError::UnknownMessage { .. })));
        assert!(matches!(model.decode(&[0xff]), Err(ModelError::Decode { .. })));
    }

    #[test]
    fn registering_twice_is_refused() {
        let twice = Registry::builder().register::<Duration>().register::<Duration>().build();
        assert!(matches!(twice, Err(ModelError::DuplicateModel { .. })));
    }
}

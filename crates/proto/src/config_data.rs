//! `ligato.configurator.Config` taken apart into values, and put together from them.
//!
//! The message has groups (`vpp_config`, …) with one field for each kind. Which kind has which field is read from the
//! descriptors, so a new field needs no code.

use std::collections::HashMap;
use std::sync::LazyLock;

use ligato_model::{ModelError, Value};
use prost_reflect::{DynamicMessage, FieldDescriptor, ReflectMessage, Value as Field};

use crate::configurator::Config;
use crate::registry;

/// Where the values of one kind stand: the field of the group, and the field in the group.
struct Home {
    group: FieldDescriptor,
    field: FieldDescriptor,
}

/// By full name of the message.
static HOMES: LazyLock<HashMap<String, Home>> = LazyLock::new(|| {
    let mut homes = HashMap::new();
    for group in Config::default().descriptor().fields() {
        let kind = group.kind();
        let fields =
            kind.as_message().into_iter().flat_map(|message| message.fields().collect::<Vec<_>>());
        for field in fields {
            if let Some(message) = field.kind().as_message() {
                let home = Home { group: group.clone(), field: field.clone() };
                homes.insert(message.full_name().to_owned(), home);
            }
        }
    }
    homes
});

impl Config {
    /// Every value in the message, in the order of the fields.
    ///
    /// # Errors
    /// [`ModelError::UnknownMessage`] if a field holds a message that is no model.
    pub fn values(&self) -> Result<Vec<Value>, ModelError> {
        let registry = registry();
        let mut values = Vec::new();
        for (_, group) in self.transcode_to_dynamic().fields() {
            let Field::Message(group) = group else { continue };
            for message in group.fields().flat_map(|(_, field)| messages(field)) {
                let proto_name = message.descriptor().full_name().to_owned();
                match registry.by_proto_name(&proto_name) {
                    Some(model) => values.push(model.from_dynamic(message)?),
                    None => return Err(ModelError::UnknownMessage { proto_name }),
                }
            }
        }
        Ok(values)
    }

    /// Puts values together; all groups are there. Values of kinds without a field are left out, as are all but the
    /// last of several where there is room for one only.
    ///
    /// # Errors
    /// [`ModelError::Decode`] if a dynamic value is not what its type says.
    pub fn from_values<'v>(
        values: impl IntoIterator<Item = &'v Value>,
    ) -> Result<Self, ModelError> {
        let mut config = DynamicMessage::new(Self::default().descriptor());
        for group in config.descriptor().fields() {
            let empty = Field::default_value(&group.kind());
            config.set_field(&group, empty);
        }
        for value in values {
            let Some(home) = HOMES.get(&value.full_name()) else { continue };
            let Field::Message(group) = config.get_field_mut(&home.group) else { continue };
            let message = Field::Message(value.message().to_dynamic());
            match group.get_field_mut(&home.field) {
                Field::List(list) => list.push(message),
                single => *single = message,
            }
        }
        config.transcode_to().map_err(|source| ModelError::Decode {
            proto_name: config.descriptor().full_name().to_owned(),
            source,
        })
    }
}

/// The messages of a field, be it a list or a single one.
fn messages(field: &Field) -> impl Iterator<Item = &DynamicMessage> {
    let all = match field {
        Field::List(list) => list.as_slice(),
        single => std::slice::from_ref(single),
    };
    all.iter().filter_map(Field::as_message)
}

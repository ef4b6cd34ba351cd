//! Values of a recording: known by number, with the content as far as it was written.

use std::{any::Any, sync::Arc};

use ligato_model::{AnyMessage, Value};
use prost_reflect::{
    DescriptorPool, DynamicMessage, MessageDescriptor, prost_types::FileDescriptorProto,
};

use crate::recording::line::{Content, ValueId};

/// A value of a recording. Two are equal if they have the same number: their content is for people.
#[derive(Debug)]
pub(super) struct Kept {
    id: ValueId,
    message: Arc<str>,
    content: DynamicMessage,
}

/// The definitions of a recording.
pub(super) struct Types(DescriptorPool);

// === impl Types ===

impl Default for Types {
    fn default() -> Self {
        Self(DescriptorPool::global())
    }
}

impl Types {
    /// Takes a file in. Without it, values of its types are shown without content.
    pub(super) fn add(&mut self, json: &serde_json::Value) {
        let file = DynamicMessage::deserialize(FileDescriptorProto::default().descriptor(), json)
            .ok()
            .and_then(|file| file.transcode_to::<FileDescriptorProto>().ok());
        if let Some(file) = file
            && let Err(error) = self.0.add_file_descriptor_proto(file)
        {
            tracing::warn!(%error, "values of this file are shown without their content");
        }
    }

    /// The value of a line.
    pub(super) fn value(&self, line: &Content) -> Value {
        let known = self.0.get_message_by_name(&line.message);
        let content = known
            .map(|message| {
                DynamicMessage::deserialize(message.clone(), &line.content)
                    .unwrap_or_else(|_| DynamicMessage::new(message))
            })
            .unwrap_or_else(|| ().to_dynamic());
        Value::new(Kept { id: line.id, message: line.message.as_str().into(), content })
    }
}

/// The number of a value; `u64::MAX` for one that is not of a recording.
pub(super) fn id_of(value: &Value) -> ValueId {
    value.downcast_ref::<Kept>().map_or(ValueId::MAX, |kept| kept.id)
}

// === impl Kept ===

impl AnyMessage for Kept {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn full_name(&self) -> String {
        self.message.as_ref().to_owned()
    }

    fn descriptor(&self) -> MessageDescriptor {
        self.content.descriptor()
    }

    fn encode_to_vec(&self) -> Vec<u8> {
        self.content.encode_to_vec()
    }

    fn encoded_len(&self) -> usize {
        self.content.encoded_len()
    }

    fn to_dynamic(&self) -> DynamicMessage {
        self.content.clone()
    }

    fn eq_any(&self, other: &dyn AnyMessage) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|other| self.id == other.id)
    }
}

//! What a protobuf message must offer to be a value, and what makes it a model.

use std::any::Any;
use std::fmt::Debug;

use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage};

use crate::{Key, Spec};

/// A compiled protobuf message. Implemented by every type that has what it asks for.
pub trait Message:
    prost::Message + ReflectMessage + Clone + PartialEq + Debug + Default + Send + Sync + 'static
{
}

impl<T> Message for T where
    T: prost::Message
        + ReflectMessage
        + Clone
        + PartialEq
        + Debug
        + Default
        + Send
        + Sync
        + 'static
{
}

/// A protobuf message of a type known only at run time. Implemented for all compiled messages and for
/// [`DynamicMessage`].
pub trait AnyMessage: Debug + Send + Sync {
    /// For downcasting to the compiled type.
    fn as_any(&self) -> &dyn Any;
    /// Full protobuf name, for instance `ligato.vpp.l3.Route`.
    fn full_name(&self) -> String;
    /// The descriptor of the message type.
    fn descriptor(&self) -> MessageDescriptor;
    /// The binary form.
    fn encode_to_vec(&self) -> Vec<u8>;
    /// Length of the binary form in bytes.
    fn encoded_len(&self) -> usize;
    /// The message in the form in which fields can be walked.
    fn to_dynamic(&self) -> DynamicMessage;
    /// Whether the other message has the same type and content, whatever form either of them is in.
    fn eq_any(&self, other: &dyn AnyMessage) -> bool;
}

impl<T> AnyMessage for T
where
    T: prost::Message + ReflectMessage + Clone + PartialEq + Debug + Send + Sync + 'static,
{
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn full_name(&self) -> String {
        ReflectMessage::descriptor(self).full_name().to_owned()
    }

    fn descriptor(&self) -> MessageDescriptor {
        ReflectMessage::descriptor(self)
    }

    fn encode_to_vec(&self) -> Vec<u8> {
        prost::Message::encode_to_vec(self)
    }

    fn encoded_len(&self) -> usize {
        prost::Message::encoded_len(self)
    }

    fn to_dynamic(&self) -> DynamicMessage {
        self.transcode_to_dynamic()
    }

    fn eq_any(&self, other: &dyn AnyMessage) -> bool {
        match other.as_any().downcast_ref::<Self>() {
            Some(other) => self == other,
            None => self.to_dynamic() == other.to_dynamic(),
        }
    }
}

/// Where the values of a model stand in the document in which users write all kinds together, inside the group of
/// the module (`vppConfig`, `linuxConfig`, …).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConfigField {
    /// Name in the style of `.proto` files: `arp_entries`.
    pub name: &'static str,
    /// Name in the style of JSON: `arpEntries`. May be the same.
    pub json_name: &'static str,
    /// Further names that are read and never written.
    pub aliases: &'static [&'static str],
}

impl ConfigField {
    /// Every name that is read.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [self.name, self.json_name].into_iter().chain(self.aliases.iter().copied())
    }
}

/// A message that is configuration (or metrics) of its own: it has a specification and builds its own key.
///
/// Implementations are made from the options `ligato.generic.model` and `ligato.generic.model_name_template` of the
/// message in its `.proto` file; nobody writes them by hand.
pub trait Model: Message {
    /// Module, version, type and class.
    const SPEC: Spec;
    /// The template of instance names in the syntax published to clients; empty for a singleton.
    const NAME_TEMPLATE: &'static str;
    /// Path of the `.proto` file, for instance `ligato/vpp/l3/route.proto`.
    const PROTO_FILE: &'static str;
    /// Full protobuf name of the message.
    const PROTO_NAME: &'static str;
    /// Its place in the document in which users write all kinds together.
    const CONFIG_FIELD: ConfigField;

    /// The name of this instance, not cleaned: what the template gives. Empty for a singleton.
    fn instance_name(&self) -> String;

    /// The full key, without the prefix of an agent.
    fn key(&self) -> Key {
        Self::SPEC.key(&self.instance_name())
    }

    /// The key of the instance called `name`.
    fn key_of(name: &str) -> Key {
        Self::SPEC.key(name)
    }
}

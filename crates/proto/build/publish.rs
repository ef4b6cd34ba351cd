//! Makes the descriptors that are shown to clients.

use std::error::Error;

use prost_reflect::prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, ExtensionDescriptor, Value};

use crate::models::{MODEL, NAME_TEMPLATE};

/// The file that declares the options of models.
const OPTIONS_FILE: &str = "ligato/generic/options.proto";

/// Removes the model options, and the import they need, from a set of files.
///
/// Ligato's own descriptors do not carry them (its models are registered in code), and clients compare: what is
/// published must be the original's, item by item.
pub(crate) fn strip_model_options(
    pool: &DescriptorPool,
    files: &[u8],
) -> Result<Vec<u8>, Box<dyn Error>> {
    let set = pool
        .get_message_by_name("google.protobuf.FileDescriptorSet")
        .ok_or("descriptor.proto is not among the compiled files")?;
    let extensions: Vec<ExtensionDescriptor> =
        [MODEL, NAME_TEMPLATE].iter().filter_map(|name| pool.get_extension_by_name(name)).collect();
    let mut set = DynamicMessage::decode(set, files)?;
    for file in messages(&mut set, "file") {
        for message in messages(file, "message_type") {
            strip_message(message, &extensions);
        }
        if let Some(Value::List(imports)) = file.get_field_by_name_mut("dependency") {
            imports.retain(|import| import.as_str() != Some(OPTIONS_FILE));
        }
    }
    Ok(set.encode_to_vec())
}

fn strip_message(message: &mut DynamicMessage, extensions: &[ExtensionDescriptor]) {
    for nested in messages(message, "nested_type") {
        strip_message(nested, extensions);
    }
    if !message.has_field_by_name("options") {
        return;
    }
    if let Some(Value::Message(options)) = message.get_field_by_name_mut("options") {
        for extension in extensions {
            options.clear_extension(extension);
        }
        if options.encoded_len() == 0 {
            message.clear_field_by_name("options");
        }
    }
}

/// The messages in a repeated field.
fn messages<'m>(
    parent: &'m mut DynamicMessage,
    field: &str,
) -> impl Iterator<Item = &'m mut DynamicMessage> {
    let list = match parent.get_field_by_name_mut(field) {
        Some(Value::List(list)) => list.as_mut_slice(),
        _ => &mut [],
    };
    list.iter_mut().filter_map(Value::as_message_mut)
}

//! Writes the code of reflection and of models.

use std::fmt::Write as _;

use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value};

use crate::{rust_names, template};

/// Option of a message: its model specification.
pub(crate) const MODEL: &str = "ligato.generic.model";
/// Option of a message: the template of its instance names.
pub(crate) const NAME_TEMPLATE: &str = "ligato.generic.model_name_template";

/// Kinds that have a field in a `ConfigData` message but not its name in the document with all kinds together: the
/// original forgot them in its table of names and computes a name from the message. Both names are read.
const NOT_NAMED_BY_CONFIG_DATA: [&str; 4] = [
    "ligato.vpp.dns.DNSCache",
    "ligato.vpp.nat.Nat44VrfRoute",
    "ligato.vpp.nat.Nat44VrfTable",
    "ligato.vpp.wireguard.Peer",
];

/// Kinds with a name of their own, in no `ConfigData` message.
const OTHER_NAMES: [(&str, &str); 1] = [("ligato.linux.iptables.RuleChain", "RuleChain")];

/// Code of `ReflectMessage` for every message, of `Model` for those with a model option, and of the registry.
pub(crate) fn generate(pool: &DescriptorPool) -> Result<String, String> {
    let mut code = String::new();
    let mut registered = String::new();
    let messages = pool.all_messages().filter(|message| {
        !message.is_map_entry() && !message.full_name().starts_with("google.protobuf.")
    });
    for message in messages {
        reflect(&mut code, &message);
        if let Some(spec) = spec_option(pool, &message) {
            model(&mut code, pool, &message, &spec)
                .map_err(|error| format!("{}: {error}", message.full_name()))?;
            let _ =
                write!(registered, "\n        .register::<{}>()", rust_names::message(&message));
        }
    }
    let _ = write!(
        code,
        "/// Registers every model of the `.proto` files, in the order of files and messages.\n\
         fn register_all(builder: ::ligato_model::RegistryBuilder) -> ::ligato_model::RegistryBuilder {{\n    \
         builder{registered}\n}}\n"
    );
    Ok(code)
}

fn reflect(code: &mut String, message: &MessageDescriptor) {
    let _ = writeln!(
        code,
        "impl ::prost_reflect::ReflectMessage for {path} {{\n    \
             fn descriptor(&self) -> ::prost_reflect::MessageDescriptor {{\n        \
                 static DESCRIPTOR: ::std::sync::LazyLock<::prost_reflect::MessageDescriptor> =\n            \
                     ::std::sync::LazyLock::new(|| crate::message_descriptor({name:?}));\n        \
                 DESCRIPTOR.clone()\n    }}\n}}\n",
        path = rust_names::message(message),
        name = message.full_name(),
    );
}

fn model(
    code: &mut String,
    pool: &DescriptorPool,
    message: &MessageDescriptor,
    spec: &DynamicMessage,
) -> Result<(), String> {
    let part = |name: &str| match spec.get_field_by_name(name).as_deref() {
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    };
    let module = part("module");
    let name_template = name_template(pool, message);
    let body = match name_template.as_str() {
        "" => "        String::new()\n".to_owned(),
        text => format!(
            "        let mut name = String::new();\n{}        name\n",
            template::compile(text, message)?
        ),
    };
    let (name, json_name, aliases) = config_field(pool, message, &module, name_template.is_empty());
    let _ = writeln!(
        code,
        "impl ::ligato_model::Model for {path} {{\n    \
         const SPEC: ::ligato_model::Spec = ::ligato_model::Spec::new({module:?}, {version:?}, {kind:?}).with_class({class:?});\n    \
         const NAME_TEMPLATE: &'static str = {name_template:?};\n    \
         const PROTO_FILE: &'static str = {file:?};\n    \
         const PROTO_NAME: &'static str = {proto_name:?};\n    \
         const CONFIG_FIELD: ::ligato_model::ConfigField =\n        \
         ::ligato_model::ConfigField {{ name: {name:?}, json_name: {json_name:?}, aliases: &{aliases:?} }};\n\n    \
         fn instance_name(&self) -> String {{\n{body}    }}\n}}\n",
        path = rust_names::message(message),
        version = part("version"),
        kind = part("type"),
        class = part("class"),
        file = message.parent_file().name(),
        proto_name = message.full_name(),
    );
    Ok(())
}

/// The model specification of a message, if it is a model.
fn spec_option(pool: &DescriptorPool, message: &MessageDescriptor) -> Option<DynamicMessage> {
    let extension = pool.get_extension_by_name(MODEL)?;
    let options = message.options();
    if !options.has_extension(&extension) {
        return None;
    }
    options.get_extension(&extension).as_message().cloned()
}

/// The template a message gives; without one, the field `name` is the instance name if there is such a field.
fn name_template(pool: &DescriptorPool, message: &MessageDescriptor) -> String {
    let options = message.options();
    match pool.get_extension_by_name(NAME_TEMPLATE) {
        Some(extension) if options.has_extension(&extension) => {
            options.get_extension(&extension).as_str().unwrap_or_default().to_owned()
        }
        _ if message.get_field_by_name("name").is_some() => "{{.Name}}".to_owned(),
        _ => String::new(),
    }
}

/// Names of the field in the document with all kinds together: one in the style of protobuf, one in that of JSON, and
/// others that are read.
fn config_field(
    pool: &DescriptorPool,
    message: &MessageDescriptor,
    module: &str,
    singleton: bool,
) -> (String, String, Vec<String>) {
    let group = module.split('.').next().unwrap_or(module);
    let listed = pool.get_message_by_name(&format!("ligato.{group}.ConfigData")).and_then(|data| {
        data.fields()
            .find(|field| field.kind().as_message() == Some(message))
            .map(|field| (field.name().to_owned(), field.json_name().to_owned()))
    });
    let computed =
        if singleton { message.name().to_owned() } else { format!("{}_list", message.name()) };
    if let Some((_, name)) = OTHER_NAMES.iter().find(|(proto, _)| *proto == message.full_name()) {
        return ((*name).to_owned(), (*name).to_owned(), vec![computed]);
    }
    match listed {
        Some((name, json_name)) if !NOT_NAMED_BY_CONFIG_DATA.contains(&message.full_name()) => {
            (name, json_name, Vec::new())
        }
        Some((name, json_name)) => (computed.clone(), computed, vec![name, json_name]),
        None => (computed.clone(), computed, Vec::new()),
    }
}

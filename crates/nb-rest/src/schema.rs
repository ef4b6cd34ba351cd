//! `GET /info/configuration/jsonschema`: what a configuration document may hold, as a JSON schema (draft 4), for
//! editors and forms.
//!
//! It follows the original's schema except where that refuses valid documents: an alternative of several need not be
//! given, IPv6 networks are accepted, and 64-bit numbers may be numbers.

use std::collections::BTreeSet;

use axum::{
    Router,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use ligato_proto::DESCRIPTOR_POOL;
use prost_reflect::{
    EnumDescriptor, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor,
    ReflectMessage, Value as Content,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{answer::ApiError, query::Args};

/// Which spellings of names are in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    Both,
    OnlyProto,
    OnlyJson,
}

pub(crate) fn routes() -> Router {
    Router::new().route("/info/configuration/jsonschema", get(schema))
}

async fn schema(args: Args) -> Result<Response, ApiError> {
    args.only(&["fieldnames"])?;
    let names = match args.named("fieldnames")? {
        None => Names::Both,
        Some("onlyproto") => Names::OnlyProto,
        Some("onlyjson") => Names::OnlyJson,
        Some(other) => {
            let text = format!("fieldnames must be onlyproto or onlyjson, not {other:?}");
            return Err(ApiError::Argument(text));
        }
    };
    let failed = |error: serde_json::Error| ApiError::Failed(error.to_string());
    let mut text = Vec::new();
    let indented = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, indented);
    document(names).serialize(&mut serializer).map_err(failed)?;
    let json = HeaderValue::from_static("application/json; charset=UTF-8");
    Ok(([(header::CONTENT_TYPE, json)], text).into_response())
}

/// The schema of a document with all models of configuration.
fn document(names: Names) -> Value {
    let mut writer = Writer::new(names);
    let mut groups = Map::new();
    let registry = ligato_proto::registry();
    for model in registry.iter().filter(|model| model.spec.class == "config") {
        let word = model.spec.module.split('.').next().unwrap_or_default();
        let group = groups.entry(format!("{word}Config")).or_insert_with(|| object(Map::new()));
        let one = writer.reference(model.descriptor());
        let content =
            if model.is_singleton() { one } else { json!({ "type": "array", "items": one }) };
        let field = &model.config_field;
        let Some(Value::Object(members)) = group.get_mut("properties") else { continue };
        for name in names.of(field.name, field.json_name) {
            members.insert(name.to_owned(), content.clone());
        }
    }
    let mut root = Map::new();
    root.insert("$schema".into(), "http://json-schema.org/draft-04/schema#".into());
    root.insert("title".into(), "ligato.configurator.Dynamic_config".into());
    if let Value::Object(members) = object(groups) {
        root.extend(members);
    }
    root.insert("definitions".into(), Value::Object(writer.definitions()));
    Value::Object(root)
}

fn object(properties: Map<String, Value>) -> Value {
    let properties = Value::Object(properties);
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

/// Writes definitions of messages, each once.
struct Writer {
    names: Names,
    annotation: Option<ExtensionDescriptor>,
    known: BTreeSet<String>,
    open: Vec<MessageDescriptor>,
}

// === impl Names ===

impl Names {
    fn of<'n>(self, proto: &'n str, json: &'n str) -> Vec<&'n str> {
        match self {
            Self::OnlyProto => vec![proto],
            Self::OnlyJson => vec![json],
            Self::Both if proto == json => vec![proto],
            Self::Both => vec![proto, json],
        }
    }
}

// === impl Writer ===

impl Writer {
    fn new(names: Names) -> Self {
        let annotation = DESCRIPTOR_POOL.get_extension_by_name("ligato.ligato_options");
        Self { names, annotation, known: BTreeSet::new(), open: Vec::new() }
    }

    fn reference(&mut self, message: &MessageDescriptor) -> Value {
        if self.known.insert(message.full_name().to_owned()) {
            self.open.push(message.clone());
        }
        json!({ "$ref": format!("#/definitions/{}", message.full_name()) })
    }

    /// The messages that were referred to, and those that they refer to.
    fn definitions(mut self) -> Map<String, Value> {
        let mut definitions = Map::new();
        while let Some(message) = self.open.pop() {
            let definition = self.message(&message);
            definitions.insert(message.full_name().to_owned(), definition);
        }
        definitions.sort_keys();
        definitions
    }

    fn message(&mut self, message: &MessageDescriptor) -> Value {
        let mut properties = Map::new();
        for field in message.fields() {
            let content = self.field(&field);
            for name in self.names.of(field.name(), field.json_name()) {
                properties.insert(name.to_owned(), content.clone());
            }
        }
        let mut schema = object(properties);
        let oneofs = message.oneofs().filter(|oneof| !oneof.is_synthetic());
        let choices: Vec<Value> = oneofs.map(|oneof| self.choice(&oneof)).collect();
        if let (Value::Object(members), false) = (&mut schema, choices.is_empty()) {
            members.insert("allOf".to_owned(), choices.into());
        }
        schema
    }

    /// One of the alternatives, or none.
    fn choice(&self, oneof: &OneofDescriptor) -> Value {
        let alternatives: Vec<Value> = oneof
            .fields()
            .map(|field| {
                let names = self.names.of(field.name(), field.json_name());
                let there = names.iter().map(|name| json!({ "required": [name] }));
                json!({ "anyOf": there.collect::<Vec<_>>() })
            })
            .collect();
        let none = json!({ "not": { "anyOf": alternatives.clone() } });
        let all: Vec<Value> = std::iter::once(none).chain(alternatives).collect();
        json!({ "oneOf": all })
    }

    fn field(&mut self, field: &FieldDescriptor) -> Value {
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let values = self.one(&entry.map_entry_value_field());
                json!({ "type": "object", "additionalProperties": values })
            }
            _ if field.is_list() => json!({ "type": "array", "items": self.one(field) }),
            _ => self.one(field),
        }
    }

    fn one(&mut self, field: &FieldDescriptor) -> Value {
        match field.kind() {
            Kind::Message(message) => self.reference(&message),
            Kind::Enum(names) => enumeration(&names),
            Kind::String => self.text(field),
            Kind::Bytes => json!({ "type": "string" }),
            Kind::Bool => json!({ "type": "boolean" }),
            Kind::Float | Kind::Double => json!({ "type": "number" }),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => {
                json!({ "type": ["string", "integer"] })
            }
            Kind::Uint32 | Kind::Fixed32 => self.number(field, Some(0)),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => self.number(field, None),
        }
    }

    /// What the contract says about a field beyond its type.
    fn annotated(&self, field: &FieldDescriptor, member: &str) -> Option<Content> {
        let (annotation, options) = (self.annotation.as_ref()?, field.options());
        let content = options.has_extension(annotation).then(|| options.get_extension(annotation));
        let content = content?;
        let message = content.as_message()?;
        let member = message.descriptor().get_field_by_name(member)?;
        message.has_field(&member).then(|| message.get_field(&member).into_owned())
    }

    fn number(&self, field: &FieldDescriptor, least: Option<i64>) -> Value {
        let mut schema = json!({ "type": "integer" });
        let range = self.annotated(field, "int_range");
        let range = range.as_ref().and_then(Content::as_message);
        let of = |name| range.and_then(|range| Some(range.get_field_by_name(name)?.into_owned()));
        let minimum = of("minimum").and_then(|minimum| minimum.as_i64()).or(least);
        let maximum = of("maximum").and_then(|maximum| maximum.as_u64());
        let limits = [("minimum", minimum.map(Value::from)), ("maximum", maximum.map(Value::from))];
        if let Value::Object(members) = &mut schema {
            let limits = limits.into_iter().filter_map(|(name, limit)| Some((name, limit?)));
            members.extend(limits.map(|(name, limit)| (name.to_owned(), limit)));
        }
        schema
    }

    fn text(&self, field: &FieldDescriptor) -> Value {
        let form = self.annotated(field, "type").and_then(|form| form.as_enum_number());
        let (v4, v6) = (json!({ "format": "ipv4" }), json!({ "format": "ipv6" }));
        let (net4, net6) = (json!({ "pattern": NETWORK4 }), json!({ "pattern": NETWORK6 }));
        let mut forms = match form.unwrap_or_default() {
            1 => vec![v4, v6],
            2 => vec![v4],
            3 => vec![v6],
            4 => vec![net4, net6],
            5 => vec![net4],
            6 => vec![net6],
            7 => vec![v4, v6, net4, net6],
            8 => vec![v4, net4],
            9 => vec![v6, net6],
            _ => return json!({ "type": "string" }),
        };
        // Instead of an address, a reference to an allocated one.
        forms.push(json!({ "pattern": "^alloc:" }));
        json!({ "type": "string", "anyOf": forms })
    }
}

const NETWORK4: &str = "^[0-9]{1,3}(\\.[0-9]{1,3}){3}/([0-9]|[12][0-9]|3[0-2])$";
const NETWORK6: &str = "^[0-9a-fA-F.]*:[0-9a-fA-F:.]*/([0-9]|[1-9][0-9]|1[01][0-9]|12[0-8])$";

/// Names and numbers are both accepted.
fn enumeration(names: &EnumDescriptor) -> Value {
    let texts = names.values().map(|value| Value::from(value.name()));
    let numbers = names.values().map(|value| Value::from(value.number()));
    let all: Vec<Value> = texts.chain(numbers).collect();
    json!({ "type": ["string", "integer"], "enum": all })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn property<'s>(schema: &'s Value, message: &str, name: &str) -> &'s Value {
        &schema["definitions"][message]["properties"][name]
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_group_is_there() {
        let schema = document(Names::Both);
        let text = schema.to_string();
        let references = text.split("\"#/definitions/").skip(1);
        let mut count = 0;
        for name in references.filter_map(|rest| rest.split('"').next()) {
            assert!(schema["definitions"].get(name).is_some(), "{name}");
            count += 1;
        }
        assert!(count > 45, "{count}");
        let groups: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        for group in ["vppConfig", "linuxConfig", "netallocConfig"] {
            assert!(groups.iter().any(|known| *known == group), "{groups:?}");
        }
        assert_eq!(schema["additionalProperties"], false);
    }

    #[test]
    fn fields_say_what_they_take() {
        let schema = document(Names::Both);
        let interface = "ligato.vpp.interfaces.Interface";
        assert_eq!(property(&schema, interface, "phys_address")["type"], "string");
        assert_eq!(property(&schema, interface, "physAddress")["type"], "string");
        let kinds = property(&schema, interface, "type")["enum"].as_array().unwrap();
        assert!(kinds.contains(&"MEMIF".into()) && kinds.contains(&3.into()), "{kinds:?}");
        let address = &property(&schema, interface, "ip_addresses")["items"];
        assert!(address.to_string().contains("alloc:"), "{address}");
        let mtu = property(&schema, interface, "mtu");
        assert_eq!((&mtu["type"], &mtu["minimum"]), (&"integer".into(), &0.into()));
        // One link of several, or none.
        let links = schema["definitions"][interface]["allOf"][0]["oneOf"].as_array().unwrap();
        assert!(links.len() > 5 && links[0].get("not").is_some(), "{links:?}");
        for (names, there, gone) in [
            (Names::OnlyProto, "phys_address", "physAddress"),
            (Names::OnlyJson, "physAddress", "phys_address"),
        ] {
            let schema = document(names);
            assert!(property(&schema, interface, there).is_object());
            assert!(property(&schema, interface, gone).is_null());
        }
    }
}

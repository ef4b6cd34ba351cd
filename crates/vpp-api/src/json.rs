//! A definition as an element of VPP's API JSON: `[name, [type, name], [type, name, length], …, {"crc": "0x…"}]`.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::def::{FieldDef, MessageDef, Shape, TypeDef, TypeKind};
use crate::types::{Ip4Prefix, Ip6Prefix};
use crate::wire::Wire;

/// The enumerations that VPP calls sets of flags; there are others of which it does not say so.
const ENUM_FLAGS: &[&str] = &["ip_flow_hash_config", "ip_flow_hash_config_v2"];

/// What aliases stand for and no field has.
const ALIASED: [&TypeDef; 2] = [Ip4Prefix::TYPE, Ip6Prefix::TYPE];

/// One API file in VPP's JSON form: messages with all types they need, and which answers belong to which request.
#[derive(Debug, Clone, Default)]
pub struct ApiFile {
    sections: Map<String, Value>,
    described: HashSet<&'static str>,
}

impl ApiFile {
    /// Adds a message and its types.
    pub fn message(&mut self, definition: &MessageDef) {
        self.put("messages", definition.to_api_json());
        self.types_of(definition.fields);
    }

    /// Says that a request is answered by one reply.
    pub fn replied(&mut self, request: &str, reply: &str) {
        self.service(request, json!({ "reply": reply }));
    }

    /// Says that a request is answered by any number of details.
    pub fn dumped(&mut self, request: &str, details: &str) {
        self.service(request, json!({ "reply": details, "stream": true }));
    }

    /// The file; all sections are there, empty or not.
    #[must_use]
    pub fn into_json(mut self) -> Value {
        for section in ["messages", "types", "unions", "enums", "enumflags"] {
            self.sections.entry(section).or_insert_with(|| json!([]));
        }
        for section in ["aliases", "services"] {
            self.sections.entry(section).or_insert_with(|| json!({}));
        }
        Value::Object(self.sections)
    }

    fn put(&mut self, section: &str, entry: Value) {
        let section = self.sections.entry(section).or_insert_with(|| json!([]));
        if let Value::Array(entries) = section {
            entries.push(entry);
        }
    }

    fn put_named(&mut self, section: &str, name: &str, entry: Value) {
        let section = self.sections.entry(section).or_insert_with(|| json!({}));
        if let Value::Object(entries) = section {
            entries.insert(name.to_owned(), entry);
        }
    }

    fn service(&mut self, request: &str, answer: Value) {
        self.put_named("services", request, answer);
    }

    fn types_of(&mut self, fields: &'static [FieldDef]) {
        for field in fields {
            self.describe(field.ty);
        }
    }

    fn describe(&mut self, ty: &'static TypeDef) {
        let name = ty.name.trim_start_matches("vl_api_").trim_end_matches("_t");
        if ty.kind == TypeKind::Base || !self.described.insert(name) {
            return;
        }
        match ty.kind {
            TypeKind::Base => {}
            TypeKind::Alias { of, len } => {
                if let Some(behind) = ALIASED.iter().find(|ty| ty.name == of) {
                    self.describe(behind);
                }
                let plain = json!({ "type": of });
                let entry = len.map_or(plain, |len| json!({ "type": of, "length": len }));
                self.put_named("aliases", name, entry);
            }
            TypeKind::Enum { base, entries } => {
                let mut entry = vec![json!(name)];
                entry.extend(entries.iter().map(|entry| json!([entry.name, entry.value])));
                entry.push(json!({ "enumtype": base }));
                let section = if ENUM_FLAGS.contains(&name) { "enumflags" } else { "enums" };
                self.put(section, Value::Array(entry));
            }
            TypeKind::Struct(fields) => self.structure("types", name, fields),
            TypeKind::Union(fields) => self.structure("unions", name, fields),
        }
    }

    fn structure(&mut self, section: &str, name: &str, fields: &'static [FieldDef]) {
        let mut entry = vec![json!(name)];
        entry.extend(fields.iter().map(FieldDef::to_api_json));
        self.put(section, Value::Array(entry));
        self.types_of(fields);
    }
}

impl MessageDef {
    /// The form VPP's API compiler gives the message, header fields and message id included.
    #[must_use]
    pub fn to_api_json(&self) -> Value {
        let mut entry = vec![json!(self.name), json!(["u16", "_vl_msg_id"])];
        entry.extend(self.all_fields().map(FieldDef::to_api_json));
        entry.push(json!({ "crc": format!("0x{:08x}", self.crc) }));
        Value::Array(entry)
    }
}

impl FieldDef {
    /// The form VPP's API compiler gives the field.
    #[must_use]
    pub fn to_api_json(&self) -> Value {
        let (ty, name) = (self.ty.name, self.name);
        match self.shape {
            Shape::Scalar => json!([ty, name]),
            Shape::Array(len) => json!([ty, name, len]),
            Shape::Counted(count) => json!([ty, name, 0, count]),
            Shape::Text => json!([ty, name, 0]),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{ApiFile, Message, msg, msg::interface::SwInterfaceDump};
    use serde_json::json;

    /// As readers resolve them: everything that is mentioned is there.
    #[test]
    fn every_type_that_is_mentioned_is_described() {
        let mut file = ApiFile::default();
        msg::all().for_each(|definition| file.message(definition));
        let file = file.into_json();
        let entries = |section: &str| file[section].as_array().cloned().unwrap_or_default();
        let mut known: Vec<String> = Vec::new();
        let mut mentioned: Vec<String> = Vec::new();
        for section in ["types", "unions", "enums", "enumflags", "messages"] {
            for entry in entries(section) {
                let parts = entry.as_array().cloned().unwrap_or_default();
                known.push(format!("vl_api_{}_t", parts[0].as_str().unwrap()));
                let fields = parts.iter().filter_map(|part| part.get(0)?.as_str());
                mentioned.extend(fields.map(str::to_owned));
            }
        }
        for (name, alias) in file["aliases"].as_object().unwrap() {
            known.push(format!("vl_api_{name}_t"));
            mentioned.push(alias["type"].as_str().unwrap().to_owned());
        }
        let missing: Vec<_> = mentioned
            .iter()
            .filter(|name| name.starts_with("vl_api_") && !known.contains(name))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn a_message_reads_as_in_vpps_files() {
        assert_eq!(
            SwInterfaceDump::definition().to_api_json(),
            json!([
                "sw_interface_dump",
                ["u16", "_vl_msg_id"],
                ["u32", "client_index"],
                ["u32", "context"],
                ["vl_api_interface_index_t", "sw_if_index"],
                ["bool", "name_filter_valid"],
                ["string", "name_filter", 0],
                { "crc": "0xaa610c27" }
            ])
        );
    }
}

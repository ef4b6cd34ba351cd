//! A definition as an element of VPP's API JSON: `[name, [type, name], [type, name, length], …, {"crc": "0x…"}]`.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::def::{FieldDef, MessageDef, Shape, TypeDef, TypeKind};

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
                let plain = json!({ "type": of });
                let entry = len.map_or(plain, |len| json!({ "type": of, "length": len }));
                self.put_named("aliases", name, entry);
            }
            TypeKind::Enum { base, entries } => {
                let mut entry = vec![json!(name)];
                entry.extend(entries.iter().map(|entry| json!([entry.name, entry.value])));
                entry.push(json!({ "enumtype": base }));
                let section = if name.ends_with("flags") { "enumflags" } else { "enums" };
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
    use crate::{Message, msg::interface::SwInterfaceDump};
    use serde_json::json;

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

//! A definition as an element of VPP's API JSON: `[name, [type, name], [type, name, length], …, {"crc": "0x…"}]`.

use serde_json::{Value, json};

use crate::def::{FieldDef, MessageDef, Shape};

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

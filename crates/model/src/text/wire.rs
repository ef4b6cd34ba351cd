//! The binary form of protobuf, written field by field.
//!
//! Fields are written in the order in which they come and with their defaults; whoever reads them takes both.

use prost::encoding::{
    WireType, bool, bytes, double, encode_key, encode_varint, fixed32, fixed64, float, int32,
    int64, sfixed32, sfixed64, sint32, sint64, string, uint32, uint64,
};
use prost_reflect::{Kind, Value};

/// Writes a field that holds a scalar. A value of another type than the field's is left out.
pub(super) fn scalar(number: u32, kind: &Kind, value: &Value, out: &mut Vec<u8>) {
    match (kind, value) {
        (Kind::Bool, Value::Bool(value)) => bool::encode(number, value, out),
        (Kind::String, Value::String(value)) => string::encode(number, value, out),
        (Kind::Bytes, Value::Bytes(value)) => bytes::encode(number, value, out),
        (Kind::Double, Value::F64(value)) => double::encode(number, value, out),
        (Kind::Float, Value::F32(value)) => float::encode(number, value, out),
        (Kind::Int32, Value::I32(value)) | (Kind::Enum(_), Value::EnumNumber(value)) => {
            int32::encode(number, value, out);
        }
        (Kind::Sint32, Value::I32(value)) => sint32::encode(number, value, out),
        (Kind::Sfixed32, Value::I32(value)) => sfixed32::encode(number, value, out),
        (Kind::Int64, Value::I64(value)) => int64::encode(number, value, out),
        (Kind::Sint64, Value::I64(value)) => sint64::encode(number, value, out),
        (Kind::Sfixed64, Value::I64(value)) => sfixed64::encode(number, value, out),
        (Kind::Uint32, Value::U32(value)) => uint32::encode(number, value, out),
        (Kind::Fixed32, Value::U32(value)) => fixed32::encode(number, value, out),
        (Kind::Uint64, Value::U64(value)) => uint64::encode(number, value, out),
        (Kind::Fixed64, Value::U64(value)) => fixed64::encode(number, value, out),
        _ => {}
    }
}

/// Writes a field that holds a message, of which this is the binary form.
pub(super) fn message(number: u32, content: &[u8], out: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, out);
    encode_varint(content.len() as u64, out);
    out.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_encoding() {
        let written = |kind: Kind, value: Value| {
            let mut out = Vec::new();
            scalar(1, &kind, &value, &mut out);
            out
        };
        for (kind, value, expected) in [
            (Kind::Bool, Value::Bool(true), &[8, 1][..]),
            (Kind::Int32, Value::I32(-1), &[8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
            (Kind::Sint32, Value::I32(-1), &[8, 1]),
            (Kind::Sfixed32, Value::I32(-2), &[13, 254, 255, 255, 255]),
            (Kind::Int64, Value::I64(300), &[8, 172, 2]),
            (Kind::Sint64, Value::I64(1), &[8, 2]),
            (Kind::Sfixed64, Value::I64(1), &[9, 1, 0, 0, 0, 0, 0, 0, 0]),
            (Kind::Uint32, Value::U32(0), &[8, 0]),
            (Kind::Fixed32, Value::U32(1), &[13, 1, 0, 0, 0]),
            (Kind::Uint64, Value::U64(128), &[8, 128, 1]),
            (Kind::Fixed64, Value::U64(2), &[9, 2, 0, 0, 0, 0, 0, 0, 0]),
            (Kind::Float, Value::F32(1.0), &[13, 0, 0, 128, 63]),
            (Kind::Double, Value::F64(1.0), &[9, 0, 0, 0, 0, 0, 0, 240, 63]),
            (Kind::String, Value::String("ab".to_owned()), &[10, 2, 97, 98]),
            (Kind::Bytes, Value::Bytes(vec![7].into()), &[10, 1, 7]),
            (Kind::Bool, Value::U32(1), &[]),
        ] {
            assert_eq!(written(kind.clone(), value), expected, "{kind:?}");
        }
        let mut out = Vec::new();
        message(3, &[8, 1], &mut out);
        assert_eq!(out, [26, 2, 8, 1]);
    }
}

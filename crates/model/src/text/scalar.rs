//! Scalars of protobuf JSON.

use prost_reflect::{DynamicMessage, EnumDescriptor, Kind, ReflectMessage, Value};

use super::Problem;
use super::node::{Content, Node, shorten};
use super::place::nearest;

/// Reads a scalar of the given kind.
pub(super) fn read(node: &Node, kind: &Kind) -> Result<Value, Problem> {
    match kind {
        Kind::Bool => match &node.content {
            Content::Bool(value) => Ok(Value::Bool(*value)),
            // Keys of maps are always text.
            Content::Text(text) if text == "true" || text == "false" => {
                Ok(Value::Bool(text == "true"))
            }
            _ => Err(wrong_type(node, "a boolean")),
        },
        Kind::String => match &node.content {
            Content::Text(text) => Ok(Value::String(text.clone())),
            _ => Err(wrong_type(node, "a text (put it in quotes)")),
        },
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            integer(node, "a 32-bit integer").map(Value::I32)
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            integer(node, "a 64-bit integer").map(Value::I64)
        }
        Kind::Uint32 | Kind::Fixed32 => integer(node, "an unsigned 32-bit integer").map(Value::U32),
        Kind::Uint64 | Kind::Fixed64 => integer(node, "an unsigned 64-bit integer").map(Value::U64),
        Kind::Double => float(node).map(Value::F64),
        #[expect(clippy::cast_possible_truncation, reason = "a float field keeps what fits in it")]
        Kind::Float => float(node).map(|value| Value::F32(value as f32)),
        Kind::Bytes => bytes(node),
        Kind::Enum(descriptor) => enum_number(node, descriptor).map(Value::EnumNumber),
        Kind::Message(descriptor) => Err(wrong_type(node, descriptor.full_name())),
    }
}

fn wrong_type(node: &Node, expected: &str) -> Problem {
    Problem::WrongType { expected: expected.to_owned(), found: node.describe() }
}

/// Integers may be numbers, whole floating point numbers, or text.
fn integer<T: TryFrom<i128>>(node: &Node, expected: &str) -> Result<T, Problem> {
    let value = match &node.content {
        Content::Unsigned(value) => Some(i128::from(*value)),
        Content::Signed(value) => Some(i128::from(*value)),
        Content::Float(value) => whole(*value),
        Content::Text(text) => {
            text.parse().ok().or_else(|| text.parse::<f64>().ok().and_then(whole))
        }
        _ => None,
    };
    let value = value.ok_or_else(|| wrong_type(node, expected))?;
    T::try_from(value).map_err(|_| Problem::OutOfRange {
        expected: expected.to_owned(),
        found: value.to_string(),
    })
}

fn whole(value: f64) -> Option<i128> {
    // Up to here every whole number is exact.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole and small enough")]
    (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i128)
}

fn float(node: &Node) -> Result<f64, Problem> {
    #[expect(clippy::cast_precision_loss, reason = "a floating point field rounds")]
    match &node.content {
        Content::Unsigned(value) => Ok(*value as f64),
        Content::Signed(value) => Ok(*value as f64),
        Content::Float(value) => Ok(*value),
        Content::Text(text) => match text.as_str() {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            text => text.parse().map_err(|_| wrong_type(node, "a number")),
        },
        _ => Err(wrong_type(node, "a number")),
    }
}

/// Base64, standard or URL-safe: as the protobuf library reads `google.protobuf.BytesValue`.
fn bytes(node: &Node) -> Result<Value, Problem> {
    let descriptor = Vec::<u8>::default().descriptor();
    let wrapped = DynamicMessage::deserialize(descriptor, node.to_json())
        .map_err(|_| wrong_type(node, "base64"))?;
    Ok(wrapped
        .get_field_by_name("value")
        .map_or(Value::Bytes(Vec::new().into()), std::borrow::Cow::into_owned))
}

fn enum_number(node: &Node, descriptor: &EnumDescriptor) -> Result<i32, Problem> {
    match &node.content {
        Content::Text(name) => match descriptor.get_value_by_name(name) {
            Some(value) => Ok(value.number()),
            None => {
                let names: Vec<_> = descriptor.values().collect();
                Err(Problem::UnknownEnumValue {
                    value: shorten(name),
                    of: descriptor.full_name().to_owned(),
                    nearest: nearest(
                        name,
                        names.iter().map(prost_reflect::EnumValueDescriptor::name),
                    ),
                })
            }
        },
        Content::Unsigned(_) | Content::Signed(_) | Content::Float(_) => integer(node, "an enum"),
        _ => Err(wrong_type(node, &format!("a name or number of {}", descriptor.full_name()))),
    }
}

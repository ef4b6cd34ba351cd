//! From JSON to bytes.

use std::collections::HashMap;

use bytes::{BufMut, BytesMut};
use serde_json::{Map, Value};

use super::decode::{Budget, MAX_DEPTH, join, size, unknown};
use super::definition::{Field, Repeat, Type};
use super::error::DynamicError;
use super::textual;
use crate::wire::Wire;

pub(super) fn payload(
    types: &HashMap<String, Type>,
    fields: &[Field],
    value: &Value,
    out: &mut BytesMut,
) -> Result<(), DynamicError> {
    Encoder { types, depth: 0, budget: &Budget::new() }.fields(fields, value, out, "")
}

#[derive(Clone, Copy)]
struct Encoder<'a> {
    types: &'a HashMap<String, Type>,
    depth: usize,
    budget: &'a Budget,
}

impl Encoder<'_> {
    fn fields(
        self,
        fields: &[Field],
        value: &Value,
        out: &mut BytesMut,
        path: &str,
    ) -> Result<(), DynamicError> {
        let none = Map::new();
        let object = match value {
            Value::Object(object) => object,
            Value::Null => &none,
            _ => return Err(content(path, "an object")),
        };
        if let Some(extra) = object.keys().find(|key| fields.iter().all(|f| f.name != **key)) {
            return Err(DynamicError::UnknownField(join(path, extra)));
        }
        for field in fields {
            let path = join(path, &field.name);
            let counted = fields.iter().find(
                |other| matches!(&other.shape, Repeat::Counted(count) if *count == field.name),
            );
            if let Some(array) = counted {
                let len = count(&array.ty, object.get(&array.name), &path)?;
                self.one(&field.ty, &Value::from(len), out, &path)?;
                continue;
            }
            let value = object.get(&field.name).or(field.default.as_ref()).unwrap_or(&Value::Null);
            match &field.shape {
                Repeat::Once => self.one(&field.ty, value, out, &path)?,
                Repeat::Text => text(value, &path)?.to_owned().put(out),
                Repeat::Times(len) => self.many(&field.ty, Some(*len), value, out, &path)?,
                Repeat::Counted(_) => self.many(&field.ty, None, value, out, &path)?,
            }
        }
        Ok(())
    }

    /// An array; one of fixed length is filled up with zeros.
    fn many(
        self,
        ty: &str,
        len: Option<usize>,
        value: &Value,
        out: &mut BytesMut,
        path: &str,
    ) -> Result<(), DynamicError> {
        let too_long = |most: usize| content(path, &format!("at most {most} elements"));
        match ty {
            "string" | "u8" => {
                let bytes = match ty {
                    "string" => text(value, path)?.as_bytes().to_vec(),
                    _ => bytes_of(value, path)?,
                };
                let len = len.unwrap_or(bytes.len());
                // The last byte of a string stays NUL.
                let most = if ty == "string" { len.saturating_sub(1) } else { len };
                if bytes.len() > most {
                    return Err(too_long(most));
                }
                self.budget.spend(len, path)?;
                out.put_slice(&bytes);
                out.put_bytes(0, len - bytes.len());
            }
            _ => {
                let items = items_of(value, path)?;
                let len = len.unwrap_or(items.len());
                if items.len() > len {
                    return Err(too_long(len));
                }
                for i in 0..len {
                    let item = items.get(i).unwrap_or(&Value::Null);
                    self.one(ty, item, out, &format!("{path}[{i}]"))?;
                }
            }
        }
        Ok(())
    }

    fn one(
        self,
        ty: &str,
        value: &Value,
        out: &mut BytesMut,
        path: &str,
    ) -> Result<(), DynamicError> {
        self.budget.spend(1, path)?;
        if let Some(textual) = textual::of(ty) {
            let written = match value {
                Value::Null => {
                    out.put_bytes(0, textual.len);
                    Some(())
                }
                value => value.as_str().and_then(|text| (textual.put)(text, out)),
            };
            return written.ok_or_else(|| content(path, textual.expected));
        }
        if let Some(done) = base(ty, value, out) {
            return done.ok_or_else(|| content(path, ty));
        }
        let inner = Encoder { depth: self.depth + 1, ..self };
        match self.types.get(ty).filter(|_| self.depth < MAX_DEPTH) {
            Some(Type::Alias { of, len: None }) => inner.one(of, value, out, path),
            Some(Type::Alias { of, len: Some(len) }) => {
                inner.many(of, Some(*len), value, out, path)
            }
            Some(Type::Struct(fields)) => inner.fields(fields, value, out, path),
            Some(Type::Union(members)) => {
                let sizes =
                    members.iter().map(|member| size(self.types, &member.ty, (0, self.budget)));
                let len = sizes.max().flatten().ok_or_else(|| unknown(ty, path))?;
                inner.many("u8", Some(len), value, out, path)
            }
            Some(Type::Enum { base, entries, .. }) => {
                let number = number_of(value, entries)
                    .ok_or_else(|| content(path, &format!("a name of {ty}")))?;
                inner.one(base, &number, out, path)
            }
            None => Err(unknown(ty, path)),
        }
    }
}

/// `None` if the type is not built in; `Some(None)` if the value does not fit it. Null is zero.
fn base(ty: &str, value: &Value, out: &mut BytesMut) -> Option<Option<()>> {
    macro_rules! integer {
        ($type:ty, $read:ident) => {
            match value {
                Value::Null => Some(<$type>::default()),
                value => value.$read().and_then(|number| <$type>::try_from(number).ok()),
            }
            .map(|number| number.put(out))
        };
    }
    Some(match ty {
        "u8" => integer!(u8, as_u64),
        "u16" => integer!(u16, as_u64),
        "u32" => integer!(u32, as_u64),
        "u64" => integer!(u64, as_u64),
        "i8" => integer!(i8, as_i64),
        "i16" => integer!(i16, as_i64),
        "i32" => integer!(i32, as_i64),
        "i64" => integer!(i64, as_i64),
        "f64" => match value {
            Value::Null => Some(0.0),
            value => value.as_f64(),
        }
        .map(|number| number.put(out)),
        "bool" => match value {
            Value::Null => Some(false),
            Value::Bool(value) => Some(*value),
            // As the API files spell defaults.
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.as_u64().map(|number| number != 0),
            _ => None,
        }
        .map(|value| value.put(out)),
        _ => return None,
    })
}

/// The number of a name, or of the flags of several names: VPP does not say of all sets of flags that they are such.
fn number_of(value: &Value, entries: &[(String, u64)]) -> Option<Value> {
    let by_name = |value: &Value| {
        let name = value.as_str()?;
        entries.iter().find(|(known, _)| known == name).map(|(_, number)| *number)
    };
    match value {
        Value::Null => Some(Value::from(0)),
        Value::Number(_) => Some(value.clone()),
        Value::String(_) => by_name(value).map(Value::from),
        Value::Array(names) => {
            let bits = names.iter().try_fold(0, |bits, name| Some(bits | by_name(name)?));
            bits.map(Value::from)
        }
        _ => None,
    }
}

/// Number of elements of an array that is counted by another field.
fn count(ty: &str, value: Option<&Value>, path: &str) -> Result<usize, DynamicError> {
    let value = value.unwrap_or(&Value::Null);
    if ty == "u8" { Ok(bytes_of(value, path)?.len()) } else { Ok(items_of(value, path)?.len()) }
}

fn items_of<'a>(value: &'a Value, path: &str) -> Result<&'a [Value], DynamicError> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        _ => Err(content(path, "an array")),
    }
}

fn text<'a>(value: &'a Value, path: &str) -> Result<&'a str, DynamicError> {
    match value {
        Value::Null => Ok(""),
        Value::String(text) => Ok(text),
        _ => Err(content(path, "text")),
    }
}

fn bytes_of(value: &Value, path: &str) -> Result<Vec<u8>, DynamicError> {
    let wrong = || content(path, "hexadecimal digits, two per byte");
    let digits = text(value, path)?.as_bytes();
    digits
        .chunks(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2);
            pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).ok_or_else(wrong)
        })
        .collect()
}

fn content(path: &str, expected: &str) -> DynamicError {
    DynamicError::Content { field: path.to_owned(), expected: expected.to_owned() }
}

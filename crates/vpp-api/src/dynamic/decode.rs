//! From bytes to JSON.

use std::cell::Cell;
use std::collections::HashMap;

use serde_json::{Map, Number, Value, json};

use super::definition::{EnumKind, Field, Repeat, Type};
use super::error::DynamicError;
use super::textual;
use crate::wire::{DecodeError, Reader, Wire};

/// Types may contain types; real ones less than five deep.
pub(super) const MAX_DEPTH: usize = 16;

/// Values and bytes that a definition may make of one message; real ones have less than 100,000.
const MOST: usize = 1 << 20;

/// What is left of them: definitions may come from anywhere, and few words of one can ask for very much.
pub(super) struct Budget(Cell<usize>);

impl Budget {
    pub(super) fn new() -> Self {
        Self(Cell::new(MOST))
    }

    /// So much more; nothing if that is too much.
    fn take(&self, count: usize) -> Option<()> {
        self.0.set(self.0.get().checked_sub(count)?);
        Some(())
    }

    /// The same, for the field at `path`.
    pub(super) fn spend(&self, count: usize, path: &str) -> Result<(), DynamicError> {
        self.take(count).ok_or_else(|| DynamicError::TooLarge { field: path.to_owned() })
    }
}

pub(super) fn payload(
    types: &HashMap<String, Type>,
    fields: &[Field],
    input: &mut Reader<'_>,
) -> Result<Value, DynamicError> {
    Decoder { types, depth: 0, budget: &Budget::new() }.fields(fields, input, "")
}

#[derive(Clone, Copy)]
struct Decoder<'a> {
    types: &'a HashMap<String, Type>,
    depth: usize,
    budget: &'a Budget,
}

impl Decoder<'_> {
    fn fields(
        self,
        fields: &[Field],
        input: &mut Reader<'_>,
        path: &str,
    ) -> Result<Value, DynamicError> {
        let mut object = Map::new();
        for field in fields {
            let path = join(path, &field.name);
            let value = match &field.shape {
                Repeat::Once => self.one(&field.ty, input, &path)?,
                Repeat::Text => json!(String::get(input).map_err(at(&path))?),
                Repeat::Times(len) => self.many(&field.ty, *len, input, &path)?,
                Repeat::Counted(count) => {
                    let count = object.remove(count).and_then(|count| count.as_u64());
                    let count = usize::try_from(count.unwrap_or(0)).unwrap_or(usize::MAX);
                    self.many(&field.ty, count, input, &path)?
                }
            };
            object.insert(field.name.clone(), value);
        }
        Ok(Value::Object(object))
    }

    fn many(
        self,
        ty: &str,
        len: usize,
        input: &mut Reader<'_>,
        path: &str,
    ) -> Result<Value, DynamicError> {
        match ty {
            "string" => {
                let bytes = input.bytes(len).map_err(at(path))?;
                let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(len);
                let text = bytes.get(..end).unwrap_or(bytes);
                let mut text = String::from_utf8_lossy(text).into_owned();
                // The last byte stays NUL; what stands for bytes that are no text is longer than they are.
                while text.len() >= len.max(1) {
                    text.pop();
                }
                Ok(json!(text))
            }
            "u8" => {
                let bytes = input.bytes(len).map_err(at(path))?;
                Ok(json!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
            }
            _ => {
                let mut items = Vec::new();
                for i in 0..len {
                    items.push(self.one(ty, input, &format!("{path}[{i}]"))?);
                }
                Ok(Value::Array(items))
            }
        }
    }

    fn one(self, ty: &str, input: &mut Reader<'_>, path: &str) -> Result<Value, DynamicError> {
        self.budget.spend(1, path)?;
        if let Some(textual) = textual::of(ty) {
            return Ok(json!((textual.get)(input).map_err(at(path))?));
        }
        if let Some(value) = base(ty, input) {
            return value.map_err(at(path));
        }
        let inner = Decoder { depth: self.depth + 1, ..self };
        match self.types.get(ty).filter(|_| self.depth < MAX_DEPTH) {
            Some(Type::Alias { of, len: None }) => inner.one(of, input, path),
            Some(Type::Alias { of, len: Some(len) }) => inner.many(of, *len, input, path),
            Some(Type::Struct(fields)) => inner.fields(fields, input, path),
            Some(Type::Union(members)) => {
                let bytes = input.bytes(inner.union_len(members, path)?).map_err(at(path))?;
                Ok(json!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
            }
            Some(Type::Enum { base, entries, kind }) => {
                let number = inner.one(base, input, path)?;
                Ok(name_of(number, entries, *kind))
            }
            None => Err(unknown(ty, path)),
        }
    }

    fn union_len(self, members: &[Field], path: &str) -> Result<usize, DynamicError> {
        let sizes = members.iter().map(|member| size(self.types, &member.ty, (0, self.budget)));
        sizes.max().flatten().ok_or_else(|| unknown("of a union", path))
    }
}

/// Bytes a type takes; `None` if that varies or is not known.
pub(super) fn size(
    types: &HashMap<String, Type>,
    ty: &str,
    (depth, budget): (usize, &Budget),
) -> Option<usize> {
    budget.take(1)?;
    let below = (depth + 1, budget);
    Some(match ty {
        "u8" | "i8" | "bool" => 1,
        "u16" | "i16" => 2,
        "u32" | "i32" => 4,
        "u64" | "i64" | "f64" => 8,
        _ => match types.get(ty).filter(|_| depth < MAX_DEPTH)? {
            Type::Alias { of, len } => size(types, of, below)?.checked_mul(len.unwrap_or(1))?,
            Type::Enum { base, .. } => size(types, base, below)?,
            Type::Struct(fields) => {
                let mut sizes = fields.iter().map(|field| size(types, &field.ty, below));
                sizes.try_fold(0_usize, |sum, size| sum.checked_add(size?))?
            }
            Type::Union(fields) => {
                fields.iter().map(|field| size(types, &field.ty, below)).max()??
            }
        },
    })
}

fn base(ty: &str, input: &mut Reader<'_>) -> Option<Result<Value, DecodeError>> {
    Some(match ty {
        "u8" => u8::get(input).map(Value::from),
        "u16" => u16::get(input).map(Value::from),
        "u32" => u32::get(input).map(Value::from),
        "u64" => u64::get(input).map(Value::from),
        "i8" => i8::get(input).map(Value::from),
        "i16" => i16::get(input).map(Value::from),
        "i32" => i32::get(input).map(Value::from),
        "i64" => i64::get(input).map(Value::from),
        "bool" => bool::get(input).map(Value::from),
        "f64" => f64::get(input).map(|f| Number::from_f64(f).map_or(Value::Null, Value::Number)),
        _ => return None,
    })
}

/// The name of a number, or the names of its flags; the number itself if there are none.
fn name_of(number: Value, entries: &[(String, u64)], kind: EnumKind) -> Value {
    let Some(bits) = number.as_u64() else { return number };
    if kind == EnumKind::One {
        let name = entries.iter().find(|(_, value)| *value == bits);
        return name.map_or(number, |(name, _)| json!(name));
    }
    let set: Vec<_> =
        entries.iter().filter(|(_, value)| *value != 0 && bits & value == *value).collect();
    let named = set.iter().fold(0, |all, (_, value)| all | value);
    if named == bits { json!(set.iter().map(|(name, _)| name).collect::<Vec<_>>()) } else { number }
}

pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

pub(super) fn unknown(ty: &str, path: &str) -> DynamicError {
    DynamicError::UnknownType { field: path.to_owned(), name: ty.to_owned() }
}

fn at(path: &str) -> impl Fn(DecodeError) -> DynamicError {
    move |source| DynamicError::Decode { field: path.to_owned(), source }
}

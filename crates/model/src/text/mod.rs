//! Protobuf messages as text: JSON and YAML, in both directions.
//!
//! Reading is protobuf JSON (YAML is read as the same structure): fields by their name in the `.proto` file or by
//! their JSON name, enum values by name or number, 64-bit integers as number or string. Whatever is not known is an
//! error that says where it stands and what was probably meant. Input from outside is bounded by [`Limits`].
//!
//! Writing leaves defaults out and writes 64-bit integers as strings.

mod document;
mod node;
mod place;
mod read;
mod redact;
mod scalar;
mod wire;
mod write;

pub use document::{Entry, read_document, write_document};
pub use node::Limits;
pub use place::{Place, Position, Problem};
pub use redact::MASK;
pub use write::{FieldNames, to_yaml};

pub(crate) use node::{Node, parse_json, parse_yaml};
pub(crate) use read::read_message;
pub(crate) use redact::redact;
pub(crate) use write::message_to_json;

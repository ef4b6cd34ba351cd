//! VPP binary API messages as Rust structs with computed CRCs, and a codec for messages known only at run time.
//!
//! One struct with `#[derive(Message)]` gives the encoder, the decoder, the name, the definition in VPP's own terms and
//! the CRC computed from it. A wrong layout has a wrong CRC, and the tests compare every CRC with the accepted ones.
//! Structs hold the payload only: message id, client index and context are the transport's ([`HeaderKind`]).

extern crate self as ligato_vpp_api;

pub mod capture;
pub mod crc;
pub mod def;
pub mod dynamic;
pub mod enums;
pub mod error;
mod header;
mod json;
mod list;
mod message;
pub mod msg;
pub mod support;
mod text;
pub mod types;
mod wire;

pub use def::{EnumEntry, FieldDef, MessageDef, Shape, TypeDef, TypeKind};
pub use error::VppError;
pub use header::{
    FRAME_HEADER_LEN, Header, HeaderKind, SOCKCLNT_CREATE_ID, SOCKCLNT_CREATE_REPLY_ID, peek_id,
    read_frame_header, write_frame_header,
};
pub use json::ApiFile;
pub use ligato_vpp_api_macros::{Message, Wire};
pub use list::{Count, List, TooManyElements};
pub use message::{
    Dump, Event, Message, Reply, Request, StreamDump, check, decode_message, encode_message,
};
pub use text::{FixedString, TextTooLong};
pub use wire::{DecodeError, Reader, Wire};

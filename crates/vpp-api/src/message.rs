//! The traits of messages: what each is, and which answer belongs to which question.

use std::fmt::Debug;

use bytes::BytesMut;

use crate::def::MessageDef;
use crate::header::{Header, HeaderKind};
use crate::wire::{DecodeError, Reader};

/// A message of the binary API. Derived, never written by hand.
pub trait Message: Sized + Clone + Debug + PartialEq + Send + Sync + 'static {
    /// Name without the CRC, such as `sw_interface_dump`.
    const NAME: &'static str;
    /// Header fields in front of the payload.
    const HEADER: HeaderKind;
    /// Fields and types, in VPP's terms.
    const DEFINITION: &'static MessageDef;
    /// Name and CRC as VPP's message table spells them, such as `sw_interface_dump_aa610c27`.
    const NAME_CRC: &'static str;
    /// The same for the other CRCs that some releases have for this layout.
    const ALSO: &'static [&'static str];

    /// CRC of the definition.
    #[must_use]
    fn crc() -> u32 {
        Self::DEFINITION.crc
    }

    /// Name and CRC as VPP's message table spells them.
    #[must_use]
    fn name_crc() -> &'static str {
        Self::NAME_CRC
    }

    /// Fields and types, in VPP's terms.
    #[must_use]
    fn definition() -> &'static MessageDef {
        Self::DEFINITION
    }

    /// Appends the payload: what follows the header fields.
    fn encode(&self, out: &mut BytesMut);

    /// Reads the payload.
    ///
    /// # Errors
    /// When the bytes end too early or cannot be such a message. Bytes left over are not an error.
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

/// A request with one reply.
pub trait Request: Message {
    /// What answers it.
    type Reply: Reply;
}

/// The answer to a request.
pub trait Reply: Message {
    /// 0 or a [`crate::VppError`] number; 0 for replies that have none.
    fn retval(&self) -> i32;
}

/// A request answered by any number of details, without an end mark: a control ping sent right behind it gives one.
pub trait Dump: Message {
    /// One element.
    type Details: Message;
}

/// A request answered by details and then a reply. A retval of EAGAIN asks to go on from the reply's cursor.
pub trait StreamDump: Message {
    /// End of the stream, or of a part of it.
    type Reply: Reply;
    /// One element.
    type Details: Message;

    /// The same request, going on at `cursor`.
    #[must_use]
    fn at(self, cursor: u32) -> Self;

    /// Where a further request has to go on.
    fn cursor(reply: &Self::Reply) -> u32;
}

/// Sent by VPP on its own after a subscription.
pub trait Event: Message {}

/// Whether a payload, read and written and read again, is still the same message.
///
/// # Errors
/// When it cannot be read the first time.
pub fn check<M: Message>(payload: &[u8]) -> Result<bool, DecodeError> {
    let first = M::decode(&mut Reader::new(payload))?;
    let mut written = BytesMut::new();
    first.encode(&mut written);
    Ok(M::decode(&mut Reader::new(&written)).is_ok_and(|again| {
        // Numbers that are none are not equal to themselves.
        let mut twice = BytesMut::new();
        again.encode(&mut twice);
        twice == written
    }))
}

/// Appends message id, header fields and payload.
pub fn encode_message<M: Message>(message: &M, header: Header, out: &mut BytesMut) {
    M::HEADER.write(header, out);
    message.encode(out);
}

/// Reads header fields and payload of a message known to be an `M`.
///
/// # Errors
/// As [`Message::decode`].
pub fn decode_message<M: Message>(bytes: &[u8]) -> Result<(Header, M), DecodeError> {
    let mut input = Reader::new(bytes);
    let header = M::HEADER.read(&mut input)?;
    Ok((header, M::decode(&mut input)?))
}

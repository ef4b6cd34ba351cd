//! What comes before the payload of a message: the 16 bytes of the socket transport, then message id, client index and context.

use bytes::{BufMut, BytesMut};

use crate::def::{FieldDef, Shape};
use crate::wire::{DecodeError, Reader, Wire};

/// Length of the transport header in front of every message on the socket.
pub const FRAME_HEADER_LEN: usize = 16;

/// Message id of `sockclnt_create`, the same in every release; all others are in the table of its reply.
pub const SOCKCLNT_CREATE_ID: u16 = 15;

/// Message id of `sockclnt_create_reply`.
pub const SOCKCLNT_CREATE_REPLY_ID: u16 = 16;

/// Which header fields follow the message id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HeaderKind {
    /// `client_index`, `context`: requests, and a few details.
    Request,
    /// `context`: replies, details and `sockclnt_create`.
    Reply,
    /// `client_index`: events.
    Event,
}

const CLIENT_INDEX: FieldDef =
    FieldDef { name: "client_index", ty: u32::TYPE, shape: Shape::Scalar, secret: false };
const CONTEXT: FieldDef =
    FieldDef { name: "context", ty: u32::TYPE, shape: Shape::Scalar, secret: false };

impl HeaderKind {
    /// The header fields as they count for the CRC.
    #[must_use]
    pub const fn fields(self) -> &'static [FieldDef] {
        match self {
            HeaderKind::Request => &[CLIENT_INDEX, CONTEXT],
            HeaderKind::Reply => &[CONTEXT],
            HeaderKind::Event => &[CLIENT_INDEX],
        }
    }

    /// Number of bytes, the message id included.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            HeaderKind::Request => 10,
            HeaderKind::Reply | HeaderKind::Event => 6,
        }
    }

    /// Reads message id and header fields.
    ///
    /// # Errors
    /// When the input is too short.
    pub fn read(self, input: &mut Reader<'_>) -> Result<Header, DecodeError> {
        let id = u16::get(input)?;
        let client_index = match self {
            HeaderKind::Request | HeaderKind::Event => u32::get(input)?,
            HeaderKind::Reply => 0,
        };
        let context = match self {
            HeaderKind::Request | HeaderKind::Reply => u32::get(input)?,
            HeaderKind::Event => 0,
        };
        Ok(Header { id, client_index, context })
    }

    /// Writes message id and header fields; what this kind does not have is left out.
    pub fn write(self, header: Header, out: &mut BytesMut) {
        out.put_u16(header.id);
        if self != HeaderKind::Reply {
            out.put_u32(header.client_index);
        }
        if self != HeaderKind::Event {
            out.put_u32(header.context);
        }
    }
}

/// Values of the header fields; 0 where a message has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Header {
    /// Message id, as assigned by the running VPP.
    pub id: u16,
    /// Handle of the client, from `sockclnt_create_reply`.
    pub client_index: u32,
    /// Chosen by the client, returned in the reply.
    pub context: u32,
}

/// Message id of an encoded message, without looking further.
///
/// # Errors
/// When there are fewer than two bytes.
pub fn peek_id(message: &[u8]) -> Result<u16, DecodeError> {
    u16::get(&mut Reader::new(message))
}

/// Appends a transport header for a message of `len` bytes.
pub fn write_frame_header(len: u32, out: &mut BytesMut) {
    out.put_u64(0);
    out.put_u32(len);
    out.put_u32(0);
}

/// Length of the message behind this transport header.
#[must_use]
pub fn read_frame_header(header: &[u8; FRAME_HEADER_LEN]) -> u32 {
    let [_, _, _, _, _, _, _, _, a, b, c, d, ..] = *header;
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_reads_back_what_it_wrote() {
        for kind in [HeaderKind::Request, HeaderKind::Reply, HeaderKind::Event] {
            let header = Header {
                id: 0x1234,
                client_index: if kind == HeaderKind::Reply { 0 } else { 7 },
                context: if kind == HeaderKind::Event { 0 } else { 9 },
            };
            let mut out = BytesMut::new();
            kind.write(header, &mut out);
            assert_eq!(out.len(), kind.size());
            assert_eq!(peek_id(&out), Ok(0x1234));
            assert_eq!(kind.read(&mut Reader::new(&out)), Ok(header));
        }
    }

    #[test]
    fn the_frame_length_is_big_endian_at_offset_eight() {
        let mut out = BytesMut::new();
        write_frame_header(0x0102_0304, &mut out);
        assert_eq!(&out[8..12], &[1, 2, 3, 4]);
        let header: [u8; FRAME_HEADER_LEN] = out[..].try_into().unwrap();
        assert_eq!(read_frame_header(&header), 0x0102_0304);
    }
}

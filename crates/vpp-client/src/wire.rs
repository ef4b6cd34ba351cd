//! Between message structs and bytes: the header of requests, numbers from the table, payloads of replies.

use bytes::BytesMut;
use ligato_vpp_api::{DecodeError, Header, Message, Reader};

use crate::frame::put_frame;
use crate::slots::Context;
use crate::table::{MessageTable, Unavailable};

/// Number of `M` on a connection, or why it has none.
pub(crate) fn resolve<M: Message>(table: &MessageTable) -> Result<u16, Unavailable> {
    names::<M>().find_map(|name| table.id(name)).ok_or_else(|| table.why_unavailable(M::NAME_CRC))
}

pub(crate) fn supports<M: Message>(table: &MessageTable) -> bool {
    names::<M>().any(|name| table.has(name))
}

/// All names with CRC under which a VPP may have this layout.
fn names<M: Message>() -> impl Iterator<Item = &'static str> {
    std::iter::once(M::NAME_CRC).chain(M::ALSO.iter().copied())
}

/// Appends a framed request: `id, client_index, context`, payload.
pub(crate) fn put_request<M: Message>(
    out: &mut BytesMut,
    (id, client_index, context): (u16, u32, Context),
    message: &M,
) {
    put_frame(out, |out| {
        M::HEADER.write(Header { id, client_index, context: context.to_wire() }, out);
        message.encode(out);
    });
}

/// Decodes the payload of a reply, of details or of an event; bytes behind the last field are ignored.
pub(crate) fn decode<M: Message>(payload: &[u8]) -> Result<M, DecodeError> {
    M::decode(&mut Reader::new(payload))
}

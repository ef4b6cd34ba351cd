//! File descriptors carried as bytes.
//!
//! `prost-types` forgets options it does not know, and the annotations of fields (ranges, address types) are such
//! options. `MetaService` must hand descriptors over whole, so it carries their bytes instead.

use prost::bytes::{Buf, BufMut};
use prost::encoding::{DecodeContext, WireType, encode_key, encode_varint};
use prost::{DecodeError, Message};

/// A `google.protobuf.FileDescriptorProto` in its binary form.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawFileDescriptor(pub Vec<u8>);

/// A `google.protobuf.FileDescriptorSet` of which only the list of files is read.
#[derive(Clone, PartialEq, Message)]
pub struct RawFileDescriptorSet {
    /// The files.
    #[prost(message, repeated, tag = "1")]
    pub file: Vec<RawFileDescriptor>,
}

impl Message for RawFileDescriptor {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.0);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        // Decode the field as opaque as its wire type allows, and write it down again.
        encode_key(tag, wire_type, &mut self.0);
        match wire_type {
            WireType::Varint => {
                let mut value = 0u64;
                prost::encoding::uint64::merge(wire_type, &mut value, buf, ctx)?;
                encode_varint(value, &mut self.0);
            }
            WireType::SixtyFourBit => {
                let mut value = 0u64;
                prost::encoding::fixed64::merge(wire_type, &mut value, buf, ctx)?;
                self.0.put_u64_le(value);
            }
            WireType::ThirtyTwoBit => {
                let mut value = 0u32;
                prost::encoding::fixed32::merge(wire_type, &mut value, buf, ctx)?;
                self.0.put_u32_le(value);
            }
            WireType::LengthDelimited => {
                let mut value = Vec::new();
                prost::encoding::bytes::merge(wire_type, &mut value, buf, ctx)?;
                encode_varint(value.len() as u64, &mut self.0);
                self.0.extend_from_slice(&value);
            }
            WireType::StartGroup | WireType::EndGroup => {
                return Err(prost::encoding::skip_field(wire_type, tag, buf, ctx)
                    .err()
                    .unwrap_or_else(|| {
                        #[expect(deprecated, reason = "the only way to make such an error")]
                        DecodeError::new("groups are not expected in a file descriptor")
                    }));
            }
        }
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

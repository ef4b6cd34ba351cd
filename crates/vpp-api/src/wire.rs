//! Bytes: the cursor decoders read from, and the trait of everything that can be a field.

use bytes::{BufMut, BytesMut};

use crate::def::{Shape, TypeDef, TypeKind};

/// Why received bytes are not the message they claim to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The message ends inside a field.
    #[error("message too short: {needed} more bytes needed, {left} left")]
    Truncated {
        /// Bytes the next field takes.
        needed: usize,
        /// Bytes there are.
        left: usize,
    },
    /// An address whose family byte is neither 0 (IPv4) nor 1 (IPv6).
    #[error("unknown address family {0}")]
    AddressFamily(u8),
}

/// A cursor over received bytes.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub fn new(input: &'a [u8]) -> Reader<'a> {
        Reader { rest: input }
    }

    /// Number of bytes not read yet.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Takes the next `N` bytes.
    ///
    /// # Errors
    /// When fewer are left.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], DecodeError> {
        let (head, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(DecodeError::Truncated { needed: N, left: self.rest.len() })?;
        self.rest = rest;
        Ok(head)
    }

    /// Takes the next `len` bytes.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (head, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(DecodeError::Truncated { needed: len, left: self.rest.len() })?;
        self.rest = rest;
        Ok(head)
    }
}

/// Something that can be a field of a message.
pub trait Wire: Sized {
    /// Type as the API files name it.
    const TYPE: &'static TypeDef;
    /// Scalar or array.
    const SHAPE: Shape = Shape::Scalar;
    /// Least number of bytes a value takes; bounds what a hostile count may make us allocate.
    const MIN_LEN: usize;

    /// Appends the value.
    fn put(&self, out: &mut BytesMut);

    /// Reads a value.
    ///
    /// # Errors
    /// When the bytes end too early or cannot be such a value.
    fn get(input: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

/// Defines the definition constant of a built-in type.
const fn base(name: &'static str) -> TypeDef {
    TypeDef { name, kind: TypeKind::Base }
}

macro_rules! number {
    ($($ty:ident: $to:ident, $from:ident;)*) => {$(
        impl Wire for $ty {
            const TYPE: &'static TypeDef = &base(stringify!($ty));
            const MIN_LEN: usize = size_of::<$ty>();

            #[inline]
            fn put(&self, out: &mut BytesMut) {
                out.put_slice(&self.$to());
            }

            #[inline]
            fn get(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok($ty::$from(*input.array()?))
            }
        }
    )*};
}

number! {
    u8: to_be_bytes, from_be_bytes;
    u16: to_be_bytes, from_be_bytes;
    u32: to_be_bytes, from_be_bytes;
    u64: to_be_bytes, from_be_bytes;
    i8: to_be_bytes, from_be_bytes;
    i16: to_be_bytes, from_be_bytes;
    i32: to_be_bytes, from_be_bytes;
    i64: to_be_bytes, from_be_bytes;
    // VPP's conversion of floats does nothing: they travel in the byte order of the host.
    f64: to_ne_bytes, from_ne_bytes;
}

impl Wire for bool {
    const TYPE: &'static TypeDef = &base("bool");
    const MIN_LEN: usize = 1;

    fn put(&self, out: &mut BytesMut) {
        out.put_u8(u8::from(*self));
    }

    fn get(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(u8::get(input)? != 0)
    }
}

impl<T: Wire + Copy + Default, const N: usize> Wire for [T; N] {
    const TYPE: &'static TypeDef = T::TYPE;
    const SHAPE: Shape = Shape::Array(N);
    const MIN_LEN: usize = T::MIN_LEN * N;

    fn put(&self, out: &mut BytesMut) {
        for item in self {
            item.put(out);
        }
    }

    fn get(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut items = [T::default(); N];
        for item in &mut items {
            *item = T::get(input)?;
        }
        Ok(items)
    }
}

/// The definition of `string`, of fixed and of variable length.
pub(crate) const STRING: &TypeDef = &base("string");

/// A string of variable length; what is not UTF-8 is replaced when read.
impl Wire for String {
    const TYPE: &'static TypeDef = STRING;
    const SHAPE: Shape = Shape::Text;
    const MIN_LEN: usize = 4;

    fn put(&self, out: &mut BytesMut) {
        // No message comes near 4 GiB; one that did would say so in its length instead of wrapping.
        let len = u32::try_from(self.len()).unwrap_or(u32::MAX);
        out.put_u32(len);
        out.put_slice(self.as_bytes());
    }

    fn get(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let len = u32::get(input)? as usize;
        Ok(String::from_utf8_lossy(input.bytes(len)?).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_travel_in_network_order_and_floats_as_they_are() {
        let mut out = BytesMut::new();
        0x0102_0304_u32.put(&mut out);
        1.5_f64.put(&mut out);
        assert_eq!(&out[..4], &[1, 2, 3, 4]);
        assert_eq!(&out[4..], &1.5_f64.to_ne_bytes());
    }

    #[test]
    fn a_string_longer_than_the_message_is_an_error() {
        let mut input = Reader::new(&[0, 0, 0, 9, b'a', b'b']);
        assert_eq!(String::get(&mut input), Err(DecodeError::Truncated { needed: 9, left: 2 }));
    }
}

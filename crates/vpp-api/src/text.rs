//! `string name[N]`: text in a field of fixed size.

use std::borrow::Cow;
use std::fmt;

use bytes::{BufMut, BytesMut};

use crate::def::{Shape, TypeDef};
use crate::wire::{DecodeError, Reader, STRING, Wire};

/// A text that does not fit its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} has {} bytes, VPP takes at most {max}", text.len())]
pub struct TextTooLong {
    /// The text.
    pub text: String,
    /// Most bytes the field takes.
    pub max: usize,
}

/// Text of at most `N - 1` bytes, padded with NUL; VPP overwrites the last byte with NUL.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FixedString<const N: usize>([u8; N]);

impl<const N: usize> FixedString<N> {
    /// No text.
    pub const EMPTY: FixedString<N> = FixedString([0; N]);

    /// Puts a text into the field.
    ///
    /// # Errors
    /// When it does not fit. It is never cut: VPP would then hold a name that is nobody's.
    pub fn new(text: &str) -> Result<Self, TextTooLong> {
        let bytes = text.as_bytes();
        let mut field = [0; N];
        match field.get_mut(..bytes.len()) {
            Some(start) if bytes.len() < N => start.copy_from_slice(bytes),
            _ => {
                return Err(TextTooLong { text: text.to_owned(), max: N.saturating_sub(1) });
            }
        }
        Ok(FixedString(field))
    }

    /// The bytes before the first NUL.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        let len = self.0.iter().position(|byte| *byte == 0).unwrap_or(N);
        self.0.get(..len).unwrap_or(&self.0)
    }

    /// The text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn to_str(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.as_bytes())
    }

    /// Whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.first().is_none_or(|byte| *byte == 0)
    }
}

impl<const N: usize> Default for FixedString<N> {
    fn default() -> Self {
        FixedString::EMPTY
    }
}

impl<const N: usize> TryFrom<&str> for FixedString<N> {
    type Error = TextTooLong;

    fn try_from(text: &str) -> Result<Self, TextTooLong> {
        FixedString::new(text)
    }
}

impl<const N: usize> PartialEq<str> for FixedString<N> {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<const N: usize> PartialEq<&str> for FixedString<N> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl<const N: usize> fmt::Display for FixedString<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_str())
    }
}

impl<const N: usize> fmt::Debug for FixedString<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_str(), f)
    }
}

impl<const N: usize> Wire for FixedString<N> {
    const TYPE: &'static TypeDef = STRING;
    const SHAPE: Shape = Shape::Array(N);
    const MIN_LEN: usize = N;

    fn put(&self, out: &mut BytesMut) {
        out.put_slice(&self.0);
    }

    #[inline]
    fn get(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(FixedString(*input.array()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_byte_stays_free() {
        assert!(FixedString::<4>::new("abc").is_ok());
        let error = FixedString::<4>::new("abcd").unwrap_err();
        assert_eq!(error.to_string(), r#""abcd" has 4 bytes, VPP takes at most 3"#);
    }

    #[test]
    fn a_field_without_nul_is_read_whole() {
        let text = FixedString::<2>::get(&mut Reader::new(b"xy")).unwrap();
        assert_eq!(text, "xy");
        assert!(!text.is_empty());
    }
}

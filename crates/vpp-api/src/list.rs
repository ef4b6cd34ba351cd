//! `type name[count]`: arrays whose length is in an earlier field.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use bytes::BytesMut;

use crate::def::{Shape, TypeDef};
use crate::wire::{DecodeError, Reader, Wire};

/// More elements than the count field can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{len} elements, the message takes at most {max}")]
pub struct TooManyElements {
    /// Number of elements given.
    pub len: usize,
    /// Most the count field can say.
    pub max: usize,
}

/// The type of a count field.
pub trait Count: Wire + Copy {
    /// Greatest count.
    const MAX: usize;

    /// A number that is not above [`Count::MAX`].
    fn from_len(len: usize) -> Self;

    /// The count as a length.
    fn to_len(self) -> usize;
}

macro_rules! count {
    ($($ty:ident)*) => {$(
        impl Count for $ty {
            const MAX: usize = $ty::MAX as usize;

            fn from_len(len: usize) -> Self {
                $ty::try_from(len).unwrap_or($ty::MAX)
            }

            fn to_len(self) -> usize {
                self as usize
            }
        }
    )*};
}

count! { u8 u16 u32 }

/// Elements counted by a field of type `C`. It never holds more than `C` can say, so encoding cannot fail.
pub struct List<T, C> {
    items: Vec<T>,
    count: PhantomData<fn() -> C>,
}

impl<T, C: Count> List<T, C> {
    /// Wraps the elements.
    ///
    /// # Errors
    /// When there are too many.
    pub fn new(items: Vec<T>) -> Result<Self, TooManyElements> {
        if items.len() > C::MAX {
            return Err(TooManyElements { len: items.len(), max: C::MAX });
        }
        Ok(List { items, count: PhantomData })
    }

    /// The elements.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.items
    }
}

impl<T: Wire, C: Count> List<T, C> {
    /// Definition of an element's type.
    pub const ELEMENT: &'static TypeDef = T::TYPE;
    /// Definition of the type of the count field.
    pub const COUNT: &'static TypeDef = C::TYPE;

    #[doc(hidden)]
    pub const MIN_LEN: usize = C::MIN_LEN;

    #[doc(hidden)]
    pub const fn shape(count: &'static str) -> Shape {
        Shape::Counted(count)
    }

    #[doc(hidden)]
    pub fn put_count(&self, out: &mut BytesMut) {
        C::from_len(self.items.len()).put(out);
    }

    #[doc(hidden)]
    pub fn put_items(&self, out: &mut BytesMut) {
        for item in &self.items {
            item.put(out);
        }
    }

    #[doc(hidden)]
    pub fn get_count(input: &mut Reader<'_>) -> Result<usize, DecodeError> {
        Ok(C::get(input)?.to_len())
    }

    #[doc(hidden)]
    pub fn get_items(count: usize, input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        // A hostile count may not reserve more than the message can hold.
        let possible = input.remaining() / T::MIN_LEN.max(1);
        let mut items = Vec::with_capacity(count.min(possible));
        for _ in 0..count {
            items.push(T::get(input)?);
        }
        Ok(List { items, count: PhantomData })
    }
}

impl<T, C: Count> TryFrom<Vec<T>> for List<T, C> {
    type Error = TooManyElements;

    fn try_from(items: Vec<T>) -> Result<Self, TooManyElements> {
        List::new(items)
    }
}

impl<T, C> Default for List<T, C> {
    fn default() -> Self {
        List { items: Vec::new(), count: PhantomData }
    }
}

impl<T, C> Deref for List<T, C> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T, C> DerefMut for List<T, C> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.items
    }
}

impl<T, C> IntoIterator for List<T, C> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T, C> IntoIterator for &'a List<T, C> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

impl<T: Clone, C> Clone for List<T, C> {
    fn clone(&self) -> Self {
        List { items: self.items.clone(), count: PhantomData }
    }
}

impl<T: PartialEq, C> PartialEq for List<T, C> {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}

impl<T: Eq, C> Eq for List<T, C> {}

impl<T: fmt::Debug, C> fmt::Debug for List<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.items.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_never_exceeds_its_count_field() {
        assert!(List::<u32, u8>::new(vec![0; 255]).is_ok());
        let error = List::<u32, u8>::new(vec![0; 256]).unwrap_err();
        assert_eq!((error.len, error.max), (256, 255));
    }

    #[test]
    fn a_hostile_count_ends_in_an_error_not_in_memory() {
        let mut input = Reader::new(&[0; 8]);
        let items = List::<u32, u32>::get_items(u32::MAX as usize, &mut input);
        assert_eq!(items, Err(DecodeError::Truncated { needed: 4, left: 0 }));
    }
}

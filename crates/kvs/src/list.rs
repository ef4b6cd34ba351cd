//! Short lists that never change and are shared: as large as a pointer, and nothing where they are
//! empty, as most are.

use std::{fmt, ops::Deref};

use triomphe::ThinArc;

/// A shared slice. Cloning copies a pointer.
pub(crate) struct List<T>(Option<ThinArc<(), T>>);

impl<T> List<T> {
    /// Is it the very same list, or is there nothing in either?
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(this), Some(other)) => this.ptr() == other.ptr(),
            (None, None) => true,
            _ => false,
        }
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_ref().map_or(&[], |list| &list.slice)
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self((!items.is_empty()).then(|| ThinArc::from_header_and_iter((), items.into_iter())))
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        items.into_iter().collect::<Vec<T>>().into()
    }
}

impl<T: fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_one_pointer_and_shared() {
        assert_eq!(size_of::<List<String>>(), size_of::<usize>());
        let list = List::from(vec!["a".to_owned(), "b".to_owned()]);
        let copy = list.clone();
        assert_eq!(*list, ["a", "b"]);
        assert!(list.is_same(&copy) && !list.is_same(&copy.iter().cloned().collect()));
        assert!(List::<u8>::default().is_same(&Vec::new().into()));
    }
}

//! What arrived of a dump and was not looked at so far: in parts, so that a large one is never moved.

use std::collections::VecDeque;

use bytes::{BufMut, BytesMut};

/// Bytes in one part, unless one detail is larger.
const PART: usize = 64 << 10;

/// Details, each preceded by its length as a native `u32`.
#[derive(Debug, Default)]
pub(super) struct Details {
    parts: VecDeque<BytesMut>,
    len: usize,
}

impl Details {
    /// Bytes in all.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, payload: &[u8]) {
        let more = size_of::<u32>() + payload.len();
        let part = match self.parts.back_mut() {
            Some(part) if part.len() + more <= PART => part,
            last => {
                // Most dumps are small; behind a full part there is probably another one.
                let room = if last.is_some() { PART.max(more) } else { more };
                self.parts.push_back(BytesMut::with_capacity(room));
                let Some(part) = self.parts.back_mut() else { return };
                part
            }
        };
        part.put_u32_ne(u32::try_from(payload.len()).unwrap_or(u32::MAX));
        part.extend_from_slice(payload);
        self.len += more;
    }

    /// The part that arrived first.
    pub(super) fn pop(&mut self) -> Option<BytesMut> {
        let part = self.parts.pop_front()?;
        self.len -= part.len();
        Some(part)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_give_everything_in_order_and_are_as_large_as_is_useful() {
        let mut details = Details::default();
        let payload = |n: u32| vec![u8::try_from(n % 251).unwrap(); (n % 700) as usize];
        (0..1000).for_each(|n| details.push(&payload(n)));
        details.push(&[9; 2 * PART]);
        details.push(b"last");
        let total = details.len();
        let (mut all, mut parts) = (BytesMut::new(), 0);
        while let Some(part) = details.pop() {
            assert!(part.len() <= PART || part.len() == 2 * PART + 4);
            all.extend_from_slice(&part);
            parts += 1;
        }
        assert_eq!((all.len(), details.len()), (total, 0));
        assert!((4..10).contains(&parts), "{parts} parts");
        let mut expected = BytesMut::new();
        let lists = (0..1000).map(payload).chain([vec![9; 2 * PART], b"last".to_vec()]);
        for payload in lists {
            expected.put_u32_ne(u32::try_from(payload.len()).unwrap());
            expected.extend_from_slice(&payload);
        }
        assert_eq!(all, expected);
    }
}

//! The segment as memory: reads that are bounded by the length of the file, and VPP's vectors.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::StatsError;
use crate::bytes::u32_at;

/// The number of elements of a vector lies this many bytes before its first element.
const VECTOR_HEADER: u64 = 8;

/// A segment and the address that VPP has it at.
#[derive(Debug)]
pub(crate) struct Memory {
    file: File,
    length: u64,
    base: u64,
}

impl Memory {
    /// Of the length that the file has now; should it become shorter, reads fail.
    pub(crate) fn new(file: File) -> Result<Self, StatsError> {
        let length = file.metadata().map_err(StatsError::Read)?.len();
        Ok(Self { file, length, base: 0 })
    }

    /// Sets VPP's address of the first byte.
    pub(crate) fn set_base(&mut self, base: u64) {
        self.base = base;
    }

    /// VPP's address of the first byte.
    pub(crate) fn base(&self) -> u64 {
        self.base
    }

    /// Reads as many bytes as `buffer` has.
    pub(crate) fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), StatsError> {
        self.check(offset, buffer.len() as u64)?;
        self.file.read_exact_at(buffer, offset).map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => {
                StatsError::Truncated { offset, length: buffer.len() as u64 }
            }
            _ => StatsError::Read(source),
        })
    }

    /// The bytes of a vector of elements of the given size. The null pointer is the empty vector.
    pub(crate) fn vector(&self, pointer: u64, element: u64) -> Result<Vec<u8>, StatsError> {
        if pointer == 0 {
            return Ok(Vec::new());
        }
        let offset = self.offset(pointer)?;
        let header = offset.checked_sub(VECTOR_HEADER).ok_or(StatsError::Pointer { pointer })?;
        let mut count = [0; 4];
        self.read(header, &mut count)?;
        let length = u64::from(u32_at(&count, 0).unwrap_or(0)).saturating_mul(element);
        // Before memory is asked for: a length may be anything.
        self.check(offset, length)?;
        let length =
            usize::try_from(length).map_err(|_| StatsError::Truncated { offset, length })?;
        let mut bytes = vec![0; length];
        self.read(offset, &mut bytes)?;
        Ok(bytes)
    }

    /// Where something is that VPP has at this address.
    pub(crate) fn offset(&self, pointer: u64) -> Result<u64, StatsError> {
        match pointer.checked_sub(self.base) {
            Some(offset) if offset < self.length => Ok(offset),
            _ => Err(StatsError::Pointer { pointer }),
        }
    }

    fn check(&self, offset: u64, length: u64) -> Result<(), StatsError> {
        match offset.checked_add(length) {
            Some(end) if end <= self.length => Ok(()),
            _ => Err(StatsError::Truncated { offset, length }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const BASE: u64 = 0x1000_0000;

    /// A vector of `count` bytes announced at 16, of which 8 are there.
    fn memory(count: u32) -> Memory {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[0; 8]).unwrap();
        file.write_all(&count.to_ne_bytes()).unwrap();
        file.write_all(&[0; 4]).unwrap();
        file.write_all(b"abcdefgh").unwrap();
        let mut memory = Memory::new(file).unwrap();
        memory.set_base(BASE);
        memory
    }

    #[test]
    fn vectors_are_read_by_vpps_addresses() {
        assert_eq!(memory(3).vector(BASE + 16, 1).unwrap(), b"abc");
        assert_eq!(memory(4).vector(BASE + 16, 2).unwrap(), b"abcdefgh");
        assert_eq!(memory(4).vector(0, 8).unwrap(), b"");
    }

    #[test]
    fn nothing_outside_is_read() {
        let memory = memory(u32::MAX);
        for pointer in [1, BASE - 1, BASE, BASE + 7, BASE + 16, BASE + 24, u64::MAX] {
            let error = memory.vector(pointer, 144).unwrap_err();
            let known = matches!(error, StatsError::Pointer { .. } | StatsError::Truncated { .. });
            assert!(known, "{pointer:#x}: {error}");
        }
    }

    #[test]
    fn a_file_that_became_shorter_is_an_error() {
        let memory = memory(8);
        memory.file.set_len(20).unwrap();
        let error = memory.vector(BASE + 16, 1).unwrap_err();
        assert!(matches!(error, StatsError::Truncated { .. }), "{error}");
    }
}

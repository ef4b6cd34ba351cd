//! The file as the database library sees it, with space reserved before it is needed.

use std::fs::File;
use std::io;
use std::ops::Bound;

use nix::fcntl::{FallocateFlags, fallocate};
use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

/// A file that grows only by space that is really there. A full disk is then met when the file
/// is to grow, before any page of it is touched, and not in the middle of writing pages.
#[derive(Debug)]
pub(crate) struct ReservingFile {
    file: File,
    pages: FileBackend,
}

impl ReservingFile {
    pub(crate) fn new(file: File) -> Result<Self, redb::DatabaseError> {
        let pages = FileBackend::new(file.try_clone()?)?;
        Ok(Self { file, pages })
    }

    fn reserve(&self, len: u64) -> io::Result<()> {
        let now = self.file.metadata()?.len();
        let (Ok(start), Ok(more)) = (i64::try_from(now), i64::try_from(len.saturating_sub(now)))
        else {
            return Err(io::ErrorKind::FileTooLarge.into());
        };
        if more == 0 {
            return Ok(());
        }
        match fallocate(&self.file, FallocateFlags::empty(), start, more) {
            // The file system cannot reserve; then a full disk is met later, which is handled too.
            Err(nix::errno::Errno::EOPNOTSUPP) => Ok(()),
            other => Ok(other?),
        }
    }
}

impl StorageBackend for ReservingFile {
    fn len(&self) -> Result<u64, io::Error> {
        self.pages.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.pages.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.reserve(len)?;
        self.pages.set_len(len)
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        self.pages.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.pages.write(offset, data)
    }

    fn close(&self) -> Result<(), io::Error> {
        self.pages.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.pages.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.pages.try_lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.pages.unlock_range(start, end)
    }
}

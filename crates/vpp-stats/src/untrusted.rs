//! Segments from anywhere, for tests that feed broken ones to the reader.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{MemfdFlags, memfd_create};

use crate::attach::receive;
use crate::segment::Segment;
use crate::{Pass, StatsError};

/// The descriptor that a socket hands out.
///
/// # Errors
/// When it hands out none.
pub fn descriptor(socket: &Path, patience: Duration) -> Result<File, StatsError> {
    receive(socket, patience)
}

/// What is in a file.
///
/// # Errors
/// When it cannot be read.
pub fn bytes(file: &File) -> io::Result<Vec<u8>> {
    let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// A file in memory.
///
/// # Errors
/// When there is no more memory.
pub fn file(bytes: &[u8]) -> io::Result<File> {
    let file = File::from(memfd_create("stats", MemfdFlags::CLOEXEC)?);
    file.write_all_at(bytes, 0)?;
    Ok(file)
}

/// Reads a segment once.
///
/// # Errors
/// As [`crate::StatsReader::read`].
pub fn read<T>(
    file: File,
    read: impl FnMut(&mut Pass<'_>) -> Result<T, StatsError>,
) -> Result<T, StatsError> {
    Segment::new(file)?.pass(read)
}

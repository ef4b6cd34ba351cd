//! An attached segment, and consistent passes over it.

use std::fs::File;
use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use crate::directory::Directory;
use crate::layout::{ENTRY, HEADER, Header};
use crate::memory::Memory;
use crate::{Pass, StatsError};

/// How often a pass is tried, and the pause after the first attempt, which doubles: a tenth of a second in all.
const ATTEMPTS: u32 = 12;
const FIRST_PAUSE: Duration = Duration::from_micros(50);

/// A segment as long as it is attached.
#[derive(Debug)]
pub(crate) struct Segment {
    memory: Memory,
    /// Of the epoch of the header it came with.
    directory: Option<(Header, Directory)>,
}

impl Segment {
    pub(crate) fn new(file: File) -> Result<Self, StatsError> {
        let mut segment = Self { memory: Memory::new(file)?, directory: None };
        let base = segment.header()?.base;
        segment.memory.set_base(base);
        Ok(segment)
    }

    /// Runs `read` until nothing was changed meanwhile. An error counts only if it does too.
    pub(crate) fn pass<T>(
        &mut self,
        mut read: impl FnMut(&mut Pass<'_>) -> Result<T, StatsError>,
    ) -> Result<T, StatsError> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                std::thread::sleep(FIRST_PAUSE * 2_u32.pow(attempt - 1));
            }
            let before = self.header()?;
            if before.in_progress != 0 {
                continue;
            }
            let result = self.directory(before).and_then(|()| {
                let Self { memory, directory: Some((_, directory)) } = &*self else {
                    return Err(StatsError::Busy { attempts: attempt });
                };
                read(&mut Pass::new(memory, before.directory, directory))
            });
            // What was read above is not to be read after this.
            fence(Ordering::Acquire);
            if self.header()? == before {
                return result;
            }
        }
        Err(StatsError::Busy { attempts: ATTEMPTS })
    }

    /// Makes the directory that of the header.
    fn directory(&mut self, header: Header) -> Result<(), StatsError> {
        if self.directory.as_ref().is_none_or(|(known, _)| *known != header) {
            // Not that of another epoch in case that this one cannot be read.
            self.directory = None;
            if header.directory == 0 || header.base != self.memory.base() {
                // Every VPP has entries, and stays where it is.
                return Err(StatsError::Pointer { pointer: header.directory });
            }
            let bytes = self.memory.vector(header.directory, ENTRY as u64)?;
            self.directory = Some((header, Directory::parse(&bytes)));
        }
        Ok(())
    }

    fn header(&self) -> Result<Header, StatsError> {
        let mut bytes = [0; HEADER];
        self.memory.read(0, &mut bytes)?;
        Header::parse(&bytes)
    }
}

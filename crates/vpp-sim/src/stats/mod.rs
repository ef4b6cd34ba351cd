//! The statistics segment: a file in memory that clients get a descriptor of and read while it is written.
//!
//! It is written as a whole: what is in it follows from the interfaces and the number of updates so far. As long as
//! the interfaces are the same, so are all places in it, and only numbers change; otherwise clients are told, as VPP
//! does it, by the epoch and the flag in the header.

mod content;
mod image;
mod serve;

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{MemfdFlags, memfd_create};

use self::content::Facts;
use self::image::{EPOCH, IN_PROGRESS};
pub(crate) use self::serve::serve;
use crate::release::Release;
use crate::state::interfaces::Interfaces;

/// The size VPP gives it by default; what is not used takes no memory.
const SIZE: u64 = 32 << 20;

/// How types are numbered, and which there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Format {
    /// 22.02: error counters apart.
    V2202,
    /// 22.06 to 25.10.
    V2206,
    /// From 26.02: gauges, histograms, ring buffers.
    V2602,
}

/// The segment of one run.
#[derive(Debug)]
pub(crate) struct Segment {
    file: File,
    format: Format,
    facts: Facts,
    epoch: u64,
    /// Of the interfaces that are in it.
    generation: Option<u64>,
}

/// What an update is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beat {
    /// Time has passed: the heart beats, counters move.
    Time,
    /// Interfaces came or went.
    Change,
}

// === impl Format ===

impl Format {
    pub(crate) fn of(release: Release) -> Self {
        if release >= Release::new(26, 2) {
            Self::V2602
        } else if release >= Release::new(22, 6) {
            Self::V2206
        } else {
            Self::V2202
        }
    }
}

// === impl Segment ===

impl Segment {
    pub(crate) fn new(release: Release, workers: u32) -> io::Result<Self> {
        let file = File::from(memfd_create("stat segment", MemfdFlags::CLOEXEC)?);
        file.set_len(SIZE)?;
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let facts = Facts { boot_time: since_epoch.as_secs(), beats: 0, workers };
        Ok(Self { file, format: Format::of(release), facts, epoch: 0, generation: None })
    }

    /// Writes what there is now.
    pub(crate) fn update(&mut self, interfaces: &Interfaces, beat: Beat) -> io::Result<()> {
        let changed = self.generation != Some(interfaces.generation());
        match beat {
            Beat::Time => self.facts.beats += 1,
            Beat::Change if !changed => return Ok(()),
            Beat::Change => {}
        }
        let mut image = content::image(self.format, &self.facts, interfaces);
        if !changed {
            return self.write(&image.finish(self.epoch), image::HEADER);
        }
        self.epoch += 1;
        let bytes = image.finish(self.epoch);
        self.grow(bytes.len() as u64)?;
        // First the flag, then what it guards, then the header with everything as it is now.
        self.file.write_all_at(&1_u64.to_ne_bytes(), IN_PROGRESS)?;
        self.write(&bytes, image::HEADER)?;
        self.file.write_all_at(bytes.get(..image::HEADER).unwrap_or_default(), 0)?;
        self.generation = Some(interfaces.generation());
        Ok(())
    }

    fn write(&self, bytes: &[u8], from: usize) -> io::Result<()> {
        self.file.write_all_at(bytes.get(from..).unwrap_or_default(), from as u64)
    }

    /// A VPP would be out of memory.
    fn grow(&self, length: u64) -> io::Result<()> {
        if length > self.file.metadata()?.len() { self.file.set_len(length) } else { Ok(()) }
    }

    /// A descriptor for a client.
    pub(crate) fn descriptor(&self) -> io::Result<std::os::fd::OwnedFd> {
        self.file.as_fd().try_clone_to_owned()
    }

    /// Cuts it short, as no VPP should.
    pub(crate) fn truncate(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    /// Leaves the flag up, as a VPP does that dies while it changes something.
    pub(crate) fn leave_in_progress(&self) -> io::Result<()> {
        self.file.write_all_at(&(self.epoch + 1).to_ne_bytes(), EPOCH)?;
        self.file.write_all_at(&1_u64.to_ne_bytes(), IN_PROGRESS)
    }
}

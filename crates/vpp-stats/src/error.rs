//! Why statistics cannot be read.

use std::path::PathBuf;

/// An error of the reader.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatsError {
    /// Nobody hands out a segment at the socket: VPP does not run, or runs without statistics.
    #[error("no VPP offers statistics at {}", socket.display())]
    Attach {
        /// The socket.
        socket: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// VPP accepted and sent something that is no descriptor.
    #[error("{} sent no descriptor of a statistics segment", socket.display())]
    NoDescriptor {
        /// The socket.
        socket: PathBuf,
    },
    /// The version in the header is none that is known here.
    #[error("the statistics segment has version {found}, not 2")]
    Version {
        /// What the header says.
        found: u64,
    },
    /// The segment ends before what a pointer or a length in it asks for.
    #[error("the statistics segment has no {length} bytes at {offset}")]
    Truncated {
        /// From the start of the segment.
        offset: u64,
        /// How many bytes were wanted.
        length: u64,
    },
    /// A pointer leads out of the segment.
    #[error("pointer {pointer:#x} does not lead into the statistics segment")]
    Pointer {
        /// As VPP knows it.
        pointer: u64,
    },
    /// The system refused to read.
    #[error("the statistics segment cannot be read")]
    Read(#[source] std::io::Error),
    /// VPP was changing the segment during each of the attempts, or died while it did.
    #[error("the statistics segment was being changed in each of {attempts} attempts")]
    Busy {
        /// How often it was tried.
        attempts: u32,
    },
    /// The directory has no entry of this name; plugins and options of VPP decide which there are.
    #[error("the statistics segment has no entry {name}")]
    NoEntry {
        /// Name of the entry.
        name: String,
    },
    /// The entry is there and holds something else.
    #[error("entry {name} of the statistics segment is no {wanted}")]
    OtherType {
        /// Name of the entry.
        name: String,
        /// What was asked for.
        wanted: &'static str,
    },
}

impl StatsError {
    /// Whether the segment is to be let go of: it is not what it was when it was attached.
    pub(crate) fn is_of_segment(&self) -> bool {
        matches!(
            self,
            Self::Version { .. } | Self::Truncated { .. } | Self::Pointer { .. } | Self::Read(_)
        )
    }
}

//! What can go wrong with the simulation itself.

use std::path::PathBuf;

use crate::release::InvalidRelease;

/// Why the simulated VPP could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The release asked for is none.
    #[error("unknown release")]
    Release(#[source] InvalidRelease),
    /// The folder of the socket could not be made.
    #[error("cannot create {}", path.display())]
    CreateFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The statistics segment could not be made.
    #[error("cannot make the statistics segment")]
    Stats {
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Nothing can listen at the socket path.
    #[error("cannot listen at {}", path.display())]
    Listen {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

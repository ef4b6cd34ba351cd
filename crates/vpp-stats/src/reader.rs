//! A reader that keeps itself attached to whatever VPP there is.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::attach::receive;
use crate::segment::Segment;
use crate::{Pass, StatsError};

/// How to reach the segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// VPP's statistics socket.
    pub socket: PathBuf,
    /// How long VPP may take to hand out the descriptor: its main loop has to look at the socket.
    pub patience: Duration,
    /// After this long without a heartbeat it is looked whether there is still a VPP. VPP's default is one heartbeat in
    /// ten seconds.
    pub stale_after: Duration,
}

/// A reader of the statistics of one VPP. Attaches when it is first used, and again after VPP was restarted. Calls
/// block for as long as VPP changes the segment, a tenth of a second at most, and when attaching.
#[derive(Debug)]
pub struct StatsReader {
    options: Options,
    attached: Option<Attached>,
}

#[derive(Debug)]
struct Attached {
    segment: Segment,
    /// The socket that handed it out.
    socket: Identity,
    heartbeat: u64,
    /// When the heartbeat was seen to move, or was asked after.
    moved: Instant,
}

/// Tells one socket file from another at the same path: device and inode, and when that became what it is, since numbers
/// of inodes are used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    changed: (i64, i64),
}

impl Options {
    /// Usual times.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self {
            socket: socket.into(),
            patience: Duration::from_secs(2),
            stale_after: Duration::from_secs(30),
        }
    }
}

impl StatsReader {
    /// A reader that is not attached so far.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options, attached: None }
    }

    /// Runs `read` over the segment until nothing was changed meanwhile; it may run several times.
    ///
    /// # Errors
    /// [`StatsError::Attach`] when there is no VPP, those of the segment when it died at the wrong moment, and those
    /// of `read`. The next call starts anew.
    pub fn read<T>(
        &mut self,
        read: impl FnMut(&mut Pass<'_>) -> Result<T, StatsError>,
    ) -> Result<T, StatsError> {
        self.read_at(Instant::now(), read)
    }

    /// As [`StatsReader::read`], at this time.
    ///
    /// # Errors
    /// As there.
    pub fn read_at<T>(
        &mut self,
        now: Instant,
        read: impl FnMut(&mut Pass<'_>) -> Result<T, StatsError>,
    ) -> Result<T, StatsError> {
        self.attach(now)?;
        let socket = self.options.socket.clone();
        let Some(attached) = &mut self.attached else {
            return Err(StatsError::NoDescriptor { socket });
        };
        let result = attached.segment.pass(read);
        if result.as_ref().is_err_and(StatsError::is_of_segment) {
            self.detach();
        }
        result
    }

    /// Runs `read` over what is attached already; nothing if nothing is. Never waits for VPP to hand anything out.
    ///
    /// # Errors
    /// As [`StatsReader::read`].
    pub fn peek<T>(
        &mut self,
        read: impl FnMut(&mut Pass<'_>) -> Result<T, StatsError>,
    ) -> Option<Result<T, StatsError>> {
        self.attached.as_mut().map(|attached| attached.segment.pass(read))
    }

    /// Lets go of the segment; the next call attaches. For those who know that VPP is another one.
    pub fn detach(&mut self) {
        self.attached = None;
    }

    /// Sees to it that the segment is that of a VPP that is there.
    fn attach(&mut self, now: Instant) -> Result<(), StatsError> {
        let Options { socket, patience, stale_after } = &self.options;
        let identity = Identity::of(socket);
        if let Some(attached) = &mut self.attached {
            let same = identity.as_ref().is_ok_and(|identity| *identity == attached.socket);
            match attached.beats(now) {
                Ok(()) | Err(StatsError::Busy { .. }) if same => {
                    if now.duration_since(attached.moved) < *stale_after {
                        return Ok(());
                    }
                }
                // Another VPP, or none: what is attached is history.
                _ => self.attached = None,
            }
        }
        let failed = |source| StatsError::Attach { socket: socket.clone(), source };
        let identity = identity.map_err(failed)?;
        match receive(socket, *patience).and_then(Segment::new) {
            Ok(segment) => {
                tracing::debug!(socket = %socket.display(), "attached to statistics");
                let fresh = Attached { segment, socket: identity, heartbeat: 0, moved: now };
                self.attached = Some(fresh);
                Ok(())
            }
            // Slow, not dead: somebody holds the socket. What is attached is still what there is.
            Err(StatsError::Attach { source, .. })
                if self.attached.is_some() && is_timeout(&source) =>
            {
                Ok(())
            }
            Err(error) => {
                self.attached = None;
                Err(error)
            }
        }
    }
}

impl Identity {
    fn of(socket: &Path) -> std::io::Result<Self> {
        let metadata = std::fs::metadata(socket)?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

impl Attached {
    /// Notes whether the heart beats.
    fn beats(&mut self, now: Instant) -> Result<(), StatsError> {
        let heartbeat = self.segment.pass(|pass| pass.scalar("/sys/heartbeat"))?;
        if heartbeat != self.heartbeat {
            (self.heartbeat, self.moved) = (heartbeat, now);
        }
        Ok(())
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut)
}

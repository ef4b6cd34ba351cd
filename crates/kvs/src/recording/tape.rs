//! Where lines go: through a bounded buffer to the thread that writes the file.
//!
//! Whoever notes something never waits for the disk. If the lines come faster than they are written,
//! the recording ends there and says so.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use crate::{
    config::SchedulerConfig,
    recording::{
        book::Book,
        line::{End, Ending, FORMAT, Heading, Line},
        writer::{self, Sink},
    },
};

/// Bytes that may wait to be written.
const QUEUE: usize = 64 << 20;
/// Lines are handed to the writer in pieces of about this size.
const PIECE: usize = 64 << 10;
/// What is kept free for the last line.
const LAST_LINE: u64 = 128;
/// A reader waits at most so long for what was noted to be in the file.
const PATIENCE: Duration = Duration::from_secs(5);

/// A recording in the making. Cloning copies pointers.
#[derive(Debug, Clone)]
pub struct Recording {
    path: Arc<Path>,
    pub(super) tape: Arc<Tape>,
}

/// What becomes of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordingState {
    /// It goes on.
    Running,
    /// It has ended.
    Ended(End),
    /// It could not be written on.
    Failed(String),
}

/// Why a recording was not begun.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The recording of an earlier run cannot be moved out of the way.
    #[error("the earlier recording {path} cannot be renamed")]
    Earlier {
        /// Where it is.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file cannot be made.
    #[error("the recording {path} cannot be created")]
    Create {
        /// Where it was to be.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The thread that writes cannot be started.
    #[error("the thread that writes the recording cannot be started")]
    Thread(#[source] std::io::Error),
}

/// What those who note share.
pub(super) struct Tape {
    /// Somebody listens.
    running: AtomicBool,
    /// Locked before the state where both are.
    book: Mutex<Book>,
    state: Mutex<State>,
}

struct State {
    agent: String,
    limit: u64,
    sink: Sink,
    piece: Vec<u8>,
    /// Bytes noted so far, and their checksum.
    bytes: u64,
    sum: Checksum,
    /// The same for what was handed to the writer.
    handed: (u64, Checksum),
    descriptors: u32,
    end: Option<End>,
}

/// FNV-1a over all bytes of the lines so far (Fowler, Noll, Vo; 64 bits).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checksum(pub(super) u64);

// === impl Recording ===

impl Recording {
    /// Begins a recording in a new file that only its owner may read. A file of that name is kept
    /// beside it with `.previous` added to its name.
    ///
    /// `limit`: bytes the file may have at most. `agent`: name and version of the program.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn create(
        path: impl Into<PathBuf>,
        limit: u64,
        agent: &str,
    ) -> Result<Self, RecordingError> {
        let path = path.into();
        let sink = writer::start(&path)?;
        let state = State {
            agent: agent.to_owned(),
            limit,
            sink,
            piece: Vec::new(),
            bytes: 0,
            sum: Checksum::default(),
            handed: (0, Checksum::default()),
            descriptors: 0,
            end: None,
        };
        let tape = Tape {
            running: AtomicBool::new(true),
            book: Mutex::default(),
            state: Mutex::new(state),
        };
        Ok(Self { path: path.into(), tape: Arc::new(tape) })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Is it going on?
    pub fn state(&self) -> RecordingState {
        let state = self.tape.lock();
        match (state.sink.progress().failure(), state.end) {
            (Some(error), _) => RecordingState::Failed(error),
            (None, Some(end)) => RecordingState::Ended(end),
            (None, None) => RecordingState::Running,
        }
    }

    /// Waits until what happened so far is in the file, but not for long; gives how many bytes of the
    /// file are complete lines.
    pub async fn settled(&self) -> u64 {
        let (progress, handed) = {
            let state = self.tape.lock();
            (Arc::clone(state.sink.progress()), state.handed.0)
        };
        tokio::task::spawn_blocking(move || progress.wait(handed, PATIENCE)).await.unwrap_or(0)
    }
}

// === impl Tape ===

impl Tape {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.load(Relaxed)
    }

    /// The first line.
    pub(super) fn head(&self, settings: &SchedulerConfig) {
        self.note(|_, state| {
            let (agent, settings) = (state.agent.clone(), settings.clone());
            vec![Line::Recording(Heading { format: FORMAT, agent, settings })]
        });
    }

    /// Notes a descriptor; gives its number.
    pub(super) fn descriptor(
        &self,
        about: impl FnOnce(u32) -> crate::recording::line::About,
    ) -> u32 {
        let mut number = 0;
        self.note(|_, state| {
            number = state.descriptors;
            state.descriptors += 1;
            vec![Line::Descriptor(Box::new(about(number)))]
        });
        number
    }

    /// Notes a line, and before it what it is the first to name.
    pub(super) fn write(&self, line: impl FnOnce(&mut Book) -> Line) {
        self.write_all(|book| vec![line(book)]);
    }

    /// Notes any number of lines.
    pub(super) fn write_all(&self, lines: impl FnOnce(&mut Book) -> Vec<Line>) {
        self.note(|book, _| lines(book));
    }

    /// Notes an input, which carries the checksum of what comes before it.
    pub(super) fn input(&self, line: impl FnOnce(&mut Book) -> crate::recording::line::Given) {
        if !self.is_running() {
            return;
        }
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let mut given = line(&mut book);
        let mut state = self.lock();
        state.append(&std::mem::take(&mut book.fresh));
        given.sum = state.sum.0;
        state.append(&[Line::Input(Box::new(given))]);
        self.running.store(state.end.is_none(), Relaxed);
    }

    fn note(&self, lines: impl FnOnce(&mut Book, &mut State) -> Vec<Line>) {
        if !self.is_running() {
            return;
        }
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.lock();
        let lines = lines(&mut book, &mut state);
        state.append(&std::mem::take(&mut book.fresh));
        for line in lines {
            state.append(&[line]);
        }
        self.running.store(state.end.is_none(), Relaxed);
    }

    /// Hands what was noted to the writer.
    pub(super) fn flush(&self) {
        if self.is_running() {
            let mut state = self.lock();
            state.hand_over();
            self.running.store(state.end.is_none(), Relaxed);
        }
    }

    /// Nothing comes after this.
    pub(super) fn end(&self, why: End) {
        if self.is_running() {
            self.lock().finish(why);
            self.running.store(false, Relaxed);
        }
    }
}

// === impl State ===

impl State {
    /// Adds all of the lines, or ends the recording.
    fn append(&mut self, lines: &[Line]) {
        if self.end.is_some() {
            return;
        }
        let before = self.piece.len();
        for line in lines {
            // Lines are made of texts and numbers, which always have a JSON form.
            if serde_json::to_writer(&mut self.piece, line).is_ok() {
                self.piece.push(b'\n');
            }
        }
        let added = (self.piece.len() - before) as u64;
        if self.bytes + added + LAST_LINE > self.limit {
            self.piece.truncate(before);
            return self.finish(End::Limit);
        }
        self.bytes += added;
        self.sum.add(self.piece.get(before..).unwrap_or_default());
        if self.piece.len() >= PIECE {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        if self.piece.is_empty() || self.end.is_some() {
            return;
        }
        if self.sink.waiting() + self.piece.len() > QUEUE {
            // What does not fit was never noted.
            self.piece.clear();
            (self.bytes, self.sum) = self.handed;
            return self.finish(End::Overrun);
        }
        let piece = std::mem::take(&mut self.piece);
        self.handed = (self.bytes, self.sum);
        self.sink.write(piece);
    }

    fn finish(&mut self, why: End) {
        if self.end.is_some() {
            return;
        }
        self.hand_over();
        if self.end.is_some() {
            return;
        }
        self.end = Some(why);
        let last = Line::End(Ending { why, sum: self.sum.0 });
        let mut piece = serde_json::to_vec(&last).unwrap_or_default();
        piece.push(b'\n');
        self.bytes += piece.len() as u64;
        self.handed = (self.bytes, self.sum);
        self.sink.write(piece);
        self.sink.close();
        if why != End::Closed {
            tracing::warn!(%why, "the recording of the scheduler has ended");
        }
    }
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tape").field("running", &self.running).finish_non_exhaustive()
    }
}

// === impl Checksum ===

impl Default for Checksum {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Checksum {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

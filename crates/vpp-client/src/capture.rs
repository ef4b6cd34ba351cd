//! The conversation with VPP, written to a file while it goes on: see [`ligato_vpp_api::capture`] for the form.
//!
//! Messages are copied into a queue where they pass; a thread of its own decodes and writes them. What is written, and
//! what waits to be, is bounded: a capture that reaches its bound ends, and says so in its last line.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use ligato_vpp_api::capture::{Line, Scribe, Way};
use serde_json::json;

use crate::frame::Frames;
use crate::table::MessageTable;

/// Most bytes that may wait to be written.
const MAX_WAITING: usize = 64 << 20;

/// How far a capture is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureStatus {
    /// The file.
    pub path: PathBuf,
    /// Bytes written so far.
    pub bytes: u64,
    /// Of these, the bytes that readers of the file find for certain, in complete lines.
    pub settled: u64,
    /// Lines written so far.
    pub lines: u64,
    /// Whether it goes on.
    pub is_running: bool,
    /// Why it ended by itself, if it did.
    pub ended: Option<String>,
}

/// Where a client's messages pass on their way.
#[derive(Debug, Default)]
pub(crate) struct Tap {
    /// Looked at for each batch; the rest only while something is captured.
    is_open: AtomicBool,
    capture: Mutex<Option<Capture>>,
}

#[derive(Debug)]
struct Capture {
    queue: Option<Sender<Passed>>,
    progress: Arc<Progress>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What the thread tells while it writes.
#[derive(Debug)]
struct Progress {
    path: PathBuf,
    waiting: AtomicUsize,
    bytes: AtomicU64,
    settled: AtomicU64,
    lines: AtomicU64,
    ended: Mutex<Option<String>>,
}

/// What passed.
#[derive(Debug)]
enum Passed {
    Opened(f64, Arc<MessageTable>),
    Message(f64, Way, Box<[u8]>),
    Closed(f64, String),
}

impl Tap {
    /// Starts to capture, over an older file of the same name. A capture that goes on ends first.
    pub(crate) fn start(
        &self,
        path: &Path,
        max_bytes: u64,
        table: Option<Arc<MessageTable>>,
    ) -> io::Result<()> {
        self.stop();
        // Nobody but the user of this process may read it: it tells what is configured.
        let file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        let progress = Arc::new(Progress {
            path: path.to_owned(),
            waiting: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            settled: AtomicU64::new(0),
            lines: AtomicU64::new(0),
            ended: Mutex::new(None),
        });
        let (queue, passed) = channel();
        let writer = Writer {
            file: BufWriter::new(file),
            scribe: Scribe::default(),
            max_bytes,
            progress: progress.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("vpp-capture".to_owned())
            .spawn(move || writer.run(&passed))?;
        let capture = Capture { queue: Some(queue), progress, thread: Some(thread) };
        if let Some(table) = table {
            capture.put(Passed::Opened(now(), table), 0);
        }
        *self.lock() = Some(capture);
        self.is_open.store(true, Ordering::Release);
        Ok(())
    }

    /// Ends the capture; everything that passed is in the file when this returns.
    pub(crate) fn stop(&self) {
        self.is_open.store(false, Ordering::Release);
        let thread = self.lock().as_mut().and_then(|capture| {
            capture.queue = None;
            capture.thread.take()
        });
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the writer of the capture failed");
        }
    }

    /// How far the last capture is; nothing if there was none.
    pub(crate) fn status(&self) -> Option<CaptureStatus> {
        let capture = self.lock();
        let Capture { queue, progress, .. } = capture.as_ref()?;
        let ended = progress.has_ended();
        Some(CaptureStatus {
            path: progress.path.clone(),
            bytes: progress.bytes.load(Ordering::Relaxed),
            settled: progress.settled.load(Ordering::Acquire),
            lines: progress.lines.load(Ordering::Relaxed),
            is_running: queue.is_some() && ended.is_none(),
            ended,
        })
    }

    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }

    pub(crate) fn opened(&self, table: &Arc<MessageTable>) {
        if self.is_open() {
            self.put(Passed::Opened(now(), table.clone()), 0);
        }
    }

    pub(crate) fn closed(&self, reason: &dyn std::fmt::Display) {
        if self.is_open() {
            self.put(Passed::Closed(now(), reason.to_string()), 0);
        }
    }

    /// One message, without its transport header.
    pub(crate) fn message(&self, way: Way, message: &[u8]) {
        if self.is_open() {
            self.put(Passed::Message(now(), way, message.into()), message.len());
        }
    }

    /// Messages with their transport headers.
    pub(crate) fn messages(&self, way: Way, bytes: &[u8]) {
        if !self.is_open() {
            return;
        }
        let mut frames = Frames::new(bytes, usize::MAX);
        while let Ok(Some(message)) = frames.next_frame() {
            self.message(way, message);
        }
    }

    fn put(&self, passed: Passed, size: usize) {
        let capture = self.lock();
        let gone_on = capture.as_ref().is_some_and(|capture| capture.put(passed, size));
        if !gone_on {
            self.is_open.store(false, Ordering::Release);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Capture>> {
        self.capture.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Capture {
    /// False if nothing more is taken.
    fn put(&self, passed: Passed, size: usize) -> bool {
        let waiting = self.progress.waiting.fetch_add(size, Ordering::Relaxed);
        if waiting.saturating_add(size) > MAX_WAITING {
            self.progress.end("messages came faster than they could be written");
            return false;
        }
        self.queue.as_ref().is_some_and(|queue| queue.send(passed).is_ok())
    }
}

impl Progress {
    /// The first reason counts.
    fn end(&self, reason: &str) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.get_or_insert_with(|| reason.to_owned());
    }

    /// Why it ended, if it did.
    fn has_ended(&self) -> Option<String> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The thread that writes.
struct Writer {
    file: BufWriter<File>,
    scribe: Scribe,
    max_bytes: u64,
    progress: Arc<Progress>,
}

impl Writer {
    fn run(mut self, passed: &Receiver<Passed>) {
        loop {
            // What is there is written; then it is made sure that others can read it.
            let next = match passed.try_recv() {
                Ok(next) => Some(next),
                Err(_) => {
                    if let Err(error) = self.settle() {
                        self.progress.end(&error.to_string());
                        return;
                    }
                    passed.recv().ok()
                }
            };
            let written = match next {
                Some(passed) => self.write(passed),
                None => return,
            };
            if let Err(error) = written {
                tracing::warn!(%error, path = %self.progress.path.display(), "the capture ends");
                self.progress.end(&error.to_string());
                return;
            }
            if let Some(reason) = self.progress.has_ended() {
                let last = Line::about(now(), Way::Ended, json!({ "reason": reason }));
                let written = self.line(&last).and_then(|()| self.settle());
                if let Err(error) = written {
                    tracing::warn!(%error, "the end of the capture is not written");
                }
                return;
            }
        }
    }

    fn settle(&mut self) -> io::Result<()> {
        self.file.flush()?;
        let bytes = self.progress.bytes.load(Ordering::Relaxed);
        self.progress.settled.store(bytes, Ordering::Release);
        Ok(())
    }

    fn write(&mut self, passed: Passed) -> io::Result<()> {
        let line = match passed {
            Passed::Opened(at, table) => self.scribe.opened(at, table.entries()),
            Passed::Closed(at, reason) => self.scribe.closed(at, &reason),
            Passed::Message(at, way, message) => {
                self.progress.waiting.fetch_sub(message.len(), Ordering::Relaxed);
                self.scribe.message(at, way, &message)
            }
        };
        self.line(&line)?;
        if self.progress.bytes.load(Ordering::Relaxed) >= self.max_bytes {
            self.progress.end("it is as large as it may be");
        }
        Ok(())
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.file.write_all(&text)?;
        self.progress.bytes.fetch_add(text.len() as u64, Ordering::Relaxed);
        self.progress.lines.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Seconds since the beginning of 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

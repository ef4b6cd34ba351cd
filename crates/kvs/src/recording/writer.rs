//! The thread that writes the file of a recording.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc,
    },
    time::Duration,
};

use crate::recording::tape::RecordingError;

/// The other end of the thread.
pub(super) struct Sink {
    pieces: Option<mpsc::Sender<Vec<u8>>>,
    waiting: Arc<AtomicUsize>,
    progress: Arc<Progress>,
}

/// How far the thread is.
#[derive(Default)]
pub(super) struct Progress {
    done: Mutex<Done>,
    news: Condvar,
}

#[derive(Default)]
struct Done {
    /// Bytes in the file.
    bytes: u64,
    failure: Option<String>,
}

/// Makes the file and starts the thread.
pub(super) fn start(path: &Path) -> Result<Sink, RecordingError> {
    let file = create(path)?;
    let (pieces, receiver) = mpsc::channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let progress: Arc<Progress> = Arc::default();
    let (left, done) = (Arc::clone(&waiting), Arc::clone(&progress));
    std::thread::Builder::new()
        .name("recording".to_owned())
        .spawn(move || {
            if let Err(error) = write_all(file, &receiver, &left, &done) {
                tracing::warn!(%error, "the recording of the scheduler cannot be written");
                done.lock().failure = Some(error.to_string());
                done.news.notify_all();
            }
        })
        .map_err(RecordingError::Thread)?;
    Ok(Sink { pieces: Some(pieces), waiting, progress })
}

fn create(path: &Path) -> Result<File, RecordingError> {
    let mut earlier = path.as_os_str().to_owned();
    earlier.push(".previous");
    match std::fs::rename(path, PathBuf::from(earlier)) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(source) => return Err(RecordingError::Earlier { path: path.to_owned(), source }),
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|source| RecordingError::Create { path: path.to_owned(), source })
}

fn write_all(
    mut file: File,
    pieces: &mpsc::Receiver<Vec<u8>>,
    waiting: &AtomicUsize,
    progress: &Progress,
) -> std::io::Result<()> {
    for piece in pieces {
        file.write_all(&piece)?;
        waiting.fetch_sub(piece.len(), Relaxed);
        progress.lock().bytes += piece.len() as u64;
        progress.news.notify_all();
    }
    Ok(())
}

// === impl Progress ===

impl Progress {
    fn lock(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the thread gave up, if it did.
    pub(super) fn failure(&self) -> Option<String> {
        self.lock().failure.clone()
    }

    /// Blocks until so many bytes are in the file, or it takes too long; gives how many there are.
    pub(super) fn wait(&self, bytes: u64, patience: Duration) -> u64 {
        let open = |done: &mut Done| done.bytes < bytes && done.failure.is_none();
        let waited = self.news.wait_timeout_while(self.lock(), patience, open);
        waited.unwrap_or_else(PoisonError::into_inner).0.bytes
    }
}

// === impl Sink ===

impl Sink {
    /// Hands a piece over; it is lost if the writer has failed.
    pub(super) fn write(&self, piece: Vec<u8>) {
        let Some(pieces) = &self.pieces else { return };
        self.waiting.fetch_add(piece.len(), Relaxed);
        // An error means that the writer has failed, which it has told already.
        let _ = pieces.send(piece);
    }

    /// Bytes that wait to be written.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    pub(super) fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// No more pieces.
    pub(super) fn close(&mut self) {
        self.pieces = None;
    }
}

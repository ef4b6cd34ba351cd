//! Making changes durable, and reading them back.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ligato_keyval::{
    Binding, Bytes, Cause, Embedded, Error, Journal, Ledger, Operation, Prepared, Record, Revision,
    StoreKey,
};
use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};

use crate::disk::ReservingFile;

/// A store in one file.
pub type RedbStore = Embedded<RedbJournal>;

const NAME: &str = "redb";
/// Bytes of pages that the library keeps at most. All content is in memory anyway; it is read back only
/// when the store is opened.
const CACHE: usize = 8 << 20;

/// Key to revision and value; entries that end with the client have a mark.
const ENTRIES: TableDefinition<'_, &str, (u64, bool, &[u8])> = TableDefinition::new("entries");
/// Numbers of the whole store.
const NUMBERS: TableDefinition<'_, &str, u64> = TableDefinition::new("numbers");
const REVISION: &str = "revision";

/// Where the store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedbConfig {
    /// The file; made when missing, its folder must exist.
    pub path: PathBuf,
    /// Permission bits of a new file.
    pub mode: u32,
}

/// The file behind a [`RedbStore`].
#[derive(Debug)]
pub struct RedbJournal {
    config: RedbConfig,
    database: Mutex<Handle>,
}

#[derive(Debug)]
enum Handle {
    Open(Database),
    // A write failed. The library refuses everything until the file is opened again.
    Suspect,
    Closed,
}

// === impl RedbConfig ===

impl RedbConfig {
    /// The file at `path`, readable by its owner only.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), mode: 0o600 }
    }
}

/// Opens the store, or makes it.
///
/// # Errors
/// [`Error::Backend`] when the file cannot be opened, is no store or is in use by another process;
/// [`Error::NoSpace`] when there is no room for a new one.
pub fn open(config: RedbConfig) -> Result<RedbStore, Error> {
    let database = open_database(&config)?;
    let content = load(&database).map_err(|error| sort(Operation::Open, error))?;
    // Only tidiness: whatever is bound is not loaded anyway.
    let handle = match forget_bound(&database) {
        Ok(()) => Handle::Open(database),
        Err(error) => {
            tracing::warn!(%error, path = %config.path.display(), "the store cannot be written");
            Handle::Suspect
        }
    };
    let journal = RedbJournal { config, database: Mutex::new(handle) };
    Ok(Embedded::with_journal(journal, content))
}

fn open_database(config: &RedbConfig) -> Result<Database, Error> {
    let open = || -> Result<Database, redb::Error> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(config.mode)
            .open(&config.path)?;
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE);
        Ok(builder.create_with_backend(ReservingFile::new(file)?)?)
    };
    open().map_err(|error| sort(Operation::Open, error))
}

fn load(database: &Database) -> Result<Ledger, redb::Error> {
    let txn = database.begin_read()?;
    let revision = match txn.open_table(NUMBERS) {
        Ok(numbers) => numbers.get(REVISION)?.map_or(0, |number| number.value()),
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Ledger::default()),
        Err(error) => return Err(error.into()),
    };
    let mut records = Vec::new();
    for item in txn.open_table(ENTRIES)?.iter()? {
        let (key, value) = item?;
        let (at, bound, bytes) = value.value();
        let Ok(key) = StoreKey::new(key.value()) else { continue };
        if !bound {
            let value = Bytes::copy_from_slice(bytes);
            let binding = Binding::Permanent;
            records.push((key, Record { value, revision: Revision(at), binding }));
        }
    }
    Ok(Ledger::restore(Revision(revision), records))
}

// Removes what ended with an earlier client.
fn forget_bound(database: &Database) -> Result<(), redb::Error> {
    let txn = database.begin_write()?;
    {
        let mut entries = txn.open_table(ENTRIES)?;
        entries.retain(|_, (_, bound, _)| !bound)?;
    }
    Ok(txn.commit()?)
}

// === impl RedbJournal ===

impl Journal for RedbJournal {
    const NAME: &'static str = NAME;
    const BLOCKING: bool = true;

    fn persist(
        &self,
        before: &Ledger,
        prepared: &Prepared,
        operation: Operation,
    ) -> Result<(), Error> {
        let mut handle = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*handle, Handle::Suspect) {
            let database = open_database(&self.config)?;
            // Whether the write that failed reached the file is not known: memory decides.
            restore(&database, before).map_err(|error| sort(operation, error))?;
            *handle = Handle::Open(database);
        }
        let Handle::Open(database) = &*handle else { return Err(Error::Closed { store: NAME }) };
        write(database, prepared).map_err(|error| {
            *handle = Handle::Suspect;
            sort(operation, error)
        })
    }

    fn close(&self) {
        *self.database.lock().unwrap_or_else(PoisonError::into_inner) = Handle::Closed;
    }
}

impl RedbJournal {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.config.path
    }
}

fn write(database: &Database, prepared: &Prepared) -> Result<(), redb::Error> {
    let Some(changes) = &prepared.changes else { return Ok(()) };
    let mut txn = database.begin_write()?;
    txn.set_durability(Durability::Immediate)?;
    {
        let mut entries = txn.open_table(ENTRIES)?;
        let bound = prepared.binding != Binding::Permanent;
        for change in &changes.changes {
            let key = change.key.as_str();
            match &change.value {
                Some(value) => entries.insert(key, (changes.revision.0, bound, &value[..]))?,
                None => entries.remove(key)?,
            };
        }
        txn.open_table(NUMBERS)?.insert(REVISION, changes.revision.0)?;
    }
    Ok(txn.commit()?)
}

// Makes the file hold exactly `content`.
fn restore(database: &Database, content: &Ledger) -> Result<(), redb::Error> {
    let txn = database.begin_write()?;
    {
        let mut entries = txn.open_table(ENTRIES)?;
        entries.retain(|key, (at, _, _)| {
            let record = StoreKey::new(key).ok();
            record.as_ref().and_then(|key| content.record(key)).is_some_and(|r| r.revision.0 == at)
        })?;
        for (key, record) in content.records() {
            if entries.get(key.as_str())?.is_none() {
                let bound = record.binding != Binding::Permanent;
                entries.insert(key.as_str(), (record.revision.0, bound, &record.value[..]))?;
            }
        }
        txn.open_table(NUMBERS)?.insert(REVISION, content.revision().0)?;
    }
    Ok(txn.commit()?)
}

fn sort(operation: Operation, error: impl Into<redb::Error>) -> Error {
    let error = error.into();
    let full = matches!(&error, redb::Error::Io(io) if matches!(
        io.kind(),
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
    ));
    let source = Cause::from(error);
    match full {
        true => Error::NoSpace { store: NAME, operation, source },
        false => Error::Backend { store: NAME, operation, source },
    }
}

//! One consistent look at the segment.

use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::StatsError;
use crate::bytes::{text, u64_at, u64s};
use crate::counters::{Combined, Value, sums};
use crate::directory::{Directory, Entry, Names};
use crate::layout::{ENTRY, ERRORS_2202, Kind, Layout, link};
use crate::memory::Memory;

/// Bytes of a pointer and of a counter.
const WORD: u64 = 8;
/// Bytes of packets and bytes.
const PAIR: u64 = 16;

type Table<T> = Rc<Vec<Vec<T>>>;

/// One consistent look at the segment. What is read twice in it, directly or through links, is read from VPP once.
#[derive(Debug)]
pub struct Pass<'segment> {
    memory: &'segment Memory,
    directory: &'segment Directory,
    /// Where the directory is, by VPP's address.
    address: u64,
    simple: FxHashMap<u32, Table<u64>>,
    combined: FxHashMap<u32, Table<Combined>>,
    errors: Option<Table<u64>>,
}

impl<'segment> Pass<'segment> {
    pub(crate) fn new(
        memory: &'segment Memory,
        address: u64,
        directory: &'segment Directory,
    ) -> Self {
        let (simple, combined) = (FxHashMap::default(), FxHashMap::default());
        Self { memory, directory, address, simple, combined, errors: None }
    }

    /// How the segment is laid out.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.directory.layout
    }

    /// Names of all entries that start like this.
    pub fn names<'prefix>(
        &self,
        prefix: &'prefix str,
    ) -> impl Iterator<Item = &'segment str> + use<'segment, 'prefix> {
        let directory = self.directory;
        directory
            .iter()
            .map(|entry| directory.name(entry))
            .filter(move |name| name.starts_with(prefix))
    }

    /// What an entry holds.
    ///
    /// # Errors
    /// [`StatsError::NoEntry`], and errors of the segment.
    pub fn value(&mut self, name: &str) -> Result<Value, StatsError> {
        let entry = self.entry(name)?;
        Ok(match entry.kind {
            Kind::Free | Kind::Other => Value::Unreadable,
            Kind::Scalar => Value::Scalar(self.number(entry)?),
            Kind::Gauge => Value::Gauge(self.number(entry)?),
            Kind::Simple => Value::Simple(self.simple_table(entry)?.to_vec()),
            Kind::Combined => Value::Combined(self.combined_table(entry)?.to_vec()),
            Kind::Names => Value::Names(self.name_vector(entry)?.to_vec()),
            Kind::Histogram => Value::Histogram(self.simple_table(entry)?.to_vec()),
            Kind::Error => Value::Simple(self.error_column(entry)?),
            Kind::Symlink => self.column(entry)?,
        })
    }

    /// A scalar or a gauge.
    ///
    /// # Errors
    /// [`StatsError::NoEntry`], [`StatsError::OtherType`], and errors of the segment.
    pub fn scalar(&self, name: &str) -> Result<u64, StatsError> {
        let entry = self.entry(name)?;
        match entry.kind {
            Kind::Scalar | Kind::Gauge => self.number(entry),
            _ => Err(other_type(name, "number")),
        }
    }

    /// Counters, summed over threads.
    ///
    /// # Errors
    /// [`StatsError::NoEntry`], [`StatsError::OtherType`], and errors of the segment.
    pub fn simple(&mut self, name: &str) -> Result<Vec<u64>, StatsError> {
        let entry = self.entry(name)?;
        match entry.kind {
            Kind::Simple => Ok(sums(&self.simple_table(entry)?)),
            Kind::Error => Ok(sums(&self.error_column(entry)?)),
            Kind::Symlink => match self.column(entry)? {
                Value::Simple(threads) => Ok(sums(&threads)),
                _ => Err(other_type(name, "simple counter")),
            },
            _ => Err(other_type(name, "simple counter")),
        }
    }

    /// Packets and bytes, summed over threads.
    ///
    /// # Errors
    /// [`StatsError::NoEntry`], [`StatsError::OtherType`], and errors of the segment.
    pub fn combined(&mut self, name: &str) -> Result<Vec<Combined>, StatsError> {
        let entry = self.entry(name)?;
        match entry.kind {
            Kind::Combined => Ok(sums(&self.combined_table(entry)?)),
            Kind::Symlink => match self.column(entry)? {
                Value::Combined(threads) => Ok(sums(&threads)),
                _ => Err(other_type(name, "combined counter")),
            },
            _ => Err(other_type(name, "combined counter")),
        }
    }

    /// A vector of names; nothing where a name was given back.
    ///
    /// # Errors
    /// [`StatsError::NoEntry`], [`StatsError::OtherType`], and errors of the segment.
    pub fn name_list(&self, name: &str) -> Result<Arc<Vec<Option<String>>>, StatsError> {
        let entry = self.entry(name)?;
        match entry.kind {
            Kind::Names => self.name_vector(entry),
            _ => Err(other_type(name, "vector of names")),
        }
    }

    /// Every counter behind entries whose names start like this that is a column of error counters, summed over
    /// threads.
    pub(crate) fn columns(
        &mut self,
        prefix: &str,
    ) -> Result<Vec<(&'segment str, u64)>, StatsError> {
        let directory = self.directory;
        let mut found = Vec::new();
        for entry in directory.iter() {
            let name = directory.name(entry);
            if let Some(rest) = name.strip_prefix(prefix)
                && let Some(value) = self.column_sum(entry)?
            {
                found.push((rest, value));
            }
        }
        Ok(found)
    }

    fn column_sum(&mut self, entry: &Entry) -> Result<Option<u64>, StatsError> {
        let (table, column) = match entry.kind {
            Kind::Error => (self.error_table()?, entry.payload),
            Kind::Symlink => {
                let (target, column) = link(entry.payload);
                match self.directory.entry(target) {
                    Some(target) if target.kind == Kind::Simple => {
                        (self.simple_table(target)?, u64::from(column))
                    }
                    _ => return Ok(None),
                }
            }
            _ => return Ok(None),
        };
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        let cells = table.iter().map(|thread| thread.get(column).copied().unwrap_or(0));
        Ok(Some(cells.fold(0, u64::wrapping_add)))
    }

    fn entry(&self, name: &str) -> Result<&'segment Entry, StatsError> {
        self.directory.find(name).ok_or_else(|| StatsError::NoEntry { name: name.to_owned() })
    }

    /// What a scalar is now: the directory may have been read long ago.
    fn number(&self, entry: &Entry) -> Result<u64, StatsError> {
        let at = self.address.wrapping_add(u64::from(entry.index) * ENTRY as u64 + WORD);
        let mut bytes = [0; WORD as usize];
        self.memory.read(self.memory.offset(at)?, &mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    fn simple_table(&mut self, entry: &Entry) -> Result<Table<u64>, StatsError> {
        if let Some(table) = self.simple.get(&entry.index) {
            return Ok(Rc::clone(table));
        }
        let table = Rc::new(self.simple_threads(entry.payload)?);
        self.simple.insert(entry.index, Rc::clone(&table));
        Ok(table)
    }

    fn simple_threads(&self, pointer: u64) -> Result<Vec<Vec<u64>>, StatsError> {
        let threads = u64s(&self.memory.vector(pointer, WORD)?);
        threads.into_iter().map(|thread| Ok(u64s(&self.memory.vector(thread, WORD)?))).collect()
    }

    fn combined_table(&mut self, entry: &Entry) -> Result<Table<Combined>, StatsError> {
        if let Some(table) = self.combined.get(&entry.index) {
            return Ok(Rc::clone(table));
        }
        let threads = u64s(&self.memory.vector(entry.payload, WORD)?);
        let thread = |pointer| Ok(pairs(&self.memory.vector(pointer, PAIR)?));
        let table =
            Rc::new(threads.into_iter().map(thread).collect::<Result<Vec<_>, StatsError>>()?);
        self.combined.insert(entry.index, Rc::clone(&table));
        Ok(table)
    }

    fn error_table(&mut self) -> Result<Table<u64>, StatsError> {
        if let Some(table) = &self.errors {
            return Ok(Rc::clone(table));
        }
        let mut pointer = [0; WORD as usize];
        self.memory.read(ERRORS_2202, &mut pointer)?;
        let table = Rc::new(self.simple_threads(u64::from_ne_bytes(pointer))?);
        self.errors = Some(Rc::clone(&table));
        Ok(table)
    }

    fn error_column(&mut self, entry: &Entry) -> Result<Vec<Vec<u64>>, StatsError> {
        let column = usize::try_from(entry.payload).unwrap_or(usize::MAX);
        Ok(cells(&self.error_table()?, column))
    }

    /// What a link leads to, for one column.
    fn column(&mut self, entry: &Entry) -> Result<Value, StatsError> {
        let (target, column) = link(entry.payload);
        let column = column as usize;
        let Some(target) = self.directory.entry(target) else { return Ok(Value::Unreadable) };
        Ok(match target.kind {
            Kind::Simple => Value::Simple(cells(&self.simple_table(target)?, column)),
            Kind::Combined => Value::Combined(cells(&self.combined_table(target)?, column)),
            _ => Value::Unreadable,
        })
    }

    fn name_vector(&self, entry: &Entry) -> Result<Names, StatsError> {
        if let Some(names) = self.directory.vector(entry) {
            return Ok(names);
        }
        let pointers = u64s(&self.memory.vector(entry.payload, WORD)?);
        let name = |pointer| match pointer {
            0 => Ok(None),
            pointer => Ok(Some(text(&self.memory.vector(pointer, 1)?).into_owned())),
        };
        let names = pointers.into_iter().map(name).collect::<Result<Vec<_>, StatsError>>()?;
        let names = Arc::new(names);
        self.directory.keep_vector(entry, Arc::clone(&names));
        Ok(names)
    }
}

/// One column of all threads, each a vector of one.
fn cells<T: Copy + Default>(table: &[Vec<T>], column: usize) -> Vec<Vec<T>> {
    table.iter().map(|thread| vec![thread.get(column).copied().unwrap_or_default()]).collect()
}

fn pairs(bytes: &[u8]) -> Vec<Combined> {
    let pairs = bytes.as_chunks::<{ PAIR as usize }>().0.iter();
    pairs
        .map(|pair| Combined {
            packets: u64_at(pair, 0).unwrap_or(0),
            bytes: u64_at(pair, 8).unwrap_or(0),
        })
        .collect()
}

fn other_type(name: &str, wanted: &'static str) -> StatsError {
    StatsError::OtherType { name: name.to_owned(), wanted }
}

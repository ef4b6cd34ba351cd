//! The bytes of a segment: vectors one after the other, then the directory, and the header that points to it.

use super::Format;

/// Where the header has the epoch.
pub(super) const EPOCH: u64 = 16;
/// Where the header has the flag that says that something is being changed.
pub(super) const IN_PROGRESS: u64 = 24;
/// What is before the vectors; VPP leaves a page.
pub(super) const HEADER: usize = 4096;
/// Where VPP has the segment in its own memory; clients translate.
const BASE: u64 = 0x1_3000_0000;
const VERSION: u64 = 2;
const NAME_SIZE: usize = 128;

/// What an entry of the directory holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    Scalar(u64),
    Gauge(u64),
    /// Counters by thread.
    Simple(Vec<Vec<u64>>),
    /// Packets and bytes by thread.
    Combined(Vec<Vec<[u64; 2]>>),
    Names(Vec<Option<String>>),
    /// Index of another entry, and a column of it.
    Symlink(u32, u32),
    /// A column of the error counters, in 22.02.
    Error(u64),
    Histogram(Vec<u64>),
    /// A ring buffer, which no client reads this way.
    Ring,
}

/// A segment that is being put together.
pub(super) struct Image {
    format: Format,
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u32,
    errors: u64,
}

impl Image {
    pub(super) fn new(format: Format) -> Self {
        Self { format, bytes: vec![0; HEADER], directory: Vec::new(), count: 0, errors: 0 }
    }

    /// Adds an entry. The answer is its index.
    pub(super) fn add(&mut self, name: &str, content: &Content) -> u32 {
        let payload = match content {
            Content::Scalar(value) | Content::Gauge(value) | Content::Error(value) => *value,
            Content::Symlink(index, column) => u64::from(*index) | u64::from(*column) << 32,
            Content::Simple(threads) => {
                self.threads(threads.iter().map(|counters| (counters.as_slice(), counters.len())))
            }
            Content::Histogram(bins) => self.threads([(bins.as_slice(), bins.len())]),
            Content::Combined(threads) => {
                let all = threads.iter();
                self.threads(all.map(|counters| (counters.as_flattened(), counters.len())))
            }
            Content::Names(names) => self.names(names),
            Content::Ring => 0,
        };
        self.directory.extend(number(self.format, content).to_ne_bytes());
        self.directory.extend([0; 4]);
        self.directory.extend(payload.to_ne_bytes());
        let mut field = [0; NAME_SIZE];
        for (to, from) in field.iter_mut().zip(name.bytes().take(NAME_SIZE - 1)) {
            *to = from;
        }
        self.directory.extend(field);
        self.count += 1;
        self.count - 1
    }

    /// Sets the error counters of 22.02, by thread.
    pub(super) fn set_errors(&mut self, threads: &[Vec<u64>]) {
        let all = threads.iter();
        self.errors = self.threads(all.map(|counters| (counters.as_slice(), counters.len())));
    }

    /// The finished bytes.
    pub(super) fn finish(&mut self, epoch: u64) -> Vec<u8> {
        let directory = std::mem::take(&mut self.directory);
        let directory = self.vector(&directory, self.count);
        let errors = if self.format == Format::V2202 { self.errors } else { 0 };
        let header = [VERSION, BASE, epoch, 0, directory, errors].map(u64::to_ne_bytes);
        let mut bytes = std::mem::take(&mut self.bytes);
        for (to, from) in bytes.iter_mut().zip(header.as_flattened()) {
            *to = *from;
        }
        bytes
    }

    /// A vector of threads, of which each has a vector of counters: of their words, and how many there are.
    fn threads<'w>(&mut self, threads: impl IntoIterator<Item = (&'w [u64], usize)>) -> u64 {
        let mut pointers = Vec::new();
        let mut count = 0;
        for (words, counters) in threads {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
            let pointer = self.vector(&bytes, u32::try_from(counters).unwrap_or(u32::MAX));
            pointers.extend(pointer.to_ne_bytes());
            count += 1;
        }
        self.vector(&pointers, count)
    }

    fn names(&mut self, names: &[Option<String>]) -> u64 {
        let mut pointers = Vec::with_capacity(names.len() * 8);
        for name in names {
            let pointer = name.as_ref().map_or(0, |name| {
                let text = [name.as_bytes(), &[0]].concat();
                self.vector(&text, u32::try_from(text.len()).unwrap_or(u32::MAX))
            });
            pointers.extend(u64::to_ne_bytes(pointer));
        }
        self.vector(&pointers, u32::try_from(names.len()).unwrap_or(u32::MAX))
    }

    /// Puts down a vector: eight bytes with the number of elements, then those. The answer is where VPP would have it.
    fn vector(&mut self, elements: &[u8], count: u32) -> u64 {
        self.bytes.resize(self.bytes.len().next_multiple_of(16) + 8, 0);
        self.bytes.extend(count.to_ne_bytes());
        self.bytes.extend([0; 4]);
        let offset = self.bytes.len() as u64;
        self.bytes.extend(elements);
        BASE + offset
    }
}

/// The number of a type.
fn number(format: Format, content: &Content) -> u32 {
    let old = format == Format::V2202;
    match content {
        Content::Scalar(_) => 1,
        // Before there were gauges, those were scalars.
        Content::Gauge(_) => {
            if format == Format::V2602 {
                9
            } else {
                1
            }
        }
        Content::Simple(_) => 2,
        Content::Combined(_) => 3,
        Content::Error(_) => 4,
        Content::Names(_) => {
            if old {
                5
            } else {
                4
            }
        }
        Content::Symlink(..) => {
            if old {
                7
            } else {
                6
            }
        }
        Content::Histogram(_) => 7,
        Content::Ring => 8,
    }
}

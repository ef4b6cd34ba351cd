//! A quarantine in a file, so that it outlives its agent.
//!
//! JSON, and no content: only what tells whether it is still the same. The file is there as long as somebody is
//! suspected; it is replaced as a whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ligato_model::Key;
use serde::{Deserialize, Serialize};

use super::{Content, Suspect};

/// Of the format.
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    version: u32,
    values: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    key: String,
    /// Fingerprint in hexadecimal.
    content: String,
    deaths: u32,
    /// Of the last one, in seconds since 1970.
    last: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alone_in: Option<String>,
}

/// What a file tells; nothing if there is none.
pub(super) fn read(path: &Path) -> io::Result<Vec<(Key, Suspect)>> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text?,
    };
    let broken = |error: String| io::Error::new(io::ErrorKind::InvalidData, error);
    let Document { version, values } =
        serde_json::from_slice(&text).map_err(|error| broken(error.to_string()))?;
    if version != VERSION {
        return Err(broken(format!("its format has number {version}, known is {VERSION}")));
    }
    let suspect = |entry: Entry| {
        let Entry { key, content, deaths, last, alone_in } = entry;
        let content = u128::from_str_radix(&content, 16)
            .map_err(|error| broken(format!("the fingerprint of {key} is no number: {error}")))?;
        let last = UNIX_EPOCH.checked_add(Duration::from_secs(last)).unwrap_or(UNIX_EPOCH);
        Ok((Key::from(key), Suspect { content: Content(content), deaths, last, alone_in }))
    };
    values.into_iter().map(suspect).collect()
}

/// Replaces the file; nobody ever sees a part of it, whatever ends meanwhile.
pub(super) fn write<'a>(
    path: &Path,
    suspects: impl Iterator<Item = (&'a Key, &'a Suspect)>,
) -> io::Result<()> {
    let values: Vec<Entry> = suspects.map(|(key, suspect)| Entry::of(key, suspect)).collect();
    if values.is_empty() {
        return match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.and_then(|()| sync_folder(path)),
        };
    }
    let mut text = serde_json::to_vec_pretty(&Document { version: VERSION, values })?;
    text.push(b'\n');
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = path.with_file_name(name);
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    sync_folder(path)
}

/// Names in a folder are durable when the folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

// === impl Entry ===

impl Entry {
    fn of(key: &Key, suspect: &Suspect) -> Self {
        let Suspect { content: Content(content), deaths, last, alone_in } = suspect;
        Self {
            key: key.as_str().to_owned(),
            content: format!("{content:032x}"),
            deaths: *deaths,
            last: seconds(*last),
            alone_in: alone_in.clone(),
        }
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

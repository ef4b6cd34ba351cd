//! Telling one VPP process from the next, and the living from the dead.
//!
//! VPP's own process id is not enough: in a container it is often the same for ever. The kernel's start time of the
//! process and the socket file, which VPP makes anew when it starts, complete it where they can be seen.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A VPP process. Two connections to the same process give equal identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    /// As VPP reports it.
    pub(crate) pid: u32,
    /// Start time of the process in clock ticks after boot, if the process can be seen from here.
    pub(crate) started: Option<u64>,
    /// Inode number and change time (seconds, nanoseconds) of the socket file.
    pub(crate) socket: Option<(u64, i64, i64)>,
}

impl Identity {
    /// `process` is the kernel's idea of who listens on the socket, `None` if it is in a PID namespace out of sight.
    pub(crate) fn of(pid: u32, process: Option<i32>, socket: &Path) -> Self {
        Self {
            pid,
            started: process.and_then(stat).and_then(|stat| stat.started),
            socket: socket_file(socket),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, started, socket } = self;
        let (inode, seconds, nanoseconds) = socket.unwrap_or_default();
        let started = started.unwrap_or_default();
        write!(f, "{pid}-{started}-{inode}-{seconds}.{nanoseconds:09}")
    }
}

/// Whether a process exists and is no zombie. What cannot be found out counts as alive.
pub(crate) fn lives(pid: i32) -> bool {
    stat(pid).is_none_or(|stat| stat.exists && stat.state != 'Z')
}

/// Whether a signal or a debugger has stopped the process.
pub(crate) fn is_stopped(pid: i32) -> bool {
    stat(pid).is_some_and(|stat| matches!(stat.state, 'T' | 't'))
}

/// What tells one socket file from the next at the same path; nothing if there is none.
pub(crate) fn socket_file(path: &Path) -> Option<(u64, i64, i64)> {
    std::fs::metadata(path).ok().map(|file| (file.ino(), file.ctime(), file.ctime_nsec()))
}

struct Stat {
    exists: bool,
    state: char,
    started: Option<u64>,
}

/// Reads `/proc/<pid>/stat`: `pid (name) state ppid … starttime …` (proc_pid_stat(5)).
fn stat(pid: i32) -> Option<Stat> {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(text) => parse_stat(&text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Some(Stat { exists: false, state: 'X', started: None })
        }
        Err(_) => None,
    }
}

fn parse_stat(text: &str) -> Option<Stat> {
    // The name may contain anything, also brackets: what counts comes behind the last one.
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    // The state is field 3, the start time field 22.
    let started = fields.nth(22 - 3 - 1).and_then(|field| field.parse().ok());
    Some(Stat { exists: true, state, started })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_exists_lives() {
        assert!(lives(std::process::id().cast_signed()));
        assert!(!lives(i32::MAX));
    }

    #[test]
    fn the_start_time_is_field_22() {
        let text = "7 (vpp) main) R 1 7 7 0 -1 4 5 0 0 0 8 9 0 0 20 0 3 0 424242 100";
        let stat = parse_stat(text).unwrap();
        assert_eq!((stat.state, stat.started), ('R', Some(424_242)));
    }

    #[test]
    fn a_new_socket_file_is_a_new_process() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api.sock");
        let first = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let me = Some(std::process::id().cast_signed());
        let before = Identity::of(1, me, &path);
        assert_eq!(before, Identity::of(1, me, &path));
        assert!(before.started.is_some());
        std::fs::rename(&path, dir.path().join("old")).unwrap();
        let _second = std::os::unix::net::UnixListener::bind(&path).unwrap();
        drop(first);
        let after = Identity::of(1, me, &path);
        assert_ne!(before, after);
        assert_ne!(before.to_string(), after.to_string());
    }
}

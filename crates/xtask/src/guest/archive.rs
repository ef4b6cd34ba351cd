//! Archives in the format that the kernel unpacks as its first file system: `cpio`, variant `newc`
//! (`Documentation/driver-api/early-userspace/buffer-format.rst` of the kernel).

/// An archive that is being put together.
#[derive(Default)]
pub(super) struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

/// What may be done with a file.
#[derive(Clone, Copy)]
pub(super) enum Mode {
    Program,
    Data,
}

const FOLDER: u32 = 0o040_755;
const TRAILER: &str = "TRAILER!!!";

impl Archive {
    /// Adds a folder, before what is in it.
    pub(super) fn folder(&mut self, name: &str) {
        self.entry(name, FOLDER, &[]);
    }

    /// Adds a file.
    pub(super) fn file(&mut self, name: &str, content: &[u8], mode: Mode) {
        let mode = match mode {
            Mode::Program => 0o100_755,
            Mode::Data => 0o100_644,
        };
        self.entry(name, mode, content);
    }

    /// The whole archive.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.entry(TRAILER, 0, &[]);
        self.bytes
    }

    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.entries += 1;
        let size = u32::try_from(content.len()).unwrap_or(u32::MAX);
        // One byte more for the NUL at the end.
        let name_size = u32::try_from(name.len() + 1).unwrap_or(u32::MAX);
        // Inode, mode, owner, group, links, time, size, device (2), special device (2), length of
        // the name, checksum.
        let fields = [self.entries, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0];
        self.bytes.extend(b"070701");
        for field in fields {
            self.bytes.extend(format!("{field:08x}").bytes());
        }
        self.bytes.extend(name.bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend(content);
        self.align();
    }

    /// Headers and contents begin at multiples of four bytes.
    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    fn archive() -> Vec<u8> {
        let mut archive = Archive::default();
        archive.folder("bin");
        archive.file("bin/tool", b"12345", Mode::Program);
        archive.file("note", b"", Mode::Data);
        archive.finish()
    }

    #[test]
    fn everything_is_aligned_and_the_trailer_is_last() {
        let bytes = archive();
        assert_eq!(bytes.len() % 4, 0);
        assert!(bytes.starts_with(b"070701"));
        assert!(bytes.ends_with(b"TRAILER!!!\0\0\0\0"));
    }

    #[test]
    fn another_program_reads_it() {
        let lister = Command::new("cpio")
            .args(["--list", "--verbose", "--quiet"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut lister) = lister else { return };
        lister.stdin.take().unwrap().write_all(&archive()).unwrap();
        let listing = String::from_utf8(lister.wait_with_output().unwrap().stdout).unwrap();
        let lines: Vec<&str> = listing.lines().collect();
        assert!(lines[0].starts_with("drwxr-xr-x") && lines[0].ends_with(" bin"), "{listing}");
        assert!(lines[1].starts_with("-rwxr-xr-x") && lines[1].ends_with(" bin/tool"), "{listing}");
        assert!(lines[1].contains(" 5 "), "{listing}");
    }
}

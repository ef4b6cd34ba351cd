//! Archives in the ZIP format (PKWARE's APPNOTE 6.3), with members stored as they are: reports are small, and every
//! system can open them.

/// Flag: names are UTF-8 (APPNOTE 4.4.4, bit 11).
const UTF8: u16 = 1 << 11;
/// The version that is needed to extract (APPNOTE 4.4.3): 2.0.
const VERSION: u16 = 20;
/// The first day that can be written, 1980-01-01 (MS-DOS date): a report says by itself when it was made.
const FIRST_DAY: u16 = 0x21;

/// An archive being written.
#[derive(Debug, Default)]
pub(super) struct Archive {
    members: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

/// The archive would be larger than the format without its extensions can be.
#[derive(Debug, thiserror::Error)]
#[error("an archive cannot hold more than 4 GiB")]
pub(super) struct TooLarge;

impl Archive {
    /// Adds a file.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) -> Result<(), TooLarge> {
        let size = u32::try_from(content.len()).map_err(|_| TooLarge)?;
        let offset = u32::try_from(self.members.len()).map_err(|_| TooLarge)?;
        let length = u16::try_from(name.len()).map_err(|_| TooLarge)?;
        let mut both = Vec::new();
        for number in [VERSION, UTF8, 0, 0, FIRST_DAY] {
            both.extend(number.to_le_bytes());
        }
        for number in [crc32(content), size, size] {
            both.extend(number.to_le_bytes());
        }
        both.extend(length.to_le_bytes());
        both.extend(0u16.to_le_bytes());

        self.members.extend(b"PK\x03\x04");
        self.members.extend(&both);
        self.members.extend(name.as_bytes());
        self.members.extend(content);

        self.directory.extend(b"PK\x01\x02");
        self.directory.extend(VERSION.to_le_bytes());
        self.directory.extend(&both);
        // Comment, disk, and attributes: none.
        self.directory.extend([0; 10]);
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.count = self.count.checked_add(1).ok_or(TooLarge)?;
        Ok(())
    }

    /// The bytes of the file.
    pub(super) fn finish(self) -> Result<Vec<u8>, TooLarge> {
        let offset = u32::try_from(self.members.len()).map_err(|_| TooLarge)?;
        let size = u32::try_from(self.directory.len()).map_err(|_| TooLarge)?;
        let mut bytes = self.members;
        bytes.extend(self.directory);
        bytes.extend(b"PK\x05\x06");
        bytes.extend([0; 4]);
        for count in [self.count, self.count] {
            bytes.extend(count.to_le_bytes());
        }
        bytes.extend(size.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
        bytes.extend([0; 2]);
        Ok(bytes)
    }
}

/// CRC-32 as in ISO 3309, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let mask = (crc & 1).wrapping_neg();
            crc = crc >> 1 ^ 0xEDB8_8320 & mask;
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_standards() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    /// The offsets are those of APPNOTE 4.3.7, 4.3.12 and 4.3.16.
    #[test]
    fn an_archive_leads_from_its_end_to_every_member() {
        let mut archive = Archive::default();
        let files = [("a.txt", &b"first"[..]), ("é.txt", b"")];
        for (name, content) in files {
            archive.add(name, content).unwrap();
        }
        let bytes = archive.finish().unwrap();
        let two = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        let four = |at: usize| two(at) | two(at + 2) << 16;
        let end = bytes.len() - 22;
        assert_eq!((&bytes[end..end + 4], two(end + 10)), (&b"PK\x05\x06"[..], 2));
        let mut entry = four(end + 16);
        assert_eq!(entry + four(end + 12), end);
        for (name, content) in files {
            assert_eq!(&bytes[entry..entry + 4], b"PK\x01\x02");
            assert_eq!(&bytes[entry + 46..][..two(entry + 28)], name.as_bytes());
            let member = four(entry + 42);
            assert_eq!(&bytes[member..member + 4], b"PK\x03\x04");
            let start = member + 30 + two(member + 26);
            assert_eq!(&bytes[start..start + four(member + 18)], content);
            assert_eq!(four(member + 14), crc32(content) as usize);
            entry += 46 + two(entry + 28);
        }
        assert_eq!(entry, end);
    }
}

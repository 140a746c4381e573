//! Bytes in a file that exists in memory only, so that the kernel can send them without copying.

use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create, sendfile};
use rustix::io::Errno;

use super::chunk::Chunk;
use super::ledger::{Charge, in_pages};

/// What the kernel needs for a file in memory beside its pages, in bytes: the file, its inode, and an index of its
/// pages. Measured, some 1.5 KiB and 9 bytes per page.
const FILE_BESIDE: u64 = 2048;

/// A file without a name, on no disk, gone with its last holder. Sealed: its bytes cannot change.
#[derive(Debug)]
pub struct MemoryFile {
    file: File,
    _charge: Charge,
}

impl MemoryFile {
    /// Copies `chunks` into a new file, which `charge` counts from now on.
    ///
    /// # Errors
    /// The system has no descriptor or memory left, or knows no such files.
    pub(super) fn new(chunks: &[Chunk], charge: Charge) -> io::Result<MemoryFile> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        // Nothing in it can ever be executed; kernels before 6.3 do not know the flag.
        let created = match memfd_create("attachment", flags | MemfdFlags::NOEXEC_SEAL) {
            Err(Errno::INVAL) => memfd_create("attachment", flags),
            created => created,
        };
        let mut file = File::from(created?);
        for chunk in chunks {
            file.write_all(chunk)?;
        }
        let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
        fcntl_add_seals(&file, seals)?;
        Ok(MemoryFile {
            file,
            _charge: charge,
        })
    }

    /// Sends bytes of `range` to `socket` and says how many it took.
    ///
    /// # Errors
    /// What the socket says, `WouldBlock` included.
    pub fn send(&self, socket: impl AsFd, range: Range<u64>) -> io::Result<usize> {
        let mut offset = range.start;
        let count = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        Ok(sendfile(socket, &self.file, Some(&mut offset), count)?)
    }

    /// What a file of `length` bytes occupies.
    pub fn cost(length: u64) -> u64 {
        let pages = in_pages(length);
        pages + pages / 256 + FILE_BESIDE
    }

    /// Copies its bytes from `offset` on into all of `buffer`.
    ///
    /// # Errors
    /// There are fewer.
    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    /// The bytes of `range`, for tests.
    #[cfg(test)]
    pub fn read(&self, range: Range<u64>) -> Vec<u8> {
        let mut bytes = vec![0; (range.end - range.start) as usize];
        self.read_exact_at(&mut bytes, range.start)
            .expect("a range of the file");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachment::Ledger;
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_memory_file_holds_its_bytes_sends_any_range_and_never_changes() {
        let ledger = Ledger::default();
        let chunks = [Chunk::new(b"abc", &ledger), Chunk::new(b"defgh", &ledger)];
        let room = ledger.charge(MemoryFile::cost(8));
        let mut file = MemoryFile::new(&chunks, room).expect("a memory file");
        drop(chunks);
        assert_eq!(ledger.held(), MemoryFile::cost(8));
        assert_eq!(file.read(0..8), b"abcdefgh");
        let (here, mut there) = UnixStream::pair().expect("two sockets");
        assert_eq!(file.send(&here, 2..6).expect("room"), 4);
        let mut seen = [0; 4];
        there.read_exact(&mut seen).expect("four bytes");
        assert_eq!(&seen, b"cdef");
        assert!(file.file.write_all(b"x").is_err(), "it is sealed");
        assert!(file.file.set_len(1).is_err(), "it is sealed");
        drop(file);
        assert_eq!(ledger.held(), 0);
    }
}

//! What a reply is written into.

use std::io::{self, IoSlice, Write};
use std::ops::Range;

use rustix::net::SendFlags;

use crate::attachment::MemoryFile;

/// Where a reply is written to: a client's socket that takes what it can and never blocks.
pub(super) trait Socket {
    /// Writes some of `slices` and says how many bytes. `more` says that other bytes follow at once, so that a head and
    /// the file behind it leave in the same packets.
    fn send(&mut self, slices: &[IoSlice<'_>], more: bool) -> io::Result<usize>;

    /// Writes some bytes of `range` and says how many.
    fn send_file(&mut self, file: &MemoryFile, range: Range<u64>) -> io::Result<usize>;

    /// Writes whatever the calls before have left to be written; `WouldBlock` as long as something is left.
    fn flush(&mut self) -> io::Result<()>;
}

impl Socket for mio::net::TcpStream {
    fn send(&mut self, slices: &[IoSlice<'_>], more: bool) -> io::Result<usize> {
        match slices {
            [only] if more => Ok(rustix::net::send(&*self, only, SendFlags::MORE)?),
            _ => self.write_vectored(slices),
        }
    }

    fn send_file(&mut self, file: &MemoryFile, range: Range<u64>) -> io::Result<usize> {
        file.send(&*self, range)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(()) // what was sent is in the kernel's hands
    }
}

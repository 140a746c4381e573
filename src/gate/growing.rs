//! The part of a reply that is still being downloaded: how far it may be written, and how its end is told (pure).

use crate::attachment::{Ending, Peek, Reader, StreamId};

/// Largest frame of a chunked answer in bytes (RFC 9112 section 7.1).
pub(super) const FRAME_BYTES_MAX: u64 = 256 * 1024;

/// A place in a download, and what of it the client gets.
#[derive(Debug)]
pub(super) struct Growing {
    reader: Reader,
    skip: u64,
    /// Bytes that may be written before the next decision: the whole rest, or what is left of a frame.
    left: u64,
    framing: Framing,
}

/// How the client learns where the payload ends (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// The length was announced.
    Length,
    /// HTTP/1.1 without a length: frames.
    Chunked { first: bool },
    /// HTTP/1.0 without a length: the end of the connection is the end.
    Close,
}

/// What a growing reply does next.
pub(super) enum Step {
    /// What has arrived.
    Write,
    /// This line, which begins a frame.
    Frame(String),
    /// These last bytes.
    End(&'static [u8]),
    /// Nothing, until the bell rings.
    Wait,
    /// Nothing ever again: the download has failed.
    Broken,
}

impl Growing {
    /// The bytes behind `skip`, `take` of them or as many as there will be. `old` clients, of HTTP/1.0, know no frames.
    pub(super) fn new(reader: Reader, skip: u64, take: Option<u64>, old: bool) -> Growing {
        let (framing, left) = match (take, old) {
            (Some(take), _) => (Framing::Length, take),
            (None, false) => (Framing::Chunked { first: true }, 0),
            (None, true) => (Framing::Close, u64::MAX),
        };
        Growing {
            reader,
            skip,
            left,
            framing,
        }
    }

    /// How the client learns where it ends.
    pub(super) fn framing(&self) -> Framing {
        self.framing
    }

    /// Which download it is.
    pub(super) fn stream(&self) -> StreamId {
        self.reader.stream()
    }

    /// Goes `bytes` further, which were gathered.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.reader.advance(bytes);
        self.left -= bytes as u64;
    }

    /// Decides what is next. `gate` is the one that hears the bell if that is nothing.
    pub(super) fn step(&mut self, gate: u32) -> Step {
        loop {
            if self.framing == Framing::Length && self.left == 0 {
                return Step::End(b""); // a range may end long before the download does
            }
            let available = match self.reader.peek() {
                Peek::Bytes(slice) => slice.len() as u64,
                Peek::Ended(ending) => return self.end(ending),
                Peek::Nothing if self.reader.must_wait(gate) => return Step::Wait,
                Peek::Nothing => continue,
            };
            if 0 < self.skip {
                let skipped = available.min(self.skip);
                self.skip -= skipped;
                self.reader.advance(skipped as usize);
                continue;
            }
            return match self.framing {
                Framing::Chunked { first } if self.left == 0 => {
                    self.left = self.arrived().min(FRAME_BYTES_MAX);
                    self.framing = Framing::Chunked { first: false };
                    Step::Frame(format!(
                        "{}{:x}\r\n",
                        if first { "" } else { "\r\n" },
                        self.left
                    ))
                }
                Framing::Chunked { .. } | Framing::Length | Framing::Close => Step::Write,
            };
        }
    }

    fn end(&self, ending: Ending) -> Step {
        match (ending, self.framing) {
            (Ending::Broken, _) => Step::Broken,
            (Ending::Complete, Framing::Length) => Step::Broken, // fewer bytes than were announced
            (Ending::Complete, Framing::Chunked { first: true }) => Step::End(b"0\r\n\r\n"),
            (Ending::Complete, Framing::Chunked { first: false }) => Step::End(b"\r\n0\r\n\r\n"),
            (Ending::Complete, Framing::Close) => Step::End(b""),
        }
    }

    fn arrived(&self) -> u64 {
        let mut bytes = 0;
        self.reader.slices(|slice| {
            bytes += slice.len() as u64;
            bytes < FRAME_BYTES_MAX
        });
        bytes
    }

    /// Calls `add` with the slices that may be written now, in order, until it returns `false`.
    pub(super) fn gather<'a>(&'a self, mut add: impl FnMut(&'a [u8]) -> bool) {
        let mut left = if 0 < self.skip { 0 } else { self.left };
        self.reader.slices(|slice| {
            let slice = &slice[..left.min(slice.len() as u64) as usize];
            left -= slice.len() as u64;
            add(slice) && 0 < left
        });
    }
}

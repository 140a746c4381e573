//! The way out: one reply on its way into a client's socket, resumable at any byte.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::ops::Range;

use crate::attachment::{Body, MemoryFile, StreamId};
use crate::reply::{Note, Part, Payload, Reply};

use super::framing::Vetted;
use super::growing::{Framing, Growing, Step};
use super::socket::Socket;

/// Slices handed to one system call: 16 chunks of a download are about 1 MiB, more than a socket takes at once.
const SLICES_MAX: usize = 16;

/// How far writing got.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Everything is in the kernel's hands.
    Done,
    /// The socket takes no more now.
    Blocked,
    /// The share of this turn is used up; there is more to write and room for it.
    Share,
    /// Everything that has arrived is written; the rest is still being downloaded.
    Waiting(StreamId),
    /// The download broke: the client must not take what it got for the file.
    Broken,
}

/// One reply being written.
#[derive(Debug)]
pub(super) struct Outgoing {
    text: Vec<u8>,
    text_at: usize,
    source: Source,
    /// Bytes of the payload written so far, without framing.
    pub(super) sent: u64,
    pub(super) status: u16,
    pub(super) note: Option<Note>,
    pub(super) keep_alive: bool,
}

/// Where the bytes behind the text come from. Text (head, frames, part heads) always goes first.
#[derive(Debug)]
enum Source {
    Done,
    Text { bytes: Vec<u8>, at: usize },
    Stored { body: Body, range: Range<u64> },
    Parts(VecDeque<Part>),
    Growing(Growing),
}

impl Outgoing {
    /// Completes the reply's head for this client and connection.
    pub(super) fn new(reply: Reply, vetted: Vetted) -> Outgoing {
        let mut text = reply.head;
        let mut keep_alive = vetted.keep_alive;
        let source = match reply.payload {
            Payload::Empty => Source::Done,
            Payload::Text(bytes) => Source::Text { bytes, at: 0 },
            Payload::Stored { body, range } => Source::Stored { body, range },
            Payload::Parts(parts) => Source::Parts(parts.into()),
            Payload::Growing { reader, skip, take } => {
                let growing = Growing::new(reader, skip, take, vetted.old);
                match growing.framing() {
                    Framing::Length => {}
                    Framing::Chunked { .. } => {
                        text.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
                    }
                    Framing::Close => keep_alive = false,
                }
                Source::Growing(growing)
            }
        };
        if !keep_alive {
            text.extend_from_slice(b"Connection: close\r\n");
        } else if vetted.old {
            text.extend_from_slice(b"Connection: keep-alive\r\n");
        }
        text.extend_from_slice(b"\r\n");
        Outgoing {
            text,
            text_at: 0,
            source,
            sent: 0,
            status: reply.status,
            note: Some(reply.note),
            keep_alive,
        }
    }

    /// A gate's own answer, complete as it is.
    pub(super) fn refusal(status: u16, answer: Vec<u8>) -> Outgoing {
        let (text_at, sent) = (0, 0);
        Outgoing {
            text: answer,
            text_at,
            source: Source::Done,
            sent,
            status,
            note: None,
            keep_alive: false,
        }
    }

    /// Whether nothing has been written yet of a file that is still being downloaded.
    pub(super) fn begins_to_grow(&self) -> bool {
        self.sent == 0 && matches!(self.source, Source::Growing(_))
    }

    /// What it holds of a page of our own, in bytes. Heads are small, and bodies are counted elsewhere.
    pub(super) fn page_bytes(&self) -> usize {
        match &self.source {
            Source::Text { bytes, .. } => bytes.capacity(),
            Source::Done | Source::Stored { .. } | Source::Parts(_) | Source::Growing(_) => 0,
        }
    }

    /// Writes until the reply is done, the socket is full, nothing more has arrived, or about `share` bytes are gone.
    ///
    /// # Errors
    /// What the socket says: the client is gone.
    pub(super) fn write(
        &mut self,
        socket: &mut impl Socket,
        share: usize,
        gate: u32,
    ) -> io::Result<Progress> {
        let mut written = 0;
        loop {
            match self.prepare(gate) {
                None => {}
                Some(Progress::Broken) => return Ok(Progress::Broken),
                Some(progress) => {
                    return match socket.flush() {
                        Ok(()) => Ok(progress),
                        // Room for the rest calls again, so nobody needs to wait for the download meanwhile.
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                            Ok(Progress::Blocked)
                        }
                        Err(error) => Err(error),
                    };
                }
            }
            if share <= written {
                return Ok(Progress::Share);
            }
            let taken = match self.front_file() {
                Some((file, range)) => {
                    let end = range.end.min(range.start + (share - written) as u64);
                    socket.send_file(file, range.start..end)
                }
                None => {
                    let mut slices = [IoSlice::new(&[]); SLICES_MAX];
                    let (count, more) = self.gather(&mut slices, share - written);
                    socket.send(&slices[..count], more)
                }
            };
            match taken {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => {
                    written += bytes;
                    self.advance(bytes);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Progress::Blocked);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Makes sure that there is something to gather, or says why there is not.
    fn prepare(&mut self, gate: u32) -> Option<Progress> {
        let text_left = self.text_at < self.text.len();
        let exhausted = match &mut self.source {
            Source::Done => true,
            Source::Text { bytes, at } => *at == bytes.len(),
            Source::Stored { range, .. } => range.is_empty(),
            Source::Parts(parts) => {
                while parts.front().is_some_and(is_empty) {
                    parts.pop_front();
                }
                parts.is_empty()
            }
            Source::Growing(growing) => match growing.step(gate) {
                Step::Write => false,
                Step::Frame(frame) => {
                    self.text.drain(..self.text_at);
                    self.text_at = 0;
                    self.text.extend_from_slice(frame.as_bytes());
                    false
                }
                Step::End(last) => {
                    self.text.extend_from_slice(last);
                    self.source = Source::Done;
                    return self.prepare(gate);
                }
                Step::Wait if text_left => false,
                Step::Wait => return Some(Progress::Waiting(growing.stream())),
                Step::Broken => return Some(Progress::Broken),
            },
        };
        (exhausted && !text_left).then_some(Progress::Done)
    }

    /// The memory file whose bytes are next, and which of them.
    fn front_file(&self) -> Option<(&MemoryFile, Range<u64>)> {
        if self.text_at < self.text.len() {
            return None;
        }
        match &self.source {
            Source::Stored { body, range } => Some((body.file()?, range.clone())),
            Source::Parts(parts) => match parts.front()? {
                Part::Slice { body, range } => Some((body.file()?, range.clone())),
                Part::Text(_) => None,
            },
            Source::Done | Source::Text { .. } | Source::Growing(_) => None,
        }
    }

    /// Collects what can be written together, about `most` bytes, and says whether bytes of a memory file follow at once.
    fn gather<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES_MAX], most: usize) -> (usize, bool) {
        let (mut count, mut left) = (0, most);
        // Says whether there is room for another one; what comes without room goes with a later call.
        let mut add = |slice: &'a [u8]| {
            if !slice.is_empty() && count < SLICES_MAX && 0 < left {
                slices[count] = IoSlice::new(slice);
                count += 1;
                left = left.saturating_sub(slice.len());
            }
            count < SLICES_MAX && 0 < left
        };
        let mut more = false;
        add(&self.text[self.text_at..]);
        match &self.source {
            Source::Done => {}
            Source::Text { bytes, at } => {
                add(&bytes[*at..]);
            }
            Source::Stored { body, range } => {
                more = body.file().is_some();
                body.slices(range.clone(), add);
            }
            Source::Parts(parts) => {
                for part in parts {
                    match part {
                        Part::Text(text) => {
                            add(text);
                        }
                        Part::Slice { body, .. } if body.file().is_some() => {
                            more = true;
                            break;
                        }
                        Part::Slice { body, range } => body.slices(range.clone(), &mut add),
                    }
                }
            }
            Source::Growing(growing) => growing.gather(add),
        }
        (count, more)
    }

    fn advance(&mut self, mut bytes: usize) {
        let of_text = bytes.min(self.text.len() - self.text_at);
        self.text_at += of_text;
        bytes -= of_text;
        self.sent += bytes as u64;
        match &mut self.source {
            Source::Done => debug_assert!(bytes == 0, "wrote more than there was"),
            Source::Text { at, .. } => *at += bytes,
            Source::Stored { range, .. } => range.start += bytes as u64,
            Source::Parts(parts) => {
                for part in parts.iter_mut() {
                    bytes -= consume(part, bytes);
                }
            }
            Source::Growing(growing) => growing.advance(bytes),
        }
    }
}

fn is_empty(part: &Part) -> bool {
    match part {
        Part::Text(text) => text.is_empty(),
        Part::Slice { range, .. } => range.is_empty(),
    }
}

/// Takes up to `bytes` off the front of `part` and says how many.
fn consume(part: &mut Part, bytes: usize) -> usize {
    match part {
        Part::Text(text) => {
            let taken = bytes.min(text.len());
            text.drain(..taken);
            taken
        }
        Part::Slice { range, .. } => {
            let taken = (bytes as u64).min(range.end - range.start);
            range.start += taken;
            taken as usize
        }
    }
}

#[cfg(test)]
#[path = "outgoing_tests.rs"]
mod tests;

//! One answer, ready to be written by a gate.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::attachment::{Body, Reader};

/// One answer. Made by this room, carried by a worker, written by the gate that owns the client's socket.
#[derive(Debug)]
pub struct Reply {
    /// The status code, for the log; the same number stands in `head`.
    pub status: u16,
    /// Status line and header fields, each ended by CRLF, with `Date` and (where known) `Content-Length`. The gate adds
    /// `Connection` and `Transfer-Encoding` as the client's protocol wants them, and the empty line.
    pub head: Vec<u8>,
    /// What follows the head.
    pub payload: Payload,
    /// What the access log says about it.
    pub note: Note,
}

/// What follows the head.
#[derive(Debug)]
pub enum Payload {
    /// Nothing: HEAD, 204, 304.
    Empty,
    /// Text made for this answer.
    Text(Vec<u8>),
    /// A run of the bytes of a finished file.
    Stored {
        /// The file.
        body: Body,
        /// Which of its bytes.
        range: Range<u64>,
    },
    /// Several ranges of a finished file with their part heads between (multipart/byteranges).
    Parts(Vec<Part>),
    /// Bytes that are still arriving.
    Growing {
        /// The client's place in the download.
        reader: Reader,
        /// Bytes to leave out at its beginning.
        skip: u64,
        /// Bytes to send after that; `None`: all, their number is not known, so the gate frames them.
        take: Option<u64>,
    },
}

/// A piece of a multipart answer.
#[derive(Debug)]
pub enum Part {
    /// Delimiter and part head.
    Text(Vec<u8>),
    /// Bytes of the file.
    Slice {
        /// The file.
        body: Body,
        /// Which of its bytes.
        range: Range<u64>,
    },
}

/// What the access log says about an answer beside what the gate knows itself.
#[derive(Clone, Debug)]
pub struct Note {
    /// What was asked for, as one escaped log field: `key=confluence_attachment_1_a.png` or `path="/healthz"`.
    pub subject: Arc<str>,
    /// Where the answer came from: `hit`, `miss`, `join`, `stale`, `error`, `page` and so on.
    pub from: &'static str,
    /// Whether it was a check that found all well: fronts ask every second, and a line for each would hide the others.
    pub is_routine: bool,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.subject)
    }
}

//! A body on its way, which ends well only where its answer said it would.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use ureq::http::{Response, Version, header};
use ureq::{Body, BodyReader};

use super::error::{Breakage, Fault, Phase, UpstreamError};
use super::watch::is_end;
use crate::attachment::Meta;

/// Bytes that are judged before anything goes on: a login page shows itself in fewer.
const JUDGED_BYTES: usize = 512;

/// How much of a refused answer is read for its reason, in bytes. If that is all, its connection can be used again.
const REASON_BYTES_MAX: usize = 8 * 1024;

/// Bytes of a document that are read at a time.
const PIECE_BYTES: usize = 16 * 1024;

/// Reads for a reason at most, so that a body that drips cannot hold its thread for hours.
const REASON_READS_MAX: usize = 16;

/// A good answer: its facts, and its body to be read to the end.
///
/// Made by [`Confluence::fetch`](super::Confluence::fetch). Dropping it before its end closes the connection.
pub struct Download {
    /// What Confluence said about the file.
    pub meta: Meta,
    /// The announced length in bytes; `None` when the body comes in chunks (or ends nowhere, then as an error).
    pub length: Option<u64>,
    judged: Vec<u8>,
    judged_read: usize,
    incoming: Incoming,
}

impl Download {
    pub(super) fn new(meta: Meta, judged: Vec<u8>, incoming: Incoming) -> Download {
        Download {
            meta,
            length: incoming.end.length(),
            judged,
            judged_read: 0,
            incoming,
        }
    }

    /// Reads the next bytes of the file into `buffer`, which must not be empty. Blocks until some are there.
    ///
    /// `Ok(0)` means that the file is complete, at exactly the announced length or after its last chunk. Once the
    /// announced length has been read the connection is free for others, also before that.
    ///
    /// # Errors
    /// [`UpstreamError::Broken`] when it ended before, [`UpstreamError::TimedOut`] when nothing came for too long,
    /// [`UpstreamError::Interrupted`] when we ended it. What was read so far is not the file; the error stays.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, UpstreamError> {
        debug_assert!(!buffer.is_empty(), "an empty read looks like the end");
        let left = &self.judged[self.judged_read..];
        if left.is_empty() {
            return self.incoming.read(buffer);
        }
        let count = left.len().min(buffer.len());
        buffer[..count].copy_from_slice(&left[..count]);
        self.judged_read += count;
        Ok(count)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("meta", &self.meta)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// After so many bytes.
    Length(u64),
    /// After its last chunk.
    LastChunk,
    /// Where the connection ends, for whatever reason: never trusted.
    Close,
}

impl End {
    fn of(response: &Response<Body>) -> End {
        if let Some(length) = response.body().content_length() {
            return End::Length(length);
        }
        let values = |name| {
            response
                .headers()
                .get_all(name)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .map(str::trim)
        };
        // The library's own rule: chunks exist since HTTP/1.1.
        let is_chunked =
            values(header::TRANSFER_ENCODING).any(|coding| coding.eq_ignore_ascii_case("chunked"));
        if is_chunked && response.version() == Version::HTTP_11 {
            return End::LastChunk;
        }
        // The library knows no length for a body of no bytes.
        match values(header::CONTENT_LENGTH).next().map(str::parse) {
            Some(Ok(0)) => End::Length(0),
            _ => End::Close,
        }
    }

    fn length(self) -> Option<u64> {
        match self {
            End::Length(length) => Some(length),
            End::LastChunk | End::Close => None,
        }
    }
}

/// The body as it comes from the connection, with the bookkeeping that tells an end from a cut.
pub(super) struct Incoming {
    reader: BodyReader<'static>,
    end: End,
    received: u64,
    outcome: Option<Result<(), UpstreamError>>,
    interrupted: Arc<AtomicBool>,
}

impl Incoming {
    pub(super) fn new(response: Response<Body>, interrupted: Arc<AtomicBool>) -> Incoming {
        Incoming {
            end: End::of(&response),
            reader: response.into_body().into_reader(),
            received: 0,
            outcome: None,
            interrupted,
        }
    }

    /// Reads until there is enough to judge, or the end.
    pub(super) fn read_judged(&mut self) -> Result<Vec<u8>, UpstreamError> {
        let mut judged = vec![0; JUDGED_BYTES];
        let mut filled = 0;
        while filled < JUDGED_BYTES {
            match self.read(&mut judged[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        judged.truncate(filled);
        Ok(judged)
    }

    /// Reads all of a document, which has `most` bytes at most. Gives up `until` then, however little is missing.
    pub(super) fn read_whole(
        &mut self,
        most: usize,
        until: Instant,
    ) -> Result<Vec<u8>, UpstreamError> {
        let mut whole = Vec::new();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match self.read(&mut piece)? {
                0 => return Ok(whole),
                count if most < whole.len() + count => {
                    return Err(UpstreamError::Unusable(Fault::Document));
                }
                _ if until < Instant::now() => {
                    return Err(UpstreamError::TimedOut { phase: Phase::Body });
                }
                count => whole.extend_from_slice(&piece[..count]),
            }
        }
    }

    /// Reads the first bytes of a refused answer, in one read.
    pub(super) fn read_piece(mut self) -> Vec<u8> {
        let mut piece = vec![0; REASON_BYTES_MAX];
        let count = self.read(&mut piece).unwrap_or(0);
        piece.truncate(count);
        piece
    }

    /// Reads what a refused answer says, as far as it comes.
    pub(super) fn read_reason(mut self) -> Vec<u8> {
        let mut reason = vec![0; REASON_BYTES_MAX];
        let mut filled = 0;
        for _ in 0..REASON_READS_MAX {
            match self.read(&mut reason[filled..]) {
                Ok(count) if 0 < count && filled + count < REASON_BYTES_MAX => filled += count,
                Ok(count) => {
                    filled += count;
                    break;
                }
                Err(_) => break,
            }
        }
        reason.truncate(filled);
        reason
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, UpstreamError> {
        // The library reports a cut once and a clean end ever after, so the outcome is kept here.
        if let Some(outcome) = &self.outcome {
            return outcome.clone().map(|()| 0);
        }
        let result = match self.reader.read(buffer) {
            Ok(0) => self.ended().map(|()| 0),
            Ok(count) => {
                self.received += count as u64;
                match self.end {
                    End::Length(length) if self.received == length => self.hand_back(),
                    End::Length(_) | End::LastChunk | End::Close => {}
                }
                Ok(count)
            }
            Err(error) => Err(self.failure(error)),
        };
        match &result {
            Ok(0) => self.outcome = Some(Ok(())),
            Ok(_) => {}
            Err(error) => self.outcome = Some(Err(error.clone())),
        }
        result
    }

    /// All bytes are here: lets the library see the end, which frees the connection without waiting for anything.
    fn hand_back(&mut self) {
        let end = self.reader.read(&mut [0]);
        debug_assert!(
            matches!(end, Ok(0)),
            "a body of known length went on: {end:?}"
        );
        self.outcome = Some(Ok(()));
    }

    fn ended(&self) -> Result<(), UpstreamError> {
        let breakage = match self.end {
            End::Length(length) if self.received == length => return Ok(()),
            End::LastChunk => return Ok(()),
            End::Length(_) => self.cut(),
            End::Close => Breakage::NoLength,
        };
        Err(self.or_interrupted(UpstreamError::Broken(breakage)))
    }

    fn failure(&self, error: io::Error) -> UpstreamError {
        let failure = match ureq::Error::from(error) {
            ureq::Error::Timeout(_) => UpstreamError::TimedOut { phase: Phase::Body },
            ureq::Error::Protocol(_) => UpstreamError::Broken(Breakage::Framing),
            ureq::Error::Io(error) if self.end == End::Close && is_end(error.kind()) => {
                UpstreamError::Broken(Breakage::NoLength)
            }
            _ => UpstreamError::Broken(self.cut()),
        };
        self.or_interrupted(failure)
    }

    fn cut(&self) -> Breakage {
        Breakage::Short {
            received: self.received,
            announced: self.end.length(),
        }
    }

    fn or_interrupted(&self, error: UpstreamError) -> UpstreamError {
        if self.interrupted.load(Ordering::Relaxed) {
            return UpstreamError::Interrupted;
        }
        error
    }
}

#[cfg(test)]
#[path = "download_tests.rs"]
mod tests;

//! How the bytes of one download come in: kept whole while everybody reads along, or passed on through a window.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use ring::digest::{Context, SHA256};

use super::crew::{CrewShared, End};
use super::lookup::label;
use crate::attachment::{
    Charge, Chunk, Digest, FILE_BYTES_MIN, Ledger, MemoryFile, WriteError, Writer,
};
use crate::cache::{Entry, Fetch, FlightId, Keeping, Report};
use crate::confluence::{Download, UpstreamError};
use crate::meters::{Number, Within};

/// Bytes read, and published to the clients, at a time: what one read from the connection gives at most.
const PIECE_BYTES: usize = 64 * 1024;

/// Longest file in bytes for whose memory file other copies leave: while it is made, and for as long as a slow client
/// reads along, the bytes are in memory twice.
const MAKES_ROOM_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Longest file in bytes that gets a memory file where there is room for it twice anyhow. A longer one, or one without
/// that room, stays in the pieces it came in.
const TAKES_ROOM_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Bytes of a file that is too big to keep that are in memory at a time: enough to keep a fast client busy.
const WINDOW_BYTES: u64 = 1024 * 1024;

/// What such a file takes in bytes: its window, and the piece beyond it that the writer holds when it has to wait.
const WINDOW_ROOM_BYTES: u64 = WINDOW_BYTES + Chunk::cost(PIECE_BYTES);

/// Room asked for at a time, in bytes, while a download grows beyond what was expected: its length is not known, or it
/// comes in very small pieces.
const RESERVE_BYTES: u64 = 1024 * 1024;

const NO_MEMORY: &str = "CACHE_MAX_BYTES is used up by downloads and slow clients";
pub(super) const NO_PACE: &str =
    "half of CONFLUENCE_MAX_CONNECTIONS serve files that are too big to keep";

impl CrewShared {
    /// Takes a good answer in: whole if it may be kept, else through a window.
    pub(super) fn transfer(&self, fetch: &Fetch, download: Download) -> End {
        match download.length {
            Some(length) if self.item_bytes_max < length => self.pass_on(fetch.flight, download),
            length => match self
                .reporter
                .reserve(length.map_or(RESERVE_BYTES, expected_cost))
            {
                Some(room) => self.keep(fetch, download, room),
                None => End::NoRoom(NO_MEMORY),
            },
        }
    }

    /// Downloads a file for the cache while everybody who asks for it reads along.
    fn keep(&self, fetch: &Fetch, mut download: Download, mut room: Charge) -> End {
        let (mut writer, stream) =
            Writer::whole(download.length, self.bell.clone(), self.ledger.clone());
        let (flight, meta) = (fetch.flight, download.meta.clone());
        self.reporter.report(Report::Streaming {
            flight,
            keeping: Keeping::Whole(stream),
            meta: meta.clone(),
        });
        let mut hash = Context::new(&SHA256);
        let mut piece = vec![0; PIECE_BYTES];
        let held = loop {
            let bytes = match download.read(&mut piece) {
                Ok(0) => break 0,
                Ok(count) => self.received(&piece[..count]),
                Err(error) => return End::Failed(error), // dropping the writer breaks the stream for its readers
            };
            let written = writer.written() + bytes.len() as u64;
            if self.item_bytes_max < written {
                drop(room);
                return self.grown_too_big(flight, writer, bytes, download);
            }
            let cost = Chunk::cost(bytes.len());
            if room.bytes() < cost {
                match self.reporter.reserve(RESERVE_BYTES) {
                    Some(more) => room = more, // what little was left goes back
                    None => return End::NoRoom(NO_MEMORY),
                }
            }
            crate::sabotage::point("fetch body");
            hash.update(bytes);
            room.shrink(cost); // from here on the chunk itself counts
            if download.length == Some(written) {
                break bytes.len();
            }
            if writer.push(bytes) == Err(WriteError::Abandoned) {
                return End::Left {
                    bytes: writer.written(),
                };
            }
            let_hits_pass();
        };
        // The piece that completes the file goes out when the file is kept: who has all of it finds it there.
        if 0 < held
            && let Err(error) = download.read(&mut [0])
        {
            return End::Failed(error);
        }
        let mut digest = Digest::default();
        digest.copy_from_slice(hash.finish().as_ref());
        let life = self.life(Instant::now());
        let length = writer.written() + held as u64;
        let room = self.room_for_file(length);
        match writer.seal(&piece[..held], room) {
            Some(body) => {
                let (key, label) = (fetch.key.clone(), label(&fetch.key));
                End::Kept(
                    Arc::new(Entry::new(key, label, meta, body, digest, life)),
                    writer,
                )
            }
            None => End::Failed(UpstreamError::Interrupted),
        }
    }

    /// Room for a memory file, if a body of `length` bytes is worth one.
    fn room_for_file(&self, length: u64) -> Option<Charge> {
        let cost = MemoryFile::cost(length);
        if (FILE_BYTES_MIN..=MAKES_ROOM_BYTES_MAX).contains(&length) {
            self.reporter.reserve(cost)
        } else if (MAKES_ROOM_BYTES_MAX..=TAKES_ROOM_BYTES_MAX).contains(&length) {
            self.reporter.reserve_spare(cost)
        } else {
            None
        }
    }

    /// A body without an announced length has outgrown the cache: whoever reads it goes on at the slowest one's pace,
    /// or is cut off when too many downloads go at such a pace already.
    fn grown_too_big(
        &self,
        flight: FlightId,
        mut writer: Writer,
        bytes: &[u8],
        download: Download,
    ) -> End {
        let Some(_pace) = pace(self) else {
            return End::NoRoom(NO_PACE);
        };
        let Some(room) = self.reporter.reserve(WINDOW_ROOM_BYTES) else {
            return End::NoRoom(NO_MEMORY);
        };
        self.reporter.report(Report::TooBig(flight));
        writer.stop_keeping(WINDOW_BYTES, Ledger::within(room));
        match writer.push(bytes) {
            Ok(()) => self.relay(writer, download),
            Err(WriteError::Abandoned) => End::Left {
                bytes: writer.written(),
            },
        }
    }

    /// Downloads a file that is too big to keep for the one client who reads it.
    fn pass_on(&self, flight: FlightId, download: Download) -> End {
        let Some(_pace) = pace(self) else {
            return End::NoRoom(NO_PACE);
        };
        let Some(room) = self.reporter.reserve(WINDOW_ROOM_BYTES) else {
            return End::NoRoom(NO_MEMORY);
        };
        let (bell, ledger) = (self.bell.clone(), Ledger::within(room));
        let meta = download.meta.clone();
        let (writer, reader) = Writer::window(download.length, WINDOW_BYTES, bell, ledger);
        self.reporter.report(Report::Streaming {
            flight,
            keeping: Keeping::Alone(reader),
            meta,
        });
        self.relay(writer, download)
    }

    /// Counts bytes that have come.
    fn received<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        self.desk.meters.upstream.received.add(bytes.len() as u64);
        bytes
    }

    fn relay(&self, mut writer: Writer, mut download: Download) -> End {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match download.read(&mut piece) {
                Ok(0) => {
                    let bytes = writer.written();
                    writer.finish();
                    return End::Streamed { bytes };
                }
                Ok(count) => {
                    if writer.push(self.received(&piece[..count])) == Err(WriteError::Abandoned) {
                        return End::Left {
                            bytes: writer.written(),
                        };
                    }
                    let_hits_pass();
                }
                Err(error) => return End::Failed(error),
            }
        }
    }
}

/// Called behind every piece of a download. Reading, hashing and copying one takes a tenth of a millisecond, and on a busy
/// core whoever answers hits meanwhile waits for all pieces that have come otherwise. Where another program wants the
/// core, it gets a turn too: beside a busy loop a download of 10 MB takes 95 ms instead of 68.
fn let_hits_pass() {
    thread::yield_now();
}

/// What a download of `length` bytes is expected to take: pieces cost a little more than their bytes, one sixteenth if
/// they are as small as 4 KiB.
fn expected_cost(length: u64) -> u64 {
    length + length / 16 + Chunk::cost(0)
}

/// A place among the downloads that go at the pace of a client.
fn pace(shared: &CrewShared) -> Option<Within<'_>> {
    let (pace, before) = shared.desk.meters.crew.paced.enter();
    (before < shared.paced_max).then_some(pace)
}

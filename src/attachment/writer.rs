//! The one who fills a stream.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::body::Body;
use super::chunk::Chunk;
use super::ledger::{Charge, Ledger};
use super::reader::Reader;
use super::stream::{Alive, Bell, Ending, Next, Node, Shared, Stream, StreamId};
use super::sync::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Receiver, bounded};

/// Why a writer cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// Nobody reads any more, and nobody keeps the bytes.
    Abandoned,
}

/// The one who publishes bytes. Dropping it without [`Writer::finish`] breaks the stream.
#[derive(Debug)]
pub struct Writer {
    tail: Arc<Node>,
    shared: Arc<Shared>,
    room: Receiver<()>,
    ledger: Ledger,
    keeping: Keeping,
    /// The last bytes, held back until the whole body is safe.
    sealed: Option<Chunk>,
    written: u64,
}

#[derive(Debug)]
enum Keeping {
    /// The whole body is kept for the cache; readers may be anywhere in it.
    Whole(Vec<Chunk>),
    /// Only what readers have not yet passed is kept, until it costs about this many bytes.
    Window(u64),
}

impl Writer {
    /// A stream whose bytes are kept whole and handed back by [`Writer::seal`].
    pub fn whole(length: Option<u64>, bell: Arc<dyn Bell>, ledger: Ledger) -> (Writer, Stream) {
        let (writer, root) = Writer::new(length, bell, ledger, Keeping::Whole(Vec::new()));
        writer.shared.readers.fetch_add(1, Ordering::AcqRel);
        let stream = Stream {
            root,
            shared: writer.shared.clone(),
        };
        (writer, stream)
    }

    /// A stream for one reader, of which at most about `window` bytes are in memory at a time: one chunk more.
    pub fn window(
        length: Option<u64>,
        window: u64,
        bell: Arc<dyn Bell>,
        ledger: Ledger,
    ) -> (Writer, Reader) {
        let (writer, root) = Writer::new(length, bell, ledger, Keeping::Window(window));
        let reader = Reader::new(root, writer.shared.clone());
        (writer, reader)
    }

    fn new(
        length: Option<u64>,
        bell: Arc<dyn Bell>,
        ledger: Ledger,
        keeping: Keeping,
    ) -> (Writer, Arc<Node>) {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        // One slot is enough: a signal that somebody freed room is as good as many.
        let (freed, room) = bounded(1);
        let shared = Arc::new(Shared {
            id: StreamId(NEXT.fetch_add(1, Ordering::Relaxed)),
            length,
            bell,
            waiting: AtomicU32::new(0),
            alive: AtomicU64::new(0),
            readers: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
            freed,
        });
        let root = Arc::new(Node::default());
        (
            Writer {
                tail: root.clone(),
                shared,
                room,
                ledger,
                keeping,
                sealed: None,
                written: 0,
            },
            root,
        )
    }

    /// Bytes published so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// From now on keeps only about `window` bytes ahead of the slowest reader, and counts what comes in `ledger`. The
    /// [`Stream`] must be dropped too, or its first chunk holds all others.
    pub fn stop_keeping(&mut self, window: u64, ledger: Ledger) {
        self.keeping = Keeping::Window(window);
        self.ledger = ledger;
    }

    /// Publishes `bytes` and wakes who waits for them. With a window it blocks until there is room.
    ///
    /// # Errors
    /// [`WriteError::Abandoned`] when the bytes are not kept, the last reader has left and no other can come: end the
    /// download.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        if let Keeping::Window(window) = self.keeping {
            self.wait_for_room(window)?;
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let chunk = Chunk::new(bytes, &self.ledger);
        if let Keeping::Whole(chunks) = &mut self.keeping {
            chunks.push(chunk.clone());
        }
        self.append(chunk);
        Ok(())
    }

    /// Takes the last bytes of a body that is kept and hands back the whole of it. Readers get these bytes, and the
    /// end, with [`Writer::finish`]. `room` is as for [`Body::new`]. `None` if the body is not kept.
    pub fn seal(&mut self, last: &[u8], room: Option<Charge>) -> Option<Body> {
        let Keeping::Whole(chunks) = &mut self.keeping else {
            return None;
        };
        let mut chunks = std::mem::take(chunks);
        if !last.is_empty() {
            let chunk = Chunk::new(last, &self.ledger);
            chunks.push(chunk.clone());
            self.sealed = Some(chunk);
        }
        Some(Body::new(chunks, &self.ledger, room))
    }

    /// Ends the stream well: readers get what was sealed, and the end.
    pub fn finish(mut self) {
        if let Some(chunk) = self.sealed.take() {
            self.append(chunk);
        }
        self.publish(Next::End(Ending::Complete));
    }

    fn append(&mut self, chunk: Chunk) {
        self.written += chunk.len() as u64;
        let bytes = Chunk::cost(chunk.len());
        self.shared.alive.fetch_add(bytes, Ordering::Relaxed);
        let node = Arc::new(Node::default());
        let alive = Alive {
            shared: self.shared.clone(),
            bytes,
        };
        self.publish(Next::Chunk {
            chunk,
            _alive: alive,
            node: node.clone(),
        });
        self.tail = node;
    }

    fn wait_for_room(&self, window: u64) -> Result<(), WriteError> {
        loop {
            if self.shared.readers.load(Ordering::Acquire) == 0 {
                return Err(WriteError::Abandoned);
            }
            if self.shared.alive.load(Ordering::Acquire) <= window {
                return Ok(());
            }
            // Bounded by the gate, which drops a reader that makes no progress; the sender lives in `shared`.
            if self.room.recv().is_err() {
                return Err(WriteError::Abandoned);
            }
        }
    }

    fn publish(&self, next: Next) {
        let is_new = self.tail.next.set(next).is_ok();
        debug_assert!(is_new, "published behind the end");
        let gates = self.shared.waiting.swap(0, Ordering::AcqRel);
        if gates != 0 {
            self.shared.bell.ring(gates, self.shared.id);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.tail.next.get().is_none() {
            self.shared.broken.store(true, Ordering::Release);
            self.publish(Next::End(Ending::Broken));
        }
    }
}

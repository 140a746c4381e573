//! The bytes of a file that is still being downloaded: one writer, any number of readers, no locks.
//!
//! Chunks form a list that only grows at its end; a reader holds its place in it, and what every reader has passed
//! and nobody keeps is freed. The writer rings a [`Bell`] when somebody waits, so nobody polls. A stream ends in
//! exactly one way, which readers find in band: [`Ending::Complete`] or [`Ending::Broken`], the latter also when the
//! writer is dropped by a panic.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::chunk::Chunk;
use super::reader::Reader;
use super::sync::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, OnceLock, Sender};

/// Tells streams apart for as long as the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamId(pub(super) u64);

/// Who is woken when a stream has more. Implemented by the gates, which wait for many streams at once.
pub trait Bell: Send + Sync {
    /// Wakes the gates whose bits are set; each looks at its readers of `stream` again.
    fn ring(&self, gates: u32, stream: StreamId);
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every byte that Confluence announced has been published.
    Complete,
    /// The download failed on the way: what was read is not the file, and no client may take it for the file.
    Broken,
}

/// A growing body that can be joined from its first byte while the download runs. As long as it lives, readers may come.
#[derive(Debug)]
pub struct Stream {
    pub(super) root: Arc<Node>,
    pub(super) shared: Arc<Shared>,
}

impl Stream {
    /// Starts reading at the first byte.
    pub fn reader(&self) -> Reader {
        Reader::new(self.root.clone(), self.shared.clone())
    }

    /// The announced length in bytes; `None` for a chunked upstream body.
    pub fn length(&self) -> Option<u64> {
        self.shared.length
    }

    /// Whether its writer has gone without finishing. Set before any reader can see it.
    pub fn is_broken(&self) -> bool {
        self.shared.broken.load(Ordering::Acquire)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.shared.leave();
    }
}

/// What writer, stream and readers have in common.
pub(super) struct Shared {
    pub(super) id: StreamId,
    pub(super) length: Option<u64>,
    pub(super) bell: Arc<dyn Bell>,
    /// A bit per gate that has a reader at the end of the list.
    pub(super) waiting: AtomicU32,
    /// What the chunks cost that some reader, or the stream's owner, still holds, in bytes.
    pub(super) alive: AtomicU64,
    /// Readers, and the stream itself: who has it may make more of them.
    pub(super) readers: AtomicUsize,
    pub(super) broken: AtomicBool,
    pub(super) freed: Sender<()>,
}

impl Shared {
    /// Takes one off those who read, or may make readers.
    pub(super) fn leave(&self) {
        self.readers.fetch_sub(1, Ordering::AcqRel);
        self.room();
    }

    /// Tells the writer that there may be room.
    fn room(&self) {
        // A full channel already carries the same news.
        let _ = self.freed.try_send(());
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("id", &self.id)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// A place in the list.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) next: OnceLock<Next>,
}

/// What stands behind a place.
#[derive(Debug)]
pub(super) enum Next {
    Chunk {
        chunk: Chunk,
        _alive: Alive,
        node: Arc<Node>,
    },
    End(Ending),
}

impl Drop for Node {
    /// Frees a run of nodes in a loop: dropping them one inside the other would overflow the stack.
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(Next::Chunk { node, .. }) = next {
            next = Arc::into_inner(node).and_then(|mut node| node.next.take());
        }
    }
}

/// What a chunk of the list costs, counted in `Shared::alive` until its node goes.
#[derive(Debug)]
pub(super) struct Alive {
    pub(super) shared: Arc<Shared>,
    pub(super) bytes: u64,
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.shared.alive.fetch_sub(self.bytes, Ordering::AcqRel);
        self.shared.room();
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;

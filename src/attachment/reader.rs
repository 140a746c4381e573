//! One of those who read a stream, each at a pace of its own.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::stream::{Ending, Next, Node, Shared, StreamId};

/// What a reader finds at its place.
#[derive(Debug, PartialEq, Eq)]
pub enum Peek<'a> {
    /// These bytes are next.
    Bytes(&'a [u8]),
    /// Nothing yet; ask for the bell with [`Reader::must_wait`].
    Nothing,
    /// Nothing more will come.
    Ended(Ending),
}

/// One client's place in a stream. Dropping it gives up the place.
#[derive(Debug)]
pub struct Reader {
    node: Arc<Node>,
    offset: usize,
    shared: Arc<Shared>,
}

impl Reader {
    pub(super) fn new(node: Arc<Node>, shared: Arc<Shared>) -> Reader {
        shared.readers.fetch_add(1, Ordering::AcqRel);
        Reader {
            node,
            offset: 0,
            shared,
        }
    }

    /// Which stream it reads.
    pub fn stream(&self) -> StreamId {
        self.shared.id
    }

    /// The announced length of the whole stream in bytes.
    pub fn length(&self) -> Option<u64> {
        self.shared.length
    }

    /// Looks at what comes next without taking it.
    pub fn peek(&self) -> Peek<'_> {
        match self.node.next.get() {
            Some(Next::Chunk { chunk, .. }) => Peek::Bytes(&chunk[self.offset..]),
            Some(Next::End(ending)) => Peek::Ended(*ending),
            None => Peek::Nothing,
        }
    }

    /// Calls `each` with the slices that are there, in order, until it returns `false`.
    pub fn slices<'a>(&'a self, mut each: impl FnMut(&'a [u8]) -> bool) {
        let mut node = &self.node;
        let mut offset = self.offset;
        while let Some(Next::Chunk {
            chunk, node: after, ..
        }) = node.next.get()
        {
            if !each(&chunk[offset..]) {
                return;
            }
            node = after;
            offset = 0;
        }
    }

    /// Goes `bytes` further; they must have been seen by [`Reader::peek`] or [`Reader::slices`].
    pub fn advance(&mut self, mut bytes: usize) {
        while 0 < bytes {
            let Some(Next::Chunk { chunk, node, .. }) = self.node.next.get() else {
                debug_assert!(false, "advanced beyond what has arrived");
                return;
            };
            let left = chunk.len() - self.offset;
            if bytes < left {
                self.offset += bytes;
                return;
            }
            bytes -= left;
            self.offset = 0;
            let after = node.clone();
            self.node = after;
        }
    }

    /// Asks to be woken through the bit of `gate` and says whether there is need to: `false` means that something
    /// arrived meanwhile, so look again.
    pub fn must_wait(&self, gate: u32) -> bool {
        self.shared.waiting.fetch_or(1 << gate, Ordering::AcqRel);
        // Writer and reader both change `waiting` before they go on, so one of them sees the other.
        self.node.next.get().is_none()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.shared.leave();
    }
}

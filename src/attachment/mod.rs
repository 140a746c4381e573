//! What every other room talks about: one attachment, its key, its facts and its bytes.
//!
//! This room is the shared vocabulary. It starts no thread, opens no socket and calls nobody; every other room
//! may name it. A [`Key`] is the only way to say which file is meant, [`Meta`] is what Confluence told us about it,
//! and its bytes are either a finished [`Body`] or a [`Stream`] that is still growing.
//!
//! Invariants: a `Key` that exists is valid (no second check anywhere); bytes, once published, never change; every
//! byte alive is counted in a [`Ledger`] until its last reader is gone.

mod body;
mod chunk;
mod key;
mod ledger;
mod memory_file;
mod meta;
mod reader;
mod stream;
mod sync;
mod writer;

pub use body::{Body, FILE_BYTES_MIN};
pub use chunk::Chunk;
pub use key::{Day, FILE_NAME_BYTES_MAX, FileName, Key, KeyError, PageId, encode_segment};
pub use ledger::{Charge, Ledger, in_arc, on_heap};
pub use memory_file::MemoryFile;
pub use meta::{Digest, Meta};
pub use reader::{Peek, Reader};
pub use stream::{Bell, Ending, Stream, StreamId};
pub use writer::{WriteError, Writer};

//! The files of the download fan-out as they ship, with the model checker's primitives in place of the real ones.
//!
//! Every access to one of them is a place where another thread may go on. What the checker does not try are the
//! reorderings of a weak memory: each access is seen by all at once.

#[path = "../../src/attachment/body.rs"]
mod body;
#[path = "../../src/attachment/chunk.rs"]
mod chunk;
#[path = "../../src/attachment/ledger.rs"]
mod ledger;
#[path = "../../src/attachment/memory_file.rs"]
mod memory_file;
#[path = "../../src/attachment/reader.rs"]
mod reader;
#[path = "../../src/attachment/stream.rs"]
mod stream;
mod sync;
#[path = "../../src/attachment/writer.rs"]
mod writer;

pub use body::{Body, FILE_BYTES_MIN};
pub use chunk::Chunk;
pub use ledger::{Charge, Ledger, in_arc, on_heap};
pub use memory_file::MemoryFile;
pub use reader::{Peek, Reader};
pub use stream::{Bell, Ending, Stream, StreamId};
pub use writer::{WriteError, Writer};

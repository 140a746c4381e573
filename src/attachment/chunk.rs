//! A run of bytes in memory of its own.

use std::ops::Deref;
use std::sync::Arc;

use memmap2::{MmapMut, MmapOptions};

use super::ledger::{Charge, Ledger, in_arc, in_pages, on_heap};
use super::stream::Node;

/// From this many bytes on a chunk is a mapping of its own, which the kernel takes back as soon as it is freed. On the
/// heap, where twenty downloads mix them with what lives for hours, most of that memory is never given back: with a
/// budget of 128 MiB it came to 300 MiB under glibc, to 234 with two arenas, and to 134 this way; jemalloc and mimalloc
/// did no better. Smaller ones would cost more in rounding to pages than that.
const MAPPED_BYTES: usize = 16 * 1024;

/// A run of bytes that never changes. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Chunk(Arc<ChunkBytes>);

#[derive(Debug)]
struct ChunkBytes {
    bytes: Memory,
    _charge: Charge,
}

#[derive(Debug)]
enum Memory {
    Heap(Box<[u8]>),
    Mapped(MmapMut),
}

impl Memory {
    fn new(bytes: &[u8]) -> Memory {
        if bytes.len() < MAPPED_BYTES {
            return Memory::Heap(bytes.into());
        }
        // Populated at once: one system call instead of a fault for each page.
        match MmapOptions::new().len(bytes.len()).populate().map_anon() {
            Ok(mut mapped) => {
                mapped.copy_from_slice(bytes);
                Memory::Mapped(mapped)
            }
            Err(_) => Memory::Heap(bytes.into()), // the kernel allows no more mappings
        }
    }
}

impl Chunk {
    /// Takes a copy of `bytes`, exactly as large, and counts it.
    pub fn new(bytes: &[u8], ledger: &Ledger) -> Chunk {
        Chunk(Arc::new(ChunkBytes {
            _charge: ledger.charge(Chunk::cost(bytes.len())),
            bytes: Memory::new(bytes),
        }))
    }

    /// What a chunk of `bytes` occupies: its memory, its counters, and its place in the stream of a download.
    pub const fn cost(bytes: usize) -> u64 {
        let memory = if bytes < MAPPED_BYTES {
            on_heap(bytes)
        } else {
            in_pages(bytes as u64)
        };
        memory + in_arc::<ChunkBytes>() + in_arc::<Node>()
    }
}

impl Deref for Chunk {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0.bytes {
            Memory::Heap(bytes) => bytes,
            Memory::Mapped(bytes) => bytes,
        }
    }
}

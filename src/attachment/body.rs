//! The complete bytes of a file.

use std::ops::Range;
use std::sync::Arc;

use super::chunk::Chunk;
use super::ledger::{Charge, Ledger, on_heap};
use super::memory_file::MemoryFile;

/// The whole of a file, in order. Cloning shares the bytes.
#[derive(Clone, Debug)]
pub struct Body {
    bytes: Bytes,
    length: u64,
}

/// Where the bytes are.
#[derive(Clone, Debug)]
enum Bytes {
    /// In our own memory: small files, which go out together with their head, and those there was no room for twice.
    Chunks(Arc<[Chunk]>),
    /// In a file in memory, which the kernel sends without copying.
    File(Arc<MemoryFile>),
}

/// Length in bytes from which on a body is worth a memory file. Below, one write of a copy costs less than the second
/// system call and what the kernel does for each page it sends from a file: for 100 KB 15 against 22 µs.
pub const FILE_BYTES_MIN: u64 = 256 * 1024;

impl Body {
    /// Puts the chunks of a finished download together. `room`, which must count [`MemoryFile::cost`], lets them be copied
    /// into a memory file; without it, or where the system has none to give, they stay as they are. The pieces of a
    /// small file are copied together: it goes out in one write, and that little needs no room of its own.
    pub fn new(chunks: Vec<Chunk>, ledger: &Ledger, room: Option<Charge>) -> Body {
        let length = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        if let Some(room) = room
            && FILE_BYTES_MIN <= length
            && let Ok(file) = MemoryFile::new(&chunks, room)
        {
            return Body {
                bytes: Bytes::File(Arc::new(file)),
                length,
            };
        }
        let count = chunks.len() as u64;
        let chunks = if length < FILE_BYTES_MIN && 1 < count {
            join(&chunks, ledger)
        } else {
            chunks
        };
        Body {
            bytes: Bytes::Chunks(chunks.into()),
            length,
        }
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether there is not a single byte.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// What it occupies: its bytes and the bookkeeping around them.
    pub fn weight(&self) -> u64 {
        match &self.bytes {
            Bytes::Chunks(chunks) => {
                let list = on_heap(size_of_val(&**chunks));
                list + chunks
                    .iter()
                    .map(|chunk| Chunk::cost(chunk.len()))
                    .sum::<u64>()
            }
            Bytes::File(_) => MemoryFile::cost(self.length),
        }
    }

    /// What a body of `length` bytes occupies as a rule: when there was room for a memory file.
    pub fn usual_weight(length: u64) -> u64 {
        match length {
            0 => on_heap(0),
            1..FILE_BYTES_MIN => on_heap(size_of::<Chunk>()) + Chunk::cost(length as usize),
            FILE_BYTES_MIN.. => MemoryFile::cost(length),
        }
    }

    /// The memory file that holds all of it, if one does. Then there are no slices.
    pub fn file(&self) -> Option<&MemoryFile> {
        match &self.bytes {
            Bytes::Chunks(_) => None,
            Bytes::File(file) => Some(file),
        }
    }

    /// Calls `each` with the slices of `range`, in order, until it returns `false`. There are none of a body that lies
    /// in a [`Body::file`].
    ///
    /// `range` must lie within the body; a part beyond the end is left out.
    pub fn slices<'a>(&'a self, range: Range<u64>, mut each: impl FnMut(&'a [u8]) -> bool) {
        let Bytes::Chunks(chunks) = &self.bytes else {
            return;
        };
        let mut start = 0;
        for chunk in chunks.iter() {
            let end = start + chunk.len() as u64;
            if range.end <= start {
                return;
            }
            if range.start < end {
                let from = range.start.saturating_sub(start) as usize;
                let to = (range.end.min(end) - start) as usize;
                if !each(&chunk[from..to]) {
                    return;
                }
            }
            start = end;
        }
    }
}

fn join(chunks: &[Chunk], ledger: &Ledger) -> Vec<Chunk> {
    let bytes: Vec<u8> = chunks
        .iter()
        .flat_map(|chunk| chunk.iter().copied())
        .collect();
    vec![Chunk::new(&bytes, ledger)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(sizes: &[usize], ledger: &Ledger) -> (Body, Vec<u8>) {
        let mut all = Vec::new();
        let mut chunks = Vec::new();
        for (index, &size) in sizes.iter().enumerate() {
            let bytes: Vec<u8> = (0..size).map(|at| (at * 7 + index) as u8).collect();
            chunks.push(Chunk::new(&bytes, ledger));
            all.extend(bytes);
        }
        (Body::new(chunks, ledger, None), all)
    }

    #[test]
    fn slices_of_any_range_are_the_bytes_of_that_range() {
        for sizes in [
            &[][..],
            &[5],
            &[40_000, 40_000, 1],
            &[1, 2, 3],
            &[300_000, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        ] {
            let (body, all) = body(sizes, &Ledger::default());
            assert_eq!(body.len(), all.len() as u64);
            for start in [0, 1, 2, all.len() / 2, all.len()] {
                for end in [start, start + 1, all.len().saturating_sub(1), all.len()] {
                    let (start, end) = (
                        start.min(all.len()),
                        end.clamp(start.min(all.len()), all.len()),
                    );
                    let mut seen = Vec::new();
                    body.slices(start as u64..end as u64, |slice| {
                        seen.extend_from_slice(slice);
                        true
                    });
                    assert!(
                        seen == all[start..end],
                        "sizes: {sizes:?}, range: {start}..{end}"
                    );
                }
            }
        }
    }

    #[test]
    fn bodies_of_the_right_size_lie_in_a_memory_file_if_there_is_room() {
        let ledger = Ledger::default();
        for (size, in_file) in [(262_143, false), (262_144, true), (9 << 20, true)] {
            let bytes: Vec<u8> = (0..size).map(|at| (at * 7) as u8).collect();
            let chunks = || {
                bytes
                    .chunks(40_000)
                    .map(|chunk| Chunk::new(chunk, &ledger))
                    .collect()
            };
            assert!(
                Body::new(chunks(), &ledger, None).file().is_none(),
                "size: {size}"
            );
            let room = ledger.charge(MemoryFile::cost(size as u64));
            let body = Body::new(chunks(), &ledger, Some(room));
            assert_eq!(body.file().is_some(), in_file, "size: {size}");
            let list = match body.bytes {
                Bytes::Chunks(ref chunks) => on_heap(size_of_val(&**chunks)),
                Bytes::File(_) => 0,
            };
            assert_eq!(ledger.held() + list, body.weight(), "size: {size}");
            assert!((size as u64..size as u64 + size as u64 / 20).contains(&ledger.held()));
            assert!(
                body.file()
                    .is_none_or(|file| file.read(0..size as u64) == bytes)
            );
        }
    }

    #[test]
    fn the_usual_weight_is_that_of_a_body_that_came_as_bodies_do() {
        let ledger = Ledger::default();
        for size in [0, 1, 700, 65_536, 262_143, 262_144, 9 << 20] {
            let bytes = vec![7; size];
            let chunks = bytes
                .chunks(64 * 1024)
                .map(|piece| Chunk::new(piece, &ledger));
            let room = ledger.charge(MemoryFile::cost(size as u64));
            let body = Body::new(chunks.collect(), &ledger, Some(room));
            let usual = Body::usual_weight(size as u64);
            assert_eq!(usual, body.weight(), "size: {size}");
        }
    }

    #[test]
    fn bytes_are_counted_until_the_last_holder_is_gone() {
        let ledger = Ledger::default();
        let (one, _) = body(&[1000, 2000], &ledger);
        let cost = Chunk::cost(3000);
        assert_eq!(ledger.held(), cost);
        let two = one.clone();
        drop(one);
        assert_eq!(ledger.held(), cost);
        drop(two);
        assert_eq!(ledger.held(), 0);
    }
}

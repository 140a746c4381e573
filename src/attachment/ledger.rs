//! What the bytes of attachments cost, counted while anyone holds them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A page of memory in bytes: what a mapping, or a file in memory, is rounded up to.
const PAGE_BYTES: u64 = 4096;

/// The two counters that an `Arc` keeps before what it holds, in bytes.
const ARC_BYTES: usize = 16;

/// What the C library takes for `bytes`: glibc puts 8 bytes before them, rounds up to 16, and gives no less than 32.
pub const fn on_heap(bytes: usize) -> u64 {
    let taken = (bytes as u64 + 8).next_multiple_of(16);
    if taken < 32 { 32 } else { taken }
}

/// The same for a `T` in an `Arc`.
pub const fn in_arc<T>() -> u64 {
    on_heap(size_of::<T>() + ARC_BYTES)
}

/// What the kernel takes for a mapping, or a file in memory, of `bytes`.
pub const fn in_pages(bytes: u64) -> u64 {
    bytes.next_multiple_of(PAGE_BYTES)
}

/// Counts what attachments take of this process's memory, whoever holds them: cache, download or client.
///
/// Each [`Charge`] is the real allocation and not only the payload: [`on_heap`], [`in_arc`] and [`in_pages`] say how
/// much that is.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Account>);

#[derive(Debug, Default)]
struct Account {
    held: AtomicU64,
    /// What counts this ledger's bytes in another one, until the last of them is gone.
    _within: Option<Charge>,
}

impl Ledger {
    /// A ledger for bytes that `room` has counted already, all of them together.
    pub fn within(room: Charge) -> Ledger {
        Ledger(Arc::new(Account {
            held: AtomicU64::new(0),
            _within: Some(room),
        }))
    }

    /// Bytes alive now.
    pub fn held(&self) -> u64 {
        self.0.held.load(Ordering::Relaxed)
    }

    /// Counts `bytes` until the returned charge is dropped.
    pub fn charge(&self, bytes: u64) -> Charge {
        self.0.held.fetch_add(bytes, Ordering::Relaxed);
        Charge {
            ledger: self.clone(),
            bytes,
        }
    }
}

/// Some bytes counted in a [`Ledger`]; dropping it takes them off again.
#[derive(Debug)]
pub struct Charge {
    ledger: Ledger,
    bytes: u64,
}

impl Charge {
    /// Takes `bytes` off, because they are counted elsewhere now.
    pub fn shrink(&mut self, bytes: u64) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.ledger.0.held.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes still counted.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.ledger.0.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allocation_is_counted_with_its_header_and_rounding() {
        for (bytes, taken) in [(0, 32), (24, 32), (25, 48), (1000, 1008), (1001, 1024)] {
            assert_eq!(on_heap(bytes), taken, "bytes: {bytes}");
        }
        assert_eq!(in_arc::<[u8; 100]>(), 128);
        assert_eq!(
            (in_pages(1), in_pages(4096), in_pages(4097)),
            (4096, 4096, 8192)
        );
    }

    #[test]
    fn bytes_within_a_room_hold_it_and_count_once() {
        let whole = Ledger::default();
        let part = Ledger::within(whole.charge(100));
        let some = part.charge(70);
        drop(part);
        assert_eq!(whole.held(), 100);
        drop(some);
        assert_eq!(whole.held(), 0);
    }
}

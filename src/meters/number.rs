//! One number: of one thread, or of many.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that somebody counts in and anybody reads.
pub trait Number: Default {
    /// Adds to it.
    fn add(&self, more: u64);

    /// The number now.
    fn get(&self) -> u64;
}

/// A number that one thread writes and any thread reads. To count is a load, an addition and a store: no other core is
/// asked. Two writers would lose counts, never more than that.
#[derive(Default)]
pub struct Own(AtomicU64);

impl Own {
    /// Takes some back.
    pub fn take(&self, less: u64) {
        self.set(self.get().wrapping_sub(less));
    }

    /// Replaces it.
    pub fn set(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }
}

impl Number for Own {
    fn add(&self, more: u64) {
        self.set(self.get().wrapping_add(more));
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that any thread writes and reads.
#[derive(Default)]
pub struct Shared(AtomicU64);

impl Shared {
    /// Adds one, until what is returned is dropped. With it comes how many there were before.
    pub fn enter(&self) -> (Within<'_>, u64) {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        (Within(self), before)
    }
}

impl Number for Shared {
    fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One that is counted in a [`Shared`] until this is dropped.
#[derive(Debug)]
pub struct Within<'a>(&'a Shared);

impl Drop for Within<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

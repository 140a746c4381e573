//! Crowds before the program in a process of its own: thousands of connections at once, and what everybody else feels.
//!
//! A test program apart from `tests/it`, because it measures time: cargo runs one test program after the other.

mod bounds; // seats, addresses and descriptors run out, and come back
mod hits; // how fast hits are while thousands of others are there
mod measured; // a program and how long its hits take
mod multitude; // thousands of clients on one thread

#[expect(
    dead_code,
    unused_imports,
    reason = "there is one support for all test programs, and none uses all of it"
)]
#[path = "../it/support/mod.rs"]
mod support;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Held by each test while it runs: they measure time and take thousands of descriptors.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Raises this process's limit of open files to what the system allows, and says how much that is.
fn descriptors_max() -> u32 {
    let limit = rlimit::increase_nofile_limit(u64::MAX).expect("a limit");
    u32::try_from(limit).unwrap_or(u32::MAX)
}

//! Panics on demand, so that tests can see what a panic costs.
//!
//! A debug build can be told to panic, once, at a named point of one of its threads. In a release build a point is
//! nothing at all and there is nothing to arm: `tests/run` looks for the word in the program that ships.

#[cfg(debug_assertions)]
use std::sync::OnceLock;
#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicBool, Ordering};

/// The environment variable that names the point, read by `main.rs` of a debug build.
#[cfg(debug_assertions)]
pub const VARIABLE: &str = "SABOTAGE_AT";

/// The one point that is armed, and whether somebody has come to it.
#[cfg(debug_assertions)]
static ARMED: OnceLock<(String, AtomicBool)> = OnceLock::new();

/// Makes the first thread that comes to `point` panic there. Only the first call counts.
#[cfg(debug_assertions)]
pub fn arm(point: String) {
    ARMED.get_or_init(|| (point, AtomicBool::new(false)));
}

/// A place where a debug build may be told to panic.
#[cfg(debug_assertions)]
pub(crate) fn point(name: &str) {
    if let Some((armed, passed)) = ARMED.get()
        && armed == name
        && !passed.swap(true, Ordering::Relaxed)
    {
        panic!("sabotage at {name}");
    }
}

/// A place where a debug build may be told to panic; here it is nothing.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub(crate) fn point(_: &str) {}

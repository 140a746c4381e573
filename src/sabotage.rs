//! Panics and hangs on demand, so that tests can see what they cost.
//!
//! A debug build can be told to panic or to hang, once, at a named point of one of its threads. In a release build a point
//! is nothing at all and there is nothing to arm: `tests/run` looks for the word in the program that ships.

#[cfg(debug_assertions)]
use std::sync::OnceLock;
#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicBool, Ordering};

/// The environment variable that says what and where, read by `main.rs` of a debug build: `POINT`, or
/// `POINT hangs with FILE`.
#[cfg(debug_assertions)]
pub const VARIABLE: &str = "SABOTAGE_AT";

/// Stands between a point and the file with which it hangs.
#[cfg(debug_assertions)]
const HANGS: &str = " hangs with ";

/// The one point that is armed.
#[cfg(debug_assertions)]
static ARMED: OnceLock<Armed> = OnceLock::new();

#[cfg(debug_assertions)]
struct Armed {
    point: String,
    /// The file that must be there for a hang: then a service can run for a while before. `None`: it is a panic.
    file: Option<String>,
    has_happened: AtomicBool,
}

/// Makes the first thread that comes to a point panic or hang there. Only the first call counts.
#[cfg(debug_assertions)]
pub fn arm(what: String) {
    let (point, file) = match what.split_once(HANGS) {
        Some((point, file)) => (point.to_owned(), Some(file.to_owned())),
        None => (what, None),
    };
    ARMED.get_or_init(|| Armed {
        point,
        file,
        has_happened: AtomicBool::new(false),
    });
}

/// A place where a debug build may be told to panic or to hang.
#[cfg(debug_assertions)]
pub(crate) fn point(name: &str) {
    let Some(armed) = ARMED.get().filter(|armed| armed.point == name) else {
        return;
    };
    let is_time = |file: &String| std::fs::exists(file).is_ok_and(|it| it);
    if !armed.file.as_ref().is_none_or(is_time) || armed.has_happened.swap(true, Ordering::Relaxed)
    {
        return;
    }
    if armed.file.is_none() {
        panic!("sabotage at {name}");
    }
    log::error!("sabotage at {name}: this thread hangs");
    loop {
        std::thread::park();
    }
}

/// A place where a debug build may be told to panic or to hang; here it is nothing.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub(crate) fn point(_: &str) {}

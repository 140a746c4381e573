//! The log: lines for the operator on stderr, and no thread that serves clients ever waits for them.
//!
//! Everybody uses the macros of `log`. `env_logger` decides by RUST_LOG what is wanted and hands whole lines to
//! `LogSink`, which puts them into a channel and counts those that do not fit. [`LogActor`] alone writes, on the
//! thread `log`, as much as is waiting with one write. `main.rs` calls [`prepare`] once; `server.rs` runs the actor.
//! The access log beside it, if it is wanted, goes the same way to a file or to stdout: gates note each [`Visit`] with
//! [`Access`], and [`AccessActor`] alone writes, on the thread `access`.
//! Invariants: nothing at level TRACE comes out, whatever RUST_LOG says, because the HTTP client shows there what it
//! sends, the account included, and nothing of tiny_http, which knows of no trouble that an operator could have; a
//! message is one line, whatever clients put into names.
//! Bounds: `LINES_MAX` lines of `LINE_BYTES_MAX` bytes; `BYTES_MAX` of the access log. The global logger is never dropped, so the end is said:
//! [`LogHandle::close`].

mod access;
mod filter;
mod line;
mod open;
mod sink;
mod visit;

pub use access::{Access, AccessActor, AccessHandle, open_access};
pub use line::Style;
pub use open::{lines_dropped, prepare};
pub use sink::{LogActor, LogHandle};
pub use visit::{End, Visit};

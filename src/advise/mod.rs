//! The command `advise`: what hit ratio the operator's own log would give at other values of `CACHE_MAX_BYTES`.
//!
//! `main.rs` hands in the log and calls [`run`], which reads it line by line, replays its requests against the store of
//! the service ([`cache::Replay`](crate::cache::Replay)) once for each of [`BUDGETS`], and says what came of it, as
//! lines. Reading order: `moment` (the time in front of a line), `line` (what a line says), `history` (all of them), `trial`
//! (the replays), `report` (the words).
//!
//! Invariants: no line is kept; a request takes 12 bytes, a file its key's text three times. Whatever a log holds,
//! reading it goes on to its end. What is printed of it holds no control character.

mod history;
mod line;
mod moment;
#[cfg(any(test, fuzzing))]
mod properties;
mod report;
mod run;
mod trial;

#[cfg(fuzzing)]
pub use properties::reading;
pub use run::{AdviceError, run};
pub use trial::BUDGETS;

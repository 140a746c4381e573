//! The command `check`: looks at what stands between this service and Confluence, step by step, and says what is wrong
//! and what to do about it, one line per step.
//!
//! `main.rs` calls [`run`] and prints each line as it comes; the last word is a [`Verdict`], which becomes the exit
//! code. Sockets are opened by [`confluence::Examiner`](crate::confluence::Examiner) only; here it is decided what is
//! asked next and what each answer means.
//!
//! Invariants: the login is tested once, and only after everything before it was good; a page is looked at only after
//! the login was not refused; no secret, no query and no control character is in any line. Bounds: the time limits of
//! the settings, some ten seconds for the version, `FILES_SHOWN_MAX` files of a page.

mod findings;
mod page;
mod report;
mod run;

pub use findings::Memory;
pub use report::Verdict;
pub use run::{Task, refuse, run};

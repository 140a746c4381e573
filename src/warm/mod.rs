//! The command that has the files of pages fetched before anybody asks for them: it asks the running service, follows
//! what that does, and says how it ended. It is no part of the service, and needs no account.
//!
//! Runs on the main thread and blocks. A service on this host is found by its own settings; it is asked where these put
//! it, under the name that people know. Its certificate is not looked at then: nothing secret is sent, and whoever holds
//! its port on this very host needs none to be believed. A service that is named with `--url` shows one that the system
//! trusts.
//!
//! Bounds: one question at a time, `ANSWER_BYTES_MAX`, and a time-out for every step of it.

mod client;
mod progress;
mod report;
mod run;

pub use client::Service;
pub use run::{Said, Task, Verdict, run};

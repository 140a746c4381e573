//! The way of an operator's command to the running service. It is no part of the service, and needs no account.
//!
//! Runs on the thread of the command and blocks. A service on this host is found by its own settings; it is asked where
//! these put it, under the name that people know. Its certificate is not looked at then: nothing secret is sent, and
//! whoever holds its port on this very host needs none to be believed. A service that is named with `--url` shows one
//! that the system trusts.
//!
//! Bounds: one question at a time, `ANSWER_BYTES_MAX`, and the time that the command gives each question.

mod agent;
mod service;

pub use service::{Answer, Client, NoAnswer, Service};

//! The command that has the files of pages fetched before anybody asks for them: it asks the running service, follows
//! what that does, and says how it ended. It is no part of the service, and needs no account.
//!
//! Runs on the main thread and blocks, at most `ANSWER` for each question.

mod progress;
mod question;
mod report;
mod run;

pub use run::{Said, Task, Verdict, run};

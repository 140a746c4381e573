//! The words on the command line, and the text that explains them.
//!
//! `main.rs` hands in the words and acts on the [`Command`]; a [`UsageError`] ends in exit 64. Pure: nothing is printed
//! here. The settings come from the environment, never from the command line, so that no secret shows in a process
//! list; [`help_text`] lists them from the table that the parser uses.

mod help;
mod words;

pub use help::{VERSION, help, help_text};
pub use words::{Command, Topic, UsageError, parse};

//! A sample Confluence: one small server that answers as Confluence Data Center does, and fails as it does.
//!
//! The `demo` command shows the proxy in front of it, the integration tests and the bench use it as their origin. It
//! is a Confluence, not a part of the proxy: it names no other room, and none names it but `main.rs`.
//!
//! Threads: `demo-accept` takes connections, `demo-N` holds one conversation each. Everything ends when the
//! [`SampleConfluence`] is dropped. Bounds: `CONNECTIONS_MAX`, `HEAD_BYTES_MAX`, `EXCHANGES_MAX`.
//!
//! Reading order: [`SampleConfluence`] (the public verbs), `listener` (threads and their end), `conversation` (one
//! connection), `target` (what is asked for), `scripts` (which [`Behaviour`] is in force), `site` (what is known), then
//! `data_center`, `download`, `rest`, `pages` and `faults` (request -> answer), `play` (answer and behaviour -> bytes on the wire).

mod account;
mod answer;
mod behaviour;
mod content;
mod conversation;
mod data_center;
mod download;
mod faults;
mod file;
mod journal;
mod json;
mod latch;
mod listener;
mod options;
mod pages;
mod play;
mod request;
mod rest;
mod sample_confluence;
mod samples;
mod scripts;
mod site;
mod target;

#[cfg(test)]
mod client_for_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_behaviours;
#[cfg(test)]
mod tests_of_content;

pub use behaviour::{Behaviour, Fault};
pub use file::File;
pub use journal::Exchange;
pub use latch::Latch;
pub use options::Options;
pub use sample_confluence::SampleConfluence;
pub use samples::{Sample, SamplePage, sample_pages, samples};

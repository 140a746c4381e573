//! A sample Confluence: one small server that answers as Confluence Data Center or Cloud does, and fails as they do.
//!
//! The `demo` command shows the proxy in front of it, the integration tests and the bench use it as their origin. It
//! is a Confluence, not a part of the proxy: it names no other room, and none names it but `main.rs`.
//!
//! Threads: `demo-accept` takes connections, `demo-N` holds one conversation each; for Cloud `demo-media` and
//! `demo-media-N` do the same on a port of their own. Everything ends when the [`SampleConfluence`] is dropped. Bounds:
//! `CONNECTIONS_MAX`, `HEAD_BYTES_MAX`, `EXCHANGES_MAX`, `GRANTS_MAX`.
//!
//! Reading order: [`SampleConfluence`] (the public verbs), `listener` (threads and their end), `conversation` (one
//! connection), `target` (what is asked for), `scripts` (which [`Behaviour`] is in force), `site` (what both products
//! share); from request to answer: `data_center` and `download`, or `cloud` and `media`, and for both `rest`, `pages`
//! and `faults`; for people who want to see it fail `switchboard` and `switch`; `play` (answer and behaviour -> bytes on the wire). What is served is in `content` and `file`.

mod account;
mod answer;
mod behaviour;
mod cloud;
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
mod media;
mod options;
mod pages;
mod play;
mod request;
mod rest;
mod sample_confluence;
mod samples;
mod scripts;
mod site;
mod switch;
mod switchboard;
mod target;

#[cfg(test)]
mod client_for_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_behaviours;
#[cfg(test)]
mod tests_of_cloud;
#[cfg(test)]
mod tests_of_content;
#[cfg(test)]
mod tests_of_faults;

pub use behaviour::{Behaviour, Fault};
pub use file::File;
pub use journal::Exchange;
pub use latch::Latch;
pub use options::{Kind, Options};
pub use sample_confluence::SampleConfluence;
pub use samples::{Sample, SamplePage, sample_pages, samples};
pub use switchboard::Neighbour;

//! The other side: asks Confluence for files as the one account, and believes nothing it answers.
//!
//! Called by the fetch crew on its own threads; every call blocks. Starts no thread and keeps nothing but open
//! connections, one resolved name and a few cookies. The only room that names the HTTP library.
//!
//! Invariants: the account goes to the configured origin and nowhere else (no redirect is followed, no proxy taken
//! from the environment); an address is built from validated parts only; no byte of an answer goes on before its head
//! and first bytes are judged; a body is complete at its announced length or its last chunk, never because a
//! connection ended; no secret, query or text of Confluence is in any error, `Debug` or log line. A request is
//! repeated only when its connection was dead before an answer, and never more than once.
//!
//! Bounds: `CONFLUENCE_CONNECT_TIMEOUT_SECONDS`, `CONFLUENCE_READ_TIMEOUT_SECONDS` per silence, 32 KiB of head, 8 KiB
//! of a refused answer. Connections at once are as many as callers. Ends by [`Confluence::interrupt`].

mod address;
mod agent;
mod answer;
mod download;
mod error;
mod failure;
mod fetch;
mod jar;
mod redirect;
mod resolver;
mod watch;

#[cfg(test)]
mod peer;
#[cfg(test)]
mod tls_tests;

pub use download::Download;
pub use error::{Breakage, Fault, Obstacle, Phase, Refusal, SetupError, UpstreamError};
pub use fetch::Confluence;

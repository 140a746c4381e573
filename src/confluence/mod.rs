//! The other side: asks Confluence as the one account, and believes nothing it answers.
//!
//! Called by the fetch crew and the account's keeper on their own threads; every call blocks. Starts no thread and keeps
//! nothing but open connections, resolved names, a few cookies, and for some seconds or minutes what was looked up. The
//! only room that names the HTTP library.
//!
//! Invariants: every question passes the account guard, and none passes while it is shut; the account goes to the
//! configured origin and nowhere else (no redirect is followed with it, no proxy taken from the environment); an address
//! is built from validated parts only; no byte of an answer goes on before its head and first bytes are judged; a body is
//! complete at its announced length or its last chunk, never because a connection ended; no secret, query or text of
//! Confluence is in any error, `Debug` or log line. A request is repeated only when its connection was dead before an
//! answer, and never more than once.
//!
//! Bounds: `CONFLUENCE_CONNECT_TIMEOUT_SECONDS`, `CONFLUENCE_READ_TIMEOUT_SECONDS` per silence, 32 KiB of head, 8 KiB
//! of a refused answer, 1 MiB of a listing, 64 KiB of another document. Connections at once are as many as callers. Ends by
//! [`Confluence::interrupt`].
//!
//! Reading order: `client` (every question passes the guard), `guard` (may it?), `turn` (what came of it), `line` (one question, one judged
//! answer), `answer` and `signs` (what an answer is), `fetch` (from a key to bytes), `lookup` (REST), `media` (Cloud's
//! bytes); `examine` (the way there, step by step, for `check` only).

mod address;
mod agent;
mod answer;
mod call;
mod client;
mod counting;
mod download;
mod error;
mod examine;
mod expectation;
mod failure;
mod fetch;
mod guard;
mod jar;
mod line;
mod lookup;
mod manifest;
mod media;
mod memory;
mod metadata;
mod moment;
mod name;
mod news;
#[cfg(any(test, fuzzing))]
mod properties;
mod redirect;
mod resolver;
mod shelf;
mod signs;
mod turn;
mod watch;
mod words;

#[cfg(test)]
mod peer;
#[cfg(test)]
mod reach_tests;
#[cfg(test)]
mod tls_tests;
#[cfg(test)]
mod trust_tests;

pub use client::Confluence;
pub use download::Download;
pub use error::{Away, Breakage, Fault, Hop, Obstacle, Phase, Refusal, SetupError, UpstreamError};
pub use examine::{Connected, Examiner, Reached, Way};
pub use fetch::Refreshed;
pub use line::{Clocks, Login};
pub use lookup::Listed;
pub use manifest::Manifest;
pub use metadata::PagePlace;
pub use news::{News, ReplaceError, Trouble};
#[cfg(fuzzing)]
pub use properties::{answer, cookies, retry_after};

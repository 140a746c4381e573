//! What a client gets: status, header fields and slices of bytes, decided without touching anything.
//!
//! Workers call the free functions here with what the cache or a download gave them and with what the client asked
//! for ([`Wish`]); the [`Reply`] travels to the gate that owns the client's socket. [`stored`] answers from a finished
//! file, [`streamed`] from one that is still arriving, [`problem`] when there is no file, [`document`], [`options`] and
//! [`no_content`] for everything that is not an attachment.
//!
//! Invariants: nothing of Confluence's header fields passes through here as text, not even the media type, which is
//! looked up in a table; no client input reaches a header field unescaped; nothing waits, logs or reads a clock.

mod conditional;
mod disposition;
mod document;
mod etag;
mod form;
mod head;
mod multipart;
mod offer;
mod origin;
mod payload;
mod policy;
mod problem;
#[cfg(any(test, fuzzing))]
mod properties;
mod range;
mod stored;
mod streamed;
mod wish;

pub use document::{Document, document, no_content, options, tagged_document};
pub use form::{Form, form};
pub use origin::{CacheName, Freshness, Origin, Provenance};
pub use payload::{Note, Part, Payload, Reply};
pub use problem::{Display, Problem, problem};
#[cfg(fuzzing)]
pub use properties::ranges;
pub use stored::{StoredFile, stored};
pub use streamed::{StreamedFile, streamed};
pub use wish::Wish;

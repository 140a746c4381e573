//! From links of Confluence to links of this service: what people paste, read, explained and replaced.
//!
//! The start page and the commands `link` and `rewrite` make a [`Translator`] of Confluence's base address and of our
//! own. It finds the links in whatever text there is ([`Translator::read`]), says what each of them is ([`Meaning`]),
//! and replaces those of files in a document ([`Rewriter`]). Reading order: `link` (what a link can be), `base` (whose
//! it is), `meaning` and `tiny` (what Confluence means by it), `path` (what we call the same), `scan` (where links are),
//! `reading` (what was pasted), `encoding` and `rewriter` (what comes back) and `explanation` (for people). `translator` is the door.
//!
//! Invariants: each path that is made here is read back by the [`router`](crate::router) as the same key, and is plain
//! ASCII that no markup needs to quote. What is no link of a file is left as it is, byte by byte, in whatever encoding,
//! and so is a link whose bytes may mean another file in the encoding of its document.
//! Nobody is asked: what an address does not say stays unknown, and is explained. Bounds: `LINK_BYTES_MAX`,
//! `ATTRIBUTE_BYTES_MAX`, beyond which text is no link.

mod base;
mod encoding;
mod entities;
mod explanation;
mod link;
mod meaning;
mod path;
#[cfg(any(test, fuzzing))]
mod properties;
mod reading;
mod rewriter;
mod scan;
#[cfg(test)]
mod tests;
mod tiny;
mod translator;

pub use encoding::Utf16;
pub use explanation::Explanation;
pub use link::{File, Kind, Link, Meaning, Mistake};
#[cfg(fuzzing)]
pub use properties::pasting;
pub use reading::Reading;
pub use rewriter::{Rewriter, Rewritten};
pub use translator::Translator;

//! Reads a request line: which file, page or deed an address means.
//!
//! Workers call [`route`] with the method and the target as the gate wrote it: in origin form (or `*`), ASCII, every
//! byte of the path percent-encoded but unreserved ones, `/` and `+`. A raw `+` is kept by the gate, because only
//! here it is known whether it means itself or a space. Segments are decoded exactly once and then parsed into a
//! [`Key`](crate::attachment::Key), which is valid for ever.
//!
//! Invariants: an address has one meaning or none; what is not understood is refused with a reason, never guessed.
//! Confluence's own links work below the base path, as they are, with Confluence's base URL replaced by ours.
//!
//! # What a front hashes
//!
//! Several instances add up their caches, and Confluence is asked once for each file, if all addresses of a file lead to the
//! same instance. Addresses with the same key agree in two things, so a front hashes these and nothing else:
//!
//! - the path, percent-decoded once, without the base path and without `download/attachments/`; below `/download/` a raw `+`
//!   is a space, unless the query has `api=v2`;
//! - `version`, if the query has one.
//!
//! All other parameters are left out: dates and the like name no other file, and the sizes of a thumbnail may lie together.
//! Two spellings have the same key and another hash, which costs a second fetch and nothing else: leading zeros in a page id
//! or a version, and escapes in what needs none, as in `%76ersion=3`. Neither Confluence nor a browser writes them. The
//! examples in `packaging/haproxy` and `packaging/nginx` leave those zeros out as well, and take every `+` for a space: files
//! whose names differ only there share an instance.

mod chinese;
#[cfg(any(test, fuzzing))]
mod properties;
mod query;
mod reading;
mod route;
#[cfg(test)]
mod tests;

#[cfg(fuzzing)]
pub use properties::meaning;
pub use reading::{ALLOW, route};
pub use route::{Forget, Method, Nowhere, Reason, Route};

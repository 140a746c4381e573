//! Reads a request line: which file, page or deed an address means.
//!
//! Workers call [`route`] with the method and the target as the gate wrote it: in origin form (or `*`), ASCII, every
//! byte of the path percent-encoded but unreserved ones, `/` and `+`. A raw `+` is kept by the gate, because only
//! here it is known whether it means itself or a space. Segments are decoded exactly once and then parsed into a
//! [`Key`](crate::attachment::Key), which is valid for ever.
//!
//! Invariants: an address has one meaning or none; what is not understood is refused with a reason, never guessed.
//! Confluence's own links work below the base path, as they are, with Confluence's base URL replaced by ours.

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

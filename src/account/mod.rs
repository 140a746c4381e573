//! The account's keeper, thread `account`: sees to it that the one login is tested, and that a new secret is taken.
//!
//! It tests the login at the start, so that an operator reads in the log what is wrong before the first user does. It
//! looks at the files of the secret every half minute, reads them again when one has changed or when somebody asks
//! (SIGHUP), tests the new account once and puts it into force only if Confluence takes it. While the guard is shut it
//! tests the refused account when its pause is over. It downloads nothing and keeps nothing; it blocks only in
//! questions to Confluence, which have time limits.
//!
//! Invariant: no secret is tried twice in vain without a pause or a wish in between. It ends when the last
//! [`AccountHandle`] is dropped.

mod keeper;
mod secrets;

pub use keeper::{AccountActor, AccountHandle, open};
pub use secrets::{Found, Secrets, Stamp};

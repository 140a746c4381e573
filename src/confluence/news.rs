//! What others hear of the account and of Confluence (pure): news, troubles, and why a change was not made.

use std::fmt;
use std::time::Instant;

use super::error::{Refusal, SetupError, UpstreamError};
use super::line::Login;

/// What the account's keeper should hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A login was accepted.
    Accepted(Login),
    /// The account was refused, and the guard has shut.
    Shut(Refusal),
}

/// What somebody who watches over Confluence should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The account was refused, and nothing is asked.
    Shut {
        /// How it was refused.
        why: Refusal,
        /// When it is tested again without anybody doing something about it; `None` is never.
        next_test: Option<Instant>,
    },
    /// The last question got no answer.
    Unanswered(UpstreamError),
}

/// Why other settings were not put into force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplaceError {
    /// They cannot work.
    Setup(SetupError),
    /// Confluence refuses that account, or could not be asked.
    Upstream(UpstreamError),
}

impl From<SetupError> for ReplaceError {
    fn from(error: SetupError) -> ReplaceError {
        ReplaceError::Setup(error)
    }
}

impl From<UpstreamError> for ReplaceError {
    fn from(error: UpstreamError) -> ReplaceError {
        ReplaceError::Upstream(error)
    }
}

impl fmt::Display for ReplaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplaceError::Setup(error) => error.fmt(f),
            ReplaceError::Upstream(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ReplaceError {}

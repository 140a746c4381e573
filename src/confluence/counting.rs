//! As what a question to Confluence is counted, and what came of it (pure).

use super::address::Question;
use super::error::{Away, UpstreamError};
use crate::meters::{self, Answer};

/// The kind of a question.
pub(super) fn kind(question: &Question<'_>) -> meters::Question {
    match question {
        Question::File { .. } | Question::Download { .. } | Question::Thumbnail { .. } => {
            meters::Question::File
        }
        Question::Who => meters::Question::Login,
        Question::Attachments { .. } | Question::Content { .. } | Question::Find { .. } => {
            meters::Question::Metadata
        }
    }
}

/// The kind of what came of it.
pub(super) fn answer(error: Option<&UpstreamError>) -> Answer {
    let Some(error) = error else {
        return Answer::Good;
    };
    match error {
        UpstreamError::NotFound | UpstreamError::Forbidden | UpstreamError::OutOfScope => {
            Answer::Missing
        }
        UpstreamError::Refused(_) | UpstreamError::Guarded { .. } => Answer::Refused,
        UpstreamError::Busy { .. } | UpstreamError::Paused { .. } => Answer::Busy,
        UpstreamError::TimedOut { .. } | UpstreamError::MediaAway(Away::Silent) => Answer::TimedOut,
        UpstreamError::Unreachable(_)
        | UpstreamError::MediaAway(Away::Unreachable(_))
        | UpstreamError::Broken(_) => Answer::Unreachable,
        UpstreamError::Moved { .. }
        | UpstreamError::Failing { .. }
        | UpstreamError::Unusable(_)
        | UpstreamError::Media { .. }
        | UpstreamError::Hop(_)
        | UpstreamError::Odd { .. } => Answer::Failed,
        UpstreamError::Interrupted => Answer::Interrupted,
    }
}

//! What a question expects of its answer (pure).

use super::address::Question;
use super::answer::Kind;

/// Longest listing that is read, in bytes: one of 200 files has some 400 KiB. As many are in memory at once as there are
/// connections.
const LISTING_BYTES_MAX: usize = 1024 * 1024;

/// Longest other document that is read, in bytes: they have some 2 KiB.
const DOCUMENT_BYTES_MAX: usize = 64 * 1024;

/// What a good answer to it is.
pub(super) fn kind<'a>(question: &Question<'a>) -> Kind<'a> {
    match *question {
        Question::File { key, unless } => Kind::File {
            name: key.name().as_str(),
            conditional: unless.is_some(),
        },
        Question::Download { name, .. } | Question::Thumbnail { name, .. } => Kind::Signed {
            name: name.as_str(),
        },
        Question::Who
        | Question::Attachments { .. }
        | Question::Content { .. }
        | Question::Find { .. } => Kind::Document,
    }
}

/// Whether no file can be had without this question: a token without the scope for it is a refused account. The others
/// have scopes of their own.
pub(super) fn is_needed(question: &Question<'_>) -> bool {
    match question {
        Question::File { .. } | Question::Attachments { .. } | Question::Download { .. } => true,
        Question::Who
        | Question::Content { .. }
        | Question::Find { .. }
        | Question::Thumbnail { .. } => false,
    }
}

/// The entity tag that it carries.
pub(super) fn unless<'a>(question: &Question<'a>) -> Option<&'a str> {
    match *question {
        Question::File { unless, .. } => unless,
        Question::Who
        | Question::Attachments { .. }
        | Question::Content { .. }
        | Question::Find { .. }
        | Question::Download { .. }
        | Question::Thumbnail { .. } => None,
    }
}

/// Longest document that answers it, in bytes.
pub(super) fn bytes_max(question: &Question<'_>) -> usize {
    match question {
        Question::Attachments { .. } => LISTING_BYTES_MAX,
        Question::Who
        | Question::Content { .. }
        | Question::Find { .. }
        | Question::File { .. }
        | Question::Download { .. }
        | Question::Thumbnail { .. } => DOCUMENT_BYTES_MAX,
    }
}

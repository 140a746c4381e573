//! What the client asked for beside the file itself.

use std::sync::Arc;

/// The honoured part of a request's header fields, owned, because it is parked while a download starts.
///
/// Made by a worker from a parsed request; every field is the client's text, unchecked.
#[derive(Clone, Debug)]
pub struct Wish {
    /// HEAD: the same head, no body.
    pub head: bool,
    /// `download=true`: to be saved, whatever its type.
    pub download: bool,
    /// `Range`.
    pub range: Option<Box<str>>,
    /// `If-Range`.
    pub if_range: Option<Box<str>>,
    /// `If-None-Match`, several fields joined by commas.
    pub if_none_match: Option<Box<str>>,
    /// `If-Modified-Since`.
    pub if_modified_since: Option<Box<str>>,
    /// `Accept`, several fields joined by commas; decides the form of a problem only.
    pub accept: Option<Box<str>>,
    /// `Accept-Language`, the same; decides the language of a problem that somebody sees.
    pub accept_language: Option<Box<str>>,
    /// What the access log calls it, as one escaped field.
    pub subject: Arc<str>,
}

impl Wish {
    /// A plain GET of `subject`, without conditions.
    pub fn plain(subject: Arc<str>) -> Wish {
        Wish {
            head: false,
            download: false,
            range: None,
            if_range: None,
            if_none_match: None,
            if_modified_since: None,
            accept: None,
            accept_language: None,
            subject,
        }
    }
}

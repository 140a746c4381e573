//! What an address and a method can mean.

use std::fmt;

use super::query::THUMBNAIL_PIXELS_MAX;
use crate::attachment::{Key, KeyError, PageId};

/// The methods of this service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Get it.
    Get,
    /// Get what GET would say about it.
    Head,
    /// Forget the copy that is kept.
    Delete,
    /// Send a form, or start something.
    Post,
    /// Ask what is possible.
    Options,
}

/// What a request means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// GET or HEAD of a file.
    Attachment {
        /// Which one.
        key: Key,
        /// To be saved, not shown.
        download: bool,
    },
    /// The page for people: GET, HEAD, and POST of its form.
    Home,
    /// The files of a page: GET and HEAD.
    Gallery(PageId),
    /// POST: fetch the files of a page before anybody asks for them.
    Warm(PageId),
    /// The picture that browsers show beside the title of a file that is opened by itself.
    Icon,
    /// Whether the process is alive.
    Health,
    /// Whether it takes traffic.
    Ready {
        /// Whether Confluence is part of the question.
        upstream: bool,
    },
    /// How the service is doing, for operators.
    Status,
    /// What is counted, for Prometheus.
    Metrics,
    /// DELETE.
    Forget(Forget),
    /// OPTIONS.
    Options {
        /// The methods of this address.
        allow: &'static str,
    },
    /// 405: the address exists, but not for this method.
    MethodNotAllowed {
        /// The methods of this address.
        allow: &'static str,
    },
    /// 404: no such address.
    NotFound(Nowhere),
    /// 400: nearly an address.
    Bad(Reason),
}

/// Which copies to forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forget {
    /// The one of this address.
    File(Key),
    /// All of a page.
    Page(PageId),
}

/// Why nothing lives at an address; `Display` says where things live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nowhere {
    /// Below `/download/`, but no form of attachment link.
    Download,
    /// Anywhere else.
    Elsewhere,
}

impl fmt::Display for Nowhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Nowhere::Download => {
                "of Confluence's links these work: /download/attachments/{page id}/{file name}, \
                 /download/thumbnails/{page id}/{file name}, \
                 /download/attachments/embedded-page/{space}/{title}/{file name} and \
                 /download/attachments/embedded-blogpost/{space}/{year}/{month}/{day}/{title}/{file name}"
            }
            Nowhere::Elsewhere => {
                "files live at {base path}/{page id}/{file name} and at \
                 {base path}/download/attachments/{page id}/{file name}"
            }
        })
    }
}

/// Why an address is refused; the client gets the text of `Display` with a 400.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Neither a path nor, for OPTIONS, `*`.
    Target,
    /// A `%` without two hexadecimal digits behind it.
    Escape,
    /// `//`.
    EmptySegment,
    /// More segments behind the page id than a file name.
    Segments,
    /// `;jsessionid=`, which an application server appended.
    Session,
    /// The page id or a name is not valid.
    Key(KeyError),
    /// A version that is not 1 to 4294967295.
    Version,
    /// A width or height that is not 1 to 4096.
    Pixels {
        /// `width` or `height`.
        name: &'static str,
    },
    /// A `download` other than `true` or `false`.
    Download,
    /// A parameter that selects something, twice.
    Repeated {
        /// Which one.
        name: &'static str,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Target => write!(f, "the request target is not a path"),
            Reason::Escape => write!(
                f,
                "a % in an address needs two hexadecimal digits behind it, a % itself is %25"
            ),
            Reason::EmptySegment => write!(f, "the address has an empty segment (//)"),
            Reason::Segments => write!(
                f,
                "behind the page id there is one file name, without a / in it"
            ),
            Reason::Session => write!(
                f,
                "the address carries a session (;jsessionid=), leave that part out"
            ),
            Reason::Key(error) => error.fmt(f),
            Reason::Version => write!(f, "version is a number from 1 to {}", u32::MAX),
            Reason::Pixels { name } => {
                write!(f, "{name} is a number from 1 to {THUMBNAIL_PIXELS_MAX}")
            }
            Reason::Download => write!(f, "download is true or false"),
            Reason::Repeated { name } => write!(f, "the parameter {name} is there twice"),
        }
    }
}

impl From<KeyError> for Reason {
    fn from(error: KeyError) -> Reason {
        Reason::Key(error)
    }
}

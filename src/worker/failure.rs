//! From what went wrong to what the client reads (pure).
//!
//! The operator's words, with hosts and settings, go to the log; a client gets the kind of trouble and whom to ask.

use std::borrow::Cow;
use std::fmt::Display;
use std::time::Duration;

use crate::confluence::{Away, Fault, UpstreamError};
use crate::reply::Problem;

/// When to come back after a failure that may pass quickly.
const SOON: Duration = Duration::from_secs(5);

const NO_ACCOUNT: &str =
    "Confluence does not accept the proxy's account (it shows a login instead)";

const OPERATOR: &str = "tell the operator of this proxy; its log says what to do";
const LATER: &str = "try again in a moment";
const LATER_OR_OPERATOR: &str =
    "try again in a moment; if it stays so, tell the operator of this proxy";

/// Why a download failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Confluence, or the way to it.
    Upstream(UpstreamError),
    /// The operator does not publish this page, or its space.
    NotPublished,
    /// Too many wait for the fetch crew.
    Crowded,
    /// A bug of ours.
    Internal,
}

/// What the client reads about a failed download.
pub(super) fn problem(failure: &Failure) -> Problem {
    match failure {
        Failure::Upstream(UpstreamError::NotFound) => make(
            404,
            "Confluence has no such attachment, or the proxy's account may not see it",
            "check the file name and that the number is the page's id, not the attachment's own",
        ),
        Failure::Upstream(
            UpstreamError::TimedOut { .. } | UpstreamError::MediaAway(Away::Silent),
        ) => make(504, "Confluence did not answer in time", LATER),
        Failure::Upstream(
            UpstreamError::Busy { retry_after } | UpstreamError::Paused { retry_after },
        ) => unavailable(
            *retry_after,
            "Confluence limits how often it may be asked",
            "try again later",
        ),
        Failure::Upstream(UpstreamError::Guarded { retry_after, .. }) => {
            unavailable(*retry_after, NO_ACCOUNT, OPERATOR)
        }
        Failure::Upstream(UpstreamError::Interrupted) => stopping(),
        Failure::Upstream(error) => bad_gateway(error),
        Failure::NotPublished => not_published(),
        Failure::Crowded => busy(),
        Failure::Internal => internal(),
    }
}

/// What the client reads about a page whose files cannot be listed.
pub(super) fn listing_problem(failure: &Failure) -> Problem {
    match failure {
        Failure::Upstream(UpstreamError::NotFound) => make(
            404,
            "Confluence has no such page, or the proxy's account may not see it",
            "check that the number is the page's id: the one behind pageId= or /pages/ in its address",
        ),
        Failure::Upstream(UpstreamError::Forbidden) => make(
            502,
            "Confluence forbids the proxy's account this page",
            "ask for the page's restrictions to admit the proxy's account",
        ),
        Failure::Upstream(_) | Failure::NotPublished | Failure::Crowded | Failure::Internal => {
            problem(failure)
        }
    }
}

/// The operator has said which spaces and pages this service shows, and this is none of them.
pub(super) fn not_published() -> Problem {
    make(
        403,
        "this proxy does not publish attachments of this page",
        "open the link in Confluence itself, or ask the operator of this proxy to publish the page or its space",
    )
}

/// Confluence answered something that is not the file, or not at all.
fn bad_gateway(error: &UpstreamError) -> Problem {
    let failing;
    let (detail, remedy) = match error {
        UpstreamError::Forbidden => (
            "Confluence forbids the proxy's account this attachment",
            "ask for a copy, or for the page's restrictions to admit the proxy's account",
        ),
        UpstreamError::Refused(_) | UpstreamError::Guarded { .. } => (NO_ACCOUNT, OPERATOR),
        UpstreamError::Moved { .. } => (
            "Confluence answered with a redirect instead of the file",
            OPERATOR,
        ),
        UpstreamError::Unreachable(_) | UpstreamError::MediaAway(_) => {
            ("Confluence cannot be reached", LATER_OR_OPERATOR)
        }
        UpstreamError::Failing { status } => {
            failing = format!("Confluence failed with status {status}");
            (failing.as_str(), LATER_OR_OPERATOR)
        }
        UpstreamError::Broken(_) => ("Confluence ended the file before its end", LATER),
        UpstreamError::Unusable(Fault::Maintenance) => {
            ("Confluence is being maintained", "try again later")
        }
        UpstreamError::OutOfScope => (
            "the proxy's token may not ask Confluence this",
            "use the address with the page's id; else tell the operator of this proxy",
        ),
        UpstreamError::Media { .. } | UpstreamError::Hop(_) => (
            "Confluence did not say properly where the file is",
            LATER_OR_OPERATOR,
        ),
        UpstreamError::Unusable(_)
        | UpstreamError::Odd { .. }
        | UpstreamError::NotFound
        | UpstreamError::TimedOut { .. }
        | UpstreamError::Busy { .. }
        | UpstreamError::Paused { .. }
        | UpstreamError::Interrupted => (
            "Confluence answered something that is not the file",
            OPERATOR,
        ),
    };
    make(502, detail.to_owned(), remedy)
}

/// A bug of ours.
pub(super) fn internal() -> Problem {
    make(
        500,
        "something went wrong inside the proxy",
        "try again; if it stays so, tell the operator of this proxy, whose log has the details",
    )
}

/// Too many downloads wait, or there is no memory for one more.
pub(super) fn busy() -> Problem {
    unavailable(
        SOON,
        "too many files are being fetched at this moment",
        "try again in a few seconds",
    )
}

/// The service takes no more work.
pub(super) fn stopping() -> Problem {
    unavailable(SOON, "the proxy is stopping", LATER)
}

/// More pages are being warmed than can be remembered.
pub(super) fn too_many_jobs() -> Problem {
    unavailable(
        SOON,
        "too many pages are being warmed",
        "try again when some of them are done",
    )
}

/// A job that never was, or is forgotten.
pub(super) fn no_such_job() -> Problem {
    make(
        404,
        "no such job is known for this page",
        "start another one: POST without a job",
    )
}

fn unavailable(retry_after: Duration, detail: &'static str, remedy: &'static str) -> Problem {
    Problem {
        retry_after: Some(retry_after),
        ..make(503, detail, remedy)
    }
}

/// Purging by somebody who is no operator.
pub(super) fn not_an_operator() -> Problem {
    make(
        403,
        "copies can be removed only from the proxy's own host, or from where its operator allows it",
        "send the DELETE to its loopback address, or have your address added to PROXY_ADMIN_ALLOW",
    )
}

/// An address that has other methods.
pub(super) fn method(allow: &'static str) -> Problem {
    let detail = format!("this address answers {allow}");
    Problem {
        allow: Some(allow),
        ..make(405, detail, "use one of these methods")
    }
}

/// No such address.
pub(super) fn nowhere(why: &impl Display, base_path: &str) -> Problem {
    make(
        404,
        why.to_string().replace("{base path}", base_path),
        format!("the page at {base_path}/ explains the addresses"),
    )
}

/// Nearly an address.
pub(super) fn bad_request(why: &impl Display) -> Problem {
    make(
        400,
        why.to_string(),
        "correct the address; names are percent-encoded UTF-8",
    )
}

/// The registered words for a status that this room gives.
fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Internal Server Error",
    }
}

fn make(
    status: u16,
    detail: impl Into<Cow<'static, str>>,
    remedy: impl Into<Cow<'static, str>>,
) -> Problem {
    let (title, detail, remedy) = (title(status).into(), detail.into(), remedy.into());
    Problem {
        status,
        title,
        detail,
        remedy,
        retry_after: None,
        allow: None,
    }
}

//! The answers a gate gives by itself, without asking anybody behind it.

use std::time::{Duration, SystemTime};

use super::target::BadTarget;

/// What clients may do here, as the `Allow` field says it.
pub(super) const ALLOW: &str = "GET, HEAD, POST, DELETE, OPTIONS";

/// Why a request, or a whole connection, goes no further than the gate. Each is one status and one sentence; the
/// connection is closed behind it, because where the next request would begin is not certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 400: the head is not HTTP/1.x as RFC 9112 writes it.
    Malformed(&'static str),
    /// 405: not one of [`ALLOW`].
    Method,
    /// 408: the head did not arrive in time.
    Slow,
    /// 413: the request carries a body that is no form.
    Body,
    /// 413: the form is longer than 256 KiB.
    FormTooLarge,
    /// 414: the target is longer than 8 KiB.
    TargetTooLong,
    /// 415: a body that is no form.
    MediaType,
    /// 417: an `Expect` we do not know.
    Expectation,
    /// 431: the head is longer than 16 KiB.
    HeadTooLarge,
    /// 431: more than 100 header fields.
    TooManyFields,
    /// 503: too many requests under way.
    Busy,
    /// 503: the service stops, and the answer has not come in time.
    Stopping,
    /// 503: too many client connections.
    Crowded,
    /// 503: too many connections from this one address.
    AddressCrowded,
    /// 505: not HTTP/1.0 or HTTP/1.1.
    Version,
}

/// When to come back after a 503 of the gate: load passes quickly.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Refusal {
    /// The status code and its reason phrase (RFC 9110 section 15).
    pub(super) fn status(self) -> (u16, &'static str) {
        match self {
            Refusal::Malformed(_) => (400, "Bad Request"),
            Refusal::Method => (405, "Method Not Allowed"),
            Refusal::Slow => (408, "Request Timeout"),
            Refusal::Body | Refusal::FormTooLarge => (413, "Content Too Large"),
            Refusal::MediaType => (415, "Unsupported Media Type"),
            Refusal::TargetTooLong => (414, "URI Too Long"),
            Refusal::Expectation => (417, "Expectation Failed"),
            Refusal::HeadTooLarge | Refusal::TooManyFields => {
                (431, "Request Header Fields Too Large")
            }
            Refusal::Busy | Refusal::Stopping | Refusal::Crowded | Refusal::AddressCrowded => {
                (503, "Service Unavailable")
            }
            Refusal::Version => (505, "HTTP Version Not Supported"),
        }
    }

    /// What the client reads, and the log says.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Refusal::Malformed(reason) => reason,
            Refusal::Method => "only GET, HEAD, POST, DELETE and OPTIONS are answered here",
            Refusal::Slow => "the request head did not arrive within 10 seconds",
            Refusal::Body => {
                "a body is accepted with POST only, with a Content-Length and not in chunks"
            }
            Refusal::FormTooLarge => {
                "the form is larger than 256 KiB; confluence-attachment-proxy rewrite takes documents of any size"
            }
            Refusal::MediaType => {
                "a POST carries a form (application/x-www-form-urlencoded) or nothing"
            }
            Refusal::TargetTooLong => "the address is longer than 8 KiB",
            Refusal::Expectation => "the only Expect that is understood is 100-continue",
            Refusal::HeadTooLarge => "the request head is larger than 16 KiB",
            Refusal::TooManyFields => "the request has more than 100 header fields",
            Refusal::Busy => "too many requests are under way, try again in a moment",
            Refusal::Stopping => "the proxy is stopping, try again in a moment",
            Refusal::Crowded => {
                "too many connections, try again in a moment; the operator can raise PROXY_MAX_CONNECTIONS"
            }
            Refusal::AddressCrowded => "too many connections from your address, close some",
            Refusal::Version => "only HTTP/1.0 and HTTP/1.1 are spoken here",
        }
    }

    /// The whole answer as it goes onto the wire; `bodiless` after HEAD.
    pub(super) fn answer(self, bodiless: bool, now: SystemTime) -> Vec<u8> {
        let (status, phrase) = self.status();
        let extra = match self {
            Refusal::Method => format!("Allow: {ALLOW}\r\n"),
            Refusal::Busy | Refusal::Stopping | Refusal::Crowded | Refusal::AddressCrowded => {
                format!("Retry-After: {}\r\n", RETRY_AFTER.as_secs())
            }
            Refusal::Malformed(_)
            | Refusal::Slow
            | Refusal::Body
            | Refusal::FormTooLarge
            | Refusal::MediaType
            | Refusal::TargetTooLong
            | Refusal::Expectation
            | Refusal::HeadTooLarge
            | Refusal::TooManyFields
            | Refusal::Version => String::new(),
        };
        let text = format!("{status} {phrase}: {}\n", self.reason());
        format!(
            "HTTP/1.1 {status} {phrase}\r\nDate: {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{extra}Connection: close\r\n\r\n{}",
            httpdate::fmt_http_date(now),
            text.len(),
            if bodiless { "" } else { &text },
        )
        .into_bytes()
    }
}

impl From<BadTarget> for Refusal {
    fn from(bad: BadTarget) -> Refusal {
        match bad {
            BadTarget::Form => {
                Refusal::Malformed("the request target must start with / (or be http://host/…)")
            }
            BadTarget::Escape => Refusal::Malformed(
                "a % in the address must be followed by two hexadecimal digits; write %25 for a percent sign",
            ),
            BadTarget::Fragment => {
                Refusal::Malformed("a # cannot stand in a request; write %23 for a number sign")
            }
            BadTarget::TooLong => Refusal::TargetTooLong,
        }
    }
}

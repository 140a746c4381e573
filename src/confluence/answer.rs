//! Whether an answer is the file: the decision table, as a pure function of what was asked and what came back.
//!
//! Confluence rarely says 401. A refused account looks like a redirect, a web page with status 200, or a good answer
//! whose `X-Seraph-LoginReason` is not `OK`; so every answer is judged before a single byte of it goes on.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ureq::http::HeaderMap;
use ureq::http::header;

use super::error::{Fault, Refusal, UpstreamError};
use super::redirect::Target;
use crate::attachment::Meta;

/// What of a `Retry-After` is obeyed, in seconds. Confluence is known to send 2^63 - 1 here.
const RETRY_AFTER_SECONDS: std::ops::RangeInclusive<u64> = 1..=300;

/// The pause after a 429 that names none.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(30);

/// Longest media type that is kept, in bytes; real ones are shorter than 130.
const MEDIA_TYPE_BYTES_MAX: usize = 255;

/// 2000-01-01 in seconds: an older `Last-Modified` is Confluence's way of knowing nothing.
const LAST_MODIFIED_MIN: Duration = Duration::from_secs(946_684_800);

/// Parts of paths on which logins live, below Confluence itself: single sign-on apps redirect to the same host.
const LOGIN_WORDS: [&str; 8] = [
    "login", "logon", "signin", "sign-in", "saml", "sso", "oidc", "oauth",
];

/// Endings of names whose content is never a web page. Office formats are missing: `.xls` and `.doc` often are HTML.
const NEVER_HTML: [&str; 27] = [
    "png", "jpg", "jpeg", "gif", "bmp", "webp", "avif", "ico", "tif", "tiff", "pdf", "zip", "gz",
    "7z", "rar", "jar", "docx", "xlsx", "pptx", "mp3", "mp4", "mov", "avi", "webm", "wav", "ogg",
    "exe",
];

/// Endings of names whose content may be a web page.
const HTML: [&str; 5] = ["html", "htm", "xhtml", "xht", "shtml"];

/// What was asked for, as far as the judgement needs it.
pub(super) struct Asked<'a> {
    /// The host of `CONFLUENCE_URL`, without port.
    pub(super) host: &'a str,
    /// The path of the request.
    pub(super) path: &'a str,
    /// The file's name, decoded.
    pub(super) name: &'a str,
}

/// What came back.
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) headers: &'a HeaderMap,
    /// The first bytes of the body; empty while only the head is judged.
    pub(super) start: &'a [u8],
}

/// Says whether `answer` is the file, and if not, what it is instead. Any error of the head alone is final; a head
/// that passes must be judged once more with the first bytes.
pub(super) fn judge(asked: &Asked, answer: &Answer, now: SystemTime) -> Result<(), UpstreamError> {
    if let Some(refusal) = refusal_in_headers(answer.headers) {
        return Err(UpstreamError::Refused(refusal));
    }
    let status = answer.status;
    match status {
        200 => judge_file(asked, answer),
        300..=399 => Err(judge_redirect(asked, answer)),
        401 => Err(UpstreamError::Refused(Refusal::Unauthorized)),
        403 => Err(judge_forbidden(answer.start)),
        404 => Err(UpstreamError::NotFound),
        429 => Err(UpstreamError::Busy {
            retry_after: retry_after(answer.headers, now).unwrap_or(RETRY_AFTER_DEFAULT),
        }),
        503 => Err(match retry_after(answer.headers, now) {
            Some(retry_after) => UpstreamError::Busy { retry_after },
            None => UpstreamError::Failing { status },
        }),
        500..=599 => Err(UpstreamError::Failing { status }),
        _ => Err(UpstreamError::Odd { status }),
    }
}

/// What outlives a good answer.
pub(super) fn meta(headers: &HeaderMap) -> Meta {
    let date = |name| text(headers, name).and_then(|text| httpdate::parse_http_date(text).ok());
    Meta {
        media_type: text(headers, "content-type")
            .filter(|media_type| (1..=MEDIA_TYPE_BYTES_MAX).contains(&media_type.len()))
            .map(Box::from),
        last_modified: date("last-modified").filter(|&date| UNIX_EPOCH + LAST_MODIFIED_MIN <= date),
        date: date("date"),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// The signs that hold whatever the status is.
fn refusal_in_headers(headers: &HeaderMap) -> Option<Refusal> {
    if let Some(reason) = headers.get("x-authentication-denied-reason") {
        let captcha = reason
            .to_str()
            .is_ok_and(|reason| has(reason.as_bytes(), "captcha"));
        return Some(if captcha {
            Refusal::Captcha
        } else {
            Refusal::Unknown
        });
    }
    headers
        .get_all("x-seraph-loginreason")
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("?").split(','))
        .map(str::trim)
        .filter(|reason| !reason.is_empty())
        .find_map(|reason| match reason.to_ascii_uppercase().as_str() {
            "OK" => None,
            "AUTHENTICATED_FAILED" | "OUT" => Some(Refusal::Password),
            "AUTHENTICATION_DENIED" => Some(Refusal::Captcha),
            "AUTHORISATION_FAILED" => Some(Refusal::NotPermitted),
            _ => Some(Refusal::Unknown),
        })
}

fn judge_file(asked: &Asked, answer: &Answer) -> Result<(), UpstreamError> {
    let media_type = text(answer.headers, "content-type").unwrap_or_default();
    let is_html_type = starts(media_type.as_bytes(), "text/html")
        || starts(media_type.as_bytes(), "application/xhtml+xml");
    let is_html = looks_like_html(answer.start);
    let ending = asked.name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_one_of = |endings: &[&str]| endings.iter().any(|e| e.eq_ignore_ascii_case(ending));
    // Confluence sends every file with this header, and no login page has it.
    if !answer.headers.contains_key(header::CONTENT_DISPOSITION) {
        if is_html_type || (is_html && !is_one_of(&HTML)) {
            return Err(UpstreamError::Refused(Refusal::LoginPage));
        }
    } else if is_html && is_one_of(&NEVER_HTML) {
        // Somebody uploaded a web page as a picture. That is this file's fault, not the account's.
        return Err(UpstreamError::Unusable(Fault::Page));
    }
    if is_coded(answer.headers) {
        return Err(UpstreamError::Unusable(Fault::Coded));
    }
    Ok(())
}

/// Whether the bytes are not the file's own: compressed for the way, unasked.
fn is_coded(headers: &HeaderMap) -> bool {
    let is_foreign = |name: header::HeaderName, known: &[&str]| {
        headers
            .get_all(name)
            .iter()
            .flat_map(|value| value.to_str().unwrap_or("?").split(','))
            .map(str::trim)
            .any(|coding| {
                !coding.is_empty() && !known.iter().any(|k| k.eq_ignore_ascii_case(coding))
            })
    };
    is_foreign(header::CONTENT_ENCODING, &["identity"])
        || is_foreign(header::TRANSFER_ENCODING, &["chunked", "identity"])
}

fn judge_redirect(asked: &Asked, answer: &Answer) -> UpstreamError {
    let status = answer.status;
    let location = answer.headers.get_all(header::LOCATION).iter().next_back();
    let Some(location) = location.filter(|_| !matches!(status, 300 | 304)) else {
        return UpstreamError::Odd { status };
    };
    let target = Target::parse(&String::from_utf8_lossy(location.as_bytes()));
    let page = target.path().rsplit('/').next().unwrap_or_default();
    if page.eq_ignore_ascii_case("attachmentnotfound.action") {
        return UpstreamError::NotFound;
    }
    if page.eq_ignore_ascii_case("login.action") {
        return UpstreamError::Refused(Refusal::LoginRedirect);
    }
    let is_same_path = target.path().ends_with(asked.path);
    if let Some(host) = target.foreign_host(asked.host) {
        // Only a lasting redirect of the very same path is Confluence preferring another name.
        if !(is_same_path && matches!(status, 301 | 308)) {
            return UpstreamError::Refused(Refusal::SingleSignOn { host: host.into() });
        }
    } else if !is_same_path
        && LOGIN_WORDS
            .iter()
            .any(|word| has(target.path().as_bytes(), word))
    {
        return UpstreamError::Refused(Refusal::LoginRedirect);
    }
    UpstreamError::Moved {
        to: target.to_string().into(),
    }
}

/// Only the body of a 403 says what it is about.
fn judge_forbidden(body: &[u8]) -> UpstreamError {
    if has(body, "basic auth") && has(body, "disabled") {
        return UpstreamError::Refused(Refusal::BasicDisabled);
    }
    if has(body, "captcha") {
        return UpstreamError::Refused(Refusal::Captcha);
    }
    UpstreamError::Forbidden
}

/// Seconds or a date; a date counts from the answer's own, because clocks differ.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = text(headers, "retry-after")?;
    let seconds = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        value.parse().unwrap_or(u64::MAX)
    } else {
        let until = httpdate::parse_http_date(value).ok()?;
        let now = text(headers, "date")
            .and_then(|date| httpdate::parse_http_date(date).ok())
            .unwrap_or(now);
        until.duration_since(now).unwrap_or_default().as_secs()
    };
    Some(Duration::from_secs(seconds.clamp(
        *RETRY_AFTER_SECONDS.start(),
        *RETRY_AFTER_SECONDS.end(),
    )))
}

/// Whether a body begins as a web page, behind byte order mark, white space, comments and an XML declaration.
fn looks_like_html(start: &[u8]) -> bool {
    let mut rest = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    loop {
        rest = rest.trim_ascii_start();
        let end = if rest.starts_with(b"<!--") {
            "-->"
        } else if rest.starts_with(b"<?xml") {
            "?>"
        } else {
            break;
        };
        match find(rest, end) {
            Some(at) => rest = &rest[at + end.len()..],
            None => return false,
        }
    }
    ["<!doctype html", "<html", "<head"]
        .iter()
        .any(|tag| starts(rest, tag))
}

fn starts(bytes: &[u8], prefix: &str) -> bool {
    bytes
        .get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

fn has(bytes: &[u8], word: &str) -> bool {
    find(bytes, word).is_some()
}

fn find(bytes: &[u8], word: &str) -> Option<usize> {
    bytes
        .windows(word.len())
        .position(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;

//! The signs by which an answer of Confluence is told apart (pure): header fields and first bytes, one question each.

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use ureq::http::{HeaderMap, HeaderName, header};

use super::error::Refusal;

/// What of a `Retry-After` is obeyed, in seconds. Confluence is known to send 2^63 - 1 here.
const RETRY_AFTER_SECONDS: RangeInclusive<u64> = 1..=300;

/// Words by which a page says that it stands in for a Confluence that is being worked on.
const MAINTENANCE_WORDS: [&str; 7] = [
    "maintenance",
    "being maintained",
    "temporarily unavailable",
    "will be back",
    "wartung",
    "维护",
    "升级中",
];

/// Words of pages that want a login. A page with one of them is never taken for a notice of maintenance.
const LOGIN_MARKS: [&str; 5] = ["log in", "login", "password", "signin", "sign in"];

/// Fields that Confluence itself puts into its answers, and nothing before it or in its place does.
const MARKS: [&str; 7] = [
    "x-arequestid",
    "x-confluence-request-time",
    "x-seraph-loginreason",
    "x-ausername",
    "x-asen",
    "x-confluence-cluster-node",
    "atl-traceid",
];

/// Whether Confluence itself has answered: it says so in its fields, or speaks JSON.
pub(super) fn is_marked(headers: &HeaderMap) -> bool {
    MARKS.iter().any(|mark| headers.contains_key(*mark)) || is_json_type(headers)
}

/// The trimmed text of a header field.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// A date in a header field.
pub(super) fn date(headers: &HeaderMap, name: &str) -> Option<SystemTime> {
    text(headers, name).and_then(|text| httpdate::parse_http_date(text).ok())
}

/// The refusals that a header field names, whatever the status is.
pub(super) fn refusal(headers: &HeaderMap) -> Option<Refusal> {
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
    login_reasons(headers).find_map(|reason| match reason.to_ascii_uppercase().as_str() {
        "OK" => None,
        "AUTHENTICATED_FAILED" | "OUT" => Some(Refusal::Password),
        "AUTHENTICATION_DENIED" => Some(Refusal::Captcha),
        "AUTHORISATION_FAILED" => Some(Refusal::NotPermitted),
        _ => Some(Refusal::Unknown),
    })
}

/// Whether Confluence says in so many words that the login was good.
pub(super) fn is_accepted(headers: &HeaderMap) -> bool {
    login_reasons(headers).any(|reason| reason.eq_ignore_ascii_case("ok"))
}

fn login_reasons(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all("x-seraph-loginreason")
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("?").split(','))
        .map(str::trim)
        .filter(|reason| !reason.is_empty())
}

/// Seconds or a date; a date counts from the answer's own, because clocks differ.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = text(headers, "retry-after")?;
    let seconds = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        value.parse().unwrap_or(u64::MAX)
    } else {
        let until = httpdate::parse_http_date(value).ok()?;
        let now = date(headers, "date").unwrap_or(now);
        until.duration_since(now).unwrap_or_default().as_secs()
    };
    let (least, most) = (RETRY_AFTER_SECONDS.start(), RETRY_AFTER_SECONDS.end());
    Some(Duration::from_secs(seconds.clamp(*least, *most)))
}

/// Whether a media type is that of a web page. Neither bytes beyond ASCII behind it nor another field before it hide it.
pub(super) fn is_html_type(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONTENT_TYPE).iter().any(|value| {
        let media_type = value.as_bytes().trim_ascii();
        starts(media_type, "text/html") || starts(media_type, "application/xhtml+xml")
    })
}

/// Whether the media type is JSON, a problem document included.
pub(super) fn is_json_type(headers: &HeaderMap) -> bool {
    let media_type = text(headers, "content-type").unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    starts(essence.as_bytes(), "application/") && has(essence.as_bytes(), "json")
}

/// Whether the bytes are not the file's own: compressed for the way, unasked.
pub(super) fn is_coded(headers: &HeaderMap) -> bool {
    let is_foreign = |name: HeaderName, known: &[&str]| {
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

/// Whether a body begins as a web page, behind byte order mark, white space, comments and an XML declaration.
pub(super) fn looks_like_html(start: &[u8]) -> bool {
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

/// Whether the beginning of a web page says that Confluence is being worked on, and not that it wants a login.
pub(super) fn is_maintenance(start: &[u8]) -> bool {
    let says = |words: &[&str]| words.iter().any(|word| has(start, word));
    says(&MAINTENANCE_WORDS) && !says(&LOGIN_MARKS)
}

/// Whether `bytes` begin with `prefix`, in any case.
pub(super) fn starts(bytes: &[u8], prefix: &str) -> bool {
    bytes
        .get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

/// Whether `word` is somewhere in `bytes`, in any case.
pub(super) fn has(bytes: &[u8], word: &str) -> bool {
    find(bytes, word).is_some()
}

fn find(bytes: &[u8], word: &str) -> Option<usize> {
    bytes
        .windows(word.len())
        .position(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

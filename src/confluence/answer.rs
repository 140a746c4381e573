//! What an answer is: the decision table, as one pure function of what was asked and what came back.
//!
//! Confluence rarely says 401. A refused account looks like a redirect, a web page with status 200, or a good answer
//! whose `X-Seraph-LoginReason` is not `OK`; so every answer is judged before a single byte of it goes on.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use percent_encoding::percent_decode_str;
use ureq::http::{HeaderMap, Response, header};

use super::error::{Fault, Refusal, UpstreamError};
use super::name::is_same;
use super::redirect::Target;
use super::signs::{self, has, text};
use crate::attachment::Meta;

/// The pause after a 429 that names none.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(30);

/// Longest media type that is kept, in bytes; real ones are shorter than 130.
const MEDIA_TYPE_BYTES_MAX: usize = 255;

/// Longest entity tag that is kept and sent back, in bytes.
const ETAG_BYTES_MAX: usize = 255;

/// 2000-01-01 in seconds: an older `Last-Modified` is Confluence's way of knowing nothing.
const LAST_MODIFIED_MIN: Duration = Duration::from_secs(946_684_800);

/// Parts of paths on which logins live, below Confluence itself: single sign-on apps redirect to the same host.
const LOGIN_WORDS: [&str; 8] = [
    "login", "logon", "signin", "sign-in", "saml", "sso", "oidc", "oauth",
];

/// Endings of names whose content is never a web page.
const NEVER_HTML: [&str; 27] = [
    "png", "jpg", "jpeg", "gif", "bmp", "webp", "avif", "ico", "tif", "tiff", "pdf", "zip", "gz",
    "7z", "rar", "jar", "docx", "xlsx", "pptx", "mp3", "mp4", "mov", "avi", "webm", "wav", "ogg",
    "exe",
];

/// Endings of names whose content may be a web page.
const HTML: [&str; 5] = ["html", "htm", "xhtml", "xht", "shtml"];

/// Endings of names whose content often is a web page, although the name says otherwise.
const OLD_OFFICE: [&str; 6] = ["doc", "dot", "xls", "xlt", "ppt", "mht"];

/// What was asked for, as far as the judgement needs it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// What a good answer is.
    pub(super) kind: Kind<'a>,
    /// The host of `CONFLUENCE_URL`, without port.
    pub(super) host: &'a str,
    /// The path of the request below the base address.
    pub(super) path: &'a str,
}

/// What a good answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// The bytes of a file of this decoded name.
    File {
        name: &'a str,
        /// Whether "unchanged" is an answer as well: the question carried an entity tag.
        conditional: bool,
    },
    /// The same, or a redirect to where the bytes are, which Cloud always sends.
    Signed { name: &'a str },
    /// The bytes at the end of such a redirect, asked for without the account.
    Media { name: &'a str },
    /// A JSON document.
    Document,
}

/// What came back.
#[derive(Clone, Copy, Debug)]
struct Answer<'a> {
    status: u16,
    headers: &'a HeaderMap,
    /// The first bytes of the body; empty while only the head is judged.
    start: &'a [u8],
}

/// The head of an answer, kept while its body is read.
pub(super) struct Head {
    status: u16,
    pub(super) headers: HeaderMap,
    /// When it came.
    pub(super) came: SystemTime,
}

impl Head {
    pub(super) fn of<B>(response: &Response<B>, came: SystemTime) -> Head {
        Head {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            came,
        }
    }

    /// Judges it with the first bytes of its body; none while only the head is known.
    pub(super) fn judge(&self, asked: &Asked, start: &[u8]) -> Result<Verdict, UpstreamError> {
        let answer = Answer {
            status: self.status,
            headers: &self.headers,
            start,
        };
        judge(asked, &answer, self.came)
    }
}

/// What a good answer turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The file, or the document: its bytes may go on.
    Content,
    /// The copy that we have is still current.
    Unchanged,
    /// The bytes are where `Location` says.
    Elsewhere,
}

/// Says what `answer` is. Any error of the head alone is final, unless [`wants_body`] says otherwise; a head that
/// passes must be judged once more with the first bytes.
fn judge(asked: &Asked, answer: &Answer, now: SystemTime) -> Result<Verdict, UpstreamError> {
    if let Kind::Media { name } = asked.kind {
        return judge_media(name, answer, now);
    }
    if let Some(refusal) = signs::refusal(answer.headers) {
        return Err(UpstreamError::Refused(refusal));
    }
    match (answer.status, asked.kind) {
        (200, Kind::Document) => judge_document(answer),
        (200, Kind::File { name, .. } | Kind::Signed { name } | Kind::Media { name }) => {
            judge_file(name, answer)
        }
        (
            304,
            Kind::File {
                conditional: true, ..
            },
        ) => Ok(Verdict::Unchanged),
        (300..=399, _) => judge_redirect(asked, answer),
        (401, _) => Err(UpstreamError::Refused(judge_unauthorized(answer.start))),
        (403, _) => Err(judge_forbidden(answer.start)),
        // Then it is the base address that leads nowhere, and nothing is said of a file.
        (404, Kind::Document) if !signs::is_marked(answer.headers) => {
            Err(UpstreamError::Odd { status: 404 })
        }
        (404, _) => Err(UpstreamError::NotFound),
        _ => Err(judge_failure(answer, now)),
    }
}

/// Whether the body may say more about an error of the head than the head itself.
pub(super) fn wants_body(error: &UpstreamError, headers: &HeaderMap) -> bool {
    match error {
        UpstreamError::Refused(Refusal::LoginPage) => true, // or a notice of maintenance
        UpstreamError::Refused(Refusal::Unauthorized) => signs::is_json_type(headers),
        other => !other.is_refusal(),
    }
}

/// What outlives a good answer.
pub(super) fn meta(headers: &HeaderMap) -> Meta {
    Meta {
        media_type: text(headers, "content-type")
            .filter(|media_type| (1..=MEDIA_TYPE_BYTES_MAX).contains(&media_type.len()))
            .map(Box::from),
        last_modified: signs::date(headers, "last-modified")
            .filter(|&date| UNIX_EPOCH + LAST_MODIFIED_MIN <= date),
        date: signs::date(headers, "date"),
        etag: text(headers, "etag")
            .filter(|tag| is_entity_tag(tag))
            .map(Box::from),
        attachment: None,
        version: None,
    }
}

/// A strong or weak entity tag as RFC 9110 section 8.8.3 has it, in ASCII.
fn is_entity_tag(tag: &str) -> bool {
    let opaque = tag.strip_prefix("W/").unwrap_or(tag);
    let inner = opaque
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    tag.len() <= ETAG_BYTES_MAX
        && inner.is_some_and(|inner| inner.bytes().all(|b| b.is_ascii_graphic() && b != b'"'))
}

fn judge_file(name: &str, answer: &Answer) -> Result<Verdict, UpstreamError> {
    let is_html = signs::looks_like_html(answer.start);
    // Confluence sends every file with this header, and no login page has it.
    if !answer.headers.contains_key(header::CONTENT_DISPOSITION) {
        if signs::is_html_type(answer.headers) || (is_html && !ends_with(name, &HTML)) {
            return Err(judge_page(answer));
        }
    } else if is_html && ends_with(name, &NEVER_HTML) {
        // Somebody uploaded a web page as a picture. That is this file's fault, not the account's.
        return Err(UpstreamError::Unusable(Fault::Page));
    }
    if signs::is_coded(answer.headers) {
        return Err(UpstreamError::Unusable(Fault::Coded));
    }
    Ok(Verdict::Content)
}

fn judge_document(answer: &Answer) -> Result<Verdict, UpstreamError> {
    if signs::is_html_type(answer.headers) || signs::looks_like_html(answer.start) {
        return Err(judge_page(answer));
    }
    match signs::is_json_type(answer.headers) && !signs::is_coded(answer.headers) {
        true => Ok(Verdict::Content),
        false => Err(UpstreamError::Unusable(Fault::Document)),
    }
}

/// A web page in place of what was asked for.
fn judge_page(answer: &Answer) -> UpstreamError {
    if signs::is_accepted(answer.headers) {
        return UpstreamError::Unusable(Fault::Page); // the login was good, so this is no login page
    }
    if signs::is_maintenance(answer.start) {
        return UpstreamError::Unusable(Fault::Maintenance);
    }
    UpstreamError::Refused(Refusal::LoginPage)
}

/// The media host knows no account, so nothing it says is about ours.
fn judge_media(name: &str, answer: &Answer, now: SystemTime) -> Result<Verdict, UpstreamError> {
    match answer.status {
        200 if signs::is_coded(answer.headers) => Err(UpstreamError::Unusable(Fault::Coded)),
        200 => {
            let is_html =
                signs::is_html_type(answer.headers) || signs::looks_like_html(answer.start);
            // No field tells a file from an excuse here, so the name does.
            match is_html && !ends_with(name, &HTML) && !ends_with(name, &OLD_OFFICE) {
                true => Err(UpstreamError::Unusable(Fault::Page)),
                false => Ok(Verdict::Content),
            }
        }
        301 | 302 | 303 | 307 | 308 if answer.headers.contains_key(header::LOCATION) => {
            Ok(Verdict::Elsewhere)
        }
        status @ (429 | 500..=599) => Err(match judge_failure(answer, now) {
            busy @ UpstreamError::Busy { .. } => busy,
            _ => UpstreamError::Media { status },
        }),
        status => Err(UpstreamError::Media { status }),
    }
}

fn judge_failure(answer: &Answer, now: SystemTime) -> UpstreamError {
    let retry_after = signs::retry_after(answer.headers, now);
    match (answer.status, retry_after) {
        (429, _) => UpstreamError::Busy {
            retry_after: retry_after.unwrap_or(RETRY_AFTER_DEFAULT),
        },
        (503, Some(retry_after)) => UpstreamError::Busy { retry_after },
        (status @ 500..=599, _) => UpstreamError::Failing { status },
        (status, _) => UpstreamError::Odd { status },
    }
}

fn judge_redirect(asked: &Asked, answer: &Answer) -> Result<Verdict, UpstreamError> {
    let status = answer.status;
    let location = answer.headers.get_all(header::LOCATION).iter().next_back();
    let Some(location) = location.filter(|_| !matches!(status, 300 | 304)) else {
        return Err(UpstreamError::Odd { status });
    };
    let target = Target::parse(&String::from_utf8_lossy(location.as_bytes()));
    let name = match asked.kind {
        Kind::File { name, .. } | Kind::Signed { name } | Kind::Media { name } => Some(name),
        Kind::Document => None,
    };
    let page = target.path().rsplit('/').next().unwrap_or_default();
    // A file may be called like any page, and its bytes may lie under its name.
    let is_page = !name.is_some_and(|name| is_name(page, name));
    if is_page && page.eq_ignore_ascii_case("attachmentnotfound.action") {
        return Err(UpstreamError::NotFound);
    }
    let is_login = leads_to_login(target.path(), name);
    let is_same_path = target.path().ends_with(asked.path);
    let foreign_host = target.foreign_host(asked.host);
    if matches!(asked.kind, Kind::Signed { .. }) && !is_login && !is_same_path {
        return Ok(Verdict::Elsewhere);
    }
    let is_login_page = is_page && page.eq_ignore_ascii_case("login.action");
    if let Some(host) = foreign_host.filter(|_| !is_login_page) {
        // Only a lasting redirect of the very same path is Confluence preferring another name.
        if !(is_same_path && matches!(status, 301 | 308)) {
            return Err(UpstreamError::Refused(Refusal::SingleSignOn {
                host: host.into(),
            }));
        }
    } else if is_login && !is_same_path {
        return Err(match signs::is_accepted(answer.headers) {
            true => UpstreamError::Forbidden, // the login was good: another one is wanted for this file
            false => UpstreamError::Refused(Refusal::LoginRedirect),
        });
    }
    Err(UpstreamError::Moved {
        to: target.to_string().into(),
        base: target.base_of(asked.path).map(Into::into),
    })
}

/// Whether a path is that of a login: one of its segments has a word for it at the beginning of a word, and is not the
/// file's own name.
fn leads_to_login(path: &str, name: Option<&str>) -> bool {
    let begins = |segment: &[u8], word: &str| {
        (0..segment.len()).any(|at| {
            let is_start = at == 0 || !segment[at - 1].is_ascii_alphanumeric();
            is_start && signs::starts(&segment[at..], word)
        })
    };
    path.split('/')
        .filter(|segment| !name.is_some_and(|name| is_name(segment, name)))
        .any(|segment| {
            let segment = segment.as_bytes();
            LOGIN_WORDS.iter().any(|word| begins(segment, word))
        })
}

/// Whether a segment of a path is the name of the file that was asked for, in whatever way it is written.
fn is_name(segment: &str, name: &str) -> bool {
    let decoded = percent_decode_str(segment).decode_utf8_lossy();
    // A `;` ends a segment that is shown.
    let name = name.split(';').next().unwrap_or_default();
    is_same(&decoded, name) || is_same(&decoded.replace('+', " "), name)
}

/// Cloud says in the body when a token is good, but not for this.
fn judge_unauthorized(body: &[u8]) -> Refusal {
    match has(body, "scope does not match") {
        true => Refusal::Scope,
        false => Refusal::Unauthorized,
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

fn ends_with(name: &str, endings: &[&str]) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    endings.iter().any(|e| e.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
#[path = "answer_cloud_tests.rs"]
mod cloud_tests;
#[cfg(test)]
#[path = "answer_page_tests.rs"]
mod page_tests;
#[cfg(test)]
#[path = "answer_redirect_tests.rs"]
mod redirect_tests;
#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;

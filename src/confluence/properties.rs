//! What holds of every answer of Confluence, however odd it is: said once, for generated tests and for fuzzing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ureq::http::{HeaderMap, HeaderName, HeaderValue, Response};

use super::answer::{Asked, Head, Kind, Verdict, meta, wants_body};
use super::error::UpstreamError;
use super::jar::Jar;
use super::signs;
use crate::attachment::encode_segment;

/// Pauses that are obeyed.
const PAUSES: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(300);

/// 2026-01-01 00:00:00 GMT.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}

/// Judges an answer as the line does: the head first, then the body as far as that asks for it.
///
/// `capture` is a line with the question (`file`, `conditional`, `signed` or `media` and a name, or `document`), then
/// status line, fields, empty line and body, with bare line feeds, as people capture answers. What is no field is left
/// out.
pub fn answer(capture: &[u8]) {
    let Some((question, rest)) = line(capture) else {
        return;
    };
    let Ok(question) = std::str::from_utf8(question) else {
        return;
    };
    let (word, name) = question.split_once(' ').unwrap_or((question, "a.png"));
    let kind = match word {
        "file" => Kind::File {
            name,
            conditional: false,
        },
        "conditional" => Kind::File {
            name,
            conditional: true,
        },
        "signed" => Kind::Signed { name },
        "media" => Kind::Media { name },
        "document" => Kind::Document,
        _ => return,
    };
    let Some((status, headers, body)) = received(rest) else {
        return;
    };
    let path = format!("/download/attachments/12/{}", encode_segment(name));
    let asked = Asked {
        kind,
        host: "wiki",
        path: &path,
    };
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.headers_mut() = headers.clone();
    let head = Head::of(&response, now());
    let verdict = match head.judge(&asked, &[]) {
        Ok(Verdict::Content) => head.judge(&asked, body),
        Err(error) if wants_body(&error, &headers) => {
            Err(head.judge(&asked, body).err().unwrap_or(error))
        }
        settled => settled,
    };
    match verdict {
        Ok(Verdict::Content) => is_content(kind, status.as_u16(), &headers, body),
        Ok(Verdict::Unchanged) => {
            assert_eq!(status, 304);
            assert!(matches!(
                kind,
                Kind::File {
                    conditional: true,
                    ..
                }
            ));
        }
        Ok(Verdict::Elsewhere) => {
            assert!(status.is_redirection() && headers.contains_key("location"));
            assert!(matches!(kind, Kind::Signed { .. } | Kind::Media { .. }));
        }
        Err(error) => is_error(kind, status.as_u16(), &error),
    }
    outlives(&headers);
}

/// Only what is nothing else may go on as the file.
fn is_content(kind: Kind, status: u16, headers: &HeaderMap, body: &[u8]) {
    assert_eq!(status, 200);
    assert!(
        says(headers, "content-encoding")
            .iter()
            .all(|coding| coding == "identity")
    );
    let body = String::from_utf8_lossy(body).to_ascii_lowercase();
    let is_page = ["<!doctype html", "<html"]
        .iter()
        .any(|tag| body.trim_ascii_start().starts_with(tag))
        || is_html(headers);
    match kind {
        Kind::Media { name } => {
            assert!(
                !is_page || !is_picture(name),
                "a web page as the picture {name}"
            );
            return; // the host of the bytes knows no account, and so says nothing of ours
        }
        Kind::File { name, .. } | Kind::Signed { name } => {
            let is_sent_as_file = headers.contains_key("content-disposition");
            let is_named_so = ["html", "htm", "xhtml", "xht", "shtml"]
                .iter()
                .any(|ending| name.to_ascii_lowercase().ends_with(&format!(".{ending}")));
            assert!(
                !is_page || is_sent_as_file || (is_named_so && !is_html(headers)),
                "a login page"
            );
        }
        Kind::Document => {
            assert!(!is_page, "a login page");
            assert!(
                says(headers, "content-type")
                    .iter()
                    .any(|media| media.contains("json"))
            );
        }
    }
    assert!(
        says(headers, "x-seraph-loginreason")
            .iter()
            .all(|reason| reason == "ok")
    );
    assert!(!headers.contains_key("x-authentication-denied-reason"));
}

fn is_error(kind: Kind, status: u16, error: &UpstreamError) {
    if let UpstreamError::Busy { retry_after } = error {
        assert!(PAUSES.contains(retry_after), "{retry_after:?}");
        assert!(matches!(status, 429 | 503), "{status}");
    }
    if status == 429 && !error.is_refusal() {
        assert!(matches!(error, UpstreamError::Busy { .. }), "{error:?}");
    }
    if matches!(error, UpstreamError::NotFound) {
        assert!(
            status == 404 || (300..400).contains(&status),
            "{status} is no missing file"
        );
    }
    let is_media = matches!(kind, Kind::Media { .. });
    assert!(
        !(is_media && error.is_refusal()),
        "no media host can shut the guard"
    );
    assert!(!error.is_unasked());
    assert!(
        !error.to_string().contains(['\r', '\n']),
        "one line of the log: {error}"
    );
}

fn is_html(headers: &HeaderMap) -> bool {
    headers.get_all("content-type").iter().any(|media_type| {
        let media_type = media_type.as_bytes().trim_ascii();
        media_type.to_ascii_lowercase().starts_with(b"text/html")
    })
}

fn is_picture(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".png")
}

/// What is kept of a head cannot hurt whoever is told it again.
fn outlives(headers: &HeaderMap) {
    let meta = meta(headers);
    let fits = |text: &str| (1..=255).contains(&text.len());
    assert!(meta.media_type.as_deref().is_none_or(fits));
    assert!(meta.last_modified.is_none_or(|date| UNIX_EPOCH < date));
    if let Some(tag) = meta.etag.as_deref() {
        assert!(
            fits(tag) && tag.bytes().all(|byte| byte.is_ascii_graphic()),
            "{tag:?}"
        );
        let opaque = tag.strip_prefix("W/").unwrap_or(tag);
        assert!(opaque.starts_with('"') && opaque.ends_with('"'), "{tag:?}");
        assert_eq!(opaque.matches('"').count(), 2, "{tag:?}");
    }
}

/// What is stored, one `Set-Cookie` a line, comes back as one good `Cookie` field or not at all.
pub fn cookies(lines: &[u8]) {
    let mut jar = Jar::default();
    let mut before = Vec::new();
    for set_cookie in String::from_utf8_lossy(lines).split('\n') {
        jar.store(set_cookie, now());
        let after = pairs(&jar);
        assert!(after.len() <= 5, "{} cookies", after.len());
        let pair = set_cookie.split(';').next().unwrap_or_default();
        let name = pair.split('=').next().unwrap_or_default().trim();
        for (index, (other, value)) in after.iter().enumerate() {
            assert!(!other.is_empty() && !value.is_empty(), "{after:?}");
            assert!(
                other.len() + value.len() <= 512,
                "{} bytes",
                other.len() + value.len()
            );
            assert!(
                other != "JSESSIONID" || index == 0,
                "the session is not the first: {after:?}"
            );
            assert!(
                after[..index].iter().all(|(earlier, _)| earlier != other),
                "{after:?}"
            );
            let is_new = other == name && pair.trim_end().ends_with(value);
            assert!(
                is_new || before.contains(&(other.clone(), value.clone())),
                "{after:?}"
            );
        }
        // Nobody pushes the session out but itself.
        let session = |pairs: &[(String, String)]| {
            let own = pairs.iter().find(|(name, _)| name == "JSESSIONID");
            own.cloned()
        };
        assert!(
            name == "JSESSIONID" || session(&before) == session(&after),
            "{after:?}"
        );
        before = after;
    }
    jar.clear();
    assert_eq!(jar.header(), None);
}

fn pairs(jar: &Jar) -> Vec<(String, String)> {
    let Some(header) = jar.header() else {
        return Vec::new();
    };
    assert!(HeaderValue::from_str(&header).is_ok(), "{header:?}");
    assert!(
        header
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic()),
        "{header:?}"
    );
    let pairs = header
        .split("; ")
        .map(|pair| pair.split_once('=').expect("name and value"));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Whatever pause is asked for, in a first line, and whenever the answer says that it was made, in a second one, is
/// between a second and five minutes.
pub fn retry_after(lines: &[u8]) {
    let (value, date) = line(lines).unwrap_or((lines, b""));
    let mut headers = HeaderMap::new();
    for (name, value) in [("retry-after", value), ("date", date)] {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    let pause = signs::retry_after(&headers, now());
    assert!(
        pause.is_none_or(|pause| PAUSES.contains(&pause)),
        "{pause:?}"
    );
    let accepted = headers.get("retry-after");
    let digits = accepted.map_or(&b""[..], |value| value.as_bytes().trim_ascii());
    if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
        let seconds = digits.iter().fold(0_u64, |seconds, digit| {
            seconds
                .saturating_mul(10)
                .saturating_add(u64::from(digit - b'0'))
        });
        assert_eq!(pause, Some(Duration::from_secs(seconds.clamp(1, 300))));
    }
}

fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

fn received(mut rest: &[u8]) -> Option<(ureq::http::StatusCode, HeaderMap, &[u8])> {
    let (first, mut after) = line(rest)?;
    let status = std::str::from_utf8(first)
        .ok()?
        .split(' ')
        .nth(1)?
        .parse()
        .ok()?;
    let mut headers = HeaderMap::new();
    while let Some((field, next)) = line(after) {
        rest = next;
        if field.is_empty() {
            return Some((status, headers, rest));
        }
        let colon = field.iter().position(|byte| *byte == b':').unwrap_or(0);
        let value = field.get(colon + 1..).unwrap_or_default().trim_ascii();
        let name = HeaderName::from_bytes(&field[..colon]);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
        after = next;
    }
    Some((status, headers, after))
}

/// All values of a field, in lower case, one by one.
fn says(headers: &HeaderMap, name: &str) -> Vec<String> {
    let values = headers.get_all(name).iter();
    let texts = values.map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase());
    let parts: Vec<String> = texts
        .flat_map(|text| {
            text.split(',')
                .map(|part| part.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn field() -> impl Strategy<Value = String> {
        let name = "(Content-Type|Content-Disposition|Content-Encoding|Location|Retry-After|ETag|X-Seraph-LoginReason|[A-Za-z-]{1,8})";
        let value = "(text/html|application/json|attachment|gzip|identity|OK|OUT|\"1\"|/login.action|https://idp.example/a|[ -~é]{0,9}){0,2}";
        (name, value).prop_map(|(name, value)| format!("{name}: {value}\n"))
    }

    proptest! {
        #[test]
        fn only_what_is_nothing_else_is_the_file(
            question in "(file|conditional|signed|media) [a-z]{1,3}\\.(png|html|doc)|document",
            status in prop_oneof![Just(200_u16), Just(302), Just(304), Just(401), Just(403), Just(429), Just(503), 100..600_u16],
            fields in vec(field(), 0..5),
            body in "(<!-- a -->)?(<!doctype html>|<HTML>|\\{\\}|captcha|maintenance|\\PC{0,9}){0,3}",
        ) {
            let fields = fields.concat();
            super::answer(format!("{question}\nHTTP/1.1 {status} \n{fields}\n{body}").as_bytes());
        }

        #[test]
        fn any_cookies_come_back_as_one_good_field(
            lines in vec("(JSESSIONID|[a-d]|\\PC{0,3})(=[!-~]{0,4}|=\\PC{0,4}|)(; (Max-Age=-?[0-9]|Expires=\\PC{0,9}|Path=/))?", 0..9),
        ) {
            super::cookies(lines.join("\n").as_bytes());
        }

        #[test]
        fn any_pause_is_between_a_second_and_five_minutes(
            value in "[0-9]{1,22}|-?[0-9.]{1,9}|Thu, 01 Jan 20[0-9]{2} 00:0[0-9]:00 GMT|\\PC{0,9}",
            date in "Thu, 01 Jan 2026 00:0[0-9]:00 GMT|\\PC{0,9}",
        ) {
            super::retry_after(format!("{value}\n{date}").as_bytes());
        }
    }
}

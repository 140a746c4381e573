//! What a client gets when it cannot get the file: what failed, and what somebody can do about it.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use super::head::Head;
use super::payload::{Note, Payload, Reply};
use super::wish::Wish;

/// Longest `Retry-After` in seconds: a client told to wait longer has given up; 1 is the least that means waiting.
const RETRY_AFTER_SECONDS_MAX: u64 = 300;

/// Room for a head in bytes.
const HEAD_BYTES: usize = 640;

const JSON: &str = "application/problem+json";

const CONSTANT: &str = "Cache-Control: no-store\r\n\
    X-Content-Type-Options: nosniff\r\n\
    Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; sandbox\r\n\
    Referrer-Policy: no-referrer\r\n\
    Access-Control-Allow-Origin: *\r\n\
    Access-Control-Expose-Headers: Allow, Content-Range, Date, Retry-After\r\n\
    Cross-Origin-Resource-Policy: cross-origin\r\n";

/// Why there is no file. Texts are lower case and without a full stop, and hold neither secrets nor internal addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The status code, 4xx or 5xx.
    pub status: u16,
    /// The kind of problem, the same for every occurrence.
    pub title: Cow<'static, str>,
    /// What happened this time.
    pub detail: Cow<'static, str>,
    /// What the reader or the operator should do.
    pub remedy: Cow<'static, str>,
    /// When it is worth asking again; sent as 1 to 300 seconds.
    pub retry_after: Option<Duration>,
    /// `Allow`, for 405.
    pub allow: Option<&'static str>,
}

/// Answers with a problem: as `application/problem+json` (RFC 9457) for clients that prefer JSON, else as plain text.
pub fn problem(wish: &Wish, problem: &Problem, now: SystemTime) -> Reply {
    problem_with(wish, problem, now, |_| {})
}

/// The same with further header fields.
pub(super) fn problem_with(
    wish: &Wish,
    problem: &Problem,
    now: SystemTime,
    more: impl FnOnce(&mut Head),
) -> Reply {
    let json = prefers_json(wish);
    let (media_type, body) = if json {
        (JSON, json_body(problem))
    } else {
        ("text/plain; charset=utf-8", text_body(problem))
    };
    let mut head = Head::new(problem.status, now, HEAD_BYTES);
    head.field("Content-Type", media_type);
    head.number("Content-Length", body.len() as u64);
    if let Some(pause) = problem.retry_after {
        let rounded_up = pause
            .as_secs()
            .saturating_add(u64::from(0 < pause.subsec_nanos()));
        head.number("Retry-After", rounded_up.clamp(1, RETRY_AFTER_SECONDS_MAX));
    }
    if let Some(allow) = problem.allow {
        head.field("Allow", allow);
    }
    more(&mut head);
    head.lines(CONSTANT);
    Reply {
        status: problem.status,
        head: head.into_bytes(),
        payload: if wish.head {
            Payload::Empty
        } else {
            Payload::Text(body)
        },
        note: Note {
            subject: wish.subject.clone(),
            from: "error",
        },
    }
}

fn json_body(problem: &Problem) -> Vec<u8> {
    let mut body = serde_json::json!({
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "remedy": problem.remedy,
    })
    .to_string()
    .into_bytes();
    body.push(b'\n');
    body
}

fn text_body(problem: &Problem) -> Vec<u8> {
    let mut body = Vec::new();
    for line in [&problem.title, &problem.detail, &problem.remedy] {
        let visible = line.chars().map(|c| if c.is_control() { ' ' } else { c });
        body.extend_from_slice(visible.collect::<String>().as_bytes());
        body.push(b'\n');
    }
    body
}

/// Whether JSON is named and not liked less than text. `*/*` names nothing: curl and browsers send it.
pub fn prefers_json(wish: &Wish) -> bool {
    likes_json(wish.accept.as_deref().unwrap_or_default())
}

fn likes_json(accept: &str) -> bool {
    let (mut json, mut text) = (0, 0);
    for element in accept.split(',') {
        let mut pieces = element
            .split(';')
            .map(|piece| piece.trim_matches([' ', '\t']));
        let media_range = pieces.next().unwrap_or_default();
        let weight = pieces
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.eq_ignore_ascii_case("q"))
            .map_or(1000, |(_, value)| thousandths(value));
        let is = |name: &&str| name.eq_ignore_ascii_case(media_range);
        if [JSON, "application/json"].iter().any(is) {
            json = weight.max(json);
        } else if ["text/plain", "text/html", "text/*"].iter().any(is) {
            text = weight.max(text);
        }
    }
    0 < json && text <= json
}

/// A weight of RFC 9110, section 12.4.2; a malformed one counts as 0.
fn thousandths(weight: &str) -> u16 {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    if 3 < decimals.len() || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    let decimals = format!("{decimals:0<3}").parse().unwrap_or(0);
    match whole {
        "0" => decimals,
        "1" if decimals == 0 => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn sample() -> Problem {
        Problem {
            status: 503,
            title: "overloaded".into(),
            detail: "a \"name\"\r\nX: y".into(),
            remedy: "wait".into(),
            retry_after: Some(Duration::from_millis(1500)),
            allow: None,
        }
    }

    fn text(reply: &Reply) -> (String, String) {
        let body = match &reply.payload {
            Payload::Text(body) => String::from_utf8(body.clone()).expect("UTF-8"),
            Payload::Empty => String::new(),
            other => panic!("unexpected payload: {other:?}"),
        };
        let head = String::from_utf8(reply.head.clone()).expect("ASCII");
        (head, body)
    }

    #[test]
    fn a_problem_is_plain_text_unless_json_is_preferred() {
        let mut wish = Wish::plain("s".into());
        let (head, body) = text(&problem(&wish, &sample(), UNIX_EPOCH));
        assert_eq!(
            head,
            format!(
                "HTTP/1.1 503 Service Unavailable\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
                 Content-Type: text/plain; charset=utf-8\r\nContent-Length: 31\r\nRetry-After: 2\r\n{CONSTANT}"
            )
        );
        assert_eq!(body, "overloaded\na \"name\"  X: y\nwait\n");

        wish.accept = Some("application/json".into());
        let (head, body) = text(&problem(&wish, &sample(), UNIX_EPOCH));
        let json: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(
            json,
            serde_json::json!({
                "type": "about:blank", "title": "overloaded", "status": 503,
                "detail": "a \"name\"\r\nX: y", "remedy": "wait",
            })
        );
        assert!(head.contains("\r\nContent-Type: application/problem+json\r\n"));

        wish.head = true;
        let (same, nothing) = text(&problem(&wish, &sample(), UNIX_EPOCH));
        assert_eq!((same, nothing), (head, String::new()));
    }

    #[test]
    fn retry_after_is_one_to_three_hundred_seconds_and_allow_is_said() {
        let wish = Wish::plain("s".into());
        for (pause, expected) in [
            (Duration::ZERO, "Retry-After: 1\r\n"),
            (Duration::from_millis(1), "Retry-After: 1\r\n"),
            (Duration::from_secs(300), "Retry-After: 300\r\n"),
            (Duration::MAX, "Retry-After: 300\r\n"),
        ] {
            let mut sample = sample();
            sample.retry_after = Some(pause);
            sample.allow = Some("GET");
            let (head, _) = text(&problem(&wish, &sample, UNIX_EPOCH));
            assert!(head.contains(expected), "{head}");
            assert!(head.contains("\r\nAllow: GET\r\n"), "{head}");
        }
    }

    #[test]
    fn json_must_be_named_and_not_be_liked_less_than_text() {
        for (accept, expected) in [
            ("", false),
            ("*/*", false),
            ("application/*", false),
            ("application/json", true),
            ("Application/Problem+JSON;q=0.1", true),
            ("application/json;q=0", false),
            ("application/json;q=0.000", false),
            ("application/json;q=1.5", false),
            ("application/json;q=x", false),
            ("application/json ; charset=utf-8 ; Q=0.5, */*", true),
            ("text/html, application/json", true),
            ("text/html, application/json;q=0.9", false),
            ("text/*;q=0.25, application/json;q=0.3", true),
            ("text/html,application/xhtml+xml,*/*;q=0.8", false),
        ] {
            assert_eq!(likes_json(accept), expected, "accept: {accept}");
        }
    }
}

//! What a client gets when it cannot get the file: what failed, and what somebody can do about it.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use super::form::{Form, JSON, form};
use super::head::Head;
use super::origin::CacheName;
use super::payload::{Note, Payload, Reply};
use super::wish::Wish;

/// Longest `Retry-After` in seconds: a client told to wait longer has given up; 1 is the least that means waiting.
const RETRY_AFTER_SECONDS_MAX: u64 = 300;

/// Room for a head in bytes.
const HEAD_BYTES: usize = 896;

/// For texts and JSON: nothing loads, nothing runs, nothing frames them.
const SECURITY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

const CONSTANT: &str = "Cache-Control: no-store\r\n\
    Vary: Accept, Accept-Language\r\n\
    X-Content-Type-Options: nosniff\r\n\
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

/// A problem as somebody sees it in a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Display {
    /// `Content-Type`.
    pub media_type: &'static str,
    /// `Content-Security-Policy`.
    pub security: &'static str,
    /// HTML or SVG.
    pub body: String,
}

/// Answers with a problem: as it is displayed, or without that as `application/problem+json` (RFC 9457) for clients that
/// prefer JSON, else as plain text. Which of them a client wants, [`form`](super::form()) says. Of several nodes it names the
/// one that had it.
pub fn problem(
    wish: &Wish,
    problem: &Problem,
    display: Option<Display>,
    cache: &CacheName,
    now: SystemTime,
) -> Reply {
    let display = display.unwrap_or_else(|| plain(wish, problem));
    problem_with(wish, problem, display, now, |head| {
        if cache.node().is_some() {
            head.field("Cache-Status", cache.as_str());
        }
    })
}

/// A problem for programs and terminals.
pub(super) fn plain(wish: &Wish, problem: &Problem) -> Display {
    let (media_type, body) = match form(wish) {
        Form::Json => (JSON, json_body(problem)),
        Form::Page | Form::Picture | Form::Text => {
            ("text/plain; charset=utf-8", text_body(problem))
        }
    };
    Display {
        media_type,
        security: SECURITY,
        body,
    }
}

/// The same with further header fields.
pub(super) fn problem_with(
    wish: &Wish,
    problem: &Problem,
    display: Display,
    now: SystemTime,
    more: impl FnOnce(&mut Head),
) -> Reply {
    let body = display.body.into_bytes();
    let mut head = Head::new(problem.status, now, HEAD_BYTES);
    head.field("Content-Type", display.media_type);
    head.number("Content-Length", body.len() as u64);
    head.field("Content-Security-Policy", display.security);
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
            is_routine: false,
        },
    }
}

fn json_body(problem: &Problem) -> String {
    let mut body = serde_json::json!({
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "remedy": problem.remedy,
    })
    .to_string();
    body.push('\n');
    body
}

fn text_body(problem: &Problem) -> String {
    let mut body = String::new();
    for line in [&problem.title, &problem.detail, &problem.remedy] {
        let visible = line.chars().map(|c| if c.is_control() { ' ' } else { c });
        body.extend(visible);
        body.push('\n');
    }
    body
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

    fn told(wish: &Wish, sample: &Problem) -> Reply {
        problem(wish, sample, None, &CacheName::new(None), UNIX_EPOCH)
    }

    #[test]
    fn a_problem_is_plain_text_unless_json_is_preferred() {
        let mut wish = Wish::plain("s".into());
        let (head, body) = text(&told(&wish, &sample()));
        assert_eq!(
            head,
            format!(
                "HTTP/1.1 503 Service Unavailable\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
                 Content-Type: text/plain; charset=utf-8\r\nContent-Length: 31\r\n\
                 Content-Security-Policy: {SECURITY}\r\nRetry-After: 2\r\n{CONSTANT}"
            )
        );
        assert_eq!(body, "overloaded\na \"name\"  X: y\nwait\n");

        wish.accept = Some("application/json".into());
        let (head, body) = text(&told(&wish, &sample()));
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
        let (same, nothing) = text(&told(&wish, &sample()));
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
            let (head, _) = text(&told(&wish, &sample));
            assert!(head.contains(expected), "{head}");
            assert!(head.contains("\r\nAllow: GET\r\n"), "{head}");
        }
    }
    #[test]
    fn what_is_displayed_goes_out_with_its_own_type_and_policy() {
        let mut wish = Wish::plain("s".into());
        wish.accept = Some("text/html".into());
        let display = Display {
            media_type: "text/html; charset=utf-8",
            security: "default-src x",
            body: "<p>".into(),
        };
        for bodiless in [false, true] {
            wish.head = bodiless;
            let reply = problem(
                &wish,
                &sample(),
                Some(display.clone()),
                &CacheName::new(None),
                UNIX_EPOCH,
            );
            let (head, body) = text(&reply);
            assert_eq!(
                head,
                format!(
                    "HTTP/1.1 503 Service Unavailable\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
                     Content-Type: text/html; charset=utf-8\r\nContent-Length: 3\r\n\
                     Content-Security-Policy: default-src x\r\nRetry-After: 2\r\n{CONSTANT}"
                )
            );
            assert_eq!(body, if bodiless { "" } else { "<p>" });
        }
    }
}

use super::*;
use ureq::http::{HeaderName, HeaderValue};

/// 2026-01-01 00:00:00 GMT, a Thursday.
pub(super) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}

/// Header lines as they come over the wire.
pub(super) fn headers(lines: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.lines() {
        let (name, value) = line.split_once(':').expect("a header line");
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).expect("a header name"),
            HeaderValue::from_bytes(value.trim().as_bytes()).expect("a header value"),
        );
    }
    headers
}

#[track_caller]
pub(super) fn check_name(
    name: &str,
    status: u16,
    lines: &str,
    start: &[u8],
    expected: Result<(), UpstreamError>,
) {
    let kind = Kind::File {
        name,
        conditional: false,
    };
    let expected = expected.map(|()| Verdict::Content);
    check_kind(kind, status, lines, start, expected);
}

/// Judges an answer to a question of any kind.
#[track_caller]
pub(super) fn check_kind(
    kind: Kind,
    status: u16,
    lines: &str,
    start: &[u8],
    expected: Result<Verdict, UpstreamError>,
) {
    let asked = Asked {
        kind,
        host: "wiki",
        path: "/download/attachments/12/a.png",
    };
    let answer = Answer {
        status,
        headers: &headers(lines),
        start,
    };
    assert_eq!(
        judge(&asked, &answer, now()),
        expected,
        "kind: {kind:?}, status: {status}, headers: {lines}, start: {:?}",
        String::from_utf8_lossy(start)
    );
}

#[track_caller]
pub(super) fn check(status: u16, lines: &str, start: &[u8], expected: Result<(), UpstreamError>) {
    check_name("a.png", status, lines, start, expected);
}

pub(super) fn refused(refusal: Refusal) -> Result<(), UpstreamError> {
    Err(UpstreamError::Refused(refusal))
}

pub(super) const FILE: &str =
    "Content-Disposition: inline; filename=\"a.png\"\nContent-Type: image/png";
pub(super) const PAGE: &[u8] = b"\n\n<!DOCTYPE html>\n<html><head><title>Log In</title>";

/// The decision table, row by row: what comes back from a download, and what it is.
#[test]
fn every_row_of_the_decision_table() {
    let failing = |status| Err(UpstreamError::Failing { status });
    let odd = |status| Err(UpstreamError::Odd { status });
    let html = "Content-Type: text/html;charset=UTF-8";
    let denied = "X-Authentication-Denied-Reason: CAPTCHA_CHALLENGE; login-url=x";
    let disabled = b"{\"message\":\"Basic Authentication has been disabled on this instance.\"}";
    let absurd = Duration::from_secs(300);
    type Row<'a> = (u16, &'a str, &'a [u8], Result<(), UpstreamError>);
    let rows: &[Row] = &[
        // 200, none of the signs.
        (200, FILE, b"\x89PNG", Ok(())),
        // A web page in place of the file, and a login that failed beside a good answer.
        (200, html, b"", refused(Refusal::LoginPage)),
        (
            200,
            "Content-Type: image/png",
            PAGE,
            refused(Refusal::LoginPage),
        ),
        (
            200,
            "Content-Disposition: inline\nX-Seraph-LoginReason: AUTHENTICATED_FAILED",
            b"x",
            refused(Refusal::Password),
        ),
        // Redirects.
        (
            302,
            "Location: /login.action?x=y",
            b"",
            refused(Refusal::LoginRedirect),
        ),
        (
            302,
            "Location: https://sso.example/authorize?x=y",
            b"",
            refused(Refusal::SingleSignOn {
                host: "sso.example".into(),
            }),
        ),
        (
            302,
            "Location: /attachmentnotfound.action?pageId=1",
            b"",
            Err(UpstreamError::NotFound),
        ),
        (
            302,
            "Location: /x/y?secret=z",
            b"",
            Err(UpstreamError::Moved {
                to: "/x/y".into(),
                base: None,
            }),
        ),
        // The account.
        (401, "", b"", refused(Refusal::Unauthorized)),
        (
            401,
            "X-Seraph-LoginReason: AUTHENTICATION_DENIED",
            b"",
            refused(Refusal::Captcha),
        ),
        (403, denied, b"", refused(Refusal::Captcha)),
        (403, "", disabled, refused(Refusal::BasicDisabled)),
        (403, "", b"no", Err(UpstreamError::Forbidden)),
        // The file.
        (404, html, PAGE, Err(UpstreamError::NotFound)),
        // Confluence itself.
        (
            429,
            "Retry-After: 9223372036854775807",
            b"",
            Err(UpstreamError::Busy {
                retry_after: absurd,
            }),
        ),
        (500, html, PAGE, failing(500)),
        (503, html, PAGE, failing(503)),
        (400, html, PAGE, odd(400)),
        (206, FILE, b"", odd(206)),
        (304, FILE, b"", odd(304)),
    ];
    for (status, lines, start, expected) in rows {
        check(*status, lines, start, expected.clone());
    }
}

#[test]
fn an_unchanged_copy_is_an_answer_to_who_asked_for_a_change_only() {
    let unless = Kind::File {
        name: "a.png",
        conditional: true,
    };
    check_kind(unless, 304, "", b"", Ok(Verdict::Unchanged));
    check_kind(unless, 200, FILE, b"x", Ok(Verdict::Content));
    let odd = || Err(UpstreamError::Odd { status: 304 });
    for kind in [Kind::Document, Kind::Signed { name: "a.png" }] {
        check_kind(kind, 304, "Location: /a", b"", odd());
    }
    let failed = "X-Seraph-LoginReason: AUTHENTICATED_FAILED";
    let refused = Err(UpstreamError::Refused(Refusal::Password));
    check_kind(unless, 304, failed, b"", refused);
}

#[test]
fn a_document_is_json_and_nothing_else() {
    let json = "Content-Type: application/json;charset=UTF-8";
    let check = |status, lines: &str, start: &[u8], expected| {
        check_kind(Kind::Document, status, lines, start, expected);
    };
    check(200, json, b"{}", Ok(Verdict::Content));
    let problem = "Content-Type: application/problem+json";
    check(200, problem, b"{}", Ok(Verdict::Content));
    let fault = || Err(UpstreamError::Unusable(Fault::Document));
    for lines in ["", "Content-Type: text/plain", "Content-Type: text/json"] {
        check(200, lines, b"{}", fault());
    }
    check(
        200,
        &format!("{json}\nContent-Encoding: gzip"),
        b"",
        fault(),
    );
    let login = || Err(UpstreamError::Refused(Refusal::LoginPage));
    check(200, "Content-Type: text/html", b"<html>", login());
    check(200, json, b"<html>", login());
    check(404, json, b"", Err(UpstreamError::NotFound));
    let odd = || Err(UpstreamError::Odd { status: 404 });
    check(404, "Content-Type: text/html", b"", odd());
    check(404, "", b"", odd());
}

#[test]
fn only_a_well_formed_entity_tag_is_kept() {
    for (tag, kept) in [
        ("\"a1\"", true),
        ("W/\"a1\"", true),
        ("\"\"", true),
        ("a1", false),
        ("\"a b\"", false),
        ("\"a\"b\"", false),
        ("W/a", false),
        ("\"", false),
    ] {
        let meta = meta(&headers(&format!("ETag: {tag}")));
        assert_eq!(meta.etag.as_deref(), Some(tag).filter(|_| kept), "{tag}");
    }
    let long = format!("ETag: \"{}\"", "x".repeat(300));
    assert_eq!(meta(&headers(&long)).etag, None);
}

#[test]
fn a_compressed_answer_is_not_the_file() {
    let fault = Err(UpstreamError::Unusable(Fault::Coded));
    check(
        200,
        &format!("{FILE}\nContent-Encoding: gzip"),
        b"",
        fault.clone(),
    );
    check(
        200,
        &format!("{FILE}\nTransfer-Encoding: gzip, chunked"),
        b"",
        fault,
    );
    check(
        200,
        &format!("{FILE}\nContent-Encoding: identity"),
        b"",
        Ok(()),
    );
}

#[test]
fn a_login_reason_counts_with_every_status() {
    for status in [200, 302, 401, 403, 404, 429, 500] {
        for (reason, refusal) in [
            (
                "X-Seraph-LoginReason: AUTHENTICATED_FAILED",
                Refusal::Password,
            ),
            (
                "X-Seraph-LoginReason: authenticated_failed",
                Refusal::Password,
            ),
            ("X-Seraph-LoginReason: OUT", Refusal::Password),
            (
                "X-Seraph-LoginReason: AUTHENTICATION_DENIED",
                Refusal::Captcha,
            ),
            (
                "X-Seraph-LoginReason: AUTHORISATION_FAILED",
                Refusal::NotPermitted,
            ),
            ("X-Seraph-LoginReason: SOMETHING_NEW", Refusal::Unknown),
            (
                "X-Seraph-LoginReason: OK\nX-Seraph-LoginReason: AUTHENTICATED_FAILED",
                Refusal::Password,
            ),
            (
                "X-Authentication-Denied-Reason: CAPTCHA_CHALLENGE; login-url=https://wiki/login.jsp",
                Refusal::Captcha,
            ),
            ("X-Authentication-Denied-Reason: other", Refusal::Unknown),
        ] {
            check(status, &format!("{FILE}\n{reason}"), b"", refused(refusal));
        }
    }
}

#[test]
fn forbidden_is_read_from_its_body() {
    for (body, expected) in [
        (
            &b"{\"message\":\"Basic Authentication has been disabled on this instance.\"}"[..],
            refused(Refusal::BasicDisabled),
        ),
        (
            b"<html>Basic Auth with password is disabled",
            refused(Refusal::BasicDisabled),
        ),
        (b"<html>Please solve the CAPTCHA", refused(Refusal::Captcha)),
        (b"<html>Not permitted", Err(UpstreamError::Forbidden)),
        (
            b"<html>Anonymous access is disabled",
            Err(UpstreamError::Forbidden),
        ),
        (
            b"<html>Basic Auth users may not see this",
            Err(UpstreamError::Forbidden),
        ),
        (b"", Err(UpstreamError::Forbidden)),
    ] {
        check(403, "", body, expected);
    }
    check(
        401,
        "WWW-Authenticate: OAuth realm=\"https://x.atlassian.net/wiki\"",
        b"",
        refused(Refusal::Unauthorized),
    );
}

#[test]
fn a_busy_confluence_is_obeyed_within_bounds() {
    for (value, seconds) in [
        ("5", 5),
        ("0", 1),
        ("9223372036854775807", 300),
        ("99999999999999999999999999", 300),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 1),
        ("Thu, 01 Jan 2099 00:00:00 GMT", 300),
    ] {
        let busy = Err(UpstreamError::Busy {
            retry_after: Duration::from_secs(seconds),
        });
        check(429, &format!("Retry-After: {value}"), b"", busy.clone());
        check(503, &format!("Retry-After: {value}"), b"", busy);
    }
    let by_its_own_clock =
        "Retry-After: Tue, 01 Jan 2030 00:00:10 GMT\nDate: Tue, 01 Jan 2030 00:00:00 GMT";
    check(
        429,
        by_its_own_clock,
        b"",
        Err(UpstreamError::Busy {
            retry_after: Duration::from_secs(10),
        }),
    );
    for nothing in ["", "Retry-After: soon", "Retry-After: -1", "Retry-After: "] {
        check(
            429,
            nothing,
            b"",
            Err(UpstreamError::Busy {
                retry_after: RETRY_AFTER_DEFAULT,
            }),
        );
        check(
            503,
            nothing,
            b"",
            Err(UpstreamError::Failing { status: 503 }),
        );
    }
}

#[test]
fn every_other_status_is_named() {
    check(404, FILE, b"", Err(UpstreamError::NotFound));
    for status in [500, 502, 504, 599] {
        check(status, FILE, PAGE, Err(UpstreamError::Failing { status }));
    }
    for status in [101, 201, 204, 206, 400, 405, 410, 416, 418, 600, 999] {
        check(status, FILE, b"", Err(UpstreamError::Odd { status }));
    }
}

/// Judges a head as it was captured from a real Confluence.
#[test]
fn answers_captured_in_public_are_never_a_file() {
    let login = "Cache-Control: no-store\nExpires: Thu, 01 Jan 1970 00:00:00 GMT\nSet-Cookie: JSESSIONID=R; Path=/; HttpOnly\nLocation: http://localhost:8090/login.action?os_destination=%2Findex.action&permissionViolation=true\nContent-Type: text/html;charset=UTF-8\nContent-Length: 0";
    check(302, login, b"", refused(Refusal::LoginRedirect));
    check(
        200,
        "MS-Author-Via: DAV\nContent-Type: text/html;charset=UTF-8\nContent-Length: 0",
        b"",
        refused(Refusal::LoginPage),
    );
    check(
        400,
        "Content-Type: text/html;charset=utf-8\nContent-Length: 1924",
        b"",
        Err(UpstreamError::Odd { status: 400 }),
    );
    let captcha = "X-Seraph-LoginReason: AUTHENTICATION_DENIED\nWWW-Authenticate: OAuth realm=\"https\"\nX-Authentication-Denied-Reason: CAPTCHA_CHALLENGE; login-url=https://jira/login.jsp\nContent-Type: text/html;charset=UTF-8\nTransfer-Encoding: chunked";
    check(403, captcha, b"", refused(Refusal::Captcha));
    check(
        302,
        "location: /pages/attachmentnotfound.action?pageId=100&filename=diagram.png",
        b"",
        Err(UpstreamError::NotFound),
    );
}

#[test]
fn of_the_headers_only_believable_facts_are_kept() {
    let full = meta(&headers(
        "Content-Type: image/png; x=y\nLast-Modified: Sat, 01 Jan 2000 00:00:00 GMT\nDate: Thu, 01 Jan 2026 00:00:00 GMT",
    ));
    assert_eq!(full.media_type.as_deref(), Some("image/png; x=y"));
    assert_eq!(full.last_modified, Some(UNIX_EPOCH + LAST_MODIFIED_MIN));
    assert_eq!(full.date, Some(now()));
    for nothing in [
        "",
        "Content-Type:\nLast-Modified: Thu, 01 Jan 1970 00:00:00 GMT\nDate: yesterday",
        "Last-Modified: Fri, 31 Dec 1999 23:59:59 GMT",
        &format!("Content-Type: {}", "x".repeat(256)),
        "Content-Type: image/ü",
    ] {
        assert_eq!(
            meta(&headers(nothing)),
            Meta::default(),
            "headers: {nothing}"
        );
    }
}

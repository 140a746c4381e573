use super::*;
use ureq::http::{HeaderName, HeaderValue};

/// 2026-01-01 00:00:00 GMT, a Thursday.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}

/// Header lines as they come over the wire.
fn headers(lines: &str) -> HeaderMap {
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
fn check_name(
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
fn check_kind(
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
fn check(status: u16, lines: &str, start: &[u8], expected: Result<(), UpstreamError>) {
    check_name("a.png", status, lines, start, expected);
}

fn refused(refusal: Refusal) -> Result<(), UpstreamError> {
    Err(UpstreamError::Refused(refusal))
}

const FILE: &str = "Content-Disposition: inline; filename=\"a.png\"\nContent-Type: image/png";
const PAGE: &[u8] = b"\n\n<!DOCTYPE html>\n<html><head><title>Log In</title>";

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
fn cloud_points_to_the_bytes_and_says_when_a_scope_is_missing() {
    let signed = Kind::Signed { name: "a.png" };
    let check = |status, lines: &str, start: &[u8], expected| {
        check_kind(signed, status, lines, start, expected);
    };
    for location in [
        "https://api.media.example/file/1/binary?token=T",
        "/file/1?token=T",
        "//media.example/a",
        "ftp://media.example/a", // who follows it says no
    ] {
        let lines = format!("Location: {location}");
        check(302, &lines, b"", Ok(Verdict::Elsewhere));
    }
    for login in ["/login.action?x", "https://id.atlassian.example/login?x"] {
        let found = Err(UpstreamError::Refused(match login.starts_with('/') {
            true => Refusal::LoginRedirect,
            false => Refusal::SingleSignOn {
                host: "id.atlassian.example".into(),
            },
        }));
        check(302, &format!("Location: {login}"), b"", found);
    }
    check(302, "", b"", Err(UpstreamError::Odd { status: 302 }));
    check(200, FILE, b"x", Ok(Verdict::Content));
    let scope = b"{\"code\":401,\"message\":\"Unauthorized; scope does not match\"}";
    let refused = |refusal| Err(UpstreamError::Refused(refusal));
    check(
        401,
        "Content-Type: application/json",
        scope,
        refused(Refusal::Scope),
    );
    check(
        401,
        "Content-Type: application/json",
        b"{}",
        refused(Refusal::Unauthorized),
    );
}

#[test]
fn a_file_may_be_called_like_a_page_of_confluence() {
    for name in ["login.action", "AttachmentNotFound.action", "saml.png"] {
        let signed = Kind::Signed { name };
        let location = format!("Location: https://media.example/f/{name}?token=T");
        check_kind(signed, 302, &location, b"", Ok(Verdict::Elsewhere));
        let other = Kind::Signed { name: "a.png" };
        let login = "Location: /login.action";
        let refused = Err(UpstreamError::Refused(Refusal::LoginRedirect));
        check_kind(other, 302, login, b"", refused);
    }
    // Composed or not, in whatever case: it is the same name.
    let signed = Kind::Signed {
        name: "Login \u{fc}.png",
    };
    for written in ["login%20u%CC%88.png", "LOGIN+%C3%BC.png"] {
        let location = format!("Location: https://media.example/{written}");
        check_kind(signed, 302, &location, b"", Ok(Verdict::Elsewhere));
    }
}

#[test]
fn a_word_for_login_counts_where_a_word_begins() {
    for path in ["/errors/association.html", "/s/1/lesson.png"] {
        let moved = UpstreamError::Moved {
            to: path.into(),
            base: None,
        };
        check(302, &format!("Location: {path}"), b"", Err(moved));
    }
    for path in ["/plugins/servlet/sso/x", "/x/my-login", "/x/do_signin"] {
        let login = refused(Refusal::LoginRedirect);
        check(302, &format!("Location: {path}"), b"", login);
    }
}

#[test]
fn a_web_page_of_the_media_host_is_the_file_only_by_its_name() {
    let html = "Content-Type: text/html";
    for name in [
        "a.svg", "a.heic", "a.csv", "a.json", "a.txt", "README", "a.docx",
    ] {
        let page = Err(UpstreamError::Unusable(Fault::Page));
        check_kind(Kind::Media { name }, 200, html, PAGE, page.clone());
        check_kind(Kind::Media { name }, 200, "", PAGE, page);
    }
    for name in ["a.HTM", "a.xls", "a.doc", "a.mht"] {
        let content = Ok(Verdict::Content);
        check_kind(Kind::Media { name }, 200, html, PAGE, content);
    }
}

#[test]
fn the_media_host_says_nothing_about_the_account() {
    let media = Kind::Media { name: "a.png" };
    let check = |status, lines: &str, start: &[u8], expected| {
        check_kind(media, status, lines, start, expected);
    };
    check(200, "Content-Type: image/png", b"x", Ok(Verdict::Content));
    check(
        200,
        "X-Seraph-LoginReason: AUTHENTICATED_FAILED",
        b"x",
        Ok(Verdict::Content),
    );
    check(
        302,
        "Location: https://other.example/login",
        b"",
        Ok(Verdict::Elsewhere),
    );
    let failed = |status| Err(UpstreamError::Media { status });
    for status in [204, 206, 302, 304, 400, 401, 403, 404, 410, 500, 503, 599] {
        check(status, "", PAGE, failed(status));
    }
    check(
        200,
        "Content-Type: text/html",
        b"",
        Err(UpstreamError::Unusable(Fault::Page)),
    );
    check(200, "", PAGE, Err(UpstreamError::Unusable(Fault::Page)));
    check(
        200,
        "Content-Encoding: gzip",
        b"",
        Err(UpstreamError::Unusable(Fault::Coded)),
    );
    let busy = UpstreamError::Busy {
        retry_after: Duration::from_secs(7),
    };
    check(429, "Retry-After: 7", b"", Err(busy));
    let page = Kind::Media { name: "a.html" };
    check_kind(
        page,
        200,
        "Content-Type: text/html",
        PAGE,
        Ok(Verdict::Content),
    );
}

#[test]
fn a_good_login_is_no_refused_account_whatever_else_comes() {
    let good = "X-Seraph-LoginReason: OK";
    for (status, lines, start, expected) in [
        (
            302,
            "Location: /login.action?permissionViolation=true",
            &b""[..],
            UpstreamError::Forbidden,
        ),
        (
            302,
            "Location: /plugins/servlet/samlsso",
            b"",
            UpstreamError::Forbidden,
        ),
        (
            200,
            "Content-Type: text/html",
            PAGE,
            UpstreamError::Unusable(Fault::Page),
        ),
    ] {
        check(status, &format!("{lines}\n{good}"), start, Err(expected));
    }
}

#[test]
fn a_notice_of_maintenance_is_no_login_page() {
    let html = "Content-Type: text/html";
    for page in [
        "<!DOCTYPE html><title>Maintenance</title>",
        "<html><body>The wiki is temporarily unavailable",
        "<html><title>系统维护中</title>",
        "<html><h1>We will be back soon",
    ] {
        let fault = Err(UpstreamError::Unusable(Fault::Maintenance));
        check(200, html, page.as_bytes(), fault);
    }
    for page in [
        "<html><title>Log In - Confluence</title> maintenance",
        "<html><form>maintenance <input type=password>",
        "<html><title>Welcome",
    ] {
        check(200, html, page.as_bytes(), refused(Refusal::LoginPage));
    }
    // The head alone cannot tell: whoever judges reads on.
    let login = UpstreamError::Refused(Refusal::LoginPage);
    assert!(wants_body(&login, &headers(html)));
    let password = UpstreamError::Refused(Refusal::Password);
    assert!(!wants_body(&password, &headers(html)));
    let unauthorized = UpstreamError::Refused(Refusal::Unauthorized);
    assert!(!wants_body(&unauthorized, &headers(html)));
    assert!(wants_body(
        &unauthorized,
        &headers("Content-Type: application/json")
    ));
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
fn a_file_is_good_whatever_it_is() {
    check(200, FILE, b"", Ok(()));
    check(200, FILE, b"\x89PNG\r\n", Ok(()));
    check(200, "", b"\x89PNG\r\n", Ok(()));
    check(
        200,
        &format!("{FILE}\nX-Seraph-LoginReason: OK"),
        b"x",
        Ok(()),
    );
    check(
        200,
        &format!("{FILE}\nTransfer-Encoding: chunked"),
        b"x",
        Ok(()),
    );
    let html = "Content-Disposition: attachment\nContent-Type: text/html";
    for name in ["report.html", "export.xls", "notes.txt", "user-avatar"] {
        check_name(name, 200, html, PAGE, Ok(()));
    }
    check_name(
        "drawing.svg",
        200,
        "Content-Type: image/svg+xml",
        b"<!DOCTYPE svg>",
        Ok(()),
    );
    check_name(
        "page.html",
        200,
        "Content-Type: application/octet-stream",
        PAGE,
        Ok(()),
    );
}

#[test]
fn a_web_page_in_place_of_a_file_is_a_login_page() {
    let page = refused(Refusal::LoginPage);
    check(
        200,
        "Content-Type: text/html;charset=UTF-8",
        b"",
        page.clone(),
    );
    check(200, "Content-Type: TEXT/HTML", b"\x89PNG", page.clone());
    check_name("a.html", 200, "Content-Type: text/html", PAGE, page.clone());
    check(
        200,
        "Content-Type: application/xhtml+xml",
        b"",
        page.clone(),
    );
    for start in [
        PAGE,
        b"<html>",
        b"<!doctype HTML>",
        b"\xef\xbb\xbf <!-- SSO -->\r\n<!-- x --><HTML lang=en>",
        b"<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC",
        b"<head><script>",
    ] {
        check(200, "Content-Type: image/png", start, page.clone());
        check(200, "", start, page.clone());
    }
    for start in [
        &b"<htm"[..],
        b"<!-- <html>",
        b"x<html>",
        b"<?xml <html>",
        b"",
    ] {
        check(200, "", start, Ok(()));
    }
}

#[test]
fn a_web_page_that_was_uploaded_as_a_picture_does_not_condemn_the_account() {
    let fault = Err(UpstreamError::Unusable(Fault::Page));
    check(200, FILE, PAGE, fault.clone());
    check_name("A.PDF", 200, "Content-Disposition: attachment", PAGE, fault);
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
fn redirects_are_told_apart_by_where_they_lead() {
    let login = || refused(Refusal::LoginRedirect);
    let moved = |to: &str, base: Option<&str>| {
        Err(UpstreamError::Moved {
            to: to.into(),
            base: base.map(Box::from),
        })
    };
    let sso = |host: &str| refused(Refusal::SingleSignOn { host: host.into() });
    for (status, location, expected) in [
        (302, "/login.action?os_destination=%2Findex.action", login()),
        (
            302,
            "http://localhost:8090/login.action?permissionViolation=true",
            login(),
        ),
        (302, "/c/login.action;jsessionid=SECRET", login()),
        (302, "/c/plugins/servlet/samlsso?redirectTo=x", login()),
        (307, "https://wiki/oauth2/start", login()),
        (
            302,
            "/pages/attachmentnotfound.action?pageId=100&filename=a.png",
            Err(UpstreamError::NotFound),
        ),
        (
            302,
            "http://other/c/attachmentnotfound.action?pageId=1",
            Err(UpstreamError::NotFound),
        ),
        (
            302,
            "https://sso.example/auth?state=SECRET",
            sso("sso.example"),
        ),
        (302, "//sso.example:8443/", sso("sso.example")),
        (301, "https://sso.example/auth", sso("sso.example")),
        (
            302,
            "https://sso.example/c/download/attachments/12/a.png",
            sso("sso.example"),
        ),
        (
            301,
            "https://wiki.example/c/download/attachments/12/a.png",
            moved(
                "https://wiki.example/c/download/attachments/12/a.png",
                Some("https://wiki.example/c"),
            ),
        ),
        (
            308,
            "https://wiki/c/download/attachments/12/a.png?version=1",
            moved(
                "https://wiki/c/download/attachments/12/a.png",
                Some("https://wiki/c"),
            ),
        ),
        (
            302,
            "https://WIKI:8443/c/download/attachments/12/a.png",
            moved(
                "https://wiki:8443/c/download/attachments/12/a.png",
                Some("https://wiki:8443/c"),
            ),
        ),
        (
            302,
            "/pages/viewpage.action?pageId=1",
            moved("/pages/viewpage.action", None),
        ),
    ] {
        check(status, &format!("Location: {location}"), b"", expected);
    }
    check(302, "", b"", Err(UpstreamError::Odd { status: 302 }));
    check(
        304,
        "Location: /login.action",
        b"",
        Err(UpstreamError::Odd { status: 304 }),
    );
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

//! Cloud's answers and those of the media host.

use super::tests::*;
use super::*;

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

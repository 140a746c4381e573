//! Where redirects lead.

use super::tests::*;
use super::*;

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

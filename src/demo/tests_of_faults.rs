//! Each fault looks as it does in the wild.

use super::client_for_tests::{confluence, get};
use super::{Behaviour, Fault};

const FILE: &str = "/download/attachments/1/a.png";

#[test]
fn faults_look_as_they_do_in_the_wild() {
    let confluence = confluence();
    let login = format!(
        "{}/login.action?os_destination=%2Fdownload%2Fattachments%2F1%2Fa%2Epng&permissionViolation=true",
        confluence.url()
    );
    let lost = format!("{}/attachmentnotfound.action?pageId=1", confluence.url());
    let denied = format!(
        "CAPTCHA_CHALLENGE; login-url={}/login.action",
        confluence.url()
    );
    let reason = "X-Seraph-LoginReason";
    let saml = format!(
        "{}/plugins/servlet/samlsso?redirectTo=%2Fdownload%2Fattachments%2F1%2Fa%2Epng",
        confluence.url()
    );
    for (fault, status, field, value) in [
        (Fault::NotPermitted, 302, "Location", login.as_str()),
        (Fault::NotPermitted, 302, reason, "OK"),
        (Fault::NotPermitted, 302, "X-AUSERNAME", "me"),
        (Fault::SamlRedirect, 302, "Location", &saml),
        (
            Fault::MovedTo {
                base: "https://wiki.example/base".to_owned(),
            },
            301,
            "Location",
            "https://wiki.example/base/download/attachments/1/a.png",
        ),
        (
            Fault::BasicWithPasswordDisabled,
            403,
            "Content-Type",
            "text/html;charset=UTF-8",
        ),
        (
            Fault::ScopeMismatch,
            401,
            "Content-Type",
            "application/json",
        ),
        (Fault::LoginRedirect, 302, "Location", login.as_str()),
        (
            Fault::SsoRedirect,
            302,
            "Location",
            "https://sso.example/authorize?client_id=wiki&state=0f3a91",
        ),
        (
            Fault::LoginPage,
            200,
            "Content-Type",
            "text/html;charset=UTF-8",
        ),
        (
            Fault::LoginRefused {
                reason: "OUT".to_owned(),
            },
            401,
            reason,
            "OUT",
        ),
        (
            Fault::ServedAnonymously,
            200,
            reason,
            "AUTHENTICATED_FAILED",
        ),
        (
            Fault::BasicDisabled,
            403,
            "Content-Type",
            "application/json",
        ),
        (
            Fault::Captcha,
            403,
            "X-Authentication-Denied-Reason",
            &denied,
        ),
        (Fault::FileLost, 302, "Location", &lost),
        (Fault::MaintenancePage, 200, "Content-Type", "text/html"),
        (Fault::Unavailable, 503, "Content-Type", "text/html"),
    ] {
        let name = format!("{fault:?}");
        let with_file = matches!(fault, Fault::ServedAnonymously);
        confluence.script(1, "a.png", fault);
        let response = get(&confluence, FILE);
        assert_eq!(response.status, status, "{name}");
        assert_eq!(response.header(field), Some(value), "{name}");
        assert_eq!(
            response.header("Content-Disposition").is_some(),
            with_file,
            "{name}"
        );
        let line = format!("HTTP/1.1 {status} \r\n");
        assert!(response.head.starts_with(&line), "no reason phrase: {name}");
    }
    assert_eq!(confluence.failed_logins(), 0, "a fault judges nobody");
}

#[test]
fn faults_say_what_they_are_about() {
    let confluence = confluence();
    for (fault, text) in [
        (
            Fault::BasicDisabled,
            "{\"message\":\"Basic Authentication has been disabled on this instance.\"}",
        ),
        (
            Fault::BasicWithPasswordDisabled,
            "<h1>Basic Auth with password is disabled</h1>",
        ),
        (
            Fault::ScopeMismatch,
            "{\"message\":\"Unauthorized; scope does not match\"}",
        ),
        (Fault::LoginPage, "<form"),
    ] {
        let name = format!("{fault:?}");
        confluence.script(1, "a.png", fault);
        let seen = get(&confluence, FILE).text();
        assert!(seen.contains(text), "{name}: {seen}");
    }
    confluence.script(1, "a.png", Fault::ScopeMismatch);
    let response = get(&confluence, FILE);
    assert_eq!(response.header("Set-Cookie"), None, "the gateway speaks");
}

#[test]
fn rest_answers_with_other_things_than_good_json() {
    let confluence = confluence();
    let metadata = "/rest/api/content/1/child/attachment?filename=a.png&expand=version";
    let good = get(&confluence, metadata);
    confluence.script_rest(Fault::HtmlForJson);
    let response = get(&confluence, metadata);
    assert_eq!(
        (response.status, response.header("Content-Type")),
        (200, Some("text/html;charset=UTF-8"))
    );
    assert!(response.text().contains("Dashboard") && !response.text().contains("<form"));
    for (fault, body) in [
        (Fault::EmptyJson, &b"{}"[..]),
        (Fault::DamagedJson, &good.body[..good.body.len() / 2]),
    ] {
        let name = format!("{fault:?}");
        confluence.script_rest(fault);
        let response = get(&confluence, metadata);
        assert_eq!((response.status, response.complete), (200, true), "{name}");
        assert_eq!(
            response.header("Content-Type"),
            Some("application/json"),
            "{name}"
        );
        assert_eq!(response.body, body, "{name}");
    }
}

#[test]
fn any_status_can_be_played() {
    let confluence = confluence();
    confluence.script(1, "a.png", Behaviour::rate_limited("9223372036854775807"));
    let response = get(&confluence, FILE);
    assert_eq!(response.status, 429);
    assert_eq!(response.header("Retry-After"), Some("9223372036854775807"));
    assert_eq!(
        response.header("Set-Cookie"),
        None,
        "a proxy in front speaks"
    );
    confluence.script(1, "a.png", Behaviour::answer(500, &[("A", "b")], "oops"));
    let response = get(&confluence, FILE);
    assert_eq!((response.status, response.text()), (500, "oops".to_owned()));
}

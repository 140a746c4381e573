//! What the sample Confluence answers to people instead of a file: login page, redirects, refusals.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::answer::Answer;

/// The login page. `{url}` is the site's address.
const LOGIN_HTML: &str = include_str!("samples/login.html");

/// The login page with 200: what a browser sees that is not logged in.
pub(super) fn login(url: &str) -> Answer {
    Answer::html(200, LOGIN_HTML.replace("{url}", url))
}

/// Sends the client to the login page, which would bring it back to `local` afterwards.
pub(super) fn login_redirect(url: &str, local: &str) -> Answer {
    let destination = utf8_percent_encode(local, NON_ALPHANUMERIC);
    Answer::redirect(&format!(
        "{url}/login.action?os_destination={destination}&permissionViolation=true"
    ))
}

/// The account waits for a human who solves a CAPTCHA.
pub(super) fn captcha(url: &str) -> Answer {
    let reason = format!("CAPTCHA_CHALLENGE; login-url={url}/login.action");
    Answer::html(
        403,
        simple("Basic Authentication Failure - Reason : AUTHENTICATION_DENIED"),
    )
    .with("X-Authentication-Denied-Reason", &reason)
}

pub(super) fn not_found() -> Answer {
    Answer::html(404, simple("Page Not Found"))
}

pub(super) fn server_error() -> Answer {
    Answer::html(500, simple("Oops - an error has occurred"))
}

/// Tomcat's own refusal.
pub(super) fn bad_request() -> Answer {
    let body = simple("HTTP Status 400 – Bad Request").into_bytes();
    Answer::of_front(400, body)
        .with("Content-Type", "text/html;charset=utf-8")
        .with("Content-Language", "en")
}

/// A page with nothing but a heading.
pub(super) fn simple(title: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    )
}

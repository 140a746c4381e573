//! What the sample Confluence answers to people instead of a file: login page, redirects, refusals.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::answer::Answer;
use super::behaviour::Fault;

/// Where the imagined single sign-on lives; `.example` never resolves.
const SSO_LOCATION: &str = "https://sso.example/authorize?client_id=wiki&state=0f3a91";

/// The login page. `{url}` is the site's address.
const LOGIN_HTML: &str = include_str!("samples/login.html");

const MAINTENANCE_HTML: &str = "<!DOCTYPE html>\n<html><head><title>Maintenance</title></head>\
    <body><h1>The wiki is being maintained</h1><p>Please come back in half an hour. 系统维护中，请稍后再试。</p>\
    </body></html>\n";

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

/// The answer that a fault wants; `local` is the target below the context path.
pub(super) fn fault(fault: &Fault, url: &str, local: &str) -> Answer {
    match fault {
        Fault::Answer {
            status,
            headers,
            body,
        } => {
            let mut answer = Answer::of_front(*status, body.as_slice());
            for (name, value) in headers {
                answer.add(name, value);
            }
            answer
        }
        Fault::LoginRedirect => login_redirect(url, local),
        Fault::SsoRedirect => Answer::of_front(302, *b"")
            .with("Location", SSO_LOCATION)
            .with("Set-Cookie", "_sso_csrf=c2FtcGxl; Path=/; HttpOnly"),
        Fault::LoginPage | Fault::ServedAnonymously => login(url),
        Fault::LoginRefused { reason } => Answer::html(401, simple("Unauthorized"))
            .with("X-Seraph-LoginReason", reason)
            .with("WWW-Authenticate", "OAuth realm=\"sample\""),
        Fault::BasicDisabled => Answer::json(
            403,
            "{\"message\":\"Basic Authentication has been disabled on this instance.\"}".to_owned(),
        ),
        Fault::Captcha => captcha(url).with("X-Seraph-LoginReason", "AUTHENTICATION_DENIED"),
        Fault::FileLost => Answer::redirect(&format!("{url}/attachmentnotfound.action?pageId=1")),
        Fault::MaintenancePage => maintenance(200),
        Fault::Unavailable => maintenance(503),
    }
}

fn maintenance(status: u16) -> Answer {
    Answer::of_front(status, MAINTENANCE_HTML.as_bytes()).with("Content-Type", "text/html")
}

fn simple(title: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    )
}

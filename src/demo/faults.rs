//! Complete answers that are not what was asked for: one for each [`Fault`].

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::answer::Answer;
use super::behaviour::Fault;
use super::pages;

/// Where the imagined single sign-on lives; `.example` never resolves.
const SSO_LOCATION: &str = "https://sso.example/authorize?client_id=wiki&state=0f3a91";

const MAINTENANCE_HTML: &str = "<!DOCTYPE html>\n<html><head><title>Maintenance</title></head>\
    <body><h1>The wiki is being maintained</h1><p>Please come back in half an hour. 系统维护中，请稍后再试。</p>\
    </body></html>\n";

/// The answer that a fault wants. `local` is the target below the context path, `good` gives what a good account would
/// have got.
pub(super) fn answer(
    fault: &Fault,
    url: &str,
    local: &str,
    good: impl FnOnce() -> Answer,
) -> Answer {
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
        Fault::LoginRedirect => pages::login_redirect(url, local),
        Fault::SsoRedirect => Answer::of_front(302, *b"")
            .with("Location", SSO_LOCATION)
            .with("Set-Cookie", "_sso_csrf=c2FtcGxl; Path=/; HttpOnly"),
        Fault::LoginPage => pages::login(url),
        Fault::ServedAnonymously => good().with("X-Seraph-LoginReason", "AUTHENTICATED_FAILED"),
        Fault::LoginRefused { reason } => Answer::html(401, pages::simple("Unauthorized"))
            .with("X-Seraph-LoginReason", reason)
            .with("WWW-Authenticate", "OAuth realm=\"sample\""),
        Fault::BasicDisabled => Answer::json(
            403,
            "{\"message\":\"Basic Authentication has been disabled on this instance.\"}".to_owned(),
        ),
        Fault::BasicWithPasswordDisabled => {
            Answer::html(403, pages::simple("Basic Auth with password is disabled"))
        }
        Fault::NotPermitted => pages::login_redirect(url, local),
        Fault::SamlRedirect => saml_redirect(url, local),
        Fault::MovedTo { base } => {
            Answer::of_front(301, *b"").with("Location", &format!("{base}{local}"))
        }
        Fault::ScopeMismatch => Answer::of_front(
            401,
            *b"{\"message\":\"Unauthorized; scope does not match\"}",
        )
        .with("Content-Type", "application/json"),
        Fault::HtmlForJson => Answer::html(200, pages::simple("Dashboard - Sample Confluence")),
        Fault::DamagedJson => damaged(good()),
        Fault::EmptyJson => Answer::json(200, "{}".to_owned()),
        Fault::Captcha => pages::captcha(url).with("X-Seraph-LoginReason", "AUTHENTICATION_DENIED"),
        Fault::FileLost => Answer::redirect(&format!("{url}/attachmentnotfound.action?pageId=1")),
        Fault::MaintenancePage => maintenance(200),
        Fault::Unavailable => maintenance(503),
    }
}

fn maintenance(status: u16) -> Answer {
    Answer::of_front(status, MAINTENANCE_HTML.as_bytes()).with("Content-Type", "text/html")
}

/// Sends the client to the single sign-on of an add-on of this very site.
fn saml_redirect(url: &str, local: &str) -> Answer {
    let destination = utf8_percent_encode(local, NON_ALPHANUMERIC);
    Answer::redirect(&format!(
        "{url}/plugins/servlet/samlsso?redirectTo={destination}"
    ))
}

fn damaged(mut answer: Answer) -> Answer {
    answer.body = answer.body[..answer.body.len() / 2].into();
    answer
}

//! Server / Data Center: which request gets which answer, and the header fields that it adds.

use super::account::Login;
use super::answer::Answer;
use super::download::{download, thumbnail};
use super::pages;
use super::request::Request;
use super::rest;
use super::site::Site;
use super::target::{Place, Target};

/// The answer of a Data Center that is well.
pub(super) fn route(site: &Site, request: &Request, target: &Target, login: Login) -> Answer {
    let needs_account = !matches!(target.place, Place::Refused | Place::Outside | Place::Login);
    if needs_account && login == Login::Denied {
        return pages::captcha(site.url());
    }
    let reads = |page: u64| login == Login::Known || site.pages().is_public(page);
    match &target.place {
        Place::Refused => pages::bad_request(),
        Place::Outside => Answer::of_front(404, *b""),
        Place::Login => pages::login(site.url()),
        Place::Manifest => rest::manifest(site.url()),
        Place::CurrentUser if login == Login::Failed => rest::wrong_password(),
        Place::CurrentUser => rest::current_user(site.account().username(), login),
        Place::Search if login == Login::Known => rest::search(&site.pages(), target, site.url()),
        Place::Content { page } if reads(*page) => rest::content(&site.pages(), *page),
        Place::Children { page } if reads(*page) => {
            rest::children(&site.pages(), *page, target, site.url())
        }
        Place::Search | Place::Content { .. } | Place::Children { .. } => match login {
            Login::Failed => rest::wrong_password(),
            Login::Known | Login::Anonymous | Login::Denied => rest::not_permitted(),
        },
        Place::Attachment { page, name } if reads(*page) => {
            download(&site.pages(), request, target, (*page, name))
        }
        Place::Thumbnail { page, name } if reads(*page) => {
            thumbnail(&site.pages(), request, target, (*page, name))
        }
        Place::Titled {
            space,
            title,
            posted,
            name,
        } => {
            // A statement of its own: the lock must be free again when the download takes it.
            let page = site.pages().titled(space, title, *posted);
            match page {
                Some(page) if reads(page) => download(&site.pages(), request, target, (page, name)),
                None if login == Login::Known => pages::not_found(),
                Some(_) | None => pages::login_redirect(site.url(), &target.local),
            }
        }
        // Files by id are Cloud's.
        Place::RestDownload { .. } | Place::ThumbnailById { .. } | Place::Elsewhere
            if login == Login::Known =>
        {
            pages::not_found()
        }
        Place::Attachment { .. }
        | Place::Thumbnail { .. }
        | Place::RestDownload { .. }
        | Place::ThumbnailById { .. }
        | Place::Elsewhere => pages::login_redirect(site.url(), &target.local),
    }
}

/// Adds what Seraph, the login of Data Center, says about the account.
pub(super) fn tell_login(answer: &mut Answer, login: Login, username: &str) {
    match login {
        Login::Known => {
            answer.add("X-Seraph-LoginReason", "OK");
            answer.add("X-AUSERNAME", username);
        }
        Login::Failed => answer.add("X-Seraph-LoginReason", "AUTHENTICATED_FAILED"),
        Login::Denied => answer.add("X-Seraph-LoginReason", "AUTHENTICATION_DENIED"),
        Login::Anonymous => {}
    }
}

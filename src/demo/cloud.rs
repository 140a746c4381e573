//! Cloud: which request gets which answer, and the header fields that it adds.
//!
//! A file is fetched in steps there: its id from the listing, its address from REST, its bytes from [`Media`].

use super::account::Login;
use super::answer::Answer;
use super::file::File;
use super::json::json;
use super::media::Media;
use super::pages;
use super::rest;
use super::site::Site;
use super::target::{Place, Target};

/// The one account's id, as Cloud writes them.
const ACCOUNT_ID: &str = "712020:5c1a09e4-7bd2-3f86-9a55-1d0c62f7be11";

/// The answer of a Cloud site that is well.
pub(super) fn route(site: &Site, media: &Media, target: &Target, login: Login) -> Answer {
    let is_refused = match login {
        Login::Failed | Login::Denied => true,
        Login::Anonymous | Login::Known => false,
    };
    let reads = |page: u64| login == Login::Known || site.pages().is_public(page);
    match &target.place {
        Place::Refused => pages::bad_request(),
        Place::Outside => Answer::of_front(404, *b""),
        Place::Attachment { .. } | Place::Thumbnail { .. } | Place::Titled { .. } => {
            servlet_refusal(site.url())
        }
        Place::Elsewhere if target.local.starts_with("/download/") => servlet_refusal(site.url()),
        Place::Login => pages::login(site.url()),
        Place::CurrentUser
        | Place::Search
        | Place::Content { .. }
        | Place::Children { .. }
        | Place::RestDownload { .. }
        | Place::ThumbnailById { .. }
            if is_refused =>
        {
            rest::error(401, "Unauthorized")
        }
        Place::CurrentUser => current_user(site.account().username(), login),
        Place::Search if login == Login::Known => rest::search(&site.pages(), target, site.url()),
        Place::Content { page } if reads(*page) => rest::content(&site.pages(), *page),
        Place::Children { page } if reads(*page) => {
            rest::children(&site.pages(), *page, target, site.url())
        }
        Place::RestDownload { page, attachment } if reads(*page) => {
            download(site, media, target, *page, *attachment)
        }
        Place::ThumbnailById { attachment } if login == Login::Known => {
            thumbnail(site, media, target, *attachment)
        }
        Place::Search
        | Place::Content { .. }
        | Place::Children { .. }
        | Place::RestDownload { .. }
        | Place::ThumbnailById { .. } => rest::not_permitted(),
        Place::Manifest => rest::error(404, "null for uri: /rest/applinks/1.0/manifest"),
        Place::Elsewhere if target.local.starts_with("/rest/") => rest::error(404, "null for uri"),
        Place::Elsewhere if target.local.starts_with("/api/") => rest::error(404, "Not Found"),
        Place::Elsewhere => pages::not_found(),
    }
}

/// Adds what Cloud says about the account. It knows no login reasons.
pub(super) fn tell_login(answer: &mut Answer, login: Login) {
    answer.add("Server", "AtlassianEdge");
    if login == Login::Known {
        answer.add("X-AACCOUNTID", &ACCOUNT_ID.replace(':', "%3A"));
    }
}

/// The old addresses know no API tokens, good or bad.
fn servlet_refusal(url: &str) -> Answer {
    Answer::html(401, pages::simple("Unauthorized"))
        .with("WWW-Authenticate", &format!("OAuth realm=\"{url}\""))
}

fn current_user(username: &str, login: Login) -> Answer {
    if login != Login::Known {
        return rest::anonymous_user();
    }
    let name = json(username);
    Answer::json(
        200,
        format!(
            "{{\"type\":\"known\",\"accountId\":\"{ACCOUNT_ID}\",\"accountType\":\"atlassian\",\"email\":{name},\"displayName\":{name}}}"
        ),
    )
}

/// `/rest/api/content/{page}/child/attachment/{attachment}/download`.
fn download(site: &Site, media: &Media, target: &Target, page: u64, attachment: u64) -> Answer {
    let found = find(site, target, attachment, |found, _| found == page);
    hand_over(site, media, attachment, found)
}

/// `/api/v2/attachments/{attachment}/thumbnail/download`: here the picture is the file itself.
fn thumbnail(site: &Site, media: &Media, target: &Target, attachment: u64) -> Answer {
    let found = find(site, target, attachment, |_, is_drawable| is_drawable);
    hand_over(site, media, attachment, found)
}

/// The name and the wanted version of a file, if its page and whether it can be drawn are right.
fn find(
    site: &Site,
    target: &Target,
    attachment: u64,
    is_right: impl FnOnce(u64, bool) -> bool,
) -> Option<(String, File)> {
    let pages = site.pages();
    let (page, name, attachment) = pages.attachment_by_id(attachment)?;
    if !is_right(page, attachment.is_drawable()) {
        return None;
    }
    let file = match target.parameter("version") {
        None => attachment.current(),
        Some(number) => attachment.version(number.parse().ok()?)?,
    };
    Some((name.to_owned(), file.clone()))
}

/// Sends the client on to the media host, or to where a script wants it.
fn hand_over(site: &Site, media: &Media, attachment: u64, found: Option<(String, File)>) -> Answer {
    let Some((name, file)) = found else {
        let message = format!("No attachment found with id: ContentId{{id={attachment}}}");
        return rest::error(404, &message);
    };
    let scripted = site.scripts().downloads_to.clone();
    let location = scripted.unwrap_or_else(|| media.sign(attachment, &name, file));
    Answer::redirect(&location)
}

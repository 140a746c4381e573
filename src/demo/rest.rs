//! The few REST answers that the sample Confluence gives.

use super::account::Login;
use super::answer::Answer;
use super::content::{Page, Pages};
use super::file::Attachment;
use super::json::{json, timestamp};
use super::target::Target;

/// Attachments on one page of a listing when nobody says `limit`, and the most that anybody gets.
const LIMIT_DEFAULT: usize = 50;
const LIMIT_MAX: usize = 200;

/// Results of a search by title. There is no second page: titles are unique within a space.
const SEARCH_LIMIT: usize = 25;

pub(super) fn current_user(username: &str, login: Login) -> Answer {
    if login != Login::Known {
        return anonymous_user();
    }
    let name = json(username);
    Answer::json(
        200,
        format!(
            "{{\"type\":\"known\",\"username\":{name},\"userKey\":\"8a7f80828bd4\",\"displayName\":{name}}}"
        ),
    )
}

pub(super) fn anonymous_user() -> Answer {
    let body = "{\"type\":\"anonymous\",\"username\":\"anonymous\",\"displayName\":\"Anonymous\"}";
    Answer::json(200, body.to_owned())
}

pub(super) fn wrong_password() -> Answer {
    error(
        401,
        "Basic authentication failed: wrong user name or password",
    )
    .with("WWW-Authenticate", "OAuth realm=\"sample\"")
}

pub(super) fn not_permitted() -> Answer {
    error(403, "anonymous users are not permitted to use Confluence")
}

/// `/rest/api/content/{id}`: which space a page belongs to.
pub(super) fn content(pages: &Pages, id: u64) -> Answer {
    let Some(page) = pages.page(id) else {
        return no_content(id);
    };
    Answer::json(200, about(id, page))
}

/// What REST says about a page or blog post.
fn about(id: u64, page: &Page) -> String {
    let kind = page.kind();
    let title = json(page.title.as_deref().unwrap_or("Untitled"));
    let space = json(page.space.as_deref().unwrap_or("SAMPLE"));
    format!(
        "{{\"id\":\"{id}\",\"type\":\"{kind}\",\"status\":\"current\",\"title\":{title},\"space\":{{\"key\":{space},\"type\":\"global\"}}}}"
    )
}

/// `/rest/api/content`: pages by space and title, or blog posts by these and their day.
pub(super) fn search(pages: &Pages, target: &Target, url: &str) -> Answer {
    let is = |name: &str, value: Option<&str>| {
        target
            .parameter(name)
            .is_none_or(|wanted| Some(wanted) == value)
    };
    let kind = target.parameter("type").unwrap_or("page");
    let results: Vec<String> = pages
        .known_to_rest()
        .filter(|(_, page)| {
            let posted = page
                .posted
                .map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}"));
            page.kind() == kind
                && is("spaceKey", page.space.as_deref())
                && is("title", page.title.as_deref())
                && is("postingDay", posted.as_deref())
        })
        .take(SEARCH_LIMIT)
        .map(|(id, page)| about(id, page))
        .collect();
    let size = results.len();
    Answer::json(
        200,
        format!(
            "{{\"results\":[{}],\"start\":0,\"limit\":{SEARCH_LIMIT},\"size\":{size},\"_links\":{{\"base\":{}}}}}",
            results.join(","),
            json(url),
        ),
    )
}

/// `/rest/applinks/1.0/manifest`: what this is, for anybody who asks.
pub(super) fn manifest(url: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><manifest><id>5c1a09e4-7bd2-3f86-9a55-1d0c62f7be11</id>\
         <name>Sample Confluence</name><typeId>confluence</typeId><version>9.2.17</version><buildNumber>21763</buildNumber>\
         <applinksVersion>10.2.3</applinksVersion><publicSignup>false</publicSignup><url>{url}</url></manifest>"
    );
    Answer::new(200, body.into_bytes()).with("Content-Type", "application/xml;charset=UTF-8")
}

/// `/rest/api/content/{id}/child/attachment`: the files of a page, by name.
pub(super) fn children(pages: &Pages, id: u64, target: &Target, url: &str) -> Answer {
    let Some(page) = pages.page(id) else {
        return no_content(id);
    };
    let number = |name: &str| target.parameter(name)?.parse::<usize>().ok();
    let limit = number("limit").unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX);
    let start = number("start").unwrap_or(0);
    let expand = target.parameter("expand").unwrap_or_default();
    let with_version = expand.split(',').any(|word| word == "version");
    let wanted = target.parameter("filename");
    let matching: Vec<_> = page
        .files
        .iter()
        .filter(|(name, _)| wanted.is_none_or(|wanted| wanted == name.as_str()))
        .collect();
    let results: Vec<String> = matching
        .iter()
        .skip(start)
        .take(limit)
        .map(|(name, attachment)| child((id, page), name, attachment, with_version))
        .collect();
    let size = results.len();
    let next = match start + size < matching.len() && 0 < size {
        true => format!(
            ",\"next\":\"/rest/api/content/{id}/child/attachment?expand={}&limit={limit}&start={}\"",
            if with_version { "version" } else { "" },
            start + size
        ),
        false => String::new(),
    };
    Answer::json(
        200,
        format!(
            "{{\"results\":[{}],\"start\":{start},\"limit\":{limit},\"size\":{size},\"_links\":{{\"base\":{}{next}}}}}",
            results.join(","),
            json(url),
        ),
    )
}

fn child(
    (id, page): (u64, &Page),
    name: &str,
    attachment: &Attachment,
    with_version: bool,
) -> String {
    let file = attachment.current();
    let media_type = json(&file.media_type);
    let number = attachment.versions.len();
    let version = match (with_version, file.uploaded) {
        (true, Some(when)) => format!(
            "\"version\":{{\"when\":\"{}\",\"number\":{number},\"minorEdit\":false}},",
            timestamp(when)
        ),
        _ => String::new(),
    };
    format!(
        "{{\"id\":\"att{}\",\"type\":\"attachment\",\"status\":\"current\",\"title\":{},{version}\
         \"metadata\":{{\"mediaType\":{media_type}}},\
         \"extensions\":{{\"mediaType\":{media_type},\"fileSize\":{},\"comment\":{}}},\
         \"container\":{{\"id\":\"{id}\",\"type\":\"{}\"}}}}",
        attachment.id,
        json(name),
        file.bytes.len(),
        json(&file.comment),
        page.kind(),
    )
}

fn no_content(id: u64) -> Answer {
    error(
        404,
        &format!("No content found with id: ContentId{{id={id}}}"),
    )
}

pub(super) fn error(status: u16, message: &str) -> Answer {
    let message = json(message);
    Answer::json(
        status,
        format!("{{\"statusCode\":{status},\"message\":{message}}}"),
    )
}

//! How Data Center hands out a file, with its oddities.

use httpdate::{fmt_http_date, parse_http_date};

use super::answer::Answer;
use super::content::Pages;
use super::file::{Attachment, File};
use super::pages;
use super::request::Request;
use super::target::Target;

/// The file in the version that the target wants, or why not.
pub(super) fn download(
    pages: &Pages,
    request: &Request,
    target: &Target,
    (page, name): (u64, &str),
) -> Answer {
    let Some(attachment) = pages.attachment(page, name) else {
        return pages::not_found();
    };
    let version = match target.parameter("version").map(str::parse) {
        None => attachment.versions.len(),
        Some(Ok(number)) => number,
        Some(Err(_)) => return pages::server_error(),
    };
    let file = attachment.version(version);
    let etag = file.and_then(File::shown_etag);
    if is_unchanged(request, etag.as_deref()) {
        let answer = Answer::new(304, *b"");
        return match etag {
            Some(etag) => answer.with("ETag", &etag),
            None => answer,
        };
    }
    let Some(file) = file else {
        return pages::not_found();
    };
    let forced = target.parameter("download") == Some("true");
    whole(file, name, forced)
}

/// A picture of the file, which is here the file itself; there is none of what cannot be drawn.
pub(super) fn thumbnail(
    pages: &Pages,
    request: &Request,
    target: &Target,
    (page, name): (u64, &str),
) -> Answer {
    match pages
        .attachment(page, name)
        .is_some_and(Attachment::is_drawable)
    {
        true => download(pages, request, target, (page, name)),
        false => pages::not_found(),
    }
}

/// Whether the answer is 304. Data Center takes any real date for a sign that nothing has changed, even when the
/// version is unknown; only a file with an `ETag` has a better sign, and then the date is not looked at.
fn is_unchanged(request: &Request, etag: Option<&str>) -> bool {
    if let (Some(etag), Some(known)) = (etag, request.header("If-None-Match")) {
        return known
            .split(',')
            .map(str::trim)
            .any(|known| known == "*" || known.trim_start_matches("W/") == etag);
    }
    let since = request.header("If-Modified-Since");
    since.is_some_and(|date| parse_http_date(date).is_ok())
}

fn whole(file: &File, name: &str, forced: bool) -> Answer {
    let shown = file.media_type.starts_with("image/")
        || file.media_type.starts_with("video/")
        || file.media_type.starts_with("audio/")
        || matches!(file.media_type.as_str(), "text/plain" | "application/pdf");
    let disposition = if shown && !forced {
        "inline"
    } else {
        "attachment"
    };
    let mut answer = Answer::new(200, file.bytes.clone());
    answer.add("Content-Type", &file.media_type);
    match name.is_ascii() {
        true => answer.add(
            "Content-Disposition",
            &format!("{disposition}; filename=\"{name}\""),
        ),
        false => answer.add("Content-Disposition", disposition),
    }
    answer.add("Last-Modified", &fmt_http_date(file.claims_modified()));
    if let Some(etag) = file.shown_etag() {
        answer.add("ETag", &etag);
    }
    answer.add("Accept-Ranges", "bytes");
    answer.add("X-Content-Type-Options", "nosniff");
    answer
}

//! What Confluence means by an address below its base.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::link::{File, Meaning, Mistake};
use super::path::{behind, own_form, short_form};
use super::tiny;
use crate::attachment::{FileName, Key, KeyError, PageId};
use crate::router::{Method, Reason, Route, route};

/// Reads what is behind the base address: empty, or with a leading `/`, `?` or `#`.
pub(super) fn of_confluence(below: &str) -> Meaning {
    let (below, fragment) = below.split_once('#').unwrap_or((below, ""));
    let (path, query) = below.split_once('?').unwrap_or((below, ""));
    let path = without_session(path);
    let query = Query(query);
    if let Some(file) = query.text("preview").and_then(|place| previewed(&place)) {
        return file;
    }
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match *segments {
        ["download", "attachments" | "thumbnails", page, ..] => {
            download(&path, query, fragment, page)
        }
        ["rest", "api", "content", page, "child", "attachment"]
        | ["api", "v2", "pages" | "blogposts", page, "attachments"] => {
            listed(page, query.text("filename").as_deref())
        }
        ["rest", "api", "content", page, "child", "attachment", _, ..] => match page_of(page) {
            Meaning::Page(page) => Meaning::Unnamed(page),
            other => other,
        },
        ["rest", "api", "content", page, ..] | ["api", "v2", "pages" | "blogposts", page, ..] => {
            page_of(page)
        }
        ["api", "v2", "attachments", _, ..] => Meaning::Mistake(Mistake::AttachmentId),
        ["x", code, ..] => match tiny::page(code) {
            Some(page) => Meaning::Page(page),
            None => Meaning::Mistake(Mistake::Unknown),
        },
        _ => shown(&segments, query),
    }
}

/// A page that Confluence shows to people.
fn shown(segments: &[&str], query: Query<'_>) -> Meaning {
    if let Some(page) = query.text("pageId") {
        return page_of(&page);
    }
    let numbered = |segments: &[&str]| {
        let found = segments
            .iter()
            .find_map(|segment| PageId::parse(segment).ok());
        found.map_or(Meaning::Mistake(Mistake::Unknown), Meaning::Page)
    };
    match *segments {
        ["spaces", _, "pages", ref rest @ ..] => numbered(rest),
        ["spaces", _, "blog", _, _, _, ref rest @ ..] => numbered(rest),
        ["display", _, _, ..] => Meaning::Mistake(Mistake::TitleOnly),
        ["pages", ..] if query.text("title").is_some() => Meaning::Mistake(Mistake::TitleOnly),
        ["display" | "spaces", _, ..] => Meaning::Mistake(Mistake::Space),
        _ => Meaning::Mistake(Mistake::Unknown),
    }
}

/// One of the forms of download, all of which the router knows.
fn download(path: &str, query: Query<'_>, fragment: &str, page: &str) -> Meaning {
    if is_attachment_id(page) {
        return Meaning::Mistake(Mistake::AttachmentId);
    }
    match route(Method::Get, &format!("{path}?{}", query.0), "") {
        Route::Attachment { key, download } => Meaning::File(File {
            path: own_form(&key, download) + &behind(fragment),
            key,
            download,
        }),
        Route::Bad(reason) => Meaning::Mistake(Mistake::Bad(reason)),
        Route::NotFound(_)
        | Route::Home
        | Route::Icon
        | Route::Gallery(_)
        | Route::Warm(_)
        | Route::Health
        | Route::Ready { .. }
        | Route::Status
        | Route::Metrics
        | Route::Forget(_)
        | Route::Options { .. }
        | Route::MethodNotAllowed { .. } => Meaning::Mistake(Mistake::Unknown),
    }
}

/// A file that REST is asked about by its name.
fn listed(page: &str, name: Option<&str>) -> Meaning {
    match (page_of(page), name) {
        (Meaning::Page(page), Some(name)) => latest(page, name),
        (other, _) => other,
    }
}

/// The window that people see a file in: `/{page}/{attachment}/{name}`. A fragment would be a place on the page around it.
fn previewed(place: &str) -> Option<Meaning> {
    let mut parts = place.trim_start_matches('/').splitn(3, '/');
    let (page, _, name) = (parts.next()?, parts.next()?, parts.next()?);
    let page = PageId::parse(page).ok()?;
    Some(latest(page, name))
}

fn latest(page: PageId, name: &str) -> Meaning {
    match FileName::parse(name.as_bytes()) {
        Ok(name) => Meaning::File(File {
            path: short_form(page, &name),
            key: Key::File {
                page,
                name,
                version: None,
            },
            download: false,
        }),
        Err(error) => Meaning::Mistake(Mistake::Bad(Reason::Key(error))),
    }
}

fn page_of(id: &str) -> Meaning {
    match PageId::parse(id) {
        Ok(page) => Meaning::Page(page),
        Err(_) if is_attachment_id(id) => Meaning::Mistake(Mistake::AttachmentId),
        Err(_) => Meaning::Mistake(Mistake::Bad(Reason::Key(KeyError::PageId))),
    }
}

/// As Cloud writes them: `att123456`.
fn is_attachment_id(id: &str) -> bool {
    let digits = id.strip_prefix("att").unwrap_or_default();
    PageId::parse(digits).is_ok()
}

/// Takes out what application servers append to a path for browsers without cookies.
fn without_session(path: &str) -> Cow<'_, str> {
    const MARK: &str = ";jsessionid=";
    let lower = path.to_ascii_lowercase();
    let Some(start) = lower.find(MARK) else {
        return Cow::Borrowed(path);
    };
    let end = path[start..].find('/').map_or(path.len(), |at| start + at);
    Cow::Owned(format!("{}{}", &path[..start], &path[end..]))
}

/// What is behind the question mark.
#[derive(Clone, Copy)]
struct Query<'a>(&'a str);

impl Query<'_> {
    /// The first value of this name, decoded as forms are.
    fn text(self, name: &str) -> Option<String> {
        let mut pairs = self.0.split('&').map(|pair| pair.split_once('='));
        let (_, value) = pairs.find_map(|pair| pair.filter(|(found, _)| *found == name))?;
        let spaced = value.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
        Some(decoded.into_owned())
    }
}

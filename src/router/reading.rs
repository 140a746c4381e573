//! From a target to its one meaning.

use super::query::{Plus, Query, file_name, page_id, pixels};
use super::route::{Forget, Method, Nowhere, Reason, Route};
use crate::attachment::{Day, Key, PageId};

/// What the service understands at all: the `Allow` of a request with an unknown method.
pub const ALLOW: &str = "GET, HEAD, POST, DELETE, OPTIONS";

const ALLOW_READ: &str = "GET, HEAD, OPTIONS";
const ALLOW_FORM: &str = "GET, HEAD, POST, OPTIONS";
const ALLOW_FILE: &str = "GET, HEAD, DELETE, OPTIONS";

/// Behind a page id: POST there fetches the files of the page. GET of the same address is the file of that name.
const WARM: &str = "warm";

/// Says what a request means. `base_path` is empty or like `/proxy`, encoded as the target is.
///
/// ```
/// use confluence_attachment_proxy::router::{Method, Route, route};
///
/// let link = "/proxy/download/attachments/12/a+b.png?version=3&api=v2";
/// let Route::Attachment { key, download } = route(Method::Get, link, "/proxy") else {
///     panic!("that is an attachment");
/// };
/// assert_eq!(key.to_string(), "confluence_attachment_12_a%2Bb.png?version=3");
/// assert!(!download);
/// ```
pub fn route(method: Method, target: &str, base_path: &str) -> Route {
    if target == "*" && method == Method::Options {
        return Route::Options { allow: ALLOW };
    }
    let place = match place(target, base_path) {
        Ok(place) => place,
        Err(Refusal::Nowhere(nowhere)) => return Route::NotFound(nowhere),
        Err(Refusal::Bad(reason)) => return Route::Bad(reason),
    };
    let allow = place.allow();
    match (method, place) {
        (Method::Options, _) => Route::Options { allow },
        (Method::Delete, Place::Attachment { key, .. }) => Route::Forget(Forget::File(key)),
        (Method::Delete, Place::Page(page)) => Route::Forget(Forget::Page(page)),
        (Method::Post, Place::Attachment { key, .. }) => match warmed(&key) {
            Some(page) => Route::Warm(page),
            None => Route::MethodNotAllowed { allow },
        },
        (Method::Get | Method::Head | Method::Post, Place::Home) => Route::Home,
        (Method::Get | Method::Head, Place::Page(page)) => Route::Gallery(page),
        (Method::Get | Method::Head, Place::Attachment { key, download }) => {
            Route::Attachment { key, download }
        }
        (Method::Get | Method::Head, Place::Icon) => Route::Icon,
        (Method::Get | Method::Head, Place::Health) => Route::Health,
        (Method::Get | Method::Head, Place::Ready { upstream }) => Route::Ready { upstream },
        (Method::Get | Method::Head, Place::Status) => Route::Status,
        (Method::Get | Method::Head, Place::Metrics) => Route::Metrics,
        (
            Method::Delete | Method::Post,
            Place::Home
            | Place::Page(_)
            | Place::Icon
            | Place::Health
            | Place::Ready { .. }
            | Place::Status
            | Place::Metrics,
        ) => Route::MethodNotAllowed { allow },
    }
}

/// The page that a POST to the address of this file warms.
fn warmed(key: &Key) -> Option<PageId> {
    match key {
        Key::File {
            page,
            name,
            version: None,
        } if name.as_str() == WARM => Some(*page),
        Key::File { .. } | Key::Thumbnail { .. } | Key::Titled { .. } | Key::BlogPost { .. } => {
            None
        }
    }
}

/// What an address names, whatever the method.
enum Place {
    Attachment { key: Key, download: bool },
    Page(PageId),
    Home,
    Icon,
    Health,
    Ready { upstream: bool },
    Status,
    Metrics,
}

impl Place {
    /// The methods that are answered there.
    fn allow(&self) -> &'static str {
        match self {
            Place::Attachment { key, .. } if warmed(key).is_some() => ALLOW,
            Place::Attachment { .. } => ALLOW_FILE,
            Place::Page(_) => ALLOW_FILE,
            Place::Home => ALLOW_FORM,
            Place::Icon | Place::Health | Place::Ready { .. } | Place::Status | Place::Metrics => {
                ALLOW_READ
            }
        }
    }
}

/// Why an address names nothing.
enum Refusal {
    Nowhere(Nowhere),
    Bad(Reason),
}

impl<E: Into<Reason>> From<E> for Refusal {
    fn from(reason: E) -> Refusal {
        Refusal::Bad(reason.into())
    }
}

fn place(target: &str, base_path: &str) -> Result<Place, Refusal> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if !path.starts_with('/') {
        return Err(Reason::Target.into());
    }
    match path {
        "/favicon.ico" => return Ok(Place::Icon),
        "/healthz" => return Ok(Place::Health),
        "/status" => return Ok(Place::Status),
        "/metrics" => return Ok(Place::Metrics),
        "/readyz" => {
            let names = query.split('&').map(|pair| pair.split('=').next());
            let upstream = names.flatten().any(|name| name == "upstream");
            return Ok(Place::Ready { upstream });
        }
        _ => {}
    }
    let inside = path.strip_prefix(base_path);
    let Some(inside) = inside.filter(|inside| inside.is_empty() || inside.starts_with('/')) else {
        return Err(Refusal::Nowhere(Nowhere::Elsewhere));
    };
    if inside.is_empty() || inside == "/" {
        return Ok(Place::Home);
    }
    let segments: Vec<&str> = inside[1..].split('/').collect();
    if segments[..segments.len() - 1].contains(&"") {
        return Err(Reason::EmptySegment.into());
    }
    attachment(&segments, query)
}

/// Reads the segments below the base path, none of them empty but perhaps the last.
fn attachment(segments: &[&str], query: &str) -> Result<Place, Refusal> {
    match *segments {
        [
            "download",
            "attachments",
            "embedded-page",
            space,
            title,
            name,
        ] => {
            let query = Query::parse(query)?;
            let plus = query.plus_in_links();
            let key = Key::Titled {
                space: file_name(space, plus)?,
                title: file_name(title, plus)?,
                name: file_name(name, plus)?,
                version: query.version,
            };
            Ok(file(&query, key))
        }
        [
            "download",
            "attachments",
            "embedded-blogpost",
            space,
            ref day @ ..,
            title,
            name,
        ] if day.len() == 3 => {
            let query = Query::parse(query)?;
            let plus = query.plus_in_links();
            let key = Key::BlogPost {
                space: file_name(space, plus)?,
                day: Day::parse(day[0], day[1], day[2])?,
                title: file_name(title, plus)?,
                name: file_name(name, plus)?,
                version: query.version,
            };
            Ok(file(&query, key))
        }
        ["download", "attachments", page, name] => {
            let query = Query::parse(query)?;
            file_of(page, name, query.plus_in_links(), &query)
        }
        ["download", "thumbnails", page, name] => {
            let query = Query::parse(query)?;
            let key = Key::Thumbnail {
                page: page_id(page)?,
                name: file_name(name, query.plus_in_links())?,
                version: query.version,
                width: pixels("width", query.width.as_deref())?,
                height: pixels("height", query.height.as_deref())?,
            };
            Ok(file(&query, key))
        }
        ["download", ..] => Err(Refusal::Nowhere(Nowhere::Download)),
        [page, name] if !name.is_empty() => {
            file_of(page, name, Plus::Itself, &Query::parse(query)?)
        }
        [page] | [page, ""] => page_id(page)
            .map(Place::Page)
            .map_err(|_| Refusal::Nowhere(Nowhere::Elsewhere)),
        [first, ..] if page_id(first).is_ok() => Err(Reason::Segments.into()),
        _ => Err(Refusal::Nowhere(Nowhere::Elsewhere)),
    }
}

fn file_of(page: &str, name: &str, plus: Plus, query: &Query<'_>) -> Result<Place, Refusal> {
    let key = Key::File {
        page: page_id(page)?,
        name: file_name(name, plus)?,
        version: query.version,
    };
    Ok(file(query, key))
}

fn file(query: &Query<'_>, key: Key) -> Place {
    Place::Attachment {
        key,
        download: query.download,
    }
}

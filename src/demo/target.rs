//! Reads a request target the way Confluence Data Center does, with its oddities.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::content::Day;

/// What a target addresses.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `/download/attachments/{id}/{file}`.
    Attachment { page: u64, name: String },
    /// `/download/thumbnails/{id}/{file}`.
    Thumbnail { page: u64, name: String },
    /// `/download/attachments/embedded-page/{SPACE}/{Title}/{file}`, and for blog posts
    /// `/download/attachments/embedded-blogpost/{SPACE}/{yyyy}/{mm}/{dd}/{Title}/{file}`.
    Titled {
        space: String,
        title: String,
        posted: Option<Day>,
        name: String,
    },
    /// `/rest/api/user/current`.
    CurrentUser,
    /// `/rest/applinks/1.0/manifest`.
    Manifest,
    /// `/rest/api/content`.
    Search,
    /// `/rest/api/content/{id}`.
    Content { page: u64 },
    /// `/rest/api/content/{id}/child/attachment`.
    Children { page: u64 },
    /// `/rest/api/content/{id}/child/attachment/att{attachment}/download`.
    RestDownload { page: u64, attachment: u64 },
    /// `/api/v2/attachments/att{attachment}/thumbnail/download`.
    ThumbnailById { attachment: u64 },
    /// `/login.action`.
    Login,
    /// Some other address of the application.
    Elsewhere,
    /// Characters that Tomcat refuses before the application sees them.
    Refused,
    /// Not below the context path: another application's, or nobody's.
    Outside,
}

/// A target, taken apart.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) place: Place,
    /// Path and query as they were written, without the context path.
    pub(super) local: String,
    query: Vec<(String, String)>,
}

impl Target {
    /// Takes a raw target apart.
    pub(super) fn parse(raw: &str, context_path: &str) -> Target {
        let local = raw
            .strip_prefix(context_path)
            .filter(|rest| rest.starts_with('/'));
        let Some(local) = local else {
            return Target {
                place: Place::Outside,
                local: raw.to_owned(),
                query: Vec::new(),
            };
        };
        let (path, query) = local.split_once('?').unwrap_or((local, ""));
        let query = read_query(query);
        let plus_is_literal = find(&query, "api") == Some("v2");
        let place = if raw.bytes().any(is_refused) {
            Place::Refused
        } else {
            read_path(&decode_path(path, plus_is_literal))
        };
        Target {
            place,
            local: local.to_owned(),
            query,
        }
    }

    /// The path as it was written, without the context path.
    pub(super) fn path(&self) -> &str {
        self.local
            .split_once('?')
            .map_or(self.local.as_str(), |(path, _)| path)
    }

    /// The first query parameter of that name, decoded.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        find(&self.query, name)
    }
}

fn find<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query
        .iter()
        .find(|(field, _)| field == name)
        .map(|(_, value)| value.as_str())
}

/// Tomcat answers 400 to these when they come unencoded.
fn is_refused(byte: u8) -> bool {
    !byte.is_ascii_graphic() || b"[]{}|^\\\"<>`".contains(&byte)
}

fn read_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode_form(name), decode_form(value))
        })
        .collect()
}

/// Confluence's way: with `api=v2` a `+` is made `%2B` first; then the path is decoded once, as forms are.
fn decode_path(path: &str, plus_is_literal: bool) -> String {
    let path = match plus_is_literal && path.contains('+') {
        true => Cow::Owned(path.replace('+', "%2B")),
        false => Cow::Borrowed(path),
    };
    decode_form(&path)
}

fn decode_form(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

fn read_path(path: &str) -> Place {
    if let Some(place) = read_download(path) {
        return place;
    }
    if let Some(rest) = path.strip_prefix("/rest/api/content/") {
        let (id, child) = rest.split_once('/').unwrap_or((rest, ""));
        return match (id.parse(), child) {
            (Ok(page), "") => Place::Content { page },
            (Ok(page), "child/attachment") => Place::Children { page },
            (Ok(page), child) => read_attachment(child, "child/attachment/", "/download").map_or(
                Place::Elsewhere,
                |attachment| Place::RestDownload { page, attachment },
            ),
            (Err(_), _) => Place::Elsewhere,
        };
    }
    let thumbnail = read_attachment(path, "/api/v2/attachments/", "/thumbnail/download");
    if let Some(attachment) = thumbnail {
        return Place::ThumbnailById { attachment };
    }
    match path {
        "/rest/api/user/current" => Place::CurrentUser,
        "/rest/api/content" => Place::Search,
        "/rest/applinks/1.0/manifest" => Place::Manifest,
        "/login.action" => Place::Login,
        _ => Place::Elsewhere,
    }
}

/// The number between these two, written `att{number}`.
fn read_attachment(path: &str, before: &str, after: &str) -> Option<u64> {
    let id = path.strip_prefix(before)?.strip_suffix(after)?;
    id.strip_prefix("att")?.parse().ok()
}

/// The id follows the first `attachments` or `thumbnails`; the file's name is what follows the last `/`, even one that
/// was written `%2F`.
fn read_download(path: &str) -> Option<Place> {
    if !path.starts_with("/download/") {
        return None;
    }
    let name = path.rsplit('/').next()?.to_owned();
    if name.is_empty() {
        return None;
    }
    if let Some((_, rest)) = path.split_once("/attachments/") {
        let mut words = rest.split('/');
        let page = words.next()?;
        if page == "embedded-page" || page == "embedded-blogpost" {
            let space = words.next()?.to_owned();
            let posted = match page {
                "embedded-blogpost" => Some((
                    words.next()?.parse().ok()?,
                    words.next()?.parse().ok()?,
                    words.next()?.parse().ok()?,
                )),
                _ => None,
            };
            let title = words.next()?.to_owned();
            return Some(Place::Titled {
                space,
                title,
                posted,
                name,
            });
        }
        let page = page.parse().ok()?;
        return Some(Place::Attachment { page, name });
    }
    let (_, rest) = path.split_once("/thumbnails/")?;
    let page = rest.split('/').next()?.parse().ok()?;
    Some(Place::Thumbnail { page, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(target: &str, expected: Place) {
        assert_eq!(
            Target::parse(target, "").place,
            expected,
            "target: {target}"
        );
    }

    fn file(page: u64, name: &str) -> Place {
        Place::Attachment {
            page,
            name: name.to_owned(),
        }
    }

    #[test]
    fn names_are_decoded_once_and_plus_depends_on_api_v2() {
        for (target, name) in [
            ("/download/attachments/12/a%20b.png", "a b.png"),
            ("/download/attachments/12/a+b.png", "a b.png"),
            ("/download/attachments/12/a+b.png?api=v2", "a+b.png"),
            (
                "/download/attachments/12/a%2Bb.png?version=1&api=v2",
                "a+b.png",
            ),
            ("/download/attachments/12/a%2Bb.png", "a+b.png"),
            ("/download/attachments/12/100%2525.png", "100%25.png"),
            ("/download/attachments/12/%E5%9B%BE.png", "图.png"),
            (
                "/download/attachments/12/a.png;jsessionid=x",
                "a.png;jsessionid=x",
            ),
            ("/download/attachments/12/a%2Fb.png", "b.png"),
        ] {
            check(target, file(12, name));
        }
    }

    #[test]
    fn every_address_is_told_apart() {
        let name = || "a.png".to_owned();
        check(
            "/download/thumbnails/7/a.png?width=10",
            Place::Thumbnail {
                page: 7,
                name: name(),
            },
        );
        check(
            "/download/attachments/embedded-page/~me/My+Page/a.png",
            Place::Titled {
                space: "~me".to_owned(),
                title: "My Page".to_owned(),
                posted: None,
                name: name(),
            },
        );
        check(
            "/download/attachments/embedded-blogpost/DEV/2024/06/09/My+Post/a.png?api=v2",
            Place::Titled {
                space: "DEV".to_owned(),
                title: "My+Post".to_owned(),
                posted: Some((2024, 6, 9)),
                name: name(),
            },
        );
        check("/rest/api/content?title=a", Place::Search);
        check("/rest/applinks/1.0/manifest", Place::Manifest);
        check("/rest/api/user/current", Place::CurrentUser);
        check("/rest/api/content/7", Place::Content { page: 7 });
        check(
            "/rest/api/content/7/child/attachment?limit=1",
            Place::Children { page: 7 },
        );
        check(
            "/rest/api/content/7/child/attachment/att12/download?version=2",
            Place::RestDownload {
                page: 7,
                attachment: 12,
            },
        );
        check(
            "/api/v2/attachments/att12/thumbnail/download?width=9",
            Place::ThumbnailById { attachment: 12 },
        );
        check("/login.action?os_destination=%2F", Place::Login);
        for target in [
            "/",
            "/download/attachments/x/a.png",
            "/download/attachments/7/",
            "/rest/api/content/x",
            "/rest/api/content/7/child/attachment/12/download",
            "/rest/api/content/7/child/attachment/att12",
            "/api/v2/attachments/12/thumbnail/download",
            "/download/attachments/embedded-blogpost/DEV/2024/june/09/My+Post/a.png",
        ] {
            check(target, Place::Elsewhere);
        }
        for target in [
            "/download/attachments/7/a[1].png",
            "/download/attachments/7/é.png",
        ] {
            check(target, Place::Refused);
        }
    }

    #[test]
    fn a_context_path_is_taken_off() {
        let inside = Target::parse("/wiki/download/attachments/1/a?api=v2", "/wiki");
        assert_eq!(inside.place, file(1, "a"));
        assert_eq!(inside.local, "/download/attachments/1/a?api=v2");
        assert_eq!(inside.parameter("api"), Some("v2"));
        assert_eq!(
            Target::parse("/download/attachments/1/a", "/wiki").place,
            Place::Outside
        );
        assert_eq!(Target::parse("/wikis", "/wiki").place, Place::Outside);
    }
}

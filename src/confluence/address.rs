//! Where things live on Confluence: a question becomes an address, from validated parts only.
//!
//! Nothing of a client's path is ever forwarded. Every byte outside `A-Z a-z 0-9 - . _ ~` is percent-encoded, which
//! Confluence reads the same with and without `api=v2`. The query of a download holds `version`, `width` and `height`
//! as digits; that of REST holds words of ours, digits, and a file's name, a space's key or a page's title, encoded.

use std::fmt::{Display, Write};

use ureq::http::Uri;

use super::error::SetupError;
use super::metadata::AttachmentId;
use crate::attachment::{Day, FileName, Key, PageId, encode_segment};

/// Longest base URL in bytes. Together with three encoded names of 255 bytes an address stays far below the 64 KiB
/// that the HTTP library can hold.
const BASE_BYTES_MAX: usize = 2048;

/// Files that one listing shows at most; Confluence allows no more.
pub(super) const LISTING_MAX: u32 = 200;

/// What can be asked of Confluence as the account, and nothing else can.
#[derive(Clone, Copy, Debug)]
pub(super) enum Question<'a> {
    /// The bytes behind a key (Server and Data Center).
    File {
        /// Which file.
        key: &'a Key,
        /// Only if its entity tag is another one by now.
        unless: Option<&'a str>,
    },
    /// Who the account is.
    Who,
    /// The metadata of the files of a page, from the one with number `start` on.
    Attachments {
        /// Which page.
        page: PageId,
        /// Only of the file of this name.
        name: Option<&'a FileName>,
        /// How many to leave out.
        start: u32,
    },
    /// The space of a page.
    Content {
        /// Which page.
        page: PageId,
    },
    /// The page of this title, or the blog post of this title and day.
    Find {
        /// The space key.
        space: &'a FileName,
        /// Set for a blog post.
        day: Option<&'a Day>,
        /// The title.
        title: &'a FileName,
    },
    /// Where the bytes of an attachment are (Cloud).
    Download {
        /// Which page.
        page: PageId,
        /// Which attachment of it.
        id: AttachmentId,
        /// A fixed version.
        version: Option<u32>,
        /// The file's name, for the judgement of the answer only.
        name: &'a FileName,
    },
    /// Where a scaled picture of it is (Cloud).
    Thumbnail {
        /// Which attachment.
        id: AttachmentId,
        /// A fixed version.
        version: Option<u32>,
        /// Width in pixels.
        width: Option<u32>,
        /// Height in pixels.
        height: Option<u32>,
        /// The file's name, for the judgement of the answer only.
        name: &'a FileName,
    },
}

/// The base URL, taken apart once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Base {
    /// Scheme, authority and context path, without a trailing slash.
    prefix: Box<str>,
    /// Host without port.
    host: Box<str>,
    https: bool,
}

impl Base {
    /// Reads a base URL.
    pub(super) fn parse(url: &str) -> Result<Base, SetupError> {
        if BASE_BYTES_MAX < url.len() || url.contains(['?', '#']) {
            return Err(SetupError::Url);
        }
        let uri: Uri = url.parse().map_err(|_| SetupError::Url)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(SetupError::Url);
        };
        let https = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(SetupError::Url),
        };
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(SetupError::Url);
        }
        let context = uri.path().trim_end_matches('/');
        let base = Base {
            prefix: format!("{scheme}://{authority}{context}").into(),
            host: authority.host().into(),
            https,
        };
        // The same round trip that every address makes later, once while somebody can still correct it.
        match format!("{}/", base.prefix).parse::<Uri>() {
            Ok(uri) if uri.to_string().strip_suffix('/') == Some(&*base.prefix) => Ok(base),
            _ => Err(SetupError::Url),
        }
    }

    /// Whether TLS is spoken.
    pub(super) fn is_https(&self) -> bool {
        self.https
    }

    /// The host without its port.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The address that answers `question`.
    ///
    /// # Panics
    /// If the HTTP library understands the address differently from how it was built: then the account could be
    /// used for something else than what was asked, and nothing may be sent.
    pub(super) fn address(&self, question: &Question<'_>) -> Uri {
        self.join(&target(question))
    }

    /// The address of `target`, which begins with a slash and holds unreserved characters, escapes and a query of
    /// ours only.
    ///
    /// # Panics
    /// As [`Base::address`].
    pub(super) fn join(&self, target: &str) -> Uri {
        let address = format!("{}{target}", self.prefix);
        let uri: Uri = address.parse().expect(
            "a checked base followed by unreserved characters, escapes and digits is a URI",
        );
        assert_eq!(
            uri.to_string(),
            address,
            "the HTTP library changed an address"
        );
        uri
    }
}

/// Path and query below the base.
pub(super) fn target(question: &Question<'_>) -> String {
    match *question {
        Question::File { key, .. } => file(key),
        Question::Who => Target::new(&["rest", "api", "user", "current"]).text,
        Question::Attachments { page, name, start } => {
            let mut target = content(page).then("child").then("attachment");
            target.word("expand", Some("version"));
            target.word("filename", name.map(FileName::as_str));
            target.number("limit", Some(if name.is_some() { 1 } else { LISTING_MAX }));
            target.number("start", Some(start).filter(|&start| 0 < start));
            target.text
        }
        Question::Content { page } => {
            let mut target = content(page);
            target.word("expand", Some("space"));
            target.text
        }
        Question::Find { space, day, title } => {
            let mut target = Target::new(&["rest", "api", "content"]);
            target.word(
                "type",
                Some(if day.is_some() { "blogpost" } else { "page" }),
            );
            target.word("spaceKey", Some(space.as_str()));
            target.word("title", Some(title.as_str()));
            target.word("postingDay", day.map(Day::hyphenated).as_deref());
            target.number("limit", Some(1));
            target.text
        }
        Question::Download {
            page, id, version, ..
        } => {
            let mut target = content(page).then("child").then("attachment");
            target = target.then(id).then("download");
            target.number("version", version);
            target.text
        }
        Question::Thumbnail {
            id,
            version,
            width,
            height,
            ..
        } => {
            let mut target = Target::new(&["api", "v2", "attachments"]);
            target = target.then(id).then("thumbnail").then("download");
            target.number("version", version);
            target.number("width", width);
            target.number("height", height);
            target.text
        }
    }
}

fn file(key: &Key) -> String {
    let mut target = Target::new(&["download"]);
    let mut pixels = (None, None);
    target = match key {
        Key::File { page, name, .. } => target.then("attachments").then(page).then(name.as_str()),
        Key::Thumbnail {
            page,
            name,
            width,
            height,
            ..
        } => {
            pixels = (*width, *height);
            target.then("thumbnails").then(page).then(name.as_str())
        }
        Key::Titled {
            space, title, name, ..
        } => {
            target = target.then("attachments").then("embedded-page");
            let parts = [space, title, name].map(FileName::as_str);
            parts.into_iter().fold(target, Target::then)
        }
        Key::BlogPost {
            space,
            day,
            title,
            name,
            ..
        } => {
            target = target.then("attachments").then("embedded-blogpost");
            target = target.then(space.as_str());
            let day = day.to_string();
            target = day.split('/').fold(target, Target::then);
            target.then(title.as_str()).then(name.as_str())
        }
    };
    target.number("version", key.version());
    target.number("width", pixels.0);
    target.number("height", pixels.1);
    target.text
}

fn content(page: PageId) -> Target {
    Target::new(&["rest", "api", "content"]).then(page)
}

/// A path, and behind it a query, under construction.
struct Target {
    text: String,
    separator: char,
}

impl Target {
    fn new(segments: &[&str]) -> Target {
        let start = Target {
            text: String::with_capacity(128),
            separator: '?',
        };
        segments.iter().fold(start, Target::then)
    }

    /// One segment more.
    fn then(mut self, segment: impl Display) -> Target {
        let segment = segment.to_string();
        write!(self.text, "/{}", encode_segment(&segment)).expect("a String takes any text");
        self
    }

    /// A parameter, if it has a value.
    fn word(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            let (separator, value) = (self.separator, encode_segment(value));
            write!(self.text, "{separator}{name}={value}").expect("a String takes any text");
            self.separator = '&';
        }
    }

    fn number(&mut self, name: &str, value: Option<u32>) {
        self.word(name, value.map(|value| value.to_string()).as_deref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachment::PageId;
    use proptest::prelude::*;

    fn name(text: &str) -> FileName {
        FileName::parse(text.as_bytes()).expect("a valid name")
    }

    fn file(text: &str, version: Option<u32>) -> Key {
        Key::File {
            page: PageId::parse("12").expect("a page id"),
            name: name(text),
            version,
        }
    }

    #[track_caller]
    fn check(key: &Key, expected: &str) {
        let base = Base::parse("https://wiki:8090/confluence").expect("a base");
        assert_eq!(
            base.address(&Question::File { key, unless: None })
                .to_string(),
            format!("https://wiki:8090/confluence{expected}")
        );
    }

    #[test]
    fn addresses_hold_only_unreserved_characters_and_digits_in_the_query() {
        check(&file("a.png", None), "/download/attachments/12/a.png");
        check(
            &file("100%25 a+b;jsessionid=x?y#z&[ü].png", Some(7)),
            "/download/attachments/12/100%2525%20a%2Bb%3Bjsessionid%3Dx%3Fy%23z%26%5B%C3%BC%5D.png?version=7",
        );
        check(&file("...", None), "/download/attachments/12/...");
        check(
            &file("图:~'.png", None),
            "/download/attachments/12/%E5%9B%BE%3A~%27.png",
        );
        check(
            &Key::Titled {
                space: name("~me"),
                title: name("Über uns"),
                name: name("a.png"),
                version: Some(2),
            },
            "/download/attachments/embedded-page/~me/%C3%9Cber%20uns/a.png?version=2",
        );
        for (width, height, query) in [
            (None, None, "?version=3"),
            (Some(100), None, "?version=3&width=100"),
            (None, Some(50), "?version=3&height=50"),
            (Some(100), Some(50), "?version=3&width=100&height=50"),
        ] {
            check(
                &Key::Thumbnail {
                    page: PageId::parse("12").expect("a page id"),
                    name: name("a.png"),
                    version: Some(3),
                    width,
                    height,
                },
                &format!("/download/thumbnails/12/a.png{query}"),
            );
        }
    }

    #[test]
    fn every_question_has_one_address() {
        let (page, other) = (PageId::parse("12").expect("digits"), name("图&b=1?.png"));
        let day = Day::parse("2024", "06", "09").expect("a day");
        let key = Key::BlogPost {
            space: name("DOC"),
            day,
            title: name("A/B".replace('/', "|").as_str()),
            name: name("a.png"),
            version: None,
        };
        let json = br#"{"results":[{"id":"att99","title":"a"}]}"#;
        let listing = crate::confluence::metadata::listing(json).expect("a listing");
        let id = listing.get(&name("a")).and_then(|it| it.id).expect("an id");
        for (question, expected) in [
            (Question::Who, "/rest/api/user/current"),
            (
                Question::Attachments {
                    page,
                    name: Some(&other),
                    start: 0,
                },
                "/rest/api/content/12/child/attachment?expand=version&filename=%E5%9B%BE%26b%3D1%3F.png&limit=1",
            ),
            (
                Question::Attachments {
                    page,
                    name: None,
                    start: 0,
                },
                "/rest/api/content/12/child/attachment?expand=version&limit=200",
            ),
            (
                Question::Attachments {
                    page,
                    name: None,
                    start: 200,
                },
                "/rest/api/content/12/child/attachment?expand=version&limit=200&start=200",
            ),
            (
                Question::Content { page },
                "/rest/api/content/12?expand=space",
            ),
            (
                Question::Find {
                    space: &name("~me"),
                    day: None,
                    title: &name("A & B"),
                },
                "/rest/api/content?type=page&spaceKey=~me&title=A%20%26%20B&limit=1",
            ),
            (
                Question::Find {
                    space: &name("DOC"),
                    day: Some(&day),
                    title: &name("News"),
                },
                "/rest/api/content?type=blogpost&spaceKey=DOC&title=News&postingDay=2024-06-09&limit=1",
            ),
            (
                Question::Download {
                    page,
                    id,
                    version: Some(3),
                    name: &other,
                },
                "/rest/api/content/12/child/attachment/att99/download?version=3",
            ),
            (
                Question::Thumbnail {
                    id,
                    version: None,
                    width: Some(8),
                    height: Some(9),
                    name: &other,
                },
                "/api/v2/attachments/att99/thumbnail/download?width=8&height=9",
            ),
            (
                Question::File {
                    key: &key,
                    unless: None,
                },
                "/download/attachments/embedded-blogpost/DOC/2024/06/09/A%7CB/a.png",
            ),
        ] {
            assert_eq!(target(&question), expected);
            let base = Base::parse("https://wiki/c").expect("a base");
            assert_eq!(
                base.address(&question).to_string(),
                format!("https://wiki/c{expected}")
            );
        }
    }

    #[test]
    fn a_base_is_http_or_https_with_a_host_and_nothing_else() {
        for (url, prefix, host, https) in [
            ("https://wiki", "https://wiki", "wiki", true),
            ("http://wiki:8090/", "http://wiki:8090", "wiki", false),
            ("HTTPS://Wiki/c/", "https://Wiki/c", "Wiki", true),
            (
                "https://[::1]:8443/c",
                "https://[::1]:8443/c",
                "[::1]",
                true,
            ),
        ] {
            let base = Base::parse(url).expect(url);
            assert_eq!(
                (&*base.prefix, base.host(), base.is_https()),
                (prefix, host, https)
            );
        }
        for url in [
            "",
            "wiki",
            "/wiki",
            "ftp://wiki",
            "https://",
            "https://me:secret@wiki",
            "https://wiki?x=1",
            "https://wiki/#top",
            "https://wiki/a b",
            &format!("https://wiki/{}", "x".repeat(BASE_BYTES_MAX)),
        ] {
            assert_eq!(Base::parse(url), Err(SetupError::Url), "url: {url}");
        }
    }

    proptest! {
        #[test]
        fn any_name_arrives_as_it_was_and_never_leaves_its_page(text in "\\PC{1,60}") {
            let Ok(name) = FileName::parse(text.as_bytes()) else {
                return Ok(());
            };
            let key = Key::File { page: PageId::parse("12").expect("a page id"), name, version: None };
            let base = Base::parse("http://wiki").expect("a base");
            let address = base.address(&Question::File { key: &key, unless: None }).to_string();
            let last = address.strip_prefix("http://wiki/download/attachments/12/").expect("its page");
            prop_assert!(!last.contains(['/', ';', '?', '#', '+', '\\']));
            let decoded = percent_encoding::percent_decode_str(last).decode_utf8().expect("UTF-8");
            prop_assert_eq!(decoded, text);
        }
    }
}

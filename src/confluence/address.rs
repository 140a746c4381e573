//! Where an attachment lives on Confluence: a key becomes an address, from validated parts only.
//!
//! Nothing of a client's path is ever forwarded. Every byte outside `A-Z a-z 0-9 - . _ ~` is percent-encoded, which
//! Confluence reads the same with and without `api=v2`; the query holds `version`, `width` and `height` as digits.

use std::fmt::Write;

use ureq::http::Uri;

use super::error::SetupError;
use crate::attachment::{FileName, Key, encode_segment};

/// Longest base URL in bytes. Together with three encoded names of 255 bytes an address stays far below the 64 KiB
/// that the HTTP library can hold.
const BASE_BYTES_MAX: usize = 2048;

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

    /// The address of the file.
    ///
    /// # Panics
    /// If the HTTP library understands the address differently from how it was built: then the account could be
    /// used for something else than the file, and nothing may be sent.
    pub(super) fn address(&self, key: &Key) -> Uri {
        let address = format!("{}{}", self.prefix, target(key));
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
fn target(key: &Key) -> String {
    let mut target = String::from("/download");
    let numbers = match key {
        Key::File {
            page,
            name,
            version,
        } => {
            push(&mut target, "attachments");
            push(&mut target, &page.to_string());
            push(&mut target, name.as_str());
            [("version", version), ("", &None), ("", &None)]
        }
        Key::Thumbnail {
            page,
            name,
            version,
            width,
            height,
        } => {
            push(&mut target, "thumbnails");
            push(&mut target, &page.to_string());
            push(&mut target, name.as_str());
            [("version", version), ("width", width), ("height", height)]
        }
        Key::Titled {
            space,
            title,
            name,
            version,
        } => {
            push(&mut target, "attachments");
            push(&mut target, "embedded-page");
            for part in [space, title, name].map(FileName::as_str) {
                push(&mut target, part);
            }
            [("version", version), ("", &None), ("", &None)]
        }
    };
    let mut separator = '?';
    for (name, value) in numbers {
        if let Some(value) = value {
            write!(target, "{separator}{name}={value}").expect("a String takes any text");
            separator = '&';
        }
    }
    target
}

fn push(target: &mut String, segment: &str) {
    write!(target, "/{}", encode_segment(segment)).expect("a String takes any text");
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
            base.address(key).to_string(),
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
            let address = base.address(&key).to_string();
            let last = address.strip_prefix("http://wiki/download/attachments/12/").expect("its page");
            prop_assert!(!last.contains(['/', ';', '?', '#', '+', '\\']));
            let decoded = percent_encoding::percent_decode_str(last).decode_utf8().expect("UTF-8");
            prop_assert_eq!(decoded, text);
        }
    }
}

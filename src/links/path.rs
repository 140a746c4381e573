//! What this service calls a file: paths in one way of writing, which needs no quoting anywhere.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::attachment::{FileName, Key, PageId, encode_segment};

/// What a fragment cannot hold, and what would mean something to Markdown, wiki markup or the end of a sentence. `+` stays,
/// because some viewers take it for a space, and `%2B` for a plus.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b'?')
    .remove(b'=')
    .remove(b'&')
    .remove(b'+')
    .remove(b',')
    .remove(b':');
/// How many there are behind a `%`.
const ESCAPE_DIGITS: usize = 2;

/// Confluence's own form, with the one way of writing names: no `+`, so nothing depends on `api=v2`.
pub(super) fn own_form(key: &Key, download: bool) -> String {
    let encoded = |name: &FileName| encode_segment(name.as_str()).to_string();
    let name = encoded(key.name());
    let (path, sizes) = match key {
        Key::File { page, .. } => (format!("attachments/{page}"), [None, None]),
        Key::Thumbnail {
            page,
            width,
            height,
            ..
        } => (format!("thumbnails/{page}"), [*width, *height]),
        Key::Titled { space, title, .. } => {
            let [space, title] = [space, title].map(encoded);
            let path = format!("attachments/embedded-page/{space}/{title}");
            (path, [None, None])
        }
        Key::BlogPost {
            space, day, title, ..
        } => {
            let [space, title] = [space, title].map(encoded);
            let path = format!("attachments/embedded-blogpost/{space}/{day}/{title}");
            (path, [None, None])
        }
    };
    let mut path = format!("/download/{path}/{name}");
    let [width, height] = sizes;
    let numbers = [
        ("version", key.version()),
        ("width", width),
        ("height", height),
    ];
    let mut separator = '?';
    for (parameter, number) in numbers {
        if let Some(number) = number {
            write!(path, "{separator}{parameter}={number}").expect("a String takes everything");
            separator = '&';
        }
    }
    if download {
        write!(path, "{separator}download=true").expect("a String takes everything");
    }
    path
}

/// A place in the file, as `#page=5`, from its `#` on; nothing for none. Escapes stay, because `%26` is not `&` there.
pub(super) fn behind(fragment: &str) -> String {
    if fragment.is_empty() {
        return String::new();
    }
    let mut parts = fragment.split('%');
    let first = utf8_percent_encode(parts.next().unwrap_or_default(), ENCODED);
    let mut written = format!("#{first}");
    for part in parts {
        let is_hex = |digits: &&str| digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let escape = part.get(..ESCAPE_DIGITS).filter(is_hex);
        let rest = &part[escape.map_or(0, str::len)..];
        let escape = escape.map_or("25".to_owned(), str::to_ascii_uppercase);
        let rest = utf8_percent_encode(rest, ENCODED);
        write!(written, "%{escape}{rest}").expect("a String takes everything");
    }
    written
}

/// The short form of the latest version.
pub(super) fn short_form(page: PageId, name: &FileName) -> String {
    format!("/{page}/{}", encode_segment(name.as_str()))
}

//! What this service calls a file: paths in one way of writing, which needs no quoting anywhere.

use std::fmt::Write;

use crate::attachment::{FileName, Key, PageId, encode_segment};

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

/// The short form of the latest version.
pub(super) fn short_form(page: PageId, name: &FileName) -> String {
    format!("/{page}/{}", encode_segment(name.as_str()))
}

//! What holds of every target: said once, for generated tests and for fuzzing.

use super::{Forget, Method, Route, route};
use crate::attachment::{Day, FILE_NAME_BYTES_MAX, FileName, Key, encode_segment};

/// An address has one meaning or none, below any base path, and what it names can be addressed in one plain way.
pub fn meaning(target: &str) {
    for base_path in ["", "/proxy"] {
        let read = route(Method::Get, target, base_path);
        assert_eq!(route(Method::Head, target, base_path), read);
        let forgets = route(Method::Delete, target, base_path);
        let options = route(Method::Options, target, base_path);
        match read {
            Route::Attachment { key, .. } => {
                named(&key, base_path);
                assert_eq!(forgets, Route::Forget(Forget::File(key)));
                assert!(matches!(options, Route::Options { .. }));
            }
            Route::Gallery(page) => {
                assert_eq!(forgets, Route::Forget(Forget::Page(page)));
                assert!(matches!(options, Route::Options { .. }));
            }
            Route::Home
            | Route::Icon
            | Route::Health
            | Route::Ready { .. }
            | Route::Status
            | Route::Metrics => {
                assert!(matches!(forgets, Route::MethodNotAllowed { .. }));
                assert!(matches!(options, Route::Options { .. }));
            }
            Route::NotFound(nowhere) => assert_eq!(forgets, Route::NotFound(nowhere)),
            Route::Bad(reason) => {
                assert!(!reason.to_string().contains(char::is_control), "{reason}");
                assert_eq!(forgets, Route::Bad(reason));
            }
            Route::Forget(_)
            | Route::Warm(_)
            | Route::Options { .. }
            | Route::MethodNotAllowed { .. } => {
                panic!("GET never means {read:?}")
            }
        }
    }
}

/// A key holds nothing that could lead anywhere else, and its own address leads back to it.
fn named(key: &Key, base_path: &str) {
    let encoded = |name: &FileName| {
        let text = name.as_str();
        assert!((1..=FILE_NAME_BYTES_MAX).contains(&text.len()), "{text:?}");
        assert!(
            !text.contains(['/', '\\']) && !text.contains(char::is_control),
            "{text:?}"
        );
        assert!(text != "." && text != "..", "{text:?}");
        encode_segment(text).to_string()
    };
    let path = match key {
        Key::File { page, name, .. } => format!("/{page}/{}", encoded(name)),
        Key::Thumbnail { page, name, .. } => {
            format!("/download/thumbnails/{page}/{}", encoded(name))
        }
        Key::Titled {
            space, title, name, ..
        } => {
            let [space, title, name] = [space, title, name].map(encoded);
            format!("/download/attachments/embedded-page/{space}/{title}/{name}")
        }
        Key::BlogPost {
            space,
            day,
            title,
            name,
            ..
        } => {
            let [space, title, name] = [space, title, name].map(encoded);
            same_day(day);
            format!("/download/attachments/embedded-blogpost/{space}/{day}/{title}/{name}")
        }
    };
    let mut address = format!("{base_path}{path}?api=v2");
    let (width, height) = match key {
        Key::Thumbnail { width, height, .. } => (*width, *height),
        Key::File { .. } | Key::Titled { .. } | Key::BlogPost { .. } => (None, None),
    };
    for (parameter, number) in [
        ("version", key.version()),
        ("width", width),
        ("height", height),
    ] {
        if let Some(number) = number {
            assert_ne!(number, 0, "{parameter}");
            address.push_str(&format!("&{parameter}={number}"));
        }
    }
    let expected = Route::Attachment {
        key: key.clone(),
        download: false,
    };
    assert_eq!(
        route(Method::Get, &address, base_path),
        expected,
        "{address}"
    );
    assert!(key.to_string().is_ascii(), "what the log shows: {key}");
}

fn same_day(day: &Day) {
    let text = day.to_string();
    let parts: Vec<&str> = text.split('/').collect();
    let [year, month, of_month] = parts[..] else {
        panic!("{text}");
    };
    assert_eq!(Day::parse(year, month, of_month).as_ref(), Ok(day));
}

//! What holds of every document: said once, for generated tests and for fuzzing.

use super::{File, Meaning, Rewriter, Translator};
use crate::router::{Method, Route, route};

/// Where a link may have come from, and where it may go.
const PLACES: &[(&str, &str, &str)] = &[
    (
        "https://wiki.example.com",
        "http://files.example.com/proxy",
        "/proxy",
    ),
    ("http://h/confluence", "http://h/proxy", "/proxy"),
    ("http://h", "http://h", ""),
];

/// Whatever is pasted: each file has an address that leads to it; a document comes back the same whatever pieces it
/// comes in; and what was replaced once is not replaced again.
pub fn pasting(document: &[u8]) {
    for (confluence, proxy, base_path) in PLACES {
        let translator = Translator::new(confluence, proxy);
        let text = String::from_utf8_lossy(document);
        for link in translator.read(&text).links {
            match link.meaning {
                Meaning::File(file) => leads_back(&file, base_path),
                Meaning::Page(_) | Meaning::Unnamed(_) | Meaning::Ours | Meaning::Mistake(_) => {}
            }
        }
        let (once, replaced) = translator.rewrite(document);
        for size in [1, 7, 64] {
            let mut out = Vec::new();
            let mut rewriter = Rewriter::new(&translator);
            document
                .chunks(size)
                .for_each(|piece| rewriter.push(piece, &mut out));
            assert_eq!(rewriter.finish(&mut out), replaced, "pieces of {size}");
            assert!(out == once, "pieces of {size}: {text}");
        }
        let (twice, again) = translator.rewrite(&once);
        assert_eq!(again, 0, "{}", String::from_utf8_lossy(&once));
        assert!(twice == once);
        if replaced == 0 {
            assert!(once == document);
        }
    }
}

/// A file's path is what the router reads as that file, and nothing in it needs quoting.
pub(super) fn leads_back(file: &File, base_path: &str) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%/?=&".contains(&byte);
    let (asked, fragment) = file.path.split_once('#').unwrap_or((&file.path, ""));
    assert!(asked.bytes().all(plain), "{}", file.path);
    let plain = |byte: u8| plain(byte) || b"+,:".contains(&byte);
    assert!(fragment.bytes().all(plain), "{}", file.path);
    let expected = Route::Attachment {
        key: file.key.clone(),
        download: file.download,
    };
    let target = format!("{base_path}{asked}"); // no client sends a fragment
    assert_eq!(route(Method::Get, &target, base_path), expected, "{target}");
}

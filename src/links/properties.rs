//! What holds of every document: said once, for generated tests and for fuzzing.

use super::{File, Meaning, Rewriter, Rewritten, Translator, Utf16};
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
        translator.rewrite(&text);
        let whole = rewritten(&translator, document, usize::MAX);
        for size in [1, 7, 64] {
            let pieces = rewritten(&translator, document, size);
            assert!(pieces == whole, "pieces of {size}: {text}");
        }
        let Some((once, Rewritten { replaced, left })) = whole else {
            continue;
        };
        if left == 0 {
            let twice = rewritten(&translator, &once, usize::MAX);
            let (twice, again) = twice.expect("it is no more UTF-16 than before");
            assert_eq!(again, Rewritten::default(), "{text}");
            assert!(twice == once);
        }
        if replaced == 0 {
            assert!(once == document);
        }
    }
}

/// A document in pieces of this size with its links replaced; nothing if it is UTF-16.
pub(super) fn rewritten(
    translator: &Translator,
    document: &[u8],
    size: usize,
) -> Option<(Vec<u8>, Rewritten)> {
    let mut out = Vec::new();
    let mut rewriter = Rewriter::new(translator);
    for piece in document.chunks(size) {
        if let Err(Utf16) = rewriter.push(piece, &mut out) {
            assert!(out.is_empty(), "nothing is given back of UTF-16");
            return None;
        }
    }
    let rewritten = rewriter.finish(&mut out);
    Some((out, rewritten))
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

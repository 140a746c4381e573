//! Feeds libFuzzer's inputs to the properties of one target, which the variable `FUZZ_TARGET` names. A property that
//! does not hold ends the process; `run` keeps the input.

#![no_main]

use std::sync::LazyLock;

use confluence_attachment_proxy::{advise, confluence, gate, links, reply, router};
use libfuzzer_sys::fuzz_target;

/// What must hold of an input.
type Property = fn(&[u8]);

/// What is fuzzed, by the name of its corpus.
const TARGETS: [(&str, Property); 9] = [
    ("answer", confluence::answer),
    ("cookies", confluence::cookies),
    ("head", gate::head),
    ("links", links::pasting),
    ("log", advise::reading),
    ("proxy_header", gate::proxy_header),
    ("range", range),
    ("retry_after", confluence::retry_after),
    ("target", target),
];

static CHOSEN: LazyLock<Property> = LazyLock::new(|| {
    let wanted = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let found = TARGETS.iter().find(|(name, _)| *name == wanted);
    found.expect("FUZZ_TARGET names no target").1
});

fuzz_target!(|input: &[u8]| CHOSEN(input));

/// A line with the length of the file, then the field.
fn range(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let (length, field) = text.split_once('\n').unwrap_or(("10", text));
    reply::ranges(field, length.parse().unwrap_or(u64::MAX));
}

/// The target as it comes, and below the base path that the router is asked for.
fn target(input: &[u8]) {
    if let Some(canonical) = gate::target(input) {
        router::meaning(&canonical);
    }
    if let Ok(text) = std::str::from_utf8(input) {
        router::meaning(text); // the router leans on no promise of the gate
    }
}

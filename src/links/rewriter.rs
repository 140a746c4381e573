//! A document with its links of files replaced, in pieces of any size.

use std::ops::Range;

use super::entities::decode;
use super::link::Meaning;
use super::scan::{self, BEHIND_BYTES, Next, Place};
use super::translator::Translator;

/// Ways to write `&` in HTML.
const AMPERSANDS: &[&str] = &["&amp;", "&#38;", "&#x26;", "&#X26;", "&AMP;"];

/// Takes a document piece by piece and gives it back with Confluence's links of files replaced by ours.
///
/// Links of pages stay, because who follows them wants the page. Holds back what may be a part of a link: at most some
/// 16 KiB.
#[derive(Debug)]
pub struct Rewriter<'a> {
    translator: &'a Translator,
    /// What may still become a link, behind [`BEHIND_BYTES`] of what was before it.
    held: Vec<u8>,
    /// Up to where `held` was given back.
    given: usize,
    replaced: usize,
}

impl<'a> Rewriter<'a> {
    /// Begins a document.
    pub fn new(translator: &'a Translator) -> Rewriter<'a> {
        Rewriter {
            translator,
            held: Vec::new(),
            given: 0,
            replaced: 0,
        }
    }

    /// Takes the next piece, and appends to `out` whatever is certain.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        self.held.extend_from_slice(piece);
        self.turn(false, out);
    }

    /// Ends the document. Says how many links were replaced.
    pub fn finish(mut self, out: &mut Vec<u8>) -> usize {
        self.turn(true, out);
        self.replaced
    }

    fn turn(&mut self, is_whole: bool, out: &mut Vec<u8>) {
        let mut from = self.given;
        let open = loop {
            match scan::next(&self.held, from, is_whole) {
                Next::Links(spot) => {
                    for link in spot.links(&self.held) {
                        self.replace(link, spot.place, out);
                    }
                    from = spot.range.end;
                }
                Next::Open(open) => break open,
                Next::End => break self.held.len(),
            }
        };
        out.extend_from_slice(&self.held[self.given..open]);
        let kept = open.saturating_sub(BEHIND_BYTES);
        self.held.drain(..kept);
        self.given = open - kept;
    }

    fn replace(&mut self, link: Range<usize>, place: Place, out: &mut Vec<u8>) {
        let written = &self.held[link.clone()];
        let Some(new) = self.translator.replacement(written, place) else {
            return;
        };
        out.extend_from_slice(&self.held[self.given..link.start]);
        out.extend_from_slice(new.as_bytes());
        self.given = link.end;
        self.replaced += 1;
    }
}

impl Translator {
    /// A whole document with its links of files replaced, and how many those were.
    ///
    /// ```
    /// use confluence_attachment_proxy::links::Translator;
    ///
    /// let translator = Translator::new("https://wiki.example.com", "http://files.example.com/proxy");
    /// let page = br#"<img src="/download/attachments/12/a.png?version=1&amp;api=v2">"#;
    /// let (page, replaced) = translator.rewrite(page);
    /// let ours = br#"<img src="http://files.example.com/proxy/download/attachments/12/a.png?version=1">"#;
    /// assert_eq!((page.as_slice(), replaced), (&ours[..], 1));
    /// ```
    pub fn rewrite(&self, document: &[u8]) -> (Vec<u8>, usize) {
        let mut out = Vec::with_capacity(document.len());
        let mut rewriter = Rewriter::new(self);
        rewriter.push(document, &mut out);
        let replaced = rewriter.finish(&mut out);
        (out, replaced)
    }

    /// What stands for a link in a document, written as the link was; `None` if it stays.
    fn replacement(&self, written: &[u8], place: Place) -> Option<String> {
        let written = std::str::from_utf8(written).ok()?;
        let Meaning::File(file) = self.meaning(&decode(written)) else {
            return None;
        };
        let address = self.address(&file.path);
        let is_html = match place {
            Place::Attribute | Place::List => !written.contains('&') || has_entity(written),
            Place::Text => has_entity(written),
        };
        Some(match is_html {
            true => address.replace('&', "&amp;"),
            false => address,
        })
    }
}

fn has_entity(written: &str) -> bool {
    AMPERSANDS
        .iter()
        .any(|ampersand| written.contains(ampersand))
}

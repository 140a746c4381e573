//! A document with its links of files replaced, in pieces of any size.

use std::ops::Range;

use super::encoding::{Encoding, Utf16};
use super::entities::decode;
use super::link::Meaning;
use super::scan::{self, BEHIND_BYTES, Next, Place, Spot};
use super::translator::Translator;

/// Ways to write `&` in HTML.
const AMPERSANDS: &[&str] = &["&amp;", "&#38;", "&#x26;", "&#X26;", "&AMP;"];

/// What became of the links of files in a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// How many have ours in their place.
    pub replaced: usize,
    /// How many stay, because their names are written in another encoding than UTF-8: read as UTF-8 they may be the names
    /// of other files.
    pub left: usize,
}

/// Takes a document piece by piece and gives it back with Confluence's links of files replaced by ours.
///
/// Links of pages stay, because who follows them wants the page. Holds back what may be a part of a link, at most some
/// 16 KiB, and a link that is not in ASCII until the first KiB has told the encoding.
#[derive(Debug)]
pub struct Rewriter<'a> {
    translator: &'a Translator,
    /// What may still become a link, behind [`BEHIND_BYTES`] of what was before it.
    held: Vec<u8>,
    /// Up to where `held` was given back.
    given: usize,
    /// Up to where `held` was found to be UTF-8, as long as it is.
    checked: usize,
    encoding: Encoding,
    rewritten: Rewritten,
}

impl<'a> Rewriter<'a> {
    /// Begins a document in whatever encoding contains ASCII.
    pub fn new(translator: &'a Translator) -> Rewriter<'a> {
        Rewriter::of(translator, Encoding::Open(Vec::new()))
    }

    fn of(translator: &'a Translator, encoding: Encoding) -> Rewriter<'a> {
        Rewriter {
            translator,
            held: Vec::new(),
            given: 0,
            checked: 0,
            encoding,
            rewritten: Rewritten::default(),
        }
    }

    /// Takes the next piece, and appends to `out` whatever is certain.
    ///
    /// # Errors
    ///
    /// If the document begins as UTF-16 does. Then nothing was appended, and nothing will be found.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Utf16> {
        self.encoding.push(piece)?;
        self.held.extend_from_slice(piece);
        self.turn(false, out);
        Ok(())
    }

    /// Ends the document.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Rewritten {
        self.encoding.settle();
        self.turn(true, out);
        self.rewritten
    }

    fn turn(&mut self, is_whole: bool, out: &mut Vec<u8>) {
        let mut from = self.given;
        let open = loop {
            match scan::next(&self.held, from, is_whole) {
                Next::Links(spot) if self.is_early(&spot) => break from,
                Next::Links(spot) => {
                    self.check(spot.range.start, true);
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
        self.check(open, false);
        let kept = open.saturating_sub(BEHIND_BYTES);
        self.held.drain(..kept);
        self.given = open - kept;
        self.checked = self.checked.saturating_sub(kept);
    }

    /// Whether what these links mean depends on an encoding that is not known yet.
    fn is_early(&self, spot: &Spot) -> bool {
        let is_raw = |link| scan::is_raw(&self.held, &link, spot.place);
        match self.encoding {
            Encoding::Open(_) => spot.links(&self.held).into_iter().any(is_raw),
            Encoding::Utf8 | Encoding::Foreign => false,
        }
    }

    /// Looks whether what is held is UTF-8 up to here, where a character may go on unless it `is_end`.
    fn check(&mut self, here: usize, is_end: bool) {
        let Some(unchecked) = self.held.get(self.checked..here) else {
            return; // it was looked at before
        };
        match std::str::from_utf8(unchecked) {
            Ok(_) => self.checked = here,
            Err(error) if error.error_len().is_none() && !is_end => {
                self.checked += error.valid_up_to();
            }
            Err(_) => self.encoding = Encoding::Foreign,
        }
    }

    fn replace(&mut self, link: Range<usize>, place: Place, out: &mut Vec<u8>) {
        let written = &self.held[link.clone()];
        let text = String::from_utf8_lossy(written);
        let Some(new) = self.translator.replacement(&text, place) else {
            return;
        };
        let is_utf8 = match self.encoding {
            Encoding::Foreign => !scan::is_raw(&self.held, &link, place),
            Encoding::Open(_) | Encoding::Utf8 => std::str::from_utf8(written).is_ok(),
        };
        if !is_utf8 {
            self.rewritten.left += 1;
            return;
        }
        out.extend_from_slice(&self.held[self.given..link.start]);
        out.extend_from_slice(new.as_bytes());
        self.given = link.end;
        self.rewritten.replaced += 1;
    }
}

impl Translator {
    /// A whole text with its links of files replaced, and how many those were.
    ///
    /// ```
    /// use confluence_attachment_proxy::links::Translator;
    ///
    /// let translator = Translator::new("https://wiki.example.com", "http://files.example.com/proxy");
    /// let page = r#"<img src="/download/attachments/12/a.png?version=1&amp;api=v2">"#;
    /// let (page, replaced) = translator.rewrite(page);
    /// let ours = r#"<img src="http://files.example.com/proxy/download/attachments/12/a.png?version=1">"#;
    /// assert_eq!((page.as_str(), replaced), (ours, 1));
    /// ```
    pub fn rewrite(&self, text: &str) -> (String, usize) {
        let mut out = Vec::with_capacity(text.len());
        // Whatever encoding is named in it, it has come as characters.
        let mut rewriter = Rewriter::of(self, Encoding::Utf8);
        rewriter.held = text.as_bytes().to_vec();
        let Rewritten { replaced, left: _ } = rewriter.finish(&mut out);
        let text = String::from_utf8(out).expect("links begin and end between characters");
        (text, replaced)
    }

    /// What stands for a link in a document, written as the link was; `None` if it stays.
    fn replacement(&self, written: &str, place: Place) -> Option<String> {
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

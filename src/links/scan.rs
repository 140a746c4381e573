//! Where links are in a document, whatever it is: text, HTML, Markdown, wiki markup, in any encoding that has ASCII.
//!
//! A link is an address with a host anywhere, or the value of an attribute of HTML that holds addresses. What a
//! position means depends on the [`BEHIND_BYTES`] before it and on what follows up to a bound, so that a document may come
//! in pieces.

use std::ops::Range;

/// Longest link: more than any browser or server takes.
const LINK_BYTES_MAX: usize = 8 * 1024;
/// Longest value of an attribute, which may be a list of pictures in several sizes.
const ATTRIBUTE_BYTES_MAX: usize = 16 * 1024;
/// Longest name of an attribute that is looked at.
const NAME_BYTES_MAX: usize = 32;
/// How many bytes before a position must be kept to know what it is: a name, and the space before it.
pub(super) const BEHIND_BYTES: usize = NAME_BYTES_MAX + 1;
/// How many bytes from a position on must be there to know what it is: `https://`, or an entity.
const AHEAD_BYTES: usize = 8;

/// Characters that no address contains as they are.
const NEVER: &[u8] = b"\"<>`\\{}|^\x7f";
/// At the end of an address these belong to the sentence around it.
const PUNCTUATION: &[u8] = b".,;:!?'*";
/// Switches to another script in the encodings of old mails.
const ESCAPE: u8 = 0x1b;
/// The same in the scripts whose sentences have no spaces, and the spaces and quotes that are not ASCII.
#[rustfmt::skip]
const WIDE: &[&str] = &["。", "，", "、", "；", "：", "！", "？", "“", "”", "‘", "’", "》", "〉", "」", "』", "】", "\u{3000}", "\u{200b}", "\u{a0}"];
/// The ends that text in HTML has.
const ENTITIES: &[&str] = &["&quot;", "&lt;", "&gt;", "&#39;", "&apos;", "&nbsp;"];

/// What comes next in a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Links that belong together: one, or the list that an attribute holds.
    Links(Spot),
    /// From here on it depends on what follows.
    Open(usize),
    /// Nothing any more.
    End,
}

/// Where links stand.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// All of it.
    pub(super) range: Range<usize>,
    pub(super) place: Place,
}

/// What is around a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Anything.
    Text,
    /// An attribute of HTML, whose value it is.
    Attribute,
    /// An attribute with a list, as `srcset` is.
    List,
}

impl Spot {
    /// The links in it.
    pub(super) fn links(&self, document: &[u8]) -> Vec<Range<usize>> {
        let value = &document[self.range.clone()];
        let trimmed = |value: &[u8]| {
            let start = self.range.start + value.len() - value.trim_ascii_start().len();
            start..start + value.trim_ascii().len()
        };
        match self.place {
            Place::Text => vec![self.range.clone()],
            Place::Attribute => vec![trimmed(value)],
            Place::List => listed(value, self.range.start),
        }
    }
}

/// The addresses of a `srcset`: each up to a space or its last comma, with a size behind it up to the next comma.
fn listed(value: &[u8], start: usize) -> Vec<Range<usize>> {
    let (mut links, mut at) = (Vec::new(), 0);
    let length = |rest: &[u8], is_end: fn(&u8) -> bool| {
        let end = rest.iter().position(is_end);
        end.unwrap_or(rest.len())
    };
    while at < value.len() {
        at += length(&value[at..], |byte| {
            !byte.is_ascii_whitespace() && *byte != b','
        });
        let link = &value[at..at + length(&value[at..], u8::is_ascii_whitespace)];
        let bare = link.len() - link.iter().rev().take_while(|byte| **byte == b',').count();
        if 0 < bare {
            links.push(start + at..start + at + bare);
        }
        at += link.len();
        if bare == link.len() {
            at += length(&value[at..], |byte| *byte == b',');
        }
    }
    links
}

/// Looks for the next links from a position on. A document `is_whole` when nothing follows any more.
pub(super) fn next(document: &[u8], from: usize, is_whole: bool) -> Next {
    let known = match is_whole {
        true => document.len(),
        false => document.len().saturating_sub(AHEAD_BYTES),
    };
    let mut at = from;
    while at < known {
        let found = match document[at] {
            b'=' => attribute(document, at),
            b'h' | b'H' => absolute(document, at),
            _ => Found::Nothing(at + 1),
        };
        match found {
            Found::Links(spot) => return Next::Links(spot),
            Found::Unended(spot) if is_whole => return Next::Links(spot),
            Found::Unended(_) => return Next::Open(at),
            Found::Unquoted if is_whole => at += 1,
            Found::Unquoted => return Next::Open(at),
            Found::Nothing(next) => at = next,
        }
    }
    match is_whole {
        true => Next::End,
        false => Next::Open(at),
    }
}

/// Whether bytes beyond ASCII belong to a link, or would in an encoding whose characters another one cuts: what
/// is a full stop in UTF-8 may be letters there, and so is what follows an escape.
pub(super) fn is_raw(document: &[u8], link: &Range<usize>, place: Place) -> bool {
    let is_raw = |byte: &u8| !byte.is_ascii() || *byte == ESCAPE;
    let next = match place {
        Place::Text => {
            let mut behind = document[link.end..].iter();
            behind.find(|byte| !PUNCTUATION.contains(byte))
        }
        Place::Attribute | Place::List => None, // it ends at a character that is one in every encoding
    };
    document[link.clone()].iter().chain(next).any(is_raw)
}

/// What there is at one position.
enum Found {
    Links(Spot),
    /// The same, if the document ends here.
    Unended(Spot),
    /// A value without the quote at its end.
    Unquoted,
    /// Nothing up to here.
    Nothing(usize),
}

/// An attribute whose value begins behind the `=` at this position.
fn attribute(document: &[u8], at: usize) -> Found {
    let Some(place) = holds_links(&document[..at]) else {
        return Found::Nothing(at + 1);
    };
    let spot = |start, end| Spot {
        range: start..end,
        place,
    };
    let (start, quote) = match document.get(at + 1) {
        Some(&quote @ (b'"' | b'\'')) => (at + 2, Some(quote)),
        Some(b'/') => (at + 1, None),
        Some(_) | None => return Found::Nothing(at + 1), // with a host it is found as an absolute one
    };
    for (length, &byte) in document[start..].iter().enumerate() {
        let end = start + length;
        if ATTRIBUTE_BYTES_MAX < length {
            return Found::Nothing(at + 1);
        }
        match quote {
            Some(quote) if byte == quote => return Found::Links(spot(start, end)),
            Some(_) if matches!(byte, b'<' | b'>') => return Found::Nothing(at + 1),
            Some(_) => {}
            None if byte.is_ascii_whitespace() || matches!(byte, b'<' | b'>' | b'"' | b'\'') => {
                return Found::Links(spot(start, end));
            }
            None => {}
        }
    }
    match quote {
        Some(_) => Found::Unquoted,
        None => Found::Unended(spot(start, document.len())),
    }
}

/// Whether an attribute that is named before its `=` holds addresses.
fn holds_links(before: &[u8]) -> Option<Place> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':');
    let length = before.iter().rev().take_while(|byte| is_part(byte));
    let length = length.take(BEHIND_BYTES).count();
    let (rest, name) = before.split_at(before.len() - length);
    if NAME_BYTES_MAX < length || !rest.last().is_some_and(u8::is_ascii_whitespace) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    if name.ends_with(b"srcset") {
        return Some(Place::List);
    }
    let single = name.ends_with(b"href") || name.ends_with(b"src") || name == b"poster";
    single.then_some(Place::Attribute)
}

/// An address that begins with `http://` or `https://` at this position.
fn absolute(document: &[u8], at: usize) -> Found {
    let before = at.checked_sub(1).map(|before| document[before]);
    if before.is_some_and(|before| before.is_ascii_alphanumeric()) {
        return Found::Nothing(at + 1);
    }
    let rest = &document[at..];
    let Some(scheme) = scheme_of(rest) else {
        return Found::Nothing(at + 1);
    };
    let closing = match before {
        Some(before @ (b'\'' | b'!')) => Some(before), // quoted; a picture in wiki markup
        Some(_) | None => None,
    };
    let (mut round, mut square, mut wide) = (0, 0, 0);
    let mut length = scheme.len();
    while let Some(&byte) = rest.get(length) {
        if LINK_BYTES_MAX < length {
            return Found::Nothing(at + length);
        }
        let here = &rest[length..];
        let ends = match byte {
            _ if Some(byte) == closing => true,
            b'(' => opens(&mut round),
            b')' => closes(&mut round),
            b'[' => opens(&mut square),
            b']' => closes(&mut square),
            b'&' => begins_with(here, ENTITIES),
            b',' | b';' => scheme_of(&here[1..]).is_some(), // the next one of a list without spaces
            0x80.. if here.starts_with("（".as_bytes()) => opens(&mut wide),
            0x80.. if here.starts_with("）".as_bytes()) => closes(&mut wide),
            0x80.. => begins_with(here, WIDE),
            _ => byte <= b' ' || NEVER.contains(&byte),
        };
        if ends {
            return Found::Links(text(rest, at, length, scheme));
        }
        length += 1;
    }
    Found::Unended(text(rest, at, length, scheme))
}

fn scheme_of(rest: &[u8]) -> Option<&'static str> {
    ["https://", "http://"].into_iter().find(|scheme| {
        let start = rest.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
    })
}

/// The address without the punctuation at its end.
fn text(rest: &[u8], at: usize, mut length: usize, scheme: &str) -> Spot {
    while scheme.len() < length && PUNCTUATION.contains(&rest[length - 1]) {
        length -= 1;
    }
    Spot {
        range: at..at + length,
        place: Place::Text,
    }
}

fn opens(depth: &mut usize) -> bool {
    *depth += 1;
    false
}

/// Whether this bracket was opened before the address.
fn closes(depth: &mut usize) -> bool {
    match depth.checked_sub(1) {
        Some(less) => {
            *depth = less;
            false
        }
        None => true,
    }
}

fn begins_with(here: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| here.starts_with(word.as_bytes()))
}

//! What somebody has pasted: its links in their order, each once.

use std::collections::HashSet;
use std::ops::Range;

use super::entities::decode;
use super::link::{Link, Meaning, Mistake};
use super::scan::{self, Next, Place};
use super::translator::Translator;

/// What people put around a link.
const AROUND: &[char] = &[
    '"', '\'', '<', '>', '`', '“', '”', '「', '」', ' ', '\t', '\r',
];

/// What a pasted text holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Its links, each once.
    pub links: Vec<Link>,
    /// Whether there is anything beside the links: then it is a document, in which they can be replaced.
    pub is_document: bool,
}

impl Translator {
    /// Finds the links in a text: one, several, or those of a whole page.
    ///
    /// ```
    /// use confluence_attachment_proxy::links::{Meaning, Translator};
    ///
    /// let translator = Translator::new("https://wiki.example.com", "http://files.example.com/proxy");
    /// let reading = translator.read("see https://wiki.example.com/pages/viewpage.action?pageId=12.");
    /// assert_eq!(reading.links[0].meaning.path().as_deref(), Some("/12"));
    /// assert!(reading.is_document);
    /// ```
    pub fn read(&self, text: &str) -> Reading {
        let mut spots = spots(text);
        let bare = self.bare_lines(text, &spots);
        let is_document = has_words_beside(text, &spots, &bare);
        spots.extend(bare);
        spots.sort_by_key(|(range, _)| range.start);
        let mut seen = HashSet::new();
        let mut links = Vec::new();
        for (range, place) in spots {
            let text = decode(&text[range]).into_owned();
            let meaning = self.meaning(&self.completed(&text, place));
            let is_noise = match place {
                Place::Text => false,
                Place::Attribute | Place::List => is_of_the_page_itself(&text, &meaning),
            };
            if !is_noise && seen.insert(text.clone()) {
                links.push(Link { text, meaning });
            }
        }
        Reading { links, is_document }
    }

    /// Lines that are a link without a scheme, as some address bars show them, or without a host.
    fn bare_lines(
        &self,
        text: &str,
        spots: &[(Range<usize>, Place)],
    ) -> Vec<(Range<usize>, Place)> {
        let (mut bare, mut start, mut spots) = (Vec::new(), 0, spots.iter().peekable());
        for line in text.split_inclusive('\n') {
            let end = start + line.len();
            while spots.next_if(|(range, _)| range.end <= start).is_some() {}
            let has_spot = spots.peek().is_some_and(|(range, _)| range.start < end);
            let link = line.trim().trim_matches(AROUND);
            if !has_spot && self.is_bare(link) {
                let at = start + line.find(link).unwrap_or_default();
                bare.push((at..at + link.len(), Place::Text));
            }
            start = end;
        }
        bare
    }

    fn is_bare(&self, link: &str) -> bool {
        if !link.starts_with('/') && !self.begins_with_host(link) {
            return false;
        }
        match self.meaning(&self.completed(link, Place::Text)) {
            Meaning::File(_) | Meaning::Page(_) | Meaning::Unnamed(_) | Meaning::Ours => true,
            Meaning::Mistake(Mistake::Nothing | Mistake::Outside | Mistake::Unknown) => false,
            Meaning::Mistake(
                Mistake::TitleOnly
                | Mistake::Space
                | Mistake::AttachmentId
                | Mistake::Bad(_)
                | Mistake::Elsewhere,
            ) => true,
        }
    }

    /// Puts the scheme before a link that begins with Confluence's host.
    fn completed(&self, link: &str, place: Place) -> String {
        match place {
            Place::Text if self.begins_with_host(link) => format!("https://{link}"),
            Place::Text | Place::Attribute | Place::List => link.to_owned(),
        }
    }
}

/// All links that can be told from what is around them.
fn spots(text: &str) -> Vec<(Range<usize>, Place)> {
    let document = text.as_bytes();
    let (mut spots, mut from) = (Vec::new(), 0);
    while let Next::Links(spot) = scan::next(document, from, true) {
        from = spot.range.end;
        let links = spot.links(document).into_iter();
        spots.extend(links.map(|range| (range, spot.place)));
    }
    spots
}

/// A saved page has many addresses without a host, by which it holds together. Only its files are worth a word.
fn is_of_the_page_itself(text: &str, meaning: &Meaning) -> bool {
    match meaning {
        Meaning::File(_) | Meaning::Unnamed(_) => false,
        Meaning::Mistake(Mistake::Bad(_) | Mistake::AttachmentId) => false,
        Meaning::Page(_) | Meaning::Ours => text.starts_with('/'),
        Meaning::Mistake(Mistake::Nothing) => true,
        Meaning::Mistake(
            Mistake::TitleOnly
            | Mistake::Space
            | Mistake::Unknown
            | Mistake::Outside
            | Mistake::Elsewhere,
        ) => text.starts_with('/'),
    }
}

/// Whether there are letters or digits that belong to no link.
fn has_words_beside(
    text: &str,
    spots: &[(Range<usize>, Place)],
    bare: &[(Range<usize>, Place)],
) -> bool {
    let mut links: Vec<&Range<usize>> = spots.iter().chain(bare).map(|(range, _)| range).collect();
    links.sort_by_key(|range| range.start);
    let mut from = 0;
    for link in links {
        if has_words(&text[from..link.start]) {
            return true;
        }
        from = link.end;
    }
    has_words(&text[from..])
}

fn has_words(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

//! What this service publishes (pure): everything the account may read, or only some spaces and pages.

use crate::attachment::{Key, PageId};

/// The operator's choice.
#[derive(Clone, Debug)]
pub struct Publication(Option<Only>);

/// Nothing but this.
#[derive(Clone, Debug)]
struct Only {
    spaces: Vec<String>,
    pages: Vec<PageId>,
}

/// Whether a file is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It is.
    Published,
    /// It is not, and Confluence is not asked for it.
    Refused,
    /// It is if this page stands in one of the spaces, which only Confluence knows.
    DependsOn(PageId),
}

impl Publication {
    /// Everything that the account may read.
    pub fn everything() -> Publication {
        Publication(None)
    }

    /// Only what stands in these spaces or hangs on these pages.
    pub fn only(spaces: Vec<String>, pages: Vec<PageId>) -> Publication {
        Publication(Some(Only { spaces, pages }))
    }

    /// Judges a file by its address.
    pub(super) fn judge(&self, key: &Key) -> Judgement {
        match (key.space(), key.page()) {
            (Some(space), _) if self.has_space(space.as_str()) => Judgement::Published,
            (None, Some(page)) => self.judge_page(page),
            (Some(_), _) | (None, None) => Judgement::Refused,
        }
    }

    /// Judges the files of a page.
    pub(super) fn judge_page(&self, page: PageId) -> Judgement {
        match &self.0 {
            None => Judgement::Published,
            Some(only) if only.pages.contains(&page) => Judgement::Published,
            Some(only) if !only.spaces.is_empty() => Judgement::DependsOn(page),
            Some(_) => Judgement::Refused,
        }
    }

    /// Whether the address alone says that a file is not published.
    pub(super) fn refuses(&self, key: &Key) -> bool {
        self.judge(key) == Judgement::Refused
    }

    /// Whether a space is published. Confluence tells no two keys apart that differ in case only.
    pub(super) fn has_space(&self, key: &str) -> bool {
        let Some(only) = &self.0 else {
            return true;
        };
        only.spaces
            .iter()
            .any(|space| space.eq_ignore_ascii_case(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachment::FileName;

    fn page(id: &str) -> PageId {
        PageId::parse(id).expect("a page id")
    }

    fn name(text: &str) -> FileName {
        FileName::parse(text.as_bytes()).expect("a name")
    }

    fn on_page(id: &str) -> Key {
        Key::File {
            page: page(id),
            name: name("a.png"),
            version: None,
        }
    }

    fn in_space(space: &str) -> Key {
        Key::Titled {
            space: name(space),
            title: name("T"),
            name: name("a.png"),
            version: None,
        }
    }

    #[test]
    fn a_file_is_published_by_its_page_or_its_space() {
        let depends = |id| Judgement::DependsOn(page(id));
        let (published, refused) = (Judgement::Published, Judgement::Refused);
        for (spaces, pages, one, two, doc, other) in [
            (&[][..], &["1"][..], published, refused, refused, refused),
            (
                &["DOC"],
                &[],
                depends("1"),
                depends("2"),
                published,
                refused,
            ),
            (
                &["DOC"],
                &["1"],
                published,
                depends("2"),
                published,
                refused,
            ),
        ] {
            let publication = Publication::only(
                spaces.iter().map(|space| (*space).to_owned()).collect(),
                pages.iter().map(|id| page(id)).collect(),
            );
            let judged = [on_page("1"), on_page("2"), in_space("doc"), in_space("~me")]
                .map(|key| publication.judge(&key));
            assert_eq!(judged, [one, two, doc, other], "{spaces:?} {pages:?}");
            assert!(!publication.has_space("DOCS"));
        }
        let all = Publication::everything();
        assert_eq!(all.judge(&in_space("~me")), published);
        assert!(all.has_space("anything"));
    }
}

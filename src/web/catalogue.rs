//! The files of a page, and which of them somebody wants to see.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::fmt::Write;
use std::time::SystemTime;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::links::Kind;

/// Files shown at a time.
pub(super) const FILES_PER_PAGE: usize = 50;

/// Longest text that names are searched for, in characters: no name is longer.
const WORDS_CHARS_MAX: usize = 255;

/// Longest drawing in bytes that is shown as its own preview.
const DRAWING_BYTES_MAX: u64 = 512 * 1024;

/// One file of a page.
#[derive(Clone, Debug)]
pub struct CatalogueFile {
    /// Its name.
    pub name: String,
    /// Its name as an address has it; none if no address can hold it.
    pub path: Option<String>,
    /// Its length in bytes, as far as Confluence says.
    pub bytes: Option<u64>,
    /// Its media type, in the uploader's words.
    pub media_type: Option<String>,
    /// Its newest version.
    pub version: Option<u32>,
    /// When that was uploaded.
    pub modified: Option<SystemTime>,
    /// What the uploader said about it.
    pub comment: Option<String>,
}

/// A file with what it is searched and sorted by.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) file: CatalogueFile,
    pub(super) kind: FileKind,
    folded: String,
}

impl Item {
    fn bytes(&self) -> usize {
        let file = &self.file;
        let others = [&file.path, &file.media_type, &file.comment];
        let others = others.into_iter().flatten().map(String::capacity);
        let names = [&file.name, &self.folded].map(String::capacity);
        size_of::<Item>() + names.iter().sum::<usize>() + others.sum::<usize>()
    }
}

/// All files of a page. Made once for everybody who looks at it within a minute.
#[derive(Debug)]
pub struct Catalogue {
    /// The page's number.
    pub page: String,
    /// Its title, as far as it is known.
    pub title: Option<String>,
    /// The key of its space, as far as it is known.
    pub space: Option<String>,
    /// By name, upper and lower case alike.
    items: Vec<Item>,
    /// What they take.
    bytes: usize,
}

impl Catalogue {
    /// The files of page number `page`, in any order.
    pub fn new(
        page: String,
        title: Option<String>,
        space: Option<String>,
        files: Vec<CatalogueFile>,
    ) -> Catalogue {
        let mut items: Vec<Item> = files
            .into_iter()
            .map(|file| Item {
                kind: FileKind::of(&file),
                folded: file.name.to_lowercase(),
                file,
            })
            .collect();
        items.sort_by(|one, other| {
            (&one.folded, &one.file.name).cmp(&(&other.folded, &other.file.name))
        });
        let bytes = items.iter().map(Item::bytes).sum();
        Catalogue {
            page,
            title,
            space,
            items,
            bytes,
        }
    }

    /// What the files take of memory, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// All files, by name.
    pub fn files(&self) -> impl ExactSizeIterator<Item = &CatalogueFile> {
        self.items.iter().map(|item| &item.file)
    }

    /// What `view` shows of them.
    pub(super) fn select(&self, view: &View) -> Selection<'_> {
        let words = view.words.to_lowercase();
        let mut found: Vec<&Item> = self
            .items
            .iter()
            .filter(|item| view.kind.is_none_or(|kind| kind == item.kind))
            .filter(|item| {
                words
                    .split_whitespace()
                    .all(|word| item.folded.contains(word))
            })
            .collect();
        match view.sort {
            Sort::Name => {}
            Sort::Newest => found.sort_by_key(|item| Reverse(item.file.modified)),
            Sort::Largest => found.sort_by_key(|item| Reverse(item.file.bytes)),
        }
        let (total, pages) = (found.len(), found.len().div_ceil(FILES_PER_PAGE).max(1));
        let number = view.number.clamp(1, pages);
        let bytes = found.iter().filter_map(|item| item.file.bytes).sum();
        let first = (number - 1) * FILES_PER_PAGE;
        found.drain(..first);
        found.truncate(FILES_PER_PAGE);
        Selection {
            items: found,
            total,
            bytes,
            number,
            pages,
        }
    }
}

/// A part of a catalogue.
#[derive(Debug)]
pub(super) struct Selection<'a> {
    /// What this page of it shows.
    pub(super) items: Vec<&'a Item>,
    /// How many files are meant.
    pub(super) total: usize,
    /// How long all of them are together, as far as Confluence says.
    pub(super) bytes: u64,
    /// Which page of it this is, from 1.
    pub(super) number: usize,
    /// How many pages it has, at least one.
    pub(super) pages: usize,
}

/// Which files somebody wants to see, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Every word is somewhere in the name.
    pub(super) words: String,
    pub(super) kind: Option<FileKind>,
    pub(super) sort: Sort,
    pub(super) number: usize,
    /// The language asked for, whatever the browser prefers.
    pub(super) language: Option<String>,
}

impl View {
    /// Reads the query of an address, without its `?`. What is not understood counts as not said.
    pub fn parse(query: &str) -> View {
        let mut view = View {
            words: String::new(),
            kind: None,
            sort: Sort::Name,
            number: 1,
            language: None,
        };
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value);
            match name {
                "q" => view.words = value.chars().take(WORDS_CHARS_MAX).collect(),
                "type" => view.kind = FileKind::ALL.into_iter().find(|kind| kind.word() == value),
                "sort" => {
                    let found = Sort::ALL.into_iter().find(|sort| sort.word() == value);
                    view.sort = found.unwrap_or(Sort::Name);
                }
                "page" => view.number = value.parse().unwrap_or(1),
                "lang" => view.language = Some(value.chars().take(8).collect()),
                _ => {}
            }
        }
        view
    }

    /// The same in the language of another view.
    pub(super) fn with_language(mut self, other: &View) -> View {
        self.language.clone_from(&other.language);
        self
    }

    /// Whether not all files are meant.
    pub(super) fn is_narrow(&self) -> bool {
        !self.words.trim().is_empty() || self.kind.is_some()
    }

    /// The address of page `number` of the same, from its `?` on.
    pub(super) fn address(&self, number: usize) -> String {
        let mut address = String::new();
        let mut put = |name: &str, value: &str| {
            let separator = if address.is_empty() { '?' } else { '&' };
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            write!(address, "{separator}{name}={value}").expect("a String takes any text");
        };
        if !self.words.is_empty() {
            put("q", &self.words);
        }
        if let Some(kind) = self.kind {
            put("type", kind.word());
        }
        if self.sort != Sort::Name {
            put("sort", self.sort.word());
        }
        if let Some(language) = &self.language {
            put("lang", language);
        }
        if number != 1 || address.is_empty() {
            let separator = if address.is_empty() { '?' } else { '&' };
            write!(address, "{separator}page={number}").expect("a String takes any text");
        }
        address
    }
}

/// As a form sends it.
fn decoded(value: &str) -> String {
    let spaced: Cow<'_, str> = value.replace('+', " ").into();
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// In which order files are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Name,
    Newest,
    Largest,
}

impl Sort {
    pub(super) const ALL: [Sort; 3] = [Sort::Name, Sort::Newest, Sort::Largest];

    /// Its word in addresses.
    pub(super) fn word(self) -> &'static str {
        match self {
            Sort::Name => "name",
            Sort::Newest => "date",
            Sort::Largest => "size",
        }
    }
}

/// What kind of file it is, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    Image,
    Video,
    Audio,
    Document,
    Archive,
    Other,
}

impl FileKind {
    pub(super) const ALL: [FileKind; 6] = [
        FileKind::Image,
        FileKind::Video,
        FileKind::Audio,
        FileKind::Document,
        FileKind::Archive,
        FileKind::Other,
    ];

    /// Its word in addresses and in JSON.
    pub(super) fn word(self) -> &'static str {
        match self {
            FileKind::Image => "image",
            FileKind::Video => "video",
            FileKind::Audio => "audio",
            FileKind::Document => "document",
            FileKind::Archive => "archive",
            FileKind::Other => "other",
        }
    }

    /// By its media type where that says enough, else by the end of its name.
    fn of(file: &CatalogueFile) -> FileKind {
        let media_type = file.media_type.as_deref().unwrap_or_default();
        match media_type.split('/').next() {
            Some("image") => return FileKind::Image,
            Some("video") => return FileKind::Video,
            Some("audio") => return FileKind::Audio,
            Some("text") => return FileKind::Document,
            Some(_) | None => {}
        }
        match Kind::of(&file.name) {
            Kind::Image => return FileKind::Image,
            Kind::Video => return FileKind::Video,
            Kind::Audio => return FileKind::Audio,
            Kind::Pdf => return FileKind::Document,
            Kind::Other => {}
        }
        match &*ending(&file.name).to_lowercase() {
            "mkv" | "avi" => FileKind::Video,
            "doc" | "docx" | "xls" | "xlsx" | "ppt" | "pptx" | "odt" | "ods" | "odp" | "txt"
            | "md" | "csv" | "rtf" | "vsdx" | "json" | "xml" | "html" | "log" => FileKind::Document,
            "zip" | "gz" | "tgz" | "bz2" | "xz" | "7z" | "rar" | "tar" | "jar" | "zst" => {
                FileKind::Archive
            }
            _ => FileKind::Other,
        }
    }
}

/// What stands behind the last dot of a name, if it is short enough to be a type.
pub(super) fn ending(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((before, end)) if !before.is_empty() && (1..=5).contains(&end.chars().count()) => end,
        Some(_) | None => "",
    }
}

/// How a file is shown small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preview {
    /// As the picture that Confluence draws of it.
    Thumbnail,
    /// As it is: a drawing in lines, of which Confluence draws none.
    Itself,
    /// By a word.
    Badge,
}

impl Item {
    /// How it is shown small.
    pub(super) fn preview(&self) -> Preview {
        let is_svg = ending(&self.file.name).eq_ignore_ascii_case("svg")
            || self.file.media_type.as_deref() == Some("image/svg+xml");
        let is_short = self
            .file
            .bytes
            .is_some_and(|bytes| bytes <= DRAWING_BYTES_MAX);
        match (self.kind, is_svg) {
            (FileKind::Image, false) => Preview::Thumbnail,
            (FileKind::Image, true) if is_short => Preview::Itself,
            (
                FileKind::Image
                | FileKind::Video
                | FileKind::Audio
                | FileKind::Document
                | FileKind::Archive
                | FileKind::Other,
                _,
            ) => Preview::Badge,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(name: &str, media_type: &str, bytes: Option<u64>) -> CatalogueFile {
        CatalogueFile {
            name: name.to_owned(),
            path: Some(name.to_owned()),
            bytes,
            media_type: Some(media_type.to_owned()),
            version: None,
            modified: None,
            comment: None,
        }
    }

    #[test]
    fn a_file_is_what_its_type_says_or_else_its_name() {
        for (name, media_type, bytes, kind, preview) in [
            ("a", "image/png", None, "image", Preview::Thumbnail),
            (
                "a.JPG",
                "application/octet-stream",
                None,
                "image",
                Preview::Thumbnail,
            ),
            ("a.svg", "image/svg+xml", Some(1), "image", Preview::Itself),
            (
                "a.SVG",
                "",
                Some(DRAWING_BYTES_MAX + 1),
                "image",
                Preview::Badge,
            ),
            ("a.svg", "", None, "image", Preview::Badge),
            ("a.bin", "video/mp4", None, "video", Preview::Badge),
            ("a.m4a", "", None, "audio", Preview::Badge),
            ("a.opus", "", None, "audio", Preview::Badge),
            ("a.tar.gz", "", None, "archive", Preview::Badge),
            (
                "a.docx",
                "application/vnd.x",
                None,
                "document",
                Preview::Badge,
            ),
            ("a", "text/plain", None, "document", Preview::Badge),
            (".pdf", "", None, "other", Preview::Badge),
            ("pdf", "", None, "other", Preview::Badge),
            ("v1.2 of the plan", "", None, "other", Preview::Badge),
        ] {
            let files = vec![file(name, media_type, bytes)];
            let catalogue = Catalogue::new("1".to_owned(), None, None, files);
            let item = &catalogue.items[0];
            assert_eq!(
                (item.kind.word(), item.preview()),
                (kind, preview),
                "{name} {media_type}"
            );
        }
        for (name, expected) in [
            ("a.png", "png"),
            ("a.", ""),
            ("a.b.c", "c"),
            ("图.图片", "图片"),
            ("a.longer", ""),
        ] {
            assert_eq!(ending(name), expected, "{name}");
        }
    }

    #[test]
    fn names_are_sorted_and_found_whatever_their_case() {
        let names = ["b.png", "A.png", "a.png", "Über Plan.pdf"];
        let files = names.map(|name| file(name, "", None)).to_vec();
        let catalogue = Catalogue::new("1".to_owned(), None, None, files);
        let found = |query: &str| -> Vec<&str> {
            let selection = catalogue.select(&View::parse(query));
            selection
                .items
                .iter()
                .map(|item| &*item.file.name)
                .collect()
        };
        assert_eq!(found(""), ["A.png", "a.png", "b.png", "Über Plan.pdf"]);
        assert_eq!(found("q=%C3%9CBER"), ["Über Plan.pdf"]);
        assert_eq!(
            found("q=PDF+plan"),
            ["Über Plan.pdf"],
            "every word, in any order"
        );
        assert_eq!(found("q=+a.p+"), ["A.png", "a.png"]);
        assert_eq!(found("type=archive"), [""; 0]);
        let empty = catalogue.select(&View::parse("q=x&page=7"));
        assert_eq!((empty.total, empty.number, empty.pages), (0, 1, 1));
    }

    proptest! {
        #[test]
        fn an_address_of_a_view_means_that_view(
            words in "\\PC{0,12}", kind in 0..7_usize, sort in 0..3_usize, number in 1..1000_usize, language in "(zh|en)?",
        ) {
            let view = View {
                words,
                kind: FileKind::ALL.get(kind).copied(),
                sort: Sort::ALL[sort],
                number,
                language: Some(language).filter(|it| !it.is_empty()),
            };
            let address = view.address(number);
            prop_assert!(address.is_ascii() && !address.contains(['"', '<', ' ']));
            prop_assert_eq!(View::parse(address.strip_prefix('?').expect("a query")), view);
        }

        #[test]
        fn no_query_disturbs_anybody(query in "(\\PC|[&=%+]){0,40}") {
            let catalogue = Catalogue::new("1".to_owned(), None, None, vec![file("a", "", None)]);
            let view = View::parse(&query);
            let selection = catalogue.select(&view);
            prop_assert!(1 <= selection.number && selection.number <= selection.pages);
        }
    }
}

//! The name of one attachment, parsed once and valid ever after.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Longest file name in bytes of UTF-8: the width of Confluence's database column.
pub const FILE_NAME_BYTES_MAX: usize = 255;

/// Most digits of a page id: what fits Confluence's signed 64-bit content id.
const PAGE_ID_DIGITS_MAX: usize = 19;

/// Everything but RFC 3986 unreserved characters is percent-encoded, in keys, on the link and towards Confluence.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Percent-encodes one path segment with the one alphabet of this service: `A-Z a-z 0-9 - . _ ~` stay as they are.
pub fn encode_segment(segment: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(segment, ENCODED)
}

/// Which file a client wants: the identity under which it is fetched, shared and kept.
///
/// Made by the router from a target that was decoded exactly once. Two keys are equal only if Confluence would send
/// the same file for both, and each printed form (`Display`) is unique. Which addresses have the same one, and so must reach
/// the same instance of several, stands at the head of [`crate::router`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// An attachment of a page, blog post, comment or draft by content id.
    File {
        /// The content the file hangs on.
        page: PageId,
        /// Its name there.
        name: FileName,
        /// A fixed version; `None` is the latest one.
        version: Option<u32>,
    },
    /// A scaled picture that Confluence draws.
    Thumbnail {
        /// The content the file hangs on.
        page: PageId,
        /// The name of the original.
        name: FileName,
        /// A fixed version; `None` is the latest one.
        version: Option<u32>,
        /// Wanted width in pixels.
        width: Option<u32>,
        /// Wanted height in pixels.
        height: Option<u32>,
    },
    /// An attachment addressed by space key and page title, as exports and rendered pages do.
    Titled {
        /// The space key, `~user` for a personal space.
        space: FileName,
        /// The page title.
        title: FileName,
        /// The file's name.
        name: FileName,
        /// A fixed version; `None` is the latest one.
        version: Option<u32>,
    },
    /// The same on a blog post, whose title is unique only together with its day.
    BlogPost {
        /// The space key.
        space: FileName,
        /// When the post appeared.
        day: Day,
        /// The post's title.
        title: FileName,
        /// The file's name.
        name: FileName,
        /// A fixed version; `None` is the latest one.
        version: Option<u32>,
    },
}

impl Key {
    /// The file's own name, which decides how it is offered to a browser.
    pub fn name(&self) -> &FileName {
        match self {
            Key::File { name, .. }
            | Key::Thumbnail { name, .. }
            | Key::Titled { name, .. }
            | Key::BlogPost { name, .. } => name,
        }
    }

    /// The same place with another file name.
    pub fn renamed(mut self, new: FileName) -> Key {
        match &mut self {
            Key::File { name, .. }
            | Key::Thumbnail { name, .. }
            | Key::Titled { name, .. }
            | Key::BlogPost { name, .. } => *name = new,
        }
        self
    }

    /// The fixed version that the address asks for; `None` is the latest one.
    pub fn version(&self) -> Option<u32> {
        match self {
            Key::File { version, .. }
            | Key::Thumbnail { version, .. }
            | Key::Titled { version, .. }
            | Key::BlogPost { version, .. } => *version,
        }
    }

    /// The page it hangs on, when the address says so by number.
    pub fn page(&self) -> Option<PageId> {
        match self {
            Key::File { page, .. } | Key::Thumbnail { page, .. } => Some(*page),
            Key::Titled { .. } | Key::BlogPost { .. } => None,
        }
    }

    /// The key of the space it is in, when the address says so.
    pub fn space(&self) -> Option<&FileName> {
        match self {
            Key::Titled { space, .. } | Key::BlogPost { space, .. } => Some(space),
            Key::File { .. } | Key::Thumbnail { .. } => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = '?';
        let mut number = |f: &mut fmt::Formatter<'_>, name: &str, value: &Option<u32>| match value {
            Some(value) => {
                let before = std::mem::replace(&mut separator, '&');
                write!(f, "{before}{name}={value}")
            }
            None => Ok(()),
        };
        match self {
            Key::File {
                page,
                name,
                version,
            } => {
                write!(
                    f,
                    "confluence_attachment_{page}_{}",
                    encode_segment(name.as_str())
                )?;
                number(f, "version", version)
            }
            Key::Thumbnail {
                page,
                name,
                version,
                width,
                height,
            } => {
                write!(
                    f,
                    "confluence_thumbnail_{page}_{}",
                    encode_segment(name.as_str())
                )?;
                number(f, "version", version)?;
                number(f, "width", width)?;
                number(f, "height", height)
            }
            Key::Titled {
                space,
                title,
                name,
                version,
            } => {
                let [space, title, name] = [space, title, name]
                    .map(FileName::as_str)
                    .map(encode_segment);
                write!(f, "confluence_embedded_{space}/{title}/{name}")?;
                number(f, "version", version)
            }
            Key::BlogPost {
                space,
                day,
                title,
                name,
                version,
            } => {
                let [space, title, name] = [space, title, name]
                    .map(FileName::as_str)
                    .map(encode_segment);
                write!(f, "confluence_blogpost_{space}/{day}/{title}/{name}")?;
                number(f, "version", version)
            }
        }
    }
}

/// A content id of Confluence: 1 to 19 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PageId(u64);

impl PageId {
    /// Reads a page id from a decoded path segment. Leading zeros do not make another page.
    ///
    /// # Errors
    /// [`KeyError::PageId`] when it is not 1 to 19 digits.
    pub fn parse(text: &str) -> Result<PageId, KeyError> {
        let digits = (1..=PAGE_ID_DIGITS_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits {
            return Err(KeyError::PageId);
        }
        text.parse().map(PageId).map_err(|_| KeyError::PageId)
    }
}

impl fmt::Display for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The day of a blog post, as Confluence's addresses have it: `2024/06/09`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

impl Day {
    /// Reads the three decoded segments of an address. A month has 31 days here: Confluence knows better.
    ///
    /// # Errors
    /// [`KeyError::Day`] when they are not four, two and two digits of a day.
    pub fn parse(year: &str, month: &str, day: &str) -> Result<Day, KeyError> {
        let number = |text: &str, digits: usize, most: u16| {
            let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = plain.then(|| text.parse::<u16>().ok()).flatten();
            number.filter(|number| (1..=most).contains(number))
        };
        let small = |number: u16| u8::try_from(number).ok();
        let day = || {
            Some(Day {
                year: number(year, 4, 9999)?,
                month: number(month, 2, 12).and_then(small)?,
                day: number(day, 2, 31).and_then(small)?,
            })
        };
        day().ok_or(KeyError::Day)
    }

    /// The same with hyphens, as REST wants it: `2024-06-09`.
    pub fn hyphenated(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}/{:02}/{:02}", self.year, self.month, self.day)
    }
}

/// One path segment that is safe as a file name, space key or title: UTF-8, 1 to 255 bytes, no `/`, `\` or control
/// character, not `.` or `..`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileName(Box<str>);

impl FileName {
    /// Reads a name from a path segment that was percent-decoded exactly once.
    ///
    /// # Errors
    /// One [`KeyError`] per rule; the client gets its text with a 400.
    pub fn parse(decoded: &[u8]) -> Result<FileName, KeyError> {
        let name = std::str::from_utf8(decoded).map_err(|_| KeyError::NotUtf8)?;
        if name.is_empty() {
            return Err(KeyError::Empty);
        }
        if name == "." || name == ".." {
            return Err(KeyError::Dots);
        }
        if FILE_NAME_BYTES_MAX < name.len() {
            return Err(KeyError::TooLong { bytes: name.len() });
        }
        match name
            .chars()
            .find(|&c| c == '/' || c == '\\' || c.is_control())
        {
            Some(character) => Err(KeyError::Forbidden { character }),
            None => Ok(FileName(name.into())),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why an address names no attachment. Each becomes a 400 that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The page id is not 1 to 19 digits.
    PageId,
    /// The name is empty, as in an address that ends in `/`.
    Empty,
    /// The name is `.` or `..`.
    Dots,
    /// The name is longer than 255 bytes.
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// The name holds `/`, `\` or a control character.
    Forbidden {
        /// The first such character.
        character: char,
    },
    /// The percent-decoded name is not UTF-8.
    NotUtf8,
    /// The day of a blog post is not `yyyy/mm/dd`.
    Day,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::PageId => write!(f, "a page id is 1 to 19 digits, such as 123456"),
            KeyError::Empty => write!(f, "the file name is empty"),
            KeyError::Dots => write!(f, "\".\" and \"..\" are not file names"),
            KeyError::TooLong { bytes } => {
                write!(
                    f,
                    "the file name has {bytes} bytes, {FILE_NAME_BYTES_MAX} are allowed"
                )
            }
            KeyError::Forbidden { character } => {
                write!(f, "a file name cannot contain {character:?}")
            }
            KeyError::NotUtf8 => write!(f, "the file name is not UTF-8 once percent-decoded"),
            KeyError::Day => write!(f, "the day of a blog post is written as 2024/06/09"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> FileName {
        FileName::parse(text.as_bytes()).expect("a valid name")
    }

    #[test]
    fn page_ids_are_one_to_nineteen_digits() {
        for (text, expected) in [
            ("1", Some("1")),
            ("007", Some("7")),
            ("9999999999999999999", Some("9999999999999999999")),
            ("", None),
            ("12345678901234567890", None),
            ("-1", None),
            ("+1", None),
            ("1a", None),
            ("١", None),
        ] {
            assert_eq!(
                PageId::parse(text).ok().map(|id| id.to_string()).as_deref(),
                expected,
                "text: {text}"
            );
        }
    }

    #[test]
    fn days_are_four_two_and_two_digits() {
        let day = Day::parse("2024", "06", "09").expect("a day");
        assert_eq!(
            (day.to_string(), day.hyphenated()),
            ("2024/06/09".to_owned(), "2024-06-09".to_owned())
        );
        for (year, month, day) in [
            ("24", "06", "09"),
            ("2024", "6", "09"),
            ("2024", "06", "9"),
            ("2024", "13", "09"),
            ("2024", "00", "09"),
            ("2024", "06", "32"),
            ("2024", "06", "00"),
            ("0000", "06", "09"),
            ("+024", "06", "09"),
            ("2024", "..", "09"),
            ("２０２４", "06", "09"),
        ] {
            assert_eq!(
                Day::parse(year, month, day),
                Err(KeyError::Day),
                "{year}/{month}/{day}"
            );
        }
    }

    #[test]
    fn file_names_keep_what_confluence_allows_and_refuse_what_could_leave_the_page() {
        for good in [
            "a.png",
            "100%25.png",
            "图 1+2;x.png",
            "image2019-9-13 11:51:31.png",
            "...",
            &"x".repeat(255),
        ] {
            assert!(FileName::parse(good.as_bytes()).is_ok(), "name: {good}");
        }
        for (bad, error) in [
            (&b""[..], KeyError::Empty),
            (b".", KeyError::Dots),
            (b"..", KeyError::Dots),
            (b"a/b", KeyError::Forbidden { character: '/' }),
            (b"a\\b", KeyError::Forbidden { character: '\\' }),
            (b"a\0b", KeyError::Forbidden { character: '\0' }),
            (
                "a\u{85}".as_bytes(),
                KeyError::Forbidden {
                    character: '\u{85}',
                },
            ),
            (b"\xff", KeyError::NotUtf8),
            (&[b'x'; 256], KeyError::TooLong { bytes: 256 }),
        ] {
            assert_eq!(FileName::parse(bad), Err(error), "name: {bad:?}");
        }
    }

    #[test]
    fn a_key_prints_as_the_prototype_did_with_the_name_encoded() {
        let page = PageId::parse("12").expect("a page id");
        for (key, expected) in [
            (
                Key::File {
                    page,
                    name: name("a b_图.png"),
                    version: None,
                },
                "confluence_attachment_12_a%20b_%E5%9B%BE.png",
            ),
            (
                Key::File {
                    page,
                    name: name("a.png"),
                    version: Some(3),
                },
                "confluence_attachment_12_a.png?version=3",
            ),
            (
                Key::File {
                    page,
                    name: name("a.png?version=3"),
                    version: None,
                },
                "confluence_attachment_12_a.png%3Fversion%3D3",
            ),
            (
                Key::Thumbnail {
                    page,
                    name: name("a.png"),
                    version: None,
                    width: Some(8),
                    height: Some(9),
                },
                "confluence_thumbnail_12_a.png?width=8&height=9",
            ),
            (
                Key::Titled {
                    space: name("~me"),
                    title: name("A_B"),
                    name: name("a.png"),
                    version: None,
                },
                "confluence_embedded_~me/A_B/a.png",
            ),
            (
                Key::BlogPost {
                    space: name("DOC"),
                    day: Day::parse("2024", "06", "09").expect("a day"),
                    title: name("News"),
                    name: name("a.png"),
                    version: Some(2),
                },
                "confluence_blogpost_DOC/2024/06/09/News/a.png?version=2",
            ),
        ] {
            assert_eq!(key.to_string(), expected);
        }
    }
}

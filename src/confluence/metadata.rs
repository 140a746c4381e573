//! What Confluence's REST answers say (pure): who the account is, which files a page has, where a page stands.
//!
//! Every reader here answers `None` to what it does not understand: nothing is ever concluded from a damaged answer.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::moment;
use crate::attachment::{FileName, Meta, PageId};

/// What `version.when` must lie before Confluence's own `Date` at the fill for the copy to hold its bytes: whole
/// seconds, a slow upload and the clocks of several nodes err within it.
const CLOCK_MARGIN: Duration = Duration::from_secs(5);

/// Longest part of a name that is shown.
const SHOWN_CHARS_MAX: usize = 80;

/// Longest part of a comment on an upload that is shown.
const COMMENT_CHARS_MAX: usize = 200;

/// Longest part of a page's title that is shown: Confluence's own bound.
const TITLE_CHARS_MAX: usize = 255;

/// Who the account is, in Confluence's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Confluence knows it under this name.
    Known(String),
    /// Confluence took the login for nobody's: a wrong or expired personal token looks like this.
    Anonymous,
}

/// Reads `/rest/api/user/current`.
pub(super) fn identity(json: &[u8]) -> Option<Identity> {
    let user: Value = serde_json::from_slice(json).ok()?;
    match user.get("type")?.as_str()? {
        "known" => {
            // Cloud knows no user names any more.
            let names = ["username", "email", "displayName", "accountId"];
            let name = names
                .iter()
                .filter_map(|name| user.get(name)?.as_str())
                .find(|name| !name.is_empty());
            Some(Identity::Known(shown(name.unwrap_or("?"))))
        }
        "anonymous" => Some(Identity::Anonymous),
        _ => None,
    }
}

/// The number of an attachment on Cloud, `att123` in its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct AttachmentId(u64);

impl AttachmentId {
    /// The bare number.
    pub(super) fn number(self) -> u64 {
        self.0
    }

    fn parse(text: &str) -> Option<AttachmentId> {
        let digits = text.strip_prefix("att").unwrap_or(text);
        let plain = (1..=19).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        plain
            .then(|| digits.parse().ok().map(AttachmentId))
            .flatten()
    }
}

impl fmt::Display for AttachmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "att{}", self.0)
    }
}

/// What REST says about one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attachment {
    pub(super) id: Option<AttachmentId>,
    /// Counts uploads, from 1.
    pub(super) version: Option<u32>,
    /// When the current version was uploaded, by Confluence's clock.
    pub(super) when: Option<SystemTime>,
    /// Its length in bytes.
    pub(super) bytes: Option<u64>,
    /// Its media type, in the uploader's words.
    pub(super) media_type: Option<String>,
    /// What the uploader said about it.
    pub(super) comment: Option<String>,
}

/// Where a page stands and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagePlace {
    /// The key of its space.
    pub space: Box<str>,
    /// Its title, as far as Confluence says.
    pub title: Option<Box<str>>,
}

/// The files of a page, or some of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    files: HashMap<Box<str>, Attachment>,
    /// Whether these are all.
    pub(super) is_complete: bool,
}

impl Listing {
    /// What is known about a file of this name.
    pub(super) fn get(&self, name: &FileName) -> Option<&Attachment> {
        self.files.get(name.as_str())
    }

    /// All files, by name.
    pub(super) fn by_name(&self) -> Vec<(&str, &Attachment)> {
        let mut files: Vec<_> = self.files.iter().map(|(name, it)| (&**name, it)).collect();
        files.sort_by_key(|(name, _)| *name);
        files
    }
}

/// Reads `/rest/api/content/{id}/child/attachment`.
pub(super) fn listing(json: &[u8]) -> Option<Listing> {
    let answer: Value = serde_json::from_slice(json).ok()?;
    let results = answer.get("results")?.as_array()?;
    let files = results
        .iter()
        .map(|result| Some((result.get("title")?.as_str()?.into(), attachment(result))))
        .collect::<Option<_>>()?;
    let is_complete = answer.pointer("/_links/next").is_none();
    Some(Listing { files, is_complete })
}

fn attachment(result: &Value) -> Attachment {
    let text = |pointer| result.pointer(pointer).and_then(Value::as_str);
    let number = |pointer| result.pointer(pointer).and_then(Value::as_u64);
    Attachment {
        id: text("/id").and_then(AttachmentId::parse),
        version: number("/version/number").and_then(|number| u32::try_from(number).ok()),
        when: text("/version/when").and_then(moment::parse),
        bytes: number("/extensions/fileSize"),
        media_type: text("/metadata/mediaType")
            .or(text("/extensions/mediaType"))
            .map(shown),
        // Each product and age of Confluence has it at another place.
        comment: [
            "/extensions/comment",
            "/metadata/comment",
            "/version/message",
        ]
        .into_iter()
        .filter_map(text)
        .find(|comment| !comment.is_empty())
        .map(|comment| cut(comment, COMMENT_CHARS_MAX)),
    }
}

/// Reads `/rest/api/content/{id}?expand=space`.
pub(super) fn place(json: &[u8]) -> Option<PagePlace> {
    let content: Value = serde_json::from_slice(json).ok()?;
    let key = content.pointer("/space/key")?.as_str()?;
    let title = content.get("title").and_then(Value::as_str);
    let title = title.map(|title| cut(title, TITLE_CHARS_MAX).into());
    (!key.is_empty()).then(|| PagePlace {
        space: key.into(),
        title,
    })
}

/// Reads a search for content by space and title: the id of the one that was found, or that there is none.
pub(super) fn found_page(json: &[u8]) -> Option<Option<PageId>> {
    let answer: Value = serde_json::from_slice(json).ok()?;
    match answer.get("results")?.as_array()?.first() {
        None => Some(None),
        Some(content) => PageId::parse(content.get("id")?.as_str()?).ok().map(Some),
    }
}

/// Whether a copy that was filled when Confluence's clock showed `known.date` still holds the bytes that `found`
/// describes; `fixed` is the version that the address asks for.
///
/// The bytes of a version cannot change, but a file that is deleted and uploaded again counts its versions anew. So
/// older versions than the newest are believed only of an attachment that is known by its number.
pub(super) fn is_current(fixed: Option<u32>, known: &Meta, found: &Attachment) -> bool {
    let is_same = |kept: u64| found.id.map(AttachmentId::number) == Some(kept);
    if known.attachment.is_some_and(|kept| !is_same(kept)) {
        return false;
    }
    match (fixed, found.version) {
        (Some(fixed), Some(newest)) if fixed < newest && known.attachment.is_some() => return true,
        (Some(fixed), Some(newest)) if fixed <= newest => {}
        (Some(_), Some(_) | None) => return false,
        (None, newest) => {
            if let (Some(kept), Some(newest)) = (known.version, newest)
                && kept != newest
            {
                return false;
            }
        }
    }
    match (known.date, found.when) {
        (Some(date), Some(when)) => when + CLOCK_MARGIN <= date,
        (None, _) | (_, None) => false,
    }
}

/// Whether a copy of `length` bytes can be the file that `found` describes. A copy that is too short has been cut by
/// somebody in between who announced the shorter length, and must not be confirmed for ever.
pub(super) fn has_length(fixed: Option<u32>, length: u64, found: &Attachment) -> bool {
    let is_newest = fixed.is_none_or(|fixed| Some(fixed) == found.version); // the listing tells the length of no other
    !is_newest || found.bytes.is_none_or(|bytes| bytes == length)
}

/// Confluence's text without what could disturb a terminal or a log, and not too much of it.
fn shown(text: &str) -> String {
    cut(text, SHOWN_CHARS_MAX)
}

fn cut(text: &str, chars_max: usize) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .take(chars_max)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
    }

    #[test]
    fn an_account_is_known_or_nobody() {
        let known = |name: &str| Some(Identity::Known(name.to_owned()));
        for (json, expected) in [
            (
                r#"{"type":"known","username":"reader","displayName":"R"}"#,
                known("reader"),
            ),
            (
                r#"{"type":"known","accountId":"5b1","email":"","displayName":"R. Eader"}"#,
                known("R. Eader"),
            ),
            (r#"{"type":"known"}"#, known("?")),
            (
                r#"{"type":"known","username":"a\u0000\u001b[31m"}"#,
                known("a[31m"),
            ),
            (
                r#"{"type":"anonymous","displayName":"Anonymous"}"#,
                Some(Identity::Anonymous),
            ),
            (r#"{"type":"robot"}"#, None),
            (r#"{"username":"reader"}"#, None),
            ("{}", None),
            ("[]", None),
            ("<html>", None),
            ("", None),
        ] {
            assert_eq!(identity(json.as_bytes()), expected, "{json}");
        }
    }

    #[test]
    fn a_listing_says_what_it_knows_about_each_file() {
        let json = r#"{"results":[
            {"id":"att123","title":"图 1.png","version":{"number":3,"when":"2019-09-13T11:51:31.250+08:00"},
             "metadata":{"mediaType":"image/png","comment":"old"},"extensions":{"fileSize":77,"comment":""}},
            {"id":"x","title":"b","version":{"number":-1,"when":"soon","message":"two\nlines"}},
            {"title":"c","extensions":{"comment":"new"},"version":{"message":"other"}}],"size":3,"_links":{"next":"/rest/api/x"}}"#;
        let listing = listing(json.as_bytes()).expect("a listing");
        assert!(!listing.is_complete);
        let names: Vec<&str> = listing.by_name().iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["b", "c", "图 1.png"]);
        let name = |text: &str| FileName::parse(text.as_bytes()).expect("a name");
        let first = listing.get(&name("图 1.png")).expect("listed");
        assert_eq!(first.id.map(|id| id.to_string()).as_deref(), Some("att123"));
        assert_eq!((first.version, first.bytes), (Some(3), Some(77)));
        assert_eq!(first.media_type.as_deref(), Some("image/png"));
        assert!(first.when.is_some());
        let comments = listing.by_name();
        let comments = comments.iter().map(|(_, file)| file.comment.as_deref());
        let expected = [Some("twolines"), Some("new"), Some("old")];
        assert_eq!(comments.collect::<Vec<_>>(), expected);
        let second = listing.get(&name("b")).expect("listed");
        assert_eq!((second.id, second.version, second.when), (None, None, None));
        assert_eq!(listing.get(&name("d")), None);
    }

    #[test]
    fn what_is_no_answer_says_nothing() {
        for json in [
            "",
            "{}",
            "{\"results\":{}}",
            "{\"results\":[{}]}",
            "{\"results\":[{\"title\":1}]}",
            "<html>",
            "{\"results\":[",
        ] {
            assert_eq!(listing(json.as_bytes()), None, "{json}");
        }
        let empty = listing(b"{\"results\":[],\"size\":0}").expect("a listing of nothing");
        assert!(empty.is_complete && empty.by_name().is_empty());
        for json in ["", "{}", "{\"space\":{}}", "{\"space\":{\"key\":\"\"}}"] {
            assert_eq!(place(json.as_bytes()), None, "{json}");
        }
        for (json, title) in [
            (r#"{"space":{"key":"~me"}}"#, None),
            (
                r#"{"space":{"key":"~me"},"title":"\u56fe\u0007"}"#,
                Some("图"),
            ),
        ] {
            let place = place(json.as_bytes()).expect("a page");
            assert_eq!((&*place.space, place.title.as_deref()), ("~me", title));
        }
    }

    #[test]
    fn a_search_finds_one_page_or_none() {
        let page = PageId::parse("12").ok();
        for (json, expected) in [
            (r#"{"results":[{"id":"12"},{"id":"13"}]}"#, Some(page)),
            (r#"{"results":[]}"#, Some(None)),
            (r#"{"results":[{"id":"x"}]}"#, None),
            (r#"{"results":[{"id":12}]}"#, None),
            ("{}", None),
        ] {
            assert_eq!(found_page(json.as_bytes()), expected, "{json}");
        }
    }

    #[test]
    fn a_copy_of_another_length_is_not_the_file() {
        let found = |version, bytes| Attachment {
            id: None,
            version: Some(version),
            when: None,
            bytes,
            media_type: None,
            comment: None,
        };
        for (fixed, found, expected) in [
            (None, found(3, Some(77)), true),
            (None, found(3, Some(78)), false),
            (None, found(3, None), true),
            (Some(3), found(3, Some(78)), false),
            (Some(2), found(3, Some(78)), true),
        ] {
            assert_eq!(
                has_length(fixed, 77, &found),
                expected,
                "{fixed:?} {found:?}"
            );
        }
    }

    #[test]
    fn a_copy_is_current_when_nothing_was_uploaded_since_it_was_filled() {
        let found = |version, when| Attachment {
            id: None,
            version,
            when,
            bytes: None,
            media_type: None,
            comment: None,
        };
        let known = |version, date| Meta {
            version,
            date,
            ..Meta::default()
        };
        for (kept, filled, version, when, expected) in [
            (None, Some(at(100)), Some(1), Some(at(95)), true),
            (None, Some(at(100)), Some(1), Some(at(96)), false),
            (None, Some(at(100)), None, Some(at(0)), true),
            (None, Some(at(100)), Some(1), Some(at(200)), false),
            (Some(1), Some(at(100)), Some(1), Some(at(0)), true),
            (Some(1), Some(at(100)), Some(2), Some(at(0)), false),
            (Some(2), Some(at(100)), Some(1), Some(at(0)), false),
            (Some(1), Some(at(100)), Some(1), Some(at(100)), false),
            (None, None, Some(1), Some(at(0)), false),
            (Some(1), Some(at(100)), Some(1), None, false),
        ] {
            let current = is_current(None, &known(kept, filled), &found(version, when));
            assert_eq!(
                current, expected,
                "{kept:?} {filled:?} {version:?} {when:?}"
            );
        }
        // A fixed version: nothing uploaded since, or the same attachment with newer ones.
        let file = |number: u64, version, when| Attachment {
            id: Some(AttachmentId(number)),
            ..found(version, when)
        };
        let copy = |attachment| Meta {
            attachment,
            ..known(Some(1), Some(at(100)))
        };
        for (fixed, kept, number, newest, when, expected) in [
            (1, None, 7, Some(1), at(0), true),
            (1, None, 7, Some(3), at(0), true),
            (1, None, 7, Some(3), at(200), false),
            (1, Some(7), 7, Some(3), at(200), true),
            (1, Some(7), 7, Some(1), at(0), true),
            (1, Some(7), 7, Some(1), at(200), false),
            (1, Some(7), 8, Some(3), at(0), false),
            (4, Some(7), 7, Some(3), at(0), false),
            (1, Some(7), 7, None, at(0), false),
        ] {
            let current = is_current(Some(fixed), &copy(kept), &file(number, newest, Some(when)));
            assert_eq!(
                current, expected,
                "{fixed} {kept:?} {number} {newest:?} {when:?}"
            );
        }
        // Another attachment under the same name, however old it is.
        assert!(!is_current(
            None,
            &copy(Some(7)),
            &file(8, Some(1), Some(at(0)))
        ));
        assert!(is_current(
            None,
            &copy(Some(7)),
            &file(7, Some(1), Some(at(0)))
        ));
        assert!(!is_current(
            None,
            &copy(Some(7)),
            &found(Some(1), Some(at(0)))
        ));
    }
}

//! One page, in words (pure): its files, and whether the service would publish them.

use super::findings::failure;
use super::report::{Finding, Verdict, plain};
use crate::attachment::PageId;
use crate::config::Allow;
use crate::confluence::{Listed, UpstreamError};

/// Files that are listed; a page with more has a search of its own.
const FILES_SHOWN_MAX: usize = 200;

/// Units of sizes for people, as file managers have them.
const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];

/// Whether the files of a page are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Publication {
    /// Nothing restricts it.
    Everything,
    /// Its id is on the list.
    Page,
    /// Only its space can decide.
    DependsOnSpace,
    /// Its id is not on the list, and there is no list of spaces.
    Refused,
}

/// Judges a page by the settings alone.
pub(super) fn publication(allow: Option<&Allow>, page: PageId) -> Publication {
    match allow {
        None => Publication::Everything,
        Some(allow) if allow.pages.contains(&page) => Publication::Page,
        Some(allow) if !allow.spaces.is_empty() => Publication::DependsOnSpace,
        Some(_) => Publication::Refused,
    }
}

/// What a page is found to be. `space` was asked for if only that decides.
pub(super) fn page(
    page: PageId,
    files: &Result<Vec<Listed>, UpstreamError>,
    allow: Option<&Allow>,
    space: Option<&Result<Box<str>, UpstreamError>>,
) -> Finding {
    let files = match files {
        Ok(files) => files,
        Err(error) => return missing(page, error),
    };
    let published = published(allow, page, space);
    let (Ok(why) | Err(why)) = &published;
    let count = match files.len() {
        0 => "no attachments".to_owned(),
        1 => "1 attachment".to_owned(),
        count => format!("{count} attachments"),
    };
    let colon = if files.is_empty() { "" } else { ":" };
    let text = format!("{page} has {count}, {why}{colon}");
    let mut finding = match published {
        Ok(_) => Finding::ok(text),
        Err(_) => Finding::warn(text),
    };
    finding.below = files.iter().take(FILES_SHOWN_MAX).map(row).collect();
    if FILES_SHOWN_MAX < files.len() {
        let more = files.len() - FILES_SHOWN_MAX;
        finding.below.push(format!("and {more} more"));
    }
    finding
}

fn missing(page: PageId, error: &UpstreamError) -> Finding {
    match error {
        UpstreamError::NotFound => Finding::fail(
            Verdict::Unreachable,
            format_args!(
                "there is no page {page} for the account: give the id of a page (the number behind pageId= or /pages/ in its address), not that of an attachment, and let the account see the page"
            ),
        ),
        UpstreamError::Forbidden => Finding::fail(
            Verdict::Unreachable,
            format_args!(
                "Confluence forbids the account page {page} (403): look at the restrictions of the page and its space"
            ),
        ),
        error => failure(error),
    }
}

/// Why a page is published, or why it is not.
fn published(
    allow: Option<&Allow>,
    page: PageId,
    space: Option<&Result<Box<str>, UpstreamError>>,
) -> Result<String, String> {
    let is_allowed = |space: &str| {
        let mut spaces = allow.iter().flat_map(|allow| &allow.spaces);
        // Confluence tells no two keys apart that differ in case only.
        spaces.any(|allowed| allowed.eq_ignore_ascii_case(space))
    };
    match (publication(allow, page), space) {
        (Publication::Everything, _) => {
            Ok("published like all that the account may read".to_owned())
        }
        (Publication::Page, _) => Ok("published by PROXY_ALLOW_PAGES".to_owned()),
        (Publication::Refused, _) => {
            Err("not published: add it to PROXY_ALLOW_PAGES if it should be".to_owned())
        }
        (Publication::DependsOnSpace, Some(Ok(space))) if is_allowed(space) => {
            Ok(format!("published by PROXY_ALLOW_SPACES (space {space:?})"))
        }
        (Publication::DependsOnSpace, Some(Ok(space))) => Err(format!(
            "not published: add it to PROXY_ALLOW_PAGES or its space {space:?} to PROXY_ALLOW_SPACES if it should be"
        )),
        (Publication::DependsOnSpace, Some(Err(error))) => Err(format!(
            "and whether it is published cannot be told, because its space is unknown: {error}"
        )),
        (Publication::DependsOnSpace, None) => {
            Err("and whether it is published cannot be told".to_owned())
        }
    }
}

/// Size, version and name of a file. The name stands last, because nobody knows how wide it is.
fn row(file: &Listed) -> String {
    let size = file.bytes.map_or("?".to_owned(), size);
    let version = file
        .version
        .map_or("?".to_owned(), |version| version.to_string());
    let name = plain(&file.name);
    format!("{size:>6}  version {version:<3}  {name}")
}

/// A size for people.
fn size(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let (mut tenths, mut unit) = (bytes / 100, 0);
    while 10_000 <= tenths && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    match tenths < 100 {
        true => format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]),
        false => format!("{} {}", tenths / 10, UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::report::Mark;

    fn id(text: &str) -> PageId {
        PageId::parse(text).expect("a page id")
    }

    fn file(name: &str, bytes: Option<u64>, version: Option<u32>) -> Listed {
        Listed {
            name: name.to_owned(),
            bytes,
            media_type: None,
            modified: None,
            comment: None,
            version,
        }
    }

    fn allow(spaces: &[&str], pages: &[&str]) -> Option<Allow> {
        Some(Allow {
            spaces: spaces.iter().map(|space| (*space).to_owned()).collect(),
            pages: pages.iter().map(|page| id(page)).collect(),
        })
    }

    #[test]
    fn sizes_are_for_people() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 KB"),
            (9_999, "9.9 KB"),
            (10_000, "10 KB"),
            (120_400, "120 KB"),
            (999_999, "999 KB"),
            (1_200_000, "1.2 MB"),
            (64 << 20, "67 MB"),
            (5_000_000_000, "5.0 GB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(size(bytes), expected, "{bytes}");
        }
    }

    #[test]
    fn files_stand_in_columns() {
        let files = Ok(vec![
            file("plan.pdf", Some(120_400), Some(2)),
            file("架构图\u{1b}[31m v2.png", Some(999), Some(117)),
            file("a b.zip", None, None),
        ]);
        let found = page(id("12"), &files, None, None);
        assert_eq!(found.mark, Mark::Ok);
        assert_eq!(
            found.text,
            "12 has 3 attachments, published like all that the account may read:"
        );
        assert_eq!(
            found.below,
            [
                "120 KB  version 2    plan.pdf",
                " 999 B  version 117  架构图[31m v2.png",
                "     ?  version ?    a b.zip",
            ]
        );
        let none = page(id("12"), &Ok(Vec::new()), None, None);
        assert!(none.text.starts_with("12 has no attachments, "), "{none:?}");
        assert!(none.below.is_empty() && !none.text.ends_with(':'));
        let many = (0..203).map(|number| file(&format!("{number}.png"), None, None));
        let found = page(id("12"), &Ok(many.collect()), None, None);
        assert_eq!(found.below.len(), 201);
        assert_eq!(found.below[200], "and 3 more");
    }

    #[test]
    fn it_is_said_whether_a_page_is_published() {
        let failing = Err(UpstreamError::Failing { status: 500 });
        let doc = Ok("DOC".into());
        for (allow, space, mark, expected) in [
            (None, None, Mark::Ok, "published like all"),
            (
                allow(&[], &["7", "12"]),
                None,
                Mark::Ok,
                "published by PROXY_ALLOW_PAGES",
            ),
            (
                allow(&["HR"], &["12"]),
                None,
                Mark::Ok,
                "published by PROXY_ALLOW_PAGES",
            ),
            (
                allow(&[], &["7"]),
                None,
                Mark::Warn,
                "not published: add it to PROXY_ALLOW_PAGES",
            ),
            (
                allow(&["HR", "doc"], &["7"]),
                Some(&doc),
                Mark::Ok,
                "published by PROXY_ALLOW_SPACES (space \"DOC\")",
            ),
            (
                allow(&["HR"], &[]),
                Some(&doc),
                Mark::Warn,
                "its space \"DOC\" to PROXY_ALLOW_SPACES",
            ),
            (
                allow(&["HR"], &[]),
                Some(&failing),
                Mark::Warn,
                "cannot be told, because",
            ),
            (allow(&["HR"], &[]), None, Mark::Warn, "cannot be told"),
        ] {
            let files = Ok(vec![file("a", None, None)]);
            let found = page(id("12"), &files, allow.as_ref(), space);
            assert_eq!(found.mark, mark, "{allow:?}: {found:?}");
            assert!(found.text.contains(expected), "{expected}: {found:?}");
        }
    }

    #[test]
    fn a_page_that_is_not_there_has_its_remedy() {
        let refused = UpstreamError::Refused(crate::confluence::Refusal::Password);
        for (error, verdict, expected) in [
            (
                UpstreamError::NotFound,
                Verdict::Unreachable,
                "pageId= or /pages/",
            ),
            (
                UpstreamError::NotFound,
                Verdict::Unreachable,
                "not that of an attachment",
            ),
            (
                UpstreamError::Forbidden,
                Verdict::Unreachable,
                "page 12 (403)",
            ),
            (refused, Verdict::Refused, "refused the account"),
            (
                UpstreamError::Failing { status: 500 },
                Verdict::Unreachable,
                "status 500",
            ),
        ] {
            let found = page(id("12"), &Err(error), None, None);
            assert_eq!(found.mark, Mark::Fail(verdict), "{found:?}");
            assert!(found.text.contains(expected), "{expected}: {found:?}");
        }
    }
}

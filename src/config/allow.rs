//! What may be published: lists of spaces and pages. Whatever is odd about them is a problem and never a warning, since
//! the service would publish more than the operator wanted.

use super::desk::Desk;
use super::list::{items, parse_list};
use super::report::Problem;
use super::settings::Allow;
use crate::attachment::PageId;

/// Longest space key: the width of Confluence's database column.
const SPACE_BYTES_MAX: usize = 255;

/// Reads both lists. `None` if neither is set, or if something was wrong; the desk then holds the problem.
pub(super) fn read_allow(desk: &mut Desk<'_>) -> Option<Allow> {
    let spaces = read_list(desk, "PROXY_ALLOW_SPACES", parse_space);
    let pages = read_list(desk, "PROXY_ALLOW_PAGES", |item| PageId::parse(item).ok());
    if spaces.is_none() && pages.is_none() {
        return None;
    }
    Some(Allow {
        spaces: spaces.unwrap_or_default(),
        pages: pages.unwrap_or_default(),
    })
}

fn read_list<T>(desk: &mut Desk<'_>, name: &str, parse: fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let text = desk.raw_text(name)?;
    if items(&text).next().is_none() {
        let expected = "at least one item; remove it to publish all that the account can read";
        desk.problem(Problem::value(name, &text, expected));
        return None;
    }
    parse_list(desk, name, &text, parse)
}

/// A space key; `~` begins that of a personal space.
fn parse_space(item: &str) -> Option<String> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"~._-@".contains(&byte);
    let fits = (1..=SPACE_BYTES_MAX).contains(&item.len()) && item.bytes().all(good);
    fits.then(|| item.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::*;
    use crate::config::{Config, Environment};

    const SPACES: &str = "PROXY_ALLOW_SPACES";
    const PAGES: &str = "PROXY_ALLOW_PAGES";

    fn read(variables: &[(&str, &str)]) -> Result<Option<Allow>, String> {
        let base = [
            ("CONFLUENCE_URL", "https://wiki"),
            ("CONFLUENCE_PERSONAL_TOKEN", "token"),
        ];
        let variables = base.iter().chain(variables);
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let no_file = |_: &Path| Err(io::ErrorKind::NotFound.into());
        let (config, warnings) = Config::from_lookup(&Environment::new(variables, &no_file))
            .map_err(|errors| errors.to_string())?;
        assert!(warnings.is_empty(), "{warnings:?}");
        Ok(config.proxy.allow)
    }

    #[track_caller]
    fn check(variables: &[(&str, &str)], spaces: &[&str], pages: &[&str]) {
        let allow = read(variables).expect("good lists").expect("a list");
        assert_eq!(allow.spaces, spaces, "{variables:?}");
        let page = |text: &&str| PageId::parse(text).expect("a page id");
        let pages: Vec<PageId> = pages.iter().map(page).collect();
        assert_eq!(allow.pages, pages, "{variables:?}");
    }

    #[test]
    fn lists_are_read_and_what_is_not_set_is_empty() {
        let longest = "k".repeat(255);
        check(&[(SPACES, "DOC")], &["DOC"], &[]);
        check(&[(SPACES, &longest)], &[&longest], &[]);
        check(
            &[(SPACES, " DOC, ~a.b@c-d_e\tdoc,,7 ")],
            &["DOC", "~a.b@c-d_e", "doc", "7"],
            &[],
        );
        check(
            &[(PAGES, "12 9223372036854775807,007")],
            &[],
            &["12", "9223372036854775807", "7"],
        );
        check(&[(SPACES, "DOC"), (PAGES, "12")], &["DOC"], &["12"]);
        assert_eq!(read(&[]), Ok(None));
    }

    #[test]
    fn odd_lists_are_problems() {
        let long = "k".repeat(256);
        for (name, text, expected) in [
            (SPACES, "", "=\"\": expected at least one item"),
            (SPACES, ",", "=\",\": expected at least one item"),
            (SPACES, " ", "=\" \": expected at least one item"),
            (PAGES, ", ,", "=\", ,\": expected at least one item"),
            (SPACES, "DOC,A/B;C, *", "=\"A/B;C, *\": expected space keys"),
            (SPACES, "DÖC", "=\"DÖC\": expected space keys"),
            (SPACES, &long, "=\"kkk"),
            (
                PAGES,
                "12,x,-1,+2,12345678901234567890",
                "=\"x, -1, +2, 12345678901234567890\": expected page ids",
            ),
        ] {
            let problem = read(&[(name, text)]).expect_err(text);
            let start = format!("{name}{expected}");
            assert!(problem.starts_with(&start), "{start}: {problem}");
            assert_eq!(problem.lines().count(), 1, "{problem}");
        }
        let problems = read(&[(SPACES, ","), (PAGES, "x")]).expect_err("two problems");
        assert_eq!(problems.lines().count(), 2, "{problems}");
    }
}

//! What a `Location` says, without what must not be shown.

use std::fmt;

use ureq::http::{HeaderMap, header};

/// Most characters of a redirect's target that are shown.
const SHOWN_CHARACTERS_MAX: usize = 200;

/// The target of a redirect: scheme, host and path. User, query, fragment and path parameters such as
/// `;jsessionid=` are gone, because they can be secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Scheme and authority, when the target names them.
    origin: Option<(String, String)>,
    path: String,
}

impl Target {
    /// Reads a `Location`. Anything is accepted; what is no address becomes a path.
    pub(super) fn parse(location: &str) -> Target {
        let location = location.trim();
        let end = location.find(['?', '#']).unwrap_or(location.len());
        let bare = &location[..end];
        let (scheme, rest) = match bare.split_once("://") {
            Some((scheme, rest)) if !scheme.contains('/') => (scheme, Some(rest)),
            _ => ("", bare.strip_prefix("//")),
        };
        let (origin, path) = match rest {
            Some(rest) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                let authority = authority.rsplit('@').next().unwrap_or_default();
                let origin = (scheme.to_ascii_lowercase(), authority.to_ascii_lowercase());
                (Some(origin), path)
            }
            None => (None, bare),
        };
        let mut visible = String::new();
        for (index, segment) in path.split('/').enumerate() {
            if 0 < index {
                visible.push('/');
            }
            visible.push_str(segment.split(';').next().unwrap_or_default());
        }
        Target {
            origin,
            path: visible,
        }
    }

    /// The host, without port, when it is another one than `host`.
    pub(super) fn foreign_host(&self, host: &str) -> Option<&str> {
        let (_, authority) = self.origin.as_ref()?;
        let bare = match authority.rsplit_once(':') {
            Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => bare,
            _ => authority,
        };
        (!bare.eq_ignore_ascii_case(host)).then_some(bare)
    }

    /// What stands before `local` in an absolute target that ends in it: the base address that leads there.
    pub(super) fn base_of(&self, local: &str) -> Option<String> {
        let (scheme, authority) = self.origin.as_ref()?;
        let context = self.path.strip_suffix(local)?;
        (!scheme.is_empty()).then(|| format!("{scheme}://{authority}{context}"))
    }

    /// The path, as it was sent.
    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = String::new();
        if let Some((scheme, authority)) = &self.origin {
            if !scheme.is_empty() {
                shown.push_str(scheme);
                shown.push(':');
            }
            shown.push_str("//");
            shown.push_str(authority);
        }
        shown.push_str(&self.path);
        for c in shown.chars().take(SHOWN_CHARACTERS_MAX) {
            if c.is_control() {
                write!(f, "{}", c.escape_default())?;
            } else {
                write!(f, "{c}")?;
            }
        }
        Ok(())
    }
}

/// An address that Confluence has signed: whoever has it can read the file, so it is never printed.
pub(super) struct Location(String);

impl Location {
    /// Takes the value of a `Location` field in.
    pub(super) fn of(headers: &HeaderMap) -> Location {
        let value = headers.get_all(header::LOCATION).iter().next_back();
        let text = value.and_then(|value| value.to_str().ok());
        Location(text.unwrap_or_default().trim().to_owned())
    }

    /// The address itself, for the one place that asks it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Location(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_shows_scheme_host_and_path_and_knows_a_foreign_host() {
        for (location, shown, foreign) in [
            ("/login.action?os_destination=%2F", "/login.action", None),
            ("/login.action;jsessionid=SECRET?x=1", "/login.action", None),
            ("login.action#top", "login.action", None),
            (
                "https://WIKI:8443/a?token=SECRET",
                "https://wiki:8443/a",
                None,
            ),
            ("http://wiki", "http://wiki", None),
            (
                "https://me:SECRET@sso.example/auth?SECRET",
                "https://sso.example/auth",
                Some("sso.example"),
            ),
            (
                "//sso.example:8/a",
                "//sso.example:8/a",
                Some("sso.example"),
            ),
            ("/a?next=https://sso.example/", "/a", None),
            ("/a/https://sso.example/", "/a/https://sso.example/", None),
            ("https://[::1]:80/a", "https://[::1]:80/a", Some("[::1]")),
            ("/a\u{1b}[0m", "/a\\u{1b}[0m", None),
            ("", "", None),
        ] {
            let target = Target::parse(location);
            assert_eq!(target.to_string(), shown, "location: {location}");
            assert_eq!(target.foreign_host("wiki"), foreign, "location: {location}");
        }
        let long = Target::parse(&format!("/{}", "x".repeat(1000)));
        assert_eq!(long.to_string().len(), SHOWN_CHARACTERS_MAX);
    }
}

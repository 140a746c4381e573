//! Names of variables: those that are not understood yet, and those that were probably meant otherwise.

use super::table::SETTINGS;

/// Letters that may differ for a name to count as a slip of the fingers.
const SLIPS_MAX: usize = 3;

/// Only such names are ours to judge; anything else belongs to other programs.
const PREFIXES: [&str; 3] = ["CONFLUENCE_", "PROXY_", "CACHE_"];

/// Names of this shape that systemd sets by itself.
const FOREIGN: [&str; 1] = ["CACHE_DIRECTORY"];

/// How the names of encryption begin. To ignore a slip of the fingers in one would serve in the clear, so whatever begins
/// like this, or is near to one of them, prevents the start.
const PROTECTION: &str = "PROXY_TLS_";

/// Proposed where no name of encryption is near.
const PROTECTIONS: &str = "PROXY_TLS_CERT_FILE or PROXY_TLS_KEY_FILE";

/// How the names of restrictions begin. To ignore a slip of the fingers in one would publish everything, so whatever
/// begins like this, or is near to one of them, prevents the start.
const RESTRICTION: &str = "PROXY_ALLOW_";

/// Proposed where no restriction is near.
const RESTRICTIONS: &str = "PROXY_ALLOW_SPACES or PROXY_ALLOW_PAGES";

/// Names that mean something in a later version and can be ignored without harm: the service does less, not more.
const LATER: [&str; 1] = ["ADMIN_TOKEN_FILE"];

/// Whether a variable restricts what is published: then an empty one is a mistake, not an absence.
pub(super) fn is_restriction(name: &str) -> bool {
    name.starts_with(RESTRICTION)
}

/// What a name is to this version.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// In the table, or none of our business.
    Fine,
    /// Meant to encrypt and must not be ignored: what was probably meant.
    Protection(&'static str),
    /// Meant as a restriction and must not be ignored: what was probably meant.
    Restriction(&'static str),
    /// Ignored, to be said.
    Later,
    /// Ignored, to be said with the name that was probably meant.
    Unknown(Option<&'static str>),
}

/// Judges the name of a variable that is set.
pub(super) fn judge(name: &str) -> Name {
    let upper = name.to_ascii_uppercase();
    if SETTINGS.iter().any(|setting| setting.name == name) || FOREIGN.contains(&name) {
        return Name::Fine;
    }
    if LATER.contains(&name) {
        return Name::Later;
    }
    if !PREFIXES.iter().any(|prefix| upper.starts_with(prefix)) {
        return Name::Fine;
    }
    match nearest(&upper) {
        Some(known) if known.starts_with(RESTRICTION) => Name::Restriction(known),
        Some(known) if known.starts_with(PROTECTION) => Name::Protection(known),
        None if upper.starts_with(RESTRICTION) => Name::Restriction(RESTRICTIONS),
        None if upper.starts_with(PROTECTION) => Name::Protection(PROTECTIONS),
        known => Name::Unknown(known),
    }
}

/// The known name that differs least: by a few letters, or by a missing end such as `_SECONDS`.
fn nearest(name: &str) -> Option<&'static str> {
    let distance = |known: &str| {
        let unfinished = known
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('_'));
        if unfinished {
            return Some(0);
        }
        Some(edit_distance(name, known)).filter(|&letters| letters <= SLIPS_MAX)
    };
    SETTINGS
        .iter()
        .filter_map(|setting| Some((distance(setting.name)?, setting.name)))
        .min_by_key(|&(letters, _)| letters)
        .map(|(_, known)| known)
}

/// How many letters must be inserted, removed or replaced to turn one text into the other.
fn edit_distance(left: &str, right: &str) -> usize {
    let right = right.as_bytes();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, a) in left.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, &b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edit_distances() {
        for (left, right, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
            ("ab", "ba", 2),
        ] {
            assert_eq!(edit_distance(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn names_are_judged() {
        for (name, expected) in [
            ("CONFLUENCE_URL", Name::Fine),
            ("RUST_LOG", Name::Fine),
            ("PATH", Name::Fine),
            ("CONFLUENCE", Name::Fine),
            ("CACHE_DIRECTORY", Name::Fine),
            ("ADMIN_TOKEN_FILE", Name::Later),
            ("PROXY_PUBLIC_URI", Name::Unknown(Some("PROXY_PUBLIC_URL"))),
            (
                "CONFLUENCE_HTTP_PROXY",
                Name::Unknown(Some("CONFLUENCE_HTTPS_PROXY")),
            ),
            ("CONFLUENCE_ULR", Name::Unknown(Some("CONFLUENCE_URL"))),
            ("confluence_url", Name::Unknown(Some("CONFLUENCE_URL"))),
            ("CACHE_TTL", Name::Unknown(Some("CACHE_TTL_SECONDS"))),
            ("CACHE_TTL_SECOND", Name::Unknown(Some("CACHE_TTL_SECONDS"))),
            ("CACHE_MAXITEMS", Name::Unknown(Some("CACHE_MAX_ITEMS"))),
            ("PROXY_SERVICE_HOST", Name::Unknown(None)),
            ("CACHE_", Name::Unknown(None)),
        ] {
            assert_eq!(judge(name), expected, "{name}");
        }
    }

    #[test]
    fn restrictions_and_encryption_are_never_ignored() {
        for (name, meant) in [
            ("PROXY_TLS_CERT", "PROXY_TLS_CERT_FILE"),
            ("proxy_tls_key_file", "PROXY_TLS_KEY_FILE"),
            ("PROXY_TLS_KEYFILE", "PROXY_TLS_KEY_FILE"),
            ("PROXY_TLS_VERSIONS", PROTECTIONS),
        ] {
            assert_eq!(judge(name), Name::Protection(meant), "{name}");
        }
        for (name, meant) in [
            ("PROXY_ALLOW_SPACE", "PROXY_ALLOW_SPACES"),
            ("proxy_allow_pages", "PROXY_ALLOW_PAGES"),
            ("PROXY_ALLOW", "PROXY_ALLOW_SPACES"),
            ("PROXY_ALLOWED_SPACES", "PROXY_ALLOW_SPACES"),
            ("PROXY_ALOW_PAGE", "PROXY_ALLOW_PAGES"),
            ("PROXY_ALLOW_HOSTS", RESTRICTIONS),
            ("PROXY_ALLOW_", RESTRICTIONS),
        ] {
            assert_eq!(judge(name), Name::Restriction(meant), "{name}");
        }
        for (name, proposed) in [
            ("PROXY_ALLOW_SPACES", RESTRICTIONS),
            ("PROXY_ALLOW_PAGES", RESTRICTIONS),
            ("PROXY_TLS_CERT_FILE", PROTECTIONS),
            ("PROXY_TLS_KEY_FILE", PROTECTIONS),
        ] {
            assert_eq!(judge(name), Name::Fine, "{name}");
            assert!(proposed.contains(name), "{name}");
        }
    }
}

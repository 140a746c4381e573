//! The one list of settings: what the parser reads, what `--help` prints and what the README is compared with.

use std::fmt;

use super::defaults::*;
use super::size::{format_size, parse_size};

/// One year, the longest time that makes sense for a copy.
const YEAR_SECONDS: u64 = 365 * 24 * 3600;

/// One variable that the service reads.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The variable.
    pub name: &'static str,
    /// What holds when it is not set or empty.
    pub fallback: Fallback,
    /// Which values it takes.
    pub values: Values,
    /// One English sentence.
    pub meaning: &'static str,
}

/// What holds when a variable is not set. `Display` is what the tables show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// Nothing does: the service does not start.
    Required,
    /// The service does without.
    Unset,
    /// This text, read by the same parser as the operator's.
    Value(&'static str),
}

impl fmt::Display for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fallback::Required => "required",
            Fallback::Unset => "-",
            Fallback::Value(text) => text,
        })
    }
}

/// Which values a variable takes. `Display` is what follows "expected" in a problem and what the tables show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Text of this kind.
    Text(&'static str),
    /// A whole number with its unit.
    Number {
        /// What is counted.
        unit: &'static str,
        /// Smallest value.
        min: u64,
        /// Largest value.
        max: u64,
    },
    /// A number of bytes, plain or with a unit.
    Size {
        /// Smallest value.
        min: u64,
        /// Largest value.
        max: u64,
    },
}

impl Values {
    /// Reads a number or size within its range; `None` for everything else and for [`Values::Text`].
    pub(super) fn number(&self, text: &str) -> Option<u64> {
        let (value, min, max) = match *self {
            Values::Text(_) => return None,
            Values::Number { min, max, .. } => (digits(text)?, min, max),
            Values::Size { min, max } => (parse_size(text)?, min, max),
        };
        (min <= value && value <= max).then_some(value)
    }
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Values::Text(kind) => f.write_str(kind),
            Values::Number { unit, min, max } => {
                write!(f, "a whole number of {unit} from {min} to {max}")
            }
            Values::Size { min, max } => {
                let (min, max) = (format_size(min), format_size(max));
                write!(f, "a size such as 512MiB or 1GB, from {min} to {max}")
            }
        }
    }
}

/// Every variable of this version, in the order in which an operator meets them.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "CONFLUENCE_URL",
        fallback: Fallback::Required,
        values: Values::Text("an address such as https://wiki.example.com/confluence"),
        meaning: "Base address of Confluence, with its context path if it has one.",
    },
    Setting {
        name: "CONFLUENCE_KIND",
        fallback: Fallback::Value(DEFAULT_CONFLUENCE_KIND),
        values: Values::Text("server, cloud or auto"),
        meaning: "Whether it is Server or Data Center (server) or Atlassian Cloud (cloud); auto takes hosts below atlassian.net and api.atlassian.com for Cloud.",
    },
    Setting {
        name: "CONFLUENCE_USERNAME",
        fallback: Fallback::Required,
        values: Values::Text("an account name without a colon"),
        meaning: "Account that fetches the attachments, on Atlassian Cloud its e-mail address; not needed with CONFLUENCE_PERSONAL_TOKEN.",
    },
    Setting {
        name: "CONFLUENCE_API_TOKEN",
        fallback: Fallback::Required,
        values: Values::Text("a password or API token on one line"),
        meaning: "Password or API token of the account, not needed with CONFLUENCE_PERSONAL_TOKEN; a file or a systemd credential named confluence-api-token is safer.",
    },
    Setting {
        name: "CONFLUENCE_API_TOKEN_FILE",
        fallback: Fallback::Unset,
        values: Values::Text("the path of a file that holds a password or API token"),
        meaning: "File that holds the password or API token; it wins over the systemd credential and the variable.",
    },
    Setting {
        name: "CONFLUENCE_PERSONAL_TOKEN",
        fallback: Fallback::Unset,
        values: Values::Text("a personal access token on one line"),
        meaning: "Personal access token of Data Center, in place of account name and API token; a file or a systemd credential named confluence-personal-token is safer.",
    },
    Setting {
        name: "CONFLUENCE_PERSONAL_TOKEN_FILE",
        fallback: Fallback::Unset,
        values: Values::Text("the path of a file that holds a personal access token"),
        meaning: "File that holds the personal access token; it wins over the systemd credential and the variable.",
    },
    Setting {
        name: "CONFLUENCE_CA_FILE",
        fallback: Fallback::Unset,
        values: Values::Text("the path of a PEM file"),
        meaning: "File with the certificates of a private authority, which are trusted beside those of the system.",
    },
    Setting {
        name: "CONFLUENCE_HTTPS_PROXY",
        fallback: Fallback::Unset,
        values: Values::Text(
            "an address such as http://proxy.example.com:3128, with user:password@ in front of the host if the proxy wants it",
        ),
        meaning: "HTTP proxy through which Confluence is reached.",
    },
    Setting {
        name: "CONFLUENCE_NO_PROXY",
        fallback: Fallback::Unset,
        values: Values::Text(
            "host names, suffixes such as .example.com, IP addresses or *, separated by commas",
        ),
        meaning: "Hosts that are reached without CONFLUENCE_HTTPS_PROXY.",
    },
    Setting {
        name: "CONFLUENCE_CONNECT_TIMEOUT_SECONDS",
        fallback: Fallback::Value(DEFAULT_CONFLUENCE_CONNECT_TIMEOUT_SECONDS),
        values: seconds(1, 3600),
        meaning: "How long one attempt to connect to Confluence may take.",
    },
    Setting {
        name: "CONFLUENCE_READ_TIMEOUT_SECONDS",
        fallback: Fallback::Value(DEFAULT_CONFLUENCE_READ_TIMEOUT_SECONDS),
        values: seconds(1, 3600),
        meaning: "How long Confluence may stay silent, before its answer and between two pieces of it.",
    },
    Setting {
        name: "CONFLUENCE_MAX_CONNECTIONS",
        fallback: Fallback::Value(DEFAULT_CONFLUENCE_MAX_CONNECTIONS),
        values: number("connections", 1, 256),
        meaning: "Connections to Confluence at once; lower it for a weak Confluence.",
    },
    Setting {
        name: "PROXY_HOST",
        fallback: Fallback::Value(DEFAULT_PROXY_HOST),
        values: Values::Text(
            "an IP address of this machine, 0.0.0.0 for all of IPv4 or :: for IPv6 as well",
        ),
        meaning: "Address on which the service listens.",
    },
    Setting {
        name: "PROXY_PORT",
        fallback: Fallback::Value(DEFAULT_PROXY_PORT),
        values: Values::Text("a port number from 1 to 65535, or 0 for any free port"),
        meaning: "Port on which the service listens; with 0 the log says which one it got.",
    },
    Setting {
        name: "PROXY_TLS_CERT_FILE",
        fallback: Fallback::Unset,
        values: Values::Text("the path of a PEM file"),
        meaning: "File with the certificate that clients are shown, its authority's certificates behind it; with it the port speaks HTTPS and nothing else.",
    },
    Setting {
        name: "PROXY_TLS_KEY_FILE",
        fallback: Fallback::Unset,
        values: Values::Text("the path of a PEM file"),
        meaning: "File with the private key of PROXY_TLS_CERT_FILE, without a passphrase.",
    },
    Setting {
        name: "PROXY_BASE_PATH",
        fallback: Fallback::Value(DEFAULT_PROXY_BASE_PATH),
        values: Values::Text("a path such as /proxy, or / for the root"),
        meaning: "Path below which the attachments are.",
    },
    Setting {
        name: "PROXY_ALLOW_SPACES",
        fallback: Fallback::Unset,
        values: Values::Text("space keys such as DOC or ~reader, separated by commas or blanks"),
        meaning: "Spaces whose files are published; once this or PROXY_ALLOW_PAGES is set, nothing else is.",
    },
    Setting {
        name: "PROXY_ALLOW_PAGES",
        fallback: Fallback::Unset,
        values: Values::Text("page ids of 1 to 19 digits, separated by commas or blanks"),
        meaning: "Pages whose files are published; once this or PROXY_ALLOW_SPACES is set, nothing else is.",
    },
    Setting {
        name: "PROXY_MAX_CONNECTIONS",
        fallback: Fallback::Value(DEFAULT_PROXY_MAX_CONNECTIONS),
        values: number("connections", 16, 1_000_000),
        meaning: "Client connections at once; more are answered with 503.",
    },
    Setting {
        name: "PROXY_SHUTDOWN_DELAY_SECONDS",
        fallback: Fallback::Value(DEFAULT_PROXY_SHUTDOWN_DELAY_SECONDS),
        values: seconds(0, 300),
        meaning: "How long all goes on after the signal to stop, while /readyz answers 503, so that fronts send requests elsewhere before PROXY_DRAIN_SECONDS begin.",
    },
    Setting {
        name: "PROXY_DRAIN_SECONDS",
        fallback: Fallback::Value(DEFAULT_PROXY_DRAIN_SECONDS),
        values: seconds(0, 300),
        meaning: "How long a stop waits for running answers; meanwhile no new clients are taken.",
    },
    Setting {
        name: "PROXY_NODE_NAME",
        fallback: Fallback::Unset,
        values: Values::Text("1 to 64 letters, digits, dots, hyphens or underscores"),
        meaning: "What this instance is called among several, in Cache-Status, in the log and on /status.",
    },
    Setting {
        name: "PROXY_PUBLIC_URL",
        fallback: Fallback::Unset,
        values: Values::Text("an address such as https://files.example.com"),
        meaning: "Address under which people reach the service, for the links that it makes; PROXY_BASE_PATH is added if it has no path.",
    },
    Setting {
        name: "PROXY_CONTACT",
        fallback: Fallback::Unset,
        values: Values::Text("one line of at most 200 characters, best a mail address or a link"),
        meaning: "Whom people ask, named on the pages that say what went wrong.",
    },
    Setting {
        name: "PROXY_ADMIN_ALLOW",
        fallback: Fallback::Unset,
        values: Values::Text(
            "addresses and networks such as 192.0.2.7 or 10.1.0.0/16, separated by commas or blanks",
        ),
        meaning: "Who may read /status, purge and warm the cache, beside this host itself.",
    },
    Setting {
        name: "PROXY_TRUSTED_PROXIES",
        fallback: Fallback::Unset,
        values: Values::Text(
            "addresses and networks such as 127.0.0.1 or 10.1.0.0/16, separated by commas or blanks",
        ),
        meaning: "Reverse proxies in front, which say in X-Forwarded-For and X-Forwarded-Proto for whom they ask; from others nothing of it is believed.",
    },
    Setting {
        name: "PROXY_PROTOCOL",
        fallback: Fallback::Value(DEFAULT_PROXY_PROTOCOL),
        values: Values::Text("on or off"),
        meaning: "Whether connections from PROXY_TRUSTED_PROXIES begin with a header of the PROXY protocol, version 1 or 2.",
    },
    Setting {
        name: "PROXY_ACCESS_LOG",
        fallback: Fallback::Unset,
        values: Values::Text("the absolute path of a file, or - for standard output"),
        meaning: "Where each request is noted for other programs, beside the log on standard error; a file is opened again on SIGUSR1.",
    },
    Setting {
        name: "PROXY_ACCESS_LOG_FORMAT",
        fallback: Fallback::Value(DEFAULT_PROXY_ACCESS_LOG_FORMAT),
        values: Values::Text("combined or json"),
        meaning: "Whether PROXY_ACCESS_LOG is in the Combined Log Format or has a JSON object per line.",
    },
    Setting {
        name: "CACHE_MAX_ITEMS",
        fallback: Fallback::Value(DEFAULT_CACHE_MAX_ITEMS),
        values: number("files", 1, 10_000_000),
        meaning: "Files in the cache at most.",
    },
    Setting {
        name: "CACHE_TTL_SECONDS",
        fallback: Fallback::Value(DEFAULT_CACHE_TTL_SECONDS),
        values: seconds(1, YEAR_SECONDS),
        meaning: "How long a copy is served without asking Confluence again.",
    },
    Setting {
        name: "CACHE_MAX_BYTES",
        fallback: Fallback::Value(DEFAULT_CACHE_MAX_BYTES),
        values: size(1 << 20, 1 << 40),
        meaning: "Memory for attachments at most.",
    },
    Setting {
        name: "CACHE_MAX_ITEM_BYTES",
        fallback: Fallback::Value(DEFAULT_CACHE_MAX_ITEM_BYTES),
        values: size(1 << 10, 1 << 40),
        meaning: "Largest file that is kept, at most a quarter of CACHE_MAX_BYTES; bigger ones are passed on and not kept.",
    },
    Setting {
        name: "CACHE_STALE_SECONDS",
        fallback: Fallback::Value(DEFAULT_CACHE_STALE_SECONDS),
        values: seconds(0, YEAR_SECONDS),
        meaning: "How long an expired copy may still be served while Confluence fails.",
    },
    Setting {
        name: "CACHE_NEGATIVE_TTL_SECONDS",
        fallback: Fallback::Value(DEFAULT_CACHE_NEGATIVE_TTL_SECONDS),
        values: seconds(0, 3600),
        meaning: "How long a missing file is remembered as missing.",
    },
    Setting {
        name: "RUST_LOG",
        fallback: Fallback::Value(DEFAULT_RUST_LOG),
        values: Values::Text(
            "off, error, warn, info or debug, also by module such as info,ureq=debug",
        ),
        meaning: "How much is logged.",
    },
];

/// The row of one variable.
///
/// # Panics
///
/// If there is none; every caller names a row of the table.
pub(super) fn setting(name: &str) -> &'static Setting {
    SETTINGS
        .iter()
        .find(|setting| setting.name == name)
        .expect("the parser asks only for names of the table")
}

const fn number(unit: &'static str, min: u64, max: u64) -> Values {
    Values::Number { unit, min, max }
}

const fn seconds(min: u64, max: u64) -> Values {
    number("seconds", min, max)
}

const fn size(min: u64, max: u64) -> Values {
    Values::Size { min, max }
}

/// A number of ASCII digits only: no sign, no separator.
fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_meanings_are_sentences() {
        for (place, setting) in SETTINGS.iter().enumerate() {
            let twice = SETTINGS[..place].iter().any(|s| s.name == setting.name);
            assert!(!twice, "{}", setting.name);
            let first = setting.meaning.chars().next();
            assert!(
                first.is_some_and(char::is_uppercase) && setting.meaning.ends_with('.'),
                "{}",
                setting.name
            );
        }
    }

    #[test]
    fn numbers_are_read_within_their_range() {
        let values = number("files", 2, 20);
        for (text, expected) in [
            ("2", Some(2)),
            ("20", Some(20)),
            ("007", Some(7)),
            ("1", None),
            ("21", None),
            ("", None),
            ("+5", None),
            ("-5", None),
            ("5s", None),
            ("1_0", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(values.number(text), expected, "number: {text:?}");
        }
        assert_eq!(size(10, 2048).number("2KiB"), Some(2048));
        assert_eq!(size(10, 2048).number("2049"), None);
        assert_eq!(Values::Text("a word").number("5"), None);
    }

    #[test]
    fn ranges_are_said_in_words() {
        let text = seconds(1, 3600).to_string();
        assert_eq!(text, "a whole number of seconds from 1 to 3600");
        let text = size(1 << 20, 1 << 40).to_string();
        assert_eq!(text, "a size such as 512MiB or 1GB, from 1MiB to 1TiB");
    }
}

//! Where the service itself is: its base path and its listen address.

use std::net::{IpAddr, Ipv4Addr};

/// Addresses at the root that a base path must leave alone.
const RESERVED: [&str; 5] = ["healthz", "readyz", "metrics", "status", "favicon.ico"];

/// Longest base path: it is part of every target, and those are bounded.
const BASE_PATH_BYTES_MAX: usize = 256;

/// Reads a base path: empty for the root, else with a leading and without a trailing slash. The error is what would
/// be right.
pub(super) fn parse_base_path(text: &str) -> Result<String, &'static str> {
    let path = text.trim_matches('/');
    if path.is_empty() {
        return Ok(String::new());
    }
    if BASE_PATH_BYTES_MAX < path.len() {
        return Err("a path of at most 256 bytes");
    }
    if !path.split('/').all(is_plain_segment) {
        return Err(
            "a path such as /proxy of letters, digits and - . _ ~ without empty, . or .. segments",
        );
    }
    let first = path.split('/').next().unwrap_or_default();
    if RESERVED.contains(&first) {
        return Err(
            "a path other than /healthz, /readyz, /metrics and /status, which are for monitoring",
        );
    }
    Ok(format!("/{path}"))
}

/// Reads a listen address; `localhost` and brackets around IPv6 are understood.
pub(super) fn parse_listen_host(text: &str) -> Option<IpAddr> {
    if text.eq_ignore_ascii_case("localhost") {
        return Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let inside = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match inside {
        Some(inside) => inside.parse().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

/// Whether a path segment needs no percent-encoding and moves nowhere.
pub(super) fn is_plain_segment(segment: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    !segment.is_empty() && segment != "." && segment != ".." && segment.bytes().all(good)
}

/// Whether there is something that no address contains in writing.
pub(super) fn has_odd_character(text: &str) -> bool {
    text.bytes()
        .any(|byte| !byte.is_ascii_graphic() || byte == b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_paths_are_written_in_one_form() {
        for (text, expected) in [
            ("/proxy", "/proxy"),
            ("proxy", "/proxy"),
            ("/proxy/", "/proxy"),
            ("/a/b.c/", "/a/b.c"),
            ("/", ""),
            ("//", ""),
            ("/healthz2", "/healthz2"),
            ("/a/status", "/a/status"),
            ("/...", "/..."),
        ] {
            assert_eq!(parse_base_path(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn odd_base_paths_are_refused() {
        for text in [
            "/a b",
            "/a//b",
            "/..",
            "/a/../b",
            "/.",
            "/a%20b",
            "/a?b",
            "/a#b",
            "/a;b",
            "/ä",
            "/a\\b",
            "/healthz",
            "readyz",
            "/metrics/",
            "/status/x",
        ] {
            assert!(parse_base_path(text).is_err(), "{text}");
        }
        assert!(parse_base_path(&"a".repeat(256)).is_ok());
        assert!(parse_base_path(&"a".repeat(257)).is_err());
    }

    #[test]
    fn listen_addresses_are_read() {
        for (text, expected) in [
            ("0.0.0.0", Some("0.0.0.0")),
            ("10.1.2.3", Some("10.1.2.3")),
            ("::", Some("::")),
            ("[::1]", Some("::1")),
            ("localhost", Some("127.0.0.1")),
            ("LocalHost", Some("127.0.0.1")),
            ("[127.0.0.1]", None),
            ("*", None),
            ("wiki.example.com", None),
            ("0.0.0.0:8080", None),
            ("fe80::1%eth0", None),
        ] {
            let expected = expected.map(|text| text.parse().expect("an address"));
            assert_eq!(parse_listen_host(text), expected, "{text}");
        }
    }
}

//! The host that a request is for, as `Host` or an absolute target names it (pure; RFC 3986 section 3.2).

use std::net::Ipv6Addr;

/// Whether this is `host[:port]`, or nothing at all, which RFC 9110 section 7.2 allows.
///
/// Stricter than the grammar in one point: a comma is refused, for it is what two `Host` fields look like when somebody
/// on the way has joined them. User names are none of our business and are refused as well (RFC 9110 section 4.2.4).
pub(super) fn is_valid(authority: &[u8]) -> bool {
    let (host_is_valid, rest) = match authority.strip_prefix(b"[") {
        Some(inside) => {
            let Some(end) = inside.iter().position(|byte| *byte == b']') else {
                return false;
            };
            (is_address(&inside[..end]), &inside[end + 1..])
        }
        None => {
            let colon = authority.iter().position(|byte| *byte == b':');
            let (host, rest) = authority.split_at(colon.unwrap_or(authority.len()));
            (is_name(host), rest)
        }
    };
    let port_is_valid = match rest {
        [] => true,
        [b':', digits @ ..] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    host_is_valid && port_is_valid
}

fn is_address(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

fn is_name(host: &[u8]) -> bool {
    let is_escape = |at: usize| {
        let digits = host.get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    host.iter().enumerate().all(|(at, byte)| match byte {
        b'%' => is_escape(at),
        byte => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+;=".contains(byte),
    })
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn hosts_with_and_without_a_port_are_valid_and_nothing_else_is() {
        for valid in [
            "",
            "a",
            "a:8080",
            "a:",
            "wiki_1.corp",
            "10.0.0.1:80",
            "[::1]",
            "[::1]:8090",
            "%C3%A9",
            ":80",
        ] {
            assert!(is_valid(valid.as_bytes()), "{valid:?}");
        }
        for invalid in [
            "a b", "a, b", "a,b", "a/b", "a?b", "a#b", "a\\b", "user@a", "a:b", "a:80:81", "[::1",
            "::1", "[a]", "[::1]a", "<a>", "\"a\"", "\u{e9}", "%zz", "%4", "a\0",
        ] {
            assert!(!is_valid(invalid.as_bytes()), "{invalid:?}");
        }
    }
}

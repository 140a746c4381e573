//! The base address of Confluence: read once, written in one form.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::path::{has_odd_character, is_plain_segment};
use super::settings::Kind;

/// Longest host name that DNS can carry.
const HOST_BYTES_MAX: usize = 253;
/// Longest part between two dots.
const LABEL_BYTES_MAX: usize = 63;
/// Where Atlassian Cloud keeps Confluence when the operator gave the site only.
const CLOUD_PATH: &str = "/wiki";
/// Atlassian's gateway, behind which scoped tokens work. It serves many sites, so the path says which one.
const GATEWAY: &str = "api.atlassian.com";
/// First segments of addresses that people copy from a browser; a base address does not contain them.
const PAGE_SEGMENTS: [&str; 7] = [
    "pages",
    "display",
    "spaces",
    "download",
    "rest",
    "login.action",
    "dashboard.action",
];

/// A base address that can be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// `scheme://host[:port][/path]`: scheme and host in lower case, no default port, no trailing slash.
    pub url: String,
    /// What the operator said it is, else what the host says.
    pub kind: Kind,
    /// What is worth a warning, each a sentence without the name of the variable.
    pub doubts: Vec<String>,
}

/// Why an address cannot be used: what would be right.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The value may be shown beside it.
    Shown(String),
    /// The value may hold a password and must not be shown.
    Hidden(&'static str),
}

/// What stands before `://`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

/// Reads a base address. `kind` is what the operator said; without it the host decides.
pub(super) fn parse_address(text: &str, kind: Option<Kind>) -> Result<Address, Refusal> {
    // First of all, and wherever it stands: in front of an @ may be a password.
    if text.contains('@') {
        return Err(Refusal::Hidden(
            "expected an address without user name and password: set CONFLUENCE_USERNAME and CONFLUENCE_API_TOKEN_FILE instead",
        ));
    }
    if text.contains(['?', '#']) {
        return Err(Refusal::Hidden(
            "expected the base address only: remove everything from the first ? or # on",
        ));
    }
    if has_odd_character(text) {
        return refuse(
            "an address in plain ASCII without spaces, backslashes and control characters: write the host in its xn-- form",
        );
    }
    let (scheme, rest) = split_scheme(text)?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = split_port(authority)?;
    let host = parse_host(host)?;
    let path = parse_context_path(path)?;

    let atlassian = host == GATEWAY || host == "atlassian.net" || host.ends_with(".atlassian.net");
    if atlassian && scheme == Scheme::Http {
        return refuse("https:// in front: Atlassian Cloud takes no account over http://");
    }
    let kind = kind.unwrap_or(if atlassian { Kind::Cloud } else { Kind::Server });
    let path = if host == GATEWAY {
        gateway_path(&path)?
    } else if path.is_empty() && (atlassian || kind == Kind::Cloud) {
        CLOUD_PATH.to_owned()
    } else {
        path
    };
    let (name, default_port) = match scheme {
        Scheme::Http => ("http", 80),
        Scheme::Https => ("https", 443),
    };
    let port = match port {
        Some(port) if port != default_port => format!(":{port}"),
        Some(_) | None => String::new(),
    };
    let doubts = doubts(scheme, &host, &path);
    let url = format!("{name}://{host}{port}{path}");
    Ok(Address { url, kind, doubts })
}

fn refuse<T>(expected: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Shown(expected.into()))
}

/// Takes the scheme off.
pub(super) fn split_scheme(text: &str) -> Result<(Scheme, &str), Refusal> {
    let expected = "an address that begins with https:// or http://";
    let Some((scheme, rest)) = text.split_once("://") else {
        return refuse(expected);
    };
    if scheme.eq_ignore_ascii_case("https") {
        return Ok((Scheme::Https, rest));
    }
    if scheme.eq_ignore_ascii_case("http") {
        return Ok((Scheme::Http, rest));
    }
    refuse(expected)
}

/// Takes the port off; the brackets of an IPv6 address stay on the host.
pub(super) fn split_port(authority: &str) -> Result<(&str, Option<u16>), Refusal> {
    let host_end = authority.find(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = authority[host_end..].find(':') else {
        return Ok((authority, None));
    };
    let (host, port) = authority.split_at(host_end + colon);
    let digits = &port[1..];
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse::<u16>() {
        Ok(port) if plain && 0 < port => Ok((host, Some(port))),
        Ok(_) | Err(_) => refuse(
            "a port number from 1 to 65535 behind the host (an IPv6 address goes into brackets)",
        ),
    }
}

/// Checks a host and writes it in lower case.
pub(super) fn parse_host(host: &str) -> Result<String, Refusal> {
    if let Some(inside) = host.strip_prefix('[') {
        let address = inside
            .strip_suffix(']')
            .and_then(|text| text.parse::<Ipv6Addr>().ok());
        return match address {
            Some(address) => Ok(format!("[{address}]")),
            None => refuse(
                "an IPv6 address in brackets such as [2001:db8::1], without a zone, as the host",
            ),
        };
    }
    let host = host.to_ascii_lowercase();
    let last = host.rsplit('.').next().unwrap_or_default();
    let numeric = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
    if numeric && host.parse::<Ipv4Addr>().is_err() {
        return refuse("a host name or an IPv4 address such as 192.0.2.7 as the host");
    }
    let named = host.len() <= HOST_BYTES_MAX && host.split('.').all(is_label);
    if !named {
        return refuse(
            "a host name of letters, digits, hyphens and dots behind https:// or http://",
        );
    }
    Ok(host)
}

/// Underscores occur in the names of intranets, whatever the standard says.
fn is_label(label: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !label.is_empty() && label.len() <= LABEL_BYTES_MAX && label.bytes().all(good)
}

/// Checks a context path; empty for the root, else with a leading and without a trailing slash.
fn parse_context_path(path: &str) -> Result<String, Refusal> {
    let path = path.trim_end_matches('/');
    if path.split('/').skip(1).all(is_plain_segment) {
        return Ok(path.to_owned());
    }
    refuse("a context path of letters, digits and - . _ ~ without empty, . or .. segments")
}

/// Completes the path of a site behind the gateway.
fn gateway_path(path: &str) -> Result<String, Refusal> {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments[..] {
        ["ex", "confluence", _] => Ok(format!("{path}{CLOUD_PATH}")),
        ["ex", "confluence", _, "wiki", ..] => Ok(path.to_owned()),
        _ => refuse(
            "https://api.atlassian.com/ex/confluence/{cloudId}: the cloudId of a site is at https://SITE.atlassian.net/_edge/tenant_info",
        ),
    }
}

fn doubts(scheme: Scheme, host: &str, path: &str) -> Vec<String> {
    let mut doubts = Vec::new();
    if scheme == Scheme::Http && !is_loopback(host) {
        doubts.push(format!(
            "the account goes to {host} unencrypted: use https:// if Confluence has it"
        ));
    }
    if let Some(segment) = path
        .split('/')
        .find(|segment| PAGE_SEGMENTS.contains(segment))
    {
        doubts.push(format!(
            "the path contains /{segment}, as the address of a page does: the base address ends before it"
        ));
    }
    doubts
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, url: &str) {
        let address = parse_address(text, None);
        assert_eq!(
            address.map(|address| address.url).as_deref(),
            Ok(url),
            "address: {text}"
        );
    }

    #[test]
    fn addresses_are_written_in_one_form() {
        for (text, url) in [
            ("https://wiki", "https://wiki"),
            ("https://wiki/", "https://wiki"),
            (
                "HTTPS://Wiki.Example.COM/Confluence//",
                "https://wiki.example.com/Confluence",
            ),
            (
                "https://wiki:8443/a/b-c_d~e.f",
                "https://wiki:8443/a/b-c_d~e.f",
            ),
            ("https://wiki:443/x", "https://wiki/x"),
            ("http://wiki:80", "http://wiki"),
            ("http://wiki:443", "http://wiki:443"),
            ("http://10.0.0.7:8090", "http://10.0.0.7:8090"),
            ("http://[::1]:8090/wiki", "http://[::1]:8090/wiki"),
            ("http://[2001:DB8:0::1]", "http://[2001:db8::1]"),
            ("https://my_wiki.intra", "https://my_wiki.intra"),
            (
                "https://acme.atlassian.net",
                "https://acme.atlassian.net/wiki",
            ),
            (
                "https://acme.atlassian.net:443/",
                "https://acme.atlassian.net/wiki",
            ),
            (
                "https://acme.atlassian.net/wiki",
                "https://acme.atlassian.net/wiki",
            ),
            ("https://notatlassian.net", "https://notatlassian.net"),
            (
                "https://api.atlassian.com/ex/confluence/1-2",
                "https://api.atlassian.com/ex/confluence/1-2/wiki",
            ),
            (
                "https://API.atlassian.com:443/ex/confluence/1-2/wiki/",
                "https://api.atlassian.com/ex/confluence/1-2/wiki",
            ),
            (
                "https://eu.api.atlassian.com",
                "https://eu.api.atlassian.com",
            ),
        ] {
            check(text, url);
        }
    }

    #[test]
    fn what_is_no_base_address_is_refused_with_the_remedy() {
        for (text, remedy) in [
            ("wiki.example.com", "begins with https://"),
            ("ftp://wiki", "begins with https://"),
            ("//wiki", "begins with https://"),
            ("https:/wiki", "begins with https://"),
            ("https://", "host name"),
            ("https:///x", "host name"),
            ("https://a..b", "host name"),
            ("https://a%20b", "host name"),
            ("https://wiki:", "port number"),
            ("https://wiki:0", "port number"),
            ("https://wiki:65536", "port number"),
            ("https://wiki:+80", "port number"),
            ("https://::1/x", "brackets"),
            ("https://[::1", "brackets"),
            ("https://[::1]x", "brackets"),
            ("https://[fe80::1%25eth0]", "brackets"),
            ("https://300.0.0.1", "IPv4"),
            ("https://wiki/a//b", "context path"),
            ("https://wiki/a/../b", "context path"),
            ("https://wiki/%2e%2e", "context path"),
            ("https://wiki/a;b", "context path"),
            ("https://wiki/a b", "plain ASCII"),
            ("https://wiki\\a", "plain ASCII"),
            ("https://bücher.example", "xn--"),
            ("https://wi\u{7}ki", "control"),
            ("http://acme.atlassian.net", "https:// in front"),
            (
                "http://api.atlassian.com/ex/confluence/1-2",
                "https:// in front",
            ),
            ("https://api.atlassian.com", "_edge/tenant_info"),
            ("https://api.atlassian.com/wiki", "_edge/tenant_info"),
            (
                "https://api.atlassian.com/ex/confluence",
                "_edge/tenant_info",
            ),
            (
                "https://api.atlassian.com/ex/confluence/",
                "_edge/tenant_info",
            ),
            ("https://api.atlassian.com/ex/jira/1-2", "_edge/tenant_info"),
            (
                "https://api.atlassian.com/ex/confluence/1-2/rest",
                "_edge/tenant_info",
            ),
        ] {
            let refusal = parse_address(text, None);
            let Err(Refusal::Shown(expected)) = &refusal else {
                panic!("{text}: {refusal:?}");
            };
            assert!(expected.contains(remedy), "{text}: {expected}");
        }
    }

    #[test]
    fn the_host_says_what_it_is_unless_the_operator_does() {
        let (server, cloud) = (Kind::Server, Kind::Cloud);
        for (text, given, kind, url) in [
            ("https://wiki", None, server, "https://wiki"),
            ("https://wiki", Some(server), server, "https://wiki"),
            ("https://wiki", Some(cloud), cloud, "https://wiki/wiki"),
            ("https://wiki/x", Some(cloud), cloud, "https://wiki/x"),
            (
                "https://atlassian.net.example",
                None,
                server,
                "https://atlassian.net.example",
            ),
            (
                "https://A.Atlassian.net",
                None,
                cloud,
                "https://a.atlassian.net/wiki",
            ),
            (
                "https://a.atlassian.net",
                Some(server),
                server,
                "https://a.atlassian.net/wiki",
            ),
            (
                "https://api.atlassian.com/ex/confluence/1",
                None,
                cloud,
                "https://api.atlassian.com/ex/confluence/1/wiki",
            ),
        ] {
            let address = parse_address(text, given).expect("a good address");
            assert_eq!((address.kind, address.url.as_str()), (kind, url), "{text}");
        }
    }

    #[test]
    fn what_may_hold_a_password_is_never_shown() {
        for (text, remedy) in [
            ("https://user:pass@wiki", "CONFLUENCE_USERNAME"),
            ("https://user@wiki/x?y", "CONFLUENCE_USERNAME"),
            ("https://u:p/w@wiki", "CONFLUENCE_USERNAME"),
            ("user:pass@wiki", "CONFLUENCE_USERNAME"),
            ("https://wiki/login.action?os_password=x", "base address"),
            ("https://wiki/#x", "base address"),
        ] {
            let refusal = parse_address(text, None);
            let Err(Refusal::Hidden(expected)) = &refusal else {
                panic!("{text}: {refusal:?}");
            };
            assert!(expected.contains(remedy), "{text}: {expected}");
        }
    }

    #[test]
    fn doubts_are_said() {
        for (text, doubt) in [
            ("https://wiki", None),
            ("http://localhost:8090", None),
            ("http://a.localhost", None),
            ("http://127.9.9.9", None),
            ("http://[::1]", None),
            ("http://wiki", Some("the account goes to wiki unencrypted")),
            (
                "http://[::2]",
                Some("the account goes to [::2] unencrypted"),
            ),
            ("https://wiki/wiki/spaces/X", Some("contains /spaces,")),
            (
                "https://wiki/pages/viewpage.action",
                Some("contains /pages,"),
            ),
        ] {
            let doubts = parse_address(text, None).expect("a good address").doubts;
            let found = doubts.first().map(String::as_str);
            let met = match doubt {
                None => found.is_none(),
                Some(part) => found.is_some_and(|text| text.contains(part)),
            };
            assert!(met, "{text}: {doubts:?}");
        }
    }
}

//! The way to Confluence: a private authority that vouches for it, and a proxy in between.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::address::{Refusal, parse_host, split_port};
use super::desk::Desk;
use super::list::parse_list;
use super::report::{Problem, shown};
use super::settings::{CaFile, OutboundProxy, Secret};

/// What every certificate in a PEM file begins with.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

/// Reads the file of the private authority. `None` if there is none, or if something was wrong; the desk then holds the
/// problem.
pub(super) fn read_ca(desk: &mut Desk<'_>) -> Option<CaFile> {
    let name = "CONFLUENCE_CA_FILE";
    let path = desk.text(name)?;
    let pem = match desk.read_file(Path::new(&path)) {
        Ok(file) => file.text,
        // A certificate in its binary form is no text.
        Err(error) if error.kind() == io::ErrorKind::InvalidData => String::new(),
        Err(error) => {
            let path = shown(&path);
            let text = format!(
                "{path} cannot be read ({error}): expected a PEM file that this service may read"
            );
            desk.problem(Problem::hidden(name, text));
            return None;
        }
    };
    if !pem.contains(CERTIFICATE) {
        let expected = format!(
            "a text file with {CERTIFICATE} in it: convert a binary one with openssl x509 -inform der"
        );
        desk.problem(Problem::value(name, &path, expected));
        return None;
    }
    let path = PathBuf::from(path);
    Some(CaFile { path, pem })
}

/// Reads the proxy and what is reached without it. `None` if there is none, or if something was wrong; the desk then
/// holds the problem.
pub(super) fn read_outbound_proxy(desk: &mut Desk<'_>) -> Option<OutboundProxy> {
    let (name, bypass_name) = ("CONFLUENCE_HTTPS_PROXY", "CONFLUENCE_NO_PROXY");
    let text = desk.text(name);
    let bypass = desk.text(bypass_name);
    if bypass.is_some() && text.is_none() && !desk.has_problem(name) {
        desk.warn(format!("{bypass_name}: not used without {name}; remove it"));
    }
    let bypass = bypass.unwrap_or_default();
    let bypass = parse_list(desk, bypass_name, &bypass, parse_bypass);
    let address = match parse_proxy(&text?) {
        Ok(address) => address,
        Err(expected) => {
            // Whatever the value is, a part of it may be a password.
            desk.problem(Problem::hidden(name, format!("expected {expected}")));
            return None;
        }
    };
    Some(OutboundProxy {
        url: Secret::new(address.url),
        shown: address.shown,
        bypass: bypass?.join(","),
    })
}

/// The address of a proxy. It has no `Debug`, since there may be a password in it.
struct ProxyAddress {
    url: String,
    /// The same without user name and password.
    shown: String,
}

/// Reads `http://[user:password@]host:port`. The error is what would be right, and shows nothing of the value.
fn parse_proxy(text: &str) -> Result<ProxyAddress, String> {
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("socks") {
        return Err("the address of an HTTP proxy such as http://proxy.example.com:3128, since SOCKS is not supported: name a proxy that knows CONNECT".into());
    }
    let scheme = ["http", "https"].into_iter().find(|scheme| {
        let rest = lower.strip_prefix(scheme);
        rest.is_some_and(|rest| rest.starts_with("://"))
    });
    let Some(scheme) = scheme else {
        return Err("an address that begins with http:// or https://, such as http://proxy.example.com:3128".into());
    };
    let rest = &text[scheme.len() + "://".len()..];
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at(end);
    let (user, place) = match authority.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, authority),
    };
    if behind.contains('@') || user.is_some_and(|user| !is_userinfo(user)) {
        return Err("a user name and password in which everything but letters, digits and - . _ ~ is percent-encoded, such as %40 for @".into());
    }
    if !["", "/"].contains(&behind) {
        return Err("scheme, host and port only: remove everything behind the port".into());
    }
    let (host, port) = split_port(place).map_err(said)?;
    let host = parse_host(host).map_err(said)?;
    let Some(port) = port else {
        return Err("a port behind the host, such as :3128".into());
    };
    let shown = format!("{scheme}://{host}:{port}");
    let url = match user {
        Some(user) => format!("{scheme}://{user}@{host}:{port}"),
        None => shown.clone(),
    };
    Ok(ProxyAddress { url, shown })
}

fn said(refusal: Refusal) -> String {
    match refusal {
        Refusal::Shown(expected) => expected,
        Refusal::Hidden(expected) => expected.to_owned(),
    }
}

/// Whether this may stand in front of the @ of an address.
fn is_userinfo(text: &str) -> bool {
    let mut parts = text.split('%');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(&byte);
    let first = parts.next().unwrap_or_default();
    let escaped = |part: &str| {
        let (code, rest) = part.as_bytes().split_at_checked(2)?;
        let good = code.iter().all(u8::is_ascii_hexdigit) && rest.iter().copied().all(plain);
        good.then_some(())
    };
    let named = !text.is_empty() && !text.starts_with(':');
    named && first.bytes().all(plain) && parts.all(|part| escaped(part).is_some())
}

/// One host, suffix or address that is reached without the proxy, in lower case; `*` is all of them.
fn parse_bypass(item: &str) -> Option<String> {
    if item == "*" {
        return Some(item.to_owned());
    }
    let inside = item
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Ok(address) = inside.unwrap_or(item).parse::<IpAddr>() {
        return Some(address.to_string());
    }
    let (dot, name) = match item.strip_prefix('.') {
        Some(name) => (".", name),
        None => ("", item),
    };
    Some(format!("{dot}{}", parse_host(name).ok()?))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use crate::config::{Config, ConfluenceConfig, Environment, FileText};

    const PROXY: &str = "CONFLUENCE_HTTPS_PROXY";
    const BYPASS: &str = "CONFLUENCE_NO_PROXY";
    const CA: &str = "CONFLUENCE_CA_FILE";
    const PEM: &str = "# ours\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

    /// The part about Confluence and the warnings, or the problems. Nothing that is printed holds `hush`.
    fn read(variables: &[(&str, &str)]) -> Result<(ConfluenceConfig, String), String> {
        let base = [
            ("CONFLUENCE_URL", "https://wiki"),
            ("CONFLUENCE_USERNAME", "reader"),
            ("CONFLUENCE_API_TOKEN_FILE", "/run/token"),
        ];
        let variables = base.iter().chain(variables);
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let read_file = |path: &Path| {
            let text = match path.to_str() {
                Some("/run/token") => "token",
                Some("/etc/ca.pem") => PEM,
                Some("/etc/key.pem") => "-----BEGIN PRIVATE KEY-----\nhush",
                Some("/etc/ca.der") => return Err(io::ErrorKind::InvalidData.into()),
                Some("/etc/forbidden") => return Err(io::ErrorKind::PermissionDenied.into()),
                _ => return Err(io::ErrorKind::NotFound.into()),
            };
            Ok(FileText {
                text: text.to_owned(),
                world_readable: text == PEM,
            })
        };
        let result = Config::from_lookup(&Environment::new(variables, &read_file));
        assert!(!format!("{result:?}").contains("hush"), "{result:?}");
        match result {
            Ok((config, warnings)) => {
                let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
                Ok((config.confluence, warnings.join("; ")))
            }
            Err(errors) => {
                assert_eq!(errors.problems.len(), 1, "{errors}");
                Err(errors.to_string())
            }
        }
    }

    #[test]
    fn a_private_authority_is_read_and_watched() {
        let (confluence, warnings) = read(&[(CA, "/etc/ca.pem")]).expect("good");
        let ca = confluence.ca.expect("an authority");
        assert_eq!(
            (ca.path.to_str(), ca.pem.as_str()),
            (Some("/etc/ca.pem"), PEM)
        );
        assert!(warnings.is_empty(), "no secret: {warnings}");
        let files = ["/run/token", "/etc/ca.pem"].map(Path::new);
        assert_eq!(confluence.files, files);
        let shown = format!("{ca:?}");
        assert!(
            shown.contains("/etc/ca.pem") && !shown.contains("MIIB"),
            "{shown}"
        );
        let (confluence, _) = read(&[]).expect("good");
        assert!(confluence.ca.is_none() && confluence.files.len() == 1);
    }

    #[test]
    fn a_file_without_a_certificate_is_a_problem() {
        for (path, expected) in [
            (
                "/nowhere",
                ": \"/nowhere\" cannot be read (entity not found)",
            ),
            (
                "/etc/forbidden",
                ": \"/etc/forbidden\" cannot be read (permission denied): expected a PEM file",
            ),
            (
                "/etc/key.pem",
                "=\"/etc/key.pem\": expected a text file with -----BEGIN CERTIFICATE-----",
            ),
            ("/etc/ca.der", "=\"/etc/ca.der\": expected a text file"),
        ] {
            let problem = read(&[(CA, path)]).expect_err(path);
            let start = format!("{CA}{expected}");
            assert!(problem.starts_with(&start), "{start}: {problem}");
        }
    }

    #[test]
    fn a_proxy_is_written_in_one_form_and_shown_without_its_password() {
        for (text, url, shown) in [
            (
                "http://proxy:3128",
                "http://proxy:3128",
                "http://proxy:3128",
            ),
            (
                " HTTP://Proxy.Example.COM:80/ ",
                "http://proxy.example.com:80",
                "http://proxy.example.com:80",
            ),
            (
                "https://10.0.0.7:443",
                "https://10.0.0.7:443",
                "https://10.0.0.7:443",
            ),
            (
                "http://[::1]:8080",
                "http://[::1]:8080",
                "http://[::1]:8080",
            ),
            (
                "http://me:hush@proxy:3128",
                "http://me:hush@proxy:3128",
                "http://proxy:3128",
            ),
            (
                "http://DOM%5Cme:hush%40!$:x@proxy:3128",
                "http://DOM%5Cme:hush%40!$:x@proxy:3128",
                "http://proxy:3128",
            ),
            (
                "http://hush@proxy:3128",
                "http://hush@proxy:3128",
                "http://proxy:3128",
            ),
        ] {
            let (confluence, warnings) = read(&[(PROXY, text)]).expect("a good proxy");
            let proxy = confluence.proxy.expect("a proxy");
            assert_eq!((proxy.url.expose(), proxy.shown.as_str()), (url, shown));
            assert!(proxy.bypass.is_empty() && warnings.is_empty(), "{warnings}");
        }
        assert!(read(&[]).expect("good").0.proxy.is_none());
    }

    #[test]
    fn what_is_no_proxy_is_refused_with_the_remedy_and_never_shown() {
        for (text, expected) in [
            ("hush:3128", "begins with http:// or https://"),
            ("me:hush@proxy:3128", "begins with http:// or https://"),
            ("ftp://me:hush@proxy:21", "begins with http:// or https://"),
            ("socks5h://me:hush@proxy:1080", "SOCKS is not supported"),
            ("SOCKS://hush:1080", "SOCKS is not supported"),
            ("http://me:hush@proxy", "a port behind the host"),
            ("http://me:hush", "port number"),
            ("http://hush:0", "port number"),
            ("http://me:hush@:3128", "host name"),
            ("http://me:hush@pro xy:3128", "host name"),
            ("http://me:hush@prüxy:3128", "host name"),
            ("http://proxy:3128/hush", "scheme, host and port only"),
            ("http://proxy:3128?hush", "scheme, host and port only"),
            ("http://proxy:3128#hush", "scheme, host and port only"),
            ("http://me:hu/hush@proxy:3128", "percent-encoded"),
            ("http://me:hu#hush@proxy:3128", "percent-encoded"),
            ("http://me:h@hush@proxy:3128", "percent-encoded"),
            ("http://me:hush%@proxy:3128", "percent-encoded"),
            ("http://me:hush%4@proxy:3128", "percent-encoded"),
            ("http://me:hush%zz@proxy:3128", "percent-encoded"),
            ("http://me:hüsh hush@proxy:3128", "percent-encoded"),
            ("http://:hush@proxy:3128", "percent-encoded"),
            ("http://@proxy:3128", "percent-encoded"),
        ] {
            let problem = read(&[(PROXY, text)]).expect_err(text);
            let start = format!("{PROXY}: expected ");
            assert!(problem.starts_with(&start), "{problem}");
            assert!(problem.contains(expected), "{expected}: {problem}");
            assert!(!problem.contains("prüxy"), "{problem}");
        }
    }

    #[test]
    fn what_is_reached_without_the_proxy_is_a_list() {
        let proxy = (PROXY, "http://me:hush@proxy:3128");
        for (text, expected) in [
            ("wiki", "wiki"),
            (
                " Wiki.Example.com, .Intra  10.0.0.7,[2001:DB8::1] ",
                "wiki.example.com,.intra,10.0.0.7,2001:db8::1",
            ),
            ("*", "*"),
            (",", ""),
        ] {
            let (confluence, warnings) = read(&[proxy, (BYPASS, text)]).expect("good");
            assert_eq!(confluence.proxy.expect("a proxy").bypass, expected);
            assert!(warnings.is_empty(), "{warnings}");
        }
        let problem = read(&[
            proxy,
            (
                BYPASS,
                "*.example.com, wiki, 10.0.0.0/8, wiki:443, http://x, .",
            ),
        ]);
        let problem = problem.expect_err("a problem");
        let start = format!(
            "{BYPASS}=\"*.example.com, 10.0.0.0/8, wiki:443, http://x, .\": expected host names"
        );
        assert!(problem.starts_with(&start), "{start}: {problem}");
        let (confluence, warnings) = read(&[(BYPASS, "wiki")]).expect("good");
        assert!(confluence.proxy.is_none());
        assert!(
            warnings.starts_with("CONFLUENCE_NO_PROXY: not used without"),
            "{warnings}"
        );
    }
}

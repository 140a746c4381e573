//! What concerns the people who meet the service: its address for them, whom they ask, and what is noted of them.

use std::path::PathBuf;

use super::address::{Refusal, Scheme, parse_host, split_port, split_scheme};
use super::desk::Desk;
use super::path::parse_base_path;
use super::report::Problem;
use super::settings::{AccessLog, AccessLogFormat, AccessLogTarget};
use super::table::setting;

/// Longest contact: a name, a mail address and a telephone number.
const CONTACT_CHARACTERS_MAX: usize = 200;

/// Reads `PROXY_PUBLIC_URL`: the address under which people see the base path. One without a path gets `base_path` behind it;
/// one with a path is what a front in between makes of it.
pub(super) fn read_public_url(desk: &mut Desk<'_>, base_path: Option<&str>) -> Option<String> {
    let name = "PROXY_PUBLIC_URL";
    let text = desk.text(name)?;
    match parse_public_url(&text, base_path.unwrap_or_default()) {
        Ok(url) => Some(url),
        Err(Refusal::Shown(expected)) => {
            desk.problem(Problem::value(name, &text, expected));
            None
        }
        Err(Refusal::Hidden(expected)) => {
            desk.problem(Problem::hidden(name, expected));
            None
        }
    }
}

fn parse_public_url(text: &str, base_path: &str) -> Result<String, Refusal> {
    if text.contains('@') {
        return Err(Refusal::Hidden(
            "expected an address without user name and password: it is shown to everybody",
        ));
    }
    let (scheme, rest) = split_scheme(text)?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = split_port(authority)?;
    let host = parse_host(host)?;
    let path = match parse_base_path(path) {
        Ok(path) if path.is_empty() => base_path.to_owned(),
        Ok(path) => path,
        Err(expected) => return Err(Refusal::Shown(expected.to_owned())),
    };
    let (scheme, default_port) = match scheme {
        Scheme::Http => ("http", 80),
        Scheme::Https => ("https", 443),
    };
    let port = match port {
        Some(port) if port != default_port => format!(":{port}"),
        Some(_) | None => String::new(),
    };
    Ok(format!("{scheme}://{host}{port}{path}"))
}

/// Reads `PROXY_CONTACT`: one line for people.
pub(super) fn read_contact(desk: &mut Desk<'_>) -> Option<String> {
    let name = "PROXY_CONTACT";
    let text = desk.text(name)?;
    if text.chars().any(char::is_control) || CONTACT_CHARACTERS_MAX < text.chars().count() {
        desk.problem(Problem::value(name, &text, setting(name).values));
        return None;
    }
    Some(text)
}

/// Reads where the access log goes and what it looks like. `None` if none is wanted, or the desk holds a problem.
pub(super) fn read_access_log(desk: &mut Desk<'_>) -> Option<AccessLog> {
    let name = "PROXY_ACCESS_LOG_FORMAT";
    let text = desk.text(name);
    let format = match text.as_deref() {
        Some("combined") => Some(AccessLogFormat::Combined),
        Some("json") => Some(AccessLogFormat::Json),
        Some(other) => {
            desk.problem(Problem::value(name, other, setting(name).values));
            None
        }
        None => None,
    };
    let name = "PROXY_ACCESS_LOG";
    let text = desk.text(name)?;
    let to = match text.as_str() {
        "-" => AccessLogTarget::Stdout,
        path if path.starts_with('/') && !path.ends_with('/') => {
            AccessLogTarget::File(PathBuf::from(path))
        }
        other => {
            desk.problem(Problem::value(name, other, setting(name).values));
            return None;
        }
    };
    format.map(|format| AccessLog { to, format })
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::*;
    use crate::config::{Config, Environment, ProxyConfig};

    fn read(variables: &[(&str, &str)]) -> Result<ProxyConfig, String> {
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
        Ok(config.proxy)
    }

    #[test]
    fn the_public_address_ends_with_the_base_path_unless_it_has_a_path_of_its_own() {
        for (url, base, expected) in [
            (
                "https://files.example.com",
                "/proxy",
                "https://files.example.com/proxy",
            ),
            (
                "HTTPS://Files.Example.com:443/",
                "/proxy",
                "https://files.example.com/proxy",
            ),
            (
                "http://files:8080/open/files/",
                "/proxy",
                "http://files:8080/open/files",
            ),
            ("http://[2001:DB8::1]:80", "/", "http://[2001:db8::1]"),
        ] {
            let config = read(&[("PROXY_PUBLIC_URL", url), ("PROXY_BASE_PATH", base)]);
            let found = config.expect(url).public_url;
            assert_eq!(found.as_deref(), Some(expected), "{url}");
        }
        assert_eq!(read(&[]).expect("good").public_url, None);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (name, value, expected) in [
            (
                "PROXY_PUBLIC_URL",
                "files.example.com",
                "https:// or http://",
            ),
            (
                "PROXY_PUBLIC_URL",
                "https://files/?a",
                "letters, digits and",
            ),
            ("PROXY_PUBLIC_URL", "https://files/a b", "a path such as"),
            ("PROXY_PUBLIC_URL", "https://files/metrics", "other than"),
            (
                "PROXY_CONTACT",
                "a\u{7}b",
                "expected one line of at most 200",
            ),
            ("PROXY_CONTACT", &"x".repeat(201), "at most 200"),
            (
                "PROXY_ACCESS_LOG",
                "access.log",
                "expected the absolute path",
            ),
            ("PROXY_ACCESS_LOG", "/var/log/", "expected the absolute"),
            ("PROXY_ACCESS_LOG_FORMAT", "common", "combined or json"),
            (
                "PROXY_ADMIN_ALLOW",
                "10.0.0.0/8 10.1.2.3/8",
                "\"10.1.2.3/8\"",
            ),
        ] {
            let problem = read(&[(name, value)]).expect_err(value);
            assert!(
                problem.starts_with(name) && problem.contains(expected),
                "{expected}: {problem}"
            );
            assert_eq!(problem.lines().count(), 1, "{problem}");
        }
        let hidden = read(&[("PROXY_PUBLIC_URL", "https://u:hush@files")]).expect_err("hidden");
        assert!(!hidden.contains("hush"), "{hidden}");
    }

    #[test]
    fn the_access_log_has_a_place_and_a_form() {
        let log = |variables: &[(&str, &str)]| read(variables).expect("good").access_log;
        assert_eq!(log(&[]), None);
        assert_eq!(log(&[("PROXY_ACCESS_LOG_FORMAT", "json")]), None);
        for (to, format, expected) in [
            (
                "-",
                "combined",
                (AccessLogTarget::Stdout, AccessLogFormat::Combined),
            ),
            (
                "/var/log/x.log",
                "json",
                (
                    AccessLogTarget::File("/var/log/x.log".into()),
                    AccessLogFormat::Json,
                ),
            ),
        ] {
            let found = log(&[
                ("PROXY_ACCESS_LOG", to),
                ("PROXY_ACCESS_LOG_FORMAT", format),
            ]);
            let (to, format) = expected;
            assert_eq!(found, Some(AccessLog { to, format }));
        }
    }
}

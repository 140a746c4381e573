//! From variables to [`Config`], in one pass that collects whatever is wrong.

use std::net::SocketAddr;

use super::address::{Address, Refusal, parse_address};
use super::allow::read_allow;
use super::credentials::read_account;
use super::desk::{Desk, Environment};
use super::fronts::read_fronts;
use super::names::{self, Name};
use super::networks::read_networks;
use super::node::parse_node_name;
use super::outbound::{read_ca, read_outbound_proxy};
use super::path::{parse_base_path, parse_listen_host};
use super::people::{read_access_log, read_contact, read_public_url};
use super::report::{ConfigErrors, Problem, Warning};
use super::settings::{
    Addresses, CacheConfig, Config, ConfluenceConfig, Kind, ProxyConfig, TlsFiles,
};
use super::size::format_size;
use super::table::setting;
use super::tls::read_tls;

/// One file takes at most this part of the memory: with less than four places eviction is a gamble.
const ITEM_SHARE: u64 = 4;

impl Config {
    /// Reads everything the service is told.
    ///
    /// ```
    /// use confluence_attachment_proxy::config::{Config, Environment};
    ///
    /// let variables = [
    ///     ("CONFLUENCE_URL", "https://wiki.example.com"),
    ///     ("CONFLUENCE_USERNAME", "reader"),
    ///     ("CONFLUENCE_API_TOKEN", "secret"),
    /// ];
    /// let variables = variables.map(|(name, value)| (name.into(), value.into()));
    /// let no_file = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
    /// let (config, warnings) = Config::from_lookup(&Environment::new(variables, &no_file))?;
    /// assert_eq!(config.proxy.port, 8080);
    /// assert!(warnings.is_empty());
    /// # Ok::<(), confluence_attachment_proxy::config::ConfigErrors>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Every problem at once, with the warnings that came up beside them. The caller shows them all and does not start.
    pub fn from_lookup(
        environment: &Environment<'_>,
    ) -> Result<(Config, Vec<Warning>), ConfigErrors> {
        let mut desk = Desk::new(environment);
        let confluence = read_confluence(&mut desk);
        let proxy = read_proxy(&mut desk);
        let cache = read_cache(&mut desk);
        judge_names(&mut desk);
        let warnings = desk.close()?;
        let config = Config {
            confluence: confluence.expect("a part that is missing has left a problem"),
            proxy: proxy.expect("a part that is missing has left a problem"),
            cache: cache.expect("a part that is missing has left a problem"),
        };
        Ok((config, warnings))
    }

    /// Reads only what concerns the other side, when its files may have changed.
    ///
    /// # Errors
    ///
    /// What is wrong with it. The caller says so, and goes on with what it has.
    pub fn confluence_from_lookup(
        environment: &Environment<'_>,
    ) -> Result<(ConfluenceConfig, Vec<Warning>), ConfigErrors> {
        let mut desk = Desk::new(environment);
        let confluence = read_confluence(&mut desk);
        let warnings = desk.close()?;
        Ok((
            confluence.expect("a part that is missing has left a problem"),
            warnings,
        ))
    }

    /// Reads only what concerns the cache, which needs no account.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn cache_from_lookup(environment: &Environment<'_>) -> Result<CacheConfig, ConfigErrors> {
        let mut desk = Desk::new(environment);
        let cache = read_cache(&mut desk);
        desk.close()?;
        Ok(cache.expect("a part that is missing has left a problem"))
    }

    /// Reads only where Confluence and this service are, which needs no account.
    ///
    /// # Errors
    ///
    /// What is wrong with it, which may be that nobody has said under which address people reach the service.
    pub fn addresses_from_lookup(environment: &Environment<'_>) -> Result<Addresses, ConfigErrors> {
        let mut desk = Desk::new(environment);
        let kind = parsed(&mut desk, "CONFLUENCE_KIND", parse_kind);
        let confluence = read_address(&mut desk, kind.flatten());
        let proxy = read_proxy_address(&mut desk);
        desk.close()?;
        Ok(Addresses {
            confluence: confluence
                .expect("a part that is missing has left a problem")
                .url,
            proxy: proxy.expect("a part that is missing has left a problem"),
        })
    }

    /// Reads only what clients are shown over HTTPS, when its files may have changed.
    ///
    /// # Errors
    ///
    /// What is wrong with it. The caller says so, and goes on with what it has.
    pub fn tls_from_lookup(
        environment: &Environment<'_>,
    ) -> Result<(Option<TlsFiles>, Vec<Warning>), ConfigErrors> {
        let mut desk = Desk::new(environment);
        let files = read_tls(&mut desk);
        desk.close().map(|warnings| (files, warnings))
    }
}

// The parts read all their settings before the first `?`, so that no problem hides another.

fn read_confluence(desk: &mut Desk<'_>) -> Option<ConfluenceConfig> {
    let kind = parsed(desk, "CONFLUENCE_KIND", parse_kind);
    let address = read_address(desk, kind.flatten());
    let account = read_account(
        desk,
        address
            .as_ref()
            .map(|address| address.kind)
            .or(kind.flatten()),
    );
    let ca = read_ca(desk);
    let proxy = read_outbound_proxy(desk);
    let connect_timeout = desk.seconds("CONFLUENCE_CONNECT_TIMEOUT_SECONDS");
    let read_timeout = desk.seconds("CONFLUENCE_READ_TIMEOUT_SECONDS");
    let connections_max = desk.count("CONFLUENCE_MAX_CONNECTIONS");
    kind?;
    let (address, account) = (address?, account?);
    let mut files = Vec::from_iter(account.file);
    files.extend(ca.iter().map(|ca| ca.path.clone()));
    Some(ConfluenceConfig {
        url: address.url,
        kind: address.kind,
        credentials: account.credentials,
        ca,
        proxy,
        connect_timeout: connect_timeout?,
        read_timeout: read_timeout?,
        connections_max: connections_max?,
        files,
    })
}

/// What the operator says it is; nothing if the address shall decide.
fn parse_kind(text: &str) -> Option<Option<Kind>> {
    match text.to_ascii_lowercase().as_str() {
        "auto" => Some(None),
        "server" => Some(Some(Kind::Server)),
        "cloud" => Some(Some(Kind::Cloud)),
        _ => None,
    }
}

fn read_address(desk: &mut Desk<'_>, kind: Option<Kind>) -> Option<Address> {
    let name = "CONFLUENCE_URL";
    let text = desk.text(name)?;
    match parse_address(&text, kind) {
        Ok(address) => {
            for doubt in &address.doubts {
                desk.warn(format!("{name}: {doubt}"));
            }
            Some(address)
        }
        Err(Refusal::Shown(expected)) => {
            desk.problem(Problem::value(name, &text, expected));
            None
        }
        Err(Refusal::Hidden(text)) => {
            desk.problem(Problem::hidden(name, text));
            None
        }
    }
}

fn read_proxy(desk: &mut Desk<'_>) -> Option<ProxyConfig> {
    let node_name = parsed(desk, "PROXY_NODE_NAME", parse_node_name);
    let host = parsed(desk, "PROXY_HOST", parse_listen_host);
    let port = parsed(desk, "PROXY_PORT", parse_port);
    let tls = read_tls(desk);
    let base_path = read_base_path(desk);
    let allow = read_allow(desk);
    let connections_max = desk.count("PROXY_MAX_CONNECTIONS");
    let shutdown_delay = desk.seconds("PROXY_SHUTDOWN_DELAY_SECONDS");
    let drain = desk.seconds("PROXY_DRAIN_SECONDS");
    let public_url = read_public_url(desk, base_path.as_deref());
    let operators = read_networks(desk, "PROXY_ADMIN_ALLOW");
    let fronts = read_fronts(desk);
    let contact = read_contact(desk);
    let access_log = read_access_log(desk);
    let (trusted_proxies, proxy_protocol) = fronts?;
    Some(ProxyConfig {
        node_name,
        host: host?,
        port: port?,
        tls,
        base_path: base_path?,
        connections_max: connections_max?,
        shutdown_delay: shutdown_delay?,
        drain: drain?,
        allow,
        public_url,
        operators: operators?,
        trusted_proxies,
        proxy_protocol,
        contact,
        access_log,
    })
}

/// The address of the base path: what people were told, else where the service listens, if that is one host.
fn read_proxy_address(desk: &mut Desk<'_>) -> Option<String> {
    const NAME: &str = "PROXY_PUBLIC_URL";
    let base_path = read_base_path(desk);
    let public_url = read_public_url(desk, base_path.as_deref());
    if public_url.is_some() || desk.has_problem(NAME) {
        return public_url;
    }
    let host = parsed(desk, "PROXY_HOST", parse_listen_host);
    let port = parsed(desk, "PROXY_PORT", parse_port);
    let is_https = desk.text("PROXY_TLS_CERT_FILE").is_some();
    let (base_path, host, port) = (base_path?, host?, port?);
    if host.is_unspecified() || port == 0 {
        let text = "not set, expected the address under which people reach the service, such as http://files.example.com:8080: PROXY_HOST and PROXY_PORT do not say it";
        desk.problem(Problem::hidden(NAME, text));
        return None;
    }
    let scheme = if is_https { "https" } else { "http" };
    Some(format!(
        "{scheme}://{}{base_path}",
        SocketAddr::new(host, port)
    ))
}

/// A text that `parse` understands, else the table's words on what it should be.
pub(super) fn parsed<T>(
    desk: &mut Desk<'_>,
    name: &str,
    parse: fn(&str) -> Option<T>,
) -> Option<T> {
    let text = desk.text(name)?;
    let value = parse(&text);
    if value.is_none() {
        desk.problem(Problem::value(name, &text, setting(name).values));
    }
    value
}

pub(super) fn parse_port(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

pub(super) fn read_base_path(desk: &mut Desk<'_>) -> Option<String> {
    let name = "PROXY_BASE_PATH";
    let text = desk.text(name)?;
    match parse_base_path(&text) {
        Ok(path) => Some(path),
        Err(expected) => {
            desk.problem(Problem::value(name, &text, expected));
            None
        }
    }
}

fn read_cache(desk: &mut Desk<'_>) -> Option<CacheConfig> {
    let items_max = desk.count("CACHE_MAX_ITEMS");
    let ttl = desk.seconds("CACHE_TTL_SECONDS");
    let bytes_max = desk.number("CACHE_MAX_BYTES");
    let item_bytes_max = desk.number("CACHE_MAX_ITEM_BYTES");
    let stale = desk.seconds("CACHE_STALE_SECONDS");
    let negative_ttl = desk.seconds("CACHE_NEGATIVE_TTL_SECONDS");
    let bytes_max = bytes_max?;
    let item_bytes_max = bounded_item_bytes(desk, item_bytes_max?, bytes_max);
    Some(CacheConfig {
        items_max: items_max?,
        ttl: ttl?,
        bytes_max,
        item_bytes_max,
        stale: stale?,
        negative_ttl: negative_ttl?,
    })
}

/// The largest file that is kept: what was asked for, but at most its share of the memory.
fn bounded_item_bytes(desk: &mut Desk<'_>, wanted: u64, bytes_max: u64) -> u64 {
    let share = bytes_max / ITEM_SHARE;
    if wanted <= share {
        return wanted;
    }
    desk.warn(format!(
        "CACHE_MAX_ITEM_BYTES of {} is more than a quarter of CACHE_MAX_BYTES of {}: files above {} are not kept; raise CACHE_MAX_BYTES or lower CACHE_MAX_ITEM_BYTES",
        format_size(wanted),
        format_size(bytes_max),
        format_size(share)
    ));
    share
}

fn judge_names(desk: &mut Desk<'_>) {
    let environment = desk.environment();
    for name in environment.names() {
        match names::judge(name) {
            Name::Fine => {}
            Name::Protection(known) => desk.problem(Problem::hidden(
                name,
                format!("not a setting, and ignoring it would serve in the clear what you want encrypted; did you mean {known}"),
            )),
            Name::Restriction(known) => desk.problem(Problem::hidden(
                name,
                format!("not a setting, and ignoring it would publish more than you want; did you mean {known}"),
            )),
            Name::Later => desk.warn(format!(
                "{name}: not supported in this version and ignored; remove it"
            )),
            Name::Unknown(Some(known)) => desk.warn(format!(
                "{name}: not a setting and ignored; did you mean {known}"
            )),
            Name::Unknown(None) => desk.warn(format!(
                "{name}: not a setting and ignored; --help lists all of them"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::io;
    use std::os::unix::ffi::OsStringExt;
    use std::path::Path;

    use super::*;
    use crate::config::table::{Fallback, SETTINGS, Values};

    const BASE: [(&str, &str); 3] = [
        ("CONFLUENCE_URL", "https://wiki"),
        ("CONFLUENCE_USERNAME", "reader"),
        ("CONFLUENCE_API_TOKEN", "hush"),
    ];

    /// Reads the base settings with others over them.
    fn read(changes: &[(&str, &str)]) -> Result<(Config, Vec<String>), Vec<String>> {
        let all = BASE.iter().chain(changes);
        read_raw(all.map(|(name, value)| (name.into(), value.into())))
    }

    fn read_raw(
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<(Config, Vec<String>), Vec<String>> {
        let no_file = |_: &Path| Err(io::ErrorKind::NotFound.into());
        match Config::from_lookup(&Environment::new(variables, &no_file)) {
            Ok((config, warnings)) => {
                Ok((config, warnings.iter().map(ToString::to_string).collect()))
            }
            Err(errors) => Err(errors.problems.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn links_need_two_addresses_and_no_account() {
        let url = ("CONFLUENCE_URL", "https://wiki.example.com/c/");
        let unknown = "PROXY_PUBLIC_URL: not set, expected the address under which people reach";
        for (changes, expected) in [
            (&[][..], Err(unknown)),
            (
                &[("PROXY_PUBLIC_URL", "https://Files/")],
                Ok("https://files/proxy"),
            ),
            (
                &[("PROXY_PUBLIC_URL", "files")],
                Err("PROXY_PUBLIC_URL=\"files\""),
            ),
            (
                &[("PROXY_PUBLIC_URL", "http://f"), ("PROXY_BASE_PATH", "/")],
                Ok("http://f"),
            ),
            (
                &[("PROXY_HOST", "10.0.0.7")],
                Ok("http://10.0.0.7:8080/proxy"),
            ),
            (
                &[("PROXY_HOST", "::1"), ("PROXY_BASE_PATH", "/a")],
                Ok("http://[::1]:8080/a"),
            ),
            (
                &[("PROXY_HOST", "10.0.0.7"), ("PROXY_PORT", "0")],
                Err(unknown),
            ),
            (
                &[
                    ("PROXY_HOST", "10.0.0.7"),
                    ("PROXY_TLS_CERT_FILE", "/nowhere"),
                ],
                Ok("https://10.0.0.7:8080/proxy"),
            ),
            (&[("PROXY_HOST", "x")], Err("PROXY_HOST=\"x\"")),
            (
                &[("CONFLUENCE_URL", "wiki")],
                Err("CONFLUENCE_URL=\"wiki\""),
            ),
        ] {
            let all = [url].into_iter().chain(changes.iter().copied());
            let all = all.map(|(name, value)| (name.into(), value.into()));
            let no_file = |_: &Path| Err(io::ErrorKind::NotFound.into());
            let found = Config::addresses_from_lookup(&Environment::new(all, &no_file));
            match (found, expected) {
                (Ok(found), Ok(proxy)) => {
                    assert_eq!(found.proxy, proxy, "{changes:?}");
                    assert_eq!(found.confluence, "https://wiki.example.com/c");
                }
                (Err(errors), Err(expected)) => {
                    let problems: Vec<String> =
                        errors.problems.iter().map(ToString::to_string).collect();
                    assert!(
                        problems[0].starts_with(expected),
                        "{changes:?}: {problems:?}"
                    );
                }
                (found, _) => panic!("{changes:?}: {found:?}"),
            }
        }
    }

    #[track_caller]
    fn check_problem(name: &str, value: &str, expected: &str) {
        let problems = read(&[(name, value)]).expect_err("a problem");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(expected), "{expected}: {problems:?}");
    }

    #[track_caller]
    fn check_warning(changes: &[(&str, &str)], expected: &str) {
        let (_, warnings) = read(changes).expect("a good configuration");
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains(expected), "{expected}: {warnings:?}");
    }

    #[test]
    fn the_defaults_are_those_of_the_design() {
        let (config, warnings) = read(&[]).expect("a good configuration");
        assert!(warnings.is_empty(), "{warnings:?}");
        let seconds = std::time::Duration::from_secs;
        assert_eq!(config.confluence.url, "https://wiki");
        assert_eq!(config.confluence.kind, Kind::Server);
        assert_eq!(config.confluence.connect_timeout, seconds(5));
        assert_eq!(config.confluence.read_timeout, seconds(30));
        assert_eq!(config.confluence.connections_max, 20);
        assert_eq!(config.proxy.host.to_string(), "0.0.0.0");
        assert_eq!(config.proxy.port, 8080);
        assert_eq!(config.proxy.base_path, "/proxy");
        assert_eq!(config.proxy.connections_max, 4096);
        assert_eq!(config.proxy.drain, seconds(10));
        assert_eq!(config.proxy.allow, None);
        assert_eq!(config.cache.items_max, 1000);
        assert_eq!(config.cache.ttl, seconds(3600));
        assert_eq!(config.cache.bytes_max, 256 << 20);
        assert_eq!(config.cache.item_bytes_max, 64 << 20);
        assert_eq!(config.cache.stale, seconds(86400));
        assert_eq!(config.cache.negative_ttl, seconds(10));
    }

    #[test]
    fn the_parser_reads_every_name_of_the_table() {
        for setting in SETTINGS.iter().filter(|row| row.name != "RUST_LOG") {
            let variables = BASE.iter().filter(|(name, _)| *name != setting.name);
            let variables = variables.map(|(name, value)| (name.into(), value.into()));
            let broken = (setting.name.into(), OsString::from_vec(vec![b'a', 0xff]));
            let problems = read_raw(variables.chain([broken])).expect_err("not UTF-8");
            let expected = format!("{}: expected UTF-8 text", setting.name);
            assert_eq!(problems, [expected]);
        }
    }

    #[test]
    fn stated_defaults_and_both_ends_of_every_range_are_accepted() {
        let (plain, _) = read(&[]).expect("a good configuration");
        for setting in SETTINGS {
            if let Fallback::Value(text) = setting.fallback {
                let (config, _) = read(&[(setting.name, text)]).expect(setting.name);
                assert_eq!(format!("{config:?}"), format!("{plain:?}"));
            }
            if let Values::Number { min, max, .. } | Values::Size { min, max } = setting.values {
                for (number, good) in [
                    (min.checked_sub(1), false),
                    (Some(min), true),
                    (Some(max), true),
                    (Some(max + 1), false),
                ] {
                    let Some(number) = number else { continue };
                    let result = read(&[(setting.name, &number.to_string())]);
                    assert_eq!(result.is_ok(), good, "{} {number}", setting.name);
                }
            }
        }
    }

    #[test]
    fn all_problems_come_in_one_run() {
        let problems = read_raw(
            [
                ("CONFLUENCE_URL", "https://me:hush@wiki"),
                ("PROXY_HOST", "everywhere"),
                ("PROXY_PORT", "http"),
                ("PROXY_BASE_PATH", "/a b"),
                ("CACHE_MAX_BYTES", "2GB0"),
                ("CACHE_TTL_SECONDS", "1h"),
                ("PROXY_ALLOW_SPACE", "DOC"),
            ]
            .map(|(name, value)| (name.into(), value.into()))
            .into_iter(),
        )
        .expect_err("nine problems");
        let starts = [
            "CONFLUENCE_URL: expected",
            "CONFLUENCE_USERNAME: not set, expected",
            "CONFLUENCE_API_TOKEN: not set, expected",
            "PROXY_HOST=\"everywhere\": expected",
            "PROXY_PORT=\"http\": expected",
            "PROXY_BASE_PATH=\"/a b\": expected",
            "CACHE_TTL_SECONDS=\"1h\": expected a whole number of seconds from 1 to",
            "CACHE_MAX_BYTES=\"2GB0\": expected a size such as 512MiB",
            "PROXY_ALLOW_SPACE: not a setting, and ignoring it would publish more than you want; did you mean PROXY_ALLOW_SPACES",
        ];
        assert_eq!(problems.len(), starts.len(), "{problems:#?}");
        for (problem, start) in problems.iter().zip(starts) {
            assert!(problem.starts_with(start), "{start}: {problem}");
            assert!(
                !problem.contains("hush") && !problem.ends_with('.'),
                "{problem}"
            );
        }
    }

    #[test]
    fn odd_values_are_problems() {
        for (name, value, expected) in [
            ("CONFLUENCE_USERNAME", "a:b", "without a colon"),
            ("CONFLUENCE_USERNAME", "a\tb", "without control characters"),
            (
                "CONFLUENCE_KIND",
                "datacenter",
                "CONFLUENCE_KIND=\"datacenter\": expected server, cloud or auto",
            ),
            ("PROXY_PORT", "65536", "PROXY_PORT=\"65536\""),
            ("PROXY_PORT", "+80", "a port number"),
            ("PROXY_PORT", "tcp://10.0.0.1:80", "a port number"),
            ("PROXY_BASE_PATH", "/metrics", "for monitoring"),
            ("PROXY_TLS_CERT", "/x", "did you mean PROXY_TLS_CERT_FILE"),
            (
                "proxy_allow_pages",
                "1",
                "proxy_allow_pages: not a setting, and ignoring it would publish more than you want; did you mean PROXY_ALLOW_PAGES",
            ),
            (
                "PROXY_ALLOW_HOSTS",
                "x",
                "did you mean PROXY_ALLOW_SPACES or PROXY_ALLOW_PAGES",
            ),
        ] {
            check_problem(name, value, expected);
        }
    }

    #[test]
    fn the_kind_is_what_was_said_or_what_the_host_says() {
        for (kind, url, expected) in [
            ("auto", "https://wiki", Kind::Server),
            ("", "https://a.atlassian.net", Kind::Cloud),
            ("Cloud", "https://wiki", Kind::Cloud),
            ("server", "https://a.atlassian.net", Kind::Server),
        ] {
            let (config, _) = read(&[("CONFLUENCE_KIND", kind), ("CONFLUENCE_URL", url)])
                .expect("a good configuration");
            assert_eq!(config.confluence.kind, expected, "{kind} {url}");
        }
    }

    #[test]
    fn space_around_a_value_and_empty_values_do_not_matter() {
        let (config, _) = read(&[("PROXY_PORT", " 81\r\n"), ("PROXY_BASE_PATH", " / ")])
            .expect("a good configuration");
        assert_eq!(config.proxy.port, 81);
        assert_eq!(config.proxy.base_path, "");
        let empty = [
            ("PROXY_PORT", ""),
            ("CACHE_TTL_SECONDS", " "),
            ("CACHE_X", ""),
        ];
        let (config, warnings) = read(&empty).expect("a good configuration");
        assert_eq!(config.proxy.port, 8080);
        assert!(warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn a_file_takes_at_most_a_quarter_of_the_memory() {
        for (changes, expected, reduced) in [
            (&[("CACHE_MAX_BYTES", "1GiB")][..], 64 << 20, false),
            (&[("CACHE_MAX_BYTES", "128MiB")], 32 << 20, true),
            (&[("CACHE_MAX_ITEM_BYTES", "65MiB")], 64 << 20, true),
            (&[("CACHE_MAX_ITEM_BYTES", "64MiB")], 64 << 20, false),
        ] {
            let (config, warnings) = read(changes).expect("a good configuration");
            assert_eq!(config.cache.item_bytes_max, expected, "{changes:?}");
            assert_eq!(warnings.len(), usize::from(reduced), "{warnings:?}");
        }
        check_warning(
            &[("CACHE_MAX_BYTES", "128MiB")],
            "files above 32MiB are not kept",
        );
    }

    #[test]
    fn odd_names_are_warnings() {
        for (name, expected) in [
            (
                "CACHE_TTL",
                "CACHE_TTL: not a setting and ignored; did you mean CACHE_TTL_SECONDS",
            ),
            ("PROXY_SERVICE_HOST", "--help lists all"),
            (
                "ADMIN_TOKEN_FILE",
                "not supported in this version and ignored",
            ),
        ] {
            check_warning(&[(name, "hush")], expected);
        }
        check_warning(
            &[("CONFLUENCE_URL", "http://wiki")],
            "CONFLUENCE_URL: the account goes",
        );
    }

    #[test]
    fn the_secret_is_not_in_the_debug_text() {
        let (config, _) = read(&[]).expect("a good configuration");
        let text = format!("{config:?}");
        assert!(text.contains("reader") && !text.contains("hush"), "{text}");
    }
}

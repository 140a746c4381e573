//! Where the service of these settings is, for a command that asks it from its own host.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::address::{split_port, split_scheme};
use super::desk::{Desk, Environment};
use super::fronts::read_fronts;
use super::lookup::{parse_port, parsed, read_base_path};
use super::path::parse_listen_host;
use super::people::read_public_url;
use super::report::{ConfigErrors, Problem};
use super::settings::Config;

/// Where a service is reached from its own host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalService {
    /// Its base path as an address, without a trailing slash. With HTTPS it names the host that people know.
    pub url: String,
    /// Where to connect, whatever that name means elsewhere.
    pub address: SocketAddr,
    /// Whether it expects that a connection from there begins with a header of the PROXY protocol.
    pub expects_introduction: bool,
}

impl Config {
    /// Reads only where the service is, which needs no account and no file.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn service_from_lookup(
        environment: &Environment<'_>,
    ) -> Result<LocalService, ConfigErrors> {
        let mut desk = Desk::new(environment);
        let service = read_service(&mut desk);
        desk.close()?;
        Ok(service.expect("a part that is missing has left a problem"))
    }
}

fn read_service(desk: &mut Desk<'_>) -> Option<LocalService> {
    let host = parsed(desk, "PROXY_HOST", parse_listen_host);
    let port = parsed(desk, "PROXY_PORT", parse_port);
    let base_path = read_base_path(desk);
    let public_url = read_public_url(desk, base_path.as_deref());
    let fronts = read_fronts(desk);
    let is_https = desk.text("PROXY_TLS_CERT_FILE").is_some();
    if port == Some(0) {
        let expected =
            "the port that the service has: with 0 only its log knows it, and --url names it";
        desk.problem(Problem::value("PROXY_PORT", "0", expected));
    }
    let ip = match host? {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let (address, base_path) = (SocketAddr::new(ip, port?), base_path?);
    let url = match public_url.as_deref().and_then(host_of) {
        Some(name) if is_https => format!("https://{name}:{}{base_path}", address.port()),
        Some(_) | None if is_https => format!("https://{address}{base_path}"),
        Some(_) | None => format!("http://{address}{base_path}"),
    };
    let (trusted, speak_proxy_protocol) = fronts?;
    Some(LocalService {
        url,
        address,
        // Who connects to an address of its own host comes from that address.
        expects_introduction: speak_proxy_protocol && trusted.contains(ip),
    })
}

/// The host in an address that has been read before.
fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = split_scheme(url).ok()?;
    let authority = rest.split('/').next()?;
    split_port(authority).ok().map(|(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<LocalService, String> {
        let variables = variables
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        let no_file = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
        let environment = Environment::new(variables, &no_file);
        Config::service_from_lookup(&environment).map_err(|errors| errors.to_string())
    }

    #[test]
    fn a_service_is_reached_where_its_settings_put_it() {
        let tls = ("PROXY_TLS_CERT_FILE", "/not/there");
        let trusted = ("PROXY_TRUSTED_PROXIES", "127.0.0.0/8");
        let protocol = ("PROXY_PROTOCOL", "on");
        let public = ("PROXY_PUBLIC_URL", "https://files.example.com/x");
        for (variables, url, address, expects_introduction) in [
            (
                &[][..],
                "http://127.0.0.1:8080/proxy",
                "127.0.0.1:8080",
                false,
            ),
            (
                &[trusted],
                "http://127.0.0.1:8080/proxy",
                "127.0.0.1:8080",
                false,
            ),
            (
                &[trusted, protocol],
                "http://127.0.0.1:8080/proxy",
                "127.0.0.1:8080",
                true,
            ),
            (
                &[trusted, protocol, ("PROXY_HOST", "::")],
                "http://[::1]:8080/proxy",
                "[::1]:8080",
                false,
            ),
            (
                &[("PROXY_HOST", "::"), ("PROXY_BASE_PATH", "/")],
                "http://[::1]:8080",
                "[::1]:8080",
                false,
            ),
            (
                &[("PROXY_HOST", "10.1.2.3"), ("PROXY_PORT", "81"), public],
                "http://10.1.2.3:81/proxy",
                "10.1.2.3:81",
                false,
            ),
            (
                &[("PROXY_PORT", "8443"), tls, public],
                "https://files.example.com:8443/proxy",
                "127.0.0.1:8443",
                false,
            ),
            (
                &[tls],
                "https://127.0.0.1:8080/proxy",
                "127.0.0.1:8080",
                false,
            ),
        ] {
            let service = LocalService {
                url: url.to_owned(),
                address: address.parse().expect("an address"),
                expects_introduction,
            };
            assert_eq!(read(variables), Ok(service), "{variables:?}");
        }
    }

    #[test]
    fn every_problem_is_said() {
        let problems = read(&[("PROXY_HOST", "here"), ("PROXY_PORT", "0")]).expect_err("both");
        assert!(
            problems.contains("PROXY_HOST=") && problems.contains("--url"),
            "{problems}"
        );
    }
}

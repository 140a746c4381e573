//! What each step found, in words (pure): the good news, or what is wrong and the remedy.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::report::{Finding, Verdict};
use crate::config::{ConfluenceConfig, Credentials, Kind, format_size};
use crate::confluence::{Clocks, Login, Manifest, Obstacle, Reached, UpstreamError, Way};

/// Difference of two clocks that is worth a word. Below it, it is the time of the answer, and hurts nothing.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(60);

/// How every version of Cloud begins.
const CLOUD_VERSIONS: &str = "1000.";

/// What the service needs and what it is granted, all in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// `CACHE_MAX_BYTES`.
    pub cache: u64,
    /// What it needs beside that.
    pub beside: u64,
    /// What the machine or its control group grants; `None` where neither can be read.
    pub granted: Option<u64>,
}

pub(super) fn configuration(settings: &ConfluenceConfig) -> Finding {
    let kind = match settings.kind {
        Kind::Server => "Confluence Server or Data Center",
        Kind::Cloud => "Atlassian Cloud",
    };
    let account = match &settings.credentials {
        Credentials::Basic { username, .. } => format!("account {username:?}"),
        Credentials::Bearer { .. } => "a personal access token".to_owned(),
    };
    Finding::ok(format_args!("{}, {kind}, {account}", settings.url))
}

pub(super) fn memory(memory: Memory) -> Finding {
    let (cache, beside) = (format_size(memory.cache), format_size(memory.beside));
    let Some(granted) = memory.granted else {
        return Finding::skip("this system does not say how much memory it grants");
    };
    let shown = format_size(granted >> 20 << 20);
    if granted < memory.cache.saturating_add(memory.beside) {
        return Finding::warn(format_args!(
            "CACHE_MAX_BYTES={cache} and {beside} beside it do not fit the {shown} granted here: lower it, or raise MemoryMax"
        ));
    }
    Finding::ok(format_args!(
        "CACHE_MAX_BYTES={cache} and {beside} beside it fit the {shown} granted here"
    ))
}

/// The file of the certificate that clients are shown; nothing is to be said if there is none.
pub(super) fn https(certificate: &Result<Option<PathBuf>, String>) -> Option<Finding> {
    match certificate {
        Ok(Some(file)) => Some(Finding::ok(format_args!(
            "clients are shown the certificate in PROXY_TLS_CERT_FILE={file:?}"
        ))),
        Ok(None) => None,
        Err(error) => Some(Finding::fail(Verdict::Configuration, error)),
    }
}

pub(super) fn proxy(way: &Way, host: &str) -> Finding {
    match way {
        Way::Direct => Finding::ok(
            "none (CONFLUENCE_HTTPS_PROXY is not set; HTTPS_PROXY and the like are not used)",
        ),
        Way::Beside(proxy) => Finding::ok(format_args!(
            "{proxy}, but not for {host} (CONFLUENCE_NO_PROXY)"
        )),
        Way::Through(proxy) => Finding::ok(format_args!("through {proxy}")),
    }
}

pub(super) fn dns(
    way: &Way,
    host: (&str, bool),
    found: &Result<Vec<SocketAddr>, UpstreamError>,
) -> Finding {
    let (host, is_address) = host;
    match (way, found) {
        (_, _) if is_address => Finding::skip(format_args!("{host} is an address already")),
        (Way::Through(_), _) => {
            Finding::skip(format_args!("the outbound proxy looks {host} up itself"))
        }
        (Way::Direct | Way::Beside(_), Ok(addresses)) => {
            let mut shown: Vec<String> = Vec::new();
            for address in addresses {
                let address = address.ip().to_string();
                if !shown.contains(&address) {
                    shown.push(address);
                }
            }
            Finding::ok(format_args!("{host} is {}", shown.join(", ")))
        }
        (Way::Direct | Way::Beside(_), Err(error)) => failure(error),
    }
}

pub(super) fn tcp(way: &Way, reached: Result<&Reached, &UpstreamError>) -> Finding {
    match (way, reached) {
        (_, Ok(reached)) => {
            let who = match way {
                Way::Through(_) => "the outbound proxy at ",
                Way::Direct | Way::Beside(_) => "",
            };
            let Reached { address, took, .. } = reached;
            let others = match reached.unanswered.as_slice() {
                [] => String::new(),
                others => format!(", but not {}", list(others)),
            };
            let took = took.as_millis();
            Finding::ok(format_args!("{who}{address} answered in {took} ms{others}"))
        }
        (Way::Through(_), Err(error)) => no_proxy(error),
        (Way::Direct | Way::Beside(_), Err(error)) => failure(error),
    }
}

/// The other rooms speak of Confluence where this is about the outbound proxy.
fn no_proxy(error: &UpstreamError) -> Finding {
    let text = match error {
        UpstreamError::Unreachable(Obstacle::Name) => {
            "the outbound proxy's host name is unknown: check its spelling in CONFLUENCE_HTTPS_PROXY and this system's DNS"
        }
        UpstreamError::Unreachable(Obstacle::Closed) => {
            "nothing listens at the outbound proxy (connection refused): check the port in CONFLUENCE_HTTPS_PROXY and whether the proxy runs"
        }
        _ => {
            "no connection to the outbound proxy: check host and port in CONFLUENCE_HTTPS_PROXY, and the firewall"
        }
    };
    Finding::fail(Verdict::Unreachable, text)
}

/// TLS straight with Confluence. `authority` is the file of a private one.
pub(super) fn tls(
    host: &str,
    authority: Option<&str>,
    secured: &Result<&'static str, UpstreamError>,
) -> Finding {
    let beside = match authority {
        Some(path) => {
            format!(" (CONFLUENCE_CA_FILE={path:?} is trusted beside the system's authorities)")
        }
        None => String::new(),
    };
    match secured {
        Ok(version) => Finding::ok(format_args!(
            "{version}, certificate for {host} trusted{beside}"
        )),
        // There is a connection: the time limit of connections was used up by the handshake.
        Err(UpstreamError::TimedOut { .. }) => Finding::fail(
            Verdict::Unreachable,
            "TLS got no answer within CONFLUENCE_CONNECT_TIMEOUT_SECONDS: check that the port in CONFLUENCE_URL speaks https",
        ),
        Err(error) => Finding::fail(Verdict::Unreachable, format_args!("{error}{beside}")),
    }
}

/// TLS through an outbound proxy, which the first question has shown; `None` if there was none yet.
pub(super) fn tls_through(
    host: &str,
    manifest: Option<&Result<Manifest, UpstreamError>>,
) -> Finding {
    match manifest {
        Some(Ok(_)) => Finding::ok(format_args!(
            "certificate for {host} trusted, through the proxy"
        )),
        Some(Err(error)) if ends_the_way(error) => failure(error),
        Some(Err(_)) | None => Finding::skip("through the proxy, so the login shows it"),
    }
}

/// What answers, in its own words, and whether that is the `kind` that the service would talk to. `None`: it was not
/// asked, because the way there is broken.
pub(super) fn version(kind: Kind, manifest: Option<&Result<Manifest, UpstreamError>>) -> Finding {
    let place = "/rest/applinks/1.0/manifest";
    match manifest {
        None => Finding::skip("nothing was asked"),
        Some(Ok(Manifest::Confluence {
            version: Some(version),
        })) if version.starts_with(CLOUD_VERSIONS) != (kind == Kind::Cloud) => wrong_kind(version),
        Some(Err(error)) if ends_the_way(error) => failure(error),
        // Not every Cloud site shows it, and the version of a Cloud says nothing.
        Some(_) if kind == Kind::Cloud => Finding::ok("Atlassian Cloud"),
        Some(Ok(Manifest::Confluence {
            version: Some(version),
        })) => Finding::ok(format_args!("Confluence {version} (Server or Data Center)")),
        Some(Ok(Manifest::Confluence { version: None })) => {
            Finding::warn("Confluence (Server or Data Center), which does not say its version")
        }
        Some(Ok(Manifest::Other { product })) => Finding::warn(format_args!(
            "what answers is {product:?} and not Confluence: check that CONFLUENCE_URL is Confluence's base address"
        )),
        Some(Ok(Manifest::Missing { status })) => Finding::warn(format_args!(
            "unknown, which is no harm by itself: {place} answered status {status} and no manifest"
        )),
        Some(Err(UpstreamError::TimedOut { .. })) => {
            Finding::warn(format_args!("unknown: {place} did not answer in time"))
        }
        Some(Err(error)) => Finding::warn(format_args!("unknown: {error}")),
    }
}

/// The service would ask at addresses that this Confluence does not have.
fn wrong_kind(version: &str) -> Finding {
    let (found, remedy) = match version.starts_with(CLOUD_VERSIONS) {
        true => ("Atlassian Cloud", "cloud"),
        false => ("Confluence Server or Data Center", "server"),
    };
    Finding::fail(
        Verdict::Unreachable,
        format_args!(
            "what answers is {found} (version {version}): set CONFLUENCE_KIND={remedy}, or correct CONFLUENCE_URL"
        ),
    )
}

/// Whether an error came before anything was asked, so that the next question would end the same way.
fn ends_the_way(error: &UpstreamError) -> bool {
    matches!(
        error,
        UpstreamError::Unreachable(
            Obstacle::Name
                | Obstacle::Closed
                | Obstacle::NoRoute
                | Obstacle::UnknownIssuer
                | Obstacle::WrongName
                | Obstacle::Expired
                | Obstacle::OutboundProxy
                | Obstacle::Tls
        )
    )
}

/// The login. `is_proven`: what answers is known to be Confluence.
pub(super) fn login(login: &Result<Login, UpstreamError>, kind: Kind, is_proven: bool) -> Finding {
    match (login, kind) {
        (
            Ok(Login {
                name: Some(name), ..
            }),
            _,
        ) => Finding::ok(format_args!("as {name:?}")),
        (Ok(login), kind) if !is_proven && (kind == Kind::Server || !login.is_answered) => {
            Finding::fail(
                Verdict::Unreachable,
                "what answers at CONFLUENCE_URL does not answer like Confluence: check that it is the base address, with the context path such as /confluence if there is one, that nothing before it blocks /rest/, and that CONFLUENCE_KIND is right",
            )
        }
        (Ok(Login { name: None, .. }), _) => Finding::warn(
            "this Confluence does not say who the account is: try a file, which proves it; if none comes, check CONFLUENCE_URL",
        ),
        (Err(UpstreamError::Refused(refusal)), Kind::Server) => Finding::fail(
            Verdict::Refused,
            format_args!(
                "{refusal}; correct it before you check again, because three failed logins lock the account"
            ),
        ),
        (Err(error), _) => failure(error),
    }
}

/// Confluence's clock beside ours.
pub(super) fn clock(clocks: Option<Clocks>) -> Finding {
    let Some(Clocks { theirs, ours }) = clocks else {
        return Finding::skip("no answer of Confluence carried a date");
    };
    let (apart, which) = match theirs.duration_since(ours) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    let seconds = apart.as_secs();
    match apart <= CLOCKS_APART_MAX {
        true => Finding::ok(format_args!("{seconds} s apart")),
        false => Finding::warn(format_args!(
            "Confluence's clock is {seconds} s {which} this system's: let both be set by NTP, or certificates fail and times in the logs disagree"
        )),
    }
}

/// A step that failed with the words of the room that met it.
pub(super) fn failure(error: &UpstreamError) -> Finding {
    Finding::fail(verdict(error), error)
}

/// What an error means for the whole.
fn verdict(error: &UpstreamError) -> Verdict {
    match error {
        UpstreamError::Refused(_) | UpstreamError::Guarded { .. } => Verdict::Refused,
        UpstreamError::Interrupted => Verdict::Internal,
        UpstreamError::NotFound
        | UpstreamError::Forbidden
        | UpstreamError::OutOfScope
        | UpstreamError::Moved { .. }
        | UpstreamError::Busy { .. }
        | UpstreamError::Paused { .. }
        | UpstreamError::TimedOut { .. }
        | UpstreamError::Unreachable(_)
        | UpstreamError::Failing { .. }
        | UpstreamError::Unusable(_)
        | UpstreamError::Media { .. }
        | UpstreamError::MediaAway(_)
        | UpstreamError::Hop(_)
        | UpstreamError::Broken(_)
        | UpstreamError::Odd { .. } => Verdict::Unreachable,
    }
}

fn list(addresses: &[SocketAddr]) -> String {
    let shown: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
    shown.join(", ")
}

#[cfg(test)]
#[path = "findings_tests.rs"]
mod tests;

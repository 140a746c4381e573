//! Questions to the running service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

use super::report::{Report, problem_words};
use crate::attachment::PageId;
use crate::config::LocalService;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long an answer may take: the service answers within 20 s, if only to say that there is nothing new.
const ANSWER: Duration = Duration::from_secs(60);

/// Longest answer in bytes. Real ones have some KiB.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// The service to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// One on this host.
    Local(LocalService),
    /// One anywhere: the address of its base path, without a trailing slash.
    Named(String),
}

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoReport {
    /// The service is not there, or something else is.
    Unreachable(String),
    /// It takes us for no operator.
    Refused,
    /// It does not take the job now.
    Busy(String),
}

/// A way to the service.
pub(super) struct Client {
    agent: Agent,
    url: String,
}

impl Client {
    pub(super) fn new(service: &Service) -> Client {
        let (url, is_local) = match service {
            Service::Local(local) => (&local.url, true),
            Service::Named(url) => (url, false),
        };
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::from(roots(service)))
            .disable_verification(is_local) // see the head of this room
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = Agent::config_builder()
            .http_status_as_error(false) // the status says what is wrong
            .max_redirects(0)
            .proxy(None) // the service is in the intranet
            .tls_config(tls)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(ANSWER))
            .timeout_recv_body(Some(ANSWER))
            .build();
        let connector = DefaultConnector::new();
        let agent = match service {
            Service::Local(local) => Agent::with_parts(config, connector, Fixed(local.address)),
            Service::Named(_) => Agent::new_with_config(config),
        };
        Client {
            agent,
            url: url.clone(),
        }
    }

    /// Has a page warmed, or joins a job that does it already.
    pub(super) fn start(&self, page: PageId) -> Result<Report, NoReport> {
        self.post(&format!("{}/{page}/warm", self.url))
    }

    /// Blocks until more than `seen` files of a job are settled, it is over, or some time has passed.
    pub(super) fn follow(&self, page: PageId, job: u64, seen: u64) -> Result<Report, NoReport> {
        self.post(&format!("{}/{page}/warm?job={job}&seen={seen}", self.url))
    }

    fn post(&self, address: &str) -> Result<Report, NoReport> {
        let unreachable = |why: &dyn std::fmt::Display| {
            NoReport::Unreachable(format!(
                "the service at {} does not answer: {why}",
                self.url
            ))
        };
        let request = self
            .agent
            .post(address)
            .header("Accept", "application/json");
        let response = request.send_empty().map_err(|error| unreachable(&error))?;
        let status = response.status().as_u16();
        let body = response.into_body().into_with_config();
        let body = body.limit(ANSWER_BYTES_MAX).read_to_vec();
        let body = body.map_err(|error| unreachable(&error))?;
        match status {
            200 | 202 => Report::read(&body).ok_or_else(|| unreachable(&"that is another program")),
            404 => Err(NoReport::Refused),
            503 => Err(NoReport::Busy(problem_words(&body))),
            other => Err(unreachable(&format_args!("status {other}"))),
        }
    }
}

/// The certificates that this system trusts, as far as one of them has to vouch for the service. `SSL_CERT_FILE` and
/// `SSL_CERT_DIR` are honoured.
fn roots(service: &Service) -> Vec<Certificate<'static>> {
    match service {
        Service::Named(url) if url.starts_with("https:") => {
            let found = rustls_native_certs::load_native_certs().certs;
            let roots = found
                .iter()
                .map(|root| Certificate::from_der(root).to_owned());
            roots.collect()
        }
        Service::Named(_) | Service::Local(_) => Vec::new(),
    }
}

/// Leads every name to one place.
#[derive(Debug)]
struct Fixed(SocketAddr);

impl Resolver for Fixed {
    fn resolve(
        &self,
        _uri: &Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        addresses.push(self.0);
        Ok(addresses)
    }
}

//! How the service is reached.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

use super::service::Service;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// An agent that asks this service, and waits so long for each answer as a whole.
pub(super) fn agent(service: &Service, patience: Duration) -> Agent {
    let is_local = match service {
        Service::Local(_) => true,
        Service::Named(_) => false,
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
        .timeout_global(Some(patience)) // from the first look at the name to the last byte
        .build();
    match service {
        Service::Local(local) => {
            Agent::with_parts(config, DefaultConnector::new(), Fixed(local.address))
        }
        Service::Named(_) => Agent::new_with_config(config),
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

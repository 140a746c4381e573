//! The one HTTP agent, every option said aloud.

use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use ureq::Agent;
use ureq::config::AutoHeaderValue;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::transport::{Connector, DefaultConnector};

use super::error::SetupError;
use super::resolver::CachingResolver;
use super::watch::Watch;
use crate::config::ConfluenceConfig;

/// Who we say we are. Some firewalls refuse names they do not know from a list, so it is one fixed word.
const USER_AGENT: &str = concat!("confluence-attachment-proxy/", env!("CARGO_PKG_VERSION"));

/// How long a connection may wait in the pool: below the 20 s after which Tomcat closes it.
const IDLE: Duration = Duration::from_secs(15);

/// Read buffer per connection in bytes, twice with TLS, kept while it waits in the pool.
const INPUT_BYTES: usize = 64 * 1024;

/// Write buffer per connection in bytes. Every line of a request's head must fit.
const OUTPUT_BYTES: usize = 8 * 1024;

/// Longest head of an answer in bytes. Real ones have about 1 KiB.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Builds the agent. `roots` are the certificates that may vouch for Confluence; without https they are not used.
pub(super) fn build(
    settings: &ConfluenceConfig,
    roots: &[CertificateDer<'static>],
    resolver: CachingResolver,
) -> Agent {
    let roots: Vec<_> = roots
        .iter()
        .map(|root| Certificate::from_der(root).to_owned())
        .collect();
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::from(roots))
        // Given here, so that nothing depends on who installed a process-wide provider first.
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let config = Agent::config_builder()
        .http_status_as_error(false) // headers and body say why
        .max_redirects(0) // the account must not follow a redirect
        .proxy(None) // not from HTTP_PROXY and its like
        .no_delay(true)
        .tls_config(tls)
        .user_agent(USER_AGENT)
        .accept_encoding(AutoHeaderValue::None) // the bytes as they are
        .timeout_connect(Some(settings.connect_timeout))
        .timeout_send_request(Some(settings.read_timeout))
        .timeout_recv_response(Some(settings.read_timeout))
        .timeout_per_read(Some(settings.read_timeout)) // a silence, not the whole download
        .timeout_per_write(Some(settings.read_timeout))
        .max_response_header_size(HEAD_BYTES_MAX)
        .input_buffer_size(INPUT_BYTES)
        .output_buffer_size(OUTPUT_BYTES)
        .max_idle_connections(settings.connections_max)
        .max_idle_connections_per_host(settings.connections_max)
        .max_idle_age(IDLE)
        .build();
    Agent::with_parts(config, DefaultConnector::new().chain(Watch), resolver)
}

/// The certificates that this system trusts, read once.
///
/// `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured.
pub(super) fn system_roots() -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let found = rustls_native_certs::load_native_certs();
    let mut usable = RootCertStore::empty();
    let (added, ignored) = usable.add_parsable_certificates(found.certs.iter().cloned());
    if 0 < added {
        return Ok(found.certs);
    }
    let reason = match found.errors.first() {
        Some(error) => error.to_string(),
        None => format!("{ignored} found, none usable"),
    };
    Err(SetupError::Roots { reason })
}

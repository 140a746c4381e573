//! The HTTP agents, every option said aloud: one for Confluence, and one for the media hosts of Cloud.

use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use ureq::config::AutoHeaderValue;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::transport::{Connector, DefaultConnector};
use ureq::{Agent, Proxy};

use super::error::SetupError;
use super::resolver::CachingResolver;
use super::watch::Watch;
use crate::config::{CaFile, ConfluenceConfig, OutboundProxy};

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

/// Builds an agent. `roots` are the certificates that may vouch for the other side; without https they are not used.
///
/// # Errors
/// [`SetupError::Proxy`] when the outbound proxy's address makes no sense to the library.
pub(super) fn build(
    settings: &ConfluenceConfig,
    roots: &[CertificateDer<'static>],
    resolver: CachingResolver,
) -> Result<Agent, SetupError> {
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
        .proxy(outbound(settings.proxy.as_ref())?) // never from HTTP_PROXY and its like
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
    let connector = DefaultConnector::new().chain(Watch);
    Ok(Agent::with_parts(config, connector, resolver))
}

fn outbound(settings: Option<&OutboundProxy>) -> Result<Option<Proxy>, SetupError> {
    let Some(settings) = settings else {
        return Ok(None);
    };
    let given = Proxy::new(settings.url.expose()).map_err(|_| SetupError::Proxy)?;
    let mut proxy = Proxy::builder(given.protocol())
        .host(given.host())
        .port(given.port());
    if let Some(name) = given.username() {
        proxy = proxy
            .username(name)
            .password(given.password().unwrap_or_default());
    }
    for bypass in settings.bypass.split(',').filter(|it| !it.is_empty()) {
        proxy = proxy.no_proxy(bypass);
    }
    proxy.build().map(Some).map_err(|_| SetupError::Proxy)
}

/// The outbound proxy as the resolver will be asked for it.
pub(super) fn host_and_port(settings: &OutboundProxy) -> Option<String> {
    let proxy = Proxy::new(settings.url.expose()).ok()?;
    Some(format!("{}:{}", proxy.host(), proxy.port()))
}

/// Everything that may vouch for the other side: what the system trusts, and the private authority if there is one.
///
/// # Errors
/// [`SetupError::Roots`] and [`SetupError::Authority`].
pub(super) fn roots(ca: Option<&CaFile>) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let Some(ca) = ca else {
        return system_roots();
    };
    // With an authority of its own a system without any is fine.
    let mut roots = system_roots().unwrap_or_default();
    roots.extend(authority(ca)?);
    Ok(roots)
}

/// The private authority alone.
///
/// # Errors
/// [`SetupError::Authority`] when there is no usable certificate in its file.
pub(super) fn authority(ca: &CaFile) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(ca.pem.as_bytes())
        .filter_map(Result::ok)
        .collect();
    let (usable, _) = RootCertStore::empty().add_parsable_certificates(found.iter().cloned());
    match usable {
        0 => Err(SetupError::Authority {
            path: ca.path.clone(),
        }),
        _ => Ok(found),
    }
}

/// The certificates that this system trusts, read once.
///
/// `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured.
fn system_roots() -> Result<Vec<CertificateDer<'static>>, SetupError> {
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

//! The way to Confluence, one step after the other, for whoever looks for what is wrong: name, connection, TLS, what
//! answers, the login, a page.
//!
//! Every step is asked for by itself and says what it found as plain data or as the error that the service would meet;
//! what follows from it is said elsewhere. The service itself never comes here.
//!
//! Invariant: only [`Examiner::login`] and what is asked after it carry the account.

use std::fmt;
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore};
use ureq::http::{HeaderValue, Request, header};

use super::agent;
use super::client::Confluence;
use super::error::{Obstacle, Phase, SetupError, UpstreamError};
use super::failure;
use super::line::{Clocks, Line, Login};
use super::lookup::Listed;
use super::manifest::{self, Manifest};
use super::resolver::{self, Lookup};
use crate::attachment::PageId;
use crate::config::ConfluenceConfig;

/// Where a Server or Data Center says what it is, below its base address.
const MANIFEST: &str = "/rest/applinks/1.0/manifest";

/// Longest time for the manifest as a whole, which nothing depends on.
const MANIFEST_PATIENCE: Duration = Duration::from_secs(10);

/// What is read of a manifest, in bytes. A real one has some 2 KiB.
const MANIFEST_BYTES_MAX: u64 = 64 * 1024;

/// Addresses of one name that are tried, as many as the service tries.
const ADDRESSES_MAX: usize = 16;

/// Shortest time for one address, since the system takes no time at all for an error.
const ATTEMPT_MIN: Duration = Duration::from_millis(10);

/// Which way questions to Confluence go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Straight there: no outbound proxy is set.
    Direct,
    /// Straight there, although this outbound proxy is set: `CONFLUENCE_NO_PROXY` takes the host out.
    Beside(String),
    /// Through this outbound proxy, which looks up Confluence's name.
    Through(String),
}

/// Where a connection leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The address that answered.
    pub address: SocketAddr,
    /// How long it took to answer.
    pub took: Duration,
    /// The addresses that were tried before it, in vain.
    pub unanswered: Vec<SocketAddr>,
}

/// A connection that stands. Dropping it closes it.
#[derive(Debug)]
pub struct Connected {
    /// Where it leads.
    pub reached: Reached,
    stream: TcpStream,
}

/// One who looks at the way to Confluence. Made for one run.
pub struct Examiner {
    confluence: Confluence,
    line: Arc<Line>,
    roots: Vec<CertificateDer<'static>>,
    lookup: Lookup,
    connect_timeout: Duration,
    /// For the manifest.
    patience: Duration,
    way: Way,
    /// Where connections go, as `host:port`.
    place: String,
}

impl Examiner {
    /// Prepares everything; opens no connection. Reads the system's trusted certificates for an https address.
    ///
    /// # Errors
    /// One [`SetupError`] per setting that cannot work, as the service would meet it at its start.
    pub fn new(settings: &ConfluenceConfig) -> Result<Examiner, SetupError> {
        let roots = Line::roots(settings)?;
        Examiner::over(settings, roots, resolver::system())
    }

    /// The same with roots and a DNS of its own.
    pub(super) fn over(
        settings: &ConfluenceConfig,
        roots: Vec<CertificateDer<'static>>,
        lookup: Lookup,
    ) -> Result<Examiner, SetupError> {
        let interrupted = Arc::<AtomicBool>::default();
        let line = Line::assemble(settings, &roots, lookup.clone(), interrupted.clone())?;
        let base = line.base.join("/");
        let direct = || {
            let default = if line.base.is_https() { 443 } else { 80 };
            let port = base.port_u16().unwrap_or(default);
            format!("{}:{port}", line.base.host())
        };
        let proxy = line.agent.config().proxy();
        let (way, place) = match (&settings.proxy, proxy) {
            (Some(shown), Some(proxy)) if proxy.is_no_proxy(&base) => {
                (Way::Beside(shown.shown.clone()), direct())
            }
            (Some(shown), Some(_)) => {
                let place = agent::host_and_port(shown).ok_or(SetupError::Proxy)?;
                (Way::Through(shown.shown.clone()), place)
            }
            (None, _) | (_, None) => (Way::Direct, direct()),
        };
        let (confluence, _) = Confluence::over(line, settings, lookup.clone(), interrupted);
        Ok(Examiner {
            line: confluence.shared.line(),
            confluence,
            roots,
            lookup,
            connect_timeout: settings.connect_timeout,
            patience: MANIFEST_PATIENCE,
            way,
            place,
        })
    }

    /// Which way questions go.
    pub fn way(&self) -> &Way {
        &self.way
    }

    /// The host of Confluence, an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        self.line.base.host().trim_matches(['[', ']'])
    }

    /// Whether the host of Confluence is an address already.
    pub fn is_address(&self) -> bool {
        self.host().parse::<IpAddr>().is_ok()
    }

    /// Whether TLS is spoken with Confluence.
    pub fn is_https(&self) -> bool {
        self.line.base.is_https()
    }

    /// The addresses of the place where connections go: Confluence, or the outbound proxy. Blocks for as long as the
    /// system's DNS does.
    ///
    /// # Errors
    /// [`Obstacle::Name`] when the system knows none.
    pub fn resolve(&self) -> Result<Vec<SocketAddr>, UpstreamError> {
        match (self.lookup)(&self.place) {
            Ok(addresses) if !addresses.is_empty() => Ok(addresses),
            Ok(_) | Err(_) => Err(UpstreamError::Unreachable(Obstacle::Name)),
        }
    }

    /// Connects to the first of these addresses that answers. Blocks for `CONFLUENCE_CONNECT_TIMEOUT_SECONDS` at most:
    /// each address but the last gets half of what is left.
    ///
    /// # Errors
    /// Why the last address did not answer.
    pub fn connect(&self, addresses: &[SocketAddr]) -> Result<Connected, UpstreamError> {
        let until = Instant::now() + self.connect_timeout;
        let addresses = &addresses[..addresses.len().min(ADDRESSES_MAX)];
        let mut unanswered = Vec::new();
        let mut failure = UpstreamError::Unreachable(Obstacle::Name);
        for &address in addresses {
            let begun = Instant::now();
            let left = until.saturating_duration_since(begun);
            let is_last = unanswered.len() + 1 == addresses.len();
            let patience = if is_last { left } else { left / 2 };
            match TcpStream::connect_timeout(&address, patience.max(ATTEMPT_MIN)) {
                Ok(stream) => {
                    let took = begun.elapsed();
                    let reached = Reached {
                        address,
                        took,
                        unanswered,
                    };
                    return Ok(Connected { reached, stream });
                }
                Err(error) => failure = failure::connecting(&error),
            }
            unanswered.push(address);
        }
        Err(failure)
    }

    /// Shakes hands over a connection that leads straight to Confluence, and closes it. Blocks for
    /// `CONFLUENCE_CONNECT_TIMEOUT_SECONDS` at most. The answer is the version of the protocol, such as `TLS 1.3`.
    ///
    /// # Errors
    /// The [`Obstacle`] that the certificate or the peer is.
    pub fn secure(&self, connected: Connected) -> Result<&'static str, UpstreamError> {
        let until = Instant::now() + self.connect_timeout;
        let mut stream = connected.stream;
        let mut connection = self.tls_client()?;
        let outcome = shake_hands(&mut connection, &mut stream, until);
        connection.send_close_notify();
        while connection.wants_write() {
            // An alert that says why, or the farewell: whoever does not take it is gone.
            if !matches!(connection.write_tls(&mut stream), Ok(1..)) {
                break;
            }
        }
        outcome?;
        Ok(match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
            Some(_) | None => "TLS",
        })
    }

    fn tls_client(&self) -> Result<ClientConnection, UpstreamError> {
        let unusable = |_| UpstreamError::Unreachable(Obstacle::Tls);
        let name = ServerName::try_from(self.host().to_owned())
            .map_err(|_| UpstreamError::Unreachable(Obstacle::Tls))?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(self.roots.iter().cloned());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        ClientConnection::new(Arc::new(config), name).map_err(unusable)
    }

    /// Asks a Server or Data Center what it is, without the account and without cookies. Blocks for ten seconds at
    /// most.
    ///
    /// # Errors
    /// Why there was no answer. Any answer is good.
    pub fn manifest(&self) -> Result<Manifest, UpstreamError> {
        let mut request = Request::new(());
        *request.uri_mut() = self.line.base.join(MANIFEST);
        // The login gets a connection of its own: one that died in the pool would make it be sent twice.
        let close = HeaderValue::from_static("close");
        request.headers_mut().insert(header::CONNECTION, close);
        let agent = &self.line.agent;
        let request = agent
            .configure_request(request)
            .timeout_global(Some(self.patience)) // a silence and a drip alike
            .build();
        let response = agent.run(request).map_err(failure::before_answer)?;
        self.line.note_clock(response.headers(), SystemTime::now());
        let status = response.status().as_u16();
        let mut text = Vec::new();
        if status == 200 {
            let reader = response.into_body().into_reader();
            // What came before a break may say enough.
            let _ = reader.take(MANIFEST_BYTES_MAX).read_to_end(&mut text);
        }
        Ok(manifest::read(&text).unwrap_or(Manifest::Missing { status }))
    }

    /// Tests the login once. Blocks for as long as that takes.
    ///
    /// # Errors
    /// The refusal, or why the test came to nothing.
    pub fn login(&self) -> Result<Login, UpstreamError> {
        self.confluence.retest()
    }

    /// Confluence's clock beside ours, as of the last answer that carried a date.
    pub fn clocks(&self) -> Option<Clocks> {
        self.line.clocks()
    }

    /// All files of a page, in the session of the login.
    ///
    /// # Errors
    /// As [`Confluence::files_of`].
    pub fn files_of(&self, page: PageId) -> Result<Vec<Listed>, UpstreamError> {
        self.confluence.files_of(page)
    }

    /// The key of the space in which a page stands, in the session of the login.
    ///
    /// # Errors
    /// As [`Confluence::space_of`].
    pub fn space_of(&self, page: PageId) -> Result<Box<str>, UpstreamError> {
        self.confluence.space_of(page)
    }
}

impl fmt::Debug for Examiner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Examiner")
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

/// Goes on until both sides agree, or one does not.
fn shake_hands(
    connection: &mut ClientConnection,
    stream: &mut TcpStream,
    until: Instant,
) -> Result<(), UpstreamError> {
    let failed = |error: io::Error| failure::connecting(&error);
    while connection.is_handshaking() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let phase = Phase::Connect;
            return Err(UpstreamError::TimedOut { phase });
        }
        stream.set_read_timeout(Some(left)).map_err(failed)?;
        stream.set_write_timeout(Some(left)).map_err(failed)?;
        if connection.wants_write() {
            connection.write_tls(stream).map_err(failed)?;
        } else if connection.read_tls(stream).map_err(failed)? == 0 {
            return Err(UpstreamError::Unreachable(Obstacle::Dropped));
        } else {
            let obstacle = |error| UpstreamError::Unreachable(failure::tls(&error));
            connection.process_new_packets().map_err(obstacle)?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "examine_tests.rs"]
mod tests;

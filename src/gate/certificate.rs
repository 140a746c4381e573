//! The certificate that clients are shown, and how TLS is spoken with it. Every option of rustls is said here.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{InconsistentKeys, ServerConfig, ServerConnection};

use super::validity;
use crate::config::TlsFiles;

/// The one protocol that is spoken inside (RFC 7301): a client that offers only others, such as `h2`, is refused in the
/// handshake and does not have to guess.
const PROTOCOL: &[u8] = b"http/1.1";

/// A certificate with its key, ready to be shown. Cloning shares it; connections keep the one they began with.
#[derive(Clone)]
pub struct Certificate {
    config: Arc<ServerConfig>,
    /// When it ends; `None` if it does not say so in a way that is understood.
    ends: Option<SystemTime>,
}

/// Why the two files cannot be used. Each names the file to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateError {
    /// There is no certificate in the file, or one that cannot be read.
    NoCertificate(PathBuf),
    /// There is no private key in the file, or one that needs a passphrase.
    NoKey(PathBuf),
    /// The key is not the one of the first certificate.
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// The key, or the certificate, is of a kind that is not supported.
    Unsupported {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// The library's own words.
        reason: String,
    },
}

impl Certificate {
    /// Reads certificate chain and key, and makes sure that they belong together.
    ///
    /// # Errors
    /// See [`CertificateError`]: exit 78 at the start, a line in the log at a reload.
    pub fn new(files: &TlsFiles) -> Result<Certificate, CertificateError> {
        let pem = files.certificate_pem.as_bytes();
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .unwrap_or_default();
        if chain.is_empty() {
            return Err(CertificateError::NoCertificate(files.certificate.clone()));
        }
        let key = PrivateKeyDer::from_pem_slice(files.key_pem.expose().as_bytes())
            .map_err(|_| CertificateError::NoKey(files.key.clone()))?;
        let (certificate, key_file) = (files.certificate.clone(), files.key.clone());
        let refuse = |error: rustls::Error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                CertificateError::Mismatch {
                    certificate,
                    key: key_file,
                }
            }
            error => CertificateError::Unsupported {
                certificate,
                key: key_file,
                reason: error.to_string(),
            },
        };
        let ends = validity::ends(&chain[0]);
        let config = Arc::new(configure(chain, key).map_err(refuse)?);
        Ok(Certificate { config, ends })
    }

    /// Begins to speak TLS with one client.
    ///
    /// # Errors
    /// The library finds its own configuration wrong, which [`Certificate::new`] has ruled out.
    pub(super) fn begin(&self) -> Result<ServerConnection, rustls::Error> {
        ServerConnection::new(self.config.clone())
    }

    /// When it ends, in seconds since 1970; 0 if that is not known.
    pub(super) fn end(&self) -> u64 {
        let since = self
            .ends
            .and_then(|ends| ends.duration_since(UNIX_EPOCH).ok());
        since.map_or(0, |since| since.as_secs())
    }
}

fn configure(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()? // 1.2 and 1.3
        .with_no_client_auth() // anybody on the intranet
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    // Sessions are resumed by tickets, in both versions: the clients keep them, so they cost no memory here. The key of
    // the tickets dies with the certificate, so nobody resumes what a withdrawn one began.
    config.ticketer = ring::Ticketer::new()?;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 1; // browsers open several connections but ask for no more
    Ok(config)
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").finish_non_exhaustive() // nobody needs to see what leads to the key
    }
}

impl std::error::Error for CertificateError {}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CertificateError::NoCertificate(path) => write!(
                f,
                "PROXY_TLS_CERT_FILE={path:?} holds no certificate that can be read: expected PEM text, the service's own certificate first, those of its authority behind it"
            ),
            CertificateError::NoKey(path) => write!(
                f,
                "PROXY_TLS_KEY_FILE={path:?} holds no private key that can be read: expected PEM text without a passphrase (openssl pkey removes one)"
            ),
            CertificateError::Mismatch { certificate, key } => write!(
                f,
                "the key in PROXY_TLS_KEY_FILE={key:?} does not belong to the first certificate in PROXY_TLS_CERT_FILE={certificate:?}: put the service's own certificate first, or name the key it was made with"
            ),
            CertificateError::Unsupported {
                certificate,
                key,
                reason,
            } => write!(
                f,
                "PROXY_TLS_CERT_FILE={certificate:?} with PROXY_TLS_KEY_FILE={key:?} cannot be used ({reason}): expected an ECDSA key (P-256, P-384), an Ed25519 key, or an RSA key of 2048 bits or more"
            ),
        }
    }
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;

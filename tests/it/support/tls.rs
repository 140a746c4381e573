//! Certificates for the proxy, and clients that trust them.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion};

/// Where the certificates lie; `make` there makes them anew.
const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tls");

/// The path of one of the certificates' files.
pub fn file(name: &str) -> String {
    format!("{DIRECTORY}/{name}")
}

/// The settings for the pair of this name.
pub fn pair(name: &str) -> [(&'static str, String); 2] {
    [
        ("PROXY_TLS_CERT_FILE", file(&format!("{name}.pem"))),
        ("PROXY_TLS_KEY_FILE", file(&format!("{name}.key"))),
    ]
}

/// A client that trusts the authority of the tests, speaks these versions and offers these protocols inside.
pub fn trusting(
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&str],
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(file("authority.pem")).expect("a certificate");
    roots.add(authority).expect("an authority");
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .expect("ring speaks both")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// A session that has not begun yet.
pub fn session(config: &Arc<ClientConfig>) -> ClientConnection {
    let host = ServerName::try_from("localhost").expect("a name");
    ClientConnection::new(config.clone(), host).expect("a good configuration")
}

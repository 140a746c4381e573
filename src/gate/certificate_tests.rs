//! Tests of certificates: which pairs of files are taken, and what is said about the others.

use std::time::Duration;

use super::*;
use crate::config::Secret;

const CERTIFICATE: &str = include_str!("../../tests/it/tls/elliptic.pem");
const KEY: &str = include_str!("../../tests/it/tls/elliptic.key");
const RSA_CERTIFICATE: &str = include_str!("../../tests/it/tls/rsa.pem");
const RSA_KEY: &str = include_str!("../../tests/it/tls/rsa.key");
const AUTHORITY: &str = include_str!("../../tests/it/tls/authority.pem");

fn read(certificate: &str, key: &str) -> Result<Certificate, CertificateError> {
    Certificate::new(&TlsFiles {
        certificate: "/etc/cert.pem".into(),
        certificate_pem: certificate.into(),
        key: "/etc/key.pem".into(),
        key_pem: Secret::new(key),
    })
}

#[test]
fn pairs_of_every_common_kind_are_taken() {
    let both = [CERTIFICATE, KEY].concat();
    let reversed = [KEY, CERTIFICATE].concat();
    for (certificate, key) in [
        (CERTIFICATE, KEY),
        (RSA_CERTIFICATE, RSA_KEY),
        (&both, &both),         // as some tools write them
        (&reversed, &reversed), // and others
    ] {
        let certificate = read(certificate, key).expect("a good pair");
        assert!(certificate.begin().is_ok());
        assert_eq!(format!("{certificate:?}"), "Certificate { .. }");
        // As `openssl x509 -enddate` says it; the year is written with four digits.
        let end = UNIX_EPOCH + Duration::from_secs(4_949_440_232);
        assert_eq!(certificate.ends, Some(end));
    }
}

#[test]
fn whatever_cannot_be_used_is_told_with_file_and_remedy() {
    let authority_first = [AUTHORITY, CERTIFICATE].concat();
    let damaged = CERTIFICATE.replacen("MII", "!!!", 1);
    let not_a_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let locked = include_str!("../../tests/it/tls/locked.key");
    let small = include_str!("../../tests/it/tls/small.pem");
    let small_key = include_str!("../../tests/it/tls/small.key");
    for (certificate, key, expected) in [
        (
            "",
            KEY,
            "PROXY_TLS_CERT_FILE=\"/etc/cert.pem\" holds no certificate",
        ),
        (
            KEY,
            KEY,
            "PROXY_TLS_CERT_FILE=\"/etc/cert.pem\" holds no certificate",
        ),
        (
            &damaged,
            KEY,
            "PROXY_TLS_CERT_FILE=\"/etc/cert.pem\" holds no certificate",
        ),
        (
            CERTIFICATE,
            "",
            "PROXY_TLS_KEY_FILE=\"/etc/key.pem\" holds no private key",
        ),
        (
            CERTIFICATE,
            CERTIFICATE,
            "PROXY_TLS_KEY_FILE=\"/etc/key.pem\" holds no private key",
        ),
        (CERTIFICATE, locked, "without a passphrase"),
        (
            CERTIFICATE,
            RSA_KEY,
            "does not belong to the first certificate",
        ),
        (
            &authority_first,
            KEY,
            "put the service's own certificate first",
        ),
        (small, small_key, "an RSA key of 2048 bits or more"),
        (not_a_certificate, KEY, "cannot be used"),
    ] {
        let error = read(certificate, key).expect_err(expected).to_string();
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(!error.contains("MIGHAgEA"), "a part of a key: {error}");
    }
}

//! Against a peer that speaks TLS, with certificates made for these tests and nothing else.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use crossbeam_channel::{Receiver, unbounded};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::client::Confluence;
use super::error::{Breakage, Obstacle, Phase, SetupError, UpstreamError};
use super::peer::{Peer, Step, assembled, fetch, file, proven, send, settings};
use crate::config::CaFile;

/// An authority of its own.
pub(super) const AUTHORITY: &str = concat!(
    "MIIBeDCCAR6gAwIBAgIUdtMS9Y+1PfxW/X6lKnS+19LYoCgwCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkw",
    "IBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MFkwEwYHKoZIzj0CAQYI",
    "KoZIzj0DAQcDQgAE8LGe5nnMGdrBo1WDex/KXFDoTNTbbmGh+NmQA3kJYysZ+rBs4WP+V6lXUch2OPbHwdlHuRxwWn9qnGz0jrTd",
    "TqNCMEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQwHQYDVR0OBBYEFI4KKOJckuw1882ezT/d4eNKpay3MAoGCCqG",
    "SM49BAMCA0gAMEUCIES5TykCLd14qw3ni4C0mB8o6FRG39VFDQFwWDMfaQFxAiEA0Jyxn1+dxxg4aiWTvYqv+14SnoqWzGWjysMy",
    "w9w/Bo0=",
);

/// A certificate of that authority for `localhost`, good for a hundred years.
pub(super) const LEAF: &str = concat!(
    "MIIBqDCCAU+gAwIBAgIUW8pTQlYLrFhqaoRlOQyUQUyRbwowCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkw",
    "IBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49",
    "AwEHA0IABF5+ZWCHfZtyzFVadvaN8uiN2zJK7d68T6ZTv1NTJZyy+egKTS/6d+jizVBfcby2aYQfYI00A3uVbWHv+OBiUS6jeDB2",
    "MBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAJBgNVHRMEAjAAMBMGA1UdJQQMMAoGCCsGAQUFBwMBMB0GA1UdDgQWBBTpgOjl5XF0rn/U",
    "EwkSKNhFZyCzGDAfBgNVHSMEGDAWgBSOCijiXJLsNfPNns0/3eHjSqWstzAKBggqhkjOPQQDAgNHADBEAiBVP09no1p27pkUPXQ+",
    "JwX3qcpzXw/BkAk9w5o1uaBFbQIgL2trhifNsV/TNZix6lIAfEeYsAfVr6UgVn/3u/wgWLc=",
);

/// The same, no longer valid.
pub(super) const EXPIRED: &str = concat!(
    "MIIBpzCCAU2gAwIBAgIUGTERaQNjWOcCBB5jqczHQ7mqqmUwCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkw",
    "HhcNMjAwMTAxMDAwMDAwWhcNMjAwMjAxMDAwMDAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMB",
    "BwNCAARefmVgh32bcsxVWnb2jfLojdsySu3evE+mU79TUyWcsvnoCk0v+nfo4s1QX3G8tmmEH2CNNAN7lW1h7/jgYlEuo3gwdjAU",
    "BgNVHREEDTALgglsb2NhbGhvc3QwCQYDVR0TBAIwADATBgNVHSUEDDAKBggrBgEFBQcDATAdBgNVHQ4EFgQU6YDo5eVxdK5/1BMJ",
    "EijYRWcgsxgwHwYDVR0jBBgwFoAUjgoo4lyS7DXzzZ7NP93h40qlrLcwCgYIKoZIzj0EAwIDSAAwRQIgYfndz2X6QlhiGA7fh6m/",
    "FIHEAEb9xtT8TaPClhtGXhwCIQDRmGxzs+pKWcgR2Agri98ttV5UMoZc3VqCUeTtpckLvw==",
);

/// The key of both. It opens nothing.
const LEAF_KEY: &str = concat!(
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8VFEwMnuaBg1LWqw2fi3kPsbt4Gqig/LvEjTi5u1b16hRANCAARe",
    "fmVgh32bcsxVWnb2jfLojdsySu3evE+mU79TUyWcsvnoCk0v+nfo4s1QX3G8tmmEH2CNNAN7lW1h7/jgYlEu",
);

pub(super) fn certificate(base64: &str) -> CertificateDer<'static> {
    let bytes = BASE64_STANDARD.decode(base64).expect("a constant");
    CertificateDer::from(bytes)
}

/// What a TLS connection does, request after request; then it closes with (`true`) or without a `close_notify`.
pub(super) type Script = (Vec<String>, bool);

/// Serves one script per connection. The receiver gets the number of each connection that carried a request.
pub(super) fn serve(leaf: &str, scripts: Vec<Script>) -> (SocketAddr, Receiver<usize>) {
    let key = BASE64_STANDARD.decode(LEAF_KEY).expect("a constant");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows them")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate(leaf)],
            PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key)),
        )
        .expect("key and certificate fit");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (tell, requests) = unbounded();
    thread::spawn(move || {
        for (index, (answers, notify)) in scripts.into_iter().enumerate() {
            let (socket, _) = listener.accept().expect("accept works in tests");
            let connection = ServerConnection::new(config.clone()).expect("a good configuration");
            let mut stream = StreamOwned::new(connection, socket);
            for answer in answers {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n")
                    && stream.read(&mut byte).is_ok_and(|count| count == 1)
                {
                    head.push(byte[0]);
                }
                if head.is_empty() {
                    break;
                }
                let _ = tell.send(index);
                let _ = stream.write_all(answer.as_bytes());
            }
            if notify {
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    (address, requests)
}

fn client(address: SocketAddr, host: &str, roots: &[CertificateDer<'static>]) -> Confluence {
    let mut settings = settings(address);
    settings.url = format!("https://{host}:{}", address.port());
    assembled(&settings, roots, Arc::new(move |_| Ok(vec![address])))
}

pub(super) fn good(body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Disposition: inline\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[test]
fn a_trusted_peer_is_asked_over_one_connection() {
    let (address, requests) = serve(LEAF, vec![(vec![good("x"); 3], true)]);
    let client = client(address, "localhost", &[certificate(AUTHORITY)]);
    for _ in 0..3 {
        assert_eq!(fetch(&client, &file("a.png")), Ok(b"x".to_vec()));
    }
    assert_eq!(requests.iter().take(3).collect::<Vec<_>>(), [0, 0, 0]);
}

#[test]
fn a_peer_that_cannot_prove_itself_never_sees_a_request() {
    let authority = [certificate(AUTHORITY)];
    for (leaf, host, roots, obstacle) in [
        (LEAF, "localhost", &[][..], Obstacle::UnknownIssuer),
        (LEAF, "wiki.test", &authority, Obstacle::WrongName),
        (LEAF, "127.0.0.1", &authority, Obstacle::WrongName),
        (EXPIRED, "localhost", &authority, Obstacle::Expired),
    ] {
        let (address, requests) = serve(leaf, vec![(vec![good("x")], true)]);
        assert_eq!(
            fetch(&client(address, host, roots), &file("a.png")),
            Err(UpstreamError::Unreachable(obstacle))
        );
        // The sender goes with the peer's thread, which ends after its only connection.
        assert!(requests.recv().is_err(), "{obstacle:?}");
    }
}

#[test]
fn a_peer_without_tls_is_told_apart_from_a_silent_one() {
    let plain = Peer::play_one(vec![send("HTTP/1.1 400 Bad Request\r\n\r\n"), Step::Hold]);
    let client_of = |peer: &Peer| client(peer.address, "localhost", &[certificate(AUTHORITY)]);
    assert_eq!(
        fetch(&client_of(&plain), &file("a.png")),
        Err(UpstreamError::Unreachable(Obstacle::Tls))
    );
    let silent = Peer::play_one(vec![Step::Hold, Step::Hold, Step::Hold]);
    let mut settings = settings(silent.address);
    settings.url = format!("https://{}", silent.address);
    settings.connect_timeout = Duration::from_millis(200);
    assert_eq!(
        fetch(&proven(&settings), &file("a.png")),
        Err(UpstreamError::TimedOut {
            phase: Phase::Connect
        })
    );
}

#[test]
fn a_connection_that_died_in_the_pool_is_replaced_once_with_tls_too() {
    // The request is read and the connection closed instead of an answer, orderly or not.
    for notify in [true, false] {
        let dying = (vec![good("x"), String::new()], notify);
        let (address, requests) = serve(LEAF, vec![dying, (vec![good("y")], true)]);
        let client = client(address, "localhost", &[certificate(AUTHORITY)]);
        assert_eq!(fetch(&client, &file("a.png")), Ok(b"x".to_vec()));
        assert_eq!(fetch(&client, &file("a.png")), Ok(b"y".to_vec()));
        assert_eq!(requests.iter().collect::<Vec<_>>(), [0, 0, 1]);
    }
}

#[test]
fn a_body_cut_within_tls_is_an_error() {
    for notify in [true, false] {
        let cut = good("xyz").replace("Content-Length: 3", "Content-Length: 9");
        let (address, _) = serve(LEAF, vec![(vec![cut], notify)]);
        let broken = Breakage::Short {
            received: 3,
            announced: Some(9),
        };
        assert_eq!(
            fetch(
                &client(address, "localhost", &[certificate(AUTHORITY)]),
                &file("a.png")
            ),
            Err(UpstreamError::Broken(broken))
        );
    }
}

/// A certificate as a file holds it.
fn pem(base64: &str) -> String {
    let lines: Vec<&str> = (0..base64.len())
        .step_by(64)
        .map(|at| &base64[at..base64.len().min(at + 64)])
        .collect();
    let lines = lines.join("\n");
    format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
}

/// Whether an authority in a file lets a peer that it vouches for be asked.
fn fetch_with_authority(text: String) -> Result<Vec<u8>, SetupError> {
    let (address, _requests) = serve(LEAF, vec![(vec![good("x")], true)]);
    let mut settings = settings(address);
    settings.url = format!("https://localhost:{}", address.port());
    settings.ca = Some(CaFile {
        path: "/etc/our-ca.pem".into(),
        pem: text,
    });
    let roots = super::agent::roots(settings.ca.as_ref())?;
    let client = assembled(&settings, &roots, Arc::new(move |_| Ok(vec![address])));
    Ok(fetch(&client, &file("a.png")).expect("the peer is trusted"))
}

#[test]
fn a_private_authority_comes_from_a_file_beside_the_systems_own() {
    for text in [
        pem(AUTHORITY),
        format!("# our own\n{}{}", pem(EXPIRED), pem(AUTHORITY)),
        format!("{}\ngarbage behind it", pem(AUTHORITY)),
    ] {
        assert_eq!(fetch_with_authority(text), Ok(b"x".to_vec()));
    }
    for text in [
        String::new(),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(),
        "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n".to_owned(),
        "-----BEGIN CERTIFICATE-----\n".to_owned(),
    ] {
        let error = fetch_with_authority(text.clone()).expect_err("no authority");
        let path = "/etc/our-ca.pem".into();
        assert_eq!(error, SetupError::Authority { path }, "{text}");
        assert!(
            error
                .to_string()
                .contains("CONFLUENCE_CA_FILE=\"/etc/our-ca.pem\"")
        );
    }
}

#[test]
fn a_useless_authority_is_named_even_where_no_tls_is_spoken() {
    let (address, _requests) = serve(LEAF, Vec::new());
    let mut settings = settings(address);
    settings.ca = Some(CaFile {
        path: "/etc/our-ca.pem".into(),
        pem: String::new(),
    });
    let path = "/etc/our-ca.pem".into();
    let error = Confluence::new(&settings).err();
    assert_eq!(error, Some(SetupError::Authority { path }));
}

#[test]
fn the_system_has_roots_or_says_so() {
    let has_any = !rustls_native_certs::load_native_certs().certs.is_empty();
    match super::agent::roots(None) {
        Ok(roots) => assert!(has_any && !roots.is_empty()),
        Err(error) => assert!(
            !has_any && error.to_string().contains("ca-certificates"),
            "{error}"
        ),
    }
}

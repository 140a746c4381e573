//! The steps of the way, against peers that are good or bad at one of them.

use std::net::TcpListener;
use std::path::PathBuf;
use std::thread;

use super::*;
use crate::config::{CaFile, OutboundProxy, Secret};
use crate::confluence::error::Refusal;
use crate::confluence::peer::{Peer, SECRET, Step, send, settings};
use crate::confluence::tls_tests::{AUTHORITY, EXPIRED, LEAF, good, serve};

/// A way to `address` under the name `host`, with the authority of the tests in `CONFLUENCE_CA_FILE` or without.
fn examiner(address: SocketAddr, host: &str, ca: bool) -> Examiner {
    let mut settings = settings(address);
    settings.url = format!("https://{host}:{}/c", address.port());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{AUTHORITY}\n-----END CERTIFICATE-----\n");
    let path = PathBuf::from("/etc/ca.pem");
    settings.ca = ca.then_some(CaFile { path, pem });
    // A system without any authority is no reason to fail here.
    let roots = Line::roots(&settings).unwrap_or_default();
    let lookup = Arc::new(move |_: &str| Ok(vec![address]));
    Examiner::over(&settings, roots, lookup).expect("good settings")
}

fn secure(examiner: &Examiner) -> Result<&'static str, UpstreamError> {
    let addresses = examiner.resolve().expect("a scripted lookup");
    examiner.secure(examiner.connect(&addresses).expect("a peer that listens"))
}

#[test]
fn a_certificate_is_trusted_for_its_name_its_time_and_its_authority() {
    for (leaf, host, ca, expected) in [
        (LEAF, "localhost", true, Ok("TLS 1.3")),
        (LEAF, "localhost", false, Err(Obstacle::UnknownIssuer)),
        (LEAF, "wiki.test", true, Err(Obstacle::WrongName)),
        (LEAF, "127.0.0.1", true, Err(Obstacle::WrongName)),
        (EXPIRED, "localhost", true, Err(Obstacle::Expired)),
    ] {
        let (address, requests) = serve(leaf, vec![(vec![good("x")], true)]);
        let found = secure(&examiner(address, host, ca));
        assert_eq!(found, expected.map_err(UpstreamError::Unreachable));
        // The peer's thread ends after its only connection, and no request was on it.
        assert!(requests.recv().is_err(), "{host}");
    }
}

#[test]
fn a_peer_that_does_not_speak_tls_is_told_apart_from_a_silent_one() {
    let plain = send("HTTP/1.1 400 Bad Request\r\n\r\n");
    let phase = Phase::Connect;
    for (steps, expected) in [
        (
            vec![plain, Step::Hold],
            UpstreamError::Unreachable(Obstacle::Tls),
        ),
        (vec![Step::Hold], UpstreamError::TimedOut { phase }),
    ] {
        let peer = Peer::play_one(steps);
        let mut examiner = examiner(peer.address, "localhost", true);
        if let UpstreamError::TimedOut { .. } = expected {
            examiner.connect_timeout = Duration::from_millis(200);
        }
        assert_eq!(secure(&examiner), Err(expected));
    }
}

#[test]
fn a_peer_that_closes_in_the_handshake_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let closing = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("accept works in tests");
        stream.read(&mut [0]).expect("a greeting comes") // the rest of it is not read: a reset
    });
    let dropped = UpstreamError::Unreachable(Obstacle::Dropped);
    assert_eq!(secure(&examiner(address, "localhost", true)), Err(dropped));
    assert_eq!(closing.join().expect("no panic"), 1);
}

#[test]
fn addresses_are_tried_in_turn() {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    let peer = Peer::play_one(vec![Step::Hold]);
    let examiner = examiner(peer.address, "localhost", true);
    let connected = examiner.connect(&[nobody, peer.address]);
    let reached = connected.expect("the second one listens").reached;
    assert_eq!(
        (reached.address, reached.unanswered),
        (peer.address, vec![nobody])
    );
    let failed = examiner.connect(&[nobody]).expect_err("nobody listens");
    assert_eq!(failed, UpstreamError::Unreachable(Obstacle::Closed));
}

#[test]
fn only_the_login_and_what_comes_after_it_carry_the_account() {
    let answer = |kind: &str, body: &str| {
        let length = body.len();
        send(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nSet-Cookie: JSESSIONID=s\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    };
    let manifest = "<typeId>confluence</typeId><version>9.2.17</version>";
    let alone = vec![Step::Head, answer("application/xml", manifest)];
    let steps = vec![
        Step::Head,
        answer("application/json", r#"{"type":"known","username":"me"}"#),
        Step::Head,
        answer("application/json", r#"{"results":[]}"#),
    ];
    let peer = Peer::play(vec![alone, steps]);
    let examiner = Examiner::new(&settings(peer.address)).expect("good settings");
    assert_eq!((examiner.way(), examiner.clocks()), (&Way::Direct, None));
    let version = Some("9.2.17".to_owned());
    assert_eq!(examiner.manifest(), Ok(Manifest::Confluence { version }));
    let clocks = examiner.clocks().expect("the answer had a date");
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    assert_eq!(clocks.theirs, then);
    let name = Some("me".to_owned());
    let is_answered = true;
    assert_eq!(examiner.login(), Ok(Login { name, is_answered }));
    let page = PageId::parse("12").expect("a page id");
    assert_eq!(examiner.files_of(page), Ok(Vec::new()));
    let heads = peer.journal().concat();
    let fields = |name: &str| -> Vec<bool> {
        let has = |head: &String| head.to_ascii_lowercase().contains(name);
        heads.iter().map(has).collect()
    };
    assert_eq!(fields("\r\nauthorization: basic"), [false, true, true]);
    assert_eq!(fields("\r\ncookie: jsessionid=s"), [false, false, true]);
    assert!(heads[0].starts_with("GET /c/rest/applinks/1.0/manifest HTTP/1.1\r\n"));
}

#[test]
fn a_manifest_is_read_to_a_bound_and_as_far_as_it_came() {
    let filler = "x".repeat(64 * 1024);
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
    let (kind, version) = ("<typeId>confluence</typeId>", "<version>9.2</version>");
    let missing = |status| Manifest::Missing { status };
    let confluence = |version: Option<&str>| Manifest::Confluence {
        version: version.map(str::to_owned),
    };
    for (answer, expected) in [
        (format!("{head}{kind}{filler}{version}"), confluence(None)),
        (format!("{head}{kind}{version}"), confluence(Some("9.2"))),
        (format!("{head}{filler}{kind}{version}"), missing(200)),
        (
            "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n".to_owned(),
            missing(404),
        ),
    ] {
        let peer = Peer::play_one(vec![Step::Head, send(answer)]);
        let examiner = Examiner::new(&settings(peer.address)).expect("good settings");
        assert_eq!(examiner.manifest(), Ok(expected));
    }
}

#[test]
fn a_manifest_that_does_not_come_or_never_ends_is_not_waited_for() {
    let begun = Instant::now();
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<typeId>confluence</typeId>";
    let phase = Phase::Head;
    for (steps, expected) in [
        (vec![Step::Hold], Err(UpstreamError::TimedOut { phase })),
        (
            vec![Step::Head, send(head), Step::Hold],
            Ok(Manifest::Confluence { version: None }),
        ),
    ] {
        let peer = Peer::play_one(steps);
        let mut settings = settings(peer.address);
        settings.read_timeout = Duration::from_secs(300);
        let mut examiner = Examiner::new(&settings).expect("good settings");
        examiner.patience = Duration::from_millis(300);
        assert_eq!(examiner.manifest(), expected);
    }
    assert!(begun.elapsed() < MANIFEST_PATIENCE);
}

/// Settings with an outbound proxy at `proxy` for a Confluence that only the proxy knows.
fn behind(proxy: SocketAddr, bypass: &str) -> ConfluenceConfig {
    let mut settings = settings(proxy);
    settings.url = "http://wiki.test/c".to_owned();
    settings.proxy = Some(OutboundProxy {
        url: Secret::new(format!("http://me:{SECRET}@{proxy}")),
        shown: format!("http://{proxy}"),
        bypass: bypass.to_owned(),
    });
    settings
}

#[test]
fn an_outbound_proxy_is_where_connections_go() {
    let refused = "{\"type\":\"anonymous\"}";
    let tunnel = || {
        let connected = "HTTP/1.1 200 Connection established\r\n\r\n";
        vec![Step::Head, send(connected), Step::Head]
    };
    let (mut first, mut second) = (tunnel(), tunnel());
    first.push(send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
    let json = "Content-Type: application/json\r\nContent-Length";
    second.push(send(format!(
        "HTTP/1.1 200 OK\r\n{json}: {}\r\n\r\n{refused}",
        refused.len()
    )));
    let peer = Peer::play(vec![vec![], first, second]);
    let examiner = Examiner::new(&behind(peer.address, "")).expect("good settings");
    assert_eq!(
        examiner.way(),
        &Way::Through(format!("http://{}", peer.address))
    );
    assert_eq!(examiner.host(), "wiki.test");
    let addresses = examiner.resolve().expect("the proxy is an address");
    let connected = examiner.connect(&addresses).expect("the proxy listens");
    assert_eq!(connected.reached.address, peer.address);
    assert_eq!(examiner.manifest(), Ok(Manifest::Missing { status: 404 }));
    let anonymous = UpstreamError::Refused(Refusal::Anonymous);
    assert_eq!(examiner.login(), Err(anonymous));
    assert!(!format!("{examiner:?}").contains(SECRET));
}

#[test]
fn a_host_that_is_taken_out_is_reached_without_the_proxy() {
    let peer = Peer::play(vec![]);
    for (bypass, is_through) in [
        ("", true),
        ("other.test", true),
        (".test", false),
        ("*", false),
    ] {
        let examiner = Examiner::new(&behind(peer.address, bypass)).expect("good settings");
        let shown = format!("http://{}", peer.address);
        let expected = match is_through {
            true => Way::Through(shown),
            false => Way::Beside(shown),
        };
        assert_eq!(examiner.way(), &expected, "{bypass}");
        let place = match is_through {
            true => peer.address.to_string(),
            false => "wiki.test:80".to_owned(),
        };
        assert_eq!(examiner.place, place, "{bypass}");
    }
}

#[test]
fn hosts_are_told_from_addresses() {
    for (url, host, is_address, place) in [
        ("http://wiki.test/c", "wiki.test", false, "wiki.test:80"),
        ("http://10.0.0.7:8090", "10.0.0.7", true, "10.0.0.7:8090"),
        (
            "http://[2001:db8::1]/wiki",
            "2001:db8::1",
            true,
            "[2001:db8::1]:80",
        ),
    ] {
        let mut settings = settings(SocketAddr::from(([127, 0, 0, 1], 1)));
        settings.url = url.to_owned();
        let examiner = Examiner::new(&settings).expect("good settings");
        assert_eq!(examiner.host(), host);
        assert_eq!(examiner.is_address(), is_address, "{url}");
        assert_eq!(examiner.place, place);
    }
}

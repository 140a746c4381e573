//! HTTPS for clients: what is agreed on, what is renewed, and that no byte is lost, cut or left open on the way.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use confluence_attachment_proxy::demo::{Behaviour, Latch};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, HandshakeKind, ProtocolVersion};

use crate::support::answer::{masked, refusal};
use crate::support::binary::{self, Binary};
use crate::support::tls::{file, pair, session, trusting};
use crate::support::{Client, PAGE, PATIENCE, Program, Proxy, pattern};

/// A proxy in this process that speaks HTTPS, with other settings.
fn https(settings: &[(&str, &str)]) -> Proxy {
    let pair = pair("elliptic");
    let both = pair.iter().map(|(name, value)| (*name, value.as_str()));
    Proxy::with(&both.chain(settings.iter().copied()).collect::<Vec<_>>())
}

/// A client with what every browser has.
fn browser() -> Arc<ClientConfig> {
    trusting(&[&TLS13, &TLS12], &["h2", "http/1.1"])
}

fn connect(proxy: &Proxy, config: &Arc<ClientConfig>) -> Client {
    proxy.connect().over_tls(session(config))
}

#[test]
fn what_comes_while_decrypted_requests_wait_is_not_forgotten() {
    const FULL_RECORD: usize = 16_384;
    const BEGUN: usize = 30;
    let proxy = https(&[]);
    let bytes = proxy.put("a.png", 10);
    let request = "GET /proxy/7/a.png HTTP/1.1\r\nHost: test\r\nX-Filler: 0123456789abcdef\r\n\r\n";
    let all = request.repeat(FULL_RECORD / request.len() + 3);
    let mut client = connect(&proxy, &trusting(&[&TLS13], &["http/1.1"]));
    // Behind the beginning of a head, a full record is more than the gate reads at once: the rest of it waits in the
    // session, and the socket is empty, until the last requests come.
    let (first, rest) = all.split_at(request.len() + BEGUN);
    client.send(first);
    assert_eq!(client.response(false).status, 200);
    let (record, last) = rest.split_at(FULL_RECORD);
    client.send(record);
    assert_eq!(client.response(false).status, 200);
    client.send(last);
    for _ in 2..all.len() / request.len() {
        let response = client.response(false);
        assert!(response.status == 200 && response.body == bytes);
    }
}

#[test]
fn a_farewell_right_behind_a_request_ends_the_connection_behind_its_answer() {
    let proxy = https(&[]);
    for version in [&TLS13, &TLS12] {
        let mut client = connect(&proxy, &trusting(&[version], &["http/1.1"]));
        assert_eq!(client.get("/healthz").status, 200);
        let tls = client.tls.as_mut().expect("it speaks TLS");
        let request = b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n";
        tls.writer().write_all(request).expect("there is room");
        tls.send_close_notify();
        let mut records = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut records)
                .expect("memory takes everything");
        }
        client.socket.write_all(&records).expect("the proxy reads"); // in one segment
        assert_eq!(client.response(false).status, 200);
        let asked = Instant::now();
        assert!(client.ends_well(), "{version:?}");
        assert!(asked.elapsed() < Duration::from_secs(5), "{version:?}");
    }
}

#[test]
fn every_kind_of_answer_arrives_whole_in_both_versions() {
    let proxy = https(&[]);
    let sizes = [
        ("a.png", 0),
        ("b.png", 100),
        ("c.png", 65_535),
        ("d.png", 1_000_000),
        ("e.png", 9_000_000),
    ];
    let files = sizes.map(|(name, size)| (name, proxy.put(name, size)));
    for (version, name) in [
        (&TLS13, ProtocolVersion::TLSv1_3),
        (&TLS12, ProtocolVersion::TLSv1_2),
    ] {
        let mut client = connect(&proxy, &trusting(&[version], &["http/1.1"]));
        for (name, bytes) in &files {
            for _ in 0..2 {
                let response = client.get(&format!("/proxy/7/{name}"));
                assert_eq!(response.status, 200, "{name}");
                assert!(response.complete && response.body == *bytes, "{name}");
            }
            let head = client.ask("HEAD", &format!("/proxy/7/{name}"), &[]);
            assert_eq!(
                head.field("Content-Length"),
                Some(bytes.len().to_string().as_str())
            );
        }
        for (name, size) in [("d.png", 1_000_000), ("e.png", 9_000_000)] {
            let bytes = pattern(size);
            let range = |fields| client_range(&proxy, version, name, fields);
            assert!(range("bytes=10-500009") == bytes[10..500_010]);
            let parts = range("bytes=0-99999,-100000");
            assert!(
                contains(&parts, &bytes[..100_000]) && contains(&parts, &bytes[size - 100_000..])
            );
        }
        let tls = client.tls.as_ref().expect("it speaks TLS");
        assert_eq!(tls.protocol_version(), Some(name));
        assert_eq!(tls.alpn_protocol(), Some(&b"http/1.1"[..]));
    }
    assert_eq!(proxy.fetches(), files.len());
}

fn client_range(
    proxy: &Proxy,
    version: &'static rustls::SupportedProtocolVersion,
    name: &str,
    range: &str,
) -> Vec<u8> {
    let mut client = connect(proxy, &trusting(&[version], &[]));
    let response = client.ask("GET", &format!("/proxy/7/{name}"), &[("Range", range)]);
    assert_eq!(response.status, 206);
    assert!(response.complete);
    response.body
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

#[test]
fn who_watches_reads_when_the_certificate_ends() {
    const LINE: &str = "confluence_attachment_proxy_tls_certificate_end_timestamp_seconds";
    let ends = |metrics: &str| {
        let line = metrics.lines().find(|line| line.starts_with(LINE));
        line.map(|line| line[LINE.len() + 1..].to_owned())
    };
    // As `openssl x509 -enddate` says it.
    let metrics = connect(&https(&[]), &browser()).get("/metrics");
    assert_eq!(ends(metrics.text()).as_deref(), Some("4949440232"));
    assert_eq!(ends(Proxy::start().connect().get("/metrics").text()), None);
}

#[test]
fn sessions_are_resumed_in_both_versions() {
    let proxy = https(&[]);
    for version in [&TLS13, &TLS12] {
        let config = trusting(&[version], &["http/1.1"]);
        for kind in [
            HandshakeKind::Full,
            HandshakeKind::Resumed,
            HandshakeKind::Resumed,
        ] {
            let mut client = connect(&proxy, &config);
            assert_eq!(client.get("/healthz").text(), "ok\n");
            let tls = client.tls.as_ref().expect("it speaks TLS");
            assert_eq!(tls.handshake_kind(), Some(kind), "{version:?}");
        }
    }
}

#[test]
fn only_http_1_1_is_agreed_on() {
    let proxy = https(&[]);
    for (offered, agreed) in [
        (&["h2", "http/1.1"][..], Some(&b"http/1.1"[..])),
        (&[], None),
    ] {
        let mut client = connect(&proxy, &trusting(&[&TLS13], offered));
        assert_eq!(client.get("/healthz").status, 200);
        assert_eq!(client.tls.expect("it speaks TLS").alpn_protocol(), agreed);
    }
    let (mut socket, mut tls) = (
        proxy.connect().socket,
        session(&trusting(&[&TLS13], &["h2", "http/1.0"])),
    );
    let error = tls.complete_io(&mut socket).expect_err("nothing in common");
    assert!(
        error.to_string().contains("NoApplicationProtocol"),
        "{error}"
    );
}

#[test]
fn who_speaks_plain_on_the_port_of_https_is_told_so_in_plain() {
    let proxy = https(&[]);
    for bytes in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET / HTTP/1.0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\n",
    ] {
        let mut client = proxy.connect();
        client.send(bytes);
        let reason = "this port speaks HTTPS only; begin the address with https://";
        let told = refusal("400 Bad Request", "", reason);
        assert_eq!(masked(&client.rest()), told);
        assert!(!client.reset);
    }
    assert_eq!(connect(&proxy, &browser()).get("/healthz").status, 200);
}

#[test]
fn what_is_no_tls_any_more_is_answered_with_an_alert() {
    let proxy = https(&[]);
    const FATAL: u8 = 2;
    let hello = |body: &[u8]| [&[22, 3, 1, 0, body.len() as u8], body].concat();
    for (name, bytes, alert) in [
        (
            "a record that is too long",
            vec![22, 3, 1, 0xff, 0xff, 1],
            50,
        ), // decode_error
        ("an empty hello", hello(&[1, 0, 0, 0]), 50),
        ("an unexpected message", hello(&[14, 0, 0, 0]), 10), // unexpected_message
        ("TLS 1.1", hello(&hello_of_tls_1_1()), 40),          // handshake_failure
    ] {
        let mut client = proxy.connect();
        client.send(&bytes);
        let answer = client.rest();
        assert_eq!(answer.len(), 7, "{name}: {answer:?}");
        assert_eq!(
            (answer[0], &answer[5..]),
            (21, &[FATAL, alert][..]),
            "{name}"
        );
    }
    let mut client = connect(&proxy, &browser());
    assert_eq!(client.get("/healthz").status, 200);
    client
        .socket
        .write_all(b"GET / HTTP/1.1\r\n\r\n")
        .expect("it reads");
    let error = client
        .tls
        .as_mut()
        .expect("it speaks TLS")
        .complete_io(&mut client.socket);
    assert!(error.is_err() || client.is_closed());
    assert_eq!(connect(&proxy, &browser()).get("/healthz").status, 200);
}

/// The message of a client that knows nothing newer: version, random, no session, one suite, no compression.
fn hello_of_tls_1_1() -> Vec<u8> {
    let body = [&[3, 2][..], &[7; 32], &[0, 0, 2, 0xc0, 0x2b, 1, 0]].concat();
    [&[1, 0, 0, body.len() as u8][..], &body].concat()
}

#[test]
fn the_end_of_an_answer_is_said_and_a_cut_one_is_not() {
    let proxy = https(&[]);
    let bytes = proxy.put("a.png", 300_000);
    let latch = Latch::new();
    // Of unknown length, for a client that knows no frames: the end of the connection is the end of the file.
    proxy
        .origin
        .script(PAGE, "a.png", Behaviour::Chunked.held(&latch));
    let mut old = connect(&proxy, &browser());
    old.send("GET /proxy/7/a.png HTTP/1.0\r\n\r\n");
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    latch.open();
    let response = old.response(false);
    assert!(response.complete && response.body == bytes);
    assert!(!old.reset, "with the farewell of TLS");
    proxy.put("b.png", 300_000);
    let cut = Behaviour::ChunkedCut { sent: 200_000 };
    proxy.origin.script(PAGE, "b.png", cut);
    let mut old = connect(&proxy, &browser());
    old.send("GET /proxy/7/b.png HTTP/1.0\r\n\r\n");
    let response = old.response(false);
    assert!(!response.complete && old.reset, "{}", response.body.len());
    for close in ["Connection: close\r\n", ""] {
        let mut client = connect(&proxy, &browser());
        client.send(format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{close}\r\n"));
        assert_eq!(client.response(false).text(), "ok\n");
        if close.is_empty() {
            client.finish_sending();
        }
        assert!(client.ends_well());
    }
}

#[test]
fn a_client_of_tls_that_has_nothing_more_to_say_gets_its_answers() {
    let proxy = https(&[]);
    let bytes = proxy.put("a.png", 700_000);
    assert_eq!(proxy_get(&proxy, "a.png").len(), bytes.len());
    for requests in 1..=3 {
        let mut client = connect(&proxy, &browser());
        client.send("GET /proxy/7/a.png HTTP/1.1\r\nHost: a\r\n\r\n".repeat(requests));
        client.finish_sending();
        for _ in 0..requests {
            let response = client.response(false);
            assert!(response.complete && response.body == bytes);
        }
        assert!(client.ends_well());
    }
}

fn proxy_get(proxy: &Proxy, name: &str) -> Vec<u8> {
    connect(proxy, &browser())
        .get(&format!("/proxy/7/{name}"))
        .body
}

#[test]
fn many_requests_in_one_record_and_one_request_in_many_records() {
    let proxy = https(&[]);
    let request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut client = connect(&proxy, &browser());
    client.send(request.repeat(400)); // about one record of 16 KiB
    for _ in 0..400 {
        assert_eq!(client.response(false).text(), "ok\n");
    }
    for byte in request.bytes() {
        client.send([byte]);
    }
    assert_eq!(client.response(false).text(), "ok\n");
    let long = format!(
        "GET /healthz HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "a".repeat(16_000)
    );
    assert_eq!(client.send(&long).response(false).text(), "ok\n");
    let too_long = format!(
        "GET /healthz HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "a".repeat(17_000)
    );
    assert_eq!(client.send(&too_long).response(false).status, 431);
    assert!(client.ends_well());
}

#[test]
fn slow_readers_of_tls_hold_nobody_up_and_cost_no_thread() {
    let pair = pair("elliptic");
    let settings = pair.each_ref().map(|(name, value)| (*name, value.as_str()));
    let program = Program::start(&settings, 1024);
    let (big, small) = (
        program.put("big.png", 5_000_000),
        program.put("small.png", 1000),
    );
    let config = browser();
    let mut quick = program.connect().over_tls(session(&config));
    assert!(quick.get("/proxy/7/big.png").body == big);
    assert_eq!(quick.get("/proxy/7/small.png").body, small);
    let threads = program.threads();
    let readers: Vec<(Client, String)> = (0..100)
        .map(|_| {
            let mut reader = program.connect().over_tls(session(&config));
            reader.request("GET", "/proxy/7/big.png", &[]);
            let head = reader.head();
            (reader, head)
        })
        .collect();
    for _ in 0..100 {
        assert_eq!(quick.get("/proxy/7/small.png").body, small);
    }
    assert!(
        program.threads() <= threads,
        "spare ones of the start may have ended"
    );
    for (mut reader, head) in readers.into_iter().step_by(20) {
        let response = reader.body(head, false);
        assert!(
            response.complete && response.body == big,
            "it was asleep, not gone"
        );
    }
    assert!(quick.get("/proxy/7/big.png").body == big);
}

#[test]
fn who_gets_no_seat_is_told_so_inside_of_tls() {
    let proxy = https(&[("PROXY_MAX_CONNECTIONS", "16")]);
    let mut seated: Vec<Client> = (0..4).map(|_| connect(&proxy, &browser())).collect();
    assert!(
        seated
            .iter_mut()
            .all(|client| client.get("/healthz").status == 200)
    );
    let mut fifth = connect(&proxy, &browser());
    fifth.request("GET", "/healthz", &[]);
    let response = fifth.response(false);
    assert_eq!(
        (
            response.status,
            response.text(),
            response.field("Retry-After")
        ),
        (
            503,
            "503 Service Unavailable: too many connections from your address, close some\n来自您的地址的连接太多，请关闭一些\n",
            Some("1")
        )
    );
    assert!(
        seated
            .iter_mut()
            .all(|client| client.get("/healthz").status == 200)
    );
}

#[test]
fn a_handshake_that_takes_longer_than_ten_seconds_is_given_up() {
    let proxy = https(&[]);
    let started = Instant::now();
    let (mut silent, mut half, mut agreed) = (
        proxy.connect(),
        proxy.connect(),
        connect(&proxy, &browser()),
    );
    let mut tls = session(&browser());
    let mut hello = Vec::new();
    tls.write_tls(&mut hello).expect("a Vec takes all");
    half.send(&hello[..hello.len() / 2]);
    // The handshake and the head share the ten seconds.
    agreed
        .tls
        .as_mut()
        .expect("it speaks TLS")
        .complete_io(&mut agreed.socket)
        .expect("a handshake");
    agreed.send("GET / HTTP/1.1\r\nHost: ");
    let mut dripping = proxy.connect();
    let slow = dripping
        .socket
        .set_read_timeout(Some(Duration::from_millis(400)));
    slow.expect("a timeout");
    let mut bytes = hello.iter();
    loop {
        match dripping.socket.read(&mut [0; 1]) {
            Ok(0) => break,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                assert!(started.elapsed() < PATIENCE, "it waits for ever");
                dripping.send([*bytes.next().expect("the hello is long")]);
            }
            Ok(_) => panic!("an answer to half a hello"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                break;
            }
        }
    }
    assert_eq!(agreed.response(false).status, 408);
    assert!(silent.is_closed() && half.is_closed());
    let waited = started.elapsed();
    assert!(
        Duration::from_secs(10) <= waited && waited < Duration::from_secs(15),
        "{waited:?}"
    );
}

#[test]
fn a_new_certificate_is_shown_to_new_clients_and_old_connections_go_on() {
    let [certificate, key] = ["cert", "key"].map(|name| {
        let name = format!("{name}-of-https-test-{}.pem", std::process::id());
        let path = std::env::temp_dir().join(name);
        path.to_str().expect("UTF-8").to_owned()
    });
    let install = |pair: &str, key_of: &str| {
        std::fs::copy(file(&format!("{pair}.pem")), &certificate).expect("a copy");
        std::fs::copy(file(&format!("{key_of}.key")), &key).expect("a copy");
    };
    install("elliptic", "elliptic");
    let (origin, bytes) = binary::origin("a.png", 20_000_000);
    let mut settings = binary::settings(&origin);
    settings.insert("PROXY_TLS_CERT_FILE".into(), certificate.clone());
    settings.insert("PROXY_TLS_KEY_FILE".into(), key.clone());
    settings.insert("CACHE_MAX_BYTES".into(), "256MiB".into());
    let (mut binary, address) = Binary::serving(&settings);
    assert!(binary.line("started version=").contains(" scheme=https "));
    let config = trusting(&[&TLS13], &[]);
    let connect = || Client::connect(address).over_tls(session(&config));
    let mut old = connect();
    old.request("GET", "/proxy/7/a.png", &[]);
    let head = old.head();

    let shown = |mut client: Client| {
        assert_eq!(client.get("/healthz").status, 200);
        let tls = client.tls.expect("it speaks TLS");
        (
            tls.peer_certificates().expect("shown")[0].to_vec(),
            tls.handshake_kind(),
        )
    };
    let (first, _) = shown(connect());
    binary.signal("HUP");
    binary.line("reload: the certificate has not changed");
    assert_eq!(
        shown(connect()),
        (first.clone(), Some(HandshakeKind::Resumed))
    );
    install("rsa", "rsa");
    binary.signal("HUP");
    binary.line("reload: new connections are shown the new certificate");
    let (second, kind) = shown(connect());
    assert!(first != second, "the first one is still shown");
    assert_eq!(
        kind,
        Some(HandshakeKind::Full),
        "nobody resumes what the old certificate began"
    );
    for (pair, key_of, expected) in [
        ("small", "small", "cannot be used"),
        (
            "elliptic",
            "rsa",
            "does not belong to the first certificate",
        ),
    ] {
        install(pair, key_of);
        binary.signal("HUP");
        let line = binary.line(expected);
        assert!(line.contains("reload: ") && line.contains("the certificate in force stays"));
        assert_eq!(shown(connect()).0, second);
    }
    std::fs::remove_file(&key).expect("it was there");
    binary.signal("HUP");
    let line = binary.line("cannot be read");
    assert!(
        line.contains("reload: PROXY_TLS_KEY_FILE: ")
            && line.contains("the certificate in force stays"),
        "{line}"
    );
    assert_eq!(shown(connect()).0, second);
    let response = old.body(head, false);
    assert!(
        response.complete && response.body == bytes,
        "the download of before"
    );
    assert_eq!(old.get("/healthz").status, 200);
    let ended = binary.stop("TERM");
    assert_eq!(ended.code, Some(0));
    assert!(!ended.text().contains("PRIVATE KEY"));
    std::fs::remove_file(&certificate).expect("it was there");
}

#[test]
fn files_that_cannot_be_used_end_the_start_with_78() {
    let (origin, _) = binary::origin("a.png", 10);
    for (certificate, key, expected) in [
        (
            "elliptic.pem",
            "rsa.key",
            "does not belong to the first certificate",
        ),
        ("elliptic.pem", "locked.key", "without a passphrase"),
        ("make", "rsa.key", "holds no certificate"),
        ("none.pem", "rsa.key", "cannot be read"),
    ] {
        let mut settings = binary::settings(&origin);
        settings.insert("PROXY_TLS_CERT_FILE".into(), file(certificate));
        settings.insert("PROXY_TLS_KEY_FILE".into(), file(key));
        for words in [&["serve"][..], &["check"]] {
            let ended = binary::run(words, &settings);
            assert_eq!(ended.code, Some(78), "{certificate} {key}");
            assert!(ended.text().contains(expected), "{}", ended.text());
        }
    }
    assert_eq!(origin.requests(), 0, "nothing was asked");
    let mut settings = binary::settings(&origin);
    settings.extend(pair("rsa").map(|(name, value)| (name.to_owned(), value)));
    let ended = binary::run(&["check"], &settings);
    assert_eq!(ended.code, Some(0), "{}", ended.text());
    let line = "ok    https           clients are shown the certificate in PROXY_TLS_CERT_FILE=";
    assert!(ended.text().contains(line), "{}", ended.text());
}

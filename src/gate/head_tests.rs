//! Heads: found, vetted, refused, and never more than one on the link.

use super::super::properties;
use super::*;
use proptest::prelude::*;

const TICKET: Ticket = Ticket {
    gate: 1,
    slot: 2,
    serial: 3,
};

fn vet_text(head: &str) -> Result<(Vetted, String), Refusal> {
    let mut link = b"before".to_vec();
    let result = vet(
        head.as_bytes(),
        b"",
        TICKET,
        &mut properties::caller(),
        &mut link,
    );
    assert!(
        result.is_ok() || link == b"before",
        "a refused head left bytes on the link"
    );
    result.map(|vetted| (vetted, String::from_utf8_lossy(&link[6..]).into_owned()))
}

#[test]
fn a_head_is_found_when_its_empty_line_is_there_and_not_before() {
    let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for seen in 0..head.len() {
        assert_eq!(
            find(&head[..seen], seen.saturating_sub(1)),
            Found::Partial,
            "seen: {seen}"
        );
    }
    assert_eq!(
        find(head, head.len() - 1),
        Found::Head {
            start: 0,
            end: head.len()
        }
    );
    let later = [&b"\r\n\r\n"[..], head, b"GET"].concat();
    assert_eq!(
        find(&later, 0),
        Found::Head {
            start: 4,
            end: head.len() + 4
        }
    );
}

#[test]
fn what_cannot_become_a_head_is_refused_at_once() {
    let long_line = format!("GET /{}", "a".repeat(9000));
    let long_head = format!("GET / HTTP/1.1\r\nA: {}", "a".repeat(17_000));
    let long_whole = format!("{long_head}\r\n\r\n");
    let empty_lines = "\r\n".repeat(HEAD_BYTES_MAX / 2);
    for (bytes, status) in [
        (&b"\x16\x03\x01"[..], 400),
        (b"\0", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (long_line.as_bytes(), 414),
        (long_head.as_bytes(), 431),
        (long_whole.as_bytes(), 431),
        (empty_lines.as_bytes(), 431),
    ] {
        let Found::Bad(refusal) = find(bytes, 0) else {
            panic!("accepted {:?}", &bytes[..3])
        };
        assert_eq!(refusal.status().0, status, "bytes: {:?}", &bytes[..3]);
    }
}

#[test]
fn only_the_fields_we_use_cross_the_link_in_canonical_form() {
    let (vetted, link) = vet_text(
        "GET /a%20b?x=1 HTTP/1.1\r\nhOST: files:8080\r\nT: 9.9.9 6.6.6.6\r\nCookie: secret\r\n\
         range:   bytes=0-1  \r\nContent-Length: 0\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nX-Empty:\r\nAccept: */*\r\n\r\n",
    )
    .expect("a good head");
    assert_eq!(
        vetted,
        Vetted {
            keep_alive: true,
            old: false
        }
    );
    assert_eq!(
        link,
        "GET /a%20b?x=1 HTTP/1.1\r\nT: 1.2.3 192.0.2.7 files:8080\r\nRange: bytes=0-1\r\n\r\n"
    );
}

#[test]
fn an_absolute_target_names_the_host_and_the_field_does_not_count() {
    for (head, host) in [
        ("GET http://wiki:80/a HTTP/1.1\r\nHost: other", " wiki:80"),
        ("GET https://[::1] HTTP/1.1\r\nHost:", " [::1]"),
        ("GET http://wiki/a HTTP/1.0", " wiki"),
        ("GET /http://wiki/a HTTP/1.1\r\nHost: other", " other"),
        ("GET /a HTTP/1.0", ""),
    ] {
        let (_, link) = vet_text(&format!("{head}\r\n\r\n")).expect(head);
        let (_, fields) = link.split_once("192.0.2.7").expect("a ticket");
        assert_eq!(fields, format!("{host}\r\n\r\n"), "{head}");
    }
}

#[test]
fn keep_alive_follows_version_and_connection_field() {
    for (head, keep_alive) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, CLOSE\r\n\r\n",
            false,
        ),
        ("GET / HTTP/1.0\r\n\r\n", false),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
        (
            "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
            false,
        ),
    ] {
        assert_eq!(
            vet_text(head).map(|(vetted, _)| vetted.keep_alive),
            Ok(keep_alive),
            "head: {head}"
        );
    }
}

#[test]
fn a_form_crosses_the_link_as_a_field() {
    let head = "POST /proxy/ HTTP/1.1\r\nHost: a\r\nOrigin: https://b\r\nForm: forged\r\nContent-Length: 9\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\r\n";
    let mut link = Vec::new();
    vet(
        head.as_bytes(),
        b"text=a+b",
        TICKET,
        &mut properties::caller(),
        &mut link,
    )
    .expect("a good form");
    let link = String::from_utf8(link).expect("ASCII");
    let (_, fields) = link.split_once("192.0.2.7").expect("a ticket");
    assert_eq!(fields, " a\r\nOrigin: https://b\r\nForm: text=a+b\r\n\r\n");
    let mut link = Vec::new();
    let refused = vet(
        head.as_bytes(),
        b"text=a b",
        TICKET,
        &mut properties::caller(),
        &mut link,
    );
    assert_eq!(refused.map_err(|refusal| refusal.status().0), Err(400));
    let (_, link) =
        vet_text("POST /1/warm HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").expect("good");
    assert!(link.ends_with("192.0.2.7 a\r\n\r\n"), "{link}");
    let (_, link) =
        vet_text("GET / HTTP/1.1\r\nHost: a\r\nOrigin: https://b\r\n\r\n").expect("good");
    assert!(!link.contains("Origin"), "{link}");
}

#[test]
fn each_malformed_head_has_its_status() {
    for (status, lines) in [
        (405, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5"),
        (415, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5"),
        (
            415,
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Type: text/plain",
        ),
        (
            413,
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 262145\r\nContent-Type: application/x-www-form-urlencoded",
        ),
        (
            413,
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\nContent-Type: application/x-www-form-urlencoded",
        ),
        (
            413,
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Type: application/x-www-form-urlencoded",
        ),
        (405, "get / HTTP/1.1\r\nHost: a"),
        (405, "CONNECT a:443 HTTP/1.1\r\nHost: a"),
        (405, "TRACE / HTTP/1.1\r\nHost: a"),
        (
            413,
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000000000",
        ),
        (
            413,
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked",
        ),
        (
            400,
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5",
        ),
        (
            400,
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked",
        ),
        (
            400,
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0",
        ),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +0"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length:"),
        (400, "GET / HTTP/1.0\r\nTransfer-Encoding: chunked"),
        (400, "GET / HTTP/1.1"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a"),
        (400, "GET / HTTP/1.1\r\nHost: a b"),
        (400, "GET / HTTP/1.1\r\nHost : a"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\n folded"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nRange: b\u{e9}"),
        (400, "GET /a b HTTP/1.1\r\nHost: a"),
        (400, "GET * HTTP/1.1\r\nHost: a"),
        (400, "GET /"),
        (400, "G@T / HTTP/1.1\r\nHost: a"),
        (417, "GET / HTTP/1.1\r\nHost: a\r\nExpect: a-miracle"),
        (505, "GET / HTTP/2.0\r\nHost: a"),
        (505, "PRI * HTTP/2.0"),
        (505, "GET / HTTP/3.0\r\nHost: a"),
        (400, "GET / http/1.1\r\nHost: a"),
        (400, "GET / FTP/1.1\r\nHost: a"),
        (400, "GET http://user@a/ HTTP/1.1\r\nHost: a"),
        (400, "GET http://a:b/ HTTP/1.1\r\nHost: a"),
        (400, "GET / HTTP/1.1\r\nHost: a:b"),
        (
            400,
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip",
        ),
        (
            400,
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x",
        ),
        (
            413,
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: x, Chunked",
        ),
    ] {
        let refusal = vet_text(&format!("{lines}\r\n\r\n")).expect_err(lines);
        assert_eq!(refusal.status().0, status, "{lines}: {refusal:?}");
    }
    let crowd = format!(
        "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
        "A: b\r\n".repeat(100)
    );
    assert_eq!(vet_text(&crowd), Err(Refusal::TooManyFields));
    let long = format!(
        "GET /{} HTTP/1.1\r\nHost: a\r\n\r\n",
        "a".repeat(TARGET_BYTES_MAX)
    );
    assert_eq!(vet_text(&long), Err(Refusal::TargetTooLong));
}

proptest! {
    #[test]
    fn whatever_passes_is_one_canonical_head(
        target in "[ -~é图]{0,40}",
        fields in proptest::collection::vec(("[!-~ ]{1,12}|Range|Content-Length|T|Host|Via|X-Forwarded-For", "[\\x00-\\xff]{0,12}"), 0..6),
    ) {
        let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        properties::head(format!("GET /{target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n").as_bytes());
    }
}

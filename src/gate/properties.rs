//! What holds of every head and target, whatever a client sends: said once, for generated tests and for fuzzing.

use std::net::Ipv4Addr;

use percent_encoding::percent_decode;

use super::authority;
use super::client::Client;
use super::form::{self, FORM_FIELD};
use super::framing::Vetted;
use super::fronts::{Caller, Fronts};
use super::head::{FORWARDED, Found, HEAD_BYTES_MAX, ORIGIN_FIELD, TICKET_FIELD, find, vet};
use super::proxy_header::{self, HEADER_BYTES_MAX, Header};
use super::refusal::Refusal;
use super::target::canonical;
use super::ticket::Ticket;
use crate::config::Networks;

const TICKET: Ticket = Ticket {
    gate: 1,
    slot: 2,
    serial: 3,
};

/// A client of whom nothing is believed.
const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);

/// That client.
pub(super) fn caller() -> Caller {
    Fronts::new(Networks::default(), Networks::default(), false).caller(CLIENT.into())
}

/// Longest canonical target in bytes that the properties ask for.
const TARGET_BYTES: usize = 8 * 1024;

/// What a gate does with the first bytes of a client: looks for a head, however they arrive, and vets it.
pub fn head(bytes: &[u8]) {
    let found = find(bytes, 0);
    for part in [bytes.len() / 3, bytes.len() / 2, bytes.len().max(1) - 1] {
        match find(&bytes[..part], 0) {
            early @ Found::Head { .. } => assert_eq!(early, found, "more bytes, another head"),
            Found::Partial => assert_eq!(find(bytes, part), found, "{part} bytes came alone"),
            Found::Bad(refusal) => refused(refusal),
        }
    }
    match found {
        Found::Head { start, end } => {
            assert!(end - start <= HEAD_BYTES_MAX, "{} bytes", end - start);
            assert!(bytes[..end].ends_with(b"\r\n\r\n"));
            let earlier = bytes[start..end - 1].windows(4);
            assert_eq!(earlier.filter(|four| four == b"\r\n\r\n").count(), 0);
            let head = &bytes[start..end];
            let length = form::length(head);
            if let Some(form) = bytes[end..].get(..length) {
                vetted(head, form);
            }
        }
        Found::Partial => assert!(bytes.len() < HEAD_BYTES_MAX),
        Found::Bad(refusal) => refused(refusal),
    }
}

/// The contract of the link: one canonical head, and nothing of one that is refused.
fn vetted(head: &[u8], form: &[u8]) {
    let mut link = b"before".to_vec();
    let result = vet(head, form, TICKET, &mut caller(), &mut link);
    let added = link.strip_prefix(b"before").expect("it is appended");
    match result {
        Ok(vetted) => {
            let added = std::str::from_utf8(added).expect("only ASCII passes");
            crossed(head, form, vetted, added);
            forwarded(head, form, added);
        }
        Err(refusal) => {
            assert!(added.is_empty(), "a refused head left bytes on the link");
            refused(refusal);
        }
    }
}

fn crossed(head: &[u8], form: &[u8], vetted: Vetted, link: &str) {
    assert!(link.is_ascii());
    assert_eq!(link.matches("\r\n\r\n").count(), 1);
    let lines = link.strip_suffix("\r\n\r\n").expect("an empty line");
    assert!(
        !lines
            .replace("\r\n", "")
            .contains(|c: char| c.is_ascii_control() && c != '\t')
    );
    let mut lines = lines.split("\r\n");
    let words: Vec<&str> = lines.next().expect("a line").split(' ').collect();
    let [method, target, "HTTP/1.1"] = words[..] else {
        panic!("the request line is {words:?}");
    };
    assert!(head.starts_with(method.as_bytes()), "the method is another");
    assert!(["GET", "HEAD", "POST", "DELETE", "OPTIONS"].contains(&method));
    let is_star = target == "*" && method == "OPTIONS";
    assert!(is_star || target.starts_with('/'), "{target}");
    assert!(target.len() <= TARGET_BYTES);
    // Whatever a client sends as a ticket, the first and only one is ours.
    let ours = lines
        .next()
        .and_then(|line| line.strip_prefix("T: 1.2.3 192.0.2.7"));
    let host = ours.expect("the ticket comes first");
    assert!(host.is_empty() || host.starts_with(' '), "{host:?}");
    let host = host.trim_start_matches(' ');
    assert!(
        !host.contains(' ') && authority::is_valid(host.as_bytes()),
        "{host:?}"
    );
    let (mut count, mut formed) = (1, false);
    for line in lines {
        let (name, value) = line.split_once(": ").expect("a colon");
        let of_deed = name == ORIGIN_FIELD && ["POST", "DELETE"].contains(&method)
            || name == FORM_FIELD && method == "POST";
        assert!(of_deed || FORWARDED.contains(&name), "{name}");
        assert_ne!(name, TICKET_FIELD);
        if name == FORM_FIELD {
            assert_eq!(value.as_bytes(), form);
            formed = true;
        }
        assert!(!value.is_empty() && value == value.trim(), "{line:?}");
        count += 1;
    }
    assert_eq!(formed, !form.is_empty());
    let mut fields = [httparse::EMPTY_HEADER; 103];
    let mut request = httparse::Request::new(&mut fields);
    let parsed = request.parse(link.as_bytes());
    assert_eq!(parsed, Ok(httparse::Status::Complete(link.len())));
    assert_eq!((request.method, request.path), (Some(method), Some(target)));
    assert_eq!(request.headers.len(), count);
    bodiless(head, form, vetted);
    let asked = link.replacen("T: ", &format!("Host: {host}\r\nT: "), 1);
    let mut again = Vec::new();
    vet(asked.as_bytes(), form, TICKET, &mut caller(), &mut again)
        .expect("what passed once passes again");
    assert_eq!(link.as_bytes(), again, "what passed is canonical");
}

/// From a front, and from this host, the same crosses but for the client.
fn forwarded(head: &[u8], form: &[u8], link: &str) {
    let ours = "\r\nT: 1.2.3 ";
    let (before, behind) = link
        .split_once(&format!("{ours}{CLIENT}"))
        .expect("the ticket");
    let fronts = Fronts::new(Networks::of(&["192.0.2.0/24"]), Networks::default(), false);
    for address in [CLIENT, Ipv4Addr::LOCALHOST] {
        let mut caller = fronts.caller(address.into());
        let mut other = Vec::new();
        vet(head, form, TICKET, &mut caller, &mut other).expect("it passes from others");
        let other = std::str::from_utf8(&other).expect("only ASCII passes");
        let client = other.strip_prefix(before);
        let client = client.and_then(|rest| rest.strip_prefix(ours));
        let client = client.and_then(|rest| rest.strip_suffix(behind));
        let client = Client::parse(client.expect("the same around it"));
        let client = client.expect("what crosses can be read");
        assert_eq!(client.address, caller.address());
    }
}

/// No other body can follow what has passed: the byte behind the form begins the next request, for the client and for us.
fn bodiless(head: &[u8], form: &[u8], vetted: Vetted) {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let values = |wanted: &str| -> Vec<&str> {
        let fields = text.split("\r\n").filter_map(|line| line.split_once(':'));
        let own = fields.filter(|(name, _)| *name == wanted);
        own.map(|(_, value)| value.trim_ascii()).collect()
    };
    assert!(values("transfer-encoding").is_empty());
    let lengths = values("content-length");
    assert!(lengths.len() <= 1, "{lengths:?}");
    for length in lengths {
        assert_eq!(length.parse(), Ok(form.len()), "{length}");
    }
    let hosts = values("host").len();
    assert!(hosts == 1 || vetted.old && hosts == 0, "{hosts} hosts");
    let connection = values("connection");
    let mut options = connection.iter().flat_map(|value| value.split(','));
    let wants_close = options.any(|option| option.trim_ascii() == "close");
    assert!(
        !(wants_close && vetted.keep_alive),
        "the client wants to close"
    );
}

fn refused(refusal: Refusal) {
    let (status, _) = refusal.status();
    assert!(
        [400, 405, 413, 414, 415, 417, 431, 505].contains(&status),
        "{refusal:?}"
    );
}

/// One canonical form for all spellings of a target; `None` when it is refused.
pub fn target(raw: &[u8]) -> Option<String> {
    let mut once = b"before".to_vec();
    canonical(raw, TARGET_BYTES, &mut once).ok()?;
    let once = once.strip_prefix(b"before").expect("it is appended");
    let text = std::str::from_utf8(once).expect("it is ASCII");
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text}");
    assert!(text == "*" || text.starts_with('/'), "{text}");
    assert!(text.len() <= TARGET_BYTES);
    let mut twice = Vec::new();
    assert_eq!(canonical(once, TARGET_BYTES, &mut twice), Ok(()));
    assert_eq!(twice, once, "a canonical target stays as it is");
    if raw.starts_with(b"/") {
        let [before, after] = [raw, once].map(|target| percent_decode(target).collect::<Vec<u8>>());
        assert_eq!(before, after, "another spelling of the same bytes");
        assert_eq!(raw.contains(&b'?'), once.contains(&b'?'));
    }
    Some(text.to_owned())
}

/// The start of a front's connection: one answer however its bytes arrive, and nothing taken that is not there.
pub fn proxy_header(bytes: &[u8]) {
    let found = proxy_header::read(bytes);
    for part in 0..bytes.len().min(HEADER_BYTES_MAX) {
        match proxy_header::read(&bytes[..part]) {
            Header::Partial => {}
            early => assert_eq!(early, found, "more than {part} bytes, another header"),
        }
    }
    match found {
        Header::Complete { bytes: length, .. } => {
            assert!(length <= bytes.len() && length <= HEADER_BYTES_MAX);
            assert_eq!(proxy_header::read(&bytes[..length]), found);
        }
        Header::Partial => assert!(bytes.len() < HEADER_BYTES_MAX),
        Header::Bad => {}
    }
}

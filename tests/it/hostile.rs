//! Attacks on the program in a process of its own. Each has the exact bytes of the whole answer, only the value of
//! `Date` masked; meanwhile and afterwards other clients are served, and threads and descriptors come back.
//!
//! Crowds of connections, slow readers and a lack of descriptors are in `tests/crowd`.

use std::cell::RefCell;
use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use confluence_attachment_proxy::demo::{Behaviour, Latch};
use confluence_attachment_proxy::gate::REQUESTS_UNDER_WAY_MAX;

use rustls::ClientConfig;
use rustls::version::TLS13;

use crate::support::answer::{
    HEALTH, healthy, healthy_head, is_healthy, is_healthy_answer, masked, refusal, refusal_head,
};
use crate::support::{Client, PAGE, PATIENCE, Program, eventually, tls};

/// Most memory that the program may gain from whatever clients do, beside what it caches: far below what they send
/// here, far above what a debug build gains by itself.
const GROWTH_MAX: u64 = 48 * 1024 * 1024;

/// More connections than there are gates, and gates take them in turn: each gate has one.
const EACH_GATE: usize = 4;

/// A program under attack, and the clients that must not notice.
struct Siege {
    program: Program,
    /// `None`: attackers and others speak plain HTTP.
    tls: Option<Arc<ClientConfig>>,
    /// One connection at each gate.
    others: RefCell<Vec<Client>>,
    descriptors: usize,
    threads: usize,
    peak_memory: u64,
}

const FILE: &str = "GET /proxy/7/file.png HTTP/1.1\r\nHost: a\r\n\r\n";

impl Siege {
    fn begin() -> Siege {
        Siege::of(&[], None)
    }

    /// The same inside of TLS.
    fn begin_inside_tls() -> Siege {
        let pair = tls::pair("elliptic");
        let settings = pair.each_ref().map(|(name, value)| (*name, value.as_str()));
        Siege::of(&settings, Some(tls::trusting(&[&TLS13], &["http/1.1"])))
    }

    fn of(settings: &[(&str, &str)], tls: Option<Arc<ClientConfig>>) -> Siege {
        let settings = [&[("CONFLUENCE_MAX_CONNECTIONS", "4")], settings].concat();
        let mut siege = Siege {
            program: Program::start(&settings, 1024),
            tls,
            others: RefCell::default(),
            descriptors: 0,
            threads: 0,
            peak_memory: 0,
        };
        let file = siege.program.put("file.png", 5_000_000);
        let response = siege.connect().send(FILE).response(false);
        assert!(response.body == file);
        let others = (0..EACH_GATE).map(|_| siege.connect()).collect();
        siege.others.replace(others);
        siege.set_baseline();
        siege
    }

    /// Takes what there is now as what must be there afterwards, once it stays the same.
    fn set_baseline(&mut self) {
        eventually("it becomes quiet", || {
            let before = self.program.descriptors();
            self.assert_others_are_served(100);
            before == self.program.descriptors()
        });
        self.descriptors = self.program.descriptors();
        self.threads = self.program.threads();
        self.peak_memory = self.program.peak_memory();
    }

    /// Every connection of an attack begins here.
    fn connect(&self) -> Client {
        let client = self.program.connect();
        match &self.tls {
            Some(config) => client.over_tls(tls::session(config)),
            None => client,
        }
    }

    #[track_caller]
    fn assert_others_are_served(&self, rounds: usize) {
        for _ in 0..rounds {
            assert!(self.others.borrow_mut().iter_mut().all(is_healthy));
        }
    }

    /// The attackers have gone: nothing of them may be left.
    #[track_caller]
    fn assert_nothing_is_left(&self, of: &str) {
        eventually(&format!("descriptors come back after {of}"), || {
            self.assert_others_are_served(1); // a turn of every gate
            self.program.descriptors() == self.descriptors
        });
        let threads = self.program.threads(); // fewer when spare ones of the start have ended
        assert!(threads <= self.threads, "{threads} threads after {of}");
    }

    #[track_caller]
    fn end(mut self) {
        let growth = self.program.peak_memory() - self.peak_memory;
        assert!(growth < GROWTH_MAX, "{growth} bytes more");
        self.assert_others_are_served(1);
        assert!(is_healthy(&mut self.connect()));
        assert!(self.program.is_running());
    }
}

/// What an attacker sends and all that it must be told.
struct Attack {
    name: String,
    sends: Vec<u8>,
    told: String,
    then: Then,
}

/// What becomes of the connection. Behind every attack goes a good request, which is answered only where the connection
/// goes on: nothing of an attack is ever taken for the next request.
enum Then {
    GoesOn,
    /// In order, and nothing of the answer is lost although the client goes on sending.
    Closes,
    /// The client sends this 300 times, or as often as the proxy takes it, which must be fewer times.
    IsCut(Vec<u8>),
}

impl Attack {
    fn new(sends: impl AsRef<[u8]>, told: String, then: Then) -> Attack {
        let sends = sends.as_ref().to_vec();
        let name = sends[..sends.len().min(120)].escape_ascii().to_string();
        Attack {
            name,
            sends,
            told,
            then,
        }
    }

    /// Told why, and closed.
    fn refused(sends: impl AsRef<[u8]>, status: &str, reason: &str) -> Attack {
        let allow = "Allow: GET, HEAD, POST, DELETE, OPTIONS\r\n";
        let extra = if status.starts_with("405") { allow } else { "" };
        let told = match sends.as_ref().starts_with(b"HEAD ") {
            true => refusal_head(status, extra, reason),
            false => refusal(status, extra, reason),
        };
        Attack::new(sends, told, Then::Closes)
    }

    /// The same for what has no end.
    fn endless(start: &str, pattern: &str, status: &str, reason: &str) -> Attack {
        const MEBIBYTE: usize = 1024 * 1024;
        let filler = pattern.repeat(MEBIBYTE / pattern.len()).into_bytes();
        Attack {
            name: format!("300 MB of {pattern:?} behind {start:?}"),
            then: Then::IsCut(filler),
            ..Attack::refused(start, status, reason)
        }
    }

    #[track_caller]
    fn run(&self, siege: &Siege) {
        let mut client = siege.connect();
        let mut expected = self.told.clone();
        match &self.then {
            Then::GoesOn => {
                client.send([&self.sends, HEALTH.as_bytes()].concat());
                client.finish_sending();
                expected.push_str(&healthy(""));
            }
            Then::Closes => {
                client.try_send([&self.sends, HEALTH.as_bytes(), &[b'x'; 200_000]].concat());
            }
            Then::IsCut(filler) => {
                client.send(&self.sends);
                let takes_all = (0..300).all(|_| client.try_send(filler));
                assert!(!takes_all, "it takes in {}", self.name);
            }
        }
        siege.assert_others_are_served(1);
        let answer = client.rest();
        assert_eq!(masked(&answer), expected, "{}", self.name);
        match self.then {
            Then::GoesOn | Then::Closes => assert!(!client.reset, "reset by {}", self.name),
            Then::IsCut(_) => {}
        }
        drop(client);
        siege.assert_nothing_is_left(&self.name);
    }
}

const BAD: &str = "400 Bad Request";
const NOT_ALLOWED: &str = "405 Method Not Allowed";
const BODY: &str = "413 Content Too Large";
const MEDIA_TYPE: &str = "415 Unsupported Media Type";
const TOO_LONG: &str = "414 URI Too Long";
const TOO_LARGE: &str = "431 Request Header Fields Too Large";
const VERSION: &str = "505 HTTP Version Not Supported";

/// What is refused, with which status, and why.
const REFUSED: &[(&[u8], &str, &str)] = {
    let methods = "only GET, HEAD, POST, DELETE and OPTIONS are answered here";
    let body = "a body is accepted with POST only, with a Content-Length and not in chunks";
    let form = "a POST carries a form (application/x-www-form-urlencoded) or nothing";
    let form_large = "the form is larger than 256 KiB, which is some 29,000 Chinese characters, as each takes 9 bytes in a form; paste it in parts, or have confluence-attachment-proxy rewrite turn it, which takes any size";
    let encoded = "a form must be percent-encoded, as browsers and curl --data-urlencode do";
    let both = "Transfer-Encoding cannot stand beside Content-Length or in HTTP/1.0";
    let last = "the last Transfer-Encoding must be chunked";
    let host = "HTTP/1.1 requires exactly one Host field";
    let bad_host = "the Host field is malformed";
    let target = "the request target must start with / (or be http://host/…)";
    let authority = "the host in the request target is malformed";
    let tls = "this is not an HTTP request (is it TLS on the plain port?)";
    let value = "a header field value holds a forbidden character";
    let name = "a header field name holds a forbidden character";
    let fold =
        "a line of the request head begins with a space; folded header fields are not accepted";
    let special =
        "the request line is malformed; percent-encode spaces and other special characters";
    let words = "the request line must be METHOD TARGET HTTP/1.1, as HTTP/0.9 is not spoken here";
    let bare = "a line of the request head ends without a carriage return";
    let version = "only HTTP/1.0 and HTTP/1.1 are spoken here";
    let ends = "the request line must end with HTTP/1.1 or HTTP/1.0";
    let length = "the Content-Length field is not a number";
    let repeated = "the Content-Length field is repeated";
    &[
        // Methods, with and without a body.
        (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", NOT_ALLOWED, methods),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", NOT_ALLOWED, methods),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", NOT_ALLOWED, methods),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", MEDIA_TYPE, form),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data\r\nContent-Length: 5\r\n\r\nhello", MEDIA_TYPE, form),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 262145\r\n\r\n", BODY, form_large),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na b", BAD, encoded),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde", BAD, repeated),
        (b"PATCH / HTTP/1.1\r\nHost: a\r\n\r\n", NOT_ALLOWED, methods),
        (b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", NOT_ALLOWED, methods),
        (b"CONNECT wiki:443 HTTP/1.1\r\nHost: wiki:443\r\n\r\n", NOT_ALLOWED, methods),
        (b"get / HTTP/1.1\r\nHost: a\r\n\r\n", NOT_ALLOWED, methods),
        // Bodies and their framing.
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000000000\r\n\r\n", BODY, body),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999999\r\n\r\n", BODY, body),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", BODY, body),
        (b"DELETE /proxy/7/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", BODY, body),
        (b"HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", BODY, body),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", BODY, body),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n0\r\n\r\n", BODY, body),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", BAD, last),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", BAD, last),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", BAD, last),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", BAD, last),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", BAD, both),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", BAD, both),
        (b"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", BAD, both),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", BAD, repeated),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n", BAD, repeated),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0, 0\r\n\r\n", BAD, length),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", BAD, length),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x0\r\n\r\n", BAD, length),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", BAD, length),
        (b"GET / HTTP/1.1\r\nHost: a\r\nExpect: a-miracle\r\n\r\n", "417 Expectation Failed", "the only Expect that is understood is 100-continue"),
        // Versions, and what is no HTTP at all.
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", VERSION, version),
        (b"HEAD / HTTP/3.0\r\nHost: a\r\n\r\n", VERSION, version),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", VERSION, version),
        (b"GET / http/1.1\r\nHost: a\r\n\r\n", BAD, ends),
        (b"GET / FTP/1.1\r\nHost: a\r\n\r\n", BAD, ends),
        (b"GET /\r\n\r\n", BAD, words),
        (b"HELO mail\r\n\r\n", BAD, words),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", BAD, tls),
        (b"\0\0\0\0", BAD, tls),
        (b" GET / HTTP/1.1\r\nHost: a\r\n\r\n", BAD, tls),
        // Line ends and forbidden characters.
        (b"GET / HTTP/1.1\nHost: a\n\n", BAD, bare),
        (b"HEAD / HTTP/1.1\nHost: a\n\n", BAD, bare),
        (b"GET / HTTP/1.1\r\nHost: a\n\r\n", BAD, bare),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", BAD, value),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", BAD, value),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x01b\r\n\r\n", BAD, value),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x7fb\r\n\r\n", BAD, value),
        (b"GET / HTTP/1.1\r\nHost: a\r\nRange: \xe9\r\n\r\n", BAD, "a header field that is used here holds a byte that is not ASCII"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n", BAD, fold),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tfolded\r\n\r\n", BAD, fold),
        (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", BAD, fold),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n", BAD, name),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX\xc3\xa9: a\r\n\r\n", BAD, name),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX\0: a\r\n\r\n", BAD, name),
        (b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", BAD, name),
        (b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", BAD, special),
        (b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", BAD, special),
        (b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", BAD, special),
        (b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", BAD, special),
        (b"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", BAD, special),
        (b"GET /\ta HTTP/1.1\r\nHost: a\r\n\r\n", BAD, special),
        (b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", BAD, special),
        // Hosts and targets.
        (b"GET / HTTP/1.1\r\nX: a\r\n\r\n", BAD, host),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", BAD, host),
        (b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", BAD, host),
        (b"GET http://a/ HTTP/1.1\r\n\r\n", BAD, host),
        (b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", BAD, bad_host),
        (b"GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", BAD, bad_host),
        (b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", BAD, bad_host),
        (b"GET / HTTP/1.1\r\nHost: <a>\r\n\r\n", BAD, bad_host),
        (b"GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n", BAD, bad_host),
        (b"GET http://user:password@a/ HTTP/1.1\r\nHost: a\r\n\r\n", BAD, authority),
        (b"GET http:///healthz HTTP/1.1\r\nHost: a\r\n\r\n", BAD, target),
        (b"GET wiki:443 HTTP/1.1\r\nHost: a\r\n\r\n", BAD, target),
        (b"GET ftp://wiki/a HTTP/1.1\r\nHost: a\r\n\r\n", BAD, target),
        (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", BAD, "the target * goes with OPTIONS only"),
        (b"GET /100% HTTP/1.1\r\nHost: a\r\n\r\n", BAD, "a % in the address must be followed by two hexadecimal digits; write %25 for a percent sign"),
        (b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", BAD, "a # cannot stand in a request; write %23 for a number sign"),
    ]
};

/// Heads that are odd but good: each asks for the health, and the connection goes on.
const GOOD: &[&[u8]] = &[
    b"GET http://elsewhere:99/healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET HTTPS://[::1]/healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /%68ealthz HTTP/1.1\r\nHost:\r\n\r\n",
    b"\r\n\r\nGET /healthz HTTP/1.1\r\nhOsT:a\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Latin: \xe9\r\nX-UTF-8: \xe5\x9b\xbe\r\nX-Tab: a\tb\r\n\r\n",
];

const OPTIONS: &str = "HTTP/1.1 204 No Content\r\nDate: *\r\nAllow: GET, HEAD, POST, DELETE, OPTIONS\r\n\
     Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: GET, HEAD\r\n\
     Access-Control-Allow-Headers: Accept, Cache-Control, If-Modified-Since, If-None-Match, If-Range, Range\r\n\
     Access-Control-Max-Age: 86400\r\n\r\n";

const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nDate: *\r\nContent-Type: text/plain; charset=utf-8\r\n\
     Content-Length: 153\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'; sandbox\r\n\
     Cache-Control: no-store\r\nVary: Accept, Accept-Language\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\
     Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: Allow, Content-Range, Date, Retry-After\r\n\
     Cross-Origin-Resource-Policy: cross-origin\r\n\r\nNot Found\n\
     files live at /proxy/{page id}/{file name} and at /proxy/download/attachments/{page id}/{file name}\n\
     the page at /proxy/ explains the addresses\n";

fn attacks() -> Vec<Attack> {
    let refused = REFUSED
        .iter()
        .map(|(sends, status, reason)| Attack::refused(sends, status, reason));
    let good = GOOD
        .iter()
        .map(|sends| Attack::new(sends, healthy(""), Then::GoesOn));
    let mut attacks: Vec<Attack> = refused.chain(good).collect();
    let old = "GET /healthz HTTP/1.0\r\n";
    let (keeps, closes) = ("Connection: keep-alive\r\n", "Connection: close\r\n");
    let start = "GET / HTTP/1.1\r\nHost: a\r\n";
    let (head, fields) = (
        "the request head is larger than 16 KiB; if a browser sent it, clear the cookies of this site",
        "the request has more than 100 header fields",
    );
    let long = "the address is longer than 8 KiB";
    attacks.extend([
        Attack::new(
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            OPTIONS.into(),
            Then::GoesOn,
        ),
        Attack::new(
            "HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
            healthy_head(""),
            Then::GoesOn,
        ),
        Attack::new(
            "GET /图 HTTP/1.1\r\nHost: a\r\n\r\n",
            NOT_FOUND.into(),
            Then::GoesOn,
        ),
        Attack::new([old, "\r\n"].concat(), healthy(closes), Then::Closes),
        Attack::new([old, keeps, "\r\n"].concat(), healthy(keeps), Then::GoesOn),
        Attack::refused(
            [start, &"A: b\r\n".repeat(100), "\r\n"].concat(),
            TOO_LARGE,
            fields,
        ),
        Attack::refused(
            [start, &"A: b\r\n".repeat(100_000)].concat(),
            TOO_LARGE,
            head,
        ),
        Attack::endless(&[start, "X: "].concat(), "a", TOO_LARGE, head),
        Attack::endless(start, "A: b\r\n", TOO_LARGE, head),
        Attack::endless("GET /", "a", TOO_LONG, long),
        Attack::endless("HEAD /", "a", TOO_LONG, long),
        Attack::endless("GET / HTTP/1.1", "\r", TOO_LONG, long),
        Attack::endless("", "\r\n", TOO_LARGE, head),
        Attack::endless("", "\n", TOO_LARGE, head),
    ]);
    attacks
}

#[test]
fn every_attack_is_told_the_exact_bytes_and_harms_nobody() {
    for siege in [Siege::begin(), Siege::begin_inside_tls()] {
        for attack in attacks() {
            attack.run(&siege);
        }
        let asked = siege.program.origin.requests();
        assert_eq!(asked, 2, "the login test and the file");
        siege.end();
    }
}

#[test]
fn refusals_without_end_take_no_place_of_anybody() {
    let siege = Siege::begin();
    let (sends, status, reason) = REFUSED[0];
    let refused = Attack::refused(sends, status, reason);
    for _ in 0..REQUESTS_UNDER_WAY_MAX {
        let mut client = siege.connect();
        client.send(&refused.sends);
        assert_eq!(masked(&client.rest()), refused.told);
    }
    siege.assert_nothing_is_left("refusals");
    siege.end();
}

#[test]
fn eight_and_fifty_keep_alive_connections_are_all_answered_again_and_again() {
    const SMALL: &str = "GET /proxy/7/small.png HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut siege = Siege::begin();
    let small = siege.program.put("small.png", 10_000);
    assert!(siege.connect().send(SMALL).response(false).body == small);
    siege.set_baseline();
    for count in [8, 50] {
        let mut clients: Vec<Client> = (0..count).map(|_| siege.connect()).collect();
        for _ in 0..3 {
            for client in &mut clients {
                client.send([HEALTH, SMALL].concat());
            }
            siege.assert_others_are_served(1);
            for client in &mut clients {
                assert!(is_healthy_answer(client));
                assert!(client.response(false).body == small);
            }
        }
        drop(clients);
        siege.assert_nothing_is_left("keep-alive connections");
    }
    siege.end();
}

#[test]
fn heads_that_take_longer_than_ten_seconds_are_given_up() {
    let siege = Siege::begin();
    let reason = "the request did not arrive within 10 seconds";
    let slow = |first| Attack::refused(first, "408 Request Timeout", reason);
    let attacks = [
        (Attack::new("", String::new(), Then::Closes), ""),
        (slow("GET / HTTP/1.1\r\nHost: "), ""),
        (slow("GET /"), "a"),
        (slow("HEAD / HTTP/1.1\r\nX: "), "a"),
        (slow("GET / HTTP/1.1\r\nHost: a\r\n"), "A: b\r\n"),
        (slow("\r\n"), "\r\n"),
        (slow("GET / HTTP/1.1\r\nHost: a\r\n\r"), ""),
    ];
    std::thread::scope(|scope| {
        for (attack, drip) in &attacks {
            let started = Instant::now();
            let client = siege.connect();
            scope.spawn(move || dribble(client, attack, drip, started));
            // The same as second request of a connection.
            let mut client = siege.connect();
            assert!(is_healthy(&mut client));
            if !attack.sends.is_empty() {
                scope.spawn(move || dribble(client, attack, drip, started));
            }
        }
        siege.assert_others_are_served(100);
    });
    siege.assert_nothing_is_left("half heads");
    siege.end();
}

/// Sends the attack, then a byte a second of `drip`, again and again, until all is told.
fn dribble(mut client: Client, attack: &Attack, drip: &str, started: Instant) {
    let second = Some(Duration::from_secs(1));
    client.socket.set_read_timeout(second).expect("a timeout");
    client.send(&attack.sends);
    let mut bytes = drip.bytes().cycle();
    let mut answer = Vec::new();
    while let Err(error) = client.socket.read_to_end(&mut answer) {
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{}", attack.name);
        assert!(started.elapsed() < PATIENCE, "for ever: {}", attack.name);
        if let Some(byte) = bytes.next() {
            client.send([byte]);
        }
    }
    assert_eq!(masked(&answer), attack.told, "{}", attack.name);
    let waited = started.elapsed();
    assert!(Duration::from_secs(10) <= waited, "{waited:?}");
}

#[test]
fn a_hundred_thousand_requests_of_a_client_that_never_reads_are_held_up() {
    let siege = Siege::begin();
    let padding = "a".repeat(600);
    let request = HEALTH.replace("\r\n\r\n", &format!("\r\nX: {padding}\r\n\r\n"));
    let many = request.repeat(100_000).into_bytes(); // far more than kernels take for a connection
    let mut floods: Vec<Client> = (0..EACH_GATE).map(|_| siege.connect()).collect();
    for flood in &mut floods {
        let short = Some(Duration::from_millis(500));
        flood.socket.set_write_timeout(short).expect("a timeout");
        let error = flood.socket.write_all(&many).expect_err("all was taken");
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        siege.assert_others_are_served(20);
        for _ in 0..1000 {
            assert!(is_healthy_answer(flood));
        }
    }
    drop(floods);
    siege.assert_nothing_is_left("requests without end");
    siege.end();
}

#[test]
fn clients_that_end_their_side_or_reset_at_every_point_leave_nothing_behind() {
    leave_at_every_point(Siege::begin());
    leave_at_every_point(Siege::begin_inside_tls());
}

fn leave_at_every_point(mut siege: Siege) {
    for end in 0..=HEALTH.len() {
        let told = if end < HEALTH.len() { "" } else { &healthy("") };
        let mut client = siege.connect();
        client.send(&HEALTH[..end]).finish_sending();
        let answer = client.rest();
        assert_eq!(masked(&answer), told, "ended after {end} bytes");
        assert!(!client.reset, "ended after {end} bytes");
    }
    siege.assert_nothing_is_left("clients that end their side");

    // The fetch of a file goes on when who asked for it has gone: its descriptors belong to the baseline.
    siege.program.put("never.png", 10);
    let latch = Latch::new();
    let origin = &siege.program.origin;
    origin.script(PAGE, "never.png", Behaviour::hold(&latch));
    let never = FILE.replace("file", "never");
    let mut first = siege.connect();
    first.send(&never);
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    first.reset();
    siege.set_baseline();
    for end in 0..=FILE.len() {
        let mut client = siege.connect();
        client.send(&FILE[..end]);
        client.reset();
        siege.assert_others_are_served(1);
    }
    for read in [1, 100, 1000, 100_000, 3_000_000] {
        let mut client = siege.connect();
        client.send(FILE.repeat(2));
        assert!(client.exactly(read).1);
        client.reset();
        siege.assert_others_are_served(1);
    }
    for _ in 0..20 {
        let mut parked = siege.connect();
        parked.send(&never);
        parked.reset();
        let mut refused = siege.connect();
        refused.try_send("PUT / HTTP/1.1\r\nHost: a\r\n\r\n");
        refused.reset();
        siege.assert_others_are_served(1);
    }
    siege.assert_nothing_is_left("resets");
    latch.open();
    let mut client = siege.connect();
    assert_eq!(client.send(&never).response(false).status, 200);
    drop(client);
    assert_eq!(
        siege.program.origin.requests(),
        3,
        "the login test and two files"
    );
    siege.end();
}

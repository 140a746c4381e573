//! Whatever goes wrong on the way from Confluence, in one table: what a client gets who asks for a file that is not
//! kept, what one gets whose file is kept and has expired, and that hits stay fast, nothing wrong is kept, and all is
//! well again once Confluence is.
//!
//! What single answers mean, word for word, is in `upstream.rs`; what clients of a broken body see is in
//! `streaming.rs`; faults of TLS are beside `confluence/`, and those of real networks in `tests/faults/`.

use std::time::{Duration, Instant};

use confluence_attachment_proxy::demo::{Behaviour, File, Latch, Options, SampleConfluence};

use crate::support::{
    Client, PAGE, Proxy, Response, after_its_time, eventually, pattern, reserve_port,
};

/// Length of every file here. At 1 KB/s it takes as many seconds as it has thousands.
const LENGTH: usize = 2000;

/// A place behind the bytes that are judged before an answer goes on, and before the end.
const MIDDLE: usize = 1500;

/// A place in the answers to questions about a copy.
const EARLY: usize = 100;

/// Hits whose median is looked at.
const HITS: usize = 60;

/// A median below this is fast, whatever it was before: a machine that is busy with other tests takes as long.
const FAST: Duration = Duration::from_millis(25);

/// What a client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Got {
    /// The whole file.
    File,
    /// So many bytes of the file, as a whole answer: Confluence has said that they are the file.
    Announced(usize),
    /// A good head, and a connection that breaks before the end.
    Cut,
    /// An error.
    Status(u16),
    /// The copy that has expired, marked as such.
    Stale,
    /// The copy, which Confluence has confirmed in spite of all.
    Confirmed,
}

/// A fault: what Confluence does behind so many bytes, and what comes of it.
struct Row {
    fault: &'static str,
    behaviour: fn(usize) -> Behaviour,
    cold: Got,
    expired: Got,
}

const ROWS: &[Row] = &[
    Row {
        fault: "latency",
        behaviour: |_| Behaviour::slow(Duration::from_millis(300)),
        cold: Got::File,
        expired: Got::Confirmed,
    },
    Row {
        fault: "1 KB/s",
        behaviour: |_| Behaviour::Drip {
            piece: 100,
            every: Duration::from_millis(100),
        },
        cold: Got::File,
        expired: Got::Confirmed,
    },
    Row {
        fault: "no answer",
        behaviour: |_| Behaviour::hold(&Latch::new()),
        cold: Got::Status(504),
        expired: Got::Stale,
    },
    Row {
        fault: "stall in the body",
        behaviour: |at| Behaviour::hold_at(at, &Latch::new()),
        cold: Got::Cut,
        expired: Got::Stale,
    },
    Row {
        fault: "reset in the body",
        behaviour: |sent| Behaviour::Reset { sent },
        cold: Got::Cut,
        expired: Got::Stale,
    },
    Row {
        fault: "truncated body",
        behaviour: |sent| Behaviour::Short { sent },
        cold: Got::Cut,
        expired: Got::Stale,
    },
    Row {
        fault: "Content-Length too large",
        behaviour: |_| Behaviour::Announces { length: 100_000 },
        cold: Got::Cut,
        expired: Got::Stale,
    },
    Row {
        fault: "chunks cut",
        behaviour: |sent| Behaviour::ChunkedCut { sent },
        cold: Got::Cut,
        expired: Got::Stale,
    },
    Row {
        fault: "garbage for a head",
        behaviour: |_| Behaviour::Garbage,
        cold: Got::Status(502),
        expired: Got::Stale,
    },
    Row {
        fault: "64 KB header",
        behaviour: |_| Behaviour::HugeHead { bytes: 64 * 1024 },
        cold: Got::Status(502),
        expired: Got::Stale,
    },
    Row {
        fault: "closed at once",
        behaviour: |_| Behaviour::Closed,
        cold: Got::Status(502),
        expired: Got::Stale,
    },
    Row {
        fault: "reset at once",
        behaviour: |_| Behaviour::ResetAtOnce,
        cold: Got::Status(502),
        expired: Got::Stale,
    },
];

fn with(settings: &[(&str, &str)]) -> Proxy {
    let quick = [
        ("CONFLUENCE_READ_TIMEOUT_SECONDS", "1"),
        ("CONFLUENCE_MAX_CONNECTIONS", "4"),
        ("CACHE_NEGATIVE_TTL_SECONDS", "0"),
    ];
    Proxy::with(&[&quick, settings].concat())
}

/// Whether this is what was expected, with every byte of `bytes` where it belongs.
#[track_caller]
fn check(fault: &str, response: &Response, expected: Got, bytes: &[u8]) {
    let (cache, whole) = (response.field("X-Cache"), response.body == bytes);
    let got = match (response.status, response.complete, cache) {
        (200, true, Some("STALE")) if whole => Got::Stale,
        (200, true, Some("REVALIDATED")) if whole => Got::Confirmed,
        (200, true, _) if whole => Got::File,
        (200, true, _) if bytes.starts_with(&response.body) => Got::Announced(response.body.len()),
        (200, false, _) if bytes.starts_with(&response.body) => Got::Cut,
        (status, true, _) if status != 200 => Got::Status(status),
        _ => panic!("{fault}: wrong bytes: {}", response.head),
    };
    assert_eq!(got, expected, "{fault}: {}", response.head);
}

/// The median time of a hit.
fn median(client: &mut Client, bytes: &[u8]) -> Duration {
    let mut times: Vec<Duration> = (0..HITS)
        .map(|_| {
            let start = Instant::now();
            let response = client.get("/proxy/7/hot.png");
            let took = start.elapsed();
            assert_eq!(response.field("X-Cache"), Some("HIT"));
            assert!(response.complete && response.body == bytes);
            took
        })
        .collect();
    times.sort_unstable();
    times[HITS / 2]
}

#[test]
fn every_fault_costs_those_who_need_confluence_and_nobody_else() {
    // All at once: some spend a second or two with waiting.
    std::thread::scope(|scope| {
        for row in ROWS {
            scope.spawn(|| check_cold(row));
            scope.spawn(|| check_expired(row));
        }
    });
}

fn check_cold(row: &Row) {
    let proxy = with(&[]);
    let (bytes, hot) = (proxy.put("cold.png", LENGTH), proxy.put("hot.png", LENGTH));
    proxy.get("/7/hot.png");
    proxy.get_kept("/7/hot.png");
    let mut other = proxy.connect();
    let quiet = median(&mut other, &hot);
    proxy.origin.script_all(Some((row.behaviour)(MIDDLE)));
    let mut client = proxy.connect();
    client.request("GET", "/proxy/7/cold.png", &[]);
    let busy = median(&mut other, &hot);
    assert!(
        busy < FAST.max(3 * quiet),
        "{}: hits take {busy:?} instead of {quiet:?}",
        row.fault
    );
    check(row.fault, &client.response(false), row.cold, &bytes);
    proxy.origin.script_all(None);
    check_well_again(row.fault, &proxy, "cold.png", &bytes);
}

/// The next answer is the file, and what is kept of it as well.
#[track_caller]
fn check_well_again(fault: &str, proxy: &Proxy, name: &str, bytes: &[u8]) {
    let path = format!("/7/{name}");
    check(fault, &proxy.get(&path), Got::File, bytes);
    check(fault, &proxy.get_kept(&path), Got::File, bytes);
}

fn check_expired(row: &Row) {
    let proxy = with(&[("CACHE_TTL_SECONDS", "1")]);
    let bytes = proxy.put("kept.png", LENGTH);
    check(row.fault, &proxy.get("/7/kept.png"), Got::File, &bytes);
    proxy.origin.script_all(Some((row.behaviour)(EARLY)));
    let mut client = proxy.connect();
    let expired = after_its_time(&mut client, "/7/kept.png");
    check(row.fault, &expired, row.expired, &bytes);
    // A new version is there when Confluence is well again.
    let new = proxy.put("kept.png", LENGTH + 1);
    proxy.origin.script_all(None);
    eventually("the new version is served", || {
        let response = client.get("/proxy/7/kept.png");
        let is_new = response.body == new;
        assert!(response.complete && (is_new || response.body == bytes));
        is_new
    });
}

/// What lies beyond the announced length belongs to no answer: not to this one, and not to the next one on the same
/// connection, even if it looks like one.
#[test]
fn bytes_beyond_the_announced_length_reach_nobody() {
    let proxy = with(&[("CACHE_TTL_SECONDS", "1")]);
    let forged =
        b"HTTP/1.1 200 OK\r\nContent-Disposition: inline\r\nContent-Length: 6\r\n\r\nforged";
    let bytes = pattern(MIDDLE);
    let body = [&bytes[..], forged].concat();
    proxy
        .origin
        .put(PAGE, "long.png", File::new("image/png", body.clone()));
    let next = proxy.put("next.png", LENGTH);
    proxy.script("long.png", Behaviour::Announces { length: MIDDLE });
    let long = proxy.get("/7/long.png");
    check("over-long body", &long, Got::Announced(MIDDLE), &body);
    check_well_again("over-long body", &proxy, "next.png", &next);
    // The copy is the file as far as anybody can tell, until Confluence is asked how long the file is.
    proxy.script("long.png", Behaviour::Good);
    let renewed = after_its_time(&mut proxy.connect(), "/7/long.png");
    assert_eq!(renewed.field("X-Cache"), Some("MISS"), "not confirmed");
    assert!(renewed.complete && renewed.body == body);
}

/// A Confluence at an address of its own, which comes and goes.
fn come(port: u16) -> (SampleConfluence, Vec<u8>) {
    let options = Options {
        port,
        ..Options::default()
    };
    let origin = SampleConfluence::start(options).expect("the port is reserved");
    let bytes = pattern(LENGTH);
    for name in ["hot.png", "cold.png"] {
        origin.put(PAGE, name, File::new("image/png", bytes.clone()));
    }
    (origin, bytes)
}

/// Refused connections, again and again: each time Confluence is down new files are refused and kept ones served, and
/// each time it is back new files come. `tests/faults/run` does the same by the clock, for a minute if it is told so.
#[test]
fn a_confluence_that_comes_and_goes_is_used_whenever_it_is_there() {
    let (_reserved, address) = reserve_port();
    let url = format!("http://{address}");
    let proxy = with(&[("CONFLUENCE_URL", &url)]);
    let mut client = proxy.connect();
    assert_eq!(client.get("/proxy/7/cold.png").status, 502);
    let (origin, hot) = come(address.port());
    check("refused", &client.get("/proxy/7/hot.png"), Got::File, &hot);
    drop(origin);
    for round in 0..20 {
        let name = format!("round-{round}.png");
        let path = format!("/proxy/7/{name}");
        check("refused", &client.get(&path), Got::Status(502), &hot);
        check("refused", &proxy.get_kept("/7/hot.png"), Got::File, &hot);
        let (origin, bytes) = come(address.port());
        origin.put(PAGE, &name, File::new("image/png", bytes.clone()));
        check("refused", &client.get(&path), Got::File, &bytes);
    }
}

/// No address, and a port whose server waits for the rest of a request while it is offered TLS.
#[test]
fn a_confluence_that_cannot_be_reached_at_all_is_said_to_be_so() {
    let origin = SampleConfluence::start(Options::default()).expect("a free port");
    let tls = format!("https://{}", origin.address());
    for (url, status, said) in [
        (
            "http://confluence.invalid",
            502,
            "Confluence cannot be reached",
        ),
        (&*tls, 504, "Confluence did not answer in time"),
    ] {
        let proxy = with(&[("CONFLUENCE_URL", url)]);
        for _ in 0..2 {
            let response = proxy.get("/7/cold.png");
            check(url, &response, Got::Status(status), &[]);
            assert!(response.text().contains(said), "{}", response.text());
        }
        assert_eq!(proxy.connect().get("/healthz").status, 200, "{url}");
    }
}

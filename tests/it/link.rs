//! The contract of the link between gates and tiny_http: no client breaks it, and no client uses it.
//!
//! Whatever breaks a link ends the service, so one more good answer on the same connection, which is the same gate's,
//! says that it holds.

use std::cell::RefCell;

use confluence_attachment_proxy::demo::{Behaviour, Latch};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{Client, PAGE, PATIENCE, Proxy};

/// More connections than there are gates, and gates take them in turn: each gate has one.
const EACH_GATE: usize = 4;

#[track_caller]
fn assert_good(client: &mut Client, bytes: &[u8], after: &str) {
    let response = client.get("/proxy/7/good.png");
    assert!(
        response.complete && response.status == 200 && response.body == bytes,
        "status {} after {after:?}",
        response.status
    );
}

#[test]
fn odd_requests_that_pass_do_not_break_the_link() {
    let proxy = Proxy::start();
    let bytes = proxy.put("good.png", 5000);
    let ascii: String = (' '..='~').filter(|c| !"#% ".contains(*c)).collect();
    let many: String = (0..98).map(|n| format!("X-{n}: {n}\r\n")).collect();
    let ranges: String = (0..98)
        .map(|n| format!("Range: bytes={n}-{n}\r\n"))
        .collect();
    let targets = [
        "/",
        "//",
        "/?",
        "/???",
        "/.",
        "/..",
        "/../..",
        "/proxy/7/good.png?",
        "/proxy/7/good.png?&&=&",
        "/proxy/7/%00",
        "/proxy/7/%0D%0A%0D%0AGET%20/",
        "/proxy/7/good.png?x=%0d%0aContent-Length:%209",
        "/proxy/7/%ff%fe",
        "/proxy/7/é图😀",
        "/%20HTTP/1.1%0d%0aT:%200.0.0",
        "http://a",
        "http://a?b",
        "https://[::1]:1/proxy/7/good.png",
        "/http://a/",
        "/*",
    ];
    let fields = [
        "Connection: close-not, upgrade, keep-alive\r\nUpgrade: websocket\r\n",
        "Expect: 100-Continue\r\n",
        "Content-Length: 0\r\n",
        "TE: trailers, chunked\r\nTrailer: X\r\nKeep-Alive: timeout=1\r\nProxy-Connection: close\r\n",
        "Host2: a\r\nHosts: b\r\nX-Host: c\r\n",
        "Range:\r\nAccept:\r\nAccept-Language:   \t \r\n",
        "Range: \t bytes=0-1 \t \r\nAccept: a\tb\r\n",
        "Range: :::\r\nIf-Range: =\r\nIf-None-Match: ,,,\r\nIf-Modified-Since: never\r\n",
        "If-None-Match: \"\\\", \"\"\"\r\n",
        "Accept: */*, text/html;q=0.0001, ;;;=\r\nAccept: application/json\r\nAccept-Language: *\r\n",
        "!#$%&'*+-.^_`|~: odd but a token\r\n",
        "X: \u{e9}\u{fe}\r\n",
    ];
    let long = [
        format!("/{}", "a".repeat(8191)),
        format!("/{}", "%".repeat(2700).replace('%', "%00")),
        format!("/{ascii}?{ascii}"),
    ];
    let big = [
        many,
        ranges,
        format!("If-None-Match: \"{}\"\r\n", "a".repeat(2000)),
        format!("If-None-Match: \"{}\"\r\n", "a".repeat(14_000)),
        format!("Accept-Language: {}\r\n", "zh,".repeat(600)),
    ];
    let heads = targets
        .map(str::to_owned)
        .into_iter()
        .chain(long)
        .map(|target| (target, String::new()))
        .chain(
            fields
                .map(str::to_owned)
                .into_iter()
                .chain(big)
                .map(|fields| ("/proxy/7/good.png".to_owned(), fields)),
        );
    let heads: Vec<(String, String)> = heads.collect();
    let mut clients: Vec<Client> = (0..EACH_GATE).map(|_| proxy.connect()).collect();
    for (target, fields) in &heads {
        for client in &mut clients {
            for method in ["GET", "HEAD", "DELETE", "OPTIONS"] {
                client.send(format!(
                    "{method} {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n"
                ));
                let response = client.response(method == "HEAD");
                let start: String = format!("{method} {target} {fields}")
                    .chars()
                    .take(100)
                    .collect();
                assert!(
                    matches!(
                        response.status,
                        200 | 204 | 206 | 304 | 400 | 404 | 405 | 416
                    ),
                    "{} for {start:?}",
                    response.status
                );
                assert_eq!(response.field("Connection"), None, "{start:?}");
                assert_good(client, &bytes, &start);
            }
        }
    }
}

#[test]
fn a_field_that_looks_like_a_ticket_moves_no_answer_to_another_client() {
    let proxy = Proxy::start();
    let bytes = proxy.put("good.png", 5000);
    let secret = proxy.put("parked.png", 7000);
    let latch = Latch::new();
    proxy
        .origin
        .script(PAGE, "parked.png", Behaviour::hold(&latch));
    let mut victims: Vec<Client> = (0..EACH_GATE).map(|_| proxy.connect()).collect();
    for victim in &mut victims {
        victim.request("GET", "/proxy/7/parked.png", &[]);
    }
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    let mut attackers: Vec<Client> = (0..EACH_GATE).map(|_| proxy.connect()).collect();
    // Every ticket that a victim can have by now, under every name that somebody might read it by.
    for gate in 0..EACH_GATE {
        for slot in 0..2 * EACH_GATE {
            let fields: String = (0..16)
                .map(|serial| {
                    let ticket = format!("{gate:x}.{slot:x}.{serial:x}");
                    format!("T: {ticket} 127.0.0.1\r\nt:{ticket} 10.0.0.1\r\nTicket: {ticket}\r\n")
                })
                .collect();
            for attacker in &mut attackers {
                attacker.send(format!(
                    "GET /proxy/7/good.png HTTP/1.1\r\nHost: a\r\n{fields}\r\n"
                ));
                let response = attacker.response(false);
                assert!(response.status == 200 && response.body == bytes);
            }
        }
    }
    for victim in &mut victims {
        victim.socket.set_nonblocking(true).expect("a socket");
        let early = victim.socket.peek(&mut [0; 1]);
        assert!(early.is_err(), "a victim got somebody else's answer");
        victim.socket.set_nonblocking(false).expect("a socket");
    }
    latch.open();
    for victim in &mut victims {
        let response = victim.response(false);
        assert!(response.status == 200 && response.body == secret);
        assert_good(victim, &bytes, "the attack");
    }
}

#[test]
fn services_that_start_and_stop_at_the_same_time_keep_out_of_each_others_way() {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let proxy = Proxy::start();
                    assert_eq!(proxy.connect().get("/healthz").status, 200);
                }
            });
        }
    });
}

/// What clients send, from nearly right to noise.
fn raw_request() -> impl Strategy<Value = Vec<u8>> {
    let method = prop_oneof![
        6 => Just("GET".to_owned()),
        2 => Just("HEAD".to_owned()),
        1 => Just("OPTIONS".to_owned()),
        1 => Just("DELETE".to_owned()),
        1 => "[A-Za-z@ ]{1,8}",
    ];
    let target = prop_oneof![
        2 => Just("/proxy/7/good.png".to_owned()),
        2 => "/proxy/7/[!-~]{0,20}",
        2 => "/[ -~éß图]{0,40}",
        1 => "http://[a-z:/?%0-9]{0,20}",
        1 => "[!-~]{0,20}",
    ];
    let version = prop_oneof![8 => Just("HTTP/1.1"), 2 => Just("HTTP/1.0"), 1 => Just("HTTP/2.0"), 1 => Just("")];
    let name = prop_oneof![
        4 => proptest::sample::select(vec![
            "Host", "Range", "If-Range", "If-None-Match", "If-Modified-Since", "Accept", "Accept-Language", "T",
            "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Expect", "TE", "Cookie",
        ]).prop_map(str::to_owned),
        1 => "[!-~]{1,10}",
        1 => "[ -~]{0,10}",
    ];
    let value = prop_oneof![
        2 => Just("bytes=0-5".to_owned()),
        2 => Just("0".to_owned()),
        1 => Just("chunked".to_owned()),
        1 => Just("close".to_owned()),
        3 => "[ -~\t]{0,30}",
        1 => "[\\x00-\\xff]{0,10}",
    ];
    let end = prop_oneof![10 => Just("\r\n"), 1 => Just("\n"), 1 => Just("\r"), 1 => Just("\r\n ")];
    let fields = proptest::collection::vec((name, value, end), 0..6);
    let heads = (method, target, version, any::<bool>(), fields).prop_map(
        |(method, target, version, host, fields)| {
            let mut head = format!("{method} {target} {version}\r\n");
            if host {
                head.push_str("Host: a\r\n");
            }
            for (name, value, end) in fields {
                head.push_str(&format!("{name}: {value}{end}"));
            }
            (head + "\r\n").into_bytes()
        },
    );
    prop_oneof![
        12 => proptest::collection::vec(heads, 1..4).prop_map(|heads| heads.concat()),
        1 => proptest::collection::vec(any::<u8>(), 0..200),
    ]
}

#[test]
fn whatever_is_sent_the_answer_is_http_and_the_link_holds() {
    let proxy = Proxy::start();
    let bytes = proxy.put("good.png", 5000);
    let witnesses: Vec<Client> = (0..EACH_GATE).map(|_| proxy.connect()).collect();
    let witnesses = RefCell::new(witnesses);
    let config = Config {
        cases: 400,
        failure_persistence: None,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&raw_request(), |request| {
        let mut client = proxy.connect();
        client.send(&request);
        client.finish_sending();
        let answer = client.rest();
        prop_assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 "),
            "{:?}",
            String::from_utf8_lossy(&answer)
        );
        for witness in witnesses.borrow_mut().iter_mut() {
            assert_good(witness, &bytes, &String::from_utf8_lossy(&request));
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

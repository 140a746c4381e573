//! What clients may do at the gate, and what they are told when they do something else: every limit, every refusal,
//! and that no client harms another one, over real sockets.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use confluence_attachment_proxy::demo::{Behaviour, Latch};

use crate::support::{Client, PAGE, PATIENCE, Program, Proxy, Response};

/// A request that is always answered, without Confluence.
const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n";

/// Most memory that a process may gain from whatever clients do, beside what it caches: far below what they send here,
/// far above what a debug build gains by itself.
const GROWTH_MAX: u64 = 48 * 1024 * 1024;

/// Sends these bytes and much more, and returns the answer, which must come whole before the connection ends well.
#[track_caller]
fn refused(proxy: &Proxy, bytes: &[u8]) -> Response {
    let mut client = proxy.connect();
    client.try_send(bytes);
    client.try_send(vec![b'x'; 200_000]);
    let response = client.response(false);
    assert!(response.complete, "cut short: {:?}", response.head);
    assert_eq!(response.field("Connection"), Some("close"));
    assert!(client.ends_well(), "a reset behind: {:?}", response.head);
    response
}

fn is_healthy(client: &mut Client) -> bool {
    let response = client.get("/healthz");
    (response.status, response.text()) == (200, "ok\n")
}

#[test]
fn sixty_four_keep_alive_connections_are_all_answered_again_and_again() {
    let mut proxy = Proxy::start();
    let bytes = proxy.put("a.png", 1000);
    let mut clients: Vec<Client> = (0..64).map(|_| proxy.connect()).collect();
    for _ in 0..3 {
        for client in &mut clients {
            client.request("GET", "/proxy/7/a.png", &[]);
        }
        for client in &mut clients {
            let response = client.response(false);
            assert_eq!((response.status, &response.body), (200, &bytes));
        }
    }
    assert_eq!(proxy.fetches(), 1);
    proxy.stop();
    assert!(clients.iter_mut().all(Client::ends_well));
}

#[test]
fn a_refusal_is_one_whole_plain_answer() {
    let proxy = Proxy::start();
    let response = refused(
        &proxy,
        b"POST /proxy/7/a.png HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n",
    );
    let text = "405 Method Not Allowed: only GET, HEAD, DELETE and OPTIONS are answered here\n";
    assert_eq!(response.text(), text);
    assert_eq!(
        response.sorted_head(),
        format!(
            "HTTP/1.1 405 Method Not Allowed\n\
             Allow: GET, HEAD, DELETE, OPTIONS\n\
             Cache-Control: no-store\n\
             Connection: close\n\
             Content-Length: {}\n\
             Content-Type: text/plain; charset=utf-8\n\
             X-Content-Type-Options: nosniff\n",
            text.len()
        )
    );
}

#[test]
fn each_bad_request_is_told_why_although_the_client_goes_on_sending() {
    let proxy = Proxy::start();
    let line = "the request line must be METHOD TARGET HTTP/1.1, as HTTP/0.9 is not spoken here";
    let methods = "only GET, HEAD, DELETE and OPTIONS are answered here";
    let body = "requests with a body are not accepted";
    let both = "Transfer-Encoding cannot stand beside Content-Length or in HTTP/1.0";
    let host = "HTTP/1.1 requires exactly one Host field";
    let target = "the request target must start with / (or be http://host/…)";
    let tls = "this is not an HTTP request (is it TLS on the plain port?)";
    let value = "a header field value holds a forbidden character";
    let name = "a header field name holds a forbidden character";
    let special =
        "the request line is malformed; percent-encode spaces and other special characters";
    let bare = "a line of the request head ends without a carriage return";
    let version = "only HTTP/1.0 and HTTP/1.1 are spoken here";
    let cases: &[(&[u8], u16, &str)] = &[
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 405, methods),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 405, methods),
        (b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405, methods),
        (b"CONNECT wiki:443 HTTP/1.1\r\nHost: wiki:443\r\n\r\n", 405, methods),
        (b"get / HTTP/1.1\r\nHost: a\r\n\r\n", 405, methods),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000000000\r\n\r\n", 413, body),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999999\r\n\r\n", 413, body),
        (b"DELETE /proxy/7/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", 413, body),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413, body),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 400, "the last Transfer-Encoding must be chunked"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", 400, both),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", 400, both),
        (b"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, both),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", 400, "the Content-Length field is repeated"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400, "the Content-Length field is not a number"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x0\r\n\r\n", 400, "the Content-Length field is not a number"),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, version),
        (b"GET / http/1.1\r\nHost: a\r\n\r\n", 400, "the request line must end with HTTP/1.1 or HTTP/1.0"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, version),
        (b"GET /\r\n\r\n", 400, line),
        (b"HELO mail\r\n\r\n", 400, line),
        (b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, special),
        (b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, special),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, tls),
        (b"\0\0\0\0", 400, tls),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400, bare),
        (b"GET / HTTP/1.1\r\nHost: a\n\r\n", 400, bare),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400, value),
        (b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400, special),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400, value),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n", 400, "a line of the request head begins with a space; folded header fields are not accepted"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n", 400, name),
        (b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400, name),
        (b"GET / HTTP/1.1\r\nX: a\r\n\r\n", 400, host),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, host),
        (b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, "the Host field is malformed"),
        (b"GET wiki:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400, target),
        (b"GET ftp://wiki/a HTTP/1.1\r\nHost: a\r\n\r\n", 400, target),
        (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "the target * goes with OPTIONS only"),
        (b"GET /100% HTTP/1.1\r\nHost: a\r\n\r\n", 400, "a % in the address must be followed by two hexadecimal digits; write %25 for a percent sign"),
        (b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "a # cannot stand in a request; write %23 for a number sign"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nRange: \xe9\r\n\r\n", 400, "a header field that is used here holds a byte that is not ASCII"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nExpect: a-miracle\r\n\r\n", 417, "the only Expect that is understood is 100-continue"),
    ];
    for (bytes, status, reason) in cases {
        let request = String::from_utf8_lossy(bytes);
        let response = refused(&proxy, bytes);
        assert_eq!(response.status, *status, "request: {request:?}");
        let (_, said) = response.text().split_once(": ").expect("status: reason");
        assert_eq!(said.trim_end(), *reason, "request: {request:?}");
        let allow = (*status == 405).then_some("GET, HEAD, DELETE, OPTIONS");
        assert_eq!(response.field("Allow"), allow, "request: {request:?}");
    }
    assert!(is_healthy(&mut proxy.connect()));
    assert_eq!(proxy.asked().len(), 0, "Confluence hears of none of it");
}

#[test]
fn a_refused_head_says_how_long_the_reason_is_and_leaves_it_out() {
    let proxy = Proxy::start();
    let mut client = proxy.connect();
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
    let response = client.response(true);
    let length = "413 Content Too Large: requests with a body are not accepted\n".len();
    assert_eq!(response.status, 413);
    assert_eq!(
        response.field("Content-Length"),
        Some(length.to_string().as_str())
    );
    assert_eq!(
        client.rest(),
        b"",
        "HEAD has no body, also when it is refused"
    );
}

#[test]
fn odd_but_valid_requests_are_answered_and_the_connection_goes_on() {
    let proxy = Proxy::start();
    let mut client = proxy.connect();
    for head in [
        "GET http://elsewhere:99/healthz HTTP/1.1\r\nHost: a",
        "GET HTTPS://elsewhere/healthz HTTP/1.1\r\nHost: a",
        "GET /%68ealthz HTTP/1.1\r\nHost:",
        "\r\n\r\nGET /healthz HTTP/1.1\r\nhOsT:a",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 0",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nExpect: 100-continue",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Latin: \u{e9}\r\nX-Tab: a\tb",
    ] {
        let response = client.send(format!("{head}\r\n\r\n")).response(false);
        assert_eq!((response.status, response.text()), (200, "ok\n"), "{head}");
        assert_eq!(response.field("Connection"), None, "{head}");
    }
    let options = client.ask("OPTIONS", "*", &[]);
    assert_eq!(
        (options.status, options.field("Allow")),
        (204, Some("GET, HEAD, DELETE, OPTIONS"))
    );
    for byte in HEALTH.bytes() {
        client.send([byte]);
    }
    assert_eq!(client.response(false).status, 200, "one byte at a time");
}

#[test]
fn the_bounds_of_a_head_are_exact() {
    let proxy = Proxy::start();
    let filled = |bytes: usize| {
        let start = "GET /healthz HTTP/1.1\r\nHost: a\r\nX: ";
        format!("{start}{}\r\n\r\n", "a".repeat(bytes - start.len() - 4))
    };
    let crowded = |fields: usize| {
        format!(
            "GET /healthz HTTP/1.1\r\nHost: a\r\n{}\r\n",
            "A: b\r\n".repeat(fields - 1)
        )
    };
    let long = |target: usize| {
        format!(
            "GET /healthz?{} HTTP/1.1\r\nHost: a\r\n\r\n",
            "a".repeat(target - "/healthz?".len())
        )
    };
    let encoded = |target: usize| {
        let accents = target / 3 - 3; // three bytes each on the link: %E9 and so on
        format!(
            "GET /healthz?{}{} HTTP/1.1\r\nHost: a\r\n\r\n",
            "!".repeat(accents),
            "a".repeat(target - "/healthz?".len() - 3 * accents)
        )
    };
    for (request, status, text) in [
        (filled(16 * 1024), 200, "ok\n"),
        (
            filled(16 * 1024 + 1),
            431,
            "431 Request Header Fields Too Large: the request head is larger than 16 KiB\n",
        ),
        (crowded(100), 200, "ok\n"),
        (
            crowded(101),
            431,
            "431 Request Header Fields Too Large: the request has more than 100 header fields\n",
        ),
        (long(8 * 1024), 200, "ok\n"),
        (
            long(8 * 1024 + 1),
            414,
            "414 URI Too Long: the address is longer than 8 KiB\n",
        ),
        (encoded(8 * 1024), 200, "ok\n"),
        (
            encoded(8 * 1024 + 1),
            414,
            "414 URI Too Long: the address is longer than 8 KiB\n",
        ),
        (
            format!("GET /{}", "a".repeat(16 * 1024)),
            414,
            "414 URI Too Long: the address is longer than 8 KiB\n",
        ),
    ] {
        let mut client = proxy.connect();
        let response = client.send(&request).response(false);
        let start = &request[..60];
        assert_eq!(response.status, status, "{} bytes: {start}", request.len());
        assert_eq!(response.text(), text, "{} bytes: {start}", request.len());
        if status == 200 {
            assert!(is_healthy(&mut client), "keep-alive");
        } else {
            assert!(client.ends_well());
        }
    }
}

#[test]
fn endless_heads_are_refused_and_cost_no_memory() {
    let mut program = Program::start(&[], 1024);
    assert!(is_healthy(&mut program.connect()));
    let before = program.peak_memory();
    let mebibyte = |pattern: &str| pattern.repeat(1024 * 1024 / pattern.len());
    for (start, filler, status) in [
        ("GET / HTTP/1.1\r\nHost: a\r\nX: ", mebibyte("a"), 431),
        ("GET / HTTP/1.1\r\nHost: a\r\n", mebibyte("A: b\r\n"), 431),
        ("GET /", mebibyte("a"), 414),
        ("", mebibyte("\r\n"), 431),
        ("", mebibyte("\n"), 431),
    ] {
        let mut clients: Vec<Client> = (0..4).map(|_| program.connect()).collect();
        for client in &mut clients {
            client.send(start);
        }
        // 300 MB each, or as much as the proxy takes.
        let mut open: Vec<&mut Client> = clients.iter_mut().collect();
        for _ in 0..300 {
            open.retain_mut(|client| client.try_send(&filler));
        }
        assert!(open.is_empty(), "it reads on for ever: {start:?}");
        for client in &mut clients {
            let response = client.response(false);
            assert_eq!(response.status, status, "{start:?}");
            assert!(response.complete, "{start:?}");
        }
        assert!(is_healthy(&mut program.connect()));
    }
    // Small enough to be sent whole: the connection ends in good order.
    let mut client = program.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n");
    client.send("A: b\r\n".repeat(100_000));
    assert_eq!(client.response(false).status, 431);
    assert!(client.ends_well());
    let growth = program.peak_memory() - before;
    assert!(growth < GROWTH_MAX, "{growth} bytes more");
    assert!(program.is_running());
}

#[test]
fn a_head_that_takes_longer_than_ten_seconds_is_given_up() {
    let proxy = Proxy::start();
    let started = Instant::now();
    let mut silent = proxy.connect();
    let mut half = proxy.connect();
    half.send("GET / HTTP/1.1\r\nHost: ");
    let mut dripping = proxy.connect();
    dripping.send("GET / HTTP/1.1\r\nX: ");
    // A byte whenever the proxy has said nothing for a while, like somebody who means to hold the connection.
    let slow = dripping
        .socket
        .set_read_timeout(Some(Duration::from_millis(400)));
    slow.expect("a timeout");
    let mut answer = Vec::new();
    loop {
        match dripping.socket.read_to_end(&mut answer) {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                assert!(started.elapsed() < PATIENCE, "it waits for ever");
                dripping.send("a");
            }
            Err(error) => panic!("the answer was lost: {error}"),
        }
    }
    let answer = String::from_utf8(answer).expect("text");
    let reason = "408 Request Timeout: the request head did not arrive within 10 seconds\n";
    assert!(
        answer.starts_with("HTTP/1.1 408 Request Timeout\r\n") && answer.ends_with(reason),
        "{answer}"
    );
    let response = half.response(false);
    assert_eq!((response.status, response.text()), (408, reason));
    assert!(half.ends_well());
    assert!(silent.is_closed(), "who has said nothing is told nothing");
    let waited = started.elapsed();
    assert!(
        Duration::from_secs(10) <= waited && waited < Duration::from_secs(15),
        "{waited:?}"
    );
    assert!(is_healthy(&mut proxy.connect()));
}

#[test]
fn a_client_that_does_not_read_disturbs_nobody_and_gets_everything_in_the_end() {
    let proxy = Proxy::start();
    let big = proxy.put("big.png", 24_000_000);
    let small = proxy.put("small.png", 1000);
    assert!(proxy.get("/7/big.png").body == big);
    let mut sleepers: Vec<Client> = (0..8).map(|_| proxy.connect()).collect();
    for sleeper in &mut sleepers {
        sleeper.request("GET", "/proxy/7/big.png", &[]);
    }
    let mut clients: Vec<Client> = (0..4).map(|_| proxy.connect()).collect();
    for _ in 0..50 {
        for client in &mut clients {
            assert_eq!(client.get("/proxy/7/small.png").body, small);
        }
    }
    assert!(proxy.get("/7/big.png").body == big);
    for sleeper in &mut sleepers {
        let response = sleeper.response(false);
        assert!(response.complete && response.body == big);
        assert!(is_healthy(sleeper));
    }
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let proxy = Proxy::start();
    let latch = Latch::new();
    let files: Vec<(String, Vec<u8>)> = (0..40)
        .map(|number| {
            let name = format!("{number}.png");
            let bytes = proxy.put(&name, 100 + 1000 * number);
            if number % 10 == 3 {
                proxy.origin.script(PAGE, &name, Behaviour::hold(&latch));
            }
            (name, bytes)
        })
        .collect();
    let mut client = proxy.connect();
    let request = |(name, _): &(String, Vec<u8>)| {
        format!("GET /proxy/7/{name} HTTP/1.1\r\nHost: a\r\n\r\n{HEALTH}")
    };
    client.send(files.iter().map(request).collect::<String>());
    for (number, (name, bytes)) in files.iter().enumerate() {
        if number == 3 {
            assert!(latch.wait_for_arrivals(1, PATIENCE));
            latch.open();
        }
        let response = client.response(false);
        assert_eq!(response.status, 200, "{name}");
        assert!(response.body == *bytes, "{name}");
        assert_eq!(client.response(false).text(), "ok\n", "behind {name}");
    }
}

#[test]
fn a_client_that_asks_without_end_and_never_reads_is_held_up_and_costs_no_memory() {
    let mut program = Program::start(&[], 1024);
    let bytes = program.put("a.png", 64 * 1024);
    assert!(program.connect().get("/proxy/7/a.png").body == bytes);
    let before = program.peak_memory();
    let request = "GET /proxy/7/a.png HTTP/1.1\r\nHost: a\r\n\r\n";
    let many = request.repeat(1024 * 1024 / request.len());
    let mut floods: Vec<Client> = (0..4).map(|_| program.connect()).collect();
    let mut served = program.connect();
    for flood in &mut floods {
        let short = flood
            .socket
            .set_write_timeout(Some(Duration::from_millis(500)));
        short.expect("a timeout");
        // The kernel's buffers take some megabytes; then it must stop, or the gate hoards requests.
        let stuck = (0..64).any(|_| match flood.socket.write_all(many.as_bytes()) {
            Ok(()) => false,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                true
            }
        });
        assert!(stuck, "64 MiB of requests were taken in");
        assert!(served.get("/proxy/7/a.png").body == bytes);
    }
    let growth = program.peak_memory().saturating_sub(before);
    assert!(growth < GROWTH_MAX, "{growth} bytes more");
    let answer = floods[0].response(false);
    assert!(answer.complete && answer.body == bytes);
    drop(floods);
    assert!(is_healthy(&mut served));
    assert!(program.is_running());
    assert_eq!(program.origin.requests(), 2, "the login test and one file");
}

#[test]
fn a_client_that_ends_its_side_still_gets_its_answers_and_then_the_end() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 3000);
    assert_eq!(proxy.get("/7/a.png").body, bytes);
    let request = "GET /proxy/7/a.png HTTP/1.1\r\nHost: a\r\n\r\n";
    // Often, because request and end arrive together only sometimes.
    for requests in (1..=3).cycle().take(300) {
        let mut client = proxy.connect();
        client.send(request.repeat(requests));
        client.finish_sending();
        for _ in 0..requests {
            let response = client.response(false);
            assert!(response.complete && response.body == bytes);
        }
        assert!(client.ends_well());
    }
}

#[test]
fn a_client_that_ends_its_side_while_its_file_is_fetched_still_gets_it() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 300_000);
    let latch = Latch::new();
    proxy
        .origin
        .script(PAGE, "a.png", Behaviour::hold_at(1000, &latch));
    let mut client = proxy.connect();
    client.request("GET", "/proxy/7/a.png", &[]);
    client.finish_sending();
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    let head = client.head();
    latch.open();
    let response = client.body(head, false);
    assert!(response.complete && response.body == bytes);
    assert!(client.ends_well());
}

#[test]
fn a_client_that_ends_its_side_within_a_head_is_closed_without_a_word() {
    let proxy = Proxy::start();
    let mut client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost");
    client.finish_sending();
    assert!(client.ends_well());
}

#[test]
fn connections_live_as_long_as_version_and_connection_field_say() {
    let proxy = Proxy::start();
    for (head, answer, goes_on) in [
        ("GET /healthz HTTP/1.1\r\nHost: a", None, true),
        (
            "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close",
            Some("close"),
            false,
        ),
        (
            "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: TE, Close",
            Some("close"),
            false,
        ),
        ("GET /healthz HTTP/1.0", Some("close"), false),
        (
            "GET /healthz HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive",
            Some("keep-alive"),
            true,
        ),
        (
            "GET /healthz HTTP/1.0\r\nConnection: keep-alive, close",
            Some("close"),
            false,
        ),
    ] {
        let mut client = proxy.connect();
        let response = client.send(format!("{head}\r\n\r\n")).response(false);
        assert_eq!((response.status, response.text()), (200, "ok\n"), "{head}");
        assert_eq!(response.field("Connection"), answer, "{head}");
        if goes_on {
            assert!(is_healthy(&mut client), "{head}");
        } else {
            assert!(client.ends_well(), "{head}");
        }
    }
}

#[test]
fn what_comes_behind_connection_close_is_not_answered_and_destroys_nothing() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 100_000);
    assert_eq!(proxy.get("/7/a.png").body, bytes);
    let mut client = proxy.connect();
    let last = "GET /proxy/7/a.png HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    client.send([last, &HEALTH.repeat(1000)].concat());
    let response = client.response(false);
    assert!(response.complete && response.body == bytes);
    assert!(client.ends_well());
}

#[test]
fn an_old_client_gets_a_file_of_unknown_length_unframed() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 300_000);
    let latch = Latch::new();
    proxy
        .origin
        .script(PAGE, "a.png", Behaviour::Chunked.held(&latch));
    let mut old = proxy.connect();
    old.send("GET /proxy/7/a.png HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    latch.open();
    let response = old.response(false);
    assert_eq!(response.field("Transfer-Encoding"), None);
    assert_eq!(response.field("Content-Length"), None);
    assert_eq!(response.field("Connection"), Some("close"));
    assert!(response.body == bytes);
}

#[test]
fn resets_at_every_point_leave_nothing_behind() {
    let mut program = Program::start(&[("CONFLUENCE_MAX_CONNECTIONS", "4")], 1024);
    let bytes = program.put("big.png", 5_000_000);
    program.put("never.png", 10);
    let mut normal = program.connect();
    assert!(normal.get("/proxy/7/big.png").body == bytes);
    let latch = Latch::new();
    program
        .origin
        .script(PAGE, "never.png", Behaviour::hold(&latch));
    let mut first = program.connect();
    first.request("GET", "/proxy/7/never.png", &[]);
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    first.reset();
    let (descriptors, threads) = wait_for_quiet(&mut normal, &program);

    let big = "GET /proxy/7/big.png HTTP/1.1\r\nHost: a\r\n\r\n";
    for end in 0..=big.len() {
        let mut client = program.connect();
        client.send(&big[..end]);
        client.reset();
        assert!(is_healthy(&mut normal));
    }
    for read in [1, 100, 1000, 100_000, 3_000_000] {
        let mut client = program.connect();
        client.send(big.repeat(2));
        assert!(client.exactly(read).1);
        client.reset();
        assert!(is_healthy(&mut normal));
    }
    for _ in 0..20 {
        let mut parked = program.connect();
        parked.request("GET", "/proxy/7/never.png", &[]);
        parked.reset();
        let mut refused = program.connect();
        refused.try_send("POST / HTTP/1.1\r\nHost: a\r\n\r\n");
        refused.reset();
        assert!(is_healthy(&mut normal));
    }
    let until = Instant::now() + PATIENCE;
    while descriptors != program.descriptors() {
        assert!(is_healthy(&mut normal)); // a turn of the gates
        assert!(
            Instant::now() < until,
            "{} descriptors, {descriptors} before",
            program.descriptors()
        );
    }
    assert_eq!(program.threads(), threads);
    latch.open();
    assert_eq!(normal.get("/proxy/7/never.png").status, 200);
    assert!(program.is_running());
    assert_eq!(program.origin.requests(), 3, "the login test and two files");
}

/// Lets the program finish what it is doing: until descriptors and threads stay the same over many turns of the gates.
fn wait_for_quiet(client: &mut Client, program: &Program) -> (usize, usize) {
    let count = |client: &mut Client| {
        for _ in 0..200 {
            assert!(is_healthy(client));
        }
        (program.descriptors(), program.threads())
    };
    let mut last = count(client);
    loop {
        let now = count(client);
        if now == last {
            return now;
        }
        last = now;
    }
}

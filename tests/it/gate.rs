//! What clients may do at the gate: its limits to the byte, pipelines, half-closed connections and slow readers, over
//! real sockets. What attackers do is in `hostile`.

use confluence_attachment_proxy::demo::{Behaviour, Latch};

use crate::support::answer::{HEALTH, is_healthy, is_healthy_answer};
use crate::support::{Client, PAGE, PATIENCE, Proxy};

/// A POST of a form of `length` bytes, without the form.
fn form_head(target: &str, length: usize, more: &str) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {length}\r\n{more}\r\n"
    )
}

#[test]
fn a_form_is_read_whole_however_it_comes() {
    let proxy = Proxy::start();
    let form = |length: usize| format!("x={}", "a".repeat(length - 2));
    let longest = 256 * 1024;
    for (length, piece) in [(2, 1), (1000, 1000), (longest, 10_000), (longest, longest)] {
        let mut client = proxy.connect();
        let request = form_head("/proxy/", length, "") + &form(length);
        for part in request.as_bytes().chunks(piece) {
            client.send(part);
        }
        let response = client.response(false);
        assert_eq!(response.status, 200, "{length} bytes in pieces of {piece}");
        assert!(response.text().contains("<html"));
        assert!(is_healthy(&mut client), "the next request begins behind it");
    }
    // Two requests sent ahead of their answers, with a form in the middle of a segment.
    let mut client = proxy.connect();
    client.send(form_head("/proxy/", 5, "") + "x=abc" + HEALTH);
    assert_eq!(client.response(false).status, 200);
    assert_eq!(client.response(false).text(), "ok\n");
}

#[test]
fn who_waits_to_be_asked_for_a_form_is_asked_once() {
    let proxy = Proxy::start();
    let mut client = proxy.connect();
    client.send(form_head("/proxy/", 5, "Expect: 100-continue\r\n"));
    let asked = "HTTP/1.1 100 Continue\r\n\r\n";
    let (bytes, _) = client.exactly(asked.len());
    assert_eq!(String::from_utf8_lossy(&bytes), asked);
    client.send("x=").send("abc");
    assert_eq!(client.response(false).status, 200);
    // Who has sent all of it need not be asked.
    client.send(form_head("/proxy/", 5, "Expect: 100-continue\r\n") + "x=abc");
    assert_eq!(client.response(false).status, 200);
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
fn a_head_may_come_byte_by_byte() {
    let proxy = Proxy::start();
    let mut client = proxy.connect();
    for _ in 0..2 {
        for byte in HEALTH.bytes() {
            client.send([byte]);
        }
        assert!(is_healthy_answer(&mut client));
    }
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

//! Too much at once: hits go on while everything else waits, and who cannot be served is told when to come back.

use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::time::Instant;

use confluence_attachment_proxy::demo::{Behaviour, Latch};

use crate::support::{Client, PAGE, PATIENCE, Proxy};

/// Downloads that may wait for a free place in the crew (`FETCHES_WAITING_MAX` in `cache/`).
const WAITING_MAX: usize = 1024;

#[test]
fn hits_are_served_while_every_fetch_hangs() {
    let proxy = Proxy::with(&[("CONFLUENCE_MAX_CONNECTIONS", "2")]);
    let kept = proxy.put("kept.png", 50_000);
    assert_eq!(proxy.get("/7/kept.png").body, kept);
    let latch = Latch::new();
    let mut parked: Vec<(Client, Vec<u8>)> = (0..100)
        .map(|number| {
            let name = format!("{number}.png");
            let bytes = proxy.put(&name, 1000 + number);
            proxy.origin.script(PAGE, &name, Behaviour::hold(&latch));
            let mut client = proxy.connect();
            client.request("GET", &format!("/proxy/7/{name}"), &[]);
            (client, bytes)
        })
        .collect();
    assert!(latch.wait_for_arrivals(2, PATIENCE), "the whole crew hangs");
    let mut clients: Vec<Client> = (0..8).map(|_| proxy.connect()).collect();
    for _ in 0..25 {
        for client in &mut clients {
            client.request("GET", "/proxy/7/kept.png", &[]);
        }
        for client in &mut clients {
            let response = client.response(false);
            assert_eq!(response.field("X-Cache"), Some("HIT"));
            assert!(response.complete && response.body == kept);
            assert_eq!(client.get("/healthz").status, 200);
            assert_eq!(client.get("/readyz").status, 200);
        }
    }
    assert_eq!(proxy.fetches(), 3, "the kept one and the two that hang");
    latch.open();
    for (client, bytes) in &mut parked {
        let response = client.response(false);
        assert!(response.status == 200 && response.body == *bytes);
    }
    assert_eq!(proxy.fetches(), 101);
}

#[test]
fn a_stalled_reader_of_a_growing_file_does_not_hold_the_others() {
    let proxy = Proxy::with(&[("CONFLUENCE_MAX_CONNECTIONS", "2")]);
    let bytes = proxy.put("big.png", 20_000_000);
    let latch = Latch::new();
    proxy
        .origin
        .script(PAGE, "big.png", Behaviour::hold_at(1_000_000, &latch));
    let mut clients: Vec<Client> = (0..6).map(|_| proxy.connect()).collect();
    for client in &mut clients {
        client.request("GET", "/proxy/7/big.png", &[]);
    }
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    let head = clients[0].head();
    latch.open();
    // Nobody else reads meanwhile.
    let response = clients[0].body(head, false);
    assert!(response.complete && response.body == bytes);
    for client in &mut clients[1..] {
        let response = client.response(false);
        assert!(response.complete && response.body == bytes);
    }
    assert_eq!(proxy.fetches(), 1);
}

#[test]
fn who_would_wait_too_long_is_told_when_to_come_back() {
    const TOO_MANY: usize = 8;
    let proxy = Proxy::with(&[
        ("CONFLUENCE_MAX_CONNECTIONS", "1"),
        ("PROXY_MAX_CONNECTIONS", "8192"),
    ]);
    let kept = proxy.put("kept.png", 1000);
    assert_eq!(proxy.get("/7/kept.png").body, kept);
    let latch = Latch::new();
    proxy.origin.script_all(Some(Behaviour::hold(&latch)));
    let mut hanging = proxy.connect();
    hanging.request("GET", "/proxy/7/hanging.png", &[]);
    assert!(
        latch.wait_for_arrivals(1, PATIENCE),
        "the only place is taken"
    );
    let mut clients: Vec<Client> = (0..WAITING_MAX + TOO_MANY)
        .map(|number| {
            let source = Ipv4Addr::new(127, 0, 0, if number % 2 == 0 { 2 } else { 3 });
            let mut client = Client::connect_from(source, proxy.address());
            client.request("GET", &format!("/proxy/7/{number}.png"), &[]);
            client
        })
        .collect();
    let until = Instant::now() + PATIENCE;
    let has_answer = |client: &Client| {
        client.socket.set_nonblocking(true).expect("a socket");
        let peeked = client.socket.peek(&mut [0; 1]);
        client.socket.set_nonblocking(false).expect("a socket");
        match peeked {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                false
            }
        }
    };
    while clients.iter().filter(|client| has_answer(client)).count() < TOO_MANY {
        assert!(Instant::now() < until, "nobody is told anything");
        assert_eq!(proxy.get("/7/kept.png").body, kept, "hits are served");
    }
    let mut late = proxy.connect();
    let response = late.get("/proxy/7/late.png");
    assert_eq!(
        (
            response.status,
            response.field("Retry-After"),
            response.text()
        ),
        (
            503,
            Some("5"),
            "Service Unavailable\ntoo many files are being fetched at this moment\ntry again in a few seconds\n"
        )
    );
    assert_eq!(
        late.get("/proxy/7/kept.png").body,
        kept,
        "on the same connection"
    );
    proxy.origin.script_all(None);
    latch.open();
    let mut told = [0; 2];
    for client in &mut clients {
        match client.response(false).status {
            404 => told[0] += 1, // there is no such file, as it turned out
            503 => told[1] += 1,
            status => panic!("{status}"),
        }
    }
    assert_eq!(told, [WAITING_MAX, TOO_MANY]);
    assert_eq!(hanging.response(false).status, 404);
    proxy.put("late.png", 10);
    assert_eq!(
        late.get("/proxy/7/late.png").status,
        200,
        "a 503 is not remembered"
    );
}

#[test]
fn an_order_that_has_waited_for_too_long_is_not_carried_out() {
    let proxy = Proxy::with(&[
        ("CONFLUENCE_MAX_CONNECTIONS", "1"),
        ("CONFLUENCE_READ_TIMEOUT_SECONDS", "1"),
    ]);
    let mut clients = Vec::new();
    for name in ["a.png", "b.png", "c.png"] {
        proxy.put(name, 10);
        proxy
            .origin
            .script(PAGE, name, Behaviour::hold(&Latch::new()));
        let mut client = proxy.connect();
        client.request("GET", &format!("/proxy/7/{name}"), &[]);
        clients.push(client);
    }
    let mut statuses: Vec<u16> = clients
        .iter_mut()
        .map(|client| client.response(false).status)
        .collect();
    statuses.sort_unstable();
    // The second may still be asked for, if its turn comes within its second; the third cannot.
    assert!(
        statuses == [503, 503, 504] || statuses == [503, 504, 504],
        "{statuses:?}"
    );
    assert!(proxy.fetches() < 3);
}

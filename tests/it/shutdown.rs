//! What a stop leaves behind: nobody is told something that is not so.

use std::io::{ErrorKind, Read};

use confluence_attachment_proxy::demo::{Behaviour, File, Latch};

use crate::support::answer::is_healthy;
use crate::support::{Client, PAGE, PATIENCE, Proxy, pattern};

#[test]
fn idle_connections_are_ended_in_order() {
    let mut proxy = Proxy::start();
    let mut clients: Vec<Client> = (0..64).map(|_| proxy.connect()).collect();
    assert!(clients.iter_mut().all(is_healthy));
    proxy.stop();
    assert!(clients.iter_mut().all(Client::ends_well));
}

#[test]
fn who_still_waits_for_confluence_is_told_that_the_service_stops() {
    let mut proxy = Proxy::with(&[("PROXY_DRAIN_SECONDS", "0")]);
    proxy.put("a.png", 10);
    proxy
        .origin
        .script(PAGE, "a.png", Behaviour::hold(&Latch::new()));
    let mut client = proxy.connect();
    client.request("GET", "/proxy/7/a.png", &[]);
    assert!(proxy.origin.wait_for_requests(2, PATIENCE)); // the first one tested the login
    proxy.stop();
    let response = client.response(false);
    assert_eq!(
        (response.status, response.field("Retry-After")),
        (503, Some("1"))
    );
    assert!(
        response.text().contains("the proxy is stopping"),
        "{}",
        response.text()
    );
}

#[test]
fn a_cut_answer_never_ends_cleanly_also_where_the_end_of_the_connection_is_its_end() {
    let mut proxy = Proxy::with(&[("PROXY_DRAIN_SECONDS", "0")]);
    proxy
        .origin
        .put(PAGE, "a.png", File::new("image/png", pattern(100_000)));
    let latch = Latch::new();
    proxy
        .origin
        .script(PAGE, "a.png", Behaviour::Chunked.held_at(50_000, &latch));
    let mut client = proxy.connect();
    client.send("GET /proxy/7/a.png HTTP/1.0\r\n\r\n");
    let head = client.head();
    assert!(
        !head.contains("Content-Length"),
        "its length is not known: {head}"
    );
    let (some, whole) = client.exactly(1000);
    assert!(whole && some == pattern(100_000)[..1000]);
    proxy.stop();
    let mut rest = Vec::new();
    let end = client
        .socket
        .read_to_end(&mut rest)
        .map_err(|error| error.kind());
    assert_eq!(end, Err(ErrorKind::ConnectionReset));
}

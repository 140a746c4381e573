//! Many clients, one download.

use confluence_attachment_proxy::demo::{Behaviour, Latch};

use crate::support::{Client, PATIENCE, Proxy, Response};

/// As many as one page of a wiki with a hundred readers.
const CLIENTS: usize = 100;

/// Sends one GET on each of so many new connections.
fn ask_together(proxy: &Proxy, count: usize, path: &str) -> Vec<Client> {
    let mut clients: Vec<Client> = (0..count).map(|_| proxy.connect()).collect();
    for client in &mut clients {
        client.request("GET", &format!("/proxy{path}"), &[]);
    }
    clients
}

/// How many of the answers have this `X-Cache`.
fn count<'a>(heads: impl IntoIterator<Item = &'a String>, x_cache: &str) -> usize {
    let field = format!("\r\nX-Cache: {x_cache}\r\n");
    let with_field = heads.into_iter().filter(|head| head.contains(&field));
    with_field.count()
}

fn all_are_whole(responses: &[Response], bytes: &[u8]) -> bool {
    responses
        .iter()
        .all(|response| response.status == 200 && response.complete && response.body == bytes)
}

#[test]
fn a_hundred_clients_of_a_cold_file_are_one_fetch() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 100_000);
    let latch = Latch::new();
    proxy.script("a.png", Behaviour::hold_at(40_000, &latch));
    let mut clients = ask_together(&proxy, CLIENTS, "/7/a.png");
    // Whoever has a head has a place in the download, and the download cannot end yet: so nobody comes too late.
    let heads: Vec<String> = clients.iter_mut().map(Client::head).collect();
    assert_eq!(count(&heads, "MISS"), 1);
    assert_eq!(count(&heads, "JOIN"), CLIENTS - 1);
    assert_eq!(proxy.fetches(), 1);
    latch.open();
    let responses: Vec<Response> = clients
        .iter_mut()
        .zip(heads)
        .map(|(client, head)| client.body(head, false))
        .collect();
    assert!(all_are_whole(&responses, &bytes));
    assert!(proxy.get_kept("/7/a.png").body == bytes);
    assert_eq!(proxy.fetches(), 1);
}

#[test]
fn clients_that_wait_for_the_head_are_one_fetch_too() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 100_000);
    let latch = Latch::new();
    proxy.script("a.png", Behaviour::hold(&latch));
    let mut clients = ask_together(&proxy, CLIENTS, "/7/a.png");
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    latch.open();
    let responses: Vec<Response> = clients
        .iter_mut()
        .map(|client| client.response(false))
        .collect();
    assert!(all_are_whole(&responses, &bytes));
    // Who was slow to come found the file in the cache already.
    let heads = || responses.iter().map(|response| &response.head);
    assert_eq!(count(heads(), "MISS"), 1);
    assert_eq!(count(heads(), "JOIN") + count(heads(), "HIT"), CLIENTS - 1);
    assert_eq!(proxy.fetches(), 1);
}

#[test]
fn confluence_sends_every_file_once_however_many_ask_for_it_in_whichever_way() {
    const FILES: usize = 20;
    let proxy = Proxy::start();
    let names: Vec<String> = (0..FILES).map(|number| format!("{number}.png")).collect();
    let size = |number: usize| 1000 + 17_001 * number;
    let files: Vec<Vec<u8>> = (0..FILES).map(|n| proxy.put(&names[n], size(n))).collect();
    assert_eq!(proxy.get("/7/0.png").body, files[0]); // behind the login test, which has a body too
    let before = proxy.origin.bytes_sent() - size(0) as u64;
    std::thread::scope(|scope| {
        for user in 0..12 {
            let (proxy, names, files) = (&proxy, &names, &files);
            scope.spawn(move || {
                for number in (0..FILES).map(|number| (number + user * 5) % FILES) {
                    let (target, file) = (format!("/proxy/7/{}", names[number]), &files[number]);
                    let mut client = proxy.connect();
                    match user % 4 {
                        0 => assert!(client.get(&target).body == *file),
                        1 => {
                            let part = client.ask("GET", &target, &[("Range", "bytes=500-899")]);
                            assert!(part.status == 206 && part.body == file[500..900]);
                        }
                        2 => {
                            let head = client.request("HEAD", &target, &[]).response(true);
                            let length = file.len().to_string();
                            assert_eq!(head.field("Content-Length"), Some(&*length));
                        }
                        _ => drop(client.request("GET", &target, &[])), // leaves before its answer
                    }
                }
            });
        }
    });
    for (name, file) in names.iter().zip(&files) {
        assert!(proxy.get_kept(&format!("/7/{name}")).body == *file);
    }
    let sizes: usize = (0..FILES).map(size).sum();
    assert_eq!(proxy.origin.bytes_sent() - before, sizes as u64);
    assert_eq!(proxy.fetches(), FILES);
}

#[test]
fn a_download_goes_on_when_all_who_asked_for_it_leave() {
    let proxy = Proxy::start();
    for (name, behaviour) in [
        ("body.png", Behaviour::hold_at as fn(usize, &Latch) -> _),
        ("head.png", |_, latch| Behaviour::hold(latch)),
    ] {
        let bytes = proxy.put(name, 100_000);
        let latch = Latch::new();
        proxy.script(name, behaviour(40_000, &latch));
        let fetches = proxy.fetches();
        let leaving = ask_together(&proxy, 2, &format!("/7/{name}"));
        assert!(latch.wait_for_arrivals(1, PATIENCE));
        drop(leaving);
        // One more way to leave: after the first bytes.
        if name == "body.png" {
            let mut reader = proxy.connect();
            let head = reader.request("GET", "/proxy/7/body.png", &[]).head();
            assert!(head.starts_with("HTTP/1.1 200 "));
            assert!(reader.exactly(40_000).1);
        }
        latch.open();
        let kept = proxy.get_kept(&format!("/7/{name}"));
        assert!(kept.body == bytes, "{name}");
        assert_eq!(proxy.fetches(), fetches + 1, "{name}");
    }
}

#[test]
fn nobody_waits_for_a_leader_who_does_not_read() {
    let proxy = Proxy::start();
    // More than the kernel holds for a client that does not read.
    let bytes = proxy.put("a.png", 24 << 20);
    let latch = Latch::new();
    proxy.script("a.png", Behaviour::hold_at(1000, &latch));
    let mut leader = proxy.connect();
    let head = leader.request("GET", "/proxy/7/a.png", &[]).head();
    assert_eq!(count([&head], "MISS"), 1);
    let mut followers = ask_together(&proxy, 3, "/7/a.png");
    let heads: Vec<String> = followers.iter_mut().map(Client::head).collect();
    assert_eq!(count(&heads, "JOIN"), 3);
    latch.open();
    for (follower, head) in followers.iter_mut().zip(heads) {
        let response = follower.body(head, false);
        assert!(response.complete && response.body == bytes);
    }
    assert!(proxy.get_kept("/7/a.png").body == bytes);
    let response = leader.body(head, false);
    assert!(response.complete && response.body == bytes);
    assert_eq!(proxy.fetches(), 1);
}

#[test]
fn a_failure_before_the_head_reaches_everybody_who_waits_and_the_next_request_asks_again() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 1000);
    let latch = Latch::new();
    proxy.script("a.png", Behaviour::status(500).held(&latch));
    let mut clients = ask_together(&proxy, CLIENTS, "/7/a.png");
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    latch.open();
    let mut words = None;
    for client in &mut clients {
        let response = client.response(false);
        assert_eq!(response.status, 502);
        let words = words.get_or_insert_with(|| response.body.clone());
        assert_eq!(response.body, *words);
    }
    let fetches = proxy.fetches();
    assert!(fetches <= CLIENTS, "one more each at most: {fetches}");
    proxy.script("a.png", Behaviour::Good);
    let next = clients[0].get("/proxy/7/a.png");
    assert_eq!((next.status, next.field("X-Cache")), (200, Some("MISS")));
    assert_eq!(next.body, bytes);
    assert_eq!(proxy.fetches(), fetches + 1);
}

#[test]
fn a_failure_in_the_body_breaks_everybody_and_the_next_request_asks_again() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 100_000);
    let latch = Latch::new();
    let short = Behaviour::Short { sent: 50_000 }.held_at(40_000, &latch);
    proxy.script("a.png", short);
    let mut clients = ask_together(&proxy, CLIENTS, "/7/a.png");
    let heads: Vec<String> = clients.iter_mut().map(Client::head).collect();
    assert_eq!(count(&heads, "MISS"), 1);
    assert_eq!(count(&heads, "JOIN"), CLIENTS - 1);
    latch.open();
    for (client, head) in clients.iter_mut().zip(heads) {
        let response = client.body(head, false);
        assert!(!response.complete && client.reset);
        assert!(bytes.starts_with(&response.body));
    }
    assert_eq!(proxy.fetches(), 1);
    proxy.script("a.png", Behaviour::Good);
    let next = proxy.get("/7/a.png");
    assert_eq!((next.status, next.field("X-Cache")), (200, Some("MISS")));
    assert!(next.complete && next.body == bytes);
}

#[test]
fn files_do_not_wait_for_each_other() {
    let proxy = Proxy::with(&[("CONFLUENCE_MAX_CONNECTIONS", "2")]);
    let slow = proxy.put("slow.png", 1000);
    let latch = Latch::new();
    proxy.script("slow.png", Behaviour::hold(&latch));
    let mut waiting = ask_together(&proxy, 10, "/7/slow.png");
    assert!(latch.wait_for_arrivals(1, PATIENCE));
    for number in 0..10 {
        let name = format!("{number}.png");
        let bytes = proxy.put(&name, 1000 + number);
        assert_eq!(proxy.get(&format!("/7/{name}")).body, bytes);
        assert_eq!(proxy.get_kept(&format!("/7/{name}")).body, bytes);
    }
    assert!(!latch.is_open());
    latch.open();
    for client in &mut waiting {
        assert_eq!(client.response(false).body, slow);
    }
    assert_eq!(proxy.fetches(), 11);
}

#[test]
fn more_misses_than_connections_take_their_turn() {
    let proxy = Proxy::with(&[("CONFLUENCE_MAX_CONNECTIONS", "3")]);
    let latch = Latch::new();
    let names: Vec<String> = (0..30).map(|number| format!("{number}.png")).collect();
    let files: Vec<Vec<u8>> = (0..30).map(|n| proxy.put(&names[n], 1000 + n)).collect();
    proxy.origin.script_all(Some(Behaviour::hold(&latch)));
    let mut clients: Vec<Client> = names
        .iter()
        .flat_map(|name| ask_together(&proxy, 2, &format!("/7/{name}")))
        .collect();
    assert!(latch.wait_for_arrivals(3, PATIENCE));
    assert_eq!(proxy.origin.connections_open(), 3);
    latch.open();
    for (number, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.response(false).body, files[number / 2]);
    }
    assert_eq!(proxy.fetches(), 30);
    assert_eq!(proxy.origin.connections_seen(), 3);
}

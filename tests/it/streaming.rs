//! Bytes go on as they come, and a body cut short never looks whole.

use std::net::TcpStream;
use std::time::Duration;

use confluence_attachment_proxy::demo::{Behaviour, Latch};

use crate::support::{Client, Proxy, eventually};

const MIB: usize = 1 << 20;

/// Size of a file that is too big to keep and far bigger than all buffers between Confluence and a client.
const BIG_MIB: usize = 64;

/// How far Confluence may get ahead of a client, in MiB: the window, and what the kernel holds in two connections.
const AHEAD_MIB_MAX: usize = 40;

/// Settings under which [`BIG_MIB`] is too big.
const SMALL_ITEMS: (&str, &str) = ("CACHE_MAX_ITEM_BYTES", "1MiB");

/// Counts the MiB of a file that Confluence has sent: an open latch stands behind each of them.
fn meter(behaviour: Behaviour) -> (Behaviour, Latch) {
    let meter = Latch::new();
    meter.open();
    let metered = (1..=BIG_MIB).fold(behaviour, |behaviour, mib| {
        behaviour.held_at(mib * MIB, &meter)
    });
    (metered, meter)
}

/// Whether Confluence has sent this many MiB.
fn has_sent(meter: &Latch, mib: usize) -> bool {
    meter.wait_for_arrivals(mib, Duration::ZERO)
}

fn ask_1_0(proxy: &Proxy, path: &str) -> Client {
    let mut client = proxy.connect();
    client.send(format!("GET /proxy{path} HTTP/1.0\r\n\r\n"));
    client
}

fn ask(proxy: &Proxy, path: &str, fields: &[(&str, &str)]) -> Client {
    let mut client = proxy.connect();
    client.request("GET", &format!("/proxy{path}"), fields);
    client
}

#[test]
fn everybody_gets_the_bytes_as_they_arrive_and_from_the_first_one_on() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 100_000);
    let latch = Latch::new();
    proxy.script("a.png", Behaviour::hold_at(60_000, &latch));
    let mut clients = Vec::new();
    for x_cache in ["MISS", "JOIN", "JOIN"] {
        let mut client = ask(&proxy, "/7/a.png", &[]);
        let head = client.head();
        assert!(head.contains(&format!("\r\nX-Cache: {x_cache}\r\n")));
        assert!(head.contains("\r\nContent-Length: 100000\r\n"));
        let (arrived, whole) = client.exactly(60_000);
        assert!(whole && arrived == bytes[..60_000]);
        clients.push(client);
    }
    assert!(!latch.is_open());
    latch.open();
    for client in &mut clients {
        let (arrived, whole) = client.exactly(40_000);
        assert!(whole && arrived == bytes[60_000..]);
        assert_eq!(client.get("/proxy/7/a.png").body, bytes, "it stays open");
    }
    assert_eq!(proxy.fetches(), 1);
}

#[test]
fn every_drop_reaches_everybody_before_the_next_one_falls() {
    const DROP: usize = 150_000;
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 1_000_000);
    let latches: Vec<Latch> = (0..6).map(|_| Latch::new()).collect();
    let dripping = latches
        .iter()
        .enumerate()
        .fold(Behaviour::Good, |behaviour, (number, latch)| {
            behaviour.held_at((number + 1) * DROP, latch)
        });
    proxy.script("a.png", dripping);
    let mut clients = Vec::new();
    for (number, latch) in latches.iter().enumerate() {
        // One more comes with each drop, and gets what the others have.
        let mut newcomer = ask(&proxy, "/7/a.png", &[]);
        newcomer.head();
        clients.push((newcomer, 0));
        let fallen = (number + 1) * DROP;
        for (client, at) in &mut clients {
            let (arrived, whole) = client.exactly(fallen - *at);
            assert!(whole && arrived == bytes[*at..fallen], "drop {number}");
            *at = fallen;
        }
        assert!(!latch.is_open());
        latch.open();
    }
    for (client, at) in &mut clients {
        let (arrived, whole) = client.exactly(bytes.len() - *at);
        assert!(whole && arrived == bytes[*at..]);
    }
    assert_eq!(proxy.fetches(), 1);
}

#[test]
fn a_file_that_comes_in_drops_is_the_same_file() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 100_000);
    let (piece, every) = (700, Duration::ZERO);
    proxy.script("a.png", Behaviour::Drip { piece, every });
    let first = proxy.get("/7/a.png");
    assert!(first.complete && first.body == bytes);
    assert!(proxy.get_kept("/7/a.png").body == bytes);
}

#[test]
fn an_empty_file_is_a_file() {
    for behaviour in [Behaviour::Good, Behaviour::Chunked] {
        let proxy = Proxy::start();
        proxy.put("a.txt", 0);
        proxy.script("a.txt", behaviour);
        let first = proxy.get("/7/a.txt");
        assert_eq!((first.status, first.complete), (200, true));
        let kept = proxy.get_kept("/7/a.txt");
        assert_eq!(kept.field("Content-Length"), Some("0"));
        assert_eq!((kept.status, kept.body.len()), (200, 0));
        assert_eq!(proxy.fetches(), 1);
    }
}

#[test]
fn a_client_that_has_nothing_more_to_say_still_gets_its_file() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 100_000);
    let latch = Latch::new();
    proxy.script("a.png", Behaviour::hold_at(60_000, &latch));
    let mut client = ask(&proxy, "/7/a.png", &[]);
    client.finish_sending();
    let head = client.head();
    latch.open();
    let response = client.body(head, false);
    assert!(response.complete && response.body == bytes);
    assert!(client.is_closed() && !client.reset);
}

#[test]
fn a_stop_lets_running_answers_end() {
    let mut proxy = Proxy::start();
    let bytes = proxy.put("a.png", 100_000);
    let latch = Latch::new();
    proxy.script("a.png", Behaviour::hold_at(60_000, &latch));
    let address = proxy.address();
    let mut client = ask(&proxy, "/7/a.png", &[]);
    let head = client.head();
    std::thread::scope(|scope| {
        scope.spawn(|| proxy.stop());
        eventually("nobody is let in any more", || {
            TcpStream::connect(address).is_err()
        });
        latch.open();
        let response = client.body(head, false);
        assert!(response.complete && response.body == bytes);
        assert!(client.is_closed() && !client.reset);
    });
}

/// Lets `behaviour` break the body of a file behind `before` bytes, and looks at it from clients of every kind.
#[track_caller]
fn check_cut(proxy: &Proxy, name: &str, behaviour: Behaviour, latch: &Latch) {
    let path = format!("/7/{name}");
    let bytes = proxy.put(name, 100_000);
    proxy.script(name, behaviour);
    let fetches = proxy.fetches();
    let mut clients = [
        ask(proxy, &path, &[]),
        ask(proxy, &path, &[]),
        ask_1_0(proxy, &path),
        ask(proxy, &path, &[("Range", "bytes=99000-")]),
    ];
    let heads: Vec<String> = clients.iter_mut().map(Client::head).collect();
    assert_eq!(proxy.fetches(), fetches + 1, "{name}");
    latch.open();
    for (client, head) in clients.iter_mut().zip(heads) {
        assert!(head.starts_with("HTTP/1.1 20"), "{name}: {head}");
        let response = client.body(head, false);
        assert!(!response.complete, "{name} looks whole: {}", response.head);
        assert!(client.reset, "{name} ends in order: {}", response.head);
        if response.status == 200 {
            assert!(bytes.starts_with(&response.body), "{name}");
            assert!(
                response.body.len() < bytes.len() || response.field("Content-Length").is_none()
            );
        }
    }
    proxy.script(name, Behaviour::Good);
    let next = proxy.get(&path);
    assert_eq!(next.field("X-Cache"), Some("MISS"), "{name} was kept");
    assert!(next.complete && next.body == bytes, "{name}");
    assert_eq!(proxy.fetches(), fetches + 2, "{name}");
}

#[test]
fn a_body_cut_short_breaks_every_connection_and_is_not_kept() {
    let proxy = Proxy::start();
    for (name, behaviour) in [
        ("short.png", Behaviour::Short { sent: 60_000 }),
        ("nearly.png", Behaviour::Short { sent: 99_999 }),
        ("reset.png", Behaviour::Reset { sent: 60_000 }),
        ("chunks.png", Behaviour::ChunkedCut { sent: 60_000 }),
        // All bytes are there, but nothing says so.
        ("last-chunk.png", Behaviour::ChunkedCut { sent: 100_000 }),
        ("no-length.png", Behaviour::NoLength),
    ] {
        let latch = Latch::new();
        check_cut(&proxy, name, behaviour.held_at(50_000, &latch), &latch);
    }
}

#[test]
fn a_body_that_stops_coming_breaks_every_connection_and_is_not_kept() {
    let proxy = Proxy::with(&[("CONFLUENCE_READ_TIMEOUT_SECONDS", "1")]);
    for (name, behaviour) in [
        ("length.png", Behaviour::Good),
        ("chunks.png", Behaviour::Chunked),
    ] {
        let (never, latch) = (Latch::new(), Latch::new());
        let silent = behaviour.held_at(50_000, &never);
        check_cut(&proxy, name, silent, &latch);
    }
}

#[test]
fn a_file_without_a_length_is_framed_for_each_client_and_kept_with_its_length() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 300_000);
    let latch = Latch::new();
    let chunked = Behaviour::Chunked.held_at(100_000, &latch);
    proxy.script("a.png", chunked);
    let mut new = ask(&proxy, "/7/a.png", &[]);
    let mut old = ask_1_0(&proxy, "/7/a.png");
    // Nobody knows where the file ends, so nobody can be given a part of it.
    let mut part = ask(&proxy, "/7/a.png", &[("Range", "bytes=-10")]);
    let heads = [&mut new, &mut part, &mut old].map(Client::head);
    latch.open();
    let [new_head, part_head, old_head] = heads;
    for (client, head) in [(&mut new, new_head), (&mut part, part_head)] {
        assert!(head.contains("\r\nTransfer-Encoding: chunked\r\n"));
        assert!(!head.contains("\r\nContent-Length:") && !head.contains("\r\nConnection:"));
        let response = client.body(head, false);
        assert!(response.status == 200 && response.complete && response.body == bytes);
    }
    assert!(!old_head.contains("\r\nTransfer-Encoding:"));
    assert!(!old_head.contains("\r\nContent-Length:"));
    assert!(old_head.contains("\r\nConnection: close\r\n"));
    let response = old.body(old_head, false);
    assert!(response.status == 200 && response.complete && response.body == bytes);
    assert!(old.is_closed());

    let kept = proxy.get_kept("/7/a.png");
    assert_eq!(kept.field("Content-Length"), Some("300000"));
    assert!(kept.field("ETag").is_some() && kept.body == bytes);
    assert_eq!(new.get("/proxy/7/a.png").body, bytes, "it stays open");
    assert_eq!(proxy.fetches(), 1);
}

/// One client that stands still while another one gets a file just as big, then reads in steps.
fn check_held_back(behaviour: Behaviour) {
    let proxy = Proxy::with(&[SMALL_ITEMS]);
    let bytes = proxy.put("a.bin", BIG_MIB * MIB);
    proxy.put("b.bin", BIG_MIB * MIB);
    let (metered, meter) = meter(behaviour.clone());
    proxy.script("a.bin", metered);
    proxy.script("b.bin", behaviour);
    let mut slow = ask(&proxy, "/7/a.bin", &[]);
    let head = slow.head();
    let other = proxy.get("/7/b.bin");
    assert!(other.complete && other.body == bytes);
    assert!(
        !has_sent(&meter, AHEAD_MIB_MAX),
        "nobody has read it, and where is it now?"
    );
    let in_steps = head.contains("\r\nContent-Length:");
    for read in (4..BIG_MIB).step_by(4).take_while(|_| in_steps) {
        let (arrived, whole) = slow.exactly(4 * MIB);
        assert!(whole && arrived == bytes[(read - 4) * MIB..read * MIB]);
        if read + AHEAD_MIB_MAX <= BIG_MIB {
            assert!(!has_sent(&meter, read + AHEAD_MIB_MAX), "after {read} MiB");
        }
    }
    if in_steps {
        let (arrived, whole) = slow.exactly(4 * MIB);
        assert!(whole && arrived == bytes[(BIG_MIB - 4) * MIB..]);
    } else {
        let response = slow.body(head, false);
        assert!(response.complete && response.body == bytes);
    }
    assert!(has_sent(&meter, BIG_MIB));
    assert_eq!(proxy.fetches(), 2);
}

#[test]
fn a_slow_client_of_a_big_file_holds_confluence_back() {
    check_held_back(Behaviour::Good);
}

#[test]
fn a_slow_client_of_a_big_file_without_a_length_holds_confluence_back() {
    check_held_back(Behaviour::Chunked);
}

#[test]
fn every_client_of_a_big_file_gets_all_of_it() {
    let proxy = Proxy::with(&[SMALL_ITEMS]);
    let bytes = proxy.put("a.bin", 6 * MIB);
    let get_all = |expected_fetches: usize| {
        let fetches = proxy.fetches();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let response = proxy.get("/7/a.bin");
                    assert!(response.status == 200 && response.complete);
                    assert!(response.body == bytes);
                });
            }
        });
        assert_eq!(proxy.fetches(), fetches + expected_fetches);
    };
    get_all(4); // each at its own pace, so each for itself
    get_all(4);
}

#[test]
fn clients_that_share_a_file_which_grows_too_big_all_get_all_of_it() {
    let proxy = Proxy::with(&[SMALL_ITEMS]);
    let bytes = proxy.put("a.bin", 6 * MIB);
    let latch = Latch::new();
    proxy.script("a.bin", Behaviour::Chunked.held_at(MIB / 2, &latch));
    let mut clients: Vec<Client> = (0..4).map(|_| ask(&proxy, "/7/a.bin", &[])).collect();
    let heads: Vec<String> = clients.iter_mut().map(Client::head).collect();
    let leaves = clients.pop();
    latch.open();
    drop(leaves); // the others go on without it
    std::thread::scope(|scope| {
        for (client, head) in clients.iter_mut().zip(heads) {
            let bytes = &bytes;
            scope.spawn(move || {
                let response = client.body(head, false);
                assert!(response.complete && response.body == *bytes);
            });
        }
    });
    assert_eq!(proxy.fetches(), 1);
    let again = proxy.get("/7/a.bin");
    assert!(again.field("X-Cache") == Some("MISS") && again.body == bytes);
}

#[test]
fn a_client_that_leaves_a_big_file_ends_its_download() {
    for behaviour in [Behaviour::Good, Behaviour::Chunked] {
        let proxy = Proxy::with(&[SMALL_ITEMS]);
        let bytes = proxy.put("a.bin", BIG_MIB * MIB);
        let (metered, meter) = meter(behaviour);
        proxy.script("a.bin", metered);
        let mut client = ask(&proxy, "/7/a.bin", &[]);
        client.head();
        assert!(client.exactly(2 * MIB).1);
        assert_eq!(proxy.origin.connections_open(), 1);
        drop(client);
        eventually("the connection to Confluence ends", || {
            proxy.origin.connections_open() == 0
        });
        assert!(!has_sent(&meter, 2 + AHEAD_MIB_MAX));
        proxy.script("a.bin", Behaviour::Good);
        let next = proxy.get("/7/a.bin");
        assert!(next.complete && next.body == bytes);
    }
}

#[test]
fn slow_clients_of_big_files_leave_half_of_the_connections_to_others() {
    let proxy = Proxy::with(&[SMALL_ITEMS, ("CONFLUENCE_MAX_CONNECTIONS", "2")]);
    proxy.put("a.bin", BIG_MIB * MIB);
    proxy.put("b.bin", BIG_MIB * MIB);
    let small = proxy.put("small.png", 1000);
    let mut slow = ask(&proxy, "/7/a.bin", &[]);
    slow.head();
    let refused = proxy.get("/7/b.bin");
    assert_eq!(
        (refused.status, refused.field("Retry-After")),
        (503, Some("5"))
    );
    assert_eq!(proxy.get("/7/small.png").body, small);
    drop(slow);
    eventually("its place is free", || proxy.get("/7/b.bin").status == 200);
}

#[test]
fn slow_clients_of_big_files_without_a_length_leave_half_of_the_connections_to_others() {
    let proxy = Proxy::with(&[SMALL_ITEMS, ("CONFLUENCE_MAX_CONNECTIONS", "2")]);
    let bytes = proxy.put("a.bin", BIG_MIB * MIB);
    proxy.put("b.bin", BIG_MIB * MIB);
    let small = proxy.put("small.png", 1000);
    proxy.script("a.bin", Behaviour::Chunked);
    proxy.script("b.bin", Behaviour::Chunked);
    let mut slow = ask(&proxy, "/7/a.bin", &[]);
    slow.head();
    assert!(slow.exactly(2 * MIB).1, "it is known by now to be too big");
    let mut refused = ask(&proxy, "/7/b.bin", &[]);
    let head = refused.head(); // it may yet be small
    let refused_body = refused.body(head, false);
    assert!(!refused_body.complete && refused.reset);
    assert!(bytes.starts_with(&refused_body.body));
    assert_eq!(proxy.get("/7/small.png").body, small);
}

#[test]
fn a_part_of_a_cold_file_arrives_before_its_end() {
    let proxy = Proxy::start();
    let bytes = proxy.put("a.png", 100_000);
    let latch = Latch::new();
    proxy.script("a.png", Behaviour::hold_at(60_000, &latch));
    let mut client = proxy.connect();
    for (range, from, to) in [
        ("bytes=10000-19999", 10_000, 20_000),
        ("bytes=0-0", 0, 1),
        ("bytes=59999-59999", 59_999, 60_000),
    ] {
        let part = client.ask("GET", "/proxy/7/a.png", &[("Range", range)]);
        assert_eq!(part.status, 206, "{range}");
        let content_range = format!("bytes {from}-{}/100000", to - 1);
        assert_eq!(part.field("Content-Range"), Some(&*content_range));
        assert!(part.complete && part.body == bytes[from..to], "{range}");
    }
    let beyond = client.ask("GET", "/proxy/7/a.png", &[("Range", "bytes=100000-")]);
    assert_eq!(
        (beyond.status, beyond.field("Content-Range")),
        (416, Some("bytes */100000"))
    );
    let mut end = ask(&proxy, "/7/a.png", &[("Range", "bytes=-50000")]);
    let head = end.head();
    let (arrived, whole) = end.exactly(10_000);
    assert!(whole && arrived == bytes[50_000..60_000]);
    let mut several = ask(&proxy, "/7/a.png", &[("Range", "bytes=0-9,20-29")]);
    let several_head = several.head();
    assert!(!latch.is_open());
    latch.open();
    assert!(head.starts_with("HTTP/1.1 206 "));
    let (arrived, whole) = end.exactly(40_000);
    assert!(whole && arrived == bytes[60_000..]);
    let several = several.body(several_head, false);
    assert_eq!(
        (several.status, several.field("Content-Range")),
        (200, None)
    );
    assert!(several.complete && several.body == bytes);
    assert!(proxy.get_kept("/7/a.png").body == bytes);
    assert_eq!(proxy.fetches(), 1);
}

#[test]
fn a_part_of_a_big_file_ends_its_download() {
    let proxy = Proxy::with(&[SMALL_ITEMS]);
    let bytes = proxy.put("a.bin", BIG_MIB * MIB);
    let (metered, meter) = meter(Behaviour::Good);
    proxy.script("a.bin", metered);
    let range = [("Range", "bytes=1000000-1999999")];
    let part = proxy.connect().ask("GET", "/proxy/7/a.bin", &range);
    assert_eq!(part.status, 206);
    assert!(part.complete && part.body == bytes[1_000_000..2_000_000]);
    eventually("the connection to Confluence ends", || {
        proxy.origin.connections_open() == 0
    });
    assert!(!has_sent(&meter, AHEAD_MIB_MAX));
}

//! Memory: what the real program takes is bounded whoever asks for what, is what its budget says, and is given back.

use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use confluence_attachment_proxy::demo::File;
use crossbeam_channel::{RecvTimeoutError, bounded};

use rustls::version::TLS13;

use crate::support::{Client, PAGE, Program, eventually, pattern, tls};

const MEBIBYTE: u64 = 1024 * 1024;

/// What the service may take beyond `CACHE_MAX_BYTES` (`MEMORY_BESIDE` in `server/`).
const BESIDE: u64 = 64 * MEBIBYTE;

/// Half heads at a time, and bytes of each: more than gates hold.
const HALF_HEADS: usize = 1500;
const HALF_HEAD_BYTES: usize = 15 * 1024;

/// Bytes of half heads that gates hold in all (`PENDING_BYTES_MAX` in `gate/`).
const HELD_MAX: usize = 16 * 1024 * 1024;

#[test]
fn cold_files_slow_readers_and_half_heads_together_stay_within_the_budget() {
    const FILE_BYTES: usize = 20_000_000;
    let budget = 128 * MEBIBYTE + BESIDE;
    let program = Program::start(&[("CACHE_MAX_BYTES", "128MiB")], 8192);
    // Two contents for all: the sample Confluence shares them, and so does this process.
    let contents: [Arc<[u8]>; 2] = [1, 2].map(|skip| pattern(FILE_BYTES + skip)[skip..].into());
    let put = |name: &str, number: usize| {
        let bytes = contents[number % 2].clone();
        program
            .origin
            .put(PAGE, name, File::new("image/png", bytes));
    };
    let names: Vec<String> = (0..200).map(|number| format!("{number}.png")).collect();
    for (number, name) in names.iter().enumerate() {
        put(name, number);
    }
    let (done, is_done) = bounded::<()>(0);
    let (peak, whole) = thread::scope(|scope| {
        let peak = scope.spawn(|| {
            let mut peak = 0;
            while is_done.recv_timeout(Duration::from_millis(5)) == Err(RecvTimeoutError::Timeout) {
                peak = peak.max(program.memory());
            }
            peak
        });
        let _half = half_heads(&program);
        let slow: Vec<Client> = (0..3)
            .map(|number| {
                put(&format!("slow{number}.png"), number);
                let mut client = program.connect();
                client.request("GET", &format!("/proxy/7/slow{number}.png"), &[]);
                assert!(client.head().starts_with("HTTP/1.1 200 "));
                assert!(
                    client.exactly(100_000).1,
                    "it reads a little, and then nothing"
                );
                client
            })
            .collect();
        let clients: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(number, name)| {
                let (program, expected) = (&program, &contents[number % 2]);
                scope.spawn(move || is_whole(program, name, expected))
            })
            .collect();
        let results = clients
            .into_iter()
            .map(|client| client.join().expect("no panic"));
        let whole = results.filter(|is_whole| *is_whole).count();
        drop((slow, done));
        (peak.join().expect("no panic"), whole)
    });
    assert!(0 < whole && whole < names.len(), "{whole} were served");
    assert!(peak < budget, "{} MiB of memory", peak / MEBIBYTE);
    assert!(program.peak_memory() < budget);
    // Nothing is left behind: neither in the system's eyes nor in the budget, which six files fill.
    let forgotten = program.connect().ask("DELETE", "/proxy/7", &[]);
    assert_eq!(forgotten.status, 204);
    eventually("the system has its memory back", || {
        program.memory() < BESIDE
    });
    let mut client = program.connect();
    for source in ["MISS", "HIT"] {
        for name in &names[..6] {
            let response = client.get(&format!("/proxy/7/{name}"));
            assert_eq!(response.field("X-Cache"), Some(source), "{name}");
        }
    }
}

/// Asks for a file. `true`: it came complete and right; `false`: there was no room for it, and the answer says when to
/// try again.
fn is_whole(program: &Program, name: &str, expected: &[u8]) -> bool {
    let mut client = program.connect();
    client.request("GET", &format!("/proxy/7/{name}"), &[]);
    let head = client.head();
    if head.starts_with("HTTP/1.1 503 ") {
        assert!(head.contains("\r\nRetry-After: "), "{head}");
        return false;
    }
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    for (number, piece) in expected.chunks(64 * 1024).enumerate() {
        let (bytes, is_all) = client.exactly(piece.len());
        let cut = if is_all { "wrong" } else { "cut" };
        assert!(
            is_all && bytes == piece,
            "{name} is {cut} in piece {number}"
        );
    }
    true
}

/// Connections that have sent most of a head, from two addresses because one may not have that many.
fn half_heads(program: &Program) -> Vec<Client> {
    let half = format!(
        "GET / HTTP/1.1\r\nHost: test\r\nX: {}",
        "x".repeat(HALF_HEAD_BYTES)
    );
    (0..HALF_HEADS)
        .map(|number| {
            let source = Ipv4Addr::new(127, 0, 0, if number % 2 == 0 { 2 } else { 3 });
            let mut client = Client::connect_from(source, program.address());
            client.send(&half);
            client
        })
        .collect()
}

#[test]
fn a_flood_of_half_heads_is_refused_where_it_would_cost_too_much() {
    let program = Program::start(&[], 8192);
    let before = program.memory();
    let mut half = half_heads(&program);
    let room = HELD_MAX / HALF_HEAD_BYTES;
    let answer = |client: &Client| {
        let mut start = [0; 13];
        client.socket.set_nonblocking(true).expect("a socket");
        let peeked = client.socket.peek(&mut start);
        client.socket.set_nonblocking(false).expect("a socket");
        match peeked {
            Ok(_) => Some(start),
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => panic!("{error}"),
        }
    };
    eventually("those beyond the bound are told so", || {
        let answered = half.iter().filter_map(answer);
        HALF_HEADS - room <= answered.filter(|start| start == b"HTTP/1.1 503 ").count()
    });
    let grown = program.memory().saturating_sub(before);
    assert!(grown < 2 * HELD_MAX as u64, "{grown} bytes");
    // Who sends a whole head at once is served meanwhile, and so is who is just slow.
    let mut slow = program.connect();
    slow.send("GET /healthz HTTP/1.1\r\nHo");
    assert_eq!(program.connect().get("/healthz").status, 200);
    assert_eq!(slow.send("st: test\r\n\r\n").response(false).status, 200);
    let refused = half
        .iter_mut()
        .rev()
        .find(|client| answer(client).is_some());
    let response = refused.expect("counted above").response(false);
    assert_eq!(
        (response.status, response.field("Retry-After")),
        (503, Some("1"))
    );
}

#[test]
fn a_flood_of_forms_is_refused_where_it_would_cost_too_much() {
    const FORMS: usize = 400;
    let program = Program::start(&[], 8192);
    let mut form = "link=".to_owned();
    for number in 0.. {
        let link = format!("http%3A%2F%2Fwiki%2Fdownload%2Fattachments%2F1%2F{number}.png%0A");
        if 256 * 1024 < form.len() + link.len() {
            break;
        }
        form.push_str(&link);
    }
    let request = format!(
        "POST /proxy/ HTTP/1.1\r\nHost: test\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let statuses: Vec<u16> = thread::scope(|scope| {
        let clients: Vec<_> = (0..FORMS)
            .map(|_| {
                let (program, request) = (&program, &request);
                scope.spawn(move || program.connect().send(request).response(false).status)
            })
            .collect();
        let statuses = clients.into_iter();
        statuses
            .map(|client| client.join().expect("no panic"))
            .collect()
    });
    assert!(
        statuses.iter().all(|status| [200, 503].contains(status)),
        "{statuses:?}"
    );
    assert!(statuses.contains(&200), "somebody is served");
    let peak = program.peak_memory();
    assert!(peak < BESIDE, "{} MiB", peak / MEBIBYTE);
}

#[test]
fn kept_files_are_counted_as_what_they_take() {
    const BUDGET: u64 = 24 * MEBIBYTE;
    // On the heap, in mappings, in memory files.
    for size in [2_500, 20_000, 100_000] {
        let settings = [("CACHE_MAX_BYTES", "24MiB"), ("CACHE_MAX_ITEMS", "100000")];
        let program = Program::start(&settings, 8192);
        let bytes: Arc<[u8]> = pattern(size).into();
        let fill = |from: usize, count: usize| {
            thread::scope(|scope| {
                for start in 0..4 {
                    let (program, bytes) = (&program, &bytes);
                    scope.spawn(move || {
                        let mut client = program.connect();
                        for number in (from + start..from + count).step_by(4) {
                            let name = format!("{number}.png");
                            let file = File::new("image/png", bytes.clone());
                            program.origin.put(PAGE, &name, file);
                            let response = client.get(&format!("/proxy/7/{name}"));
                            assert!(response.status == 200 && response.body[..] == bytes[..]);
                        }
                    });
                }
            });
        };
        fill(0, 100); // every thread has what it needs for itself
        assert_eq!(program.connect().ask("DELETE", "/proxy/7", &[]).status, 204);
        let before = program.memory();
        fill(100, BUDGET as usize * 5 / 4 / (size + 500));
        let grown = program.memory() - before;
        assert!(
            (BUDGET * 9 / 10..BUDGET * 11 / 10).contains(&grown),
            "files of {size}: {grown} bytes"
        );
    }
}

#[test]
fn listings_of_many_long_pages_stay_within_the_budget() {
    const PAGES: u64 = 10;
    const FILES: usize = 10_000;
    let program = Program::start(&[("CACHE_MAX_BYTES", "16MiB")], 8192);
    let contents: Arc<[u8]> = pattern(10).into();
    for page in 100..100 + PAGES {
        for number in 0..FILES {
            let name = format!("{number:05}{}.png", "图".repeat(30));
            let file = File::new("image/png", contents.clone());
            program.origin.put(page, &name, file);
        }
    }
    let mut clients: Vec<Client> = (100..100 + PAGES)
        .map(|page| {
            let mut client = program.connect();
            client.request("GET", &format!("/proxy/{page}"), &[]);
            client
        })
        .collect();
    for client in &mut clients {
        assert_eq!(client.response(false).status, 200);
    }
    let peak = program.peak_memory();
    assert!(peak < BESIDE, "{} MiB", peak / MEBIBYTE);
}

#[test]
fn half_handshakes_and_slow_readers_of_tls_cost_no_more() {
    let pair = tls::pair("elliptic");
    let settings = pair.each_ref().map(|(name, value)| (*name, value.as_str()));
    let program = Program::start(&settings, 8192);
    let file = program.put("file.png", 5_000_000);
    let config = tls::trusting(&[&TLS13], &[]);
    let connect = |source: u8| {
        let source = Ipv4Addr::new(127, 0, 0, source);
        Client::connect_from(source, program.address()).over_tls(tls::session(&config))
    };
    assert!(connect(1).get("/proxy/7/file.png").body == file);
    let before = program.memory();
    // A message of 60,000 bytes, the largest that may be announced, of which the last part never comes.
    let record = |bytes: &[u8]| [&[22, 3, 1, 0x3e, 0x80], bytes].concat();
    let mut hello = record(&[&[1, 0, 0xea, 0x60][..], &[7; 15_996]].concat());
    hello.extend(record(&[7; 16_000]).repeat(2));
    let half: Vec<Client> = (0..700)
        .map(|_| {
            let source = Ipv4Addr::new(127, 0, 0, 2);
            let mut client = Client::connect_from(source, program.address());
            client.try_send(&hello);
            client
        })
        .collect();
    let slow: Vec<(Client, String)> = (0..700)
        .map(|_| {
            let mut client = connect(3);
            client.request("GET", "/proxy/7/file.png", &[]);
            let head = client.head();
            (client, head)
        })
        .collect();
    let grown = program.memory().saturating_sub(before);
    // What is half-sent, what is half-read, and 1,400 sessions of 8 KiB with what the allocator adds.
    let bound = 2 * HELD_MAX as u64 + 24 * MEBIBYTE;
    assert!(grown < bound, "{} MiB more", grown / MEBIBYTE);
    assert!(connect(1).get("/proxy/7/file.png").body == file);
    // What is complete when it is looked at needs no room, however long it is.
    let offers: Vec<String> = (0..250).map(|number| format!("offer{number}")).collect();
    let offers: Vec<&str> = offers
        .iter()
        .map(String::as_str)
        .chain(["http/1.1"])
        .collect();
    let long = tls::session(&tls::trusting(&[&TLS13], &offers));
    let mut long = Client::connect(program.address()).over_tls(long);
    let cookie = "x".repeat(8_000);
    let response = long.ask("GET", "/proxy/7/file.png", &[("Cookie", &cookie)]);
    assert!(response.complete && response.body == file);
    // They were given up because of the crowd, and not because of what they sent: that is as good as any.
    let kept = half.iter().filter(|client| is_open(client)).count();
    assert!(0 < kept && kept < half.len(), "{kept} half handshakes");
    for (mut client, head) in slow.into_iter().step_by(100) {
        let response = client.body(head, false);
        assert!(response.complete && response.body == file);
    }
}

/// Whether the other side has neither closed nor said anything.
fn is_open(client: &Client) -> bool {
    client.socket.set_nonblocking(true).expect("a socket");
    let peeked = client.socket.peek(&mut [0; 1]);
    peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

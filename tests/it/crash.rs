//! What a panic costs, and what clients see of a stop, a kill and a restart.
//!
//! Panics are made by `src/sabotage.rs`, which only debug builds have.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::scope;
use std::time::Instant;

use confluence_attachment_proxy::demo::{Behaviour, File, Latch};

use crate::support::binary::{Binary, get, origin, settings};
use crate::support::{Client, PAGE, PATIENCE, Response, eventually, pattern, reserve_port};

/// Files that nobody has asked for when the load begins; then they are hits as well.
const COLD_FILES: usize = 400;

/// Starts the program with a panic waiting at `point`.
fn sabotaged(point: &str) -> (Binary, SocketAddr, Vec<u8>, impl Sized) {
    let (confluence, bytes) = origin("a.png", 100_000);
    let mut settings = settings(&confluence);
    settings.insert("SABOTAGE_AT".into(), point.into());
    settings.insert("PROXY_DRAIN_SECONDS".into(), "1".into()); // whoever waits for the dead actor waits in vain
    settings.insert("PROXY_ACCESS_LOG".into(), "/dev/null".into());
    let (binary, address) = Binary::serving(&settings);
    (binary, address, bytes, confluence)
}

#[test]
fn a_panic_in_a_job_costs_one_answer() {
    for (point, target) in [
        ("worker job", "/proxy/7/a.png"),
        ("fetch job", "/proxy/7/a.png"),
        ("answer job", "/proxy/7/a.png"),
        ("listing job", "/proxy/7"),
    ] {
        let (binary, address, bytes, _confluence) = sabotaged(point);
        let mut client = Client::connect(address);
        let failed = client.get(target);
        assert_eq!(failed.status, 500, "{point}");
        assert!(failed.complete && failed.field("Cache-Control") == Some("no-store"));
        check_life_goes_on(binary, &mut client, &bytes, point);
    }
}

#[test]
fn a_panic_in_the_middle_of_a_download_breaks_it_and_keeps_nothing() {
    let point = "fetch body";
    let (binary, address, bytes, _confluence) = sabotaged(point);
    let mut client = Client::connect(address);
    // The panic may overtake the head.
    if let Some(head) = client.request("GET", "/proxy/7/a.png", &[]).head_or_end() {
        let failed = client.body(head, false);
        assert_eq!((failed.status, failed.complete), (200, false));
    }
    assert!(client.reset, "it ends in order");
    let mut client = Client::connect(address);
    check_life_goes_on(binary, &mut client, &bytes, point);
}

/// The panic has happened, and the pool has as many threads as before: everything is served, more often than it has
/// threads, and the stop is as good as any.
#[track_caller]
fn check_life_goes_on(mut binary: Binary, client: &mut Client, bytes: &[u8], point: &str) {
    binary.line(&format!("sabotage at {point}"));
    for _ in 0..20 {
        let response = client.get("/proxy/7/a.png");
        assert_eq!(response.status, 200, "{point}");
        assert!(response.complete && response.body == bytes, "{point}");
    }
    let ended = binary.stop("TERM");
    assert_eq!(ended.code, Some(0), "{point}: {:#?}", ended.stderr);
    assert!(ended.lines(" panicked; the service stops").is_empty());
}

#[test]
fn a_panic_of_an_actor_ends_the_process_with_70_and_names_it() {
    let points = [
        ("gate", "gate-"),
        ("acceptor", "acceptor "),
        ("worker", "worker-"),
        ("cache", "cache "),
        ("answer", "answer "),
        ("fetch", "fetch-"),
        ("account", "account "),
        ("access", "access "),
        ("warm", "warm "),
    ];
    // All at once: each of them spends a second with its drain.
    scope(|scope| {
        for (point, actor) in points {
            scope.spawn(move || check_actor(point, actor));
        }
    });
}

fn check_actor(point: &str, actor: &str) {
    let (binary, address, bytes, _confluence) = sabotaged(point);
    let mut client = Client::connect(address);
    if point == "account" {
        assert!(client.get("/proxy/7/a.png").body == bytes);
        binary.signal("HUP");
    } else if point == "access" {
        // A line is written behind its answer.
        assert!(client.get("/proxy/7/a.png").body == bytes);
    } else if point == "warm" {
        client.request("POST", "/proxy/7/warm", &[]);
    } else {
        client.request("GET", "/proxy/7/a.png", &[]);
    }
    let ended = binary.ended();
    assert_eq!(ended.code, Some(70), "{point}: {:#?}", ended.stderr);
    let said = ended.lines("; the service stops");
    assert_eq!(said.len(), 1, "{point}: {:#?}", ended.stderr);
    let name = said[0].contains(&format!(" {actor}"));
    assert!(name && said[0].contains(" panicked; "), "{point}: {said:?}");
    // Only the download that died with its thread is never over for the cache.
    let late = ended.lines("did not end in time").len();
    assert_eq!(late, usize::from(point == "fetch"), "{:#?}", ended.stderr);
    let rest = client.rest();
    assert!(
        !rest.starts_with(b"HTTP/1.1 200"),
        "{point}: a good answer from a dead service"
    );
}

/// Everything that clients of a service under load have seen.
#[derive(Default)]
struct Seen {
    whole: AtomicUsize,
    /// Descriptions of answers that should not be.
    wrong: Mutex<Vec<String>>,
}

impl Seen {
    /// Counts an answer that must be whole and right.
    fn judge(&self, target: &str, response: &Response, bytes: &[u8]) {
        if response.status == 200 && response.complete && response.body == bytes {
            self.whole.fetch_add(1, Ordering::Relaxed);
        } else {
            let (head, length) = (&response.head, response.body.len());
            let said = format!("{target}: {length} of {} bytes: {head}", bytes.len());
            self.wrong.lock().expect("no holder panics").push(said);
        }
    }

    fn whole(&self) -> usize {
        self.whole.load(Ordering::Relaxed)
    }

    #[track_caller]
    fn assert_nothing_wrong(self) {
        let wrong = self.wrong.into_inner().expect("no holder panicked");
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

/// Asks for one file after the other on one connection, until that is closed.
fn ask_until_closed(
    address: SocketAddr,
    seen: &Seen,
    bytes: &[u8],
    target: impl Fn(usize) -> String,
) {
    let mut client = Client::connect(address);
    for number in 0.. {
        let target = target(number);
        let request = format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n");
        let head = client.try_send(request).then(|| client.head_or_end());
        let Some(head) = head.flatten() else {
            // The request met the end of its connection: nothing of an answer has come.
            assert_eq!(client.rest(), b"", "{target}: a piece of a head");
            return;
        };
        let response = client.body(head, false);
        seen.judge(&target, &response, bytes);
        if response.field("Connection") == Some("close") {
            return assert!(client.is_closed() && !client.reset, "{target}");
        }
    }
}

#[test]
fn a_stop_under_load_cuts_nobody() {
    let (confluence, bytes) = origin("hot.png", 50_000);
    let latch = Latch::new();
    let big = pattern(3_000_000);
    for number in 0..4 {
        let name = format!("slow-{number}.png");
        confluence.put(PAGE, &name, File::new("image/png", big.clone()));
        confluence.script(PAGE, &name, Behaviour::hold_at(1_000_000, &latch));
    }
    for number in 0..COLD_FILES {
        let name = format!("cold-{number}.png");
        confluence.put(PAGE, &name, File::new("image/png", bytes.clone()));
    }
    let (mut binary, address) = Binary::serving(&settings(&confluence));
    assert!(get(address, "/proxy/7/hot.png").body == bytes);
    let mut idle: Vec<Client> = (0..20).map(|_| Client::connect(address)).collect();
    for client in &mut idle {
        assert_eq!(client.get("/healthz").status, 200);
    }
    let seen = Seen::default();
    let (next, slow) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let hot = |_| "/proxy/7/hot.png".to_owned();
    let cold = |_| {
        let number = next.fetch_add(1, Ordering::Relaxed) % COLD_FILES;
        format!("/proxy/7/cold-{number}.png")
    };
    let ended = scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| ask_until_closed(address, &seen, &bytes, hot));
        }
        for _ in 0..6 {
            scope.spawn(|| ask_until_closed(address, &seen, &bytes, cold));
        }
        for number in 0..4 {
            let (seen, big, slow) = (&seen, &big, &slow);
            scope.spawn(move || {
                let target = format!("/proxy/7/slow-{number}.png");
                let mut client = Client::connect(address);
                let head = client.request("GET", &target, &[]).head();
                slow.fetch_add(1, Ordering::Relaxed);
                seen.judge(&target, &client.body(head, false), big);
            });
        }
        assert!(latch.wait_for_arrivals(4, PATIENCE));
        eventually("everybody is served", || {
            300 < seen.whole() && slow.load(Ordering::Relaxed) == 4
        });
        binary.signal("TERM");
        binary.line("stopping");
        latch.open();
        binary.ended()
    });
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stderr);
    assert!(
        ended.lines(" aborted key=").is_empty(),
        "{:#?}",
        ended.stderr
    );
    for client in &mut idle {
        assert!(client.ends_well(), "an idle client is reset");
    }
    seen.assert_nothing_wrong();
}

#[test]
fn after_a_kill_under_load_the_restart_serves_at_once() {
    let (confluence, bytes) = origin("hot.png", 50_000);
    let (_reserved, address) = reserve_port();
    let mut settings = settings(&confluence);
    settings.insert("PROXY_PORT".into(), address.port().to_string());
    let (first, _) = Binary::serving(&settings);
    let (seen, done) = (Seen::default(), AtomicBool::new(false));
    scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| ask_until(&done, address, &seen, &bytes));
        }
        eventually("everybody is served", || 300 < seen.whole());
        let killed = first.stop("KILL");
        assert_eq!(killed.code, None, "a signal ends it: {:#?}", killed.stderr);
        let start = Instant::now();
        let (second, _) = Binary::serving(&settings);
        assert_eq!(get(address, "/healthz").status, 200);
        assert!(start.elapsed() < PATIENCE / 2, "{:?}", start.elapsed());
        let before = seen.whole();
        eventually("everybody is served again", || before + 300 < seen.whole());
        done.store(true, Ordering::Relaxed);
        assert_eq!(second.stop("TERM").code, Some(0));
    });
    seen.assert_nothing_wrong();
}

/// Asks for the same file again and again, as often as it takes on as many connections as it takes. Whole answers must
/// be right; a kill may cut others.
fn ask_until(done: &AtomicBool, address: SocketAddr, seen: &Seen, bytes: &[u8]) {
    let target = "/proxy/7/hot.png";
    while !done.load(Ordering::Relaxed) {
        let Ok(mut client) = Client::try_connect(address) else {
            std::thread::yield_now();
            continue;
        };
        while !done.load(Ordering::Relaxed) {
            if !client.try_send(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n")) {
                break;
            }
            let Some(head) = client.head_or_end() else {
                break;
            };
            let response = client.body(head, false);
            if !response.complete {
                break;
            }
            seen.judge(target, &response, bytes);
        }
    }
}

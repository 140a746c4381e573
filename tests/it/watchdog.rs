//! Signs of life: the service manager gets them as long as a request goes through every thread on its way, and no longer.

use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

use confluence_attachment_proxy::demo::{Behaviour, File, Latch};

use crate::support::binary::{Binary, Settings, get, origin, settings};
use crate::support::manager::ServiceManager;
use crate::support::{Client, PAGE, PATIENCE, eventually, tls};

/// How long the service manager waits for a sign of life.
const WATCHDOG: Duration = Duration::from_millis(1200);

/// Signs of life that show that they go on.
const SIGNS: usize = 3;

/// Starts the program with this watchdog, and waits for a first sign of life.
fn watched(settings: &Settings) -> (Binary, ServiceManager) {
    let mut manager = ServiceManager::start();
    let binary = Binary::start(&["serve"], &manager.manage(settings, Some(WATCHDOG)));
    manager.hear("READY=1");
    manager.hear("WATCHDOG=1");
    (binary, manager)
}

/// Waits for some more signs of life.
#[track_caller]
fn lives(manager: &mut ServiceManager) {
    for _ in 0..SIGNS {
        manager.hear("WATCHDOG=1");
    }
}

/// Waits until the service manager would have killed a service that hangs now, and returns the sign of life that would have
/// kept it from that.
fn last_sign(manager: &mut ServiceManager) -> Option<String> {
    let until = Instant::now() + WATCHDOG / 2; // a round that was complete may be heard of a moment later
    let left = || until.saturating_duration_since(Instant::now());
    while manager.hear_within("WATCHDOG=1", left()).is_some() {}
    manager.hear_within("WATCHDOG=1", 2 * WATCHDOG)
}

/// A file whose being there makes a point hang.
struct Trigger(PathBuf);

impl Trigger {
    fn new(point: &str, settings: &mut Settings) -> Trigger {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("hang-of-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_file(&path); // of another run
        let armed = format!("{point} hangs with {}", path.to_str().expect("text"));
        settings.insert("SABOTAGE_AT".into(), armed);
        Trigger(path)
    }

    fn pull(&self) {
        fs::write(&self.0, "").expect("a place for files");
    }
}

impl Drop for Trigger {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0); // it need not have been pulled
    }
}

#[test]
fn whatever_hangs_on_the_way_of_a_request_ends_the_signs_of_life() {
    let points = ["gate", "acceptor", "worker", "cache", "answer"];
    scope(|scope| {
        for point in points {
            scope.spawn(move || check_hang(point));
        }
    });
}

fn check_hang(point: &str) {
    let (confluence, _) = origin("a.png", 10);
    let mut settings = settings(&confluence);
    let trigger = Trigger::new(point, &mut settings);
    let (mut binary, mut manager) = watched(&settings);
    let address = binary.address();
    lives(&mut manager);
    trigger.pull();
    let mut client = Client::connect(address);
    client.try_send("GET /proxy/7/a.png HTTP/1.1\r\nHost: a\r\n\r\n"); // only a client brings a gate there
    binary.line(&format!("sabotage at {point}: this thread hangs"));
    assert_eq!(last_sign(&mut manager), None, "{point}");
    binary.line("the service manager kills the service and starts it again");
}

#[test]
fn a_confluence_that_hangs_and_a_crowd_of_clients_are_no_reason_for_a_kill() {
    let (confluence, _) = origin("a.png", 10);
    let latch = Latch::new();
    for number in 0..64 {
        let name = format!("held-{number}.png");
        confluence.put(PAGE, &name, File::new("image/png", vec![1; 10]));
        confluence.script(PAGE, &name, Behaviour::hold(&latch));
    }
    let mut settings = settings(&confluence);
    settings.insert("PROXY_MAX_CONNECTIONS".into(), "64".into());
    settings.insert("CONFLUENCE_MAX_CONNECTIONS".into(), "4".into());
    let (mut binary, mut manager) = watched(&settings);
    let address = binary.address();
    let connect = |number: u8| Client::connect_from(Ipv4Addr::new(127, 0, 1, number), address);
    let mut clients: Vec<Client> = (0..64).map(connect).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.request("GET", &format!("/proxy/7/held-{number}.png"), &[]);
    }
    assert!(latch.wait_for_arrivals(4, PATIENCE), "the crew is busy");
    eventually("nobody else gets in", || {
        let mut late = connect(100);
        late.try_send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
        late.head_or_end()
            .is_some_and(|head| head.starts_with("HTTP/1.1 503 "))
    });
    lives(&mut manager);
    latch.open();
    for client in &mut clients {
        assert_eq!(client.response(false).status, 200);
    }
    drop(clients);
    let ended = binary.stop("TERM");
    assert_eq!(ended.code, Some(0), "{:#?}", ended.stderr);
}

#[test]
fn a_service_that_speaks_only_tls_gives_signs_of_life() {
    let (confluence, _) = origin("a.png", 10);
    let mut settings = settings(&confluence);
    let pair = tls::pair("elliptic");
    settings.extend(pair.map(|(name, value)| (name.into(), value)));
    let (binary, mut manager) = watched(&settings);
    lives(&mut manager);
    assert_eq!(binary.stop("TERM").code, Some(0));
}

#[test]
fn probes_are_seen_nowhere() {
    let (confluence, _) = origin("a.png", 10);
    let mut settings = settings(&confluence);
    settings.insert("PROXY_ACCESS_LOG".into(), "-".into());
    let (mut binary, mut manager) = watched(&settings);
    lives(&mut manager);
    let metrics = get(binary.address(), "/metrics");
    let counted = metrics.text().lines().filter(|line| {
        let is_count = line.contains("_requests_total{") || line.contains("_refused_total{");
        is_count && !line.ends_with(" 0")
    });
    assert_eq!(
        counted.collect::<Vec<_>>(),
        [""; 0],
        "nobody had asked for anything"
    );
    let ended = binary.stop("TERM");
    assert_eq!(ended.lines(" served ").len(), 1, "{:#?}", ended.stderr);
    assert!(ended.lines(" refused ").is_empty() && ended.lines(" left ").is_empty());
    assert_eq!(ended.stdout.len(), 1, "{:#?}", ended.stdout);
}

#[test]
fn no_client_can_ask_for_a_sign_of_life() {
    let (confluence, _) = origin("a.png", 10);
    let mut settings = settings(&confluence);
    let trigger = Trigger::new("acceptor", &mut settings);
    let (mut binary, mut manager) = watched(&settings);
    let address = binary.address();
    let plain = Client::connect(address).ask("OPTIONS", "*", &[]);
    let forge = |serial: u64, gate: u8| {
        let ticket = format!("{gate}.ffffffff.{serial:x} 0.0.0.0");
        Client::connect(address).ask("OPTIONS", "*", &[("T", &ticket)])
    };
    for serial in 1..30 {
        for gate in 0..2 {
            let forged = forge(serial, gate);
            assert_eq!(
                forged.sorted_head(),
                plain.sorted_head(),
                "an answer as any other"
            );
        }
    }
    lives(&mut manager);
    trigger.pull();
    binary.line("sabotage at acceptor: this thread hangs");
    for serial in 1..200 {
        let ticket = format!("0.ffffffff.{serial:x} 0.0.0.0");
        let mut client = Client::connect(address);
        client.request("OPTIONS", "*", &[("T", &ticket)]);
    }
    assert_eq!(last_sign(&mut manager), None);
}

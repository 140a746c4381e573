//! The listening socket outlives the process: over restarts, crashes and another port, nobody is refused who need not be.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::scope;

use confluence_attachment_proxy::demo::{Behaviour, Latch, SampleConfluence};

use crate::support::binary::{Binary, Settings, get, origin, settings};
use crate::support::manager::ServiceManager;
use crate::support::{Client, PAGE, PATIENCE, eventually, reserve_port};

/// Clients that ask without a pause.
const CLIENTS: usize = 8;

/// Restarts under load.
const RESTARTS: usize = 6;

/// Answers between two restarts at least.
const ANSWERS_BETWEEN: usize = 300;

/// What all clients have seen.
#[derive(Debug, Default)]
struct Seen {
    answered: AtomicUsize,
    /// Nobody listened.
    refused: AtomicUsize,
    /// An answer broke off, or was another one, or a first request on its connection got none.
    cut: AtomicUsize,
    /// A connection ended before a byte of the answer to a later request: the client asks again on another one, as RFC 9112
    /// section 9.3.1 has it.
    asked_again: AtomicUsize,
}

impl Seen {
    fn get(number: &AtomicUsize) -> usize {
        number.load(Ordering::Relaxed)
    }

    fn add(number: &AtomicUsize) {
        number.fetch_add(1, Ordering::Relaxed);
    }

    /// Answers until now.
    fn answered(&self) -> usize {
        Seen::get(&self.answered)
    }

    fn line(&self, what: &str) -> String {
        let [answered, refused, cut, again] =
            [&self.answered, &self.refused, &self.cut, &self.asked_again].map(Seen::get);
        format!("{what}: {answered} answered, {refused} refused, {cut} cut, {again} asked again")
    }
}

/// Ends the clients when the test has seen enough, or has failed.
struct Enough<'a>(&'a AtomicBool);

impl Drop for Enough<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Asks for the file until `done`, with `keep_alive` on one connection as long as that goes.
fn ask(address: SocketAddr, keep_alive: bool, bytes: &[u8], done: &AtomicBool, seen: &Seen) {
    let field = match keep_alive {
        true => "keep-alive",
        false => "close",
    };
    let request = format!("GET /proxy/7/a.png HTTP/1.1\r\nHost: a\r\nConnection: {field}\r\n\r\n");
    while !done.load(Ordering::Relaxed) {
        let mut client = match Client::try_connect(address) {
            Ok(client) => client,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
                Seen::add(&seen.refused);
                continue;
            }
        };
        for turn in 0.. {
            let head = client.try_send(&request).then(|| client.head_or_end());
            let Some(head) = head.flatten() else {
                Seen::add(match turn {
                    0 => &seen.cut,
                    _ => &seen.asked_again,
                });
                break;
            };
            let response = client.body(head, false);
            Seen::add(match response.complete && response.body == bytes {
                true => &seen.answered,
                false => &seen.cut,
            });
            let ends = response.field("Connection") == Some("close");
            if ends || !response.complete || done.load(Ordering::Relaxed) {
                break;
            }
        }
    }
}

/// Settings of a service that says when it takes no more clients.
fn talkative(confluence: &SampleConfluence) -> Settings {
    let mut settings = settings(confluence);
    settings.insert("RUST_LOG".into(), "debug".into());
    settings
}

/// Restarts the service under load, ended by this signal each time, and returns what the clients have seen.
fn restart_under_load(signal: &str) -> Seen {
    let (confluence, bytes) = origin("a.png", 50_000);
    let settings = settings(&confluence);
    let mut manager = ServiceManager::start();
    let (first, address) = manager.serve(&settings);
    let (done, seen) = (AtomicBool::new(false), Seen::default());
    let binary = scope(|scope| {
        for number in 0..CLIENTS {
            let (bytes, done, seen) = (&bytes, &done, &seen);
            scope.spawn(move || ask(address, number % 2 == 0, bytes, done, seen));
        }
        let _enough = Enough(&done);
        let go_on = |seen: &Seen| {
            let before = seen.answered();
            eventually("everybody is served", || {
                before + ANSWERS_BETWEEN < seen.answered()
            });
        };
        let mut binary = first;
        for _ in 0..RESTARTS {
            go_on(&seen);
            let ended = binary.stop(signal);
            assert!(matches!(ended.code, Some(0) | None), "{:#?}", ended.stderr);
            let (next, its_address) = manager.serve(&settings);
            assert_eq!(its_address, address, "the stored socket is taken");
            binary = next;
        }
        go_on(&seen);
        binary
    });
    assert_eq!(manager.stored_address(), address);
    assert_eq!(binary.stop("TERM").code, Some(0));
    seen
}

#[test]
fn six_restarts_under_load_refuse_nobody_and_cut_nobody() {
    let seen = restart_under_load("TERM");
    let line = seen.line("6 restarts, 8 clients");
    println!("{line}");
    assert!(line.contains(" 0 refused, 0 cut, "), "{line}");
}

#[test]
fn six_kills_under_load_refuse_nobody_and_cut_only_what_is_in_flight() {
    let seen = restart_under_load("KILL");
    let line = seen.line("6 kills, 8 clients");
    println!("{line}");
    assert!(line.contains(" 0 refused, "), "{line}");
    assert!(Seen::get(&seen.cut) <= RESTARTS * CLIENTS, "{line}");
}

#[test]
fn a_client_that_comes_during_a_stop_is_served_by_the_next_process() {
    let (confluence, bytes) = origin("a.png", 100_000);
    let latch = Latch::new();
    confluence.script(PAGE, "a.png", Behaviour::hold_at(50_000, &latch));
    let settings = talkative(&confluence);
    let mut manager = ServiceManager::start();
    let (mut binary, address) = manager.serve(&settings);
    let mut first = Client::connect(address);
    let head = first.request("GET", "/proxy/7/a.png", &[]).head();
    binary.signal("TERM");
    manager.hear("STOPPING=1");
    binary.line("no more clients are taken");
    let mut second = Client::connect(address);
    second.request("GET", "/healthz", &[]);
    latch.open();
    let response = first.body(head, false);
    assert!(
        response.complete && response.body == bytes,
        "the transfer is finished"
    );
    assert_eq!(binary.ended().code, Some(0));
    let (binary, _) = manager.serve(&settings);
    assert_eq!(second.response(false).status, 200);
    assert_eq!(binary.stop("TERM").code, Some(0));
}

#[test]
fn another_port_is_bound_anew_and_the_old_one_refuses() {
    let (confluence, _) = origin("a.png", 10);
    let mut settings = settings(&confluence);
    let mut manager = ServiceManager::start();
    let (binary, old) = manager.serve(&settings);
    assert_eq!(binary.stop("TERM").code, Some(0));
    let (_reserved, new) = reserve_port();
    settings.insert("PROXY_PORT".into(), new.port().to_string());
    manager.heard.clear();
    let (mut binary, address) = manager.serve(&settings);
    assert_eq!(address, new);
    manager
        .heard
        .retain(|message| message.starts_with("FDSTORE"));
    let (removed, stored) = (
        "FDSTOREREMOVE=1\nFDNAME=listen\n",
        "FDSTORE=1\nFDNAME=listen\n",
    );
    assert_eq!(manager.heard, [removed, stored]);
    assert_eq!(manager.stored_address(), new);
    binary.line(&format!(
        "it listens on {old}, and PROXY_HOST and PROXY_PORT say {new}"
    ));
    assert_eq!(get(new, "/healthz").status, 200);
    let refused = Client::try_connect(old).err().map(|error| error.kind());
    assert_eq!(refused, Some(ErrorKind::ConnectionRefused));
    assert_eq!(binary.stop("TERM").code, Some(0));
}

/// The manager closes its copy some time after it was told to: here not before the new process is ready.
#[test]
fn another_address_with_the_same_port_does_not_wait_for_the_manager() {
    let (confluence, _) = origin("a.png", 10);
    let mut settings = settings(&confluence);
    let mut manager = ServiceManager::start();
    // A port that nobody has at any address: clients of other tests have theirs at 127.0.0.2 and the like.
    settings.insert("PROXY_HOST".into(), "0.0.0.0".into());
    let (binary, anywhere) = manager.serve(&settings);
    let old = SocketAddr::from((Ipv4Addr::LOCALHOST, anywhere.port()));
    assert_eq!(binary.stop("TERM").code, Some(0));
    settings.insert("PROXY_PORT".into(), old.port().to_string());
    for host in ["127.0.0.1", "0.0.0.0"] {
        let (_, kept) = manager.stored.last().expect("one is stored");
        let _kept = kept.try_clone().expect("a descriptor is left");
        settings.insert("PROXY_HOST".into(), host.into());
        let (binary, address) = manager.serve(&settings);
        assert_eq!(address.to_string(), format!("{host}:{}", old.port()));
        assert_eq!(manager.stored_address(), address);
        assert_eq!(get(old, "/healthz").status, 200);
        assert_eq!(binary.stop("TERM").code, Some(0));
    }
}

/// More clients than are accepted in one turn connect while the program stands still, and then it is told to stop.
#[test]
fn who_has_connected_before_a_stop_without_a_store_is_answered() {
    let (confluence, _) = origin("a.png", 10);
    let (mut binary, address) = Binary::serving(&settings(&confluence));
    assert_eq!(get(address, "/healthz").status, 200);
    binary.signal("STOP");
    let mut clients: Vec<Client> = (0..500).map(|_| Client::connect(address)).collect();
    for client in &mut clients {
        client.request("GET", "/healthz", &[]);
    }
    binary.signal("TERM");
    binary.signal("CONT");
    binary.line("stopping");
    for client in &mut clients {
        let response = client.response(false);
        assert!(response.complete && response.status == 200);
    }
    assert_eq!(binary.ended().code, Some(0));
}

#[test]
fn who_was_told_that_he_may_ask_again_gets_a_moment_for_it() {
    let (confluence, bytes) = origin("a.png", 3_000_000);
    let (mut binary, address) = Binary::serving(&talkative(&confluence));
    assert!(get(address, "/proxy/7/a.png").body == bytes);
    let mut client = Client::connect(address);
    let head = client.request("GET", "/proxy/7/a.png", &[]).head(); // the rest does not fit into the socket
    assert!(!head.contains("Connection: close"));
    binary.signal("TERM");
    binary.line("no more clients are taken");
    client.request("GET", "/healthz", &[]); // it is there when the first answer is out
    let response = client.body(head, false);
    assert!(response.complete && response.body == bytes);
    let last = client.response(false);
    assert_eq!(
        (last.status, last.field("Connection")),
        (200, Some("close"))
    );
    assert!(client.ends_well());
    assert_eq!(binary.ended().code, Some(0));
}

#[test]
fn an_idle_client_holds_up_a_stop_for_a_moment_only() {
    let (confluence, _) = origin("a.png", 10);
    let (binary, address) = Binary::serving(&settings(&confluence));
    let mut idle = Client::connect(address);
    assert_eq!(idle.get("/healthz").status, 200);
    let mut silent = Client::connect(address);
    let asked = std::time::Instant::now();
    assert_eq!(binary.stop("TERM").code, Some(0));
    let took = asked.elapsed();
    assert!(
        took < PATIENCE / 2,
        "{took:?}, where PROXY_DRAIN_SECONDS are 10"
    );
    assert!(idle.ends_well() && silent.ends_well());
}

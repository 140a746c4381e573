//! What the service manager hands over, and what it is told.

use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::time::Duration;

use confluence_attachment_proxy::demo::{Behaviour, Latch};

use crate::support::binary::{Binary, get, origin, settings};
use crate::support::manager::{Handed, LISTEN, ServiceManager, start, start_as};
use crate::support::{Client, PAGE};

/// How long to listen for what must not come.
const A_WHILE: Duration = Duration::from_millis(300);

#[test]
fn it_is_ready_when_its_socket_is_stored_and_a_request_is_answered() {
    let (confluence, _) = origin("a.png", 10);
    let mut manager = ServiceManager::start();
    let (binary, address) = manager.serve(&settings(&confluence));
    assert_eq!(manager.stored_address(), address);
    assert_eq!(get(address, "/healthz").status, 200);
    let first = &manager.heard[0];
    assert_eq!(first, "FDSTORE=1\nFDNAME=listen\n", "{:?}", manager.heard);
    assert_eq!(binary.stop("TERM").code, Some(0));
}

#[test]
fn it_is_not_ready_before_a_request_has_gone_through() {
    for point in ["acceptor", "worker", "cache", "answer"] {
        let (confluence, _) = origin("a.png", 10);
        let mut settings = settings(&confluence);
        settings.insert("SABOTAGE_AT".into(), format!("{point} hangs with /"));
        let mut manager = ServiceManager::start();
        let mut binary = Binary::start(&["serve"], &manager.manage(&settings, None));
        binary.line(&format!("sabotage at {point}: this thread hangs"));
        manager.hear("STATUS=");
        let ready = manager.hear_within("READY=1", A_WHILE);
        assert_eq!(ready, None, "{point}");
    }
}

#[test]
fn nobody_is_told_anything_where_nobody_wants_to_know() {
    let (confluence, _) = origin("a.png", 10);
    let mut settings = settings(&confluence);
    settings.insert("WATCHDOG_USEC".into(), "30000".into());
    settings.insert("SABOTAGE_AT".into(), "acceptor".into()); // the first request of all would end the process
    let (mut binary, _) = Binary::serving(&settings);
    std::thread::sleep(A_WHILE);
    assert!(binary.is_running(), "a probe was sent");
}

#[test]
fn a_reload_is_announced_and_its_end_too() {
    let (confluence, _) = origin("a.png", 10);
    let mut manager = ServiceManager::start();
    let (binary, _) = manager.serve(&settings(&confluence));
    binary.signal("HUP");
    let message = manager.hear("RELOADING=1");
    let time = message
        .lines()
        .find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
    assert!(
        time.is_some_and(|it| it.parse::<u64>().is_ok_and(|it| 0 < it)),
        "{message}"
    );
    manager.hear("READY=1");
    assert_eq!(binary.stop("TERM").code, Some(0));
}

#[test]
fn the_status_says_how_the_account_stands_and_what_was_spared() {
    let (confluence, bytes) = origin("a.png", 1000);
    let mut manager = ServiceManager::start();
    let (binary, address) = manager.serve(&settings(&confluence));
    let good = format!("STATUS=account accepted; serving {address}: ");
    if !manager
        .heard
        .iter()
        .any(|message| message.starts_with(&good))
    {
        manager.hear(&good);
    }
    let mut client = Client::connect(address);
    assert!(
        client.get("/proxy/7/a.png").body == bytes && client.get("/proxy/7/a.png").body == bytes
    );
    confluence.script_login(Behaviour::status(401));
    binary.signal("HUP");
    let status =
        manager.hear("STATUS=nothing is asked of Confluence, because the account was refused: ");
    assert!(status.contains("systemctl reload"), "what to do: {status}");
    let figures = format!(
        "; serving {address}: 1 connections, 2 requests for files, 50 % without asking Confluence\n"
    );
    assert!(status.ends_with(&figures), "{status}");
    assert_eq!(status.lines().count(), 1);
    assert_eq!(binary.stop("TERM").code, Some(0));
}

#[test]
fn a_stop_is_announced_before_the_last_answer_is_out() {
    let (confluence, bytes) = origin("a.png", 100_000);
    let latch = Latch::new();
    confluence.script(PAGE, "a.png", Behaviour::hold_at(50_000, &latch));
    let mut manager = ServiceManager::start();
    let (binary, address) = manager.serve(&settings(&confluence));
    let mut client = Client::connect(address);
    let head = client.request("GET", "/proxy/7/a.png", &[]).head();
    binary.signal("TERM");
    let message = manager.hear("STOPPING=1");
    assert!(
        message.contains("\nSTATUS=stopping: running answers have 10 s"),
        "{message}"
    );
    latch.open();
    let response = client.body(head, false);
    assert!(response.complete && response.body == bytes);
    assert_eq!(binary.ended().code, Some(0));
}

#[test]
fn the_socket_of_a_socket_unit_decides_the_address_and_is_not_stored() {
    let (confluence, _) = origin("a.png", 10);
    let mut settings = settings(&confluence);
    settings.insert("PROXY_PORT".into(), "1".into()); // it could not be had
    let unit = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = unit.local_addr().expect("bound");
    let mut manager = ServiceManager::start();
    let handed = Handed {
        stdin: Some(unit.try_clone().expect("a descriptor is left").into()),
        redirections: &["3<&0", "4<&0"],
        names: "listen:confluence-attachment-proxy.socket",
    };
    let mut binary = start(&manager.manage(&settings, None), handed);
    manager.hear("READY=1");
    assert_eq!(binary.address(), address);
    binary.line(&format!(
        "a socket unit says {address}: PROXY_HOST and PROXY_PORT are not used"
    ));
    assert_eq!(get(address, "/healthz").status, 200);
    // What an earlier run had stored is of no use any more.
    let forget = "FDSTOREREMOVE=1\nFDNAME=listen\n".to_owned();
    assert!(manager.heard.contains(&forget), "{:?}", manager.heard);
    assert!(manager.stored.is_empty());
    assert_eq!(binary.stop("TERM").code, Some(0));
    let waiting = Client::connect(address);
    drop(waiting); // who connects now waits for the next process
}

#[test]
fn a_stored_socket_is_taken_over_with_every_option_it_had_lost() {
    let (confluence, _) = origin("a.png", 10);
    let stored = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = stored.local_addr().expect("bound");
    let mut manager = ServiceManager::start();
    let handed = Handed {
        stdin: Some(stored.try_clone().expect("a descriptor is left").into()),
        redirections: &["3<&0"],
        names: LISTEN,
    };
    let settings = manager.manage(&settings(&confluence), None);
    let mut binary = start(&settings, handed);
    manager.hear("READY=1");
    assert_eq!(binary.address(), address);
    let socket = socket2::SockRef::from(&stored);
    assert!(socket.tcp_nodelay().is_ok_and(|it| it));
    assert!(socket.tcp_notsent_lowat().is_ok_and(|it| it == 128 * 1024));
    let flags = rustix::fs::fcntl_getfl(&stored).expect("it is open");
    assert!(flags.contains(rustix::fs::OFlags::NONBLOCK));
    assert_eq!(get(address, "/healthz").status, 200);
    assert!(manager.stored.is_empty(), "it is stored already");
    assert_eq!(binary.stop("TERM").code, Some(0));
}

#[test]
fn what_is_strange_is_let_go_with_a_warning() {
    let udp: OwnedFd = UdpSocket::bind("127.0.0.1:0").expect("a free port").into();
    let unbound = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let deaf: OwnedFd = unbound.expect("a socket").into();
    for (stdin, names, why) in [
        (udp, LISTEN, "it is no TCP socket"),
        (deaf, "other", "it is a TCP socket that does not listen"),
    ] {
        let (confluence, _) = origin("a.png", 10);
        let mut manager = ServiceManager::start();
        let handed = Handed {
            stdin: Some(stdin),
            redirections: &["3<&0", "4</dev/null"],
            names: &format!("{names}:listen"),
        };
        let mut binary = start(&manager.manage(&settings(&confluence), None), handed);
        manager.hear("READY=1");
        let address = binary.address();
        binary.line(&format!("was handed over as {names:?} is not used: {why}"));
        binary.line("was handed over as \"listen\" is not used: it is no TCP socket");
        assert_eq!(get(address, "/healthz").status, 200);
        assert_eq!(manager.heard[0], "FDSTOREREMOVE=1\nFDNAME=listen\n");
        assert_eq!(manager.stored_address(), address);
        let ended = binary.stop("TERM");
        assert_eq!((ended.code, ended.lines(" WARN ").len()), (Some(0), 2));
    }
}

#[test]
fn of_two_stored_sockets_one_stays() {
    let (confluence, _) = origin("a.png", 10);
    let stored = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = stored.local_addr().expect("bound");
    let mut manager = ServiceManager::start();
    let handed = Handed {
        stdin: Some(stored.into()),
        redirections: &["3<&0", "4<&0"],
        names: "listen:listen",
    };
    let mut binary = start(&manager.manage(&settings(&confluence), None), handed);
    manager.hear("READY=1");
    assert_eq!(binary.address(), address);
    binary.line("is not used: another one is served");
    assert_eq!(
        manager.stored_address(),
        address,
        "the store has forgotten both"
    );
    assert_eq!(get(address, "/healthz").status, 200);
}

#[test]
fn what_was_handed_to_another_process_is_not_touched() {
    for process in ["1", ""] {
        let (confluence, _) = origin("a.png", 10);
        let others = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = others.local_addr().expect("bound");
        let mut manager = ServiceManager::start();
        let handed = Handed {
            stdin: Some(others.into()),
            redirections: &["3<&0"],
            names: LISTEN,
        };
        let settings = manager.manage(&settings(&confluence), None);
        let mut binary = start_as(process, &settings, handed);
        manager.hear("READY=1");
        assert_ne!(binary.address(), address, "LISTEN_PID={process}");
        assert_eq!(get(binary.address(), "/healthz").status, 200);
    }
}

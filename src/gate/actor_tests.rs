//! Tests of the thread of a gate: deadlines, without its thread.

use super::*;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;

use super::super::Facing;
use super::super::admission::REQUESTS_UNDER_WAY_MAX;
use super::super::clients::NOTE_AHEAD_MAX;
use super::super::connection::WRITE_STALL_MAX;
use super::super::framing::Vetted;
use super::super::fronts::Fronts;
use super::super::outgoing::Outgoing;
use super::super::pending::Pending;
use super::super::ticket::Ticket;
use super::super::transport::Transport;
use crate::attachment::{Body, Chunk, Ledger};
use crate::config::Networks;
use crate::meters::Refused;
use crate::reply::{Note as LogNote, Payload, Reply};

/// A gate whose thread does not run, and the other end of its link.
fn gate() -> (Gate, UnixStream) {
    gate_behind(TcpListener::bind("127.0.0.1:0").expect("a free port"))
}

/// The same with this listening socket.
fn gate_behind(listener: TcpListener) -> (Gate, UnixStream) {
    let (link, other) = UnixStream::pair().expect("two sockets");
    let facing = Facing {
        certificate: None,
        connections_max: 8,
        trusted: Networks::default(),
        operators: Networks::default(),
        proxy_protocol: false,
        access: None,
    };
    let under_way = UnderWay::default();
    let opened = super::super::open(listener, facing, vec![link], &under_way);
    let (_, mut gates) = opened.expect("a gate");
    (gates.pop().expect("one per link"), other)
}

/// A client of that gate, and its own end of the connection.
fn client(now: Instant) -> (Connection, TcpStream) {
    client_of(
        &Fronts::new(Networks::default(), Networks::default(), false),
        now,
    )
}

/// The same where these fronts are known.
fn client_of(fronts: &Fronts, now: Instant) -> (Connection, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let client = TcpStream::connect(listener.local_addr().expect("bound")).expect("it listens");
    let (socket, address) = listener.accept().expect("somebody connected");
    socket.set_nonblocking(true).expect("a socket");
    let pending = Pending::default();
    let transport = Transport::new(mio::net::TcpStream::from_std(socket), None);
    let connection = Connection::new(
        transport,
        fronts.caller(address.ip()),
        None,
        pending.share(),
        now,
    );
    (connection, client)
}

fn reply() -> Reply {
    let ledger = Ledger::default();
    let body = Body::new(vec![Chunk::new(&[0; 10], &ledger)], &ledger, None);
    let range = 0..10;
    Reply {
        status: 200,
        head: Vec::new(),
        payload: Payload::Stored { body, range },
        note: LogNote {
            subject: "test".into(),
            from: "join",
            is_routine: false,
        },
    }
}

#[test]
fn a_note_of_a_connection_that_has_gone_ends_with_its_time() {
    let (mut gate, _link) = gate();
    let start = Instant::now();
    let mut clients = Vec::new();
    for seconds in 0..5 {
        let now = start + Duration::from_secs(seconds);
        let (connection, client) = client(now);
        clients.push(client);
        gate.clients.unseated += 1;
        gate.adopt(connection, now);
        if seconds < 4 {
            gate.close(0, now); // the next one gets its place
        }
    }
    // The four notes of the first ones come up while the last one has the place.
    let now = start + Duration::from_secs(13) + Duration::from_millis(500);
    let due = gate.clients.deadlines.take_due(now);
    assert_eq!(due.len(), 4);
    for note in due {
        gate.due(note, now);
    }
    let left = gate
        .clients
        .deadlines
        .take_due(start + Duration::from_secs(1000));
    assert_eq!(left.len(), 1, "the last one's own");
    assert_eq!(gate.clients.connections.len(), 1, "not cut short");
}

#[test]
fn a_front_that_says_nothing_is_given_up_in_time() {
    let (mut gate, _link) = gate();
    let start = Instant::now();
    let (connection, mut client) = client_of(
        &Fronts::new(Networks::of(&["127.0.0.1"]), Networks::default(), true),
        start,
    );
    gate.clients.unseated += 1;
    gate.adopt(connection, start);
    client.write_all(b"PROXY ").expect("room for it");
    gate.serve(0, start);
    for (after, left) in [(9, 1), (11, 0)] {
        let now = start + Duration::from_secs(after);
        for note in gate.clients.deadlines.take_due(now) {
            gate.due(note, now);
        }
        assert_eq!(gate.clients.connections.len(), left, "after {after} s");
    }
    assert_eq!(gate.clients.meter.refusals(Refused::Slow), 1);
}

#[test]
fn a_far_deadline_is_noted_near_and_again() {
    let (mut gate, _link) = gate();
    let start = Instant::now();
    let (connection, _client) = client(start);
    gate.clients.unseated += 1;
    gate.adopt(connection, start);
    gate.clients.connections[0].deadline = start + Duration::from_secs(1000);
    gate.clients.connections[0].noted = None;
    gate.clients.deadlines.take_due(start + NOTE_AHEAD_MAX);
    gate.clients.note(0, start);
    for round in 1..10 {
        let now = start + round * (NOTE_AHEAD_MAX + Duration::from_millis(100));
        let [note] = gate.clients.deadlines.take_due(now)[..] else {
            panic!("not exactly one note in round {round}")
        };
        gate.due(note, now);
    }
    assert_eq!(gate.clients.connections.len(), 1);
}

#[test]
fn a_full_socket_has_a_time_limit_also_after_waiting_for_a_download() {
    let (mut gate, _link) = gate();
    let now = Instant::now();
    let (mut connection, _client) = client(now);
    while connection.transport.socket.write(&[0; 65_536]).is_ok() {}
    let vetted = Vetted {
        keep_alive: true,
        old: false,
    };
    connection.phase = Phase::Writing {
        outgoing: Box::new(Outgoing::new(reply(), vetted)),
        since: now,
    };
    connection.deadline = now + Duration::from_secs(u32::MAX.into()); // as while it waited
    gate.clients.unseated += 1;
    gate.adopt(connection, now);
    assert_eq!(
        gate.clients.connections[0].deadline,
        now + WRITE_STALL_MAX,
        "a reader that stands still is given up"
    );
}

#[test]
fn a_request_beyond_those_under_way_is_told_so_by_the_gate_itself() {
    const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    let (mut gate, _nobody_reads) = gate();
    let now = Instant::now();
    // All places but one are taken by requests of other gates.
    assert!((1..REQUESTS_UNDER_WAY_MAX).all(|_| gate.under_way.enter(0)));
    let ask = |gate: &mut Gate, request: &[u8]| {
        let (connection, mut client) = client(now);
        client.write_all(request).expect("room for a head");
        gate.clients.unseated += 1;
        gate.adopt(connection, now);
        client
    };
    let _first = ask(&mut gate, REQUEST);
    let on_the_link = gate.link.heads().len();
    assert!(0 < on_the_link, "the last place is taken");

    let reason = "503 Service Unavailable: too many requests are under way, try again in a moment\n\
         正在处理的请求太多，请稍候再试\n";
    let bodiless = [&b"HEAD"[..], &REQUEST[3..]].concat();
    for (request, body) in [(REQUEST, reason), (&bodiless, "")] {
        let mut told = String::new();
        let mut client = ask(&mut gate, request);
        let patience = Some(Duration::from_secs(20)); // only failures ever take this long
        client.set_read_timeout(patience).expect("a timeout");
        client.read_to_string(&mut told).expect("an end in order");
        let (before, rest) = told.split_once("Date: ").expect("a date");
        let (_date, rest) = rest.split_once("\r\n").expect("a line");
        assert_eq!(before, "HTTP/1.1 503 Service Unavailable\r\n");
        assert_eq!(
            rest,
            format!(
                "Content-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
                 X-Content-Type-Options: nosniff\r\nRetry-After: 1\r\nConnection: close\r\n\r\n{body}",
                reason.len()
            )
        );
    }
    assert_eq!(gate.link.heads().len(), on_the_link, "nothing of them");

    gate.under_way.leave(0);
    let _later = ask(&mut gate, REQUEST);
    assert!(on_the_link < gate.link.heads().len(), "a place came back");
}

#[test]
fn a_probe_leaves_where_no_request_does_and_ends_with_its_own_reply() {
    let (mut gate, _nobody_reads) = gate();
    let now = Instant::now();
    assert!((0..REQUESTS_UNDER_WAY_MAX).all(|_| gate.under_way.enter(0)));
    let (back, returned) = crossbeam_channel::bounded(1);
    gate.probe(back);
    let head = b"OPTIONS * HTTP/1.1\r\nT: 0.ffffffff.1 0.0.0.0\r\n\r\n";
    assert_eq!(gate.link.heads(), head);
    let probe = Ticket::of_probe(0, 1);
    assert!(probe.is_probe());
    let of_a_client = Ticket { slot: 0, ..probe };
    assert!(!of_a_client.is_probe());
    for other in [of_a_client, Ticket::of_probe(1, 1), Ticket::of_probe(0, 2)] {
        gate.answer(other, reply(), now);
        assert!(returned.is_empty(), "{other:?}");
    }
    gate.answer(probe, reply(), now);
    assert_eq!(returned.try_iter().collect::<Vec<_>>(), [0]);
    gate.answer(probe, reply(), now);
    assert!(returned.is_empty(), "it comes back once");
}

#[test]
fn who_waits_outside_is_taken_in_unless_somebody_keeps_the_socket() {
    const CLIENTS: usize = 100; // more than are accepted in one turn
    for (left_to, inside) in [(LeftTo::Nobody, CLIENTS), (LeftTo::Next, 0)] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let copy = listener.try_clone().expect("a descriptor is left");
        let address = listener.local_addr().expect("bound");
        let (mut gate, _link) = gate_behind(listener);
        let connect = |_| TcpStream::connect(address).expect("it listens");
        let _clients: Vec<TcpStream> = (0..CLIENTS).map(connect).collect();
        let (closed, is_closed) = crossbeam_channel::bounded(1);
        gate.handle(GateMessage::CloseDoor(left_to, closed), Instant::now());
        assert!(is_closed.try_recv().is_ok() && gate.door.is_none());
        assert_eq!(gate.clients.connections.len(), inside, "{left_to:?}");
        copy.set_nonblocking(true).expect("a socket");
        let left = std::iter::from_fn(|| copy.accept().ok()).count();
        assert_eq!(left, CLIENTS - inside, "they wait for the next process");
    }
}

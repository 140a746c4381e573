//! What runs out, and comes back: seats, seats of one address, descriptors.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::alone;
use crate::measured::{Measured, Pair, assert_median_kept};
use crate::support::answer::{HEALTH, is_healthy, is_healthy_answer, masked, refusal};
use crate::support::{Client, PATIENCE, Program, eventually};

/// Connections beyond the bounds that are told why at the same time (`UNSEATED_MAX` in `gate/`).
const TOLD_MAX: usize = 256;

/// How long hits are measured while there are no descriptors.
const SCARCE: Duration = Duration::from_secs(3);

fn too_many() -> String {
    let reason =
        "too many connections, try again in a moment; the operator can raise PROXY_MAX_CONNECTIONS";
    refusal("503 Service Unavailable", "Retry-After: 1\r\n", reason)
}

/// What a client reads until the connection ends, which it must do well.
#[track_caller]
fn told(client: &mut Client) -> String {
    let answer = client.rest();
    assert!(!client.reset, "reset after {}", masked(&answer));
    masked(&answer)
}

#[test]
fn connections_beyond_the_bounds_are_told_so_and_seats_come_back() {
    let _alone = alone();
    let program = Program::start(&[("PROXY_MAX_CONNECTIONS", "16")], 1024);
    let from = |last: u8| program.connect_from(Ipv4Addr::new(127, 0, 0, last));
    let seated = |last: u8| {
        let mut client = from(last);
        assert!(is_healthy(&mut client), "from 127.0.0.{last}");
        client
    };
    let threads = program.threads();
    let mut clients: Vec<Client> = (0..4).map(|_| seated(11)).collect();
    let reason = "too many connections from your address, close some";
    assert_eq!(
        told(&mut from(11)), // before it has said a word
        refusal("503 Service Unavailable", "Retry-After: 1\r\n", reason)
    );
    clients.extend((12..15).flat_map(|last| [last; 4]).map(seated));
    let mut seventeenth = from(15);
    seventeenth.try_send(HEALTH);
    assert_eq!(told(&mut seventeenth), too_many());
    assert!(clients.iter_mut().all(is_healthy), "who is in stays in");

    clients.truncate(12);
    // The gate has to see the ends first.
    let until = Instant::now() + PATIENCE;
    while clients.len() < 16 {
        let mut client = from(14);
        client.request("GET", "/healthz", &[]);
        match client.response(false).status {
            200 => clients.push(client),
            status => assert!(status == 503 && Instant::now() < until, "{status}"),
        }
    }
    assert_eq!(told(&mut from(16)), too_many(), "no seat came twice");
    assert!(program.threads() <= threads);
}

#[test]
fn a_flood_beyond_the_bounds_costs_a_bounded_number_of_descriptors() {
    let _alone = alone();
    let program = Program::start(&[("PROXY_MAX_CONNECTIONS", "16")], 2048);
    let from = |last: u8| program.connect_from(Ipv4Addr::new(127, 0, 0, last));
    let mut seated: Vec<Client> = (0..16).map(|number| from(11 + number / 4)).collect();
    assert!(seated.iter_mut().all(is_healthy));
    let descriptors = program.descriptors();
    let mut flood: Vec<Client> = Vec::new();
    for last in 21..31 {
        flood.extend((0..100).map(|_| from(last)));
        assert!(seated.iter_mut().all(is_healthy), "who is in stays in");
        let now = program.descriptors();
        assert!(now <= descriptors + TOLD_MAX, "{now}, {descriptors} before");
    }
    // Who finds no room to be told is closed without a word.
    let answers: Vec<String> = flood.iter_mut().map(told).collect();
    let told: Vec<&String> = answers.iter().filter(|answer| !answer.is_empty()).collect();
    assert!(told.iter().all(|answer| **answer == too_many()));
    assert!(TOLD_MAX <= told.len(), "{} were told", told.len());
    drop(flood);
    eventually("all descriptors come back", || {
        assert!(seated.iter_mut().all(is_healthy)); // a turn of the gates
        program.descriptors() <= descriptors
    });
}

#[test]
fn accepting_pauses_without_descriptors_and_nobody_who_is_in_notices() {
    let _alone = alone();
    let mut crowded = Measured::start(80);
    let mut control = Measured::start(80);
    let before = Pair::quiet(&mut crowded, &mut control);
    let (descriptors, threads) = (crowded.program.descriptors(), crowded.program.threads());
    // The kernel connects them all; the program has descriptors for about half of them.
    let mut crowd: Vec<Client> = (0..100).map(|_| crowded.program.connect()).collect();
    for client in &mut crowd {
        client.send(HEALTH);
    }
    let line = crowded
        .program
        .wait_for_line("cannot accept connections for the moment");
    assert!(
        line.contains("raise LimitNOFILE or lower PROXY_MAX_CONNECTIONS"),
        "{line}"
    );
    let used = |one: &Measured| one.program.processor_ticks();
    let began = [used(&crowded), used(&control)];
    let during = Pair::measure(&mut crowded, &mut control, SCARCE);
    let [for_both, for_hits] = [used(&crowded) - began[0], used(&control) - began[1]];
    println!("{for_both} ticks without descriptors, {for_hits} with enough, for as many hits");
    assert!(
        for_both <= 2 * for_hits,
        "it does not pause between its tries"
    );
    assert!(crowded.program.threads() <= threads);
    // They were taken in their order. Nobody new knocks, so nothing but the program's own patience lets the others in.
    drop(crowd.drain(..70));
    for client in &mut crowd {
        assert!(is_healthy_answer(client));
    }
    assert!(is_healthy(&mut crowded.program.connect()));
    drop(crowd);
    eventually("all descriptors come back", || {
        crowded.hits();
        crowded.program.descriptors() <= descriptors
    });
    let after = Pair::quiet(&mut crowded, &mut control);
    assert_median_kept(before, during, after);
    assert!(crowded.program.is_running());
}

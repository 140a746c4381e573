//! Endurance: the program itself, before a Confluence with weather, for as long as one likes. Every body that arrives is
//! compared with what the file must be. `tests/soak MINUTES` starts it.
//!
//! Two services run beside each other, one plain and one with HTTPS. The plain one stays the same process from the
//! beginning to the end, so what its memory does shows; the other one is stopped, killed and started again now and then.

#[expect(
    dead_code,
    unused_imports,
    reason = "it is made for the tests of tests/it; this needs a part of it"
)]
#[path = "../it/support/mod.rs"]
mod support;

mod chance;
mod clients;
mod files;
mod service;
mod tally;
mod weather;

use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use confluence_attachment_proxy::demo::{Options, SampleConfluence};
use crossbeam_channel::bounded;
use rustls::version::{TLS12, TLS13};

use chance::Chance;
use clients::Clients;
use files::Files;
use service::{Footprint, Service};
use support::tls::trusting;
use tally::Tally;

/// sysexits.h: the command line is wrong.
const USAGE: u8 = 64;

/// Threads of clients per service.
const THREADS: u64 = 8;

/// `CACHE_MAX_BYTES` of both services: less than half of what all files have, so that something always has to go.
const CACHE_MEBIBYTES: u64 = 48;

/// What a service may need beyond that, as design and README say.
const BESIDE_MEBIBYTES: u64 = 64;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((length, seed)) = read(&arguments) else {
        eprintln!("usage: tests/soak MINUTES [SEED]");
        return ExitCode::from(USAGE);
    };
    std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))); // one line; who panicked counts it
    println!(
        "seed {seed}, {} s, 2 services, {} threads of clients",
        length.as_secs(),
        2 * THREADS
    );

    let origin = SampleConfluence::start(Options::default()).expect("a free port");
    let (files, tally) = (Files::upload(&origin), Tally::default());
    let plain = Service::start(&origin, false, CACHE_MEBIBYTES);
    let mut https = Service::start(&origin, true, CACHE_MEBIBYTES);
    let trust = trusting(&[&TLS13, &TLS12], &["http/1.1"]);
    let end = Instant::now() + length;
    let (going, over) = bounded(0);
    let mut footprints = vec![plain.footprint()];
    thread::scope(|scope| {
        let (origin, files, tally) = (&origin, &files, &tally);
        let weather = Chance::new(seed);
        scope.spawn(move || weather::make(origin, files, tally, weather, (end, &over)));
        for thread in 0..2 * THREADS {
            let (address, tls) = match thread % 2 {
                0 => (plain.address, None),
                _ => (https.address, Some(Arc::clone(&trust))),
            };
            let clients = Clients {
                address,
                tls,
                files,
                tally,
                chance: Chance::new(chance::mix(seed ^ (thread + 1))),
                doing: "",
                current: None,
                idle: Vec::new(),
            };
            scope.spawn(move || clients.run(end));
        }
        let mut chance = Chance::new(seed ^ u64::MAX);
        while Instant::now() < end {
            thread::sleep(Duration::from_millis(500)); // between two looks
            footprints.push(plain.footprint());
            if chance.below(20) == 0 {
                plain.reload();
                https.reload();
            }
            if chance.below(40) == 0 {
                https.start_again(chance.below(2) == 0, tally);
            }
        }
        drop(going);
    });
    let is_well = is_well(&plain, &files) && is_well(&https, &files);
    for service in [plain, https] {
        service.end(&tally);
    }
    report(&tally, &footprints, is_well)
}

/// Whether a service is well again when the weather is.
fn is_well(service: &Service, files: &Files) -> bool {
    let number = files.choose(&mut Chance::new(0));
    let until = Instant::now() + support::PATIENCE;
    while Instant::now() < until {
        let response = service.client().get(&number.target());
        if response.status == 200 && files.are_whole(number, &response.body) {
            return true;
        }
    }
    false
}

fn report(tally: &Tally, footprints: &[Footprint], is_well: bool) -> ExitCode {
    for line in tally.lines() {
        println!("{line}");
    }
    println!(
        "memory of the plain service over time, MiB resident + MiB in memory files, threads, descriptors:"
    );
    for footprint in footprints.iter().step_by(footprints.len().div_ceil(20)) {
        println!("{footprint}");
    }
    // Threads come with settings and not with clients; some of the start end soon.
    let threads = footprints.iter().map(Footprint::threads);
    let has_grown = threads.clone().max() != threads.clone().next();
    let most = footprints
        .iter()
        .map(Footprint::mebibytes)
        .max()
        .unwrap_or(0);
    let faults = tally.of("FAULT");
    let (requests, verified) = (tally.of("requests"), tally.of("bodies verified"));
    let mismatches = tally.of("FAULT: a body");
    let bound = CACHE_MEBIBYTES + BESIDE_MEBIBYTES;
    println!(
        "requests {requests}, bodies verified {verified}, checksum mismatches {mismatches}, faults {faults}"
    );
    println!("memory at most {most} MiB of {bound} MiB; well again at the end: {is_well}");
    let is_good = !has_grown
        && faults == 0
        && 0 < verified
        && most <= bound
        && is_well
        && tally.of("status: 500") == 0;
    match is_good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// How long it shall take, and the seed of chance: 42 unless said otherwise.
fn read(arguments: &[String]) -> Option<(Duration, u64)> {
    let (minutes, seed) = match arguments {
        [minutes] => (minutes, 42),
        [minutes, seed] => (minutes, seed.parse().ok()?),
        _ => return None,
    };
    let seconds = 60.0 * minutes.parse::<f64>().ok()?;
    Some((Duration::try_from_secs_f64(seconds).ok()?, seed))
}

//! Misses: how many connections and downloads Confluence sees, and how long a herd of clients waits for one of them.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use confluence_attachment_proxy::demo::Behaviour;

use super::figures;
use super::load::{Load, Until};
use super::machine::Machine;
use super::origin::Origin;
use super::report::Report;
use super::service;

/// Files asked for one after the other.
const MISSES: usize = 100;

/// Size of each of them in bytes.
const MISS_BYTES: usize = 100 * 1024;

/// Clients that ask for one file at once.
const HERD: usize = 100;

/// Size of that file in bytes.
const HERD_BYTES: usize = 1024 * 1024;

/// How long Confluence thinks about it.
const HERD_DELAY: Duration = Duration::from_millis(200);

/// Herds, each for a file of its own.
const HERDS: usize = 7;

/// Measures and notes.
pub fn measure(machine: &Machine, report: &mut Report) -> io::Result<()> {
    let core = machine.cores.map(|(server, _)| server);
    let origin = Origin::start()?;
    let running = service::start(&service::binary(), &origin, core)?;
    one_by_one(&origin, running.address, report)?;
    at_once(&origin, running.address, report)
}

fn one_by_one(origin: &Origin, address: SocketAddr, report: &mut Report) -> io::Result<()> {
    eprintln!("misses");
    let mut load = Load::connect(address, 1)?;
    let connections = origin.confluence.connections_seen();
    let mut times = Vec::new();
    for number in 0..MISSES {
        let wanted = origin.put(&format!("cold-{number}.png"), MISS_BYTES);
        let tally = load.run(&wanted, Until::Sent(1))?;
        times.push(tally.took.as_secs_f64() * 1000.0);
    }
    let connections = origin.confluence.connections_seen() - connections;
    report.fact(
        format!("connections to Confluence for {MISSES} misses of 100 KB, one after the other"),
        connections.to_string(),
    );
    report.fact("such a miss, median".into(), figures::milliseconds(times));
    Ok(())
}

fn at_once(origin: &Origin, address: SocketAddr, report: &mut Report) -> io::Result<()> {
    eprintln!("herds");
    let (mut alone, mut together, mut downloads) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..HERDS {
        for (clients, times) in [(1, &mut alone), (HERD, &mut together)] {
            let name = format!("herd-{clients}-{number}.png");
            let wanted = origin.put(&name, HERD_BYTES);
            origin.script(&name, Behaviour::slow(HERD_DELAY));
            let mut load = Load::connect(address, clients)?;
            let started = Instant::now();
            load.run(&wanted, Until::Sent(clients as u64))?;
            times.push(started.elapsed().as_secs_f64() * 1000.0);
            downloads.push(origin.downloads(&name));
        }
    }
    let most = downloads.iter().max().copied().unwrap_or(0);
    report.fact(
        format!("downloads when {HERD} clients ask for one cold file of 1 MB at once, at most"),
        most.to_string(),
    );
    report.fact(
        format!(
            "until all {HERD} have it (one alone), Confluence needs {} ms",
            HERD_DELAY.as_millis()
        ),
        format!(
            "{} ({})",
            figures::milliseconds(together),
            figures::milliseconds(alone)
        ),
    );
    Ok(())
}

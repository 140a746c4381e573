//! Misses: how many connections and downloads Confluence sees, and how long a herd of clients waits for one of them.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use confluence_attachment_proxy::demo::Behaviour;

use super::figures;
use super::load::{Load, Until};
use super::machine::Machine;
use super::origin::Origin;
use super::peers::{Line, Peers, Player};
use super::report::Report;
use super::words::Words;

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
pub fn measure(machine: &Machine, peers: &Peers, report: &mut Report) -> io::Result<()> {
    let origin = Origin::start()?;
    let core = machine.server_core();
    let running = peers.start(Player::Service, &origin, core, Line::Plain)?;
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
        Words::new(
            format!("connections to Confluence for {MISSES} misses of 100 KB, one after the other"),
            format!("依次 {MISSES} 次 100 KB 的未命中，与 Confluence 的连接数"),
        ),
        Player::Service,
        connections.to_string(),
    );
    report.fact(
        Words::new("such a miss, median", "其中一次未命中，中位数"),
        Player::Service,
        figures::milliseconds(times),
    );
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
        Words::new(
            format!("downloads when {HERD} clients ask for one cold file of 1 MB at once, at most"),
            format!("{HERD} 个客户端同时请求同一个 1 MB 冷文件时的下载次数，最多"),
        ),
        Player::Service,
        most.to_string(),
    );
    report.fact(
        Words::new(
            format!(
                "until all {HERD} have it (one alone), Confluence needs {} ms",
                HERD_DELAY.as_millis()
            ),
            format!(
                "直到 {HERD} 个客户端全部拿到（单独一个），Confluence 需要 {} ms",
                HERD_DELAY.as_millis()
            ),
        ),
        Player::Service,
        format!(
            "{} ({})",
            figures::milliseconds(together),
            figures::milliseconds(alone)
        ),
    );
    Ok(())
}

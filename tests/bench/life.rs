//! What it costs to have the service: memory, the time of a start, the size on the disk.

use std::fs;
use std::io;

use super::figures;
use super::load::{Load, Until};
use super::machine::Machine;
use super::origin::Origin;
use super::peers::{self, Line, Peers, Player};
use super::report::Report;
use super::slices::CONNECTIONS;
use super::words::Words;

/// Starts whose time is taken.
const STARTS: usize = 20;

/// Hits before memory is looked at again.
const HITS: u64 = 10_000;

/// Measures and notes.
pub fn measure(machine: &Machine, peers: &Peers, report: &mut Report) -> io::Result<()> {
    eprintln!("starts, memory and size");
    let origin = Origin::start()?;
    let start = || peers.start(Player::Service, &origin, machine.server_core(), Line::Plain);
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let running = start()?;
        times.push(running.ready_after.as_secs_f64() * 1000.0);
    }
    report.fact(
        Words::new(
            format!("ready: from exec to 200 on /healthz, median of {STARTS} starts"),
            format!("就绪：从 exec 到 /healthz 返回 200，{STARTS} 次启动的中位数"),
        ),
        Player::Service,
        figures::milliseconds(times),
    );

    let running = start()?;
    let mebibytes = |kibibytes: u64| format!("{:.1} MiB", kibibytes as f64 / 1024.0);
    report.fact(
        Words::new("resident memory after the start", "启动后的常驻内存"),
        Player::Service,
        mebibytes(running.process.resident()?),
    );
    let wanted = origin.put("middle.png", 100 * 1024);
    let mut load = Load::connect(running.address, CONNECTIONS)?;
    load.run(&wanted, Until::Sent(1))?;
    load.run(&wanted, Until::Sent(HITS))?;
    report.fact(
        Words::new(
            format!("resident memory after {HITS} hits of 100 KB, {CONNECTIONS} connections open"),
            format!("{HITS} 次 100 KB 的命中之后的常驻内存，{CONNECTIONS} 个打开的连接"),
        ),
        Player::Service,
        mebibytes(running.process.resident()?),
    );
    report.fact(
        Words::new("release binary, stripped", "发布版程序，已去除符号"),
        Player::Service,
        mebibytes(fs::metadata(peers::service_binary())?.len() / 1024),
    );
    Ok(())
}

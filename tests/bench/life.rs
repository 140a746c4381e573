//! What it costs to have the service: memory, the time of a start, the size on the disk.

use std::fs;
use std::io;

use super::figures;
use super::load::{Load, Until};
use super::machine::Machine;
use super::origin::Origin;
use super::report::Report;
use super::service;
use super::slices::CONNECTIONS;

/// Starts whose time is taken.
const STARTS: usize = 20;

/// Hits before memory is looked at again.
const HITS: u64 = 10_000;

/// Measures and notes.
pub fn measure(machine: &Machine, report: &mut Report) -> io::Result<()> {
    eprintln!("starts, memory and size");
    let core = machine.cores.map(|(server, _)| server);
    let origin = Origin::start()?;
    let binary = service::binary();
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let running = service::start(&binary, &origin, core)?;
        times.push(running.ready_after.as_secs_f64() * 1000.0);
    }
    report.fact(
        format!("ready: from exec to 200 on /healthz, median of {STARTS} starts"),
        figures::milliseconds(times),
    );

    let running = service::start(&binary, &origin, core)?;
    let mebibytes = |kibibytes: u64| format!("{:.1} MiB", kibibytes as f64 / 1024.0);
    report.fact(
        "resident memory after the start".into(),
        mebibytes(running.process.resident()?),
    );
    let wanted = origin.put("middle.png", 100 * 1024);
    let mut load = Load::connect(running.address, CONNECTIONS)?;
    load.run(&wanted, Until::Sent(1))?;
    load.run(&wanted, Until::Sent(HITS))?;
    report.fact(
        format!("resident memory after {HITS} hits of 100 KB, {CONNECTIONS} connections open"),
        mebibytes(running.process.resident()?),
    );
    report.fact(
        "release binary, stripped".into(),
        mebibytes(fs::metadata(&binary)?.len() / 1024),
    );
    Ok(())
}

//! What it costs to have a server: the time of a start, memory, the size on the disk.
//!
//! What is kept is one file of 100 KB, in the process or, as with nginx, outside of it: it matters nowhere.

use std::fs;
use std::io;

use super::cases::{CLIENTS, Extent, MANY};
use super::cold;
use super::figures::{Spread, in_milliseconds, mark};
use super::load::{Load, Until};
use super::machine::{FILES_BESIDE, Machine};
use super::origin::Origin;
use super::peers::{self, Line, Peers, Player, Running};
use super::plan::Plan;
use super::report::Report;
use super::words::Words;

/// Starts whose time is taken, for each start that is asked for.
const STARTS: u32 = 4;

/// Hits before memory is looked at again, and as many as show that it works.
const HITS: u64 = 10_000;
const HITS_OF_SMOKE: u64 = 100;

/// Size of what is asked for.
const BYTES: usize = 100 * 1024;

/// Targets: milliseconds from exec to the first answer, MiB after the start, more of them after all hits, more of them
/// with all idle connections, MiB of the program.
const READY_MAX: f64 = 20.0;
const IDLE_MAX: f64 = 8.0;
const HITS_MAX: f64 = 1.0;
const CONNECTIONS_MAX: f64 = 10.0;
const PROGRAM_MAX: f64 = 5.0;

/// Memory in MiB.
struct Memory {
    /// What the kernel counts as the process's own, pages that it shares with others too.
    resident: f64,
    /// The same for all processes of the server, with its part of what is shared.
    family: f64,
}

/// Measures and notes.
pub fn measure(
    plan: &Plan,
    machine: &Machine,
    peers: &Peers,
    report: &mut Report,
) -> io::Result<()> {
    let origin = Origin::start()?;
    for player in cold::players(peers) {
        eprintln!("starts and memory: {}", player.title().english);
        let start = || peers.start(player, &origin, machine.server_core(), Line::Plain);
        let mut times = Vec::new();
        for _ in 0..STARTS * plan.starts {
            times.push(in_milliseconds(start()?.ready_after));
        }
        tell_start(player, times, report);
        let hits = match plan.extent {
            Extent::Usual | Extent::Full => HITS,
            Extent::Smoke => HITS_OF_SMOKE,
        };
        memory((player, &start()?), hits, &origin, machine, report)?;
    }
    let length = fs::metadata(peers::service_binary())?.len() as f64 / MEBIBYTE;
    report.fact(
        Words::new(
            format!("release binary, stripped (target: at most {PROGRAM_MAX} MiB)"),
            format!("发布版程序，已去除符号（目标：最多 {PROGRAM_MAX} MiB）"),
        ),
        Player::Service,
        format!(
            "{length:.1} MiB{}",
            mark(Player::Service, length <= PROGRAM_MAX)
        ),
    );
    Ok(())
}

const MEBIBYTE: f64 = 1024.0 * 1024.0;

fn tell_start(player: Player, times: Vec<f64>, report: &mut Report) {
    let Spread { median, low, high } = Spread::of(times).expect("there are starts");
    report.fact(
        Words::new(
            format!("ready: from exec to 200 on /healthz (target: at most {READY_MAX} ms)"),
            format!("就绪：从 exec 到 /healthz 返回 200（目标：最多 {READY_MAX} ms）"),
        ),
        player,
        format!(
            "{median:.1} ms ({low:.1}-{high:.1}){}",
            mark(player, median <= READY_MAX)
        ),
    );
}

fn memory(
    (player, running): (Player, &Running),
    hits: u64,
    origin: &Origin,
    machine: &Machine,
    report: &mut Report,
) -> io::Result<()> {
    let wanted = origin.put(&format!("{}-memory.png", player.word()), BYTES);
    let started = Memory::of(running)?;
    let mut load = Load::connect(running.address, CLIENTS)?;
    load.run(&wanted, Until::Sent(1))?;
    let first = Memory::of(running)?;
    load.run(&wanted, Until::Sent(hits))?;
    let later = Memory::of(running)?;
    drop(load);
    let mut family = format!("{:.1}; {:.1}", started.family, later.family);
    if player == Player::Service {
        tell_resident(&started, &first, &later, report);
    }
    let many = MANY as u64;
    if machine.files < many + FILES_BESIDE {
        eprintln!(
            "no {many} idle connections: ulimit -Hn is {}",
            machine.files
        );
    } else {
        let before = Memory::of(running)?;
        // Each of them gets one answer, and then stays.
        let mut load = Load::connect(running.address, MANY)?;
        load.run(&wanted, Until::Sent(many))?;
        let idle = Memory::of(running)?;
        family += &format!("; {:.1}", idle.family);
        if player == Player::Service {
            let more = idle.resident - before.resident;
            report.fact(
                Words::new(
                    format!(
                        "resident memory with {many} idle connections (target: at most {CONNECTIONS_MAX} MiB more)"
                    ),
                    format!(
                        "{many} 个空闲连接时的常驻内存（目标：最多增加 {CONNECTIONS_MAX} MiB）"
                    ),
                ),
                player,
                format!(
                    "{:.1} MiB; +{more:.1}{}",
                    idle.resident,
                    mark(player, more <= CONNECTIONS_MAX)
                ),
            );
        }
    }
    report.fact(
        Words::new(
            format!(
                "memory of all its processes (PSS), MiB: after the start; after {HITS} hits of 100 KB; with {many} idle \
                 connections"
            ),
            format!(
                "全部进程的内存（PSS），MiB：启动后；{HITS} 次 100 KB 的命中之后；{many} 个空闲连接时"
            ),
        ),
        player,
        family,
    );
    Ok(())
}

fn tell_resident(started: &Memory, first: &Memory, later: &Memory, report: &mut Report) {
    let idle = started.resident;
    report.fact(
        Words::new(
            format!("resident memory after the start (target: at most {IDLE_MAX} MiB)"),
            format!("启动后的常驻内存（目标：最多 {IDLE_MAX} MiB）"),
        ),
        Player::Service,
        format!("{idle:.1} MiB{}", mark(Player::Service, idle <= IDLE_MAX)),
    );
    let more = later.resident - idle;
    report.fact(
        Words::new(
            format!(
                "resident memory after one hit of 100 KB; after {HITS} more, with {CLIENTS} connections open (target: at \
                 most {HITS_MAX} MiB more than after the start)"
            ),
            format!(
                "一次 100 KB 的命中之后的常驻内存；再命中 {HITS} 次之后，{CLIENTS} 个连接打开（目标：比启动后最多增加 \
                 {HITS_MAX} MiB）"
            ),
        ),
        Player::Service,
        format!(
            "{:.1} MiB; {:.1} MiB; +{more:.1}{}",
            first.resident,
            later.resident,
            mark(Player::Service, more <= HITS_MAX)
        ),
    );
}

impl Memory {
    fn of(running: &Running) -> io::Result<Memory> {
        let mebibytes = |kibibytes: u64| kibibytes as f64 / 1024.0;
        Ok(Memory {
            resident: mebibytes(running.process.resident()?),
            family: mebibytes(running.process.proportional()?),
        })
    }
}

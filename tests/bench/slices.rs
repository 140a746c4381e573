//! Hits: servers take turns in short slices under the same load.

use std::error::Error;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::load::{Load, Tally, Until};
use super::machine::Machine;
use super::nginx::{self, Nginx};
use super::origin::{Origin, Wanted};
use super::plan::Plan;
use super::process::Process;
use super::report::Report;
use super::service::{self, Running};

/// Keep-alive connections to each server.
pub const CONNECTIONS: usize = 64;

/// The files: name, size in bytes, how a table calls it.
pub const SIZES: [(&str, usize, &str); 3] = [
    ("small.png", 1024, "1 KB"),
    ("middle.png", 100 * 1024, "100 KB"),
    ("large.png", 1024 * 1024, "1 MB"),
];

/// Who takes a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Player {
    /// This build of this service.
    Service,
    /// The build that `--before` names.
    Before,
    /// nginx.
    Nginx,
    /// The same nginx once more: how far from 1 this ratio is, so far may all be wrong.
    Control,
}

/// One slice of one player.
#[derive(Clone, Copy)]
pub struct Slice {
    /// Whose.
    pub player: Player,
    /// Of the same turn are slices with the same number.
    pub turn: usize,
    /// What the load got.
    pub tally: Tally,
    /// Processor time that the server used.
    pub used: Duration,
}

/// Measures hits of all sizes and notes them.
pub fn measure(plan: &Plan, machine: &Machine, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let mut slices: [Vec<Slice>; SIZES.len()] = Default::default();
    let mut dice = Dice::new();
    for start in 0..plan.starts {
        eprintln!("hits: start {} of {}", start + 1, plan.starts);
        let mut field = Field::open(plan, machine)?;
        for (slices, (name, bytes, _)) in slices.iter_mut().zip(SIZES) {
            let wanted = field.origin.put(name, bytes);
            field.play(plan, &wanted, &mut dice, slices)?;
        }
    }
    for (slices, (_, _, label)) in slices.iter().zip(SIZES) {
        report.hits(label, slices);
    }
    Ok(())
}

/// All servers of one start, with the load on them.
struct Field {
    origin: Origin,
    service: Side<Running>,
    before: Option<Side<Running>>,
    nginx: Option<Side<Nginx>>,
}

/// A server and the connections to it, which are closed first.
struct Side<S> {
    load: Load,
    server: S,
}

impl Field {
    fn open(plan: &Plan, machine: &Machine) -> io::Result<Field> {
        let core = machine.cores.map(|(server, _)| server);
        let origin = Origin::start()?;
        let open = |binary: &Path| -> io::Result<Side<Running>> {
            let server = service::start(binary, &origin, core)?;
            let load = Load::connect(server.address, CONNECTIONS)?;
            Ok(Side { load, server })
        };
        let service = open(&service::binary())?;
        let before = plan.before.as_deref().map(open).transpose()?;
        let nginx = match machine.nginx {
            Some(_) => {
                let server = nginx::start(&origin, core)?;
                let load = Load::connect(server.running.address, CONNECTIONS)?;
                Some(Side { load, server })
            }
            None => None,
        };
        Ok(Field {
            origin,
            service,
            before,
            nginx,
        })
    }

    /// Plays all turns with one file.
    fn play(
        &mut self,
        plan: &Plan,
        wanted: &Wanted,
        dice: &mut Dice,
        slices: &mut Vec<Slice>,
    ) -> io::Result<()> {
        let mut players = self.players();
        for player in players.clone() {
            self.slice(player, wanted, Until::Sent(1))?; // alone, so that nginx's cache is filled once
            self.slice(player, wanted, Until::Time(plan.slice))?;
        }
        let asked = self.origin.confluence.requests();
        let turn_first = slices.last().map_or(0, |slice| slice.turn + 1);
        for turn in turn_first..turn_first + plan.turns as usize {
            dice.shuffle(&mut players);
            for &player in &players {
                let (tally, used) = self.slice(player, wanted, Until::Time(plan.slice))?;
                slices.push(Slice {
                    player,
                    turn,
                    tally,
                    used,
                });
            }
        }
        if self.origin.confluence.requests() == asked {
            Ok(())
        } else {
            Err(io::Error::other(
                "Confluence was asked while hits were measured",
            ))
        }
    }

    fn players(&self) -> Vec<Player> {
        let mut players = vec![Player::Service];
        players.extend(self.before.iter().map(|_| Player::Before));
        if self.nginx.is_some() {
            players.extend([Player::Nginx, Player::Control]);
        }
        players
    }

    fn slice(
        &mut self,
        player: Player,
        wanted: &Wanted,
        until: Until,
    ) -> io::Result<(Tally, Duration)> {
        let (load, process) = match player {
            Player::Service => self.service.parts(),
            Player::Before => self.before.as_mut().expect("it plays").parts(),
            Player::Nginx | Player::Control => {
                let side = self.nginx.as_mut().expect("it plays");
                (&mut side.load, &side.server.running.process)
            }
        };
        let before = process.time_used()?;
        let tally = load.run(wanted, until)?;
        Ok((tally, process.time_used()?.saturating_sub(before)))
    }
}

impl Side<Running> {
    fn parts(&mut self) -> (&mut Load, &Process) {
        (&mut self.load, &self.server.process)
    }
}

/// A small generator of numbers that nobody has to guess (xorshift).
struct Dice(u64);

impl Dice {
    fn new() -> Dice {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Dice(since.map_or(1, |since| since.as_nanos() as u64) | 1)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            items.swap(end, (self.0 >> 33) as usize % (end + 1));
        }
    }
}

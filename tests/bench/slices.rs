//! Hits: servers take turns in short slices under the same load.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::dice::Dice;
use super::load::{Load, Tally, Until};
use super::machine::Machine;
use super::origin::{Origin, Wanted};
use super::peers::{Line, Peers, Player, Running};
use super::plan::Plan;
use super::report::Report;

/// Keep-alive connections to each server.
pub const CONNECTIONS: usize = 64;

/// The files: name, size in bytes, how a table calls it.
pub const SIZES: [(&str, usize, &str); 3] = [
    ("small.png", 1024, "1 KB"),
    ("middle.png", 100 * 1024, "100 KB"),
    ("large.png", 1024 * 1024, "1 MB"),
];

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
pub fn measure(
    plan: &Plan,
    machine: &Machine,
    peers: &Peers,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let mut slices: [Vec<Slice>; SIZES.len()] = Default::default();
    let mut dice = Dice::new();
    for start in 0..plan.starts {
        eprintln!("hits: start {} of {}", start + 1, plan.starts);
        let mut field = Field::open(machine, peers)?;
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
    players: Vec<Player>,
    sides: Vec<Side>,
}

/// A server and the connections to it, which are closed first.
struct Side {
    player: Player,
    load: Load,
    server: Running,
}

impl Field {
    fn open(machine: &Machine, peers: &Peers) -> io::Result<Field> {
        let origin = Origin::start()?;
        let players = peers.players(Line::Plain);
        let mut sides = Vec::new();
        for &player in players.iter().filter(|player| **player != Player::Control) {
            let server = peers.start(player, &origin, machine.server_core(), Line::Plain)?;
            let load = Load::connect(server.address, CONNECTIONS)?;
            sides.push(Side {
                player,
                load,
                server,
            });
        }
        Ok(Field {
            origin,
            players,
            sides,
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
        let mut players = self.players.clone();
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

    fn slice(
        &mut self,
        player: Player,
        wanted: &Wanted,
        until: Until,
    ) -> io::Result<(Tally, Duration)> {
        let played_by = match player {
            Player::Control => Player::Nginx,
            other => other,
        };
        let mut sides = self.sides.iter_mut();
        let side = sides
            .find(|side| side.player == played_by)
            .ok_or_else(|| io::Error::other("the control needs nginx"))?;
        let before = side.server.process.time_used()?;
        let tally = side.load.run(wanted, until)?;
        Ok((
            tally,
            side.server.process.time_used()?.saturating_sub(before),
        ))
    }
}

//! Hits: servers take turns in short slices under the same load.

use std::error::Error;
use std::io;

use super::cases::{Case, Size};
use super::dice::Dice;
use super::figures::Played;
use super::load::{Load, Tally, Until};
use super::machine::{FILES_BESIDE, Machine};
use super::origin::{Origin, Wanted};
use super::peers::{Line, Peers, Player, Running};
use super::plan::Plan;
use super::report::Report;

/// Measures hits in all cases and notes them.
pub fn measure(
    plan: &Plan,
    machine: &Machine,
    peers: &Peers,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let cases = feasible(plan, machine, peers);
    let mut all: Vec<Played> = cases.iter().map(|_| Played::default()).collect();
    let mut dice = Dice::new();
    for start in 1..=plan.starts {
        for line in [Line::Plain, Line::Tls] {
            let own = cases.iter().zip(&mut all);
            let own: Vec<_> = own.filter(|(case, _)| case.manner.line == line).collect();
            if own.is_empty() || peers.players(line).is_empty() {
                continue;
            }
            let field = Field::open(plan, machine, peers, line)?;
            for (case, played) in own {
                eprintln!("start {start} of {}: {}", plan.starts, case.words().english);
                field.play(plan, case, &mut dice, played)?;
            }
        }
    }
    for (case, played) in cases.iter().zip(all) {
        report.hits(case.words(), &played);
    }
    Ok(())
}

/// The rows for which this process may open enough files; the others are named.
fn feasible(plan: &Plan, machine: &Machine, peers: &Peers) -> Vec<Case> {
    let mut cases = plan.cases();
    cases.retain(|case| {
        let needed = (peers.present.len() * case.manner.clients) as u64 + FILES_BESIDE;
        if machine.files < needed {
            let (what, files) = (case.words().english, machine.files);
            eprintln!(
                "{what} is left out: it needs {needed} open files, and ulimit -Hn is {files}"
            );
        }
        needed <= machine.files
    });
    cases
}

/// All servers of one start.
struct Field {
    origin: Origin,
    files: Vec<(Size, Wanted)>,
    players: Vec<Player>,
    servers: Vec<(Player, Running)>,
}

/// A server and the load on it.
struct Side<'f> {
    player: Player,
    server: &'f Running,
    load: Load,
}

impl Field {
    fn open(plan: &Plan, machine: &Machine, peers: &Peers, line: Line) -> io::Result<Field> {
        let origin = Origin::start()?;
        let put = |&size: &Size| (size, origin.put(size.name, size.bytes));
        let files = plan.sizes.iter().map(put).collect();
        let players = peers.players(line);
        let mut servers = Vec::new();
        for &player in players.iter().filter(|player| player.server() == **player) {
            let server = peers.start(player, &origin, machine.server_core(), line)?;
            servers.push((player, server));
        }
        Ok(Field {
            origin,
            files,
            players,
            servers,
        })
    }

    /// Plays all turns of one case.
    fn play(
        &self,
        plan: &Plan,
        case: &Case,
        dice: &mut Dice,
        played: &mut Played,
    ) -> io::Result<()> {
        let file = self.files.iter().find(|(size, _)| *size == case.size);
        let (_, wanted) = file.expect("every size of the plan is there");
        let mut sides = self.sides(case)?;
        for side in &mut sides {
            side.run(wanted, Until::Sent(1))?; // alone, so that each cache is filled once
            side.run(wanted, Until::Time(plan.slice))?;
        }
        let first = played.slices.last().map_or(0, |slice| slice.turn + 1);
        let mut players = self.players.clone();
        for turn in first..first + case.turns(plan.turns) as usize {
            dice.shuffle(&mut players);
            for &player in &players {
                let server = player.server();
                let side = sides.iter_mut().find(|side| side.player == server);
                let side = side.expect("every player of a field has a server");
                let used = side.server.process.time_used()?;
                let tally = side.run(wanted, Until::Time(plan.slice))?;
                let used = side.server.process.time_used()?.saturating_sub(used);
                played.note(player, turn, &tally, used);
            }
        }
        self.check_downloads(case.size)
    }

    /// Opens the load on every server.
    fn sides(&self, case: &Case) -> io::Result<Vec<Side<'_>>> {
        let sides = self.servers.iter().map(|(player, server)| {
            Ok(Side {
                player: *player,
                server,
                load: Load::open(server.address, case.manner)?,
            })
        });
        sides.collect()
    }

    /// Confluence has been asked for a file once by every server, and no more.
    fn check_downloads(&self, size: Size) -> io::Result<()> {
        let (downloads, servers) = (self.origin.downloads(size.name), self.servers.len());
        if downloads == servers {
            return Ok(());
        }
        let label = size.label;
        let what =
            format!("{servers} servers asked Confluence {downloads} times for one file of {label}");
        Err(io::Error::other(what))
    }
}

impl Side<'_> {
    fn run(&mut self, wanted: &Wanted, until: Until) -> io::Result<Tally> {
        let told = |error: io::Error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.player.word()))
        };
        self.load.run(wanted, until).map_err(told)
    }
}

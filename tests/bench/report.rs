//! The table: figures in, Markdown out.

use std::fmt;
use std::time::SystemTime;

use super::figures::{self, Spread};
use super::machine::Machine;
use super::peers::{Line, Peers, Player};
use super::plan::Plan;
use super::slices::{CONNECTIONS, Slice};
use super::words::Words;

/// Stands where there is no figure.
const NOTHING: &str = "-";

/// Everything that was measured.
pub struct Report {
    about: String,
    players: Vec<Player>,
    rows: Vec<Row>,
}

/// One figure of every server.
struct Row {
    what: Words,
    cells: Vec<(Player, String)>,
}

impl Report {
    /// An empty one.
    pub fn new(machine: &Machine, plan: &Plan, peers: &Peers) -> Report {
        Report {
            about: about(machine, plan, peers),
            players: peers.players(Line::Plain),
            rows: Vec::new(),
        }
    }

    /// Notes the slices of one size.
    pub fn hits(&mut self, label: &str, slices: &[Slice]) {
        let what = |figure: &str, in_chinese: &str| {
            Words::new(
                format!("hits of {label}: {figure}"),
                format!("{label} 的命中：{in_chinese}"),
            )
        };
        for player in self.players.clone() {
            let Some(spread) = Spread::of(figures::rates(slices, player)) else {
                continue;
            };
            let rate = format!("{:.0}", spread.median);
            let ratios = figures::ratios(slices, player, Player::Nginx);
            let rate = match Spread::of(ratios) {
                Some(Spread { median, low, high }) if player != Player::Nginx => {
                    format!("{rate}; {median:.2} ({low:.2}-{high:.2})")
                }
                _ => rate,
            };
            self.fact(what("requests/s", "请求/秒"), player, rate);
            let cost = |player| figures::microseconds(slices, player);
            if let Some(own) = cost(player) {
                let ratio = cost(Player::Nginx)
                    .map_or(NOTHING.into(), |nginx| format!("{:.2}", own / nginx));
                let value = format!("{own:.1}; {ratio}");
                self.fact(
                    what("processor µs per request", "每个请求的处理器微秒"),
                    player,
                    value,
                );
            }
            if let Some(busy) = figures::busy(slices, player) {
                let value = format!("{:.0} %", busy * 100.0);
                self.fact(
                    what("part of its core used", "所用核心的份额"),
                    player,
                    value,
                );
            }
        }
    }

    /// Notes a figure of one server. What is said of several in the same words stands in one row.
    pub fn fact(&mut self, what: Words, player: Player, value: String) {
        let cell = (player, value);
        match self.rows.iter_mut().find(|row| row.what == what) {
            Some(row) => row.cells.push(cell),
            None => self.rows.push(Row {
                what,
                cells: vec![cell],
            }),
        }
    }
}

impl Row {
    fn cell(&self, player: Player) -> &str {
        let cell = self.cells.iter().find(|(owner, _)| *owner == player);
        cell.map_or(NOTHING, |(_, value)| value)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads: Vec<&str> = self.players.iter().map(|player| player.title()).collect();
        writeln!(f, "{}\n", self.about)?;
        writeln!(f, "| what | {} |", heads.join(" | "))?;
        writeln!(f, "|---|{}", "---|".repeat(heads.len()))?;
        for row in &self.rows {
            let cells: Vec<&str> = self
                .players
                .iter()
                .map(|player| row.cell(*player))
                .collect();
            writeln!(f, "| {} | {} |", row.what.english, cells.join(" | "))?;
        }
        Ok(())
    }
}

/// What a reader must know to judge and to repeat the table.
fn about(machine: &Machine, plan: &Plan, peers: &Peers) -> String {
    let date = httpdate::fmt_http_date(SystemTime::now());
    let versions: Vec<String> = peers
        .present
        .iter()
        .filter(|(player, _)| !matches!(player, Player::Control | Player::Floor))
        .map(|(player, version)| format!("{} {version}", player.title()))
        .collect();
    let absent: Vec<String> = peers
        .absent
        .iter()
        .map(|(player, _)| format!("; {} is not installed", player.title()))
        .collect();
    let cores = match machine.cores {
        Some(_) => "one core for the servers and one for the load",
        None => "one core for servers and load together",
    };
    let (starts, turns) = (plan.starts, plan.turns);
    format!(
        "{date}; {}; Linux {}; {}{}; {cores}; {CONNECTIONS} keep-alive connections; {starts} starts, {turns} turns \
         each, slices of {} ms.\n\
         Repeat with `cargo bench --bench hits -- --starts {starts} --turns {turns}`.\n\n\
         Behind a figure stands what it is as a multiple of nginx's: for requests/s the median over pairs of slices of \
         one turn, with their quartiles. \"nginx again\" is the same nginx in a slice of its own: what its ratio \
         differs from 1 is noise.",
        machine.processor,
        machine.kernel,
        versions.join(", "),
        absent.concat(),
        plan.slice.as_millis(),
    )
}

//! The table: figures in, Markdown out.

use std::fmt;
use std::time::SystemTime;

use super::figures::{self, Spread};
use super::machine::Machine;
use super::plan::Plan;
use super::slices::{CONNECTIONS, Player, Slice};

/// Stands where there is no figure.
const NOTHING: &str = "-";

/// Everything that was measured.
pub struct Report {
    about: String,
    columns: Vec<Column>,
    rows: Vec<(String, Vec<String>)>,
}

/// What stands in a column beside the row's name.
#[derive(Clone, Copy)]
enum Column {
    /// The figure of one server.
    Of(Player),
    /// The figure of one server as a multiple of another's.
    Ratio(Player, Player),
}

impl Report {
    /// An empty one.
    pub fn new(machine: &Machine, plan: &Plan) -> Report {
        let mut columns = vec![
            Column::Of(Player::Service),
            Column::Of(Player::Nginx),
            Column::Ratio(Player::Service, Player::Nginx),
            Column::Ratio(Player::Control, Player::Nginx),
        ];
        if plan.before.is_some() {
            columns.push(Column::Of(Player::Before));
            columns.push(Column::Ratio(Player::Service, Player::Before));
        }
        Report {
            about: about(machine, plan),
            columns,
            rows: Vec::new(),
        }
    }

    /// Notes the slices of one size.
    pub fn hits(&mut self, label: &str, slices: &[Slice]) {
        self.rates(format!("hits of {label}: requests/s"), slices);
        self.rates(
            format!("hits of {label}: requests/s, undisturbed pairs only"),
            &figures::undisturbed(slices),
        );
        let cost = |player| figures::microseconds(slices, player);
        self.row(
            format!("hits of {label}: processor µs per request"),
            |column| match column {
                Column::Of(player) => Some(format!("{:.1}", cost(player)?)),
                Column::Ratio(player, other) => {
                    Some(format!("{:.2}", cost(player)? / cost(other)?))
                }
            },
        );
        self.row(
            format!("hits of {label}: part of its core used"),
            |column| match column {
                Column::Of(player) => {
                    Some(format!("{:.0} %", figures::busy(slices, player)? * 100.0))
                }
                Column::Ratio(..) => None,
            },
        );
    }

    /// Notes a figure of this service alone.
    pub fn fact(&mut self, what: String, value: String) {
        self.row(what, |column| {
            matches!(column, Column::Of(Player::Service)).then(|| value.clone())
        });
    }

    fn rates(&mut self, what: String, slices: &[Slice]) {
        self.row(what, |column| match column {
            Column::Of(player) => {
                let rates = figures::rates(slices, player);
                Some(format!("{:.0}", Spread::of(rates)?.median))
            }
            Column::Ratio(player, other) => {
                let ratios = figures::ratios(slices, player, other);
                let pairs = ratios.len();
                let Spread { median, low, high } = Spread::of(ratios)?;
                Some(format!("{median:.2} ({low:.2}-{high:.2}; {pairs} pairs)"))
            }
        });
    }

    fn row(&mut self, what: String, cell: impl Fn(Column) -> Option<String>) {
        let cells = self.columns.iter().map(|column| cell(*column));
        let cells = cells.map(|cell| cell.unwrap_or_else(|| NOTHING.into()));
        self.rows.push((what, cells.collect()));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads: Vec<String> = self.columns.iter().map(Column::to_string).collect();
        writeln!(f, "{}\n", self.about)?;
        writeln!(f, "| what | {} |", heads.join(" | "))?;
        writeln!(f, "|---|{}", "---|".repeat(heads.len()))?;
        for (what, cells) in &self.rows {
            writeln!(f, "| {what} | {} |", cells.join(" | "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Column::Of(player) => player.fmt(f),
            Column::Ratio(player, other) => write!(f, "{player} ÷ {other}"),
        }
    }
}

impl fmt::Display for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Player::Service => "this service",
            Player::Before => "build before",
            Player::Nginx => "nginx",
            Player::Control => "nginx again",
        })
    }
}

/// What a reader must know to judge and to repeat the table.
fn about(machine: &Machine, plan: &Plan) -> String {
    let date = httpdate::fmt_http_date(SystemTime::now());
    let nginx = match &machine.nginx {
        Some(version) => format!("nginx {version} with proxy_cache in memory"),
        None => "nginx is not installed".into(),
    };
    let cores = match machine.cores {
        Some(_) => "one core for the servers and one for the load",
        None => "one core for servers and load together",
    };
    let (starts, turns) = (plan.starts, plan.turns);
    format!(
        "{date}; {}; Linux {}; {nginx}; {cores}; {CONNECTIONS} keep-alive connections; {starts} starts, {turns} turns \
         each, slices of {} ms.\n\
         Repeat with `cargo bench --bench hits -- --starts {starts} --turns {turns}`.\n\n\
         Ratios of requests/s are medians over pairs of slices of one turn, with their quartiles. \"nginx again\" is \
         the same nginx in a slice of its own: what its ratio differs from 1 is noise. In an undisturbed pair both \
         servers had their core for themselves. Where a server used much less than its core, the limit was the load, or \
         other work of the machine, of which a server with more threads has the better of it: believe the undisturbed \
         pairs, and repeat on an idle machine if there are few.",
        machine.processor,
        machine.kernel,
        plan.slice.as_millis(),
    )
}

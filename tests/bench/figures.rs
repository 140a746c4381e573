//! From slices to figures (pure).

use std::time::Duration;

use super::histogram::Histogram;
use super::load::Tally;
use super::peers::Player;

/// One slice of one player.
#[derive(Clone, Copy)]
pub struct Slice {
    /// Whose.
    pub player: Player,
    /// Of the same turn are slices with the same number.
    pub turn: usize,
    /// Complete and correct answers.
    pub answers: u64,
    /// From the first request to the last byte.
    pub took: Duration,
    /// Processor time that the server used.
    pub used: Duration,
    /// Half of the answers came faster.
    pub p50: Duration,
    /// One in a hundred came later.
    pub p99: Duration,
}

/// All slices of one row of the table.
#[derive(Default)]
pub struct Played {
    /// In the order in which they were played.
    pub slices: Vec<Slice>,
    /// The times of all answers of each player.
    pub latencies: Vec<(Player, Histogram)>,
}

/// What is known of one player in one row.
#[derive(Clone, Copy)]
pub struct Figures {
    /// Answers per second.
    pub rate: Figure,
    /// Half of the answers came within so many milliseconds.
    pub p50: Figure,
    /// All but one in a hundred came within so many milliseconds.
    pub p99: Figure,
    /// Microseconds of processor time per answer.
    pub cost: Figure,
    /// Which part of its slices the server worked.
    pub busy: f64,
}

/// One figure, and what it is as a multiple of the yardstick's.
#[derive(Clone, Copy)]
pub struct Figure {
    /// The figure.
    pub value: f64,
    /// Over all pairs of slices of one turn; `None` without a yardstick.
    pub ratio: Option<Spread>,
}

/// The middle of some values and where half of them lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Half of the values are smaller.
    pub median: f64,
    /// A quarter of the values is smaller.
    pub low: f64,
    /// A quarter of the values is larger.
    pub high: f64,
}

impl Spread {
    /// `None` if there is no value.
    pub fn of(mut values: Vec<f64>) -> Option<Spread> {
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |part: f64| values[(last as f64 * part).round() as usize];
        Some(Spread {
            median: at(0.5),
            low: at(0.25),
            high: at(0.75),
        })
    }
}

impl Played {
    /// Adds a slice in which a player's server used this much processor time.
    pub fn note(&mut self, player: Player, turn: usize, tally: &Tally, used: Duration) {
        let quantile = |part| tally.latencies.quantile(part).unwrap_or_default();
        self.slices.push(Slice {
            player,
            turn,
            answers: tally.answers,
            took: tally.took,
            used,
            p50: quantile(0.5),
            p99: quantile(0.99),
        });
        let mut players = self.latencies.iter_mut();
        match players.find(|(owner, _)| *owner == player) {
            Some((_, all)) => all.add(&tally.latencies),
            None => self.latencies.push((player, tally.latencies.clone())),
        }
    }

    /// What is known of a player; `None` if it did not play.
    pub fn figures(&self, player: Player) -> Option<Figures> {
        let own = || self.slices.iter().filter(|slice| slice.player == player);
        let (_, latencies) = self.latencies.iter().find(|(owner, _)| *owner == player)?;
        let answers: u64 = own().map(|slice| slice.answers).sum();
        let took: Duration = own().map(|slice| slice.took).sum();
        let used: Duration = own().map(|slice| slice.used).sum();
        let figure = |value: f64, of: fn(&Slice) -> f64| Figure {
            value,
            ratio: self.ratio(player, of),
        };
        let rate = Spread::of(own().map(rate).collect())?.median;
        Some(Figures {
            rate: figure(rate, self::rate),
            p50: figure(milliseconds(latencies.quantile(0.5)?), |slice| {
                milliseconds(slice.p50)
            }),
            p99: figure(milliseconds(latencies.quantile(0.99)?), |slice| {
                milliseconds(slice.p99)
            }),
            cost: figure(used.as_secs_f64() * 1e6 / answers as f64, cost),
            busy: used.as_secs_f64() / took.as_secs_f64(),
        })
    }

    /// What a player got as a multiple of what its yardstick got in the same turn.
    fn ratio(&self, player: Player, value: fn(&Slice) -> f64) -> Option<Spread> {
        let yardstick = player.yardstick()?;
        let of = |player| {
            self.slices
                .iter()
                .filter(move |slice: &&Slice| slice.player == player)
        };
        let pairs = of(player).filter_map(|slice| {
            let pair = of(yardstick).find(|pair| pair.turn == slice.turn)?;
            Some(value(slice) / value(pair))
        });
        Spread::of(pairs.collect())
    }
}

/// The median of some milliseconds, printed.
pub fn median_milliseconds(times: Vec<f64>) -> String {
    Spread::of(times).map_or("-".into(), |spread| format!("{:.1} ms", spread.median))
}

/// The mark behind a figure that has a target, which its row names: only this service has targets.
pub fn mark(player: Player, reached: bool) -> &'static str {
    match (player, reached) {
        (Player::Service, true) => " ✓",
        (Player::Service, false) => " ✗",
        _ => "",
    }
}

/// The value that this part of some values does not exceed; there is one.
pub fn quantile(mut values: Vec<f64>, part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() as f64 * part).ceil() as usize;
    values[rank.max(1) - 1]
}

fn rate(slice: &Slice) -> f64 {
    slice.answers as f64 / slice.took.as_secs_f64()
}

fn cost(slice: &Slice) -> f64 {
    slice.used.as_secs_f64() / slice.answers as f64
}

/// A time in milliseconds.
pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

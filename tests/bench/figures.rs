//! From slices to figures (pure).

use std::time::Duration;

use super::histogram::Histogram;
use super::load::Tally;
use super::peers::Player;

/// The part of a slice that a server must have worked for the slice to count as undisturbed.
const FULL: f64 = 0.9;

/// If one in so many pairs is undisturbed, rates and times count no other.
const ENOUGH: usize = 4;

/// Undisturbed pairs that this takes at least: the median of fewer is one of them by chance.
const PAIRS_MIN: usize = 6;

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
    /// Whether rates and times count slices in which a server had not all of its core, or not enough to do.
    pub is_disturbed: bool,
}

/// One figure, and what it is as a multiple of the yardstick's.
#[derive(Clone, Copy)]
pub struct Figure {
    /// The figure.
    pub value: f64,
    /// Over pairs of slices of one turn; `None` without a yardstick.
    pub ratio: Option<Spread>,
}

/// A slice, and that of the yardstick in the same turn.
#[derive(Clone, Copy)]
struct Pair<'p> {
    own: &'p Slice,
    other: Option<&'p Slice>,
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
        let (_, latencies) = self.latencies.iter().find(|(owner, _)| *owner == player)?;
        let all = self.pairs(player);
        let undisturbed = all.iter().filter(|pair| pair.is_undisturbed());
        let undisturbed: Vec<Pair> = undisturbed.copied().collect();
        let is_disturbed = undisturbed.len() < PAIRS_MIN.max(all.len().div_ceil(ENOUGH));
        let good = if is_disturbed { &all } else { &undisturbed };
        let figure = |value, pairs: &[Pair], of: fn(&Slice) -> f64| Figure {
            value,
            ratio: Spread::of(pairs.iter().filter_map(|pair| pair.ratio(of)).collect()),
        };
        let rates = Spread::of(good.iter().map(|pair| rate(pair.own)).collect())?;
        let quantile = |part| latencies.quantile(part).map(in_milliseconds);
        let answers: u64 = all.iter().map(|pair| pair.own.answers).sum();
        let took: Duration = all.iter().map(|pair| pair.own.took).sum();
        let used: Duration = all.iter().map(|pair| pair.own.used).sum();
        let microseconds = used.as_secs_f64() * 1e6 / answers as f64;
        Some(Figures {
            rate: figure(rates.median, good, rate),
            p50: figure(quantile(0.5)?, good, |slice| in_milliseconds(slice.p50)),
            p99: figure(quantile(0.99)?, good, |slice| in_milliseconds(slice.p99)),
            cost: figure(microseconds, &all, cost),
            busy: used.as_secs_f64() / took.as_secs_f64(),
            is_disturbed,
        })
    }

    /// The slices of a player, each with that of its yardstick in the same turn.
    fn pairs(&self, player: Player) -> Vec<Pair<'_>> {
        let of = |player| {
            let slices = self.slices.iter();
            slices.filter(move |slice: &&Slice| slice.player == player)
        };
        let pairs = of(player).map(|own| {
            let yardstick = player.yardstick();
            let other = yardstick.and_then(|other| of(other).find(|other| other.turn == own.turn));
            Pair { own, other }
        });
        pairs.collect()
    }
}

impl Pair<'_> {
    /// Whether each server had its core to itself, and enough to do. Where other work takes part of the core, the
    /// scheduler gives a server of many threads more of the rest than one of a single thread, which is no merit.
    fn is_undisturbed(&self) -> bool {
        let is_full = |slice: &Slice| slice.took.mul_f64(FULL) <= slice.used;
        is_full(self.own) && self.other.is_none_or(is_full)
    }

    fn ratio(&self, of: fn(&Slice) -> f64) -> Option<f64> {
        Some(of(self.own) / of(self.other?))
    }
}

/// The median of some milliseconds, printed.
pub fn milliseconds(times: Vec<f64>) -> String {
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
pub fn in_milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

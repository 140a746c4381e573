//! From slices to figures (pure).

use std::time::Duration;

use super::peers::Player;
use super::slices::Slice;

/// The middle of some values and where half of them lie.
#[derive(Clone, Copy)]
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

/// The median of some milliseconds, printed.
pub fn milliseconds(times: Vec<f64>) -> String {
    Spread::of(times).map_or("-".into(), |spread| format!("{:.1} ms", spread.median))
}

/// The mark behind a figure that has a target, which the row names: only this service has targets.
pub fn mark(player: Player, reached: bool) -> &'static str {
    match (player, reached) {
        (Player::Service, true) => " ✓",
        (Player::Service, false) => " ✗",
        _ => "",
    }
}

/// The value that this part of some values does not exceed.
pub fn quantile(mut values: Vec<f64>, part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() as f64 * part).ceil() as usize;
    values[rank.max(1) - 1]
}

/// Requests per second in every slice of a player.
pub fn rates(slices: &[Slice], player: Player) -> Vec<f64> {
    of(slices, player).map(rate).collect()
}

/// What a player got as a multiple of what another one got in the same turn.
pub fn ratios(slices: &[Slice], player: Player, other: Player) -> Vec<f64> {
    let pairs = of(slices, player).filter_map(|slice| {
        let pair = of(slices, other).find(|pair| pair.turn == slice.turn)?;
        Some(rate(slice) / rate(pair))
    });
    pairs.collect()
}

/// Processor time per request over all slices of a player.
pub fn microseconds(slices: &[Slice], player: Player) -> Option<f64> {
    let used: Duration = of(slices, player).map(|slice| slice.used).sum();
    let answers: u64 = of(slices, player).map(|slice| slice.tally.answers).sum();
    (0 < answers).then(|| used.as_secs_f64() * 1e6 / answers as f64)
}

/// Which part of its slices a player spent working.
pub fn busy(slices: &[Slice], player: Player) -> Option<f64> {
    let used: Duration = of(slices, player).map(|slice| slice.used).sum();
    let took: Duration = of(slices, player).map(|slice| slice.tally.took).sum();
    (!took.is_zero()).then(|| used.as_secs_f64() / took.as_secs_f64())
}

fn of(slices: &[Slice], player: Player) -> impl Iterator<Item = &Slice> {
    slices.iter().filter(move |slice| slice.player == player)
}

fn rate(slice: &Slice) -> f64 {
    slice.tally.answers as f64 / slice.tally.took.as_secs_f64()
}

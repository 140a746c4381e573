//! When the service looks whether it lives (pure).

use std::time::{Duration, Instant};

/// Which part of the watchdog's time lies between two rounds: two of three may be late before it strikes.
const ROUNDS_PER_WATCHDOG: u32 = 3;

/// Shortest time from round to round: nobody means a watchdog that costs more than what it watches.
const EVERY_MIN: Duration = Duration::from_millis(50);

/// Rounds of probes. Each sends one through every gate, and none begins before the last one is complete: a gate never has
/// more than one on its way.
#[derive(Debug)]
pub struct Pulse {
    /// The time from round to round; `None`: there is only the first one.
    every: Option<Duration>,
    /// Which gates have not answered in this round, a bit for each.
    missing: u32,
    /// When the next round is due; `None`: never.
    next: Option<Instant>,
    /// Whether somebody was told that this round is late.
    is_known_late: bool,
}

impl Pulse {
    /// The first round is due at once, later ones only for a watchdog.
    pub fn new(watchdog: Option<Duration>, now: Instant) -> Pulse {
        Pulse {
            every: watchdog.map(|time| (time / ROUNDS_PER_WATCHDOG).max(EVERY_MIN)),
            missing: 0,
            next: Some(now),
            is_known_late: false,
        }
    }

    /// Whether to send a probe through each of `gates` gates now.
    pub fn begins(&mut self, gates: usize, now: Instant) -> bool {
        if self.missing != 0 || self.next.is_none_or(|next| now < next) {
            return false;
        }
        self.missing = (1 << gates) - 1;
        self.next = self.every.map(|every| now + every);
        self.is_known_late = false;
        true
    }

    /// The probe through this gate has come back; whether it was the last one of its round.
    pub fn ends(&mut self, gate: usize) -> bool {
        let was_open = self.missing != 0;
        self.missing &= !(1 << gate);
        was_open && self.missing == 0
    }

    /// Whether the next round would be due, and this one is not complete: once for each round.
    pub fn is_late(&mut self, now: Instant) -> bool {
        let is_late = self.missing != 0 && self.next.is_some_and(|next| next <= now);
        is_late && !std::mem::replace(&mut self.is_known_late, true)
    }

    /// How long nothing is to be begun.
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        let next = self.next.filter(|_| self.missing == 0)?;
        Some(next.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gate_must_answer_before_the_next_round() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pulse = Pulse::new(Some(Duration::from_secs(30)), start);
        assert_eq!(pulse.wait(start), Some(Duration::ZERO));
        assert!(pulse.begins(2, start) && !pulse.begins(2, start));
        assert!(!pulse.ends(1) && !pulse.ends(1), "one gate is not all");
        assert!(!pulse.begins(2, at(60)), "the other one is still awaited");
        assert!(!pulse.is_late(at(9)) && pulse.is_late(at(10)) && !pulse.is_late(at(11)));
        assert_eq!(pulse.wait(at(60)), None);
        assert!(pulse.ends(0));
        assert!(pulse.begins(2, at(60)), "late, and at once");
        assert!(!pulse.ends(0) && pulse.ends(1) && !pulse.ends(1));
        assert_eq!(pulse.wait(at(61)), Some(Duration::from_secs(9)));
        assert!(!pulse.begins(2, at(69)) && pulse.begins(2, at(70)));
    }

    #[test]
    fn without_a_watchdog_there_is_one_round() {
        let start = Instant::now();
        let mut pulse = Pulse::new(None, start);
        assert!(pulse.begins(4, start));
        assert!(
            (0..4)
                .map(|gate| pulse.ends(gate))
                .eq([false, false, false, true])
        );
        let later = start + Duration::from_secs(1000);
        assert!(!pulse.begins(4, later) && pulse.wait(later).is_none());
    }
}

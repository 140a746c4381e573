//! When to look at which connection again (pure): coarse deadlines that cost nothing while they keep moving.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Deadlines are met up to this much late. Finer would wake a gate more often and help nobody.
const TICK: Duration = Duration::from_millis(50);

/// The deadlines of a gate's connections.
///
/// A connection that is busy moves its deadline with every request, so its entry here is not moved along: it comes
/// up at the earliest time once noted, and the owner notes it again if it is not due yet.
#[derive(Debug)]
pub(super) struct Deadlines {
    start: Instant,
    due: BTreeMap<u64, Vec<usize>>,
}

/// A deadline that has come up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// Whose it is, or was.
    pub(super) slot: usize,
    /// What [`Deadlines::note`] returned for it. One that its owner does not have noted any more means nothing.
    pub(super) tick: u64,
}

impl Deadlines {
    pub(super) fn new(start: Instant) -> Deadlines {
        Deadlines {
            start,
            due: BTreeMap::new(),
        }
    }

    /// Notes that `slot` wants to be looked at at `at`. Returns the tick, which the owner keeps to know whether another
    /// deadline needs a note of its own, and which of its notes counts.
    pub(super) fn note(&mut self, slot: usize, at: Instant) -> u64 {
        let tick = self.tick(at) + 1;
        self.due.entry(tick).or_default().push(slot);
        tick
    }

    /// Takes everybody whose tick has come.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<Note> {
        let tick = self.tick(now);
        // As a rule nobody is due, and that must not cost an allocation.
        if self
            .due
            .first_key_value()
            .is_none_or(|(&first, _)| tick < first)
        {
            return Vec::new();
        }
        let later = self.due.split_off(&(tick + 1));
        std::mem::replace(&mut self.due, later)
            .into_iter()
            .flat_map(|(tick, slots)| slots.into_iter().map(move |slot| Note { slot, tick }))
            .collect()
    }

    /// How long nothing is due; `None` when nothing is noted at all.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        let (&tick, _) = self.due.first_key_value()?;
        let ticks = u32::try_from(tick).unwrap_or(u32::MAX);
        Some((self.start + TICK * ticks).saturating_duration_since(now))
    }

    /// The tick in which `at` lies.
    pub(super) fn tick(&self, at: Instant) -> u64 {
        (at.saturating_duration_since(self.start).as_millis() / TICK.as_millis()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_due_early_and_everybody_is_due_within_a_tick() {
        let start = Instant::now();
        let mut deadlines = Deadlines::new(start);
        assert_eq!(deadlines.wait(start), None);
        for (slot, millis) in [(1, 0), (2, 49), (3, 50), (4, 10_000)] {
            deadlines.note(slot, start + Duration::from_millis(millis));
        }
        let mut met = Vec::new();
        let mut now = start;
        while let Some(wait) = deadlines.wait(now) {
            now += wait;
            for note in deadlines.take_due(now) {
                met.push((note.slot, now.duration_since(start).as_millis()));
            }
        }
        assert_eq!(met, [(1, 50), (2, 50), (3, 100), (4, 10_050)]);
    }

    #[test]
    fn what_comes_up_is_told_from_other_notes_of_the_same_place() {
        let start = Instant::now();
        let mut deadlines = Deadlines::new(start);
        let ticks = [10, 20].map(|seconds| deadlines.note(7, start + Duration::from_secs(seconds)));
        assert_ne!(ticks[0], ticks[1]);
        let due = deadlines.take_due(start + Duration::from_secs(11));
        assert_eq!(
            due,
            [Note {
                slot: 7,
                tick: ticks[0]
            }]
        );
    }
}

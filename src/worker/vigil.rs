//! Which lookup workers are stuck. They share one queue, so the others take the probes as well and would hide it.

use crate::meters::{Number, Own};

/// Lookup workers at most.
pub const WORKERS_MAX: usize = 8;

/// What lookup workers say of themselves, each in a cell of its own.
#[derive(Debug, Default)]
pub struct Vigil([Turn; WORKERS_MAX]);

/// Counts up when a worker has got something to do and again when it has done it. It lies in cache lines of its own.
#[repr(align(128))]
#[derive(Debug, Default)]
struct Turn(Own);

/// What all of them have counted at one moment.
pub type Turns = [u64; WORKERS_MAX];

impl Vigil {
    /// The worker of this number begins, or ends, a batch of requests.
    pub(super) fn turn(&self, number: usize) {
        self.0[number].0.add(1);
    }

    /// What they have counted so far.
    pub fn turns(&self) -> Turns {
        std::array::from_fn(|number| self.0[number].0.get())
    }
}

/// Whether a worker has been busy with the same batch all the time between.
pub fn is_anyone_stuck(before: &Turns, now: &Turns) -> bool {
    let mut pairs = before.iter().zip(now);
    pairs.any(|(before, now)| before == now && now % 2 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_busy_and_gets_no_further_is_stuck() {
        let vigil = Vigil::default();
        let idle = vigil.turns();
        assert!(!is_anyone_stuck(&idle, &idle));
        vigil.turn(7);
        let busy = vigil.turns();
        assert!(!is_anyone_stuck(&idle, &busy) && is_anyone_stuck(&busy, &busy));
        vigil.turn(7);
        vigil.turn(7);
        let busy_again = vigil.turns();
        assert!(!is_anyone_stuck(&busy, &busy_again));
    }
}

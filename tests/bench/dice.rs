//! A small generator of numbers that nobody has to guess (xorshift).

use std::time::{SystemTime, UNIX_EPOCH};

/// Some dice.
pub struct Dice(u64);

impl Dice {
    /// Dice that fall differently each time.
    pub fn new() -> Dice {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Dice::seeded(since.map_or(1, |since| since.as_nanos() as u64))
    }

    /// Dice that fall the same for the same seed.
    pub fn seeded(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1) // spread: small seeds would begin with small numbers
    }

    /// A number below `end`, each as likely as any other.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % end
    }

    /// Puts items into an order that nobody chose.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }
}

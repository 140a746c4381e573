//! How much comes at once (pure).

use std::time::Duration;

pub const HOUR: Duration = Duration::from_secs(3600);
pub const MINUTE: Duration = Duration::from_secs(60);
pub const SECOND: Duration = Duration::from_secs(1);

/// The busiest of the stretches into which time is divided from 0 on; of several the last, when caches are warm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Busiest {
    pub start: Duration,
    pub amount: u64,
}

/// The busiest stretch of `length`, of what happens in the order of time, each with an amount.
pub fn busiest(happenings: impl Iterator<Item = (Duration, u64)>, length: Duration) -> Busiest {
    let mut now = Busiest::default();
    let mut most = now;
    for (at, amount) in happenings {
        if now.start + length <= at {
            let passed = at.as_nanos() / length.as_nanos();
            now = Busiest {
                start: length * passed as u32,
                amount: 0,
            };
        }
        now.amount += amount;
        if most.amount <= now.amount {
            most = now;
        }
    }
    most
}

//! Times, counted in steps that grow with them (pure).
//!
//! Two to the `BITS` steps for each doubling: a time is told with an error below one in a hundred, whether it is a
//! microsecond or a minute, and noting one costs a few instructions.

use std::time::Duration;

/// Steps per doubling, as a power of two.
const BITS: u32 = 6;

/// Steps altogether: up to the longest time that 64 bits of nanoseconds hold.
const STEPS: usize = ((64 - BITS as usize) + 1) << BITS;

/// How many times fell into each step.
#[derive(Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    /// One without a time.
    pub fn new() -> Histogram {
        Histogram {
            counts: vec![0; STEPS],
            total: 0,
        }
    }

    /// Notes a time.
    pub fn note(&mut self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.counts[step(nanoseconds)] += 1;
        self.total += 1;
    }

    /// Adds all times of another one.
    pub fn add(&mut self, other: &Histogram) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
    }

    /// The time that this part of all times is not above; `None` without a time.
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        let wanted = ((self.total as f64 * part).ceil() as u64).max(1);
        let mut seen = 0;
        let step = self.counts.iter().position(|count| {
            seen += count;
            wanted <= seen
        })?;
        Some(Duration::from_nanos(middle(step)))
    }
}

/// The step of a number: its highest bit, and the `BITS` bits behind it.
fn step(number: u64) -> usize {
    let shift = (u64::BITS - number.leading_zeros()).saturating_sub(BITS + 1);
    ((shift as usize) << BITS) + (number >> shift) as usize
}

/// The middle of a step.
fn middle(step: usize) -> u64 {
    let shift = (step >> BITS).saturating_sub(1) as u32;
    let lowest = ((step - ((shift as usize) << BITS)) as u64) << shift;
    lowest + ((1 << shift) >> 1)
}

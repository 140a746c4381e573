//! How long things took, in a fixed number of buckets.

use std::time::Duration;

use super::number::{Number, Own};

/// Longest time of each bucket, in nanoseconds; one more bucket has what took longer. A hit takes a tenth of a
/// millisecond, a question to Confluence some tens of them, and after half a minute clients and Confluence are given
/// up on.
pub const BOUNDS: [u64; 17] = [
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
    30_000_000_000,
];

/// Times, counted by their length.
#[derive(Debug, Default)]
pub struct Histogram<C = Own> {
    buckets: [C; BOUNDS.len() + 1],
    nanoseconds: C,
}

impl<C: Number> Histogram<C> {
    /// Counts one.
    pub fn observe(&self, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        // Most times are among the first bounds, and then this is faster than halving.
        let bucket = BOUNDS.iter().position(|bound| nanoseconds <= *bound);
        self.buckets[bucket.unwrap_or(BOUNDS.len())].add(1);
        self.nanoseconds.add(nanoseconds);
    }

    /// Adds everything that `other` has counted.
    pub fn include<D: Number>(&self, other: &Histogram<D>) {
        for (bucket, more) in self.buckets.iter().zip(&other.buckets) {
            bucket.add(more.get());
        }
        self.nanoseconds.add(other.nanoseconds.get());
    }

    /// How many are in each bucket.
    pub fn buckets(&self) -> [u64; BOUNDS.len() + 1] {
        std::array::from_fn(|bucket| self.buckets[bucket].get())
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.buckets().iter().sum()
    }

    /// How long all of them took together.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.get())
    }

    /// The time within which this part of all ended, as near as the buckets tell; `None` if there were none. What took
    /// longer than the last bound counts as that.
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        let buckets = self.buckets();
        let wanted = part * buckets.iter().sum::<u64>() as f64;
        let mut before = 0.0;
        for (bucket, count) in buckets.iter().enumerate().filter(|(_, count)| 0 < **count) {
            let (low, high) = (bound(bucket), bound(bucket + 1));
            let count = *count as f64;
            if wanted <= before + count {
                let within = ((wanted - before) / count).clamp(0.0, 1.0);
                return Some(Duration::from_secs_f64(low + (high - low) * within));
            }
            before += count;
        }
        None
    }
}

/// Where a bucket begins, in seconds; the one behind the last ends where it begins.
fn bound(bucket: usize) -> f64 {
    let nanoseconds = match bucket.min(BOUNDS.len()) {
        0 => 0,
        bucket => BOUNDS[bucket - 1],
    };
    nanoseconds as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_by_length_and_a_bound_belongs_to_its_bucket() {
        let histogram: Histogram = Histogram::default();
        let last = Duration::from_nanos(BOUNDS[16]);
        for took in [
            Duration::ZERO,
            Duration::from_micros(100),
            Duration::from_nanos(100_001),
            last,
            last * 2,
        ] {
            histogram.observe(took);
        }
        let buckets = histogram.buckets();
        assert_eq!(
            (buckets[0], buckets[1], buckets[16], buckets[17]),
            (2, 1, 1, 1)
        );
        assert_eq!(histogram.count(), 5);
        assert_eq!(histogram.sum(), last * 3 + Duration::from_nanos(200_001));
        let both: Histogram = Histogram::default();
        both.include(&histogram);
        both.include(&histogram);
        assert_eq!(
            (both.count(), both.sum()),
            (10, histogram.sum() * 2),
            "a sum of two"
        );
    }

    #[test]
    fn a_quantile_lies_within_its_bucket() {
        let histogram: Histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), None);
        for _ in 0..90 {
            histogram.observe(Duration::from_millis(8));
        }
        for _ in 0..10 {
            histogram.observe(Duration::from_secs(3600));
        }
        let quantile = |part| histogram.quantile(part).expect("some were counted");
        assert_eq!(
            quantile(0.45),
            Duration::from_micros(7500),
            "the middle of 5 to 10 ms"
        );
        assert_eq!(quantile(0.9), Duration::from_millis(10));
        assert_eq!(quantile(0.99), Duration::from_secs(30));
    }
}

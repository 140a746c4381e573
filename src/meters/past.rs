//! What was, a short while back: samples for a chart, and the last things that went wrong.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// How often a sample is taken.
pub const SAMPLE_EVERY: Duration = Duration::from_secs(5);

/// Samples kept: ten minutes, and the one that they begin with.
pub const PAST_MAX: usize = 121;

/// Mishaps kept: as many as a person reads.
const MISHAPS_MAX: usize = 20;

/// Counters at a moment. What happened between two of them is their difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub at: Instant,
    /// Attachments answered since the start.
    pub requests: u64,
    /// Of these, from a fresh copy.
    pub hits: u64,
    /// Bytes of attachments sent since the start.
    pub bytes: u64,
}

/// What happened between two samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// How long ago this span of time ended.
    pub ago: Duration,
    /// How long it was.
    pub span: Duration,
    /// Attachments answered a second.
    pub requests: f64,
    /// Which part of them came from a fresh copy; `None` if there were none.
    pub hit_ratio: Option<f64>,
    /// Bytes of attachments sent a second.
    pub bytes: f64,
}

/// What happened from each sample to the next.
pub(super) fn rates(samples: &[Sample], now: Instant) -> Vec<Rate> {
    let rate = |pair: &[Sample]| {
        let span = pair[1].at.saturating_duration_since(pair[0].at);
        let seconds = span.as_secs_f64();
        let more =
            |number: fn(&Sample) -> u64| number(&pair[1]).saturating_sub(number(&pair[0])) as f64;
        let (requests, hits) = (more(|it| it.requests), more(|it| it.hits));
        Rate {
            ago: now.saturating_duration_since(pair[1].at),
            span,
            requests: requests / seconds,
            hit_ratio: (0.0 < requests).then(|| hits / requests),
            bytes: more(|it| it.bytes) / seconds,
        }
    };
    let pairs = samples.windows(2);
    pairs
        .filter(|pair| pair[0].at < pair[1].at)
        .map(rate)
        .collect()
}

/// Something that went wrong with one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mishap {
    /// When.
    pub at: SystemTime,
    /// What clients got.
    pub status: u16,
    /// What the log calls the file.
    pub subject: Arc<str>,
    /// What went wrong, in the words of the log.
    pub words: String,
}

/// Both, each bounded.
#[derive(Debug)]
pub(super) struct Past {
    samples: VecDeque<Sample>,
    mishaps: VecDeque<Mishap>,
}

impl Past {
    /// The past of a service that starts now.
    pub(super) fn new(now: Instant) -> Past {
        let (requests, hits, bytes) = (0, 0, 0);
        let first = Sample {
            at: now,
            requests,
            hits,
            bytes,
        };
        Past {
            samples: [first].into(),
            mishaps: VecDeque::new(),
        }
    }

    /// Whether it is time for a sample.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let last = self.samples.back();
        last.is_none_or(|last| SAMPLE_EVERY <= now.saturating_duration_since(last.at))
    }

    pub(super) fn sample(&mut self, sample: Sample) {
        keep(&mut self.samples, PAST_MAX, sample);
    }

    pub(super) fn samples(&self) -> Vec<Sample> {
        self.samples.iter().copied().collect()
    }

    pub(super) fn mishap(&mut self, mishap: Mishap) {
        keep(&mut self.mishaps, MISHAPS_MAX, mishap);
    }

    /// The newest first.
    pub(super) fn mishaps(&self) -> Vec<Mishap> {
        self.mishaps.iter().rev().cloned().collect()
    }
}

fn keep<T>(all: &mut VecDeque<T>, most: usize, newest: T) {
    if all.len() == most {
        all.pop_front();
    }
    all.push_back(newest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_difference_by_time() {
        let start = Instant::now();
        let sample = |seconds, requests, hits, bytes| Sample {
            at: start + Duration::from_secs(seconds),
            requests,
            hits,
            bytes,
        };
        let samples = [
            sample(0, 10, 10, 0),
            sample(5, 30, 25, 5000),
            sample(5, 30, 25, 5000),
            sample(7, 30, 25, 5000),
        ];
        let rate = |ago, span, requests, hit_ratio, bytes| Rate {
            ago: Duration::from_secs(ago),
            span: Duration::from_secs(span),
            requests,
            hit_ratio,
            bytes,
        };
        let now = start + Duration::from_secs(8);
        let expected = [
            rate(3, 5, 4.0, Some(0.75), 1000.0),
            rate(1, 2, 0.0, None, 0.0),
        ];
        assert_eq!(rates(&samples, now), expected);
        assert_eq!(rates(&samples[..1], now), []);
    }

    #[test]
    fn the_oldest_gives_way() {
        let start = Instant::now();
        let mut past = Past::new(start);
        assert!(!past.is_due(start));
        for number in 0..1000_u32 {
            let at = start + SAMPLE_EVERY * (number + 1);
            assert!(past.is_due(at));
            let (hits, bytes) = (0, 0);
            past.sample(Sample {
                at,
                requests: number.into(),
                hits,
                bytes,
            });
            assert!(!past.is_due(at + SAMPLE_EVERY / 2));
            past.mishap(Mishap {
                at: SystemTime::UNIX_EPOCH,
                status: 502,
                subject: "key=a".into(),
                words: number.to_string(),
            });
        }
        let (samples, mishaps) = (past.samples(), past.mishaps());
        assert_eq!((samples.len(), mishaps.len()), (PAST_MAX, MISHAPS_MAX));
        assert_eq!((samples[0].requests, samples[120].requests), (879, 999));
        assert_eq!((&*mishaps[0].words, &*mishaps[19].words), ("999", "980"));
    }
}

//! The replays: what the store would have kept of a log's files.

use std::time::Duration;

use super::history::{File, History, Request};
use super::line::CameFrom;
use crate::cache::{Limits, Replay, Served};
use crate::config::CacheConfig;

const MIB: u64 = 1 << 20;

/// The values of `CACHE_MAX_BYTES` that are tried.
pub const BUDGETS: [u64; 7] = [
    64 * MIB,
    128 * MIB,
    256 * MIB,
    512 * MIB,
    1024 * MIB,
    2048 * MIB,
    4096 * MIB,
];

/// More than anybody has: a store that never has to let go of anything.
const UNLIMITED: u64 = 1 << 50;

/// What came of all requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) requests: u64,
    /// Answered without asking Confluence.
    pub(super) hits: u64,
    /// Questions to Confluence: downloads, and whether a copy is current.
    pub(super) asked: u64,
    /// Bytes of the files of all requests.
    pub(super) bytes: u64,
    /// Of these, those that were not downloaded for it.
    pub(super) bytes_kept: u64,
    pub(super) bytes_fetched: u64,
}

impl Tally {
    fn add(&mut self, served: Served, bytes: u64) {
        self.requests += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        let taken = match served {
            Served::Hit => {
                self.hits += 1;
                &mut self.bytes_kept
            }
            Served::Renewed => {
                self.asked += 1;
                &mut self.bytes_kept
            }
            Served::Miss => {
                self.asked += 1;
                &mut self.bytes_fetched
            }
        };
        *taken = taken.saturating_add(bytes);
    }

    /// The part of the requests that were hits.
    pub(super) fn hit_ratio(&self) -> f64 {
        self.hits as f64 / self.requests.max(1) as f64
    }

    /// The part of the bytes that were not downloaded.
    pub(super) fn byte_ratio(&self) -> f64 {
        self.bytes_kept as f64 / self.bytes.max(1) as f64
    }
}

/// The requests for files of a known size.
pub(super) fn requests(history: &History) -> impl Iterator<Item = (Request, &File, u64)> {
    history.requests.iter().filter_map(|request| {
        let file = &history.files[request.file as usize];
        Some((*request, file, file.bytes?))
    })
}

/// What the service would have done with these settings.
pub(super) fn replay(history: &History, settings: &CacheConfig) -> Tally {
    let limits = Limits {
        items_max: settings.items_max,
        bytes_max: settings.bytes_max,
        stale: settings.stale,
        renewable: settings.ttl, // as the service itself has it
        negative_ttl: settings.negative_ttl,
    };
    let mut store = Replay::new(limits, settings.item_bytes_max, settings.ttl);
    let mut tally = Tally::default();
    for (request, file, bytes) in requests(history) {
        let at = Duration::from_secs(request.second.into());
        tally.add(store.request(at, &file.key, bytes), bytes);
    }
    tally
}

/// The same settings for a machine with memory without end.
pub(super) fn unlimited(settings: &CacheConfig) -> CacheConfig {
    CacheConfig {
        items_max: usize::MAX,
        bytes_max: UNLIMITED,
        item_bytes_max: UNLIMITED,
        ..settings.clone()
    }
}

/// What the service has done, as the log has it.
pub(super) fn logged(history: &History) -> Tally {
    let mut tally = Tally::default();
    for (request, _, bytes) in requests(history) {
        let served = match request.from {
            // Who joins asks for nothing of his own; in a replay, where downloads take no time, he is a hit.
            CameFrom::Hit | CameFrom::Join => Served::Hit,
            CameFrom::Revalidated | CameFrom::Stale => Served::Renewed,
            CameFrom::Miss => Served::Miss,
            // Nothing came: neither from memory nor from Confluence.
            CameFrom::Error => {
                tally.requests += 1;
                tally.bytes = tally.bytes.saturating_add(bytes);
                continue;
            }
        };
        tally.add(served, bytes);
    }
    tally
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Settings that a test changes.
    pub(in crate::advise) fn settings(bytes_max: u64) -> CacheConfig {
        CacheConfig {
            items_max: 1000,
            ttl: Duration::from_secs(3600),
            bytes_max,
            item_bytes_max: bytes_max / 4,
            stale: Duration::from_secs(86_400),
            negative_ttl: Duration::from_secs(10),
        }
    }

    /// One line for each second, name, source and size.
    pub(in crate::advise) fn lines(lines: &[(u32, &str, &str, u64)]) -> String {
        let lines = lines.iter().map(|(second, name, from, bytes)| {
            let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
            format!(
                "2026-11-28T{hours:02}:{minutes:02}:{seconds:02}Z INFO  served key={name} status=200 from={from} bytes={bytes} ms=1 client=::1\n"
            )
        });
        lines.collect()
    }

    fn history(of: &[(u32, &str, &str, u64)]) -> History {
        History::read(lines(of).as_bytes()).expect("memory can be read")
    }

    #[test]
    fn a_copy_is_a_hit_until_it_expires_and_is_renewed_then() {
        let history = history(&[
            (0, "a", "miss", MIB),
            (3599, "a", "hit", MIB),
            (3600, "a", "revalidated", MIB),
            (3601, "b", "miss", 3 * MIB),
            (3602, "c", "error", 9), // its size is not known
        ]);
        let expected = Tally {
            requests: 4,
            hits: 1,
            asked: 3,
            bytes: 6 * MIB,
            bytes_kept: 2 * MIB,
            bytes_fetched: 4 * MIB,
        };
        let settings = settings(64 * MIB);
        assert_eq!(replay(&history, &settings), expected);
        assert_eq!(logged(&history), expected);
        assert_eq!(expected.hit_ratio(), 0.25);
        assert_eq!(expected.byte_ratio(), 1.0 / 3.0);
        let short = CacheConfig {
            ttl: Duration::from_secs(1),
            ..settings
        };
        assert_eq!(replay(&history, &short).hits, 0);
    }

    #[test]
    fn every_limit_is_felt_and_without_limits_nothing_leaves() {
        let names: Vec<String> = (0..20).map(|number| format!("file{number}")).collect();
        let rounds = (0..5).flat_map(|round| names.iter().map(move |name| (round, name)));
        let lines: Vec<_> = rounds
            .map(|(round, name)| (round, name.as_str(), "miss", MIB))
            .collect();
        let history = history(&lines);
        let hits = |settings: &CacheConfig| replay(&history, settings).hits;
        let wide = settings(64 * MIB);
        assert_eq!(hits(&wide), 80);
        assert!(hits(&settings(8 * MIB)) < 80, "bytes");
        let few = CacheConfig {
            items_max: 4,
            ..wide.clone()
        };
        assert!(hits(&few) < 80, "files");
        let small = CacheConfig {
            item_bytes_max: MIB - 1,
            ..wide
        };
        assert_eq!(hits(&small), 0, "bytes of a file");
        for settings in [few, small, settings(8 * MIB)] {
            assert_eq!(hits(&unlimited(&settings)), 80);
        }
    }

    #[test]
    fn who_gets_nothing_is_no_hit_and_no_question() {
        let history = history(&[
            (0, "a", "join", 8),
            (1, "a", "stale", 8),
            (2, "a", "error", 8),
        ]);
        let expected = Tally {
            requests: 3,
            hits: 1,
            asked: 1,
            bytes: 24,
            bytes_kept: 16,
            bytes_fetched: 0,
        };
        assert_eq!(logged(&history), expected);
    }
}

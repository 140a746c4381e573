//! What the store would have kept: requests of the past, or made-up ones, against the real store, without bytes.
//!
//! Time is an argument, so that a month takes seconds; everything else is what the service itself does: what an entry
//! weighs, who leaves, when a copy expires, and how long it is kept to be renewed. Downloads take no time here, and
//! none of the room.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::entry::{Entry, Life, Weighed};
use super::handle::Lookup;
use super::store::{Limits, Store};
use crate::attachment::{Body, Digest, Key, Ledger, Meta};

/// A store that is asked as the service's is, at times of the caller's choice.
pub struct Replay {
    store: Store<(), Length>,
    item_bytes_max: u64,
    ttl: Duration,
    start: Instant,
}

/// How a request was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// From memory, without asking Confluence.
    Hit,
    /// From memory, after Confluence was asked whether the copy is current: nothing was downloaded.
    Renewed,
    /// By a download.
    Miss,
}

/// A body that is as heavy as a real one and has no bytes.
#[derive(Clone, Debug)]
struct Length(u64);

impl Weighed for Length {
    fn weight(&self) -> u64 {
        Body::usual_weight(self.0)
    }
}

impl Replay {
    /// An empty store. `item_bytes_max` and `ttl` are what the fetch crew goes by: the largest file that is kept, and
    /// for how long a copy is fresh.
    pub fn new(limits: Limits, item_bytes_max: u64, ttl: Duration) -> Replay {
        Replay {
            store: Store::new(limits, Ledger::default()),
            item_bytes_max,
            ttl,
            start: Instant::now(),
        }
    }

    /// Somebody asks for `key`, `at` after the start, when the file is `bytes` long. A copy of another length is an
    /// older version: it serves as long as it is fresh, and cannot be renewed.
    pub fn request(&mut self, at: Duration, key: &Key, bytes: u64) -> Served {
        let now = self.start + at;
        match self.store.lookup(key, now) {
            Lookup::Fresh(_) => return Served::Hit,
            Lookup::Gone(()) | Lookup::Missing => {}
        }
        // The service's own thread frees what dies as time goes by; here all of it is due at once.
        while self.store.tick(now).1.is_some_and(|more| more.is_zero()) {}
        let life = Life {
            stored: now,
            fresh_until: now + self.ttl,
        };
        let current = self.store.known(key).filter(|copy| copy.body.0 == bytes);
        if let Some(copy) = current {
            let renewed = copy.renewed(Meta::default(), life);
            self.store.insert(Arc::new(renewed), now);
            return Served::Renewed;
        }
        if bytes <= self.item_bytes_max {
            self.store
                .insert(Arc::new(entry(key.clone(), bytes, life)), now);
        }
        Served::Miss
    }

    /// What a copy of `key` takes of the room, `bytes` long.
    pub fn weight(&self, key: &Key, bytes: u64) -> u64 {
        let life = Life {
            stored: self.start,
            fresh_until: self.start,
        };
        entry(key.clone(), bytes, life).weight()
    }

    /// Bytes kept now, with all bookkeeping.
    pub fn bytes(&self) -> u64 {
        self.store.bytes()
    }
}

fn entry(key: Key, bytes: u64, life: Life) -> Entry<Length> {
    let label = key.to_string().into();
    let (meta, digest) = (Meta::default(), Digest::default());
    Entry::new(key, label, meta, Length(bytes), digest, life)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachment::{FileName, PageId};

    const HOUR: Duration = Duration::from_secs(3600);
    const MIB: u64 = 1024 * 1024;

    fn key(name: &str) -> Key {
        Key::File {
            page: PageId::parse("1").expect("digits"),
            name: FileName::parse(name.as_bytes()).expect("a name"),
            version: None,
        }
    }

    fn replay() -> Replay {
        let limits = Limits {
            items_max: 4,
            bytes_max: 8 * MIB,
            stale: 24 * HOUR,
            renewable: Duration::ZERO,
            negative_ttl: HOUR,
        };
        Replay::new(limits, 2 * MIB, HOUR)
    }

    #[test]
    fn a_file_is_downloaded_then_kept_then_renewed_then_forgotten() {
        let mut replay = replay();
        for (at, bytes, served) in [
            (Duration::ZERO, MIB, Served::Miss),
            (HOUR / 2, MIB, Served::Hit),
            (HOUR / 2, MIB + 1, Served::Hit),
            (HOUR, MIB, Served::Renewed),
            (HOUR * 3 / 2, MIB, Served::Hit),
            (HOUR * 2, MIB + 1, Served::Miss),
            (HOUR * 2, MIB + 1, Served::Hit),
            (HOUR * 27, MIB + 1, Served::Miss),
        ] {
            let seen = replay.request(at, &key("a"), bytes);
            assert_eq!(seen, served, "at: {at:?}, bytes: {bytes}");
        }
    }

    #[test]
    fn who_died_in_a_long_pause_is_downloaded_again_however_many_there_are() {
        const FILES: u64 = 200;
        let limits = Limits {
            items_max: 1000,
            bytes_max: 8 * MIB,
            stale: 24 * HOUR,
            renewable: Duration::ZERO,
            negative_ttl: HOUR,
        };
        let mut replay = Replay::new(limits, MIB, HOUR);
        let first = (0..FILES).map(|number| (Duration::ZERO, number));
        let later = (0..FILES).rev().map(|number| (100 * HOUR, number)); // who died last is asked for first
        for (at, number) in first.chain(later) {
            let served = replay.request(at, &key(&number.to_string()), 100);
            assert_eq!(served, Served::Miss, "at: {at:?}, number: {number}");
        }
    }

    #[test]
    fn a_copy_takes_what_it_is_said_to_weigh() {
        let mut replay = replay();
        replay.request(HOUR, &key("a"), MIB);
        assert_eq!(replay.bytes(), replay.weight(&key("a"), MIB));
        assert!(MIB < replay.bytes());
    }

    #[test]
    fn what_is_too_big_is_downloaded_each_time_and_takes_no_room() {
        let mut replay = replay();
        for _ in 0..2 {
            let served = replay.request(HOUR, &key("film"), 2 * MIB + 1);
            assert_eq!((served, replay.bytes()), (Served::Miss, 0));
        }
    }

    #[test]
    fn the_limits_are_those_of_the_store() {
        let mut replay = replay();
        for n in 0..100 {
            replay.request(Duration::ZERO, &key(&n.to_string()), n * MIB / 50);
            assert!(replay.bytes() <= 8 * MIB);
        }
        let held = replay.bytes();
        assert!(
            6 * MIB < held,
            "four that are nearly as large as may be: {held}"
        );
    }
}

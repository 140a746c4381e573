//! Who leaves when room is needed (pure): S3-FIFO, weighed in bytes.
//!
//! New entries wait in a small queue. Who is asked for again before its end moves to the main queue, the others leave
//! and are remembered by a hash only; whoever comes back while remembered enters the main queue at once. One-time
//! files, most of a wiki's, so never push out the ones that people return to. This is S3-FIFO (SOSP 2023) with two
//! choices of our own: one further use is enough for the main queue, and a new copy of a file takes over the place and
//! the uses of the copy it replaces.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use super::entry::{Entry, Weighed};
use crate::attachment::{Charge, Key, Ledger};

/// Share of all bytes that the small queue may hold: 1 in 10, as in the paper.
const SMALL_SHARE: u64 = 10;

/// An entry's number: its place in the order of arrival.
pub(super) type Number = u64;

/// The entries in the order in which they may leave, and the sum of their weights.
#[derive(Debug)]
pub(super) struct Ring<B> {
    next: Number,
    entries: BTreeMap<Number, Held<B>>,
    small: VecDeque<Number>,
    main: VecDeque<Number>,
    small_bytes: u64,
    bytes: u64,
    ghosts: Ghosts,
    ledger: Ledger,
}

#[derive(Debug)]
struct Held<B> {
    entry: Arc<Entry<B>>,
    weight: u64,
    place: Place,
    /// Counts what the entry takes beside its body, which is counted by itself.
    _bookkeeping: Charge,
}

/// Where an entry stands, or stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere yet.
    New,
    /// In the small queue.
    Small,
    /// In the main queue.
    Main,
}

impl<B: Weighed> Ring<B> {
    /// An empty one, whose bookkeeping `ledger` counts.
    pub(super) fn new(ledger: Ledger) -> Ring<B> {
        Ring {
            next: 0,
            entries: BTreeMap::new(),
            small: VecDeque::new(),
            main: VecDeque::new(),
            small_bytes: 0,
            bytes: 0,
            ghosts: Ghosts::default(),
            ledger,
        }
    }

    /// Sum of the weights of all entries.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The weight of each entry, for the test that they add up.
    #[cfg(test)]
    pub(super) fn weights(&self) -> impl Iterator<Item = u64> + '_ {
        self.entries.values().map(|held| held.entry.weight())
    }

    /// The entry that came first of those that are here, and its number.
    pub(super) fn oldest(&self) -> Option<(Number, &Arc<Entry<B>>)> {
        self.entries
            .first_key_value()
            .map(|(number, held)| (*number, &held.entry))
    }

    /// Adds an entry and returns its number. `before` is where an older copy of it stood.
    pub(super) fn insert(&mut self, entry: Arc<Entry<B>>, before: Place) -> Number {
        let number = self.next;
        self.next += 1;
        let weight = entry.weight();
        let remembered = self.ghosts.take(&entry.key);
        let place = if remembered || before == Place::Main {
            Place::Main
        } else {
            Place::Small
        };
        if place == Place::Main {
            self.main.push_back(number);
        } else {
            self.small.push_back(number);
            self.small_bytes += weight;
        }
        self.bytes += weight;
        let held = Held {
            weight,
            place,
            _bookkeeping: self.ledger.charge(entry.bookkeeping()),
            entry,
        };
        self.entries.insert(number, held);
        number
    }

    /// Takes an entry out and says where it stood. Its number stays in its queue until it comes up there.
    pub(super) fn remove(&mut self, number: Number) -> Option<(Arc<Entry<B>>, Place)> {
        let held = self.entries.remove(&number)?;
        self.bytes -= held.weight;
        if held.place == Place::Small {
            self.small_bytes -= held.weight;
        }
        // Numbers without an entry are skipped when they come up; a purge of many must not leave a long tail of them.
        if 2 * self.entries.len() + 64 < self.small.len() + self.main.len() {
            let entries = &self.entries;
            self.small.retain(|number| entries.contains_key(number));
            self.main.retain(|number| entries.contains_key(number));
        }
        Some((held.entry, held.place))
    }

    /// Chooses who leaves next and takes it out; `None` when nobody is left.
    pub(super) fn evict(&mut self) -> Option<Arc<Entry<B>>> {
        loop {
            let from_small =
                self.bytes < self.small_bytes.saturating_mul(SMALL_SHARE) || self.main.is_empty();
            let victim = if from_small {
                self.turn_small()
            } else {
                self.turn_main()
            };
            match victim {
                Turn::Leaves(entry) => return Some(entry),
                Turn::Stays => {}
                Turn::Nobody if self.small.is_empty() && self.main.is_empty() => return None,
                Turn::Nobody => {}
            }
        }
    }

    fn turn_small(&mut self) -> Turn<B> {
        let Some(number) = self.small.pop_front() else {
            return Turn::Nobody;
        };
        let Some(held) = self.entries.get_mut(&number) else {
            return Turn::Stays;
        };
        if held.entry.forget_use() {
            held.place = Place::Main;
            self.small_bytes -= held.weight;
            self.main.push_back(number);
            return Turn::Stays;
        }
        let count = self.entries.len();
        match self.remove(number) {
            Some((entry, _)) => {
                self.ghosts.remember(&entry.key, count);
                Turn::Leaves(entry)
            }
            None => Turn::Stays,
        }
    }

    fn turn_main(&mut self) -> Turn<B> {
        let Some(number) = self.main.pop_front() else {
            return Turn::Nobody;
        };
        let Some(held) = self.entries.get(&number) else {
            return Turn::Stays;
        };
        if held.entry.forget_use() {
            self.main.push_back(number);
            return Turn::Stays;
        }
        self.remove(number)
            .map_or(Turn::Stays, |(entry, _)| Turn::Leaves(entry))
    }
}

enum Turn<B> {
    Leaves(Arc<Entry<B>>),
    Stays,
    Nobody,
}

/// Hashes of keys that left the small queue without a second use, oldest first. At most as many as there are entries,
/// about 32 bytes each, which `Entry::weight` contains.
#[derive(Debug, Default)]
struct Ghosts {
    order: VecDeque<u64>,
    hashes: HashSet<u64>,
    hasher: RandomState,
}

impl Ghosts {
    fn remember(&mut self, key: &Key, most: usize) {
        let hash = self.hasher.hash_one(key);
        if self.hashes.insert(hash) {
            self.order.push_back(hash);
        }
        while most < self.order.len() {
            if let Some(oldest) = self.order.pop_front() {
                self.hashes.remove(&oldest);
            }
        }
    }

    /// Whether `key` is remembered; it is not any more afterwards.
    fn take(&mut self, key: &Key) -> bool {
        // Its place in the order stays: it then forgets nobody, or the same key a little early.
        self.hashes.remove(&self.hasher.hash_one(key))
    }
}

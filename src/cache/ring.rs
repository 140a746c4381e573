//! Who leaves when room is needed (pure): S3-FIFO, weighed in bytes.
//!
//! New entries wait in a small queue, whose first ones leave as long as it holds more than a tenth of all bytes. Who was
//! asked for again by then moves to the main queue, the others are remembered by a hash only; whoever comes back while
//! remembered enters the main queue at once. There whoever was asked for goes round again. One-time files, most of a
//! wiki's, so never push out the ones that people return to.
//!
//! This is S3-FIFO (SOSP 2023) with choices of our own: one further use is enough for the main queue; an entry of two, or
//! three, times the average weight needs two, or three, uses to go on, because many small files fit in its place; a new
//! copy of a file takes over the place and the uses of the copy that it replaces; and a choice looks at a bounded number
//! of entries. A hit changes one counter of its entry and nothing here. `tests/bench/replay` shows what it is worth.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::entry::{Entry, USES_MAX, Weighed};
use super::ghosts::Ghosts;
use crate::attachment::{Charge, Key, Ledger};

/// Share of all bytes that the small queue may hold: 1 in 10, as in the paper.
const SMALL_SHARE: u64 = 10;

/// Entries that one choice lets go on at most: the lock is held meanwhile, and everybody may have been asked for. The
/// next one then leaves, whatever its uses. Twice as many choose no better, a quarter costs up to half a point of hits.
const SPARED_MAX: usize = 64;

/// An entry's number: its place in the order of arrival.
pub(super) type Number = u64;

/// The entries in the order in which they may leave, and the sum of their weights.
#[derive(Debug)]
pub(super) struct Ring<B> {
    next: Number,
    entries: HashMap<Number, Held<B>>,
    /// All numbers, in the order of arrival.
    arrivals: VecDeque<Number>,
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
            entries: HashMap::new(),
            arrivals: VecDeque::new(),
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

    /// What all attachments take, whoever holds them.
    pub(super) fn held(&self) -> u64 {
        self.ledger.held()
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The entry that came first of those that are here, and its number.
    pub(super) fn oldest(&mut self) -> Option<(Number, &Arc<Entry<B>>)> {
        while let Some(number) = self.arrivals.front() {
            if self.entries.contains_key(number) {
                break;
            }
            self.arrivals.pop_front();
        }
        let number = *self.arrivals.front()?;
        let held = self.entries.get(&number)?;
        Some((number, &held.entry))
    }

    /// At most so many of the entries that came after `last`, or from the first one on, in the order of arrival.
    pub(super) fn after(&self, last: Option<Number>, most: usize) -> Vec<(Number, Arc<Entry<B>>)> {
        let start = self
            .arrivals
            .partition_point(|number| Some(*number) <= last);
        let numbers = self.arrivals.range(start..);
        let held =
            numbers.filter_map(|number| Some((*number, self.entries.get(number)?.entry.clone())));
        held.take(most).collect()
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
        self.arrivals.push_back(number);
        number
    }

    /// Takes an entry out and says where it stood. Its number stays in its queue until it comes up there.
    pub(super) fn remove(&mut self, number: Number) -> Option<(Arc<Entry<B>>, Place)> {
        let held = self.entries.remove(&number)?;
        self.bytes -= held.weight;
        if held.place == Place::Small {
            self.small_bytes -= held.weight;
        }
        self.ghosts.keep(self.entries.len());
        // Numbers without an entry are skipped when they come up; there must never be many more of them than of others.
        if 2 * self.entries.len() + 64 < self.arrivals.len().max(self.small.len() + self.main.len())
        {
            self.tidy_up();
        }
        Some((held.entry, held.place))
    }

    /// Makes sure that nothing tells any more that there was `key`.
    pub(super) fn forget(&mut self, key: &Key) {
        self.ghosts.take(key);
    }

    /// The same for all keys that have left.
    pub(super) fn forget_all(&mut self) {
        self.ghosts.keep(0);
    }

    /// Chooses who leaves next and takes it out; `None` when nobody is left.
    pub(super) fn evict(&mut self) -> Option<Arc<Entry<B>>> {
        let mut spared = 0;
        loop {
            let count = self.entries.len() as u64;
            let small =
                self.main.is_empty() || self.bytes < self.small_bytes.saturating_mul(SMALL_SHARE);
            let queue = if small {
                &mut self.small
            } else {
                &mut self.main
            };
            let number = queue.pop_front()?;
            let Some(held) = self.entries.get_mut(&number) else {
                continue;
            };
            let average = (self.bytes / count).max(1);
            let needed = (held.weight / average).clamp(1, USES_MAX.into()) as u8;
            if spared < SPARED_MAX && held.entry.forget_use(needed) {
                spared += 1;
                if small {
                    held.place = Place::Main;
                    self.small_bytes -= held.weight;
                }
                self.main.push_back(number);
                continue;
            }
            let (entry, place) = self.remove(number)?;
            if place == Place::Small {
                self.ghosts.remember(&entry.key);
                self.ghosts.keep(self.entries.len());
            }
            return Some(entry);
        }
    }

    fn tidy_up(&mut self) {
        let entries = &self.entries;
        for queue in [&mut self.arrivals, &mut self.small, &mut self.main] {
            queue.retain(|number| entries.contains_key(number));
            queue.shrink_to(2 * queue.len());
        }
        self.entries.shrink_to(2 * self.entries.len());
        self.ghosts.shrink();
    }

    /// What all entries weigh, and how much of it is bookkeeping, for the test that the counters say the same.
    #[cfg(test)]
    pub(super) fn sums(&self) -> (u64, u64) {
        let entries = || self.entries.values().map(|held| &held.entry);
        let bookkeeping = entries().map(|entry| entry.bookkeeping()).sum();
        (entries().map(|entry| entry.weight()).sum(), bookkeeping)
    }

    /// Whether `key` has left and would be known again.
    #[cfg(test)]
    pub(super) fn remembers(&self, key: &Key) -> bool {
        self.ghosts.contains(key)
    }

    /// Places in queues and among the ghosts, for the test that there are not many more than entries.
    #[cfg(test)]
    pub(super) fn places(&self) -> [usize; 3] {
        let queues = self.small.len() + self.main.len();
        [self.arrivals.len(), queues, self.ghosts.len()]
    }
}

//! What is kept (pure but for ttl_cache's own clock): the maps behind the one lock.
//!
//! ttl_cache decides what is alive, the ring decides what leaves and alone counts bytes. Every method that lets go of
//! entries hands them out, so that their memory is freed after the lock is released.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use ttl_cache::TtlCache;

use super::entry::{Entry, Weighed};
use super::handle::{Forget, Lookup};
use super::ring::{Number, Place, Ring};
use crate::attachment::{Body, Key, Ledger};
use crate::meters::{CacheFigures, Left};

/// Missing files remembered at most. More distinct ones within `CACHE_NEGATIVE_TTL_SECONDS` come from a scanner, and
/// its newest guesses push out its oldest.
const GONE_MAX: usize = 1024;

/// Dead entries freed per lock hold at most: hits must not wait for a big clean-up.
const FREED_PER_TICK: usize = 64;

/// How much is kept and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Entries at most.
    pub items_max: usize,
    /// Bytes at most, entries and downloads under way together.
    pub bytes_max: u64,
    /// How long a copy may be served after it is no longer fresh while Confluence fails.
    pub stale: Duration,
    /// How long an expired copy is kept at least, whether or not it may be served: Confluence may say that it is
    /// current, and then it need not be downloaded again.
    pub renewable: Duration,
    /// How long a missing file is remembered as missing.
    pub negative_ttl: Duration,
}

/// The store behind its lock. `with` is the only door, and nothing that is done inside may block, log, or free bodies.
pub(super) struct Locked<F>(Mutex<Store<F>>);

impl<F: Clone> Locked<F> {
    pub(super) fn new(limits: Limits, ledger: Ledger) -> Locked<F> {
        Locked(Mutex::new(Store::new(limits, ledger)))
    }

    pub(super) fn with<R>(&self, change: impl FnOnce(&mut Store<F>) -> R) -> R {
        change(&mut self.0.lock())
    }
}

/// The kept attachments with bodies of kind `B`, and the remembered failures of kind `F`.
pub(super) struct Store<F, B = Body> {
    alive: TtlCache<Key, (Number, Arc<Entry<B>>)>,
    gone: TtlCache<Key, F>,
    ring: Ring<B>,
    limits: Limits,
    /// How many copies have left, by reason.
    left: [u64; Left::ALL.len()],
    /// What the fetches of copies took that were served instead of asking, in milliseconds.
    spared: u64,
}

/// Entries that left the store, to be dropped outside the lock.
pub(super) type Freed<B = Body> = Vec<Arc<Entry<B>>>;

impl<F: Clone, B: Weighed> Store<F, B> {
    pub(super) fn new(limits: Limits, ledger: Ledger) -> Store<F, B> {
        // No bound of its own: ttl_cache would drop entries silently, and the ring would go on counting them.
        let alive = TtlCache::new(usize::MAX);
        Store {
            alive,
            gone: TtlCache::new(GONE_MAX),
            ring: Ring::new(ledger),
            limits,
            left: Default::default(),
            spared: 0,
        }
    }

    /// One map access and one `Arc` clone, for somebody who is served with what is fresh.
    pub(super) fn lookup(&mut self, key: &Key, now: Instant) -> Lookup<F, B> {
        let found = self.peek(key, now);
        if let Lookup::Fresh(entry) = &found {
            self.count_hit(entry);
        }
        found
    }

    /// A client is served with this fresh copy, and Confluence is spared a fetch.
    pub(super) fn count_hit(&mut self, entry: &Entry<B>) {
        entry.use_once();
        entry.count_requests(1);
        self.spared += entry.took_milliseconds();
    }

    /// The same as [`Store::lookup`] for somebody who only wants to know: nothing is counted.
    pub(super) fn peek(&self, key: &Key, now: Instant) -> Lookup<F, B> {
        match self.alive.get(key) {
            Some((_, entry)) if entry.is_fresh(now) => Lookup::Fresh(entry.clone()),
            Some(_) | None => self
                .gone
                .get(key)
                .map_or(Lookup::Missing, |why| Lookup::Gone(why.clone())),
        }
    }

    /// The copy of `key`, fresh or not, whose bytes may still be current.
    pub(super) fn known(&self, key: &Key) -> Option<Arc<Entry<B>>> {
        self.alive.get(key).map(|(_, entry)| entry.clone())
    }

    /// The copy of `key`, fresh or not, as long as it may be served while Confluence fails.
    pub(super) fn servable(&self, key: &Key, now: Instant) -> Option<Arc<Entry<B>>> {
        let entry = self.known(key)?;
        (now < entry.fresh_until + self.limits.stale).then_some(entry)
    }

    /// For how long after its freshness a copy is kept.
    fn afterlife(&self) -> Duration {
        self.limits.stale.max(self.limits.renewable)
    }

    /// Keeps `entry`, in place of an older copy of the same key.
    pub(super) fn insert(&mut self, entry: Arc<Entry<B>>, now: Instant) -> Freed<B> {
        let mut freed = Freed::new();
        // A new version of what people return to stays among what they return to.
        let place = match self.take(&entry.key) {
            Some((old, place)) => {
                entry.inherit_uses(&old);
                entry.use_once(); // somebody asked for it, or there would be no newer one
                if entry.digest != old.digest {
                    self.count(Left::Replaced);
                }
                freed.push(old);
                place
            }
            None => Place::New,
        };
        self.gone.remove(&entry.key);
        let weight = entry.weight();
        if self.limits.bytes_max < weight {
            freed.push(entry);
            return freed;
        }
        while self.limits.bytes_max - weight < self.ring.bytes()
            || self.limits.items_max <= self.ring.len()
        {
            let Some(victim) = self.evict() else { break };
            freed.push(victim);
        }
        let life = entry.fresh_until.saturating_duration_since(now) + self.afterlife();
        let number = self.ring.insert(entry.clone(), place);
        self.alive.insert(entry.key.clone(), (number, entry), life);
        freed
    }

    /// Remembers that `key` is missing and why.
    pub(super) fn insert_gone(&mut self, key: Key, why: F) {
        if !self.limits.negative_ttl.is_zero() {
            self.gone.insert(key, why, self.limits.negative_ttl);
        }
    }

    /// Takes out what the policy can best do without.
    pub(super) fn evict(&mut self) -> Option<Arc<Entry<B>>> {
        let entry = self.ring.evict()?;
        let known = self.known(&entry.key);
        if !known.is_some_and(|known| Arc::ptr_eq(&known, &entry)) {
            self.ring.forget(&entry.key); // nobody misses what was dead, and it may have been purged
        }
        self.bury(&entry);
        self.count(Left::Room);
        Some(entry)
    }

    /// Takes `key` out, alive or not, so that nothing tells any more that it was here.
    pub(super) fn remove(&mut self, key: &Key, why: Left) -> Option<Arc<Entry<B>>> {
        self.ring.forget(key);
        let (entry, _) = self.take(key)?;
        self.count(why);
        Some(entry)
    }

    fn take(&mut self, key: &Key) -> Option<(Arc<Entry<B>>, Place)> {
        // ttl_cache hides what has expired, also from `remove`; the ring's tick frees that.
        let (number, _) = self.alive.remove(key)?;
        self.ring.remove(number)
    }

    /// Takes out what is named, and forgets that it was missing.
    pub(super) fn forget(&mut self, what: &Forget) -> Freed<B> {
        match what {
            Forget::File(key) => {
                self.gone.remove(key);
                self.remove(key, Left::Purged).into_iter().collect()
            }
            Forget::Page(_) => {
                let gone: Vec<Key> = self
                    .gone
                    .iter()
                    .map(|(key, _)| key)
                    .filter(|key| what.matches(key))
                    .cloned()
                    .collect();
                gone.iter().for_each(|key| drop(self.gone.remove(key)));
                let kept: Vec<Key> = self
                    .alive
                    .iter()
                    .map(|(key, _)| key)
                    .filter(|key| what.matches(key))
                    .cloned()
                    .collect();
                self.ring.forget_all(); // a hash does not tell which page it is of
                let purged = kept.iter().map(|key| self.remove(key, Left::Purged));
                purged.flatten().collect()
            }
        }
    }

    /// Frees some of what is dead. Says in how long there will be more; `None` if nothing is kept.
    pub(super) fn tick(&mut self, now: Instant) -> (Freed<B>, Option<Duration>) {
        let mut freed = Freed::new();
        while let Some((number, entry)) = self.ring.oldest() {
            let dies = entry.fresh_until + self.afterlife();
            if now < dies || FREED_PER_TICK <= freed.len() {
                return (freed, Some(dies.saturating_duration_since(now)));
            }
            if let Some((entry, _)) = self.ring.remove(number) {
                self.bury(&entry);
                self.count(Left::Expired);
                freed.push(entry);
            }
        }
        let _ = self.alive.iter(); // making the iterator is what lets ttl_cache free its expired slots
        (freed, None)
    }

    /// Takes what has left the ring off the map too, also if ttl_cache hides it already.
    fn bury(&mut self, entry: &Arc<Entry<B>>) {
        // A dead copy may leave the ring after a new copy of the same key has come: that one stays.
        let newer = self
            .alive
            .get(&entry.key)
            .is_some_and(|(_, kept)| !Arc::ptr_eq(kept, entry));
        if !newer {
            self.alive.remove(&entry.key);
        }
    }

    /// Bytes kept, with all bookkeeping.
    pub(super) fn bytes(&self) -> u64 {
        self.ring.bytes()
    }

    /// What it says of itself.
    pub(super) fn figures(&mut self) -> CacheFigures {
        CacheFigures {
            items: self.ring.len() as u64,
            items_max: self.limits.items_max as u64,
            bytes: self.ring.bytes(),
            bytes_max: self.limits.bytes_max,
            held: self.ring.held(),
            missing: self.gone.iter().count() as u64,
            left: self.left,
            spared: Duration::from_millis(self.spared),
        }
    }

    /// At most so many of the copies that came after `last`, or from the first one on, in the order of arrival.
    pub(super) fn after(&self, last: Option<Number>, most: usize) -> Vec<(Number, Arc<Entry<B>>)> {
        self.ring.after(last, most)
    }

    fn count(&mut self, why: Left) {
        self.left[why as usize] += 1;
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;

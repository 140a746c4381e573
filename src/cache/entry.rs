//! One kept attachment.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::attachment::{Body, Digest, Key, Meta, in_arc, on_heap};

/// What the store takes for one entry, in bytes: a node of ttl_cache's list (a key, its neighbours, when it dies) and,
/// with the slack that growing tables have, its places in ttl_cache's map, in the ring's map, in two queues, and
/// among the ghosts once it has left.
const PLACES_BYTES: u64 = on_heap(size_of::<Key>() + 64) + 256;

/// Uses counted at most: enough to tell "never", "once" and "more", which is all that the policy asks.
pub(super) const USES_MAX: u8 = 3;

/// From when to when a copy is fresh.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// When Confluence last confirmed it.
    pub stored: Instant,
    /// Until when it is served without asking Confluence.
    pub fresh_until: Instant,
}

/// What an entry holds, as far as the store cares.
pub trait Weighed {
    /// What it occupies in bytes.
    fn weight(&self) -> u64;
}

impl Weighed for Body {
    fn weight(&self) -> u64 {
        Body::weight(self)
    }
}

/// One attachment as the cache keeps it. Made by the fetch crew when a download is complete, shared with every reply
/// that serves it, freed when the cache and the last such reply let go of it.
#[derive(Debug)]
pub struct Entry<B = Body> {
    /// Which file it is.
    pub key: Key,
    /// What the log calls it, made once for the lines of all hits.
    pub label: Arc<str>,
    /// What Confluence said about it.
    pub meta: Meta,
    /// All of its bytes.
    pub body: B,
    /// Their SHA-256.
    pub digest: Digest,
    /// When Confluence last confirmed it.
    pub stored: Instant,
    /// Until when it is served without asking Confluence.
    pub fresh_until: Instant,
    uses: AtomicU8,
    /// How often it was asked for while it, or the copy that it replaces, was here.
    requests: AtomicU32,
    /// How long it took to fetch it, in milliseconds.
    took: AtomicU32,
    /// When asking about it last came to nothing, in milliseconds since `stored`, plus one; 0 is never.
    failed: AtomicU64,
}

impl<B: Weighed> Entry<B> {
    /// A copy that was just downloaded and is fresh until `fresh_until`.
    pub fn new(
        key: Key,
        label: Arc<str>,
        meta: Meta,
        body: B,
        digest: Digest,
        life: Life,
    ) -> Entry<B> {
        let Life {
            stored,
            fresh_until,
        } = life;
        Entry {
            key,
            label,
            meta,
            body,
            digest,
            stored,
            fresh_until,
            uses: AtomicU8::new(0),
            requests: AtomicU32::new(0),
            took: AtomicU32::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// The same bytes under a new life, after Confluence has said that they are current.
    pub fn renewed(&self, meta: Meta, life: Life) -> Entry<B>
    where
        B: Clone,
    {
        let (key, label) = (self.key.clone(), self.label.clone());
        let renewed = Entry::new(key, label, meta, self.body.clone(), self.digest, life);
        renewed.note_fetch(Duration::from_millis(self.took_milliseconds()));
        renewed
    }

    /// Notes how long it took to fetch it.
    pub fn note_fetch(&self, took: Duration) {
        let took = u32::try_from(took.as_millis()).unwrap_or(u32::MAX);
        self.took.store(took, Ordering::Relaxed);
    }

    /// How long it took to fetch it, in milliseconds.
    pub(super) fn took_milliseconds(&self) -> u64 {
        self.took.load(Ordering::Relaxed).into()
    }

    /// How often it was asked for.
    pub fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Counts requests. Only whoever holds the store's lock does.
    pub(super) fn count_requests(&self, more: u32) {
        let requests = self.requests.load(Ordering::Relaxed);
        self.requests
            .store(requests.saturating_add(more), Ordering::Relaxed);
    }

    /// What it occupies in bytes, all in all.
    pub fn weight(&self) -> u64 {
        self.body.weight() + self.bookkeeping()
    }

    /// What it occupies beside its body.
    pub(super) fn bookkeeping(&self) -> u64 {
        // The label holds the key; the key itself is kept twice more, here and in the map, and is never longer.
        let names = 3 * on_heap(self.label.len() + 16);
        let words = [&self.meta.media_type, &self.meta.etag];
        let words = words.into_iter().flatten().map(|word| on_heap(word.len()));
        in_arc::<Entry>() + names + words.sum::<u64>() + PLACES_BYTES
    }

    /// Whether it may be served without asking Confluence.
    pub fn is_fresh(&self, now: Instant) -> bool {
        now < self.fresh_until
    }

    /// Notes that asking about it has come to nothing.
    pub(super) fn note_failure(&self, now: Instant) {
        let since = now.saturating_duration_since(self.stored).as_millis();
        let since = u64::try_from(since).unwrap_or(u64::MAX - 1);
        self.failed.store(since + 1, Ordering::Relaxed);
    }

    /// Whether it was confirmed, or asking about it came to nothing, less than `within` ago: then asking again would
    /// bring nothing new.
    pub(super) fn was_asked_about(&self, now: Instant, within: Duration) -> bool {
        self.has_failed(now, within) || now < self.stored + within
    }

    /// Whether asking about it came to nothing less than `within` ago.
    pub(super) fn has_failed(&self, now: Instant, within: Duration) -> bool {
        match self.failed.load(Ordering::Relaxed) {
            0 => false,
            since => now < self.stored + Duration::from_millis(since - 1) + within,
        }
    }

    /// Notes a use. Two at once may count as one: the policy does not mind.
    pub(super) fn use_once(&self) {
        let uses = self.uses.load(Ordering::Relaxed);
        if uses < USES_MAX {
            self.uses.store(uses + 1, Ordering::Relaxed);
        }
    }

    /// Takes over the uses of the copy that this one replaces.
    pub(super) fn inherit_uses(&self, old: &Entry<B>) {
        self.count_requests(old.requests());
        self.uses
            .store(old.uses.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Takes one use back if there are `needed`; else `false`.
    pub(super) fn forget_use(&self, needed: u8) -> bool {
        let uses = self.uses.load(Ordering::Relaxed);
        let enough = needed <= uses;
        if enough {
            self.uses.store(uses.saturating_sub(1), Ordering::Relaxed);
        }
        enough
    }
}

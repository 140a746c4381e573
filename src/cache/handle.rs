//! What goes in and out of the cache: the handles others hold, and the messages.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Sender, bounded};

use super::entry::Entry;
use super::store::Locked;
use crate::attachment::{Body, Charge, Key, Meta, PageId, Reader, Stream, Writer};

/// What the store has for a key.
#[derive(Debug)]
pub enum Lookup<F, B = Body> {
    /// A copy that may be served as it is.
    Fresh(Arc<Entry<B>>),
    /// It was missing a moment ago, for this reason.
    Gone(F),
    /// Nothing, or nothing fresh: claim it.
    Missing,
}

/// What a claim came to. It travels to the answering worker together with what was parked.
#[derive(Debug)]
pub enum Outcome<F> {
    /// The file was kept by the time the claim was looked at.
    Ready(Arc<Entry>),
    /// The copy had to be confirmed, and Confluence has said that it is current.
    Confirmed(Arc<Entry>),
    /// The download runs: here is a place in it.
    Streaming {
        /// The place, at the first byte.
        reader: Reader,
        /// What Confluence said about the file.
        meta: Arc<Meta>,
        /// Whether somebody else had asked first.
        joined: bool,
    },
    /// The download failed, but an older copy may still be served.
    Stale(Arc<Entry>),
    /// There is no such file.
    Gone(F),
    /// The download failed, and nothing older is left.
    Failed(F),
    /// Too many downloads are waiting, or there is no memory for one more.
    Busy,
    /// It is too big to keep: only who wants it kept hears that.
    TooBig,
    /// What was asked to be forgotten is.
    Forgotten,
    /// The actor is alive.
    Probed,
}

/// A parked request of kind `W` that can go on.
#[derive(Debug)]
pub struct Woken<W, F> {
    /// What was parked.
    pub waiter: W,
    /// How it goes on.
    pub outcome: Outcome<F>,
}

/// Names one download.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlightId(pub(super) u64);

/// What a claim is content with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// A copy that is fresh.
    Fresh,
    /// A copy that was confirmed just now.
    Confirmed,
    /// That a fresh copy is kept: who asks wants no byte of it, and is woken when the download is over.
    Kept,
}

/// An order to the fetch crew: download this. It ends in exactly one final [`Report`].
#[derive(Debug)]
pub struct Fetch {
    /// Under which number to report.
    pub flight: FlightId,
    /// What to download.
    pub key: Key,
    /// The copy that is kept: if it is still current, it need not be downloaded.
    pub known: Option<Arc<Entry>>,
    /// Whether it was too big to keep when it was last asked for.
    pub alone: bool,
    /// When it was ordered: who waits has left after a while.
    pub ordered: Instant,
}

/// Whether a download is kept.
#[derive(Debug)]
pub enum Keeping {
    /// It is kept whole, and anybody may join.
    Whole(Stream),
    /// It is too big to keep: one client reads it through a bounded window.
    Alone(Reader),
}

/// Which room a download may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Copies leave for it.
    Made,
    /// What is free anyhow.
    Spare,
}

/// News of a download, in this order: perhaps some `Reserve`, perhaps `Streaming`, perhaps `TooBig`, one of the others.
#[derive(Debug)]
pub enum Report<F> {
    /// May `bytes` more be held? The answer is a charge that counts them, or nothing.
    Reserve {
        /// How many.
        bytes: u64,
        /// Which room they may take.
        room: Room,
        /// Where the answer goes.
        answer: Sender<Option<Charge>>,
    },
    /// The head and the first bytes are good: whoever waits may have them.
    Streaming {
        /// Which download.
        flight: FlightId,
        /// How it is read.
        keeping: Keeping,
        /// What Confluence said about the file.
        meta: Meta,
    },
    /// It has grown too big to keep: nobody may join any more.
    TooBig(FlightId),
    /// It is complete: keep it, then let its readers have the end, so that who has read all of it finds it kept.
    Kept(FlightId, Arc<Entry>, Writer),
    /// The copy that was kept is current: this is the same with a new life.
    Renewed(FlightId, Arc<Entry>),
    /// It is over, and nothing is kept of it. What was streamed tells its readers itself how it ended.
    Over(FlightId),
    /// There is no such file; what was kept of it goes.
    Gone(FlightId, F),
    /// It is there and no longer shown: what was kept of it goes, and the next request asks again.
    Withdrawn(FlightId, F),
    /// It failed.
    Failed(FlightId, F),
    /// There was no memory for it.
    NoRoom(FlightId),
}

/// What to forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forget {
    /// One file.
    File(Key),
    /// Everything kept of a page.
    Page(PageId),
}

impl Forget {
    /// Whether `key` is meant.
    pub(super) fn matches(&self, key: &Key) -> bool {
        match self {
            Forget::File(file) => file == key,
            Forget::Page(page) => key.page() == Some(*page),
        }
    }
}

/// What workers ask of the cache actor.
pub(super) enum CacheMessage<W> {
    Claim(Key, Demand, W),
    Forget(Forget, W),
    Probe(W),
}

/// How workers reach the cache. The actor ends when the last one is dropped and no download runs.
pub struct CacheHandle<W, F> {
    pub(super) store: Arc<Locked<F>>,
    pub(super) inbox: Sender<CacheMessage<W>>,
}

impl<W, F> Clone for CacheHandle<W, F> {
    fn clone(&self) -> Self {
        CacheHandle {
            store: self.store.clone(),
            inbox: self.inbox.clone(),
        }
    }
}

impl<W, F: Clone> CacheHandle<W, F> {
    /// Looks a file up. Holds the lock for one map access and one `Arc` clone. Only who is content with a fresh copy is
    /// counted as served with it: the others have to claim it, or want no byte of it.
    pub fn lookup(&self, key: &Key, demand: Demand, now: Instant) -> Lookup<F> {
        self.store.with(|store| match demand {
            Demand::Fresh => store.lookup(key, now),
            Demand::Confirmed | Demand::Kept => store.peek(key, now),
        })
    }

    /// Parks `waiter` until there is an [`Outcome`] for `key` that meets `demand`, starting a download if none runs. Blocks while the
    /// actor's inbox is full. A waiter whose actor is gone is dropped: the service is stopping.
    pub fn claim(&self, key: Key, demand: Demand, waiter: W) {
        let _ = self.inbox.send(CacheMessage::Claim(key, demand, waiter));
    }

    /// Wakes `waiter` with [`Outcome::Probed`] if the lock can be had and the actor still takes what it is sent.
    pub fn probe(&self, waiter: W) {
        self.store.with(|_| ());
        let _ = self.inbox.send(CacheMessage::Probe(waiter));
    }

    /// Forgets files and wakes `waiter` with [`Outcome::Forgotten`] when that is done.
    pub fn forget(&self, what: Forget, waiter: W) {
        let _ = self.inbox.send(CacheMessage::Forget(what, waiter));
    }
}

/// How the fetch crew reaches the cache.
pub struct Reporter<F>(pub(super) Sender<Report<F>>);

impl<F> Clone for Reporter<F> {
    fn clone(&self) -> Self {
        Reporter(self.0.clone())
    }
}

impl<F> Reporter<F> {
    /// Tells the cache. Blocks while its inbox is full.
    pub fn report(&self, report: Report<F>) {
        let _ = self.0.send(report); // a cache that has ended has no use for it
    }

    /// Asks for room for `bytes` more. Blocks until the cache has made it, or found that it cannot.
    pub fn reserve(&self, bytes: u64) -> Option<Charge> {
        self.ask_for(Room::Made, bytes)
    }

    /// The same for what can do without: no copy leaves for it.
    pub fn reserve_spare(&self, bytes: u64) -> Option<Charge> {
        self.ask_for(Room::Spare, bytes)
    }

    fn ask_for(&self, room: Room, bytes: u64) -> Option<Charge> {
        let (answer, charge) = bounded(1);
        self.report(Report::Reserve {
            bytes,
            room,
            answer,
        });
        charge.recv().ok().flatten()
    }
}

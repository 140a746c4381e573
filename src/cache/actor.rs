//! The thread `cache`: the only one that changes what is kept.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, never, select};
use log::debug;

use super::entry::Entry;
use super::flights::{Claimed, Ended, Flights, Keep};
use super::handle::{
    CacheHandle, CacheMessage, Demand, Fetch, FlightId, Forget, Keeping, Lookup, Outcome, Report,
    Reporter, Room, Woken,
};
use super::store::{Freed, Limits, Locked, Store};
use super::watch::Watch;
use crate::attachment::{Charge, Key, Ledger, Meta, Reader};
use crate::meters::{CacheMeter, Left, Number};

/// Depth of each inbox: bursts of misses. Who sends waits for the actor, which waits for nobody but the answering
/// worker, and that one waits for nobody but the gates.
const INBOX_MAX: usize = 1024;

/// Downloads that may wait for a free place in the fetch crew. At 200 ms each and 20 at a time the last one waits ten
/// seconds. With a slow Confluence the crew itself turns away what has waited for too long.
const FETCHES_WAITING_MAX: usize = 1024;

/// How long Confluence is not asked about the same copy again: clients that insist on a confirmed one get a copy this
/// old, and while Confluence fails nobody but the first one waits for it to fail again.
const ASKED_AGAIN: Duration = Duration::from_secs(5);

/// The cache before its thread runs, with everything that others need to reach it.
pub struct Opened<W, F> {
    /// To be run on the thread `cache`.
    pub actor: CacheActor<W, F>,
    /// For the workers.
    pub handle: CacheHandle<W, F>,
    /// For those who only look.
    pub watch: Watch<F>,
    /// For the fetch crew.
    pub reporter: Reporter<F>,
    /// Orders for the fetch crew.
    pub fetches: Receiver<Fetch>,
    /// Parked requests that can go on.
    pub woken: Receiver<Woken<W, F>>,
}

/// All state of the cache but what stands behind the lock.
pub struct CacheActor<W, F> {
    store: Arc<Locked<F>>,
    claims: Receiver<CacheMessage<W>>,
    reports: Receiver<Report<F>>,
    /// Dropped when no more claims can come and no download runs: then the crew ends, and its reports with it.
    fetches: Option<Sender<Fetch>>,
    woken: Sender<Woken<W, F>>,
    /// Whether a worker may still claim something.
    claims_open: bool,
    flights: Flights<W>,
    ledger: Ledger,
    bytes_max: u64,
    meter: Arc<CacheMeter>,
}

/// Builds an empty cache. `ledger` counts what all attachments in the process take.
pub fn open<W, F: Clone>(limits: Limits, ledger: Ledger) -> Opened<W, F> {
    let store = Arc::new(Locked::new(limits, ledger.clone()));
    let (inbox, claims) = bounded(INBOX_MAX);
    let (reporter, reports) = bounded(INBOX_MAX);
    let (fetch_sender, fetches) = bounded(FETCHES_WAITING_MAX);
    let (woken_sender, woken) = bounded(INBOX_MAX);
    let watch = Watch {
        store: store.clone(),
        meter: Arc::default(),
    };
    let actor = CacheActor {
        store: store.clone(),
        claims,
        reports,
        fetches: Some(fetch_sender),
        woken: woken_sender,
        claims_open: true,
        flights: Flights::new(),
        ledger,
        bytes_max: limits.bytes_max,
        meter: watch.meter.clone(),
    };
    Opened {
        actor,
        handle: CacheHandle { store, inbox },
        watch,
        reporter: Reporter(reporter),
        fetches,
        woken,
    }
}

impl<W, F: Clone> CacheActor<W, F> {
    /// Serves claims and reports until nobody can send either any more.
    pub fn run(mut self) {
        let mut next_tick = None;
        loop {
            let wait = next_tick.unwrap_or(Duration::from_secs(u32::MAX.into()));
            select! {
                recv(self.claims) -> message => match message {
                    Ok(message) => self.handle(message, Instant::now()),
                    Err(_) => {
                        self.claims_open = false;
                        self.claims = never();
                    }
                },
                recv(self.reports) -> report => match report {
                    Ok(report) => self.hear(report, Instant::now()),
                    Err(_) => return,
                },
                default(wait) => {}
            }
            next_tick = self.tick(Instant::now());
            self.meter.flights_now.set(self.flights.len() as u64);
            if self.flights.is_empty() && !self.claims_open {
                self.fetches = None;
            }
        }
    }

    fn handle(&mut self, message: CacheMessage<W>, now: Instant) {
        crate::sabotage::point("cache");
        match message {
            CacheMessage::Claim(key, demand, waiter) => self.claim(key, demand, waiter, now),
            CacheMessage::Forget(what, waiter) => {
                self.flights.purge(&what);
                let freed = self.store.with(|store| store.forget(&what));
                let count = freed.len();
                drop(freed);
                match what {
                    Forget::File(key) => debug!("forgot {count} copies of {key}"),
                    Forget::Page(page) => debug!("forgot {count} copies of page {page}"),
                }
                self.wake(waiter, Outcome::Forgotten);
            }
            CacheMessage::Probe(waiter) => self.wake(waiter, Outcome::Probed),
        }
    }

    fn claim(&mut self, key: Key, demand: Demand, waiter: W, now: Instant) {
        self.meter.claims.add(1);
        // What was missing when the worker looked may have come meanwhile.
        match self.store.with(|store| store.peek(&key, now)) {
            Lookup::Fresh(entry)
                if demand != Demand::Confirmed || entry.was_asked_about(now, ASKED_AGAIN) =>
            {
                if demand != Demand::Kept {
                    self.store.with(|store| store.count_hit(&entry));
                }
                return self.wake(waiter, Outcome::Ready(entry));
            }
            Lookup::Gone(why) => return self.wake(waiter, Outcome::Gone(why)),
            Lookup::Fresh(_) => {}
            Lookup::Missing => {
                let copy = self.store.with(|store| store.servable(&key, now));
                if let Some(copy) = copy.filter(|copy| copy.has_failed(now, ASKED_AGAIN)) {
                    return self.wake(waiter, Outcome::Stale(copy));
                }
            }
        }
        if demand == Demand::Kept {
            return self.keep(key, waiter, now);
        }
        match self.flights.claim(key.clone(), waiter) {
            Claimed::Fetch(flight) => self.order(flight, key, now),
            Claimed::Parked => {}
            Claimed::Joined(waiter, reader, meta) => {
                self.meter.followers.add(1);
                self.stream(waiter, reader, meta, true);
            }
        }
    }

    /// Takes somebody in who wants a file to be kept.
    fn keep(&mut self, key: Key, keeper: W, now: Instant) {
        match self.flights.keep(key.clone(), keeper) {
            Keep::Fetch(flight) => self.order(flight, key, now),
            Keep::Parked => {}
            Keep::TooBig(keeper) => self.wake(keeper, Outcome::TooBig),
        }
    }

    /// Sends an order to the fetch crew, or ends its flight at once when too many wait.
    fn order(&mut self, flight: FlightId, key: Key, now: Instant) {
        let alone = self.flights.is_too_big(&key);
        let known = self.store.with(|store| store.known(&key));
        let fetch = Fetch {
            flight,
            key,
            known,
            alone,
            ordered: now,
        };
        let sent = self.fetches.as_ref().map(|fetches| fetches.try_send(fetch));
        match sent {
            Some(Ok(())) => self.meter.flights.add(1),
            Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) | None => {
                self.end_without(flight, || Outcome::Busy, now);
            }
        }
    }

    fn hear(&mut self, report: Report<F>, now: Instant) {
        match report {
            Report::Reserve {
                bytes,
                room,
                answer,
            } => {
                let charge = match room {
                    Room::Made => self.reserve(bytes),
                    Room::Spare => self.reserve_spare(bytes),
                };
                let _ = answer.send(charge); // an asker that has gone gives its charge back by dropping it
            }
            Report::Streaming {
                flight,
                keeping,
                meta,
            } => self.streaming(flight, keeping, Arc::new(meta), now),
            Report::TooBig(flight) => {
                let keepers = self.flights.close(flight);
                self.wake_all(keepers, || Outcome::TooBig);
            }
            Report::Kept(flight, entry, writer) => {
                self.flights.fits(&entry.key);
                let waiters = self.put(flight, &entry, now);
                writer.finish();
                self.wake_all(waiters, || Outcome::Ready(entry.clone()));
            }
            Report::Renewed(flight, entry) => {
                let waiters = self.put(flight, &entry, now);
                self.wake_all(waiters, || Outcome::Confirmed(entry.clone()));
            }
            Report::Gone(flight, why) => {
                let waiters = self.take_away(flight, Some(&why));
                self.wake_all(waiters, || Outcome::Gone(why.clone()));
            }
            Report::Withdrawn(flight, why) => {
                let waiters = self.take_away(flight, None);
                self.wake_all(waiters, || Outcome::Failed(why.clone()));
            }
            Report::Failed(flight, why) => {
                self.end_without(flight, || Outcome::Failed(why.clone()), now)
            }
            Report::Over(flight) | Report::NoRoom(flight) => {
                self.end_without(flight, || Outcome::Busy, now)
            }
        }
    }

    /// Ends a flight and keeps what it brought, unless somebody has purged it meanwhile. Hands out who still waits.
    fn put(&mut self, flight: FlightId, entry: &Arc<Entry>, now: Instant) -> Vec<W> {
        let Some(ended) = self.end(flight) else {
            return Vec::new();
        };
        if !ended.purged {
            self.free(|store| store.insert(entry.clone(), now));
        }
        ended.waiters
    }

    /// Ends a flight and forgets the copy that was kept before. `missing` is remembered for a while. Hands out who
    /// still waits.
    fn take_away(&mut self, flight: FlightId, missing: Option<&F>) -> Vec<W> {
        let Some(ended) = self.end(flight) else {
            return Vec::new();
        };
        if !ended.purged {
            self.free(|store| {
                store
                    .remove(&ended.key, Left::Withdrawn)
                    .into_iter()
                    .collect()
            });
            if let Some(why) = missing {
                self.store
                    .with(|store| store.insert_gone(ended.key, why.clone()));
            }
        }
        ended.waiters
    }

    /// Ends a flight. Who waits until then shares what it brings, if he has not caused it.
    fn end(&mut self, flight: FlightId) -> Option<Ended<W>> {
        let ended = self.flights.end(flight)?;
        self.meter.followers.add(ended.followers);
        Some(ended)
    }

    fn wake_all(&self, waiters: Vec<W>, outcome: impl Fn() -> Outcome<F>) {
        for waiter in waiters {
            self.wake(waiter, outcome());
        }
    }

    /// Ends a flight that brought nothing: who still waits gets the copy that was kept before, however old, or `else`.
    fn end_without(&mut self, flight: FlightId, otherwise: impl Fn() -> Outcome<F>, now: Instant) {
        let Some(ended) = self.end(flight) else {
            return;
        };
        let copy = self.store.with(|store| store.servable(&ended.key, now));
        if let Some(copy) = &copy {
            copy.note_failure(now);
        }
        for waiter in ended.waiters {
            let outcome = match copy.clone() {
                Some(copy) if copy.is_fresh(now) => Outcome::Ready(copy),
                Some(copy) => Outcome::Stale(copy),
                None => otherwise(),
            };
            self.wake(waiter, outcome);
        }
    }

    fn streaming(&mut self, flight: FlightId, keeping: Keeping, meta: Arc<Meta>, now: Instant) {
        match keeping {
            Keeping::Whole(stream) => {
                let mut joined = false;
                let (woken, followers) = self.flights.streaming(flight, stream, meta.clone());
                self.meter.followers.add(followers);
                for (waiter, reader) in woken {
                    self.stream(waiter, reader, meta.clone(), joined);
                    joined = true;
                }
            }
            Keeping::Alone(reader) => {
                let keepers = self.flights.close(flight);
                self.wake_all(keepers, || Outcome::TooBig);
                let Some((key, waiters)) = self.flights.alone(flight) else {
                    return;
                };
                let mut waiters = waiters.into_iter();
                if let Some(first) = waiters.next() {
                    self.stream(first, reader, meta, false);
                }
                for waiter in waiters {
                    let flight = self.flights.start(key.clone(), waiter);
                    self.order(flight, key.clone(), now);
                }
            }
        }
    }

    /// How many bytes are held too many for `bytes` more.
    fn missing(&self, bytes: u64) -> u64 {
        (self.ledger.held() + bytes).saturating_sub(self.bytes_max)
    }

    /// Counts `bytes` more if there is room for them as it is.
    fn reserve_spare(&self, bytes: u64) -> Option<Charge> {
        (self.missing(bytes) == 0).then(|| self.ledger.charge(bytes))
    }

    /// Makes room for `bytes` more and counts them, or finds that even an empty store would not do.
    fn reserve(&mut self, bytes: u64) -> Option<Charge> {
        if self.store.with(|store| store.bytes()) < self.missing(bytes) {
            return None; // the rest is on its way to slow clients: emptying the store would help nobody
        }
        while 0 < self.missing(bytes) {
            // What a client is still reading is freed when it is done, so this may take more than one.
            drop(self.store.with(|store| store.evict())?);
        }
        Some(self.ledger.charge(bytes))
    }

    fn tick(&mut self, now: Instant) -> Option<Duration> {
        let (freed, wait) = self.store.with(|store| store.tick(now));
        drop(freed);
        wait
    }

    /// Changes the store and frees what left it when the lock is released.
    fn free(&self, change: impl FnOnce(&mut Store<F>) -> Freed) {
        let freed = self.store.with(change);
        drop(freed);
    }

    /// Gives somebody his place in a download that is arriving.
    fn stream(&self, waiter: W, reader: Reader, meta: Arc<Meta>, joined: bool) {
        let outcome = Outcome::Streaming {
            reader,
            meta,
            joined,
        };
        self.wake(waiter, outcome);
    }

    fn wake(&self, waiter: W, outcome: Outcome<F>) {
        let _ = self.woken.send(Woken { waiter, outcome }); // nobody to wake means that the service is stopping
    }
}

#[cfg(test)]
#[path = "actor_tests.rs"]
mod tests;

//! The flight table (pure): which downloads run and who waits for them.
//!
//! A flight is made by a claim and ended by exactly one report. Until its stream is known, those who ask are parked;
//! afterwards they are given a place in the stream at once. Who only wants a file to be kept waits for the end, beside
//! all others.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::handle::{FlightId, Forget};
use crate::attachment::{Key, Meta, Reader, Stream};

/// Keys remembered as too big to keep, so that requests for them do not wait for each other first.
const TOO_BIG_MAX: usize = 256;

/// What to do with a claim.
#[derive(Debug)]
pub(super) enum Claimed<W> {
    /// Nobody is on it: order this download.
    Fetch(FlightId),
    /// Somebody is; the waiter is parked with the others.
    Parked,
    /// It is arriving already: the waiter goes on with a place in it.
    Joined(W, Reader, Arc<Meta>),
}

/// What to do with somebody who wants a file to be kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Keep<W> {
    /// Nobody is on it: order this download.
    Fetch(FlightId),
    /// Somebody is.
    Parked,
    /// It would not be kept.
    TooBig(W),
}

/// All running downloads.
#[derive(Debug)]
pub(super) struct Flights<W> {
    next: u64,
    flights: HashMap<FlightId, Flight<W>>,
    joinable: HashMap<Key, FlightId>,
    too_big: VecDeque<Key>,
}

#[derive(Debug)]
struct Flight<W> {
    key: Key,
    /// Who waits for the stream to begin; the first one is who caused the download.
    waiters: Vec<W>,
    /// How many of these share a download that somebody else has caused.
    followers: u64,
    /// Who waits for its end.
    keepers: Vec<W>,
    stream: Option<(Stream, Arc<Meta>)>,
    purged: bool,
}

impl<W> Flight<W> {
    fn new(key: Key) -> Flight<W> {
        Flight {
            key,
            waiters: Vec::new(),
            followers: 0,
            keepers: Vec::new(),
            stream: None,
            purged: false,
        }
    }

    fn is_broken(&self) -> bool {
        let stream = self.stream.as_ref();
        stream.is_some_and(|(stream, _)| stream.is_broken())
    }
}

/// What a flight leaves behind.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended<W> {
    pub(super) key: Key,
    /// Who still waits for it.
    pub(super) waiters: Vec<W>,
    /// How many of these share what somebody else has caused.
    pub(super) followers: u64,
    /// Whether somebody purged the file meanwhile: what the flight brought may be older than that.
    pub(super) purged: bool,
}

impl<W> Flights<W> {
    pub(super) fn new() -> Flights<W> {
        Flights {
            next: 0,
            flights: HashMap::new(),
            joinable: HashMap::new(),
            too_big: VecDeque::new(),
        }
    }

    /// How many downloads run.
    pub(super) fn len(&self) -> usize {
        self.flights.len()
    }

    /// Whether no download runs.
    pub(super) fn is_empty(&self) -> bool {
        self.flights.is_empty()
    }

    /// Takes a request for `key` in.
    pub(super) fn claim(&mut self, key: Key, waiter: W) -> Claimed<W> {
        match self.joinable(&key) {
            Some(Flight {
                stream: Some((stream, meta)),
                ..
            }) => Claimed::Joined(waiter, stream.reader(), meta.clone()),
            Some(flight) => {
                flight.waiters.push(waiter);
                flight.followers += 1;
                Claimed::Parked
            }
            None => Claimed::Fetch(self.start(key, waiter)),
        }
    }

    /// Takes somebody in who wants the file of `key` to be kept.
    pub(super) fn keep(&mut self, key: Key, keeper: W) -> Keep<W> {
        if let Some(flight) = self.joinable(&key) {
            flight.keepers.push(keeper);
            return Keep::Parked;
        }
        if self.is_too_big(&key) {
            return Keep::TooBig(keeper);
        }
        let mut flight = Flight::new(key);
        flight.keepers.push(keeper);
        Keep::Fetch(self.launch(flight))
    }

    /// The download that whoever asks for `key` now may share.
    fn joinable(&mut self, key: &Key) -> Option<&mut Flight<W>> {
        let id = self.joinable.get(key)?;
        // When it is broken its report is on its way, and its readers know already: who asks now wants another try.
        self.flights
            .get_mut(id)
            .filter(|flight| !flight.is_broken())
    }

    /// Starts a flight. Others may join it unless the key is known to be too big to keep.
    pub(super) fn start(&mut self, key: Key, waiter: W) -> FlightId {
        let mut flight = Flight::new(key);
        flight.waiters.push(waiter);
        self.launch(flight)
    }

    fn launch(&mut self, flight: Flight<W>) -> FlightId {
        let id = FlightId(self.next);
        self.next += 1;
        if !self.is_too_big(&flight.key) {
            self.joinable.insert(flight.key.clone(), id);
        }
        self.flights.insert(id, flight);
        id
    }

    /// The stream of a flight has begun, and everybody may join it: hands out those who waited, and how many
    /// of them share what somebody else has caused.
    pub(super) fn streaming(
        &mut self,
        id: FlightId,
        stream: Stream,
        meta: Arc<Meta>,
    ) -> (Vec<(W, Reader)>, u64) {
        let Some(flight) = self.flights.get_mut(&id) else {
            return (Vec::new(), 0);
        };
        let woken = flight
            .waiters
            .drain(..)
            .map(|waiter| (waiter, stream.reader()))
            .collect();
        flight.stream = Some((stream, meta));
        (woken, std::mem::take(&mut flight.followers))
    }

    /// The file turned out too big to keep before anybody got a byte: hands out those who waited. The first one gets
    /// the stream; each other one needs a flight of its own. The flight has been closed.
    pub(super) fn alone(&mut self, id: FlightId) -> Option<(Key, Vec<W>)> {
        let flight = self.flights.get_mut(&id)?;
        flight.followers = 0;
        Some((flight.key.clone(), std::mem::take(&mut flight.waiters)))
    }

    /// Lets nobody join any more: the file is too big to keep. Hands out who wanted it kept.
    pub(super) fn close(&mut self, id: FlightId) -> Vec<W> {
        let Some(flight) = self.flights.get_mut(&id) else {
            return Vec::new();
        };
        let keepers = std::mem::take(&mut flight.keepers);
        flight.stream = None; // it would hold the first chunk, and with it all others
        if self.joinable.get(&flight.key) == Some(&id) {
            self.joinable.remove(&flight.key);
        }
        if !self.too_big.contains(&flight.key) {
            self.too_big.push_back(flight.key.clone());
        }
        if TOO_BIG_MAX < self.too_big.len() {
            self.too_big.pop_front();
        }
        keepers
    }

    /// Somebody purges these files: who asks from now on gets a new download, and the old ones go on for those who
    /// asked before. That one was too big to keep is forgotten, too.
    pub(super) fn purge(&mut self, what: &Forget) {
        for flight in self.flights.values_mut() {
            flight.purged |= what.matches(&flight.key);
        }
        self.joinable.retain(|key, _| !what.matches(key));
        self.too_big.retain(|key| !what.matches(key));
    }

    /// A flight is over.
    pub(super) fn end(&mut self, id: FlightId) -> Option<Ended<W>> {
        let flight = self.flights.remove(&id)?;
        if self.joinable.get(&flight.key) == Some(&id) {
            self.joinable.remove(&flight.key);
        }
        let mut waiters = flight.waiters;
        waiters.extend(flight.keepers);
        Some(Ended {
            key: flight.key,
            waiters,
            followers: flight.followers,
            purged: flight.purged,
        })
    }

    /// Whether the file was too big to keep when it was last asked for.
    pub(super) fn is_too_big(&self, key: &Key) -> bool {
        self.too_big.contains(key)
    }

    /// The file fits again: its requests may share a download.
    pub(super) fn fits(&mut self, key: &Key) {
        self.too_big.retain(|known| known != key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachment::{Bell, FileName, Ledger, PageId, StreamId, Writer};

    struct Silent;

    impl Bell for Silent {
        fn ring(&self, _gates: u32, _stream: StreamId) {}
    }

    fn key(name: &str) -> Key {
        let page = PageId::parse("1").expect("digits");
        Key::File {
            page,
            name: FileName::parse(name.as_bytes()).expect("a name"),
            version: None,
        }
    }

    fn fetch(claimed: Claimed<u32>) -> FlightId {
        match claimed {
            Claimed::Fetch(id) => id,
            other => panic!("expected a fetch: {other:?}"),
        }
    }

    fn ended(name: &str, waiters: Vec<u32>, followers: u64) -> Ended<u32> {
        let (key, purged) = (key(name), false);
        Ended {
            key,
            waiters,
            followers,
            purged,
        }
    }

    #[test]
    fn many_claims_are_one_fetch_and_everybody_is_handed_out_once() {
        let mut flights = Flights::new();
        let id = fetch(flights.claim(key("a"), 0));
        for waiter in 1..100 {
            assert!(matches!(flights.claim(key("a"), waiter), Claimed::Parked));
        }
        fetch(flights.claim(key("b"), 1000));
        let (_writer, stream) = Writer::whole(Some(5), Arc::new(Silent), Ledger::default());
        let (woken, followers) = flights.streaming(id, stream, Arc::default());
        assert_eq!(followers, 99, "all but the first one");
        assert_eq!(
            woken.iter().map(|(waiter, _)| *waiter).collect::<Vec<_>>(),
            (0..100).collect::<Vec<_>>()
        );
        assert!(matches!(
            flights.claim(key("a"), 100),
            Claimed::Joined(100, ..)
        ));
        assert_eq!(flights.end(id), Some(ended("a", vec![], 0)));
        assert_eq!(flights.end(id), None, "a flight ends once");
        fetch(flights.claim(key("a"), 101));
    }

    #[test]
    fn who_wants_a_file_kept_waits_for_the_end_and_disturbs_nobody() {
        let mut flights = Flights::new();
        let Keep::Fetch(id) = flights.keep(key("a"), 10) else {
            panic!("nobody is on it");
        };
        assert_eq!(flights.keep(key("a"), 11), Keep::Parked);
        assert!(matches!(flights.claim(key("a"), 1), Claimed::Parked));
        let (_writer, stream) = Writer::whole(Some(5), Arc::new(Silent), Ledger::default());
        let (woken, followers) = flights.streaming(id, stream, Arc::default());
        assert_eq!(followers, 1, "he has not caused it");
        assert_eq!(woken.len(), 1, "only who waits for bytes");
        assert_eq!(woken[0].0, 1);
        assert!(matches!(flights.claim(key("a"), 2), Claimed::Joined(2, ..)));
        assert_eq!(flights.keep(key("a"), 12), Keep::Parked);
        assert_eq!(flights.end(id), Some(ended("a", vec![10, 11, 12], 0)));
        let id = fetch(flights.claim(key("b"), 3));
        assert_eq!(flights.keep(key("b"), 13), Keep::Parked);
        assert_eq!(flights.close(id), vec![13], "it will not be kept");
        assert_eq!(flights.keep(key("b"), 14), Keep::TooBig(14));
        assert_eq!(flights.end(id), Some(ended("b", vec![3], 0)));
    }

    #[test]
    fn a_failed_flight_hands_out_who_waits() {
        let mut flights = Flights::new();
        let id = fetch(flights.claim(key("a"), 1));
        flights.claim(key("a"), 2);
        assert_eq!(flights.end(id), Some(ended("a", vec![1, 2], 1)));
        assert!(flights.is_empty());
    }

    #[test]
    fn nobody_joins_a_download_that_has_broken() {
        let mut flights = Flights::new();
        let broken = fetch(flights.claim(key("a"), 1));
        let (writer, stream) = Writer::whole(Some(5), Arc::new(Silent), Ledger::default());
        assert_eq!(flights.streaming(broken, stream, Arc::default()).1, 0);
        drop(writer);
        let next = fetch(flights.claim(key("a"), 2));
        assert!(matches!(flights.claim(key("a"), 3), Claimed::Parked));
        assert_eq!(flights.end(broken), Some(ended("a", vec![], 0)));
        assert!(matches!(flights.claim(key("a"), 4), Claimed::Parked));
        assert_eq!(flights.end(next), Some(ended("a", vec![2, 3, 4], 2)));
    }

    #[test]
    fn a_purge_lets_nobody_join_what_began_before_it() {
        let page = Forget::Page(PageId::parse("1").expect("digits"));
        for purge in [Forget::File(key("a")), page] {
            let mut flights = Flights::new();
            let before = fetch(flights.claim(key("a"), 1));
            flights.purge(&purge);
            let after = fetch(flights.claim(key("a"), 2));
            assert!(matches!(flights.claim(key("a"), 3), Claimed::Parked));
            let old = flights.end(before).expect("began above");
            assert_eq!((old.waiters, old.purged), (vec![1], true));
            assert!(matches!(flights.claim(key("a"), 4), Claimed::Parked));
            assert_eq!(flights.end(after), Some(ended("a", vec![2, 3, 4], 2)));
        }
        let mut flights = Flights::new();
        let other = fetch(flights.claim(key("b"), 1));
        flights.purge(&Forget::File(key("a")));
        assert_eq!(flights.end(other), Some(ended("b", vec![1], 0)));
    }

    #[test]
    fn requests_for_a_file_that_is_too_big_do_not_wait_for_each_other() {
        let mut flights = Flights::new();
        let id = fetch(flights.claim(key("a"), 1));
        flights.claim(key("a"), 2);
        assert!(flights.close(id).is_empty());
        assert_eq!(flights.alone(id), Some((key("a"), vec![1, 2])));
        let other = fetch(flights.claim(key("a"), 3));
        assert_ne!(id, other);
        fetch(flights.claim(key("a"), 4));
        flights.fits(&key("a"));
        fetch(flights.claim(key("a"), 5));
        assert!(
            matches!(flights.claim(key("a"), 6), Claimed::Parked),
            "it may be shared again"
        );
    }

    #[test]
    fn a_purge_forgets_also_that_a_file_was_too_big() {
        let mut flights = Flights::new();
        let id = fetch(flights.claim(key("a"), 1));
        flights.close(id);
        flights.purge(&Forget::File(key("b")));
        assert!(flights.is_too_big(&key("a")));
        flights.purge(&Forget::File(key("a")));
        assert!(!flights.is_too_big(&key("a")));
    }
}

//! The thread `answer`: requests that were parked in the cache and can go on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::Receiver;

use super::desk::{Desk, Parked, Waiter, Wanted};
use super::failure::{self, Failure};
use crate::cache::{Entry, Outcome, Woken};
use crate::reply::{self, Freshness, Origin, Provenance, Reply, StreamedFile, Wish};

/// The answerer before its thread runs. It holds no handle of the cache: the cache ends first.
pub struct Answerer {
    /// Whoever can go on.
    pub woken: Receiver<Woken<Waiter, Failure>>,
    /// What all workers share.
    pub desk: Arc<Desk>,
    /// How long a file that was just fetched is fresh.
    pub ttl: Duration,
}

impl Answerer {
    /// Answers until the cache has ended.
    pub fn run(self) {
        while let Ok(Woken { waiter, outcome }) = self.woken.recv() {
            crate::sabotage::point("answer");
            match waiter {
                Waiter::Client(parked) => self.serve(&parked, outcome),
                Waiter::Warmer(file) => file.tell(outcome),
            }
        }
    }

    fn serve(&self, parked: &Parked, outcome: Outcome<Failure>) {
        let (ticket, subject) = (parked.ticket, parked.wish.subject.clone());
        match catch_unwind(AssertUnwindSafe(|| {
            self.answer(&parked.wish, &parked.wanted, outcome)
        })) {
            Ok(reply) => self.desk.send(ticket, reply),
            Err(_) => self.desk.apologise(ticket, subject),
        }
    }

    fn answer(&self, wish: &Wish, wanted: &Wanted, outcome: Outcome<Failure>) -> Reply {
        crate::sabotage::point("answer job");
        let now = SystemTime::now();
        match (outcome, wanted) {
            (Outcome::Ready(entry), _) => self.kept(wish, &entry, Origin::Hit),
            (Outcome::Confirmed(entry), _) => self.kept(wish, &entry, Origin::Revalidated),
            (Outcome::Stale(entry), _) => self.kept(wish, &entry, Origin::Stale),
            (
                Outcome::Streaming {
                    reader,
                    meta,
                    joined,
                },
                Wanted::File(name),
            ) => {
                let file = StreamedFile {
                    name,
                    meta: &meta,
                    reader,
                };
                let provenance = Provenance {
                    cache: &self.desk.house.cache_name,
                    origin: if joined { Origin::Join } else { Origin::Miss },
                    freshness: Freshness {
                        age: Duration::ZERO,
                        remaining: self.ttl,
                    },
                };
                reply::streamed(wish, file, provenance, now)
            }
            (Outcome::Gone(why) | Outcome::Failed(why), _) => {
                self.desk.problem(wish, &failure::problem(&why), now)
            }
            (Outcome::Busy | Outcome::TooBig, _) => self.desk.problem(wish, &failure::busy(), now),
            (Outcome::Forgotten | Outcome::Probed, _) => reply::no_content(wish, now),
            (Outcome::Streaming { .. }, Wanted::Purge | Wanted::Probe) => {
                unreachable!("neither waits for a download")
            }
        }
    }

    fn kept(&self, wish: &Wish, entry: &Entry, origin: Origin) -> Reply {
        self.desk.kept(wish, entry, origin, Instant::now())
    }
}

//! The thread `warm`: fetches the files of a page before anybody asks for them, two at a time.
//!
//! Workers hand operators' wishes in; the actor answers them itself, at once or when there is more to tell. It lists a
//! page through the fetch crew and claims its files from the cache as anybody would, but takes no byte of them. It ends
//! when the last [`WarmHandle`] is dropped; before that [`WarmHandle::drain`] ends what it does.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, select};
use log::info;

use super::desk::{Desk, Waiter};
use super::failure::{self, Failure, Told};
use super::listings::{Caller, ListingHandle};
use super::table::{Found, Recency};
use super::warm_jobs::{Jobs, Ordered, Over, Settled};
use crate::attachment::PageId;
use crate::cache::{CacheHandle, Demand, Lookup, Outcome};
use crate::gate::Ticket;
use crate::reply::{self, Document, Wish};
use crate::web::WarmReport;

/// Wishes that may wait; one more gets 503.
const INBOX_MAX: usize = 64;

/// News that may wait: more than there can be listings and files on their way.
const NEWS_MAX: usize = 64;

/// Operators who wait for more at a time; one more is told at once what there is.
const FOLLOWERS_MAX: usize = 64;

/// How long an operator waits for more at most, so that nothing between him and the service gives up.
const FOLLOWS: Duration = Duration::from_secs(20);

/// An operator who waits for an answer.
#[derive(Debug)]
pub(super) struct Operator {
    pub(super) ticket: Ticket,
    pub(super) wish: Wish,
}

enum WarmMessage {
    /// Warm this page.
    Start(PageId, Operator),
    /// Tell when more than this many files of a job are settled.
    Follow {
        page: PageId,
        job: u64,
        seen: u64,
        operator: Operator,
    },
    /// The service is about to stop.
    Drain,
}

/// How workers reach the actor. It ends when the last one is dropped.
#[derive(Clone)]
pub struct WarmHandle(Sender<WarmMessage>);

/// What the actor hears of what it has asked for.
enum News {
    Listed(u64, Found),
    Settled(u64, usize, Settled),
}

/// A job that waits for the files of its page.
pub(super) struct AwaitedListing {
    job: u64,
    news: Sender<News>,
}

/// A file that is on its way into the cache.
pub struct AwaitedFile {
    job: u64,
    place: usize,
    news: Sender<News>,
}

/// The actor before its thread runs.
pub struct WarmActor {
    inbox: Receiver<WarmMessage>,
    news: Receiver<News>,
    /// For those who bring news.
    reporter: Sender<News>,
    listings: ListingHandle,
    cache: CacheHandle<Waiter, Failure>,
    desk: Arc<Desk>,
    jobs: Jobs,
    followers: Vec<Follower>,
    is_draining: bool,
}

struct Follower {
    page: PageId,
    job: u64,
    seen: u64,
    until: Instant,
    operator: Operator,
}

/// Prepares the actor. Files above `item_bytes_max` are not kept.
pub fn open(
    listings: ListingHandle,
    cache: CacheHandle<Waiter, Failure>,
    desk: Arc<Desk>,
    item_bytes_max: u64,
) -> (WarmActor, WarmHandle) {
    let (sender, inbox) = bounded(INBOX_MAX);
    let (reporter, news) = bounded(NEWS_MAX);
    let actor = WarmActor {
        inbox,
        news,
        reporter,
        listings,
        cache,
        desk,
        jobs: Jobs::new(item_bytes_max),
        followers: Vec::new(),
        is_draining: false,
    };
    (actor, WarmHandle(sender))
}

impl WarmHandle {
    /// Asks for a page to be warmed. Never blocks; gives the operator back if too many wait.
    pub(super) fn start(&self, page: PageId, operator: Operator) -> Option<Operator> {
        self.tell(WarmMessage::Start(page, operator))
    }

    /// Asks to be told when more than `seen` files of a job are settled. Never blocks, as [`WarmHandle::start`].
    pub(super) fn follow(
        &self,
        page: PageId,
        job: u64,
        seen: u64,
        operator: Operator,
    ) -> Option<Operator> {
        self.tell(WarmMessage::Follow {
            page,
            job,
            seen,
            operator,
        })
    }

    /// Ends every job and answers everybody who waits. Blocks while the inbox is full.
    pub fn drain(&self) {
        let _ = self.0.send(WarmMessage::Drain); // an actor that has ended has nothing to end
    }

    fn tell(&self, message: WarmMessage) -> Option<Operator> {
        match self.0.try_send(message) {
            Ok(()) => None,
            Err(TrySendError::Full(message) | TrySendError::Disconnected(message)) => match message
            {
                WarmMessage::Start(_, operator) | WarmMessage::Follow { operator, .. } => {
                    Some(operator)
                }
                WarmMessage::Drain => None,
            },
        }
    }
}

impl AwaitedListing {
    /// The listing is there.
    pub(super) fn tell(self, found: Found) {
        let _ = self.news.try_send(News::Listed(self.job, found)); // full it is never, and gone when the service stops
    }
}

impl AwaitedFile {
    /// What became of the file.
    pub(super) fn tell(self, outcome: Outcome<Failure>) {
        let how = match outcome {
            Outcome::Ready(entry) | Outcome::Confirmed(entry) => Settled::Kept {
                bytes: entry.body.len(),
            },
            Outcome::TooBig => Settled::TooBig,
            Outcome::Stale(_) => Settled::Stale,
            Outcome::Gone(why) | Outcome::Failed(why) => Settled::Failed(why),
            Outcome::Busy => Settled::Crowded,
            Outcome::Streaming { .. } | Outcome::Forgotten | Outcome::Probed => {
                unreachable!("it waits for the end of a download")
            }
        };
        let _ = self.news.try_send(News::Settled(self.job, self.place, how)); // as above
    }
}

impl WarmActor {
    /// Warms until nobody can ask for it any more.
    pub fn run(mut self) {
        loop {
            let wait = self.wait(Instant::now());
            select! {
                recv(self.inbox) -> message => match message {
                    Ok(message) => self.handle(message, Instant::now()),
                    Err(_) => return,
                },
                recv(self.news) -> news => if let Ok(news) = news {
                    self.hear(news);
                },
                default(wait) => {}
            }
            self.go_on(Instant::now());
        }
    }

    /// Until when nobody must be answered.
    fn wait(&self, now: Instant) -> Duration {
        let first = self.followers.iter().map(|follower| follower.until).min();
        first.map_or(Duration::from_secs(u32::MAX.into()), |first| {
            first.saturating_duration_since(now)
        })
    }

    fn handle(&mut self, message: WarmMessage, now: Instant) {
        crate::sabotage::point("warm");
        match message {
            WarmMessage::Start(_, operator) if self.is_draining => {
                self.refuse(operator, &failure::stopping());
            }
            WarmMessage::Start(page, operator) => self.start(page, operator, now),
            WarmMessage::Follow {
                page,
                job,
                seen,
                operator,
            } => {
                if self.jobs.report(page, job).is_none() {
                    return self.refuse(operator, &failure::no_such_job());
                }
                let patience = match self.followers.len() < FOLLOWERS_MAX {
                    true => FOLLOWS,
                    false => Duration::ZERO,
                };
                self.followers.push(Follower {
                    page,
                    job,
                    seen,
                    until: now + patience,
                    operator,
                });
            }
            WarmMessage::Drain => {
                self.is_draining = true;
                self.jobs.stop();
            }
        }
    }

    fn start(&mut self, page: PageId, operator: Operator, now: Instant) {
        let job = match self.jobs.order(page, now) {
            Ordered::Full => return self.refuse(operator, &failure::too_many_jobs()),
            Ordered::Running(job) => job,
            Ordered::New(job) => {
                let awaited = AwaitedListing {
                    job,
                    news: self.reporter.clone(),
                };
                // What was uploaded a moment ago is what is to be warmed.
                let caller = Caller::Warmer(awaited);
                if let Some((_, found)) = self.listings.ask(page, Recency::Now, caller) {
                    self.jobs.listed(job, &found);
                }
                job
            }
        };
        if let Some(report) = self.jobs.report(page, job) {
            self.send(operator, &report);
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Listed(job, found) => self.jobs.listed(job, &found),
            News::Settled(job, place, how) => self.jobs.settled(job, place, &how),
        }
    }

    /// Begins what can begin, and tells whoever waits for it.
    fn go_on(&mut self, now: Instant) {
        while let Some(turn) = self.jobs.turn() {
            match self.cache.lookup(&turn.key, Demand::Kept, now) {
                Lookup::Fresh(entry) => {
                    let bytes = entry.body.len();
                    self.jobs
                        .settled(turn.job, turn.place, &Settled::Fresh { bytes });
                }
                Lookup::Gone(_) | Lookup::Missing => {
                    let awaited = AwaitedFile {
                        job: turn.job,
                        place: turn.place,
                        news: self.reporter.clone(),
                    };
                    self.cache
                        .claim(turn.key, Demand::Kept, Waiter::Warmer(awaited));
                }
            }
        }
        for over in self.jobs.over(now) {
            log(&over);
        }
        let is_due = |follower: &mut Follower| match self.jobs.report(follower.page, follower.job) {
            Some(report) => {
                report.state.is_over()
                    || follower.seen < report.done() as u64
                    || follower.until <= now
            }
            None => true,
        };
        let due: Vec<Follower> = self.followers.extract_if(.., is_due).collect();
        for Follower {
            page,
            job,
            operator,
            ..
        } in due
        {
            match self.jobs.report(page, job) {
                Some(report) => self.send(operator, &report),
                None => self.refuse(operator, &failure::no_such_job()),
            }
        }
    }

    fn send(&self, operator: Operator, report: &WarmReport) {
        let page = Document {
            status: if report.state.is_over() { 200 } else { 202 },
            media_type: "application/json",
            body: report.json(),
            security: None,
        };
        let reply = reply::document(&operator.wish, page, SystemTime::now());
        self.desk.send(operator.ticket, reply);
    }

    fn refuse(&self, operator: Operator, why: &Told) {
        let reply = self.desk.problem(&operator.wish, why, SystemTime::now());
        self.desk.send(operator.ticket, reply);
    }
}

fn log(over: &Over) {
    let Over { report, took } = over;
    info!(
        "warmed page={} job={} state={} files={} kept={} fresh={} too_big={} failed={} bytes={} ms={}{}",
        report.page,
        report.job,
        report.state.word(),
        report.files,
        report.kept,
        report.fresh,
        report.too_big,
        report.failed,
        report.bytes,
        took.as_millis(),
        match &report.reason {
            Some(reason) => format!(" reason={reason:?}"),
            None => String::new(),
        },
    );
}

//! The fetch crew, threads `fetch-N`: one blocking download each, from order to final report.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, never, select};
use log::{debug, info, warn};

use super::desk::Desk;
use super::failure::{self, Failure};
use super::listings::{Listings, Order};
use super::publication::Judgement;
use super::transfer::NO_PACE;
use crate::attachment::{Bell, Key, Ledger, Writer};
use crate::cache::{Entry, Fetch, Life, Report, Reporter};
use crate::confluence::{Refreshed, UpstreamError};
use crate::meters::{Mishap, Number};

pub(super) const NO_TURN: &str =
    "no connection to Confluence was free within CONFLUENCE_READ_TIMEOUT_SECONDS";

/// What all members of the crew share.
pub struct CrewShared {
    /// Where news goes.
    pub reporter: Reporter<Failure>,
    /// Wakes clients when there is more for them.
    pub bell: Arc<dyn Bell>,
    /// Counts what is held.
    pub ledger: Ledger,
    /// Largest file that is kept.
    pub item_bytes_max: u64,
    /// How long a copy is fresh.
    pub ttl: Duration,
    /// Downloads at the pace of one client, at most: half the crew, so that slow readers of big files never hold all
    /// connections to Confluence.
    pub paced_max: u64,
    /// How long an order may wait for a member of the crew.
    pub patience: Duration,
    /// Who waits for listings.
    pub listings: Arc<Listings>,
    /// The other side, and where trouble is noted.
    pub desk: Arc<Desk>,
}

/// One member of the crew before its thread runs.
pub struct Crew {
    /// Orders of files, shared by the whole crew.
    pub fetches: Receiver<Fetch>,
    /// Orders of listings, shared by those who take any.
    pub orders: Receiver<Order>,
    /// What all share.
    pub shared: Arc<CrewShared>,
}

/// How a download ended, for its final report and the log.
pub(super) enum End {
    Kept(Arc<Entry>, Writer),
    /// Nothing had to be downloaded: the copy is current.
    Renewed(Arc<Entry>),
    /// The operator does not publish it.
    NotPublished,
    Streamed {
        bytes: u64,
    },
    Left {
        bytes: u64,
    },
    /// It had to give way, for this reason.
    NoRoom(&'static str),
    Failed(UpstreamError),
}

impl Crew {
    /// Asks Confluence until no more orders of either kind can come.
    pub fn run(mut self) {
        let mut kinds_open = 2;
        while 0 < kinds_open {
            select! {
                recv(self.fetches) -> fetch => match fetch {
                    Ok(fetch) => self.fetch(&fetch),
                    Err(_) => {
                        self.fetches = never();
                        kinds_open -= 1;
                    }
                },
                recv(self.orders) -> order => match order {
                    Ok(order) => self.shared.list(&order),
                    Err(_) => {
                        self.orders = never();
                        kinds_open -= 1;
                    }
                },
            }
        }
    }

    fn fetch(&self, fetch: &Fetch) {
        crate::sabotage::point("fetch");
        let shared = &self.shared;
        let crew = &shared.desk.meters.crew;
        crew.taken.add(1);
        let _busy = crew.busy.enter();
        let report = catch_unwind(AssertUnwindSafe(|| shared.fly(fetch)));
        let report = report.unwrap_or_else(|_| {
            shared.note(fetch, 500, "a bug: the log has the details");
            Report::Failed(fetch.flight, Failure::Internal)
        });
        shared.reporter.report(report);
    }
}

impl CrewShared {
    /// Does one download and returns its final report.
    fn fly(&self, fetch: &Fetch) -> Report<Failure> {
        let started = Instant::now();
        let end = self.download(fetch);
        let took = started.elapsed();
        let (key, ms) = (&fetch.key, took.as_millis());
        match end {
            End::Kept(entry, writer) => {
                entry.note_fetch(took);
                self.desk.meters.crew.downloads.observe(took);
                info!(
                    "fetched key={key} bytes={} ms={ms} kept=yes",
                    entry.body.len()
                );
                Report::Kept(fetch.flight, entry, writer)
            }
            End::Renewed(entry) => {
                info!("confirmed key={key} ms={ms}");
                Report::Renewed(fetch.flight, entry)
            }
            End::NotPublished => {
                info!("not published key={key} ms={ms}");
                Report::Withdrawn(fetch.flight, Failure::NotPublished)
            }
            End::Streamed { bytes } => {
                self.desk.meters.crew.downloads.observe(took);
                info!(
                    "fetched key={key} bytes={bytes} ms={ms} kept=no reason=\"larger than CACHE_MAX_ITEM_BYTES\""
                );
                Report::Over(fetch.flight)
            }
            End::Left { bytes } => {
                info!(
                    "fetch ended key={key} bytes={bytes} ms={ms} reason=\"the client left, and the file is too big to keep\""
                );
                Report::Over(fetch.flight)
            }
            End::NoRoom(reason) => {
                warn!("fetch ended key={key} ms={ms} reason=\"{reason}\"");
                self.note(fetch, 503, reason);
                Report::NoRoom(fetch.flight)
            }
            End::Failed(error) => self.failed(fetch, error, ms),
        }
    }

    fn failed(&self, fetch: &Fetch, error: UpstreamError, ms: u128) -> Report<Failure> {
        let (key, failure) = (&fetch.key, Failure::Upstream(error.clone()));
        let status = failure::problem(&failure).problem.status;
        match error {
            UpstreamError::NotFound => {
                info!("not found key={key} ms={ms}");
                Report::Gone(fetch.flight, failure)
            }
            // Confluence is well and says so about this file alone; an older copy must not outlive that.
            UpstreamError::Forbidden => {
                warn!("fetch failed key={key} ms={ms} reason=\"{error}\"");
                self.note(fetch, status, &error.to_string());
                Report::Withdrawn(fetch.flight, failure)
            }
            UpstreamError::Interrupted => Report::Failed(fetch.flight, failure),
            // Whoever shut the guard, or was asked for the pause, has said so; this would say it for every request.
            error if error.is_unasked() => {
                debug!("not asked key={key} reason=\"{error}\"");
                Report::Failed(fetch.flight, failure)
            }
            error => {
                warn!("fetch failed key={key} ms={ms} reason=\"{error}\"");
                self.note(fetch, status, &error.to_string());
                Report::Failed(fetch.flight, failure)
            }
        }
    }

    /// Keeps what went wrong for those who look at the status.
    fn note(&self, fetch: &Fetch, status: u16, words: &str) {
        self.desk.meters.note(Mishap {
            at: SystemTime::now(),
            status,
            subject: fetch.key.to_string().into(),
            words: words.to_owned(),
        });
    }

    fn download(&self, fetch: &Fetch) -> End {
        crate::sabotage::point("fetch job");
        if self.patience < fetch.ordered.elapsed() {
            return End::NoRoom(NO_TURN); // who asked has been waiting for as long as Confluence itself may take
        }
        if fetch.alone && self.paced_max <= self.desk.meters.crew.paced.get() {
            return End::NoRoom(NO_PACE); // without asking Confluence for a file that could not be passed on
        }
        match self.is_published(&fetch.key) {
            Ok(true) => {}
            Ok(false) => return End::NotPublished,
            Err(error) => return End::Failed(error),
        }
        let confluence = &self.desk.confluence;
        let refreshed = match &fetch.known {
            Some(copy) => confluence.refresh(&fetch.key, &copy.meta, copy.body.len()),
            None => confluence
                .fetch(&fetch.key)
                .map(Box::new)
                .map(Refreshed::New),
        };
        match (refreshed, &fetch.known) {
            (Err(error), _) => End::Failed(error),
            (Ok(Refreshed::Current(meta)), Some(copy)) => {
                End::Renewed(Arc::new(copy.renewed(meta, self.life(Instant::now()))))
            }
            (Ok(Refreshed::Current(_)), None) => {
                unreachable!("nothing is confirmed that is not there")
            }
            (Ok(Refreshed::New(download)), _) => self.transfer(fetch, *download),
        }
    }

    /// Whether the operator publishes a file.
    fn is_published(&self, key: &Key) -> Result<bool, UpstreamError> {
        self.allows(self.desk.publication.judge(key))
    }

    /// Whether a judgement comes out for publication. Asks Confluence for the space of the page if that decides.
    pub(super) fn allows(&self, judgement: Judgement) -> Result<bool, UpstreamError> {
        let publication = &self.desk.publication;
        match judgement {
            Judgement::Published => Ok(true),
            Judgement::Refused => Ok(false),
            Judgement::DependsOn(page) => {
                let space = self.desk.confluence.space_of(page)?;
                Ok(publication.has_space(&space))
            }
        }
    }

    /// The life of a copy that Confluence has vouched for at `stored`.
    pub(super) fn life(&self, stored: Instant) -> Life {
        Life {
            stored,
            fresh_until: stored + self.ttl,
        }
    }
}

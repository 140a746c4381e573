//! Which pages are being warmed, and how far that is (pure).
//!
//! A job is ordered for a page, gets the list of its files, and ends when each of them is settled. Jobs go one behind
//! the other: the files of a later one begin when no file of an earlier one is left to begin.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::failure::{self, Failure, Told};
use super::table::Found;
use crate::attachment::{FileName, Key, PageId};
use crate::confluence::UpstreamError;
use crate::web::{WarmReport, WarmState};

/// Files that are fetched at a time, over all pages: people who wait for theirs go first.
const AT_ONCE_MAX: usize = 2;

/// Jobs that are not over, at most; one more gets 503.
const JOBS_MAX: usize = 16;

/// Jobs that are over and still told about.
const OVER_MAX: usize = 16;

/// Failed files that a job names; the log has all of them.
const FAILURES_NAMED_MAX: usize = 20;

/// Files one after the other for which Confluence was not there, until the others are not tried any more: each may take
/// as long as `CONFLUENCE_READ_TIMEOUT_SECONDS`, and a page has thousands.
const SILENCES_MAX: usize = 4;

/// What became of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// It was fetched, or confirmed, and is kept.
    Kept { bytes: u64 },
    /// It was kept before, and is fresh.
    Fresh { bytes: u64 },
    /// It is too big to keep.
    TooBig,
    /// It could not be fetched.
    Failed(Failure),
    /// There was no room for it, neither in the queue nor in memory.
    Crowded,
    /// Confluence did not answer, and an older copy goes on being served.
    Stale,
    /// It has a name that no address of ours can hold.
    Unnameable,
}

/// What to do with an order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ordered {
    /// Find out which files the page has, for this new job.
    New(u64),
    /// This job does it already.
    Running(u64),
    /// There are too many.
    Full,
}

/// A file whose turn it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) job: u64,
    /// Its place in the job.
    pub(super) place: usize,
    pub(super) key: Key,
}

/// All jobs, the oldest first.
#[derive(Debug)]
pub(super) struct Jobs {
    item_bytes_max: u64,
    next: u64,
    jobs: VecDeque<Job>,
    /// Files that have begun and are not settled, those of ended jobs included.
    on_their_way: usize,
}

/// The name and, as far as Confluence says, the length of a file.
#[derive(Debug)]
struct Planned {
    name: String,
    bytes: Option<u64>,
}

#[derive(Debug)]
struct Job {
    number: u64,
    page: PageId,
    begun: Instant,
    files: Vec<Planned>,
    /// How many of them have begun.
    begun_files: usize,
    /// The places of those that are on their way.
    running: Vec<usize>,
    /// Files that came to nothing because Confluence was not there, since the last one for which it was.
    silences: usize,
    /// All that is told, but for the names of the running ones.
    report: WarmReport,
    /// Whether its end has been handed out for the log.
    is_logged: bool,
}

impl Job {
    fn is_over(&self) -> bool {
        self.report.state.is_over()
    }

    fn end(&mut self, state: WarmState, reason: Option<String>) {
        self.report.state = state;
        self.report.reason = reason;
        self.running.clear();
        self.files = Vec::new();
    }

    /// Begins the next file that has to be fetched, if there is one. What need not be is settled on the way.
    fn begin(&mut self, item_bytes_max: u64) -> Option<Turn> {
        loop {
            let place = self.begun_files;
            let file = self.files.get(place)?;
            self.begun_files += 1;
            if file.bytes.is_some_and(|bytes| item_bytes_max < bytes) {
                self.settle(place, &Settled::TooBig);
                continue;
            }
            let Ok(name) = FileName::parse(file.name.as_bytes()) else {
                self.settle(place, &Settled::Unnameable);
                continue;
            };
            self.running.push(place);
            let key = Key::File {
                page: self.page,
                name,
                version: None,
            };
            let job = self.number;
            return Some(Turn { job, place, key });
        }
    }

    fn settle(&mut self, place: usize, how: &Settled) {
        self.running.retain(|running| *running != place);
        let report = &mut self.report;
        let reason = match how {
            Settled::Kept { bytes } => {
                report.kept += 1;
                report.bytes += bytes;
                return;
            }
            Settled::Fresh { bytes } => {
                report.fresh += 1;
                report.bytes += bytes;
                return;
            }
            Settled::TooBig => {
                report.too_big += 1;
                return;
            }
            Settled::Failed(why) => words(&failure::problem(why)),
            Settled::Crowded => words(&failure::busy()),
            Settled::Stale => "Confluence did not give it; an older copy is kept".to_owned(),
            Settled::Unnameable => "no address of this proxy can name it".to_owned(),
        };
        report.failed += 1;
        if report.failures.len() < FAILURES_NAMED_MAX {
            let name = self.files[place].name.clone();
            report.failures.push((name, reason));
        }
    }
}

/// Whether Confluence was not there.
fn is_silence(how: &Settled) -> bool {
    use UpstreamError::{TimedOut, Unreachable};
    matches!(
        how,
        Settled::Failed(Failure::Upstream(TimedOut { .. } | Unreachable(_)))
    )
}

/// What a client reads, in one line.
fn words(told: &Told) -> String {
    format!("{}: {}", told.problem.detail, told.problem.remedy)
}

/// A job that has just ended, for the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Over {
    pub(super) report: WarmReport,
    pub(super) took: Duration,
}

impl Jobs {
    /// Files above `item_bytes_max` are not kept.
    pub(super) fn new(item_bytes_max: u64) -> Jobs {
        Jobs {
            item_bytes_max,
            next: 1,
            jobs: VecDeque::new(),
            on_their_way: 0,
        }
    }

    /// Takes an order in.
    pub(super) fn order(&mut self, page: PageId, now: Instant) -> Ordered {
        let mut running = self.jobs.iter().filter(|job| !job.is_over());
        if let Some(job) = running.find(|job| job.page == page) {
            return Ordered::Running(job.number);
        }
        if JOBS_MAX <= self.jobs.iter().filter(|job| !job.is_over()).count() {
            return Ordered::Full;
        }
        let number = self.next;
        self.next += 1;
        self.jobs.push_back(Job {
            number,
            page,
            begun: now,
            files: Vec::new(),
            begun_files: 0,
            running: Vec::new(),
            silences: 0,
            report: WarmReport::new(number, page.to_string()),
            is_logged: false,
        });
        let over = self.jobs.iter().filter(|job| job.is_over()).count();
        if OVER_MAX < over
            && let Some(oldest) = self.jobs.iter().position(Job::is_over)
        {
            self.jobs.remove(oldest);
        }
        Ordered::New(number)
    }

    /// What is known of a job of this page.
    pub(super) fn report(&self, page: PageId, number: u64) -> Option<WarmReport> {
        let mut jobs = self.jobs.iter();
        let job = jobs.find(|job| job.number == number && job.page == page)?;
        let names = job
            .running
            .iter()
            .map(|place| job.files[*place].name.clone());
        Some(WarmReport {
            now: names.collect(),
            ..job.report.clone()
        })
    }

    /// The page of a job is known, or cannot be.
    pub(super) fn listed(&mut self, number: u64, found: &Found) {
        let Some(job) = self.running(number) else {
            return;
        };
        match found {
            Ok(catalogue) => {
                let files = catalogue.files();
                job.report.files = files.len();
                job.report.state = WarmState::Fetching;
                job.files = files
                    .map(|file| Planned {
                        name: file.name.clone(),
                        bytes: file.bytes,
                    })
                    .collect();
            }
            Err(why) => job.end(
                WarmState::Failed,
                Some(words(&failure::listing_problem(why))),
            ),
        }
    }

    /// The next file whose turn it is. What is too big to keep is settled on the way.
    pub(super) fn turn(&mut self) -> Option<Turn> {
        if AT_ONCE_MAX <= self.on_their_way {
            return None;
        }
        let item_bytes_max = self.item_bytes_max;
        let mut jobs = self.jobs.iter_mut();
        let turn = jobs.find_map(|job| job.begin(item_bytes_max))?;
        self.on_their_way += 1;
        Some(turn)
    }

    /// A file is settled.
    pub(super) fn settled(&mut self, number: u64, place: usize, how: &Settled) {
        self.on_their_way -= 1;
        let Some(job) = self.running(number) else {
            return; // it was ended meanwhile
        };
        job.settle(place, how);
        job.silences = match is_silence(how) {
            true => job.silences + 1,
            false => 0,
        };
        if let Settled::Failed(Failure::Upstream(error)) = how
            && (error.is_unasked() || SILENCES_MAX <= job.silences)
        {
            // Confluence is left alone, or not there, and the other files would say the same.
            let reason = words(&failure::problem(&Failure::Upstream(error.clone())));
            job.end(WarmState::Failed, Some(reason));
        }
    }

    /// Ends what has nothing left to do, and hands out what has ended.
    pub(super) fn over(&mut self, now: Instant) -> Vec<Over> {
        let mut over = Vec::new();
        for job in &mut self.jobs {
            let is_done = job.report.state == WarmState::Fetching
                && job.files.len() == job.begun_files
                && job.running.is_empty();
            if is_done {
                job.end(WarmState::Done, None);
            }
            if job.is_over() && !std::mem::replace(&mut job.is_logged, true) {
                let took = now.saturating_duration_since(job.begun);
                let report = job.report.clone();
                over.push(Over { report, took });
            }
        }
        over
    }

    /// Ends all jobs: the service stops.
    pub(super) fn stop(&mut self) {
        for job in self.jobs.iter_mut().filter(|job| !job.is_over()) {
            job.end(WarmState::Stopped, Some("the proxy is stopping".to_owned()));
        }
    }

    fn running(&mut self, number: u64) -> Option<&mut Job> {
        let mut jobs = self.jobs.iter_mut();
        jobs.find(|job| job.number == number && !job.is_over())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::confluence::Phase;
    use crate::web::{Catalogue, CatalogueFile};

    fn page(number: u64) -> PageId {
        PageId::parse(&number.to_string()).expect("digits")
    }

    /// Files of these lengths, named by their places.
    fn listing(lengths: &[u64]) -> Found {
        let file = |(place, bytes): (usize, &u64)| CatalogueFile {
            name: format!("{place:03}"),
            path: Some(format!("{place:03}")),
            bytes: Some(*bytes),
            media_type: None,
            version: None,
            modified: None,
            comment: None,
        };
        let files = lengths.iter().enumerate().map(file).collect();
        Ok(Arc::new(Catalogue::new("1".to_owned(), None, None, files)))
    }

    fn begun(jobs: &mut Jobs, number: u64, now: Instant) -> u64 {
        match jobs.order(page(number), now) {
            Ordered::New(job) => job,
            other => panic!("expected a new job: {other:?}"),
        }
    }

    fn places(jobs: &mut Jobs) -> Vec<(u64, usize)> {
        std::iter::from_fn(|| jobs.turn().map(|turn| (turn.job, turn.place))).collect()
    }

    #[test]
    fn two_files_are_on_their_way_and_later_jobs_wait_for_earlier_ones() {
        let (mut jobs, now) = (Jobs::new(100), Instant::now());
        let (first, second) = (begun(&mut jobs, 1, now), begun(&mut jobs, 2, now));
        assert_eq!(jobs.order(page(1), now), Ordered::Running(first));
        assert_eq!(places(&mut jobs), []);
        jobs.listed(second, &listing(&[1, 1]));
        assert_eq!(places(&mut jobs), [(second, 0), (second, 1)]);
        jobs.listed(first, &listing(&[101, 5, 6]));
        assert_eq!(places(&mut jobs), []);
        jobs.settled(second, 0, &Settled::Kept { bytes: 1 });
        assert_eq!(
            places(&mut jobs),
            [(first, 1)],
            "one is too big, and the older job goes first"
        );
        let report = jobs.report(page(1), first).expect("it runs");
        assert_eq!((report.too_big, report.done()), (1, 1));
        assert_eq!(report.now, ["001"]);
        assert_eq!(jobs.over(now), []);
        jobs.settled(second, 1, &Settled::Stale);
        jobs.settled(first, 1, &Settled::Kept { bytes: 5 });
        assert_eq!(places(&mut jobs), [(first, 2)]);
        jobs.settled(first, 2, &Settled::Fresh { bytes: 6 });
        let over = jobs.over(now + Duration::from_secs(3));
        let seen: Vec<_> = over
            .iter()
            .map(|over| {
                (
                    over.report.job,
                    over.report.state,
                    over.report.bytes,
                    over.report.failed,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (first, WarmState::Done, 11, 0),
                (second, WarmState::Done, 1, 1)
            ]
        );
        assert_eq!(over[0].took, Duration::from_secs(3));
        assert_eq!(jobs.over(now), [], "each end is handed out once");
        let again = begun(&mut jobs, 1, now);
        assert!(second < again);
    }

    #[test]
    fn an_ended_job_leaves_no_place_free_before_its_files_are_settled() {
        let (mut jobs, now) = (Jobs::new(100), Instant::now());
        let (first, second) = (begun(&mut jobs, 1, now), begun(&mut jobs, 2, now));
        jobs.listed(first, &listing(&[1, 1, 1]));
        jobs.listed(second, &listing(&[1, 1, 1]));
        assert_eq!(places(&mut jobs), [(first, 0), (first, 1)]);
        let retry_after = Duration::from_secs(60);
        let pause = Failure::Upstream(UpstreamError::Paused { retry_after });
        jobs.settled(first, 0, &Settled::Failed(pause));
        let report = jobs.report(page(1), first).expect("it is remembered");
        assert_eq!(
            (report.state, report.failed, report.done()),
            (WarmState::Failed, 1, 1)
        );
        assert_eq!(
            places(&mut jobs),
            [(second, 0)],
            "one file of the first is still on its way"
        );
        jobs.settled(first, 1, &Settled::Kept { bytes: 1 });
        assert_eq!(places(&mut jobs), [(second, 1)]);
        jobs.stop();
        assert_eq!(places(&mut jobs), []);
        let report = jobs.report(page(2), second).expect("it is remembered");
        assert_eq!((report.state, report.done()), (WarmState::Stopped, 0));
        assert_eq!(jobs.over(now).len(), 2);
    }

    #[test]
    fn a_confluence_that_is_not_there_is_not_asked_for_all_the_other_files() {
        let (mut jobs, now) = (Jobs::new(100), Instant::now());
        let job = begun(&mut jobs, 1, now);
        jobs.listed(job, &listing(&[1; 100]));
        let phase = Phase::Head;
        let silence = Settled::Failed(Failure::Upstream(UpstreamError::TimedOut { phase }));
        let state = |jobs: &Jobs| {
            let report = jobs.report(page(1), job).expect("it is remembered");
            (report.state, report.done())
        };
        for place in 0..2 * SILENCES_MAX {
            jobs.turn().expect("there are more");
            let how = match (place + 1).is_multiple_of(SILENCES_MAX) {
                true => Settled::Kept { bytes: 1 },
                false => silence.clone(),
            };
            jobs.settled(job, place, &how);
        }
        let tried = 2 * SILENCES_MAX;
        assert_eq!(state(&jobs), (WarmState::Fetching, tried), "now and then");
        for place in tried..tried + SILENCES_MAX {
            jobs.turn().expect("there are more");
            jobs.settled(job, place, &silence);
        }
        assert_eq!(state(&jobs), (WarmState::Failed, tried + SILENCES_MAX));
        assert_eq!(jobs.turn(), None);
    }

    #[test]
    fn jobs_are_bounded_and_old_ones_are_forgotten() {
        let (mut jobs, now) = (Jobs::new(100), Instant::now());
        for number in 1..=JOBS_MAX as u64 {
            begun(&mut jobs, number, now);
        }
        assert_eq!(jobs.order(page(99), now), Ordered::Full);
        for number in 1..=100 {
            jobs.listed(number, &listing(&[]));
            assert_eq!(jobs.over(now).len(), 1);
            let next = begun(&mut jobs, 1000 + number, now);
            assert_eq!(next, JOBS_MAX as u64 + number);
            assert!(jobs.jobs.len() <= JOBS_MAX + OVER_MAX);
        }
        assert_eq!(jobs.report(page(1), 1), None);
        assert!(jobs.report(page(1000 + 84), 100).is_some());
    }
}

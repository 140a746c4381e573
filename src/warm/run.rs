//! One page after the other, followed to its end.

use super::progress::{bar, step, summary};
use super::question::{ANSWER, NoReport, follow, start};
use super::report::Report;
use crate::attachment::PageId;
use crate::client::{Client, Service};

/// Steps in which progress is told where nobody watches.
const STEPS: u64 = 10;

/// The same on a terminal: more often nobody would see, and each is a line in the log of the service.
const STEPS_WATCHED: u64 = 100;

/// What is to be done.
pub struct Task<'a> {
    /// The pages, in this order.
    pub pages: &'a [PageId],
    /// Who does it.
    pub service: &'a Service,
    /// Whether somebody watches a terminal.
    pub is_watched: bool,
}

/// Something for the person who started the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    /// It stays.
    Line(&'a str),
    /// It is written over by what comes next: only on a terminal.
    Passing(&'a str),
}

/// How it ended, the worst of all pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// All files are kept, or too big for that.
    Good,
    /// Some files could not be fetched.
    Incomplete,
    /// The service could not find out which files a page has, or does not publish it.
    Unlisted,
    /// The service is not there, is busy, or has stopped.
    Unreachable,
    /// The service takes us for no operator.
    Refused,
}

/// Has pages warmed and tells how far that is. Blocks until it is done.
pub fn run(task: &Task<'_>, say: &mut dyn FnMut(Said<'_>)) -> Verdict {
    let client = Client::new(task.service, ANSWER);
    let mut worst = Verdict::Good;
    for page in task.pages {
        let verdict = match warm(&client, *page, task.is_watched, say) {
            Ok(report) => {
                for line in summary(*page, &report) {
                    say(Said::Line(&line));
                }
                judge(&report)
            }
            Err(why) => {
                let (line, verdict) = words(*page, &why);
                say(Said::Line(&line));
                verdict
            }
        };
        worst = worst.max(verdict);
        if Verdict::Unreachable <= verdict {
            break; // the other pages would say the same
        }
    }
    worst
}

/// Follows one page to the end of its job.
fn warm(
    client: &Client,
    page: PageId,
    is_watched: bool,
    say: &mut dyn FnMut(Said<'_>),
) -> Result<Report, NoReport> {
    let mut report = start(client, page)?;
    let mut told = 0;
    while !report.is_over() {
        if is_watched {
            say(Said::Passing(&bar(page, &report)));
        } else if told < tenths(&report) {
            told = tenths(&report);
            say(Said::Line(&step(page, &report)));
        }
        let steps = if is_watched { STEPS_WATCHED } else { STEPS };
        let seen = report.done + report.files / steps;
        report = follow(client, page, report.job, seen)?;
    }
    Ok(report)
}

/// How many tenths of the files are settled.
fn tenths(report: &Report) -> u64 {
    (report.done * STEPS).checked_div(report.files).unwrap_or(0)
}

fn judge(report: &Report) -> Verdict {
    match &*report.state {
        "done" if report.failed == 0 => Verdict::Good,
        "stopped" => Verdict::Unreachable,
        _ if report.is_unlisted() => Verdict::Unlisted,
        _ => Verdict::Incomplete,
    }
}

fn words(page: PageId, why: &NoReport) -> (String, Verdict) {
    match why {
        NoReport::Unreachable(why) => (
            format!(
                "page {page}: {why}; is it running, and at this address? --url names another one"
            ),
            Verdict::Unreachable,
        ),
        NoReport::Forgotten => (
            format!("page {page}: the service has forgotten the job: was it restarted?"),
            Verdict::Unreachable,
        ),
        NoReport::Busy(why) => (
            format!("page {page}: the service does not take it now: {why}; try again later"),
            Verdict::Unreachable,
        ),
        NoReport::Barred => (
            format!(
                "page {page}: what stands before the service lets nobody do this (403): ask the service at its own address \
                 (--url), and of several nodes each"
            ),
            Verdict::Refused,
        ),
        NoReport::Refused => (
            format!(
                "page {page}: the service takes this command for no operator's (404): run it on the service's own host, \
                 or add the address that it comes from to PROXY_ADMIN_ALLOW"
            ),
            Verdict::Refused,
        ),
    }
}

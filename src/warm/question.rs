//! What the service is asked about a job, and how its answers are taken.

use std::time::Duration;

use super::report::{Report, problem_words};
use crate::attachment::PageId;
use crate::client::{Client, NoAnswer};

/// How long an answer may take: the service answers within 20 s, if only to say that there is nothing new.
pub(super) const ANSWER: Duration = Duration::from_secs(60);

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoReport {
    /// The service is not there, or something else is.
    Unreachable(NoAnswer),
    /// It takes us for no operator.
    Refused,
    /// Somebody before it does: the service itself never says 403 to this.
    Barred,
    /// It does not take the job now.
    Busy(String),
    /// It was restarted, and knows nothing of the job.
    Forgotten,
}

/// Has a page warmed, or joins a job that does it already.
pub(super) fn start(client: &Client, page: PageId) -> Result<Report, NoReport> {
    ask(client, &format!("/{page}/warm"))
}

/// Blocks until more than `seen` files of a job are settled, it is over, or some time has passed.
pub(super) fn follow(
    client: &Client,
    page: PageId,
    job: u64,
    seen: u64,
) -> Result<Report, NoReport> {
    match ask(client, &format!("/{page}/warm?job={job}&seen={seen}")) {
        Err(NoReport::Refused) => Err(NoReport::Forgotten), // it took us for an operator before
        other => other,
    }
}

fn ask(client: &Client, path: &str) -> Result<Report, NoReport> {
    let answer = client.post(path).map_err(NoReport::Unreachable)?;
    let strange = |why| NoReport::Unreachable(client.no_answer(why));
    match answer.status {
        200 | 202 => {
            Report::read(&answer.body).ok_or_else(|| strange("that is another program".to_owned()))
        }
        403 => Err(NoReport::Barred),
        404 => Err(NoReport::Refused),
        503 => Err(NoReport::Busy(problem_words(&answer.body))),
        other => Err(strange(format!("status {other}"))),
    }
}

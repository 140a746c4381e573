//! How far the warming of a page is, for programs.

use serde_json::json;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarmState {
    /// Confluence is asked which files the page has.
    Listing,
    /// They are fetched, or wait for their turn.
    Fetching,
    /// Each of them is settled.
    Done,
    /// It ended before that, for a reason.
    Failed,
    /// The service stopped before that.
    Stopped,
}

impl WarmState {
    /// Its word in JSON and in the log.
    pub fn word(self) -> &'static str {
        match self {
            WarmState::Listing => "listing",
            WarmState::Fetching => "fetching",
            WarmState::Done => "done",
            WarmState::Failed => "failed",
            WarmState::Stopped => "stopped",
        }
    }

    /// Whether nothing more comes.
    pub fn is_over(self) -> bool {
        match self {
            WarmState::Listing | WarmState::Fetching => false,
            WarmState::Done | WarmState::Failed | WarmState::Stopped => true,
        }
    }
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarmReport {
    /// Its number.
    pub job: u64,
    /// The number of its page.
    pub page: String,
    /// Where it stands.
    pub state: WarmState,
    /// Files of the page; 0 while that is not known.
    pub files: usize,
    /// Files that were fetched or confirmed, and are kept.
    pub kept: usize,
    /// Files that were fresh before.
    pub fresh: usize,
    /// Files that are too big to keep.
    pub too_big: usize,
    /// Files that could not be fetched.
    pub failed: usize,
    /// What those that are kept take together.
    pub bytes: u64,
    /// The names of those that are on their way.
    pub now: Vec<String>,
    /// The first files that could not be fetched, and why.
    pub failures: Vec<(String, String)>,
    /// Why it ended before its end.
    pub reason: Option<String>,
}

impl WarmReport {
    /// A job that begins.
    pub fn new(job: u64, page: String) -> WarmReport {
        WarmReport {
            job,
            page,
            state: WarmState::Listing,
            files: 0,
            kept: 0,
            fresh: 0,
            too_big: 0,
            failed: 0,
            bytes: 0,
            now: Vec::new(),
            failures: Vec::new(),
            reason: None,
        }
    }

    /// How many files are settled, one way or another.
    pub fn done(&self) -> usize {
        self.kept + self.fresh + self.too_big + self.failed
    }

    /// The report as JSON.
    pub fn json(&self) -> Vec<u8> {
        let failures = self
            .failures
            .iter()
            .map(|(name, reason)| json!({ "name": name, "reason": reason }));
        let report = json!({
            "job": self.job,
            "page_id": self.page,
            "state": self.state.word(),
            "files": self.files,
            "done": self.done(),
            "kept": self.kept,
            "fresh": self.fresh,
            "too_big": self.too_big,
            "failed": self.failed,
            "bytes": self.bytes,
            "now": self.now,
            "failures": failures.collect::<Vec<_>>(),
            "reason": self.reason,
        });
        let mut text = report.to_string().into_bytes();
        text.push(b'\n');
        text
    }
}

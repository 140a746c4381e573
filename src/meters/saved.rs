//! What the cache was good for.

use std::time::Duration;

/// What Confluence was spared since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// Attachments that were asked for.
    pub requests: u64,
    /// Of these, those for which Confluence was not asked: a fresh copy was there, or a download ran already.
    pub spared: u64,
    /// Whole downloads from Confluence.
    pub downloads: u64,
    /// Bytes of attachments sent to clients.
    pub sent: u64,
    /// Bytes of attachments received from Confluence.
    pub received: u64,
    /// Bytes of attachments sent beyond those that were fetched.
    pub bytes: u64,
    /// How long Confluence would have worked for what came from a fresh copy: each time as long as the fetch of that copy
    /// took.
    pub time: Duration,
}

impl Saved {
    /// Which part of all requests Confluence was spared; `None` before the first one.
    pub fn ratio(&self) -> Option<f64> {
        (0 < self.requests).then(|| self.spared as f64 / self.requests as f64)
    }
}

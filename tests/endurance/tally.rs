//! What has happened, counted.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Counts by kind, for all clients together.
#[derive(Default)]
pub struct Tally(Mutex<BTreeMap<String, u64>>);

impl Tally {
    /// One more of this kind.
    pub fn count(&self, kind: impl Into<String>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(kind.into()).or_default() += 1;
    }

    /// How many of all kinds that begin like this.
    pub fn of(&self, beginning: &str) -> u64 {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let these = counts
            .iter()
            .filter(|(kind, _)| kind.starts_with(beginning));
        these.map(|(_, count)| count).sum()
    }

    /// A line per kind.
    pub fn lines(&self) -> Vec<String> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|(kind, count)| format!("{count:>10}  {kind}"))
            .collect()
    }
}

//! What the sample Confluence was asked, for tests that count and compare.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// Exchanges that are kept: more than a test looks at, few enough that a bench of minutes does not fill the memory.
/// The oldest go first; they still count.
const EXCHANGES_MAX: usize = 4096;

/// One request and the status that it got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The method as it was written.
    pub method: String,
    /// The target as it was written, not decoded.
    pub target: String,
    /// Header fields in their order, names as they were written.
    pub headers: Vec<(String, String)>,
    /// Whether the media host took it, and not Confluence itself.
    pub media: bool,
    /// Which TCP connection, counted from 1 by each of the two.
    pub connection: u64,
    /// The status of the answer, which may still be on its way; 0: there is no HTTP answer.
    pub status: u16,
}

impl Exchange {
    /// The first header field of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// All exchanges, in order of arrival. Shared by all threads of the sample Confluence.
#[derive(Debug, Default)]
pub(super) struct Journal {
    state: Mutex<JournalState>,
    grown: Condvar,
}

#[derive(Debug, Default)]
struct JournalState {
    exchanges: VecDeque<Exchange>,
    count: usize,
    logins: usize,
}

impl Journal {
    pub(super) fn note(&self, exchange: Exchange) {
        let is_login = exchange.header("Authorization").is_some();
        let mut state = self.state.lock().expect("no holder panics");
        if state.exchanges.len() == EXCHANGES_MAX {
            state.exchanges.pop_front();
        }
        state.exchanges.push_back(exchange);
        state.count += 1;
        state.logins += usize::from(is_login);
        drop(state);
        self.grown.notify_all();
    }

    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        let state = self.state.lock().expect("no holder panics");
        state.exchanges.iter().cloned().collect()
    }

    pub(super) fn count(&self) -> usize {
        self.state.lock().expect("no holder panics").count
    }

    /// How many exchanges carried an `Authorization` field.
    pub(super) fn logins(&self) -> usize {
        self.state.lock().expect("no holder panics").logins
    }

    pub(super) fn wait_for(&self, n: usize, deadline: Duration) -> bool {
        let state = self.state.lock().expect("no holder panics");
        let (_state, waited) = self
            .grown
            .wait_timeout_while(state, deadline, |state| state.count < n)
            .expect("no holder panics");
        !waited.timed_out()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_exchanges_go_and_still_count() {
        let journal = Journal::default();
        for number in 0..EXCHANGES_MAX + 5 {
            journal.note(Exchange {
                method: "GET".to_owned(),
                target: format!("/{number}"),
                headers: Vec::new(),
                media: false,
                connection: 1,
                status: 200,
            });
        }
        assert_eq!(journal.count(), EXCHANGES_MAX + 5);
        assert_eq!(journal.exchanges().len(), EXCHANGES_MAX);
        assert_eq!(journal.exchanges()[0].target, "/5");
    }
}

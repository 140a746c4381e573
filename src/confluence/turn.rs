//! One turn at Confluence: whoever the guard has let pass tells it once what came of it, even in a panic, because
//! others may wait for that.

use std::sync::Arc;
use std::time::Instant;

use super::client::Confluence;
use super::error::UpstreamError;
use super::guard::{Change, Credit};
use super::line::{Line, Login};
use super::news::News;

/// Somebody tests the login of a line; if he panics, those who wait for him go on.
pub(super) struct Testing<'a> {
    client: &'a Confluence,
    line: &'a Arc<Line>,
    told: bool,
}

impl<'a> Testing<'a> {
    pub(super) fn new(client: &'a Confluence, line: &'a Arc<Line>) -> Testing<'a> {
        Testing {
            client,
            line,
            told: false,
        }
    }

    /// Tells the guard how the test has ended, and the account's keeper what is new; nobody, if another account has come
    /// into force meanwhile, whose own test has told them.
    pub(super) fn tell(&mut self, login: &Result<Login, UpstreamError>) {
        self.told = true;
        let shared = &self.client.shared;
        let proof = login.as_ref().map(Login::proof).map_err(Clone::clone);
        let mut guard = shared.guard();
        if !shared.is_in_force(self.line) {
            return;
        }
        let change = guard.tested(&proof, Instant::now());
        drop(guard);
        shared.heard.notify_all();
        match login {
            Ok(login) => shared.announce(News::Accepted(login.clone())),
            Err(error) => shared.announce_shut(change, Some(error)),
        }
    }
}

impl Drop for Testing<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.tell(&Err(UpstreamError::Interrupted));
        }
    }
}

/// A question may go out on `line`, while all others wait if it goes `alone`. Its answer, or that there is none, is
/// told to the guard once.
pub(super) struct Telling<'a> {
    client: &'a Confluence,
    pub(super) line: Arc<Line>,
    pub(super) alone: bool,
    told: bool,
}

impl Telling<'_> {
    pub(super) fn new(client: &Confluence, alone: bool) -> Telling<'_> {
        Telling {
            client,
            line: client.shared.line(),
            alone,
            told: false,
        }
    }

    /// `None`: what was asked as another account says nothing about the one in force.
    pub(super) fn tell(
        &mut self,
        error: Option<&UpstreamError>,
        is_marked: bool,
    ) -> Option<Change> {
        self.told = true;
        let shared = &self.client.shared;
        let mut guard = shared.guard();
        if !shared.is_in_force(&self.line) {
            return None;
        }
        let credit = match (is_marked, self.line.is_quiet) {
            (false, _) => Credit::Strange,
            (true, true) => Credit::Quiet,
            (true, false) => Credit::Full,
        };
        let change = guard.heard(error, credit, self.alone, Instant::now());
        drop(guard);
        if self.alone || change == Change::Shut {
            shared.heard.notify_all();
        }
        shared.announce_shut(change, error);
        Some(change)
    }
}

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.tell(Some(&UpstreamError::Interrupted), true);
        }
    }
}

//! Confluence as the rest of the house sees it: every question passes the guard, on the line that is in force.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use ureq::Agent;

use super::address::Question;
use super::error::{Phase, SetupError, UpstreamError};
use super::guard::{Admission, Change, Guard, Standing};
use super::line::{Answered, Line, Login};
use super::memory::Memory;
use super::news::{News, ReplaceError, Trouble};
use super::resolver;
use crate::config::ConfluenceConfig;

/// What a waiting request is granted beyond the time that one login test may take.
const MARGIN: Duration = Duration::from_secs(1);

/// News that may wait to be taken; what does not fit is old when somebody comes.
const NEWS_MAX: usize = 16;

/// Agents of replaced lines whose downloads may still run, two for each: a secret changes a few times a year.
const RETIRED_MAX: usize = 16;

/// Confluence, seen through the one account. Clones share connections, cookies, account and guard.
#[derive(Clone)]
pub struct Confluence {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    line: Mutex<Arc<Line>>,
    guard: Mutex<Guard>,
    /// Somebody has told the guard something that others may wait for.
    heard: Condvar,
    /// How long a request waits for the login test of another one.
    patience: Duration,
    lookup: resolver::Lookup,
    interrupted: Arc<AtomicBool>,
    /// Agents whose calls must end with [`Confluence::interrupt`] besides that of the line in force.
    retired: Mutex<Vec<Agent>>,
    news: Sender<News>,
    pub(super) memory: Memory,
}

impl Confluence {
    /// Prepares everything; opens no connection. Reads the system's trusted certificates for an https address. The
    /// receiver gets the news of the account.
    ///
    /// # Errors
    /// One [`SetupError`] per setting that cannot work; the service does not start.
    pub fn new(settings: &ConfluenceConfig) -> Result<(Confluence, Receiver<News>), SetupError> {
        let (lookup, interrupted) = (resolver::system(), Arc::<AtomicBool>::default());
        let line = Line::new(settings, lookup.clone(), interrupted.clone())?;
        Ok(Confluence::over(line, settings, lookup, interrupted))
    }

    /// Builds everything around a line.
    pub(super) fn over(
        line: Line,
        settings: &ConfluenceConfig,
        lookup: resolver::Lookup,
        interrupted: Arc<AtomicBool>,
    ) -> (Confluence, Receiver<News>) {
        let (news, receiver) = bounded(NEWS_MAX);
        let shared = Shared {
            line: Mutex::new(Arc::new(line)),
            guard: Mutex::new(Guard::new()),
            heard: Condvar::new(),
            patience: settings.connect_timeout + settings.read_timeout + MARGIN,
            lookup,
            interrupted,
            retired: Mutex::default(),
            news,
            memory: Memory::new(),
        };
        let shared = Arc::new(shared);
        (Confluence { shared }, receiver)
    }

    /// Makes sure that the account has been tested, and tests it if nobody has. Blocks for as long as that takes.
    ///
    /// # Errors
    /// The refusal, or why the test came to nothing.
    pub fn prove(&self) -> Result<(), UpstreamError> {
        let mut guard = self.shared.guard();
        if *guard.standing() != (Standing::Unproven { testing: false }) {
            return Ok(());
        }
        match guard.admit(Instant::now()) {
            Admission::Test => {
                drop(guard);
                self.test().map(|_| ())
            }
            Admission::Stop(error) => Err(error),
            Admission::Go | Admission::Alone | Admission::Wait => Ok(()),
        }
    }

    /// Tests the account once, now, whatever the guard says: somebody wants to know, or its pause is over. Blocks for
    /// as long as that takes.
    ///
    /// # Errors
    /// The refusal, or why the test came to nothing.
    pub fn test(&self) -> Result<Login, UpstreamError> {
        let mut testing = Testing(Some(self));
        let login = self.shared.line().test();
        testing.0 = None;
        self.take_in(&login);
        login
    }

    /// Tests the account of other settings once, and puts it into force if it is not refused. Blocks for as long as
    /// that takes. What is under way as the old account goes on.
    ///
    /// # Errors
    /// [`ReplaceError`]; then everything is as it was.
    pub fn replace(&self, settings: &ConfluenceConfig) -> Result<Login, ReplaceError> {
        let shared = &self.shared;
        let line = Line::new(settings, shared.lookup.clone(), shared.interrupted.clone())?;
        let login = line.test()?;
        let old = std::mem::replace(&mut *lock(&shared.line), Arc::new(line));
        let mut retired = lock(&shared.retired);
        if RETIRED_MAX <= retired.len() {
            retired.drain(..2);
        }
        retired.extend([old.agent.clone(), old.media.agent.clone()]);
        drop(retired);
        shared.memory.clear();
        shared.guard().replaced(login.proof(), Instant::now());
        shared.heard.notify_all();
        Ok(login)
    }

    /// What is wrong with Confluence, or between it and us; `None` if the last question got an answer, or if nobody has
    /// asked anything yet.
    pub fn trouble(&self) -> Option<Trouble> {
        let guard = self.shared.guard();
        match guard.standing() {
            Standing::Refused(shut) => Some(Trouble::Shut {
                why: shut.why.clone(),
                next_test: shut.next_test,
            }),
            Standing::Unproven { .. } | Standing::Trial { .. } | Standing::Good => {
                guard.trouble().cloned().map(Trouble::Unanswered)
            }
        }
    }

    /// What is left of the pause that Confluence has asked for; `None` without one.
    pub fn pause(&self) -> Option<Duration> {
        self.shared.guard().pause_left(Instant::now())
    }

    /// Forgets what was looked up: pages, spaces, the numbers of attachments.
    pub fn forget(&self) {
        self.shared.memory.clear();
    }

    /// Takes the account for accepted, whatever was before: for tests of what comes after a login.
    #[cfg(test)]
    pub(super) fn pardon(&self) {
        self.pardoned(Instant::now());
    }

    /// The same, long ago or just now.
    #[cfg(test)]
    pub(super) fn pardoned(&self, when: Instant) {
        self.shared
            .guard()
            .replaced(super::guard::Proof::Known, when);
    }

    /// Ends every call under way with [`UpstreamError::Interrupted`], and all later ones. A connection attempt or
    /// name resolution under way ends by its own time limit.
    pub fn interrupt(&self) {
        let shared = &self.shared;
        shared.interrupted.store(true, Ordering::Relaxed);
        shared.heard.notify_all();
        let line = shared.line();
        for agent in lock(&shared.retired)
            .iter()
            .chain([&line.agent, &line.media.agent])
        {
            agent.clone().shutdown();
        }
    }

    /// Asks one question as the account, when the guard lets it pass.
    pub(super) fn ask(&self, question: &Question<'_>) -> Result<Answered, UpstreamError> {
        let mut telling = self.admit()?;
        let answered = telling.line.ask(question);
        let change = telling.tell(answered.as_ref().err());
        if change == Change::Doubt {
            // Tests the login: if that fails, the answer is not to be believed. A turn to ask is given back at once.
            drop(self.admit()?);
        }
        answered
    }

    /// Takes in what a host said that is not asked as the account: a pause is one for everybody.
    pub(super) fn note_pause(&self, error: &UpstreamError) {
        self.shared.guard().note_pause(error, Instant::now());
    }

    /// Waits until a question may be asked.
    fn admit(&self) -> Result<Telling<'_>, UpstreamError> {
        let shared = &self.shared;
        let until = Instant::now() + shared.patience;
        let mut guard = shared.guard();
        let tests = guard.tests();
        loop {
            let now = Instant::now();
            if shared.interrupted.load(Ordering::Relaxed) {
                return Err(UpstreamError::Interrupted);
            }
            match guard.admit(now) {
                Admission::Go => return Ok(Telling::new(self, false)),
                Admission::Alone => return Ok(Telling::new(self, true)),
                Admission::Stop(error) => return Err(error),
                Admission::Test => {
                    drop(guard);
                    self.test()?;
                    guard = shared.guard();
                }
                Admission::Wait if until <= now => {
                    return Err(UpstreamError::TimedOut { phase: Phase::Head });
                }
                Admission::Wait => {
                    let wait = until.saturating_duration_since(now);
                    guard = shared
                        .heard
                        .wait_timeout(guard, wait)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0;
                    // The test that this one waited for came to nothing: the same would happen again.
                    if guard.tests() != tests
                        && let Some(failure) = guard.failure()
                    {
                        return Err(failure.clone());
                    }
                }
            }
        }
    }

    /// Tells the guard how a login test has ended, and the account's keeper what is new.
    fn take_in(&self, login: &Result<Login, UpstreamError>) {
        let proof = login.as_ref().map(Login::proof).map_err(Clone::clone);
        let change = self.shared.guard().tested(&proof, Instant::now());
        self.shared.heard.notify_all();
        match login {
            Ok(login) => self.shared.announce(News::Accepted(login.clone())),
            Err(error) => self.shared.announce_shut(change, Some(error)),
        }
    }
}

impl Shared {
    pub(super) fn line(&self) -> Arc<Line> {
        lock(&self.line).clone()
    }

    fn guard(&self) -> MutexGuard<'_, Guard> {
        lock(&self.guard)
    }

    fn announce_shut(&self, change: Change, error: Option<&UpstreamError>) {
        if let (Change::Shut, Some(UpstreamError::Refused(why))) = (change, error) {
            self.announce(News::Shut(why.clone()));
        }
    }

    fn announce(&self, news: News) {
        let _ = self.news.try_send(news); // nobody listens any more, or he has enough to do
    }
}

/// Every change behind these locks is one assignment, or made of steps that do not panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Somebody tests the login; if he panics, those who wait for him go on.
struct Testing<'a>(Option<&'a Confluence>);

impl Drop for Testing<'_> {
    fn drop(&mut self) {
        if let Some(client) = self.0 {
            client.take_in(&Err(UpstreamError::Interrupted));
        }
    }
}

/// A question may go out on `line`, while all others wait if it goes `alone`. Its answer, or that there is none, is
/// told to the guard once.
struct Telling<'a> {
    client: &'a Confluence,
    line: Arc<Line>,
    alone: bool,
    told: bool,
}

impl Telling<'_> {
    fn new(client: &Confluence, alone: bool) -> Telling<'_> {
        Telling {
            client,
            line: client.shared.line(),
            alone,
            told: false,
        }
    }

    fn tell(&mut self, error: Option<&UpstreamError>) -> Change {
        self.told = true;
        let shared = &self.client.shared;
        // What was asked as another account says nothing about this one.
        if !Arc::ptr_eq(&self.line, &shared.line()) {
            return Change::None;
        }
        let quiet = self.line.is_quiet;
        let change = shared
            .guard()
            .heard(error, quiet, self.alone, Instant::now());
        if self.alone || change == Change::Shut {
            shared.heard.notify_all();
        }
        shared.announce_shut(change, error);
        change
    }
}

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.tell(Some(&UpstreamError::Interrupted));
        }
    }
}

impl fmt::Debug for Confluence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Confluence")
            .field("line", &self.shared.line())
            .finish_non_exhaustive()
    }
}

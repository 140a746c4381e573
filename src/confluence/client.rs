//! Confluence as the rest of the house sees it: every question passes the guard, on the line that is in force.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use ureq::Agent;

use super::address::Question;
use super::counting;
use super::error::{Phase, SetupError, UpstreamError};
use super::guard::{Admission, Change, Guard, Standing};
use super::line::{Answered, Line, Login};
use super::memory::Memory;
use super::news::{News, ReplaceError, Trouble};
use super::resolver;
use super::turn::{Telling, Testing};
use crate::config::ConfluenceConfig;
use crate::meters::{self, UpstreamMeter};

/// What a waiting request is granted beyond the time that one login test may take.
const MARGIN: Duration = Duration::from_secs(1);

/// News that may wait to be taken; what does not fit is old when somebody comes.
const NEWS_MAX: usize = 16;

/// Agents of other lines than that in force, two for each: a secret changes a few times a year.
const OTHERS_MAX: usize = 16;

/// Confluence, seen through the one account. Clones share connections, cookies, account and guard.
#[derive(Clone)]
pub struct Confluence {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    line: Mutex<Arc<Line>>,
    guard: Mutex<Guard>,
    /// Somebody has told the guard something that others may wait for.
    pub(super) heard: Condvar,
    /// How long a request waits for the login test of another one.
    patience: Duration,
    lookup: resolver::Lookup,
    interrupted: Arc<AtomicBool>,
    /// Agents whose calls must end with [`Confluence::interrupt`] besides those of the line in force: of lines that are
    /// being tested, and of former ones whose downloads may still run.
    others: Mutex<Vec<Agent>>,
    news: Sender<News>,
    pub(super) memory: Memory,
    meter: Arc<UpstreamMeter>,
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
            others: Mutex::default(),
            news,
            memory: Memory::new(),
            meter: Arc::default(),
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

    /// Tests the account once, whatever the guard says: somebody wants to know, or its rest is over. Blocks for as long
    /// as that takes.
    ///
    /// # Errors
    /// The refusal, or why the test came to nothing; [`UpstreamError::Paused`] while Confluence wants to be left alone.
    pub fn retest(&self) -> Result<Login, UpstreamError> {
        match self.pause() {
            Some(retry_after) => Err(UpstreamError::Paused { retry_after }),
            None => self.test(),
        }
    }

    /// Tests the account, because the guard or its keeper has said so.
    fn test(&self) -> Result<Login, UpstreamError> {
        let line = self.shared.line();
        let mut testing = Testing::new(self, &line);
        let login = self.shared.timed(meters::Question::Login, || line.test());
        testing.tell(&login);
        login
    }

    /// Tests the account of other settings once, and puts it into force if it is not refused. Blocks for as long as
    /// that takes. What is under way as the old account goes on.
    ///
    /// # Errors
    /// [`ReplaceError`]; then everything is as it was.
    pub fn replace(&self, settings: &ConfluenceConfig) -> Result<Login, ReplaceError> {
        let shared = &self.shared;
        if let Some(retry_after) = self.pause() {
            return Err(UpstreamError::Paused { retry_after }.into());
        }
        let line = Line::new(settings, shared.lookup.clone(), shared.interrupted.clone())?;
        shared.remember(&line); // a stop must reach it while it is tested
        let login = shared
            .timed(meters::Question::Login, || line.test())
            .inspect_err(|error| shared.guard().missed(error))?;
        shared.remember(&shared.line()); // and the old one while its downloads run
        let mut guard = shared.guard();
        *lock(&shared.line) = Arc::new(line);
        guard.replaced(login.proof(), Instant::now());
        drop(guard);
        shared.memory.clear();
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

    /// Whether Confluence has let the account in, and nothing has made that doubtful since.
    pub fn is_accepted(&self) -> bool {
        *self.shared.guard().standing() == Standing::Good
    }

    /// What is left of the pause that Confluence has asked for; `None` without one.
    pub fn pause(&self) -> Option<Duration> {
        self.shared.guard().pause_left(Instant::now())
    }

    /// What is counted of the questions.
    pub fn meter(&self) -> Arc<UpstreamMeter> {
        self.shared.meter.clone()
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
        for agent in lock(&shared.others)
            .iter()
            .chain([&line.agent, &line.media.agent])
        {
            agent.clone().shutdown();
        }
    }

    /// Asks one question as the account, when the guard lets it pass.
    pub(super) fn ask(&self, question: &Question<'_>) -> Result<Answered, UpstreamError> {
        let mut again = true;
        loop {
            let mut telling = self.admit()?;
            let mut is_marked = true;
            let answered = self.shared.timed(counting::kind(question), || {
                let reply = telling.line.ask(question);
                is_marked = reply.is_marked;
                reply.answered
            });
            let change = telling.tell(answered.as_ref().err(), is_marked);
            let status = match &answered {
                // Asked as an account that is no longer in force, which may have seen less than the new one does.
                Err(
                    UpstreamError::NotFound | UpstreamError::Forbidden | UpstreamError::Refused(_),
                ) if change.is_none() && again => {
                    again = false;
                    continue;
                }
                Err(UpstreamError::NotFound) => 404,
                Err(UpstreamError::Forbidden) => 403,
                Ok(_) | Err(_) => return answered,
            };
            let is_alone = match change {
                // Tests the login: if that fails, the answer is not to be believed. The turn is given back at once.
                Some(Change::Doubt) => self.admit()?.alone,
                Some(Change::None | Change::Shut) | None => telling.alone,
            };
            // Neither the answer nor a login test shows that Confluence has been there at all.
            return match is_alone && !is_marked {
                true => Err(UpstreamError::Odd { status }),
                false => answered,
            };
        }
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
}

impl Shared {
    /// Whether questions are asked on this line. Who acts on it holds the guard, under which lines are replaced.
    pub(super) fn is_in_force(&self, line: &Arc<Line>) -> bool {
        Arc::ptr_eq(line, &self.line())
    }

    /// Asks, and counts what was asked, how long it took and what came of it.
    pub(super) fn timed<T>(
        &self,
        question: meters::Question,
        ask: impl FnOnce() -> Result<T, UpstreamError>,
    ) -> Result<T, UpstreamError> {
        let began = Instant::now();
        let answered = ask();
        let answer = counting::answer(answered.as_ref().err());
        self.meter.asked(question, answer, began.elapsed());
        answered
    }

    /// Notes the agents of a line for a stop.
    fn remember(&self, line: &Line) {
        let mut others = lock(&self.others);
        if OTHERS_MAX <= others.len() {
            others.drain(..2);
        }
        others.extend([line.agent.clone(), line.media.agent.clone()]);
    }

    pub(super) fn line(&self) -> Arc<Line> {
        lock(&self.line).clone()
    }

    pub(super) fn guard(&self) -> MutexGuard<'_, Guard> {
        lock(&self.guard)
    }

    pub(super) fn announce_shut(&self, change: Change, error: Option<&UpstreamError>) {
        if let (Change::Shut, Some(UpstreamError::Refused(why))) = (change, error) {
            self.announce(News::Shut(why.clone()));
        }
    }

    pub(super) fn announce(&self, news: News) {
        let _ = self.news.try_send(news); // nobody listens any more, or he has enough to do
    }
}

/// Every change behind these locks is one assignment, or made of steps that do not panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Confluence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Confluence")
            .field("line", &self.shared.line())
            .finish_non_exhaustive()
    }
}

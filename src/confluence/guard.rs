//! The account guard (pure): whether a request may go to Confluence now.
//!
//! Three failed logins put an account behind a CAPTCHA, and then even the right password is refused until a human logs
//! in. So a login is tested once, by whoever comes first, while all others wait; the first refusal shuts the guard for
//! everybody; and a refused account is tried again only after a long pause, or when somebody has done something about
//! it. When the same secret has failed twice, only somebody can have it tried a third time. The same place holds the
//! pause that Confluence itself asks for with `Retry-After`.

use std::time::{Duration, Instant};

use super::error::{Phase, Refusal, UpstreamError};

/// Until the first test of a refused account whose secret has not changed: long enough for a human to have noticed.
const FIRST_TEST: Duration = Duration::from_secs(15 * 60);

/// Between later tests of an account whose refusals Confluence does not count: twice a day.
const LATER_TESTS: Duration = Duration::from_secs(12 * 3600);

/// Failed logins of the account that Confluence counts, before the service tries it no more by itself: the third
/// one locks the account.
const FAILED_LOGINS_MAX: u32 = 2;

/// For how long an accepted login vouches for answers that would look the same if the account were silently anonymous.
const PROOF_HOLDS: Duration = Duration::from_secs(60);

/// For how long it vouches for Confluence being there at all.
const PRESENCE_HOLDS: Duration = Duration::from_secs(5);

/// Files refused with 403 one after the other, none granted between, before the account itself is doubted.
const FORBIDDEN_MAX: u32 = 5;

/// After the first login test that was never answered, before the next one: Confluence may have judged the login, and
/// the answer was only lost. Each further one quadruples it, up to [`FIRST_TEST`].
const UNANSWERED_REST: Duration = Duration::from_secs(15);

/// What a client is told at most to wait for while the guard is shut, in seconds.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// How the account stands with Confluence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody knows yet; `testing` while somebody finds out.
    Unproven { testing: bool },
    /// The login cannot be tested, so files prove it, one request at a time; `busy` while one is out.
    Trial { busy: bool },
    /// It was accepted.
    Good,
    /// It was refused, and nothing is asked.
    Refused(Shut),
}

/// A guard that is shut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shut {
    /// How Confluence refused the account.
    pub(super) why: Refusal,
    /// When the account is tested again without anybody having done something about it; `None` is never.
    pub(super) next_test: Option<Instant>,
}

/// What whoever wants to ask something has to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Ask.
    Go,
    /// Test the login first, and tell with [`Guard::tested`]; all others wait for that.
    Test,
    /// Ask and tell with [`Guard::heard`]; all others wait for that.
    Alone,
    /// Wait until somebody else has told something.
    Wait,
    /// Ask nothing: this is the answer.
    Stop(UpstreamError),
}

/// How a login test ended that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// The account is known to Confluence.
    Known,
    /// This Confluence does not say.
    Unclear,
}

/// How far a "not there" or "not for you" is believed by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credit {
    /// It is Confluence's, which would have refused a wrong secret.
    Full,
    /// It is Confluence's, but a wrong secret is taken for none, without an error, and then everything looks like that.
    Quiet,
    /// Nothing shows that it is Confluence's, and not that of something before it or in its place.
    Strange,
}

/// What an answer has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing that matters to others.
    None,
    /// The guard has just shut.
    Shut,
    /// The answer may mean that the account has become anonymous: it must be proved again before that is believed.
    Doubt,
}

/// All that the guard knows.
#[derive(Debug)]
pub(super) struct Guard {
    standing: Standing,
    /// When the account was last accepted.
    proven: Option<Instant>,
    paused_until: Option<Instant>,
    forbidden: u32,
    /// Failed logins of the account, none accepted between, that Confluence counts. Those that were under way together
    /// are one here.
    failed_logins: u32,
    /// Login tests without an answer, one after the other, and until when the next one waits.
    unanswered: u32,
    rests_until: Option<Instant>,
    /// Why the last login test came to nothing, for those who waited for it.
    failure: Option<UpstreamError>,
    /// Why the last question of all got no answer, for those who watch.
    trouble: Option<UpstreamError>,
    /// Login tests that have ended.
    tests: u64,
}

impl Guard {
    /// A guard that knows nothing of the account.
    pub(super) fn new() -> Guard {
        Guard {
            standing: Standing::Unproven { testing: false },
            proven: None,
            paused_until: None,
            forbidden: 0,
            failed_logins: 0,
            unanswered: 0,
            rests_until: None,
            failure: None,
            trouble: None,
            tests: 0,
        }
    }

    pub(super) fn standing(&self) -> &Standing {
        &self.standing
    }

    /// How many login tests have ended: who waits for one notes this before.
    pub(super) fn tests(&self) -> u64 {
        self.tests
    }

    /// Why the last login test came to nothing; `None` if it brought a result.
    pub(super) fn failure(&self) -> Option<&UpstreamError> {
        self.failure.as_ref()
    }

    /// Why the last question got no answer; `None` if it got one, or if nothing was asked yet.
    pub(super) fn trouble(&self) -> Option<&UpstreamError> {
        self.trouble.as_ref()
    }

    /// What to do before asking Confluence something as the account.
    pub(super) fn admit(&mut self, now: Instant) -> Admission {
        if let Some(left) = self.pause_left(now) {
            return Admission::Stop(UpstreamError::Paused { retry_after: left });
        }
        match &mut self.standing {
            Standing::Good => Admission::Go,
            Standing::Refused(shut) => Admission::Stop(UpstreamError::Guarded {
                why: shut.why.clone(),
                retry_after: wait_of(shut, now),
            }),
            Standing::Unproven { testing: false }
                if self.rests_until.is_some_and(|until| now < until) =>
            {
                let silent = UpstreamError::TimedOut { phase: Phase::Head };
                Admission::Stop(self.failure.clone().unwrap_or(silent))
            }
            Standing::Unproven { testing: false } => {
                self.standing = Standing::Unproven { testing: true };
                Admission::Test
            }
            Standing::Trial { busy: false } => {
                self.standing = Standing::Trial { busy: true };
                Admission::Alone
            }
            Standing::Unproven { testing: true } | Standing::Trial { busy: true } => {
                Admission::Wait
            }
        }
    }

    /// Takes the result of a login test in.
    pub(super) fn tested(&mut self, result: &Result<Proof, UpstreamError>, now: Instant) -> Change {
        self.tests += 1;
        self.failure = None;
        self.note_trouble(result.as_ref().err());
        match result {
            Ok(Proof::Known) => {
                self.accept(now);
                Change::None
            }
            Ok(Proof::Unclear) => {
                self.standing = Standing::Trial { busy: false };
                Change::None
            }
            Err(UpstreamError::Refused(why)) => self.refuse(why, true, now),
            Err(error) => {
                self.note_pause(error, now);
                self.failure = Some(error.clone());
                let is_silent = matches!(error, UpstreamError::TimedOut { .. });
                if is_silent {
                    self.rest(now);
                }
                match &mut self.standing {
                    Standing::Refused(shut) => {
                        let pause = if is_silent { LATER_TESTS } else { FIRST_TEST };
                        shut.next_test = shut.next_test.map(|_| now + pause);
                    }
                    Standing::Unproven { .. } | Standing::Trial { .. } | Standing::Good => {
                        self.standing = Standing::Unproven { testing: false };
                    }
                }
                Change::None
            }
        }
    }

    /// Takes the answer to any other question in; `None` is a good one. `alone` is whether [`Admission::Alone`] had been
    /// said.
    pub(super) fn heard(
        &mut self,
        error: Option<&UpstreamError>,
        credit: Credit,
        alone: bool,
        now: Instant,
    ) -> Change {
        self.note_trouble(error);
        if alone && self.standing == (Standing::Trial { busy: true }) {
            self.standing = Standing::Trial { busy: false };
        }
        match error {
            None => {
                self.forbidden = 0;
                self.settle(alone, now);
                Change::None
            }
            Some(UpstreamError::Refused(why)) => self.refuse(why, false, now),
            Some(UpstreamError::NotFound) => {
                if credit == Credit::Full {
                    self.forbidden = 0;
                    self.settle(alone, now);
                }
                self.doubt(credit, now)
            }
            Some(UpstreamError::Forbidden) => {
                self.forbidden += 1;
                match credit {
                    Credit::Full if FORBIDDEN_MAX <= self.forbidden => {
                        self.doubt(Credit::Quiet, now)
                    }
                    credit => self.doubt(credit, now),
                }
            }
            Some(error) => {
                self.note_pause(error, now);
                Change::None
            }
        }
    }

    /// Another secret of the account was tried while the guard is shut, and came to `error`: Confluence counts its failed
    /// login among those of the one in force.
    pub(super) fn missed(&mut self, error: &UpstreamError) {
        if let (Standing::Refused(shut), UpstreamError::Refused(why)) = (&mut self.standing, error)
            && why.is_counted()
        {
            self.failed_logins += 1;
            shut.next_test = shut
                .next_test
                .filter(|_| self.failed_logins < FAILED_LOGINS_MAX);
        }
    }

    /// Another secret is in force, and was accepted if `proof` says so.
    pub(super) fn replaced(&mut self, proof: Proof, now: Instant) {
        self.tests += 1;
        self.failure = None;
        self.trouble = None;
        self.failed_logins = 0;
        self.unanswered = 0;
        self.rests_until = None;
        match proof {
            Proof::Known => self.accept(now),
            Proof::Unclear => self.standing = Standing::Trial { busy: false },
        }
    }

    fn accept(&mut self, now: Instant) {
        self.standing = Standing::Good;
        self.proven = Some(now);
        self.forbidden = 0;
        self.failed_logins = 0;
        self.unanswered = 0;
        self.rests_until = None;
    }

    /// Lets a Confluence that hangs rest before its login is tested again.
    fn rest(&mut self, now: Instant) {
        let factor = 4_u32.saturating_pow(self.unanswered.min(8));
        self.unanswered += 1;
        self.rests_until = Some(now + (UNANSWERED_REST * factor).min(FIRST_TEST));
    }

    /// A request that went alone has shown that the account is good.
    fn settle(&mut self, alone: bool, now: Instant) {
        if alone && matches!(self.standing, Standing::Trial { .. }) {
            self.accept(now);
        }
    }

    fn refuse(&mut self, why: &Refusal, is_test: bool, now: Instant) -> Change {
        let (pause, change) = match &self.standing {
            Standing::Refused(_) if is_test => (LATER_TESTS, Change::None),
            // It was under way when the guard shut: late news.
            Standing::Refused(_) => return Change::None,
            Standing::Unproven { .. } | Standing::Trial { .. } | Standing::Good => {
                (FIRST_TEST, Change::Shut)
            }
        };
        if why.is_counted() {
            self.failed_logins += 1;
        }
        // An account whose next failed login would lock it is left alone.
        let may_test = self.failed_logins < FAILED_LOGINS_MAX;
        self.standing = Standing::Refused(Shut {
            why: why.clone(),
            next_test: may_test.then(|| now + pause),
        });
        self.proven = None;
        self.forbidden = 0;
        change
    }

    fn doubt(&mut self, credit: Credit, now: Instant) -> Change {
        let holds = match credit {
            Credit::Full => return Change::None,
            Credit::Quiet => PROOF_HOLDS,
            Credit::Strange => PRESENCE_HOLDS,
        };
        if self.proven.is_some_and(|proven| now < proven + holds) {
            return Change::None;
        }
        match self.standing {
            Standing::Good => {
                self.standing = Standing::Unproven { testing: false };
                Change::Doubt
            }
            // Somebody else had the same doubt first: the test that he has caused, or its result, is for all.
            Standing::Unproven { .. } | Standing::Refused(_) => Change::Doubt,
            Standing::Trial { .. } => Change::None,
        }
    }

    /// That a file is not there, not for the account, or not good, is an answer.
    fn note_trouble(&mut self, error: Option<&UpstreamError>) {
        match error {
            Some(error) if error.is_of_one_file() => self.trouble = None,
            Some(UpstreamError::Interrupted) => {}
            other => self.trouble = other.cloned(),
        }
    }

    /// Takes in that a pause was asked for, if that is what `error` says.
    pub(super) fn note_pause(&mut self, error: &UpstreamError, now: Instant) {
        if let UpstreamError::Busy { retry_after } = error {
            let until = now + *retry_after;
            self.paused_until = Some(self.paused_until.map_or(until, |other| other.max(until)));
        }
    }

    /// What is left of the pause that Confluence asked for, at least a second.
    pub(super) fn pause_left(&self, now: Instant) -> Option<Duration> {
        let left = self.paused_until?.checked_duration_since(now)?;
        (!left.is_zero()).then(|| left.max(Duration::from_secs(1)))
    }
}

fn wait_of(shut: &Shut, now: Instant) -> Duration {
    let left = |test: Instant| test.saturating_duration_since(now);
    let left = shut.next_test.map_or(RETRY_AFTER_MAX, left);
    left.clamp(Duration::from_secs(1), RETRY_AFTER_MAX)
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;

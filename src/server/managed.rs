//! What the server does for the service manager: it says how it goes, and finds out whether it lives.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use log::warn;

use crate::confluence::Confluence;
use crate::gate::Gates;
use crate::systemd::{Account, Figures, Manager, Pulse, status_line};
use crate::worker::{self, Desk, Turns};

/// How often the line about the state is renewed at most, as long as the account stands as it did.
const STATUS_EVERY: Duration = Duration::from_secs(10);

/// How often to look whether the account still does.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a stop may take beside its delay and its drain: the last lines of the access log, downloads that do not end, and a
/// machine that is busy with stopping everything else.
const STOP_BESIDE: Duration = Duration::from_secs(15);

/// What follows when something hangs.
const REMEDY: &str = "if that lasts, the service manager kills the service and starts it again";

/// The service as its manager sees it.
pub(super) struct Managed {
    manager: Manager,
    address: SocketAddr,
    pulse: Pulse,
    /// Where gates send their number when their probe is back.
    back: Sender<usize>,
    returned: Receiver<usize>,
    stage: Stage,
    /// How far the lookup workers were at the last round.
    turns: Turns,
    said: Option<Said>,
}

/// What the service has said of itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nobody was promised an answer yet: the first round is not complete.
    Starting,
    /// Clients are served.
    Ready,
    /// They are, but not for long.
    Leaving,
}

/// What was said last of how it goes.
struct Said {
    at: Instant,
    account: Account,
    line: String,
}

impl Managed {
    pub(super) fn new(manager: Manager, address: SocketAddr, gates: &Gates) -> Managed {
        let (back, returned) = bounded(gates.count()); // one of each is on its way
        let pulse = Pulse::new(manager.watchdog(), Instant::now());
        Managed {
            manager,
            address,
            pulse,
            back,
            returned,
            stage: Stage::Starting,
            turns: Turns::default(),
            said: None,
        }
    }

    /// Gates whose probe is back, for [`Managed::hear`].
    pub(super) fn returned(&self) -> Receiver<usize> {
        self.returned.clone()
    }

    /// A probe is back. The first complete round says that clients are served, later ones are signs of life.
    pub(super) fn hear(&mut self, gate: usize, desk: &Desk) {
        if !self.pulse.ends(gate) {
            return;
        }
        let turns = desk.vigil.turns();
        let is_anyone_stuck = worker::is_anyone_stuck(&self.turns, &turns);
        self.turns = turns;
        if self.stage == Stage::Starting {
            self.stage = Stage::Ready;
            self.manager.ready();
        } else if is_anyone_stuck {
            warn!("a lookup worker gets no further; {REMEDY}");
        } else {
            self.manager.alive();
        }
    }

    /// Does what is due, and says how long nothing is.
    pub(super) fn turn(
        &mut self,
        gates: &Gates,
        desk: &Desk,
        confluence: &Confluence,
        now: Instant,
    ) -> Duration {
        if self.pulse.begins(gates.count(), now) {
            gates.probe(&self.back);
        }
        if self.pulse.is_late(now) {
            warn!("a request of the service to itself is not answered in time; {REMEDY}");
        }
        if self.stage != Stage::Leaving {
            self.say(desk, confluence, now); // else that it stops is what matters
        }
        self.pulse
            .wait(now)
            .map_or(LOOK_EVERY, |wait| wait.min(LOOK_EVERY))
    }

    fn say(&mut self, desk: &Desk, confluence: &Confluence, now: Instant) {
        let account = account(desk, confluence);
        let has_time = |said: &Said| now.saturating_duration_since(said.at) < STATUS_EVERY;
        if let Some(said) = &self.said
            && has_time(said)
            && said.account == account
        {
            return;
        }
        let line = self.line(desk, account.clone());
        if self.said.as_ref().is_none_or(|said| said.line != line) {
            self.manager.status(&line);
        }
        let at = now;
        self.said = Some(Said { at, account, line });
    }

    fn line(&self, desk: &Desk, account: Account) -> String {
        let saved = desk.saved();
        status_line(&Figures {
            address: self.address,
            account,
            connections: desk.connections(),
            requests: saved.requests,
            spared: saved.ratio(),
        })
    }

    /// The settings are read again from now on.
    pub(super) fn reloading(&self) {
        if self.stage == Stage::Ready {
            self.manager.reloading();
        }
    }

    /// They have been.
    pub(super) fn reloaded(&self) {
        if self.stage == Stage::Ready {
            self.manager.ready();
        }
    }

    /// The service stops after `delay`, and then answers that run have `drain`.
    pub(super) fn leaving(&mut self, delay: Duration, drain: Duration) {
        self.stage = Stage::Leaving;
        let seconds = delay.as_secs();
        let status = format!("stopping in {seconds} s: all goes on, but /readyz answers 503");
        self.manager.stopping(&status, delay + drain + STOP_BESIDE);
    }

    /// The service stops: answers that run have `drain`.
    pub(super) fn stopping(&self, drain: Duration) {
        let seconds = drain.as_secs();
        let status = format!("stopping: running answers have {seconds} s");
        self.manager.stopping(&status, drain + STOP_BESIDE);
    }
}

fn account(desk: &Desk, confluence: &Confluence) -> Account {
    match desk.upstream_trouble(false) {
        Some(words) => Account::Trouble(words), // every user of the host may read it
        None if confluence.is_accepted() => Account::Accepted,
        None => Account::Untested,
    }
}

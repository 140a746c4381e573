//! Threads: how they start, say farewell, and end.

use std::io;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use log::error;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};

use crate::logging::LogActor;

/// Signals this close together are one wish: who stops a whole process group, as timeout(1) does, often signals the
/// process itself as well.
const SAME_WISH: Duration = Duration::from_millis(300);

/// Wishes that may wait; the wish to stop waits for room.
const WISHES_MAX: usize = 4;

/// A thread and the actor on it.
pub(super) type Actor = JoinHandle<()>;

/// How long the cause of a failure may take to say farewell behind those who ended for lack of it: while it unwinds it
/// drops its channels first.
const CULPRIT_PATIENCE: Duration = Duration::from_millis(300);

/// How an actor ended while nobody asked it to.
#[derive(Debug)]
pub struct Farewell {
    /// Its thread's name.
    pub actor: String,
    /// Its own words; `None` for a panic, which has spoken for itself.
    pub how: Option<Result<(), String>>,
}

impl Farewell {
    /// How likely it is the cause of the others rather than a consequence.
    fn gravity(&self) -> u8 {
        match &self.how {
            None => 2,
            Some(Err(_)) => 1,
            Some(Ok(())) => 0,
        }
    }
}

/// When a thread ends, in this order.
#[derive(Clone, Copy)]
pub(super) enum Stage {
    /// Gates: until the last client has its answer.
    Clients,
    /// The access log: until the last line is written, or for so long that it never will be.
    Log,
    /// Acceptor, lookup workers, and who warms pages.
    Front,
    /// The account's keeper, cache, answerer and crew.
    Back,
}

/// How many stages there are.
const STAGES: usize = Stage::Back as usize + 1;

/// All threads, indexed by [`Stage`].
pub(super) type Actors = [Vec<Actor>; STAGES];

/// Starts threads that say farewell.
pub(super) struct Spawner {
    farewell: Sender<Farewell>,
    pub(super) farewells: Receiver<Farewell>,
    pub(super) actors: Actors,
}

impl Spawner {
    pub(super) fn new() -> Spawner {
        // One per thread ever started; the crew is the largest part and has at most 256.
        let (farewell, farewells) = bounded(512);
        Spawner {
            farewell,
            farewells,
            actors: Default::default(),
        }
    }

    /// Starts a named thread that sends its farewell however it ends.
    pub(super) fn start<R: Words>(
        &mut self,
        stage: Stage,
        name: String,
        body: impl FnOnce() -> R + Send + 'static,
    ) -> io::Result<()> {
        let (farewell, actor) = (self.farewell.clone(), name.clone());
        let started = thread::Builder::new().name(name).spawn(move || {
            let mut guard = Guard(farewell, Farewell { actor, how: None });
            guard.1.how = Some(body().words());
        })?;
        self.actors[stage as usize].push(started);
        Ok(())
    }
}

/// Sends the farewell of a thread when it unwinds or returns.
struct Guard(Sender<Farewell>, Farewell);

impl Drop for Guard {
    fn drop(&mut self) {
        let farewell = Farewell {
            actor: std::mem::take(&mut self.1.actor),
            how: self.1.how.take(),
        };
        let _ = self.0.try_send(farewell); // nobody listens once the server is gone
    }
}

/// What an actor's `run` returns, as its last words.
pub(super) trait Words {
    fn words(self) -> Result<(), String>;
}

impl Words for () {
    fn words(self) -> Result<(), String> {
        Ok(())
    }
}

impl Words for io::Result<()> {
    fn words(self) -> Result<(), String> {
        self.map_err(|error| error.to_string())
    }
}

/// Waits for threads that are about to end.
pub(super) fn join(actors: &mut Vec<Actor>) {
    for actor in actors.drain(..) {
        let _ = actor.join(); // a panic has been reported by its farewell
    }
}

/// Finds who made the service fail. `first` was heard first, which need not be the cause. Blocks for a moment.
pub(super) fn culprit(first: Farewell, farewells: &Receiver<Farewell>) -> Farewell {
    let until = Instant::now() + CULPRIT_PATIENCE;
    let mut culprit = first;
    while culprit.how.is_some() {
        match farewells.recv_deadline(until) {
            Ok(other) if culprit.gravity() < other.gravity() => culprit = other,
            Ok(_) => {}
            Err(_) => break,
        }
    }
    culprit
}

/// Waits for threads in the order in which they say farewell, until `until`; `false` if some are left then. Those whose
/// farewell was heard before are over already.
pub(super) fn join_as_they_leave(
    actors: &mut Vec<Actor>,
    farewells: &Receiver<Farewell>,
    until: Instant,
) -> bool {
    actors.retain(|actor| !actor.is_finished());
    while !actors.is_empty() {
        let Ok(farewell) = farewells.recv_deadline(until) else {
            return actors.iter().all(Actor::is_finished);
        };
        let is_it = |actor: &Actor| actor.thread().name() == Some(&farewell.actor);
        if let Some(place) = actors.iter().position(is_it) {
            let _ = actors.swap_remove(place).join(); // a panic has been reported by its farewell
        }
    }
    true
}

/// What somebody outside wishes by a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// TERM or INT.
    Stop,
    /// HUP.
    Reload,
    /// USR1.
    Reopen,
}

/// Turns signals into wishes. Once nobody hears them any more because the service stops already, another SIGTERM or SIGINT
/// ends the process at once. Within 300 ms of the one before, it is the same wish.
///
/// # Errors
/// The system refuses to install a handler or to start a thread.
pub fn signals() -> io::Result<Receiver<Wish>> {
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGHUP, SIGUSR1])?;
    let (sender, wishes) = bounded(WISHES_MAX);
    let watch = move || {
        let mut last: Option<Instant> = None;
        for signal in signals.forever() {
            match last {
                _ if signal == SIGHUP => {
                    let _ = sender.try_send(Wish::Reload); // there are enough of them, or the process is ending
                }
                _ if signal == SIGUSR1 => {
                    let _ = sender.try_send(Wish::Reopen); // the same
                }
                Some(at) if at.elapsed() < SAME_WISH => {}
                Some(_) | None => {
                    let is_heard = sender.send(Wish::Stop).is_ok();
                    // Who says it for the first time to a service that is ending by itself may mean no more than that.
                    if !is_heard && last.is_some() {
                        signal_hook::low_level::exit(128 + signal);
                    }
                    last = Some(Instant::now());
                }
            }
        }
    };
    thread::Builder::new().name("signals".into()).spawn(watch)?;
    Ok(wishes)
}

/// Runs the log on its thread, which ends with [`crate::logging::LogHandle::close`].
///
/// # Errors
/// The system starts no thread.
pub fn start_log(actor: LogActor) -> io::Result<()> {
    thread::Builder::new()
        .name("log".into())
        .spawn(move || actor.run())?;
    Ok(())
}

/// Reports an actor that ended by itself.
pub fn log_failure(farewell: &Farewell) {
    match &farewell.how {
        None => error!("{} panicked; the service stops", farewell.actor),
        Some(Err(reason)) => error!("{} failed: {reason}; the service stops", farewell.actor),
        Some(Ok(())) => error!("{} ended unasked; the service stops", farewell.actor),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn farewell(actor: &str, how: Option<Result<(), String>>) -> Farewell {
        let actor = actor.into();
        Farewell { actor, how }
    }

    #[test]
    fn who_panicked_is_blamed_before_who_failed_and_who_only_ended() {
        let ended = || farewell("fetch-3", Some(Ok(())));
        let failed = || farewell("gate-0", Some(Err("the link is broken".into())));
        let panicked = || farewell("cache", None);
        for (order, expected) in [
            (vec![ended(), ended()], "fetch-3"),
            (vec![ended(), failed(), ended()], "gate-0"),
            (vec![ended(), failed(), panicked()], "cache"),
            (vec![panicked(), failed(), ended()], "cache"),
        ] {
            let (sender, farewells) = bounded(4);
            let mut order = order.into_iter();
            let first = order.next().expect("each has some");
            order.for_each(|next| sender.send(next).expect("there is room"));
            assert_eq!(culprit(first, &farewells).actor, expected);
        }
    }
}

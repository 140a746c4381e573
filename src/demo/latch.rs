//! A door that holds the sample Confluence's answers until a test opens it.

use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, select};

/// A door that is closed until somebody opens it, once and for all. Clones are the same door.
///
/// Made by a test, put into a [`Behaviour`](super::Behaviour), waited at by the threads of the sample Confluence.
#[derive(Clone)]
pub struct Latch(Arc<Door>);

struct Door {
    state: Mutex<DoorState>,
    arrived: Condvar,
    /// Disconnected once the door is open; nothing is ever sent.
    opened: Receiver<()>,
}

struct DoorState {
    key: Option<Sender<()>>,
    arrivals: usize,
}

impl Latch {
    /// A closed door.
    pub fn new() -> Latch {
        let (key, opened) = bounded(0);
        Latch(Arc::new(Door {
            state: Mutex::new(DoorState {
                key: Some(key),
                arrivals: 0,
            }),
            arrived: Condvar::new(),
            opened,
        }))
    }

    /// Lets through everyone who waits and everyone who comes later.
    pub fn open(&self) {
        self.0.state.lock().expect("no holder panics").key = None;
    }

    /// Whether it has been opened.
    pub fn is_open(&self) -> bool {
        self.0.state.lock().expect("no holder panics").key.is_none()
    }

    /// Blocks until `n` answers in all have arrived at this door, however long they stayed. `false`: it took longer
    /// than `deadline`.
    pub fn wait_for_arrivals(&self, n: usize, deadline: Duration) -> bool {
        let state = self.0.state.lock().expect("no holder panics");
        let (_state, waited) = self
            .0
            .arrived
            .wait_timeout_while(state, deadline, |state| state.arrivals < n)
            .expect("no holder panics");
        !waited.timed_out()
    }

    /// Blocks until the door is open.
    ///
    /// # Errors
    /// `ConnectionAborted` when the server stops meanwhile.
    pub(super) fn pass(&self, stop: &Receiver<()>) -> io::Result<()> {
        self.0.state.lock().expect("no holder panics").arrivals += 1;
        self.0.arrived.notify_all();
        select! {
            recv(self.0.opened) -> _ => Ok(()),
            recv(stop) -> _ => Err(stopping()),
        }
    }
}

impl Default for Latch {
    fn default() -> Latch {
        Latch::new()
    }
}

impl fmt::Debug for Latch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_open() {
            "Latch(open)"
        } else {
            "Latch(closed)"
        })
    }
}

/// Blocks for `time`.
///
/// # Errors
/// `ConnectionAborted` when the server stops meanwhile.
pub(super) fn pause(time: Duration, stop: &Receiver<()>) -> io::Result<()> {
    match stop.recv_timeout(time) {
        Err(RecvTimeoutError::Timeout) => Ok(()),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => Err(stopping()),
    }
}

fn stopping() -> io::Error {
    io::Error::new(
        io::ErrorKind::ConnectionAborted,
        "the sample Confluence stops",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latch_holds_until_it_is_opened() {
        let latch = Latch::new();
        let (_stop, stopped) = bounded(0);
        std::thread::scope(|scope| {
            let held = scope.spawn(|| latch.pass(&stopped));
            assert!(latch.wait_for_arrivals(1, Duration::from_secs(10)));
            assert!(!held.is_finished());
            latch.open();
            assert!(held.join().expect("no panic").is_ok());
        });
        assert!(latch.pass(&stopped).is_ok(), "it stays open");
    }

    #[test]
    fn a_stop_ends_the_wait_at_a_closed_latch() {
        let latch = Latch::new();
        let (stop, stopped) = bounded(0);
        std::thread::scope(|scope| {
            let held = scope.spawn(|| latch.pass(&stopped));
            assert!(latch.wait_for_arrivals(1, Duration::from_secs(10)));
            drop(stop);
            assert!(held.join().expect("no panic").is_err());
        });
    }
}

//! The way to the service manager: short messages without an answer. One waits only while the manager reads none at all.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use log::warn;
use sd_notify::NotifyState;

use super::choice::STORED;

/// Who started this process and wants to know how it goes. Where it listens is in its environment, which is read for every
/// message.
#[derive(Debug)]
pub struct Manager {
    watchdog: Option<Duration>,
    /// Whether the log has it that nobody hears.
    is_unheard: AtomicBool,
}

impl Manager {
    /// A manager that kills the service unless it hears of its life within `watchdog`, if it watches at all.
    pub fn new(watchdog: Option<Duration>) -> Manager {
        Manager {
            watchdog,
            is_unheard: AtomicBool::new(false),
        }
    }

    /// How long it waits for a sign of life.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Gives it a copy of the listening socket, for the process after this one.
    pub(super) fn store(&self, socket: BorrowedFd<'_>) {
        let state = [NotifyState::FdStore, NotifyState::FdName(STORED)];
        self.heard(sd_notify::notify_with_fds(&state, &[socket]));
    }

    /// Has it close every copy that it keeps.
    pub(super) fn forget_stored(&self) {
        self.tell(&[NotifyState::FdStoreRemove, NotifyState::FdName(STORED)]);
    }

    /// Clients are served, or are again after a reload.
    pub fn ready(&self) {
        self.tell(&[NotifyState::Ready]);
    }

    /// The settings are being read again; [`Manager::ready`] must follow.
    pub fn reloading(&self) {
        // Without the time a newer systemd would take READY=1 for one that was on its way already.
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.tell(&[NotifyState::Reloading, now]),
            Err(error) => warn!("cannot read the monotonic clock: {error}"),
        }
    }

    /// The service stops, which takes `time` at most. The manager waits for so long, also where its own patience is shorter.
    pub fn stopping(&self, status: &str, time: Duration) {
        let time = u32::try_from(time.as_micros()).unwrap_or(u32::MAX); // more than an hour
        self.tell(&[
            NotifyState::Stopping,
            NotifyState::Status(status),
            NotifyState::ExtendTimeoutUsec(time),
        ]);
    }

    /// How it goes, in one line.
    pub fn status(&self, line: &str) {
        self.tell(&[NotifyState::Status(line)]);
    }

    /// A sign of life.
    pub fn alive(&self) {
        self.tell(&[NotifyState::Watchdog]);
    }

    fn tell(&self, state: &[NotifyState<'_>]) {
        self.heard(sd_notify::notify(state));
    }

    fn heard(&self, sent: io::Result<()>) {
        if let Err(error) = sent
            && !self.is_unheard.swap(true, Ordering::Relaxed)
        {
            warn!(
                "the service manager cannot be told how it goes: {error}; is NOTIFY_SOCKET the path of its socket?"
            );
        }
    }
}

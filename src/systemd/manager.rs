//! The way to the service manager: short messages, none of which waits for an answer.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use log::warn;
use sd_notify::NotifyState;

use super::choice::STORED;

/// Who started this process and wants to know how it goes. Where it listens is in its environment, which is read for every
/// message.
#[derive(Debug)]
pub struct Manager {
    watchdog: Option<Duration>,
}

impl Manager {
    /// A manager that kills the service unless it hears of its life within `watchdog`, if it watches at all.
    pub fn new(watchdog: Option<Duration>) -> Manager {
        Manager { watchdog }
    }

    /// How long it waits for a sign of life.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Gives it a copy of the listening socket, for the process after this one.
    pub(super) fn store(&self, socket: BorrowedFd<'_>) {
        let state = [NotifyState::FdStore, NotifyState::FdName(STORED)];
        heard(sd_notify::notify_with_fds(&state, &[socket]));
    }

    /// Has it close every copy that it keeps.
    pub(super) fn forget_stored(&self) {
        tell(&[NotifyState::FdStoreRemove, NotifyState::FdName(STORED)]);
    }

    /// Clients are served, or are again after a reload.
    pub fn ready(&self) {
        tell(&[NotifyState::Ready]);
    }

    /// The settings are being read again; [`Manager::ready`] must follow.
    pub fn reloading(&self) {
        // Without the time a newer systemd would take READY=1 for one that was on its way already.
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(error) => warn!("cannot read the monotonic clock: {error}"),
        }
    }

    /// No more clients are taken.
    pub fn stopping(&self, status: &str) {
        tell(&[NotifyState::Stopping, NotifyState::Status(status)]);
    }

    /// How it goes, in one line.
    pub fn status(&self, line: &str) {
        tell(&[NotifyState::Status(line)]);
    }

    /// A sign of life.
    pub fn alive(&self) {
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(state: &[NotifyState<'_>]) {
    heard(sd_notify::notify(state));
}

fn heard(sent: std::io::Result<()>) {
    if let Err(error) = sent {
        warn!("the service manager cannot be told how it goes: {error}");
    }
}

//! A part of the doorway: what the service manager says in the environment.

use confluence_attachment_proxy::systemd::{Given, Inherited, Manager, inherited};
use listenfd::ListenFd;

/// Reads what the service manager gave this process. Call it before there is any other thread or open file: it takes
/// descriptors by their numbers.
pub fn given() -> Given {
    Given {
        sockets: sockets(),
        manager: manager(),
    }
}

/// The sockets, if they are meant for this process and not for one that it was started by.
fn sockets() -> Vec<Inherited> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    let is_ours = number("LISTEN_PID") == Some(std::process::id());
    let count = number("LISTEN_FDS").unwrap_or(0);
    if !is_ours || u32::from(u8::MAX) < count {
        return Vec::new();
    }
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    inherited(ListenFd::from_env(), &names)
}

/// Whom to tell how it goes, if anybody wants to know.
fn manager() -> Option<Manager> {
    std::env::var_os("NOTIFY_SOCKET")?;
    let watchdog = sd_notify::watchdog_enabled();
    Some(Manager::new(watchdog.filter(|time| !time.is_zero())))
}

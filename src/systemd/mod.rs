//! The service manager: what systemd hands over at the start, and what it is told.
//!
//! It hands over sockets. One named `listen` comes from its store of descriptors, where the process before this one has
//! left it: clients that connect while nobody accepts wait in it, so a restart refuses nobody. One of any other name
//! comes from a `.socket` unit and decides the address. [`listener`] takes the one that is served, lets go of all others,
//! and has a socket that was opened here stored for the process after this one.
//!
//! It is told ([`Manager`]) when clients are served, reloaded or sent away, in one line how it goes ([`status_line`]), and,
//! where it has a watchdog, that the service lives: [`Pulse`] says when to send a probe through every gate and all that
//! stands behind it, and whether all have come back.
//!
//! The room owns no thread; [`crate::server`] calls it. Without a service manager there is nothing to hand over and
//! nobody to tell. The doorway reads the environment.

mod choice;
mod inherited;
mod listener;
mod manager;
mod pulse;
mod status;

pub use inherited::{Given, Inherited, inherited};
pub use listener::{Listening, listener};
pub use manager::Manager;
pub use pulse::Pulse;
pub use status::{Account, Figures, status_line};

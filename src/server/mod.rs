//! The composition root: builds the channels, starts the actors, watches over them, stops them in order.
//!
//! The only file that starts threads. Senders are made before the threads they feed and dropped before them, so
//! stopping is nothing but dropping, from the clients inward:
//!
//! 1. what is being warmed ends, and who waits for it is told; the gates take no more clients, finish what is running
//!    (at most `PROXY_DRAIN_SECONDS`) and end, and with them the links; then the access log has all its lines, and ends;
//! 2. the acceptor ends and drops the sender of jobs: the lookup workers end, and then `warm`, and drop their cache
//!    handles;
//! 3. downloads nobody waits for are interrupted: the cache has no more claims and no flights, drops the sender of
//!    orders, the crew ends and drops its reporters, the cache ends, the answerer ends.

mod certificate;
mod desk;
mod error;
mod machine;
mod managed;
mod open;
mod spawn;
mod start;
mod threads;

pub use certificate::{FoundTls, RereadTls, certificate_file};
pub use error::StartError;
pub use machine::{memory_beside, memory_granted};
pub use start::{Ending, Server, Setup};
pub use threads::{Farewell, Wish, log_failure, signals, start_log};

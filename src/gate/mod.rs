//! The gate: the only part that faces clients. It owns every client socket, from accept to close.
//!
//! A gate reads request heads, refuses what is malformed, too big or too slow, and writes the heads that pass, small
//! and canonical, onto a private link on which tiny_http listens. The answers come back through its inbox, not
//! through tiny_http, and it writes them to the clients at whatever pace each of them reads. It finds out who asks, also
//! behind fronts that are trusted, and tells the service as a [`Client`].
//!
//! One thread per gate, one gate per core (at most 4); gate 0 accepts for all. A gate waits in one place, the poll,
//! and never for a client, a worker or another gate. It knows heads, tickets and bytes: nothing of cache, Confluence
//! or routes. Bounds: `HEADER_BYTES_MAX`, `HEAD_BYTES_MAX`, `FORM_BYTES_MAX`, `FIELDS_MAX`, `TARGET_BYTES_MAX`, `HEAD_TIME_MAX`, `IDLE_TIME_MAX`,
//! `WRITE_STALL_MAX`, `REQUESTS_UNDER_WAY_MAX`, `PENDING_BYTES_MAX`, `PROXY_MAX_CONNECTIONS`. A gate ends when it is told
//! to drain and no client is left, or with an error when its link breaks, which stops the service.

mod actor;
mod admission;
mod asked;
mod authority;
mod certificate;
mod client;
mod clients;
mod connection;
mod deadlines;
mod door;
mod form;
mod forwarded;
mod framing;
mod fronts;
mod greeting;
mod growing;
mod handle;
mod head;
mod link;
mod listener;
mod open;
mod outgoing;
mod pending;
mod probe;
#[cfg(any(test, fuzzing))]
mod properties;
mod proxy_header;
mod refusal;
mod serve;
mod session;
mod socket;
mod target;
mod ticket;
mod transport;
mod validity;
mod visits;

pub use actor::Gate;
pub use admission::{REQUESTS_UNDER_WAY_MAX, UnderWay};
pub use certificate::{Certificate, CertificateError};
pub use client::{Client, Scheme, Way};
pub use form::FORM_FIELD;
pub use handle::{Gates, LeftTo};
pub use head::{FORWARDED, ORIGIN_FIELD, TICKET_FIELD};
pub use listener::{listen, prepare};
pub use open::{Facing, open};
#[cfg(fuzzing)]
pub use properties::{head, proxy_header, target};
pub use ticket::Ticket;

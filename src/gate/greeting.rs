//! What comes before the first byte of HTTP: for whom a front has connected, and agreeing on TLS.

use std::io;
use std::net::IpAddr;
use std::time::Instant;

use log::{debug, info};

use super::actor::{Gate, UNSEATED_MAX};
use super::connection::{Connection, Phase};
use super::proxy_header::{self, HEADER_BYTES_MAX, Header};
use super::refusal::Refusal;
use super::serve::refuse;
use super::session::Handshake;
use crate::meters::Refused;

impl Gate {
    /// Waits for the header with which a front says for whom it has connected; `true` when there is more to do at once.
    pub(super) fn introduce(&mut self, slot: usize, now: Instant) -> bool {
        let connection = &mut self.clients.connections[slot];
        let Phase::Introducing { then } = connection.phase else {
            return false;
        };
        // What has come stays in the kernel until the header is whole: nothing behind it is taken, which may be TLS.
        let scratch = &mut self.clients.scratch[..HEADER_BYTES_MAX];
        let came = match connection.transport.peek(scratch) {
            Ok(count) => &scratch[..count],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            Err(_) => &[],
        };
        let refusal = match proxy_header::read(came) {
            Header::Partial if came.is_empty() => {
                self.close(slot, now); // who only wanted to see the port open
                return false;
            }
            Header::Partial if connection.ended => {
                self.unintroduced(slot, Refused::Malformed, now);
                return false;
            }
            Header::Partial => return false,
            Header::Complete { origin, bytes } => {
                if connection.transport.skip(&mut scratch[..bytes]).is_err() {
                    self.close(slot, now);
                    return false;
                }
                connection.caller.introduced(origin);
                let crowded = connection.seated().err();
                if crowded.is_some() {
                    // It is only told so, and must not keep a seat from others meanwhile.
                    connection.seat = None;
                    self.clients.unseated += 1;
                    if UNSEATED_MAX < self.clients.unseated {
                        self.close(slot, now);
                        return false;
                    }
                }
                then.or(crowded)
            }
            Header::Bad => Some(then.unwrap_or(Refusal::Unintroduced)),
        };
        connection.phase = match connection.transport.needs_handshake() {
            true => Phase::Handshaking { then: refusal },
            false => Phase::Reading,
        };
        if let (Some(refusal), Phase::Reading) = (refusal, &connection.phase) {
            self.refuse(slot, refusal, now);
        }
        true
    }

    /// Gives up on a front that has not said for whom it has connected.
    pub(super) fn unintroduced(&mut self, slot: usize, why: Refused, now: Instant) {
        if let Some(connection) = self.clients.connections.get(slot) {
            let client = connection.client();
            debug!("closed a connection without a whole PROXY protocol header client={client}");
            self.clients.meter.refused(why);
        }
        self.close(slot, now);
    }

    /// Goes on with a handshake; `true` when there is more to do at once.
    pub(super) fn shake_hands(&mut self, slot: usize, now: Instant) -> bool {
        let connection = &mut self.clients.connections[slot];
        let Phase::Handshaking { then } = connection.phase else {
            return false;
        };
        match (connection.transport.handshake(), then) {
            (Ok(Handshake::Pending), _) => return false,
            (Ok(Handshake::Done), None) => connection.phase = Phase::Reading,
            (Ok(Handshake::Done), Some(refusal)) => self.refuse(slot, refusal, now),
            (Ok(Handshake::NotTls), _) => {
                connection.transport.give_up_tls();
                self.refuse(slot, Refusal::NotTls, now);
            }
            (Err(error), _) => {
                if log_no_handshake(&error, connection.client()) {
                    self.clients.meter.refused(Refused::Handshake);
                }
                self.close(slot, now);
                return false;
            }
        }
        true
    }

    fn refuse(&mut self, slot: usize, refusal: Refusal, now: Instant) {
        let connection = &mut self.clients.connections[slot];
        refuse(
            connection,
            refusal,
            &self.clients.meter,
            &self.clients.access,
            now,
        );
    }
}

impl Connection {
    /// Counts a connection among those of the client that a front has named.
    fn seated(&mut self) -> Result<(), Refusal> {
        match (&mut self.seat, self.caller.counted()) {
            (Some(seat), Some(address)) => seat.count(address),
            (Some(_), None) | (None, _) => Ok(()),
        }
    }
}

/// Says why a client and this service could not agree on TLS: it most often does not trust the certificate. `false`: it
/// only left.
fn log_no_handshake(error: &io::Error, client: IpAddr) -> bool {
    match error.kind() {
        io::ErrorKind::InvalidData => {
            info!("refused reason=\"no TLS handshake: {error}\" client={client}");
            true
        }
        io::ErrorKind::QuotaExceeded => {
            let reason = "no TLS handshake: too many clients have sent a part of theirs";
            info!("refused reason={reason:?} client={client}");
            true
        }
        _ => {
            debug!("a client left within its TLS handshake: {error}");
            false
        }
    }
}

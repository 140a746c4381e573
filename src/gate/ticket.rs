//! The number under which a request travels through the service and its reply finds back.

use std::fmt;

/// Names one request of one client connection. It crosses the link as text and comes back with the reply.
///
/// A ticket whose connection has gone meanwhile matches nothing: its reply is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// Which gate owns the client's socket.
    pub gate: u8,
    /// The connection's place in that gate.
    pub slot: u32,
    /// Counts the requests of that gate, so that a place that was given away is noticed.
    pub serial: u64,
}

impl Ticket {
    /// Reads the printed form; `None` if it is not one.
    pub fn parse(text: &str) -> Option<Ticket> {
        let mut parts = text.split('.');
        let mut hex = || u64::from_str_radix(parts.next()?, 16).ok();
        let (gate, slot, serial) = (hex()?, hex()?, hex()?);
        let end = parts.next().is_none();
        end.then_some(Ticket {
            gate: gate.try_into().ok()?,
            slot: slot.try_into().ok()?,
            serial,
        })
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}.{:x}.{:x}", self.gate, self.slot, self.serial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_survives_the_link() {
        for ticket in [
            Ticket {
                gate: 0,
                slot: 0,
                serial: 0,
            },
            Ticket {
                gate: 3,
                slot: u32::MAX,
                serial: u64::MAX,
            },
        ] {
            assert_eq!(Ticket::parse(&ticket.to_string()), Some(ticket));
        }
        for text in [
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "100.0.0",
            "g.0.0",
            "-1.0.0",
            "0.100000000.0",
        ] {
            assert_eq!(Ticket::parse(text), None, "text: {text}");
        }
    }
}

//! The number under which a request travels through the service and its reply finds back.

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

/// The place of those requests that no client has sent; no gate has so many connections.
const NOBODYS_SLOT: u32 = u32::MAX;

impl Ticket {
    /// The ticket of a probe. A client's request never has it: its place is that of its connection.
    pub(super) fn of_probe(gate: u8, serial: u64) -> Ticket {
        Ticket {
            gate,
            slot: NOBODYS_SLOT,
            serial,
        }
    }

    /// Whether the gate itself has sent it, to see whether it comes back.
    pub fn is_probe(&self) -> bool {
        self.slot == NOBODYS_SLOT
    }

    /// Appends the printed form: three hexadecimal numbers. Written for every request, so without the formatter.
    pub(super) fn put(self, out: &mut Vec<u8>) {
        put_hex(out, self.gate.into());
        out.push(b'.');
        put_hex(out, self.slot.into());
        out.push(b'.');
        put_hex(out, self.serial);
    }

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

fn put_hex(out: &mut Vec<u8>, value: u64) {
    let digits = (u64::BITS - value.leading_zeros()).div_ceil(4).max(1);
    out.extend((0..digits).rev().map(|digit| {
        let digit = (value >> (4 * digit)) as u8 & 0xf;
        match digit {
            0..=9 => b'0' + digit,
            _ => b'a' + digit - 10,
        }
    }));
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
                gate: 1,
                slot: 0x10,
                serial: 0xfedc_ba98_7654_3210,
            },
            Ticket {
                gate: 3,
                slot: u32::MAX,
                serial: u64::MAX,
            },
        ] {
            let mut printed = Vec::new();
            ticket.put(&mut printed);
            let text = std::str::from_utf8(&printed).expect("ASCII");
            assert_eq!(Ticket::parse(text), Some(ticket), "text: {text}");
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

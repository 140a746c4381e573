//! What stands in front: whose word counts for whom they ask, and for whom each connection asks.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use log::warn;

use super::client::{Client, Way};
use super::forwarded;
use super::proxy_header::Origin;
use crate::config::Networks;

/// The fronts that are known; one for all gates.
pub(super) struct Fronts {
    trusted: Arc<Networks>,
    /// Whose requests have rights, which whoever comes through them has not.
    operators: Networks,
    /// Whether their connections begin with a header of the PROXY protocol.
    speak_proxy_protocol: bool,
    /// Whether the log has it that somebody else forwards.
    has_warned: AtomicBool,
}

impl Fronts {
    pub(super) fn new(
        trusted: Networks,
        operators: Networks,
        speak_proxy_protocol: bool,
    ) -> Fronts {
        Fronts {
            trusted: Arc::new(trusted),
            operators,
            speak_proxy_protocol,
            has_warned: AtomicBool::new(false),
        }
    }

    /// Who is at the other end of a new connection.
    pub(super) fn caller(&self, address: IpAddr) -> Caller {
        let peer = Client::direct(address);
        let credit = if self.trusted.contains(address) {
            Credit::Trusted(self.trusted.clone())
        } else if address.is_loopback() || self.operators.contains(address) {
            Credit::Doubted
        } else {
            Credit::None
        };
        Caller {
            introduces: self.speak_proxy_protocol && matches!(credit, Credit::Trusted(_)),
            peer,
            credit,
            client: peer,
        }
    }

    /// Says once that an operator's address forwards for others: it is a front that the settings do not name.
    pub(super) fn doubt(&self, caller: &Caller) {
        let is_forwarded = caller.client.way != Way::Direct;
        let is_unknown = matches!(caller.credit, Credit::Doubted) && is_forwarded;
        if is_unknown && !self.has_warned.swap(true, Ordering::Relaxed) {
            let peer = caller.peer.address;
            warn!(
                "{peer} has forwarded a request and is not in PROXY_TRUSTED_PROXIES: whoever comes through it is no operator, \
                 and the log has its address for theirs; if it is your front, add {peer} to PROXY_TRUSTED_PROXIES"
            );
        }
    }
}

/// Who is at the other end of a connection, and for whom it asks.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Whose connection it is: the socket's address, or the one in the header of the PROXY protocol.
    peer: Client,
    /// What fields of its requests about others are worth.
    credit: Credit,
    /// Whom the request under way is from; between requests the peer.
    client: Client,
    /// Whether it begins with a header of the PROXY protocol.
    introduces: bool,
}

#[derive(Clone, Debug)]
enum Credit {
    /// Nothing, and they do no harm: they are not looked at.
    None,
    /// Nothing either, but the connection is a front's, who does not know for whom it has connected.
    Unknown,
    /// An operator's, and not known to be a front: they show that somebody has forwarded the request, and nothing else.
    Doubted,
    /// They are true, and lead on to the first who is in none of these networks.
    Trusted(Arc<Networks>),
}

impl Caller {
    /// The address of the client as far as it is known by now.
    pub(super) fn address(&self) -> IpAddr {
        self.client.address
    }

    /// Whose connections this one counts among; `None` for a front, which has those of many.
    pub(super) fn counted(&self) -> Option<IpAddr> {
        match self.credit {
            Credit::None | Credit::Doubted => Some(self.peer.address),
            Credit::Trusted(_) | Credit::Unknown => None,
        }
    }

    /// Whether a header of the PROXY protocol comes first.
    pub(super) fn introduces(&self) -> bool {
        self.introduces
    }

    /// Takes over what that header says. A client that it names is like one that came by itself, but for the rights of
    /// this host, which it does not have.
    pub(super) fn introduced(&mut self, origin: Origin) {
        match origin {
            Origin::Own => {}
            Origin::Unknown => {
                self.peer.way = Way::Hidden { scheme: None };
                self.credit = Credit::Unknown; // the fields are those that the client has written
            }
            Origin::Client(address) => {
                self.peer = Client {
                    address,
                    way: Way::Forwarded { scheme: None },
                };
                if let Credit::Trusted(trusted) = &self.credit
                    && !trusted.contains(address)
                {
                    self.credit = Credit::None;
                }
            }
        }
        self.client = self.peer;
    }

    /// Finds out whom a request with these fields is from.
    pub(super) fn ask<'a>(
        &mut self,
        mut fields: impl DoubleEndedIterator<Item = (&'a str, &'a [u8])> + Clone,
    ) -> Client {
        match &self.credit {
            Credit::None | Credit::Unknown => {}
            Credit::Doubted => {
                if fields.any(|(name, _)| forwarded::is_mark(name)) {
                    self.client.way = Way::Hidden { scheme: None };
                }
            }
            Credit::Trusted(trusted) => {
                self.client = forwarded::client(self.peer, trusted, fields);
            }
        }
        self.client
    }

    /// The request is answered.
    pub(super) fn rest(&mut self) {
        self.client = self.peer;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORWARDED: Way = Way::Forwarded { scheme: None };

    const HIDDEN: Way = Way::Hidden { scheme: None };

    fn fronts() -> Fronts {
        Fronts::new(
            Networks::of(&["10.0.0.1", "10.0.0.2"]),
            Networks::of(&["10.0.0.4"]),
            true,
        )
    }

    fn ask(caller: &mut Caller, field: &'static str) -> (String, Way) {
        let fields = [("X-Forwarded-For", field.as_bytes())];
        let client = match field {
            "" => caller.ask([].into_iter()),
            _ => caller.ask(fields.into_iter()),
        };
        (client.address.to_string(), client.way)
    }

    #[test]
    fn only_a_trusted_peer_says_for_whom_it_asks() {
        for (peer, field, expected, way) in [
            ("10.0.0.1", "192.0.2.7", "192.0.2.7", FORWARDED),
            ("10.0.0.1", "", "10.0.0.1", Way::Direct),
            ("10.0.0.3", "192.0.2.7", "10.0.0.3", Way::Direct),
            ("10.0.0.4", "192.0.2.7", "10.0.0.4", HIDDEN),
            ("10.0.0.4", "", "10.0.0.4", Way::Direct),
            ("127.0.0.1", "192.0.2.7", "127.0.0.1", HIDDEN),
            ("127.0.0.1", "", "127.0.0.1", Way::Direct),
            ("::1", "192.0.2.7", "::1", HIDDEN),
        ] {
            let address: IpAddr = peer.parse().expect("an address");
            let mut caller = fronts().caller(address);
            assert_eq!(ask(&mut caller, field), (expected.into(), way), "{peer}");
            assert_eq!(caller.address().to_string(), expected, "{peer}");
            caller.rest();
            assert_eq!(caller.address(), address, "{peer}");
            assert_eq!(ask(&mut caller, ""), (peer.into(), Way::Direct), "{peer}");
            let is_front = peer == "10.0.0.1";
            assert_eq!(caller.introduces(), is_front, "{peer}");
            assert_eq!(caller.counted(), (!is_front).then_some(address), "{peer}");
        }
    }

    #[test]
    fn whom_a_header_names_is_the_peer() {
        let client = |text: &str| Origin::Client(text.parse().expect("an address"));
        for (origin, field, expected, way, counted) in [
            (Origin::Own, "", "10.0.0.1", Way::Direct, None),
            (Origin::Own, "192.0.2.7", "192.0.2.7", FORWARDED, None),
            (Origin::Unknown, "", "10.0.0.1", HIDDEN, None),
            (Origin::Unknown, "192.0.2.7", "10.0.0.1", HIDDEN, None),
            (
                client("192.0.2.9"),
                "192.0.2.7",
                "192.0.2.9",
                FORWARDED,
                Some("192.0.2.9"),
            ),
            (
                client("127.0.0.1"),
                "",
                "127.0.0.1",
                FORWARDED,
                Some("127.0.0.1"),
            ),
            (
                client("10.0.0.2"),
                "192.0.2.7",
                "192.0.2.7",
                FORWARDED,
                None,
            ),
        ] {
            let mut caller = fronts().caller([10, 0, 0, 1].into());
            caller.introduced(origin);
            assert_eq!(
                ask(&mut caller, field),
                (expected.into(), way),
                "{origin:?}"
            );
            let counted = counted.map(|text| text.parse().expect("an address"));
            assert_eq!(caller.counted(), counted, "{origin:?}");
        }
    }
}

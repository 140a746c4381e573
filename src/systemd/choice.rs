//! Which of the sockets that were handed over is served (pure).

use std::fmt;
use std::net::SocketAddr;

/// The name under which the listening socket is stored. Whatever has another name comes from a `.socket` unit.
pub(super) const STORED: &str = "listen";

/// A descriptor that was handed over, as far as the choice depends on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) name: &'a str,
    /// Where it listens, or what it is instead.
    pub(super) listens: Result<SocketAddr, &'static str>,
}

/// Where the socket comes from that is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// From the store: the process before this one opened it.
    Store(usize),
    /// From a `.socket` unit, which keeps it, and whose address counts.
    SocketUnit(usize),
    /// From nobody yet: it must be opened.
    Opened,
}

/// Why a descriptor is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It is something else.
    Strange(&'static str),
    /// It listens here, where the settings say somewhere else.
    Elsewhere(SocketAddr),
    /// One is enough.
    Spare,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Strange(what) => write!(f, "it is {what}"),
            Why::Elsewhere(address) => write!(f, "it listens on {address}"),
            Why::Spare => f.write_str("another one is served"),
        }
    }
}

/// What to do with everything that was handed over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) origin: Origin,
    /// Those to close.
    pub(super) let_go: Vec<(usize, Why)>,
    /// Whether the store must forget what it has: something of it is not served.
    pub(super) forget: bool,
    /// Whether the socket that is served must be put into the store.
    pub(super) store: bool,
}

/// Chooses: the first socket of a `.socket` unit, else the first stored one at the wanted address, else a new one.
pub(super) fn choose(candidates: &[Candidate<'_>], wanted: SocketAddr) -> Choice {
    let is_stored = |candidate: &Candidate<'_>| candidate.name == STORED;
    let of_unit = |it: &Candidate<'_>| !is_stored(it) && it.listens.is_ok();
    let of_store = |it: &Candidate<'_>| {
        is_stored(it) && it.listens.is_ok_and(|address| is_meant(wanted, address))
    };
    let position = |is_it: &dyn Fn(&Candidate<'_>) -> bool| candidates.iter().position(is_it);
    let origin = match (position(&of_unit), position(&of_store)) {
        (Some(place), _) => Origin::SocketUnit(place),
        (None, Some(place)) => Origin::Store(place),
        (None, None) => Origin::Opened,
    };
    let taken = match origin {
        Origin::Store(place) | Origin::SocketUnit(place) => Some(place),
        Origin::Opened => None,
    };
    let others = candidates.iter().enumerate();
    let let_go: Vec<(usize, Why)> = others
        .filter(|(place, _)| Some(*place) != taken)
        .map(|(place, candidate)| {
            let why = match candidate.listens {
                Err(what) => Why::Strange(what),
                Ok(address) if is_stored(candidate) && !is_meant(wanted, address) => {
                    Why::Elsewhere(address)
                }
                Ok(_) => Why::Spare,
            };
            (place, why)
        })
        .collect();
    let forget = let_go
        .iter()
        .any(|(place, _)| is_stored(&candidates[*place]));
    let store = match origin {
        Origin::Store(_) => forget, // the store forgets by name, and so this one too
        Origin::SocketUnit(_) => false,
        Origin::Opened => true,
    };
    Choice {
        origin,
        let_go,
        forget,
        store,
    }
}

/// Whether a socket at `address` is what the settings want. An IPv4 address may be written as an IPv6 one.
fn is_meant(wanted: SocketAddr, address: SocketAddr) -> bool {
    wanted.ip().to_canonical() == address.ip().to_canonical()
        && (wanted.port() == 0 || wanted.port() == address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> SocketAddr {
        address.parse().expect("an address")
    }

    #[track_caller]
    fn check(
        wanted: &str,
        candidates: &[(&str, Result<&str, &'static str>)],
        origin: Origin,
        let_go: &[(usize, Why)],
        [forget, store]: [bool; 2],
    ) {
        let candidates: Vec<Candidate<'_>> = candidates
            .iter()
            .map(|(name, listens)| Candidate {
                name,
                listens: listens.map(at),
            })
            .collect();
        let expected = Choice {
            origin,
            let_go: let_go.to_vec(),
            forget,
            store,
        };
        assert_eq!(choose(&candidates, at(wanted)), expected, "{candidates:?}");
    }

    #[test]
    fn the_stored_socket_is_taken_where_the_settings_mean_it() {
        for (wanted, stored) in [
            ("0.0.0.0:8080", "0.0.0.0:8080"),
            ("0.0.0.0:0", "0.0.0.0:40000"),
            ("[::]:8080", "[::]:8080"),
            ("[::ffff:10.0.0.1]:8080", "10.0.0.1:8080"),
            ("10.0.0.1:8080", "[::ffff:10.0.0.1]:8080"),
        ] {
            let candidates = [("listen", Ok(stored))];
            check(wanted, &candidates, Origin::Store(0), &[], [false, false]);
        }
    }

    #[test]
    fn a_stored_socket_somewhere_else_makes_room_for_a_new_one() {
        for (wanted, stored) in [
            ("0.0.0.0:8081", "0.0.0.0:8080"),
            ("127.0.0.1:8080", "0.0.0.0:8080"),
            ("0.0.0.0:8080", "[::]:8080"),
            ("127.0.0.1:0", "0.0.0.0:40000"),
        ] {
            let let_go = [(0, Why::Elsewhere(at(stored)))];
            let candidates = [("listen", Ok(stored))];
            check(wanted, &candidates, Origin::Opened, &let_go, [true, true]);
        }
        check("0.0.0.0:1", &[], Origin::Opened, &[], [false, true]);
    }

    #[test]
    fn the_socket_of_a_unit_comes_before_a_stored_one_and_is_not_stored() {
        let (stored, unit) = (("listen", Ok("0.0.0.0:8080")), ("x.socket", Ok("[::]:443")));
        let unit_first = Origin::SocketUnit(0);
        check("0.0.0.0:8080", &[unit], unit_first, &[], [false, false]);
        check(
            "0.0.0.0:8080",
            &[stored, unit, unit],
            Origin::SocketUnit(1),
            &[(0, Why::Spare), (2, Why::Spare)],
            [true, false],
        );
    }

    #[test]
    fn what_is_strange_or_too_much_is_let_go_and_the_rest_stored_again() {
        let pipe = "no TCP socket";
        check(
            "0.0.0.0:8080",
            &[
                ("listen", Err(pipe)),
                ("listen", Ok("0.0.0.0:8080")),
                ("listen", Ok("0.0.0.0:8080")),
                ("", Err(pipe)),
            ],
            Origin::Store(1),
            &[
                (0, Why::Strange(pipe)),
                (2, Why::Spare),
                (3, Why::Strange(pipe)),
            ],
            [true, true],
        );
        check(
            "0.0.0.0:8080",
            &[("", Err(pipe))],
            Origin::Opened,
            &[(0, Why::Strange(pipe))],
            [false, true],
        );
    }
}

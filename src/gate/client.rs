//! Who asks, as far as this service can know, and how that crosses the link (pure).

use std::io::Write;
use std::net::IpAddr;

/// Who asks. Made by the gate for each request, read again by the acceptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// How it comes.
    pub way: Way,
}

/// How a client comes to this service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By a connection of its own.
    Direct,
    /// A trusted front has forwarded its request, and says for whom.
    Forwarded {
        /// What the client speaks, if the front says so.
        scheme: Option<Scheme>,
    },
    /// Somebody has forwarded its request, and for whom cannot be known: the address is that of who did, and has no
    /// rights here, whoever else comes from it.
    Hidden {
        /// What the client speaks, if a trusted front says so.
        scheme: Option<Scheme>,
    },
}

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP within TLS.
    Https,
}

impl Scheme {
    /// How addresses begin with it.
    pub fn word(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The scheme of this word.
    pub(super) fn of(word: &[u8]) -> Option<Scheme> {
        let mut known = [Scheme::Http, Scheme::Https].into_iter();
        known.find(|scheme| word.eq_ignore_ascii_case(scheme.word().as_bytes()))
    }
}

/// What stands between the address of a forwarded client and its scheme. No address holds it.
const FORWARDED: char = ',';

/// The same for the address of who has forwarded for somebody unknown.
const HIDDEN: char = ';';

impl Client {
    /// Whoever has this address and comes by itself.
    pub fn direct(address: IpAddr) -> Client {
        let way = Way::Direct;
        Client { address, way }
    }

    /// What it speaks, if it is not this service that it speaks to.
    pub fn scheme(self) -> Option<Scheme> {
        match self.way {
            Way::Direct => None,
            Way::Forwarded { scheme } | Way::Hidden { scheme } => scheme,
        }
    }

    /// Appends the printed form. Written for every request, so without the formatter.
    pub(super) fn put(self, out: &mut Vec<u8>) {
        put_address(self.address, out);
        let (mark, scheme) = match self.way {
            Way::Direct => return,
            Way::Forwarded { scheme } => (FORWARDED, scheme),
            Way::Hidden { scheme } => (HIDDEN, scheme),
        };
        out.push(mark as u8);
        out.extend_from_slice(scheme.map_or("", Scheme::word).as_bytes());
    }

    /// Reads the printed form; `None` if it is not one.
    pub fn parse(text: &str) -> Option<Client> {
        let (address, way) = match text.find([FORWARDED, HIDDEN]) {
            None => (text, Way::Direct),
            Some(at) => {
                let scheme = match &text[at + 1..] {
                    "" => None,
                    scheme => Some(Scheme::of(scheme.as_bytes())?),
                };
                let way = match text[at..].starts_with(HIDDEN) {
                    true => Way::Hidden { scheme },
                    false => Way::Forwarded { scheme },
                };
                (&text[..at], way)
            }
        };
        let address = address.parse().ok()?;
        Some(Client { address, way })
    }
}

/// Appends an address as it prints; those of most clients without the formatter, which takes as long as all other fields.
fn put_address(address: IpAddr, out: &mut Vec<u8>) {
    let IpAddr::V4(address) = address else {
        return write!(out, "{address}").expect("a Vec takes every byte");
    };
    for (index, octet) in address.octets().into_iter().enumerate() {
        if 0 < index {
            out.push(b'.');
        }
        for (place, below) in [(100, 99), (10, 9)] {
            if below < octet {
                out.push(b'0' + octet / place % 10);
            }
        }
        out.push(b'0' + octet % 10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_survives_the_link() {
        let all = (0..=255u8).map(|octet| [octet, 1, 0, octet]);
        let four = all.chain([[0; 4], [255; 4], [10, 200, 3, 100]]);
        let six = ["::1", "fe80::1:0:2", "::ffff:10.0.0.1"].map(|text| text.parse().expect(text));
        let ways = [
            (Way::Direct, ""),
            (Way::Forwarded { scheme: None }, ","),
            (Way::Hidden { scheme: None }, ";"),
            (
                Way::Forwarded {
                    scheme: Some(Scheme::Http),
                },
                ",http",
            ),
            (
                Way::Forwarded {
                    scheme: Some(Scheme::Https),
                },
                ",https",
            ),
        ];
        for address in four.map(IpAddr::from).chain(six) {
            for (way, mark) in ways {
                let client = Client { address, way };
                let mut printed = Vec::new();
                client.put(&mut printed);
                let printed = String::from_utf8(printed).expect("ASCII");
                assert_eq!(printed, format!("{address}{mark}"));
                assert_eq!(Client::parse(&printed), Some(client));
            }
        }
        for text in ["", ",", "here", "127.0.0.1,ftp", "127.0.0.1,http,"] {
            assert_eq!(Client::parse(text), None, "{text}");
        }
    }
}

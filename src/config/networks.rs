//! Who counts as an operator, and whose word counts for others: networks in CIDR notation.

use std::net::IpAddr;

use super::desk::Desk;
use super::list::parse_list;

/// A set of addresses: those of some networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

/// An address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Networks {
    /// Whether an address is in one of the networks. An IPv4 address that came over an IPv6 socket
    /// (`::ffff:192.0.2.7`) is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }

    /// Whether there is no address at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Network {
    /// Reads an address, or one with a prefix length behind it. Bits behind the prefix must be zero: `10.1.2.3/8` is
    /// more likely a slip than a wish for all of `10.0.0.0/8`.
    fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        if address.to_canonical() != address {
            return None; // clients are compared as IPv4, so it would never match
        }
        let bits = bits_of(address);
        let prefix = match prefix {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
            Some(_) => None,
            None => Some(bits),
        };
        let network = Network {
            address,
            prefix: prefix.filter(|prefix| *prefix <= bits)?,
        };
        (network.front(address) == value(address)).then_some(network)
    }

    fn contains(&self, client: IpAddr) -> bool {
        client.is_ipv4() == self.address.is_ipv4() && self.front(client) == value(self.address)
    }

    /// An address without the bits that do not count.
    fn front(&self, address: IpAddr) -> u128 {
        let rest = bits_of(address) - self.prefix;
        let cut = value(address).checked_shr(rest).unwrap_or(0);
        cut.checked_shl(rest).unwrap_or(0)
    }
}

fn bits_of(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn value(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Reads a list of networks, which may be missing. `None`: the desk holds a problem.
pub(super) fn read_networks(desk: &mut Desk<'_>, name: &str) -> Option<Networks> {
    match desk.text(name) {
        Some(text) => parse_list(desk, name, &text, Network::parse).map(Networks),
        None => (!desk.has_problem(name)).then(Networks::default),
    }
}

#[cfg(any(test, fuzzing))]
impl Networks {
    /// For what generated tests say of those who use them.
    pub(crate) fn of(list: &[&str]) -> Networks {
        let parse = |text: &&str| Network::parse(text).expect("a network");
        Networks(list.iter().map(parse).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_in_a_network_by_its_leading_bits() {
        let all = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/33", "203.0.113.4/31"];
        for (client, expected) in [
            ("127.0.0.1", false),
            ("::1", false),
            ("10.255.0.1", true),
            ("::ffff:10.1.1.1", true),
            ("11.0.0.1", false),
            ("192.0.2.7", true),
            ("192.0.2.6", false),
            ("203.0.113.5", true),
            ("203.0.113.6", false),
            ("2001:db8:7fff::1", true),
            ("2001:db8:8000::1", false),
        ] {
            let client: IpAddr = client.parse().expect("an address");
            assert_eq!(Networks::of(&all).contains(client), expected, "{client}");
            assert!(!Networks::of(&[]).contains(client), "{client}");
            assert!(
                Networks::of(&["0.0.0.0/0", "::/0"]).contains(client),
                "{client}"
            );
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "10",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.1.2.3/8",
            "::1/129",
            "2001:db8::1/64",
            "wiki",
            "[::1]",
            "::ffff:10.0.0.0/104",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}

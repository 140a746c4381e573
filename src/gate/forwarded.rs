//! What the fields of a request say about who has forwarded it, and for whom (pure).

use std::net::{IpAddr, SocketAddr};

use super::client::{Client, Scheme, Way};
use crate::config::Networks;

/// Names the clients: each front appends the one it was asked by.
const FOR: &str = "X-Forwarded-For";

/// Names what the first client speaks.
const PROTO: &str = "X-Forwarded-Proto";

/// Fields that only somebody in between writes. Clients have no reason to, so a request with one of them was forwarded.
const MARKS: [&str; 6] = [
    FOR,
    PROTO,
    "X-Forwarded-Host",
    "X-Real-IP",
    "Forwarded",
    "Via",
];

/// Whether somebody has forwarded a request with a field of this name.
pub(super) fn is_mark(name: &str) -> bool {
    // Most names begin otherwise, and need no more than a look.
    let may_be = matches!(
        name.as_bytes().first(),
        Some(b'X' | b'x' | b'F' | b'f' | b'V' | b'v')
    );
    may_be && MARKS.iter().any(|mark| mark.eq_ignore_ascii_case(name))
}

/// Whom a request is from that a trusted peer has sent: from the right, the first that is not trusted itself, else the one
/// on the left. What cannot be read was not written by a trusted one, and ends the search: the last that was read counts,
/// which is a front, and whom it stands for is hidden.
pub(super) fn client<'a>(
    peer: Client,
    trusted: &Networks,
    fields: impl DoubleEndedIterator<Item = (&'a str, &'a [u8])> + Clone,
) -> Client {
    if !fields.clone().any(|(name, _)| is_mark(name)) {
        return peer;
    }
    let of = |wanted: &'static str| {
        let own = fields.clone().rev();
        own.filter(move |(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value)
    };
    let (mut address, mut is_named) = (peer.address, false);
    for entry in of(FOR).flat_map(|value| value.rsplit(|byte| *byte == b',')) {
        let Some(named) = parse_entry(entry) else {
            is_named = false;
            break;
        };
        (address, is_named) = (named, true);
        if !trusted.contains(named) {
            break;
        }
    }
    let scheme = of(PROTO)
        .next()
        .and_then(|value| Scheme::of(value.trim_ascii()));
    let way = match is_named {
        true => Way::Forwarded { scheme },
        false => Way::Hidden { scheme },
    };
    Client { address, way }
}

/// Reads an address, which some fronts write with the client's port.
fn parse_entry(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry.trim_ascii()).ok()?;
    let with_port = || text.parse().map(|address: SocketAddr| address.ip());
    let address = text.parse().or_else(|_| with_port()).ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(fields: &[(&str, &str)]) -> Client {
        let peer = Client::direct([10, 0, 0, 1].into());
        let fields = fields.iter().map(|(name, value)| (*name, value.as_bytes()));
        client(
            peer,
            &Networks::of(&["10.0.0.0/8", "2001:db8::/32"]),
            fields,
        )
    }

    #[test]
    fn the_client_is_the_first_from_the_right_that_is_not_trusted() {
        let hundreds = "10.1.1.1, ".repeat(800) + "192.0.2.7";
        let trusted_hundreds = "192.0.2.7".to_owned() + &", 10.1.1.1".repeat(800);
        for (field, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            (" 192.0.2.7 ", "192.0.2.7"),
            ("198.51.100.1, 192.0.2.7", "192.0.2.7"),
            ("198.51.100.1, 192.0.2.7,10.0.0.2", "192.0.2.7"),
            ("198.51.100.1,\t192.0.2.7, 10.0.0.2, 10.0.0.3", "192.0.2.7"),
            ("10.9.9.9, 10.0.0.2", "10.9.9.9"),
            ("127.0.0.1", "127.0.0.1"),
            ("2001:db9::7, 2001:db8::1", "2001:db9::7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("192.0.2.7, ::ffff:10.0.0.2", "192.0.2.7"),
            // Some fronts write the port as well.
            ("192.0.2.7:567", "192.0.2.7"),
            ("[2001:db9::7]:5, 10.0.0.2:80", "2001:db9::7"),
            // What cannot be read ends the search.
            ("", "10.0.0.1"),
            ("unknown", "10.0.0.1"),
            ("192.0.2.7, unknown", "10.0.0.1"),
            ("192.0.2.7, unknown, 10.0.0.2", "10.0.0.2"),
            ("192.0.2.7,,10.0.0.2", "10.0.0.2"),
            ("192.0.2.7,", "10.0.0.1"),
            ("192.0.2.7, [2001:db8::1], 10.0.0.2", "10.0.0.2"),
            ("192.0.2.7, 10.0.0.256, 10.0.0.2", "10.0.0.2"),
            ("192.0.2.7, \"10.0.0.3\", 10.0.0.2", "10.0.0.2"),
            ("192.0.2.7, fe80::1%eth0", "10.0.0.1"),
            ("192.0.2.7 10.0.0.2", "10.0.0.1"),
            ("192.0.2.7, é, 10.0.0.2", "10.0.0.2"),
            (&hundreds, "192.0.2.7"),
            (&trusted_hundreds, "192.0.2.7"),
        ] {
            let client = found(&[("Host", "a"), ("x-forwarded-for", field)]);
            assert_eq!(client.address.to_string(), expected, "{field}");
            let is_front = ["10.0.0.1", "10.0.0.2"].contains(&expected); // of no list that ends with one
            let way = match is_front {
                true => Way::Hidden { scheme: None },
                false => Way::Forwarded { scheme: None },
            };
            assert_eq!(client.way, way, "{field}");
        }
    }

    #[test]
    fn several_fields_are_one_list() {
        for (fields, expected) in [
            (&["198.51.100.1", "192.0.2.7, 10.0.0.2"][..], "192.0.2.7"),
            (&["192.0.2.7", "10.0.0.3", "10.0.0.2"], "192.0.2.7"),
            (&["192.0.2.7", "unknown", "10.0.0.2"], "10.0.0.2"),
            (&["192.0.2.7", ""], "10.0.0.1"),
        ] {
            let fields: Vec<_> = fields
                .iter()
                .map(|value| ("X-Forwarded-For", *value))
                .collect();
            assert_eq!(found(&fields).address.to_string(), expected, "{fields:?}");
        }
    }

    #[test]
    fn the_scheme_is_what_the_last_front_says() {
        for (values, expected) in [
            (&["https"][..], Some(Scheme::Https)),
            (&["HTTP "], Some(Scheme::Http)),
            (&["http", "https"], Some(Scheme::Https)),
            (&["https", "ws"], None),
            (&["https, http"], None),
            (&[], None),
        ] {
            let mut fields = vec![("Via", "1.1 front")];
            fields.extend(values.iter().map(|value| ("X-Forwarded-Proto", *value)));
            let client = found(&fields);
            assert_eq!(client.way, Way::Hidden { scheme: expected }, "{values:?}");
            assert_eq!(client.address.to_string(), "10.0.0.1");
        }
    }

    #[test]
    fn a_request_without_a_mark_is_the_peers_own() {
        let fields = [
            ("Host", "a"),
            ("X-Forwarded", "b"),
            ("Vary", "c"),
            ("", "d"),
        ];
        assert_eq!(found(&fields), Client::direct([10, 0, 0, 1].into()));
        for mark in MARKS {
            assert_ne!(found(&[(mark, "")]).way, Way::Direct, "{mark}");
            assert!(is_mark(&mark.to_ascii_lowercase()), "{mark}");
        }
    }
}

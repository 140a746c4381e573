//! The PROXY protocol, versions 1 and 2: what a front says about the client before the client's first byte (pure). See
//! <https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt>.
//!
//! Written here and not taken from a crate because those found make no difference between a connection of the front's own
//! and one for a client that it does not know. The rights of this host go with the first only.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::Split;

/// How version 1 begins.
const V1_START: &[u8] = b"PROXY ";

/// Longest header of version 1 in bytes, line end included.
const V1_BYTES_MAX: usize = 107;

/// How version 2 begins.
const V2_START: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// What stands before the addresses in version 2: its start, version and command, family, length.
const V2_FIXED_BYTES: usize = V2_START.len() + 4;

/// Longest header in bytes. What version 2 has behind the addresses is skipped; fronts write some hundred bytes there, names
/// of certificates and the like.
pub(super) const HEADER_BYTES_MAX: usize = 4096;

/// What was found at the start of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// A header of this many bytes, and for whom the connection is.
    Complete { origin: Origin, bytes: usize },
    /// Nothing complete yet.
    Partial,
    /// It cannot become a header any more.
    Bad,
}

/// For whom a front has connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// For itself, as to see whether we are alive.
    Own,
    /// For somebody who has no address that we could know.
    Unknown,
    /// For this client.
    Client(IpAddr),
}

/// Reads the start of a connection.
pub(super) fn read(bytes: &[u8]) -> Header {
    if begins(bytes, V1_START) {
        read_v1(bytes)
    } else if begins(bytes, V2_START) {
        read_v2(bytes)
    } else {
        Header::Bad
    }
}

/// Whether all there is of `start` is right.
fn begins(bytes: &[u8], start: &[u8]) -> bool {
    let length = bytes.len().min(start.len());
    bytes[..length] == start[..length]
}

fn read_v1(bytes: &[u8]) -> Header {
    let most = &bytes[..bytes.len().min(V1_BYTES_MAX)];
    let Some(end) = most.iter().position(|byte| *byte == b'\n') else {
        return match bytes.len() < V1_BYTES_MAX {
            true => Header::Partial,
            false => Header::Bad,
        };
    };
    let line = most[..end].strip_suffix(b"\r");
    let line = line.and_then(|line| std::str::from_utf8(line).ok());
    match line.and_then(|line| origin_v1(line.split(' '))) {
        Some(origin) => Header::Complete {
            origin,
            bytes: end + 1,
        },
        None => Header::Bad,
    }
}

fn origin_v1(mut words: Split<'_, char>) -> Option<Origin> {
    words.next()?; // PROXY
    let family = words.next()?;
    if family == "UNKNOWN" {
        return Some(Origin::Unknown); // whatever follows
    }
    let mut address = || -> Option<IpAddr> {
        match family {
            "TCP4" => words.next()?.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
            "TCP6" => words.next()?.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            _ => None,
        }
    };
    let (client, _) = (address()?, address()?);
    let mut port = || {
        let word = words.next()?;
        let is_plain = word.bytes().all(|byte| byte.is_ascii_digit());
        word.parse::<u16>().ok().filter(|_| is_plain)
    };
    port()?;
    port()?;
    let is_all = words.next().is_none();
    is_all.then(|| Origin::Client(client.to_canonical()))
}

fn read_v2(bytes: &[u8]) -> Header {
    let Some((fixed, rest)) = bytes.split_at_checked(V2_FIXED_BYTES) else {
        return Header::Partial;
    };
    let [command, family, high, low] = fixed[V2_START.len()..] else {
        unreachable!("four bytes stand behind the start");
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if HEADER_BYTES_MAX < V2_FIXED_BYTES + length || !matches!(command, 0x20 | 0x21) {
        return Header::Bad;
    }
    let Some(rest) = rest.get(..length) else {
        return Header::Partial;
    };
    let origin = match (command, family) {
        (0x20, _) => Some(Origin::Own),
        (_, 0x11) => client::<4>(rest, 12),
        (_, 0x21) => client::<16>(rest, 36),
        // Unspecified, datagrams, Unix sockets.
        (_, 0x00 | 0x12 | 0x22 | 0x31 | 0x32) => Some(Origin::Unknown),
        _ => None,
    };
    match origin {
        Some(origin) => Header::Complete {
            origin,
            bytes: V2_FIXED_BYTES + length,
        },
        None => Header::Bad,
    }
}

/// The client's address, which comes first in a block of `least` bytes.
fn client<const BYTES: usize>(block: &[u8], least: usize) -> Option<Origin>
where
    IpAddr: From<[u8; BYTES]>,
{
    let octets: [u8; BYTES] = *block.get(..least)?.first_chunk()?;
    Some(Origin::Client(IpAddr::from(octets).to_canonical()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::properties;
    use super::*;

    fn client(address: &str) -> Origin {
        Origin::Client(address.parse().expect("an address"))
    }

    fn v2(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
        let length = u16::try_from(block.len()).expect("short").to_be_bytes();
        [V2_START, &[command, family], &length, block].concat()
    }

    #[test]
    fn what_a_front_says_is_read() {
        let v4 = [192, 0, 2, 7, 10, 0, 0, 1, 0x30, 0x39, 0, 80];
        let mut v6 = [0; 36];
        v6[..4].copy_from_slice(&[0x20, 1, 0x0d, 0xb8]);
        v6[15] = 7;
        let mut mapped = [0; 36];
        mapped[10..16].copy_from_slice(&[0xff, 0xff, 192, 0, 2, 7]);
        let tlvs = [&v4[..], &[0xab; 2000]].concat();
        for (bytes, origin) in [
            (
                b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 80\r\n".to_vec(),
                client("192.0.2.7"),
            ),
            (
                b"PROXY TCP6 2001:db8::7 ::1 0 65535\r\n".to_vec(),
                client("2001:db8::7"),
            ),
            (
                b"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n".to_vec(),
                client("192.0.2.7"),
            ),
            (b"PROXY UNKNOWN\r\n".to_vec(), Origin::Unknown),
            (
                b"PROXY UNKNOWN ffff::1 ffff::1 65535 \xc3\xa9\r\n".to_vec(),
                Origin::Unknown,
            ),
            (v2(0x21, 0x11, &v4), client("192.0.2.7")),
            (v2(0x21, 0x11, &tlvs), client("192.0.2.7")),
            (v2(0x21, 0x21, &v6), client("2001:db8::7")),
            (v2(0x21, 0x21, &mapped), client("192.0.2.7")),
            (v2(0x21, 0x31, &[0; 216]), Origin::Unknown),
            (v2(0x21, 0x00, &[]), Origin::Unknown),
            (v2(0x21, 0x12, &v4), Origin::Unknown),
            (v2(0x20, 0x11, &v4), Origin::Own),
            (v2(0x20, 0x00, &[]), Origin::Own),
            (v2(0x20, 0xff, &[0; 9]), Origin::Own),
        ] {
            let whole = Header::Complete {
                origin,
                bytes: bytes.len(),
            };
            let followed = [&bytes[..], b"GET / HTTP/1.1\r\n"].concat();
            assert_eq!(read(&bytes), whole, "{bytes:?}");
            assert_eq!(read(&followed), whole, "{bytes:?}");
            for part in 0..bytes.len() {
                assert_eq!(read(&bytes[..part]), Header::Partial, "{part} of {bytes:?}");
            }
            properties::proxy_header(&followed);
        }
    }

    #[test]
    fn what_is_no_header_is_refused_as_soon_as_that_is_certain() {
        let long = format!("PROXY UNKNOWN {}\r\n", "a".repeat(92));
        assert_eq!(long.len(), V1_BYTES_MAX + 1);
        let longest = format!("PROXY UNKNOWN {}\r\n", "a".repeat(91));
        assert_ne!(read(longest.as_bytes()), Header::Bad);
        let mut huge = v2(0x21, 0x11, &[0; 12]);
        huge[14..16].copy_from_slice(&4081_u16.to_be_bytes());
        for bytes in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"P\0",
            b"\x16\x03\x01",
            b"PROXYTCP4",
            b"proxy TCP4",
            b"\r\n\r\n\0\r\nQUIP",
            b"PROXY \r\n",
            b"PROXY TCP4\r\n",
            b"PROXY UNKNOWN\n",
            b"PROXY UNKNOWNS\r\n",
            b"PROXY UDP4 192.0.2.7 10.0.0.1 1 2\r\n",
            b"PROXY TCP4 192.0.2.7 10.0.0.1 1\r\n",
            b"PROXY TCP4 192.0.2.7 10.0.0.1 1 2 3\r\n",
            b"PROXY TCP4 192.0.2.7  10.0.0.1 1 2\r\n",
            b"PROXY TCP4 192.0.2.7 10.0.0.1 1 65536\r\n",
            b"PROXY TCP4 192.0.2.7 10.0.0.1 +1 2\r\n",
            b"PROXY TCP4 192.0.2.07 10.0.0.1 1 2\r\n",
            b"PROXY TCP4 ::1 ::1 1 2\r\n",
            b"PROXY TCP6 192.0.2.7 10.0.0.1 1 2\r\n",
            b"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
            long.as_bytes(),
            &long.as_bytes()[..V1_BYTES_MAX],
            &huge,
            &v2(0x22, 0x11, &[0; 12]),
            &v2(0x31, 0x11, &[0; 12]),
            &v2(0x21, 0x41, &[0; 12]),
            &v2(0x21, 0x11, &[0; 11]),
            &v2(0x21, 0x21, &[0; 35]),
        ] {
            assert_eq!(read(bytes), Header::Bad, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_keeps_the_promises(
            start in prop_oneof![
                Just(b"".to_vec()),
                Just(b"PROXY ".to_vec()),
                Just(b"PROXY TCP4 192.0.2.7 ".to_vec()),
                Just(b"PROXY TCP6 ::1 ".to_vec()),
                Just(V2_START.to_vec()),
                Just(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0".to_vec()),
                Just(b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24".to_vec()),
            ],
            rest in prop_oneof![
                "[0-9a-f:. ]{0,110}(\r\n)?.{0,9}".prop_map(String::into_bytes),
                proptest::collection::vec(any::<u8>(), 0..300),
            ],
        ) {
            properties::proxy_header(&[&start[..], &rest].concat());
        }
    }
}

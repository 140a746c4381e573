//! Writes status lines and header fields straight into the bytes that go out.

use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use httpdate::HttpDate;

/// 9999-12-31T23:59:59 UTC in seconds: the last moment an HTTP date can name.
const DATE_SECONDS_MAX: u64 = 253_402_300_799;

/// A head under construction: complete lines only.
pub(super) struct Head(Vec<u8>);

impl Head {
    /// Starts with the status line and `Date`. `capacity` is in bytes.
    pub(super) fn new(status: u16, now: SystemTime, capacity: usize) -> Head {
        let mut head = Head(Vec::with_capacity(capacity));
        head.0.extend_from_slice(b"HTTP/1.1 ");
        put_number(&mut head.0, u64::from(status));
        head.0.push(b' ');
        head.0.extend_from_slice(reason(status).as_bytes());
        head.0.extend_from_slice(b"\r\n");
        head.date("Date", now);
        head
    }

    /// Adds a field whose value is our own text.
    pub(super) fn field(&mut self, name: &str, value: &str) {
        debug_assert!(
            value.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "{name}: {value:?}"
        );
        self.line(name, |out| out.extend_from_slice(value.as_bytes()));
    }

    /// Adds a field whose value is a decimal number.
    pub(super) fn number(&mut self, name: &str, value: u64) {
        self.line(name, |out| put_number(out, value));
    }

    /// Adds a field whose value is an HTTP date.
    pub(super) fn date(&mut self, name: &str, value: SystemTime) {
        self.line(name, |out| put_date(out, value));
    }

    /// Adds a field whose value `write` appends.
    pub(super) fn line(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b": ");
        write(&mut self.0);
        self.0.extend_from_slice(b"\r\n");
    }

    /// Adds lines that are complete already, CRLF included.
    pub(super) fn lines(&mut self, lines: &str) {
        self.0.extend_from_slice(lines.as_bytes());
    }

    /// The lines; the empty one that ends a head is the gate's.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Appends a decimal number.
pub(super) fn put_number(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0; 20]; // u64::MAX has 20
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// A byte as two lower-case hexadecimal digits.
pub(super) fn hex(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [
        DIGITS[usize::from(byte >> 4)],
        DIGITS[usize::from(byte & 15)],
    ]
}

/// Appends `bytes {first}-{last}/{length}` for a range that is not empty.
pub(super) fn put_content_range(out: &mut Vec<u8>, range: &std::ops::Range<u64>, length: u64) {
    debug_assert!(range.start < range.end && range.end <= length);
    out.extend_from_slice(b"bytes ");
    put_number(out, range.start);
    out.push(b'-');
    put_number(out, range.end - 1);
    out.push(b'/');
    put_number(out, length);
}

fn put_date(out: &mut Vec<u8>, value: SystemTime) {
    // Out of range only if this machine's clock is; then a wrong date is better than no answer.
    let seconds = value
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
        .min(DATE_SECONDS_MAX);
    let date = HttpDate::from(UNIX_EPOCH + Duration::from_secs(seconds));
    write!(out, "{date}").expect("a Vec takes every write");
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "", // the phrase is optional
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(write: impl FnOnce(&mut Vec<u8>), expected: &str) {
        let mut out = Vec::new();
        write(&mut out);
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }

    #[test]
    fn numbers_print_as_the_standard_library_does() {
        for value in [0, 1, 9, 10, 99, 100, 12_345, u64::MAX - 1, u64::MAX] {
            check(|out| put_number(out, value), &value.to_string());
        }
    }

    #[test]
    fn dates_outside_the_calendar_of_http_are_clamped() {
        let far = UNIX_EPOCH + Duration::from_secs(DATE_SECONDS_MAX + 1);
        let before = UNIX_EPOCH - Duration::from_secs(1);
        for (time, expected) in [
            (UNIX_EPOCH, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (before, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (far, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            check(|out| put_date(out, time), expected);
        }
    }

    #[test]
    fn a_head_is_lines() {
        let mut head = Head::new(404, UNIX_EPOCH, 0);
        head.field("A", "b");
        head.number("C", 7);
        head.lines("D: e\r\n");
        check(
            |out| *out = head.into_bytes(),
            "HTTP/1.1 404 Not Found\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nA: b\r\nC: 7\r\nD: e\r\n",
        );
        assert_eq!([0, 0x1f, 0xa0].map(hex), [*b"00", *b"1f", *b"a0"]);
        check(|out| put_content_range(out, &(2..5), 9), "bytes 2-4/9");
    }
}

//! Until when a certificate is valid (pure): the one date of it that operators have to know.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tags of the distinguished encoding (ITU-T X.690) that stand on the way to the date.
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const SHORT_YEAR: u8 = 0x17;
const LONG_YEAR: u8 = 0x18;

/// The end of its validity (RFC 5280, section 4.1.2.5); `None` if it cannot be read, or lies before 1970.
pub(super) fn ends(certificate: &[u8]) -> Option<SystemTime> {
    let (signed, _) = value(certificate, SEQUENCE)?;
    let (mut rest, _) = value(signed, SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        rest = skip(rest)?;
    }
    for _ in 0..3 {
        rest = skip(rest)?; // serial number, algorithm of the signature, issuer
    }
    let (validity, _) = value(rest, SEQUENCE)?;
    let end = skip(validity)?;
    match *end.first()? {
        SHORT_YEAR => {
            let (text, _) = value(end, SHORT_YEAR)?;
            let century = if digits(text, 0, 2)? < 50 { 2000 } else { 1900 };
            moment(century + digits(text, 0, 2)?, text.get(2..)?)
        }
        LONG_YEAR => {
            let (text, _) = value(end, LONG_YEAR)?;
            moment(digits(text, 0, 4)?, text.get(4..)?)
        }
        _ => None,
    }
}

/// The content of the element that the bytes begin with, and what follows it.
fn value(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match *length {
        short @ ..0x80 => (usize::from(short), rest),
        long => {
            let (length, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let is_fit = length.len() <= 4;
            let length = length
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            (is_fit.then_some(length)?, rest)
        }
    };
    (*first == tag).then_some(rest.split_at_checked(length)?)
}

/// What follows the element that the bytes begin with.
fn skip(bytes: &[u8]) -> Option<&[u8]> {
    let (_, rest) = value(bytes, *bytes.first()?)?;
    Some(rest)
}

fn digits(text: &[u8], start: usize, end: usize) -> Option<u64> {
    std::str::from_utf8(text.get(start..end)?)
        .ok()?
        .parse()
        .ok()
}

/// The moment of a year and the month, day and time behind it, always of Greenwich.
fn moment(year: u64, rest: &[u8]) -> Option<SystemTime> {
    let part = |number: usize| digits(rest, 2 * number, 2 * number + 2);
    let (month, day) = (part(0)?, part(1)?);
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years that begin in March end with the day that comes and goes.
    let (years, months) = match month {
        3.. => (year, month - 3),
        _ => (year - 1, month + 9),
    };
    let leap_days = years / 4 - years / 100 + years / 400;
    let days = 365 * years + leap_days + (153 * months + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468)?; // from March of the year 0 to 1970
    let seconds = ((days * 24 + part(2)?) * 60 + part(3)?) * 60 + part(4)?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(year: u64, rest: &str, expected: &str) {
        let found = moment(year, rest.as_bytes()).map(httpdate::fmt_http_date);
        assert_eq!(
            found.as_deref().unwrap_or("none"),
            expected,
            "{year} {rest}"
        );
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        check(1970, "0101000000Z", "Thu, 01 Jan 1970 00:00:00 GMT");
        check(2024, "0229235959Z", "Thu, 29 Feb 2024 23:59:59 GMT");
        check(2026, "1231120130Z", "Thu, 31 Dec 2026 12:01:30 GMT");
        check(2100, "0301000000Z", "Mon, 01 Mar 2100 00:00:00 GMT");
        for (year, rest) in [
            (1969, "1231000000Z"),
            (2026, "1301000000Z"),
            (2026, "0100000000Z"),
            (2026, "01010"),
        ] {
            check(year, rest, "none");
        }
    }

    /// An element with a short content.
    fn element(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
        let content = parts.concat();
        let length = u8::try_from(content.len()).expect("short");
        [vec![tag, length], content].concat()
    }

    #[test]
    fn a_certificate_with_years_of_two_digits_and_without_a_version_is_read_too() {
        for (end, expected) in [("491231235959Z", 2_524_607_999), ("700101000001Z", 1)] {
            let text = |tag, text: &str| element(tag, &[text.as_bytes().to_vec()]);
            let validity = [text(SHORT_YEAR, "240101000000Z"), text(SHORT_YEAR, end)];
            let empty = || element(SEQUENCE, &[]);
            let parts = [
                element(2, &[vec![1]]),
                empty(),
                empty(),
                element(SEQUENCE, &validity),
            ];
            let certificate = element(SEQUENCE, &[element(SEQUENCE, &parts)]);
            let expected = UNIX_EPOCH + Duration::from_secs(expected);
            assert_eq!(ends(&certificate), Some(expected), "{end}");
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        let endless = [SEQUENCE, 0x84, 0xff, 0xff, 0xff, 0xff, 0];
        for bytes in [
            &b""[..],
            b"0",
            b"\x30\x80",
            b"\x30\x03\x30\x01",
            &endless,
            &[0x30; 64],
        ] {
            assert_eq!(ends(bytes), None, "{bytes:?}");
        }
    }
}

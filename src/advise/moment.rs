//! The time in front of a line, in the forms that journald, syslog and this service write.

/// Seconds of a day.
const DAY_SECONDS: i64 = 86_400;

/// Months as syslog names them.
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// When a line was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Seconds since 1970.
    Absolute(i64),
    /// Without a year, as syslog has it.
    Yearless {
        /// 1 to 12.
        month: u32,
        /// 1 to 31.
        day: u32,
        /// Seconds since midnight.
        second: i64,
    },
}

impl Moment {
    /// Seconds since 1970, if it lies in this year unless it says so itself.
    pub(super) fn seconds(self, year: i64) -> i64 {
        match self {
            Moment::Absolute(seconds) => seconds,
            Moment::Yearless { month, day, second } => {
                days(year, month, day) * DAY_SECONDS + second
            }
        }
    }
}

/// Takes a time off the beginning of `text`; gives it and what follows.
pub(super) fn take(text: &str) -> Option<(Moment, &str)> {
    let (word, rest) = text.split_once(' ')?;
    if let Some(seconds) = iso(word).or_else(|| unix(word)) {
        return Some((Moment::Absolute(seconds), rest.trim_start()));
    }
    let month = MONTHS.iter().position(|month| *month == word)? as u32 + 1;
    let (day, rest) = rest.trim_start().split_once(' ')?; // " 7" and "17" alike
    let (time, rest) = rest.split_once(' ')?;
    let day = number(day, 1, 31)? as u32;
    let second = clock(time.split('.').next()?)?;
    Some((Moment::Yearless { month, day, second }, rest.trim_start()))
}

/// `2026-11-28T07:15:34.123Z`, with an offset in place of the Z, or `journalctl -o short-iso`'s `+0100`.
fn iso(word: &str) -> Option<i64> {
    let (date, time) = word.split_once('T')?;
    let mut parts = date.splitn(3, '-');
    let year = number(parts.next()?, 1970, 9999)?;
    let month = number(parts.next()?, 1, 12)? as u32;
    let day = number(parts.next()?, 1, 31)? as u32;
    let (clock_part, after) = time.split_at_checked(8)?;
    let zone = after.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','));
    Some(days(year, month, day) * DAY_SECONDS + clock(clock_part)? - offset(zone)?)
}

/// What a local time is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    let (sign, digits) = match zone.as_bytes().first() {
        None => return Some(0),
        Some(b'Z') if zone.len() == 1 => return Some(0),
        Some(b'+') => (1, zone.get(1..)?),
        Some(b'-') => (-1, zone.get(1..)?),
        Some(_) => return None,
    };
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = minutes.strip_prefix(':').unwrap_or(minutes);
    Some(sign * (number(hours, 0, 23)? * 3600 + number(minutes, 0, 59)? * 60))
}

/// `journalctl -o short-unix`: seconds since 1970 with a fraction.
fn unix(word: &str) -> Option<i64> {
    let (seconds, fraction) = word.split_once('.')?;
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    number(seconds, 0, 253_402_300_799).filter(|_| is_fraction) // to the end of the year 9999
}

/// `07:15:34`.
fn clock(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, ':');
    let hours = number(parts.next()?, 0, 23)?;
    let minutes = number(parts.next()?, 0, 59)?;
    let seconds = number(parts.next()?, 0, 60)?; // a leap second
    Some((hours * 60 + minutes) * 60 + seconds)
}

fn number(text: &str, least: i64, most: i64) -> Option<i64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()); // no sign
    let value = text.parse().ok().filter(|_| is_plain)?;
    (least <= value && value <= most).then_some(value)
}

/// Days from 1 January 1970 to a day of the Gregorian calendar; one that there is not counts as one of the next month.
fn days(year: i64, month: u32, day: u32) -> i64 {
    // Count from March: the leap day is then the last of a year, and the months before it repeat.
    let (year, month) = match month {
        1 | 2 => (year - 1, i64::from(month) + 9),
        _ => (year, i64::from(month) - 3),
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (153 * month + 2) / 5 + i64::from(day) - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form() {
        const THEN: i64 = 1_795_850_134; // 2026-11-28T07:15:34Z
        for (text, expected) in [
            ("2026-11-28T07:15:34.123Z INFO  served", THEN),
            ("2026-11-28T07:15:34Z x", THEN),
            ("2026-11-28T08:15:34+0100 host", THEN),
            ("2026-11-28T08:15:34.999999+01:00 host", THEN),
            ("2026-11-28T02:45:34,5-04:30 host", THEN),
            ("2026-11-28T07:15:34 host", THEN),
            ("1795850134.250000 host", THEN),
            ("1970-01-01T00:00:00Z x", 0),
            ("2000-02-29T00:00:00Z x", 951_782_400),
            ("2000-03-01T00:00:00Z x", 951_868_800),
            ("2100-03-01T00:00:00Z x", 4_107_542_400),
        ] {
            let (moment, rest) = take(text).expect(text);
            assert_eq!(moment, Moment::Absolute(expected), "{text}");
            assert!(text.ends_with(rest) && !rest.starts_with(' '), "{text}");
        }
        for text in ["Nov 28 07:15:34 host x", "Nov 28 07:15:34.123456 host x"] {
            let (moment, rest) = take(text).expect(text);
            assert_eq!((moment.seconds(2026), rest), (THEN, "host x"), "{text}");
        }
        let (moment, _) = take("Nov  8 07:15:34 host x").expect("a day of one digit");
        assert_eq!(moment.seconds(2026), THEN - 20 * DAY_SECONDS);
    }

    #[test]
    fn what_is_no_time_is_left_alone() {
        for text in [
            "",
            "served key=a",
            "2026-11-28 07:15:34 x",
            "2026-13-28T07:15:34Z x",
            "2026-11-28T24:15:34Z x",
            "2026-11-28T07:15:34Q x",
            "2026-11-28T07:15:34+1 x",
            "2026-11-28T07:15:34+é1 x",
            "2026-11-28T07:15:é4Z x",
            "2026-11-28T07:15:34Z",
            "+1795850134.25 x",
            "1795850134. x",
            "17 x",
            "Nov 32 07:15:34 x",
            "Nov 28 07:15 x",
            "Now 28 07:15:34 x",
            "99999999999999999999.1 x",
        ] {
            assert_eq!(take(text), None, "{text:?}");
        }
    }
}

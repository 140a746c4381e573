//! Moments as Confluence's REST writes them: ISO 8601 with an offset (pure).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY_SECONDS: i64 = 86_400;

/// Reads a moment such as `2019-09-13T11:51:31.250+08:00`. The fraction is optional; the offset is `Z`, `+hh:mm` or
/// `+hhmm`. Anything else, a moment before 1970 included, is `None`: then nothing can be concluded from it.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    let (date, rest) = text.split_once('T')?;
    let (year, rest_of_date) = date.split_once('-')?;
    let (month, day) = rest_of_date.split_once('-')?;
    let (year, month, day) = (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?);
    if !(1..=12).contains(&month) || day < 1 || days_of(year, month) < day {
        return None;
    }
    let zone = rest.find(['Z', '+', '-'])?;
    let (clock, zone) = rest.split_at(zone);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = clock.splitn(3, ':');
    let [hour, minute, second] = [parts.next()?, parts.next()?, parts.next()?];
    let (hour, minute, second) = (digits(hour, 2)?, digits(minute, 2)?, digits(second, 2)?);
    if 23 < hour || 59 < minute || 60 < second {
        return None;
    }
    let seconds =
        days_since_1970(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second
            - offset(zone)?;
    let whole = UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).ok()?);
    Some(whole + milliseconds(fraction)?)
}

/// Exactly `count` digits.
fn digits(text: &str, count: usize) -> Option<i64> {
    let plain = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn milliseconds(fraction: &str) -> Option<Duration> {
    let plain = (1..=9).contains(&fraction.len()) && fraction.bytes().all(|b| b.is_ascii_digit());
    if !plain {
        return None;
    }
    let padded = format!("{fraction:0<3}");
    padded[..3].parse().ok().map(Duration::from_millis)
}

/// Seconds east of UTC.
fn offset(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let rest = &zone[1..];
    let (hours, minutes) = rest.split_once(':').or_else(|| rest.split_at_checked(2))?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    (hours <= 18 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leap_days = before / 4 - before / 100 + before / 400;
    let leap_days_1970 = 1969 / 4 - 1969 / 100 + 1969 / 400;
    let days_of_months: i64 = (1..month).map(|month| days_of(year, month)).sum();
    (year - 1970) * 365 + leap_days - leap_days_1970 + days_of_months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected_milliseconds: Option<u64>) {
        let expected = expected_milliseconds.map(|ms| UNIX_EPOCH + Duration::from_millis(ms));
        assert_eq!(parse(text), expected, "moment: {text}");
    }

    #[test]
    fn moments_are_read_with_their_offset() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T08:00:00.000+08:00", 0),
            ("2019-09-13T11:51:31.250+08:00", 1_568_346_691_250),
            ("2019-09-12T22:21:31.2-0530", 1_568_346_691_200),
            ("2024-02-29T07:59:59.000+08:00", 1_709_164_799_000),
            ("2024-03-01T00:00:00.0009999+08:00", 1_709_222_400_000),
            ("2000-02-29T00:00:00Z", 951_782_400_000),
            ("2100-03-01T00:00:00Z", 4_107_542_400_000),
        ] {
            check(text, Some(expected));
        }
    }

    #[test]
    fn anything_else_says_nothing() {
        for text in [
            "",
            "yesterday",
            "2019-09-13",
            "2019-09-13T11:51:31",
            "2019-09-13 11:51:31Z",
            "2019-13-01T00:00:00Z",
            "2019-00-01T00:00:00Z",
            "2019-02-29T00:00:00Z",
            "2019-04-31T00:00:00Z",
            "2019-01-00T00:00:00Z",
            "2019-01-01T24:00:00Z",
            "2019-01-01T00:60:00Z",
            "2019-01-01T00:00:61Z",
            "2019-01-01T00:00Z",
            "2019-01-01T00:00:00.Z",
            "2019-01-01T00:00:00.1234567890Z",
            "2019-01-01T00:00:00+8",
            "2019-01-01T00:00:00+99:00",
            "2019-01-01T00:00:00+08:00x",
            "1969-12-31T23:59:59Z",
            "+019-01-01T00:00:00Z",
            "２０１９-01-01T00:00:00Z",
        ] {
            check(text, None);
        }
    }

    proptest! {
        #[test]
        fn no_text_disturbs_the_reader(text in "\\PC{0,40}", tail in "[-+0-9:.TZ]{0,30}") {
            parse(&text);
            parse(&tail);
            parse(&format!("2019-01-01T{tail}"));
        }
    }
}

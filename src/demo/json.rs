//! Words of JSON, written by hand: the few shapes that are needed are easier to read that way.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// This Confluence stands in China: its times carry the offset +08:00.
const ZONE_OFFSET_SECONDS: u64 = 8 * 3600;

/// Writes a JSON string with its quotes.
pub(super) fn json(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => {
                let code = u32::from(control);
                write!(quoted, "\\u{code:04x}").expect("a String takes everything");
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// Writes a moment in ISO 8601 with milliseconds and offset, as Confluence does.
pub(super) fn timestamp(when: SystemTime) -> String {
    let since_1970 = when.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since_1970.as_secs() + ZONE_OFFSET_SECONDS;
    let (mut day, time) = (seconds / 86_400, seconds % 86_400);
    let mut year = 1970;
    while days_of(year) <= day {
        day -= days_of(year);
        year += 1;
    }
    let february = days_of(year) - 337;
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    format!(
        "{year}-{month:02}-{:02}T{:02}:{:02}:{:02}.{:03}+08:00",
        day + 1,
        time / 3600,
        time / 60 % 60,
        time % 60,
        since_1970.subsec_millis(),
    )
}

fn days_of(year: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    if leap { 366 } else { 365 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn timestamps_are_those_of_the_calendar() {
        for (milliseconds, expected) in [
            (0, "1970-01-01T08:00:00.000+08:00"),
            (1_709_164_799_000, "2024-02-29T07:59:59.000+08:00"),
            (1_709_222_400_000, "2024-03-01T00:00:00.000+08:00"),
            (1_568_346_691_250, "2019-09-13T11:51:31.250+08:00"),
            (1_704_038_399_999, "2023-12-31T23:59:59.999+08:00"),
        ] {
            let when = UNIX_EPOCH + Duration::from_millis(milliseconds);
            assert_eq!(timestamp(when), expected, "milliseconds: {milliseconds}");
        }
    }

    #[test]
    fn json_strings_are_escaped() {
        assert_eq!(json("图 \"a\\b\"\n"), r#""图 \"a\\b\"\u000a""#);
    }
}

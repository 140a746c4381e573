//! Moments as people and programs read them, in UTC.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY_SECONDS: u64 = 86_400;

/// A moment of the calendar.
struct Civil {
    year: u64,
    month: u64,
    day: u64,
    seconds: u64,
}

/// Writes a moment in ISO 8601 with seconds, such as `2024-06-09T14:04:16Z`. Moments before 1970 become its start.
pub(super) fn iso_8601(when: SystemTime) -> String {
    let Civil {
        year,
        month,
        day,
        seconds,
    } = civil(when);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Writes a moment as the log does, but without milliseconds: `2026-01-31 23:59:59 UTC`.
pub(super) fn readable(when: SystemTime) -> String {
    let text = iso_8601(when).replace('T', " ");
    text.replace('Z', " UTC")
}

/// Writes the day of a moment, such as `2024-06-09`.
pub(super) fn day(when: SystemTime) -> String {
    let Civil {
        year, month, day, ..
    } = civil(when);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The Gregorian calendar, counted in years that begin in March, so that the leap day is the last of them.
fn civil(when: SystemTime) -> Civil {
    const ERA_DAYS: u64 = 146_097; // 400 years
    const DAYS_BEFORE_1970: u64 = 719_468; // since the first of March of the year 0
    let since = when
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let days = since / DAY_SECONDS + DAYS_BEFORE_1970;
    let (era, day_of_era) = (days / ERA_DAYS, days % ERA_DAYS);
    let leaps = day_of_era / 1460 + day_of_era / (ERA_DAYS - 1) - day_of_era / 36_524;
    let year_of_era = (day_of_era - leaps) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    Civil {
        year: era * 400 + year_of_era + u64::from(month <= 2),
        month,
        day: day_of_year - (153 * march_month + 2) / 5 + 1,
        seconds: since % DAY_SECONDS,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_164_799, "2024-02-28T23:59:59Z"),
            (1_709_251_200, "2024-03-01T00:00:00Z"),
            (1_717_941_856, "2024-06-09T14:04:16Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (4_107_456_000, "2100-02-28T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            let when = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(iso_8601(when), expected, "seconds: {seconds}");
            assert_eq!(day(when), expected[..10], "seconds: {seconds}");
            let spaced = format!("{} {} UTC", &expected[..10], &expected[11..19]);
            assert_eq!(readable(when), spaced, "seconds: {seconds}");
        }
        assert_eq!(day(UNIX_EPOCH - Duration::from_secs(1)), "1970-01-01");
    }
}

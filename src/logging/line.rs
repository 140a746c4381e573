//! How one line looks: pure, the time is handed in.

use std::fmt::{self, Write};
use std::time::{Duration, SystemTime};

use log::Level;

/// Longest line without its newline. A name has 255 bytes; whatever is longer is cut, so that the log's memory is
/// bounded by this times the number of waiting lines.
pub(super) const LINE_BYTES_MAX: usize = 2048;

/// Stands at the end of a line that was cut.
const CUT: &str = "...";

/// Who reads the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// journald: a priority in front, no time because the journal has it.
    Journal,
    /// A person or a file: UTC time and level in front.
    Human,
}

impl Style {
    /// Writes one line with its newline. The module is named at debug only, where it is what one looks for.
    pub(super) fn line(
        self,
        now: SystemTime,
        level: Level,
        target: &str,
        message: impl fmt::Display,
    ) -> String {
        let mut line = Line(String::with_capacity(160));
        let head = match self {
            Style::Journal => write!(line, "<{}>", priority(level)),
            Style::Human => write!(line, "{} {level:<5} ", Timestamp(now)),
        };
        let module = match level {
            Level::Error | Level::Warn | Level::Info => Ok(()),
            Level::Debug | Level::Trace => write!(line, "{target}: "),
        };
        let message = write!(line, "{message}");
        if head.and(module).and(message).is_err() {
            line.0.push_str(CUT);
        }
        line.0.push('\n');
        line.0
    }
}

/// A line under construction: takes text in, escaped, until it is full.
struct Line(String);

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // Nearly all text: every access line passes here.
        let is_plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if is_plain && self.0.len() + text.len() <= LINE_BYTES_MAX - CUT.len() {
            self.0.push_str(text);
            return Ok(());
        }
        for c in text.chars() {
            self.write_char(c)?;
        }
        Ok(())
    }

    fn write_char(&mut self, c: char) -> fmt::Result {
        let start = self.0.len();
        if is_dangerous(c) {
            self.0.extend(c.escape_default());
        } else {
            self.0.push(c);
        }
        if LINE_BYTES_MAX - CUT.len() < self.0.len() {
            self.0.truncate(start);
            return Err(fmt::Error);
        }
        Ok(())
    }
}

/// Characters that end a line, steer a terminal or turn the direction of writing.
pub(super) fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' // line and paragraph separator
                | '\u{61c}' | '\u{200e}' | '\u{200f}' // marks of direction
                | '\u{202a}'..='\u{202e}' // embeddings and overrides
                | '\u{2066}'..='\u{2069}' // isolates
        )
}

/// The priorities of syslog that journald understands.
fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}

/// RFC 3339 in UTC with milliseconds; a clock before 1970 shows 1970.
pub(super) struct Timestamp(pub(super) SystemTime);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self
            .0
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        let (year, month, day) = civil_date(since.as_secs() / 86_400);
        let second = since.as_secs() % 86_400;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
            second / 3600,
            second / 60 % 60,
            second % 60,
            since.subsec_millis()
        )
    }
}

/// Year, month and day of a day counted from 1 January 1970, in the Gregorian calendar.
fn civil_date(days: u64) -> (u64, u64, u64) {
    // Count from 1 March of year 0: the leap day is then the last of a year, and the months before it repeat.
    let days = days + 719_468;
    let era = days / 146_097; // 400 years
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153; // months of 31, 30, 31, 30, 31 days
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = 400 * era + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (days, expected) in [
            (0, (1970, 1, 1)),
            (30, (1970, 1, 31)),
            (31, (1970, 2, 1)),
            (58, (1970, 2, 28)),
            (59, (1970, 3, 1)),
            (364, (1970, 12, 31)),
            (789, (1972, 2, 29)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (20_454, (2026, 1, 1)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
            (2_932_896, (9999, 12, 31)),
        ] {
            assert_eq!(civil_date(days), expected, "day {days}");
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = civil_date(0);
        for days in 1..200_000 {
            let (year, month, day) = civil_date(days);
            let next = if day != 1 {
                (year, month, day - 1) == before
            } else if month != 1 {
                (year, month - 1) == (before.0, before.1) && 28 <= before.2
            } else {
                (year - 1, 12, 31) == before
            };
            assert!(next, "{before:?} {:?}", (year, month, day));
            before = (year, month, day);
        }
    }

    #[test]
    fn lines_have_the_shape_their_reader_wants() {
        let now = at(1_772_323_199_007);
        for (style, level, expected) in [
            (Style::Journal, Level::Error, "<3>hello\n"),
            (Style::Journal, Level::Warn, "<4>hello\n"),
            (Style::Journal, Level::Info, "<6>hello\n"),
            (Style::Journal, Level::Debug, "<7>room::file: hello\n"),
            (
                Style::Human,
                Level::Error,
                "2026-02-28T23:59:59.007Z ERROR hello\n",
            ),
            (
                Style::Human,
                Level::Warn,
                "2026-02-28T23:59:59.007Z WARN  hello\n",
            ),
            (
                Style::Human,
                Level::Info,
                "2026-02-28T23:59:59.007Z INFO  hello\n",
            ),
            (
                Style::Human,
                Level::Debug,
                "2026-02-28T23:59:59.007Z DEBUG room::file: hello\n",
            ),
        ] {
            assert_eq!(style.line(now, level, "room::file", "hello"), expected);
        }
        let early = SystemTime::UNIX_EPOCH - Duration::from_secs(9);
        let line = Style::Human.line(early, Level::Info, "", "x");
        assert_eq!(line, "1970-01-01T00:00:00.000Z INFO  x\n");
    }

    #[test]
    fn a_message_cannot_forge_lines_or_steer_a_terminal() {
        for (message, expected) in [
            ("a\nb\r\tc", r"a\nb\r\tc"),
            ("\u{1b}[31mred", r"\u{1b}[31mred"),
            ("\0\u{7}\u{7f}", r"\u{0}\u{7}\u{7f}"),
            ("\u{80}\u{85}\u{9b}", r"\u{80}\u{85}\u{9b}"),
            ("\u{2028}\u{2029}", r"\u{2028}\u{2029}"),
            ("\u{61c}\u{200e}\u{200f}", r"\u{61c}\u{200e}\u{200f}"),
            (
                "\u{202a}\u{202e}\u{2066}\u{2069}",
                r"\u{202a}\u{202e}\u{2066}\u{2069}",
            ),
            ("名前 é \u{a0}\u{202f}\\n\"", "名前 é \u{a0}\u{202f}\\n\""),
        ] {
            let line = Style::Journal.line(at(0), Level::Info, "", message);
            assert_eq!(line, format!("<6>{expected}\n"));
        }
        let line = Style::Journal.line(at(0), Level::Debug, "a\nb", "c");
        assert_eq!(line, "<7>a\\nb: c\n");
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let room = LINE_BYTES_MAX - CUT.len() - "<6>".len();
        for (message, expected) in [
            ("a".repeat(room), "a".repeat(room)),
            ("a".repeat(room + 1), "a".repeat(room) + CUT),
            ("ä".repeat(room), "ä".repeat(room / 2) + CUT),
            ("\n".repeat(room), "\\n".repeat(room / 2) + CUT),
        ] {
            let line = Style::Journal.line(at(0), Level::Info, "", message);
            assert_eq!(line, format!("<6>{expected}\n"));
            assert!(line.len() <= LINE_BYTES_MAX + 1);
        }
    }
}

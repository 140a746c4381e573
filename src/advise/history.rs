//! A whole log: who asked for which file when, and how large the files are.

use std::collections::HashMap;
use std::io::{self, BufRead, Read};

use super::line::{self, CameFrom, Event};
use super::moment::Moment;
use crate::attachment::{FILE_NAME_BYTES_MAX, FileName, Key, PageId};

/// Longest line that is looked at: the service cuts its own at half of that, and a prefix stands in front. Of a longer
/// one the rest is passed over.
const LINE_BYTES_MAX: u64 = 4096;

/// The year that times without one begin in: a leap year, which has every day. Only what lies between two times matters.
const YEAR: i64 = 2000;

/// Seconds that a request may lie behind one in a line above it: threads write their lines when they come to it.
const BACKWARDS_MAX: i64 = 5;

/// What a log says of requests.
#[derive(Default)]
pub(super) struct History {
    /// In the order of the log.
    pub(super) requests: Vec<Request>,
    /// By the numbers in `requests`.
    pub(super) files: Vec<File>,
    pub(super) counts: Counts,
    clock: Clock,
}

/// A request for a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    /// Since the first request with a time.
    pub(super) second: u32,
    /// Which file.
    pub(super) file: u32,
    pub(super) from: CameFrom,
}

/// A file that was asked for.
pub(super) struct File {
    pub(super) key: Key,
    /// The largest body that a client got of it; `None`: nobody got one.
    pub(super) bytes: Option<u64>,
}

/// Lines by what they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// All of them.
    pub(super) lines: u64,
    /// Answered requests for anything but a file.
    pub(super) elsewhere: u64,
    /// Cut or spoiled, and the number of the first such line.
    pub(super) corrupt: u64,
    pub(super) first_corrupt: u64,
    /// Requests in a line without a time.
    pub(super) timeless: u64,
    /// Requests from before one in a line above, and the number of the first such line.
    pub(super) backwards: u64,
    pub(super) first_backwards: u64,
}

/// Turns the times of requests into seconds since the first.
#[derive(Default)]
struct Clock {
    first: Option<i64>,
    second: u32,
    /// Years that times without one have seen come.
    years: i64,
    month: u32,
}

impl History {
    /// Reads a log to its end.
    pub(super) fn read(mut source: impl BufRead) -> io::Result<History> {
        let (mut history, mut numbers, mut line) = (History::default(), HashMap::new(), Vec::new());
        while next(&mut source, &mut line)? {
            history.counts.lines += 1;
            history.take(&String::from_utf8_lossy(&line), &mut numbers);
        }
        Ok(history)
    }

    /// From the first request with a time to the last.
    pub(super) fn seconds(&self) -> u32 {
        self.clock.second
    }

    /// Whether any request has a time.
    pub(super) fn has_times(&self) -> bool {
        self.clock.first.is_some()
    }

    fn take(&mut self, line: &str, numbers: &mut HashMap<Box<str>, u32>) {
        let line = line::read(line);
        match line.event {
            Event::Request { key, from, bytes } => {
                if let Some(at) = line.at
                    && self.clock.advance(at) < -BACKWARDS_MAX
                {
                    self.counts.backwards += 1;
                    if self.counts.backwards == 1 {
                        self.counts.first_backwards = self.counts.lines;
                    }
                }
                let file = self.number(key, numbers);
                let known = &mut self.files[file as usize].bytes;
                *known = bytes.max(*known);
                self.counts.timeless += u64::from(line.at.is_none());
                self.requests.push(Request {
                    second: self.clock.second,
                    file,
                    from,
                });
            }
            Event::Elsewhere => {
                self.counts.elsewhere += 1;
                if let Some(at) = line.at {
                    self.clock.advance(at);
                }
            }
            Event::Corrupt => {
                self.counts.corrupt += 1;
                if self.counts.corrupt == 1 {
                    self.counts.first_corrupt = self.counts.lines;
                }
            }
            Event::Other => {}
        }
    }

    fn number(&mut self, key: &str, numbers: &mut HashMap<Box<str>, u32>) -> u32 {
        if let Some(number) = numbers.get(key) {
            return *number;
        }
        let number = self.files.len() as u32;
        numbers.insert(key.into(), number);
        self.files.push(File {
            key: stand_in(key, number),
            bytes: None,
        });
        number
    }
}

impl Clock {
    /// Goes on to a time, and says by how many seconds; below 0: it lies before what the clock shows.
    fn advance(&mut self, at: Moment) -> i64 {
        if let Moment::Yearless { month, .. } = at {
            self.years += i64::from(month + 6 < self.month); // December has become January
            self.month = month;
        }
        let now = at.seconds(YEAR + self.years);
        let since = now - *self.first.get_or_insert(now);
        let ahead = since - i64::from(self.second);
        // A clock that was set back stands still until it is where it was.
        let since = since.clamp(self.second.into(), u32::MAX.into());
        self.second = u32::try_from(since).expect("it was clamped to that");
        ahead
    }
}

/// A key that is another one than that of any other number, and as long as the printed one, since the store weighs keys.
fn stand_in(printed: &str, number: u32) -> Key {
    let plain = printed.bytes().map(|byte| match byte {
        b'/' | b'\\' | b'.' => b'-',
        byte if byte.is_ascii_graphic() => byte,
        _ => b'-',
    });
    let mut name: Vec<u8> = plain.take(FILE_NAME_BYTES_MAX).collect();
    if name.is_empty() {
        name.push(b'-');
    }
    Key::File {
        page: PageId::parse(&number.to_string()).expect("a number of ten digits at most"),
        name: FileName::parse(&name).expect("plain characters, not too many"),
        version: None,
    }
}

/// Reads the next line, without its end, as far as it is looked at; `false` at the end.
fn next(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    source.take(LINE_BYTES_MAX).read_until(b'\n', line)?;
    if line.is_empty() {
        return Ok(false);
    }
    if line.pop_if(|last| *last == b'\n').is_none() {
        source.skip_until(b'\n')?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> History {
        History::read(text).expect("memory can be read")
    }

    fn served(prefix: &str, name: &str, bytes: u64) -> String {
        format!("{prefix}served key={name} status=200 from=hit bytes={bytes} ms=1 client=::1\n")
    }

    fn seconds(history: &History) -> Vec<u32> {
        history
            .requests
            .iter()
            .map(|request| request.second)
            .collect()
    }

    #[test]
    fn a_file_is_as_large_as_its_largest_body() {
        let text = ["a", "b", "a", "a"].iter().zip([5, 0, 9, 7]);
        let text: String = text.map(|(name, bytes)| served("", name, bytes)).collect();
        let history = read(text.as_bytes());
        let files: Vec<u32> = history
            .requests
            .iter()
            .map(|request| request.file)
            .collect();
        let sizes: Vec<Option<u64>> = history.files.iter().map(|file| file.bytes).collect();
        assert_eq!((files, sizes), (vec![0, 1, 0, 0], vec![Some(9), None]));
        assert_ne!(history.files[0].key, history.files[1].key);
        assert!(!history.has_times());
        assert_eq!(history.counts.timeless, 4);
    }

    #[test]
    fn time_goes_on_from_the_first_line_and_never_back() {
        let at = |time: &str| served(&format!("2026-11-28T{time}Z INFO  "), "a", 1);
        let text = [
            at("07:00:00"),
            served("", "a", 1),
            at("08:00:00"),
            at("07:30:00"),
            at("08:00:01"),
        ];
        let history = read(text.concat().as_bytes());
        assert_eq!(seconds(&history), [0, 0, 3600, 3600, 3601]);
        assert!(history.has_times());
        assert_eq!((history.seconds(), history.counts.timeless), (3601, 1));
        let history = read(
            [at("07:00:00"), served("9999-12-31T00:00:00Z ", "a", 1)]
                .concat()
                .as_bytes(),
        );
        assert_eq!(history.seconds(), u32::MAX, "a clock that was wrong once");
    }

    #[test]
    fn a_new_year_comes_where_no_year_is_written() {
        let at = |day: &str| served(&format!("{day} 12:00:00 host program[1]: "), "a", 1);
        let text = ["Dec 31", "Jan  1", "Dec 31", "Jan  1"].map(at).concat();
        assert_eq!(
            seconds(&read(text.as_bytes())),
            [0, 86_400, 365 * 86_400, 366 * 86_400]
        );
    }

    #[test]
    fn requests_from_before_are_counted_and_only_requests_move_the_clock() {
        let at = |time: &str| served(&format!("2026-11-28T{time}Z INFO  "), "a", 1);
        let text = [
            "1970-01-01T00:00:01Z INFO  started version=1\n".to_owned(),
            at("08:00:00"),
            "2099-01-01T00:00:00Z INFO  fetched key=b bytes=1 ms=0 kept=yes\n".to_owned(),
            at("08:00:09"),
            at("08:00:04"), // five seconds are within what threads need
            at("08:00:03"),
            at("08:00:12"),
        ];
        let history = read(text.concat().as_bytes());
        assert_eq!(seconds(&history), [0, 9, 9, 9, 12]);
        let counts = history.counts;
        assert_eq!((counts.backwards, counts.first_backwards), (1, 6));
        assert_eq!(history.seconds(), 12);
    }

    #[test]
    fn odd_lines_are_counted_and_read_over() {
        let long = format!(
            "served key={} status=200\n",
            "a".repeat(3 * LINE_BYTES_MAX as usize)
        );
        let mut text = b"started version=1\n\xff\xfe\n\n".to_vec();
        text.extend_from_slice(long.as_bytes());
        text.extend_from_slice(
            b"served path=\"/healthz\" status=200 from=page bytes=3 ms=0 client=::1\n",
        );
        text.extend_from_slice(served("", "\u{fffd}/..", 7).as_bytes());
        text.extend_from_slice(b"served key=a status=200 from=hit by");
        let history = read(&text);
        let expected = Counts {
            lines: 7,
            elsewhere: 1,
            corrupt: 2,
            first_corrupt: 4,
            timeless: 1,
            ..Counts::default()
        };
        assert_eq!((history.counts, history.files.len()), (expected, 1));
    }
}

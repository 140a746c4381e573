//! Requests to replay, from a file or from a generator.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// One request of a trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Request {
    /// When, since the start.
    pub at: Duration,
    /// For which file.
    pub file: usize,
    /// How long the file is then.
    pub bytes: u64,
}

/// Requests in the order of their times.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    pub requests: Vec<Request>,
    /// Whether all files are the same size, because nothing is known of it.
    pub is_sizeless: bool,
}

impl Trace {
    /// Reads lines of `time key size`, times in seconds and sizes in bytes; or else, when there are zero bytes, which
    /// no text has, numbers of files, four bytes each, the highest first.
    pub fn read(bytes: &[u8]) -> Result<Trace, String> {
        if bytes.contains(&0) {
            Ok(Trace::from_numbers(bytes))
        } else {
            let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
            Trace::from_lines(text)
        }
    }

    fn from_lines(text: &str) -> Result<Trace, String> {
        let mut names = HashMap::new();
        let mut first = None;
        let mut trace = Trace::default();
        for (index, line) in text.lines().enumerate() {
            let mut words = line.split_ascii_whitespace();
            let request = (|| {
                let at: f64 = words.next()?.parse().ok()?;
                let at = at - *first.get_or_insert(at);
                let next = names.len();
                Some(Request {
                    at: Duration::try_from_secs_f64(at).ok()?,
                    file: *names.entry(words.next()?).or_insert(next),
                    bytes: words.next()?.parse().ok()?,
                })
            })();
            let expected = || format!("line {}: expected `time key size`, in order", index + 1);
            trace.requests.push(request.ok_or_else(expected)?);
        }
        Ok(trace)
    }

    fn from_numbers(bytes: &[u8]) -> Trace {
        let numbers = bytes.chunks_exact(4);
        let requests = numbers.map(|number| Request {
            at: Duration::ZERO,
            file: number
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
            bytes: 1,
        });
        Trace {
            requests: requests.collect(),
            is_sizeless: true,
        }
    }

    /// The same requests for caches that know nothing of time, where copies are confirmed when they are older than `ttl`
    /// and die unconfirmed when they have been so for `stale`: after that a file is another file.
    pub fn mortal(mut self, ttl: Duration, stale: Duration) -> Trace {
        let mut next = self.files_end();
        let mut lives: Vec<Option<(usize, Duration)>> = vec![None; next];
        for request in &mut self.requests {
            let life = &mut lives[request.file];
            let (file, stored) = match *life {
                None => (request.file, request.at),
                Some((file, stored)) if request.at < stored + ttl => (file, stored),
                Some((file, stored)) if request.at < stored + ttl + stale => (file, request.at),
                Some(_) => {
                    next += 1;
                    (next - 1, request.at)
                }
            };
            *life = Some((file, stored));
            request.file = file;
        }
        self
    }

    /// How many different files are asked for.
    pub fn files(&self) -> usize {
        let files: HashSet<usize> = self.requests.iter().map(|request| request.file).collect();
        files.len()
    }

    /// Above it there is no number of a file.
    pub fn files_end(&self) -> usize {
        let files = self.requests.iter().map(|request| request.file);
        files.max().map_or(0, |last| last + 1)
    }
}

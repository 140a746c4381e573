//! The command from the first line that is read to the last that is printed.

use std::fmt;
use std::io::{self, BufRead};

use super::history::History;
use super::report::Report;
use super::trial::{self, BUDGETS};
use crate::config::CacheConfig;

/// A line as the service writes it.
const EXAMPLE: &str = "served key=confluence_attachment_123_plan.pdf status=200 from=hit bytes=51200 ms=3 client=10.0.0.7";

/// Why there is no advice.
#[derive(Debug)]
pub enum AdviceError {
    /// The log cannot be read to its end.
    Unreadable(io::Error),
    /// It has no line of a request for a file.
    NoRequest {
        /// How many lines it has.
        lines: u64,
    },
    /// No line shows how large a file is.
    NoSize {
        /// How many requests it has.
        requests: usize,
    },
}

impl fmt::Display for AdviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AdviceError::Unreadable(error) => write!(f, "{error}"),
            AdviceError::NoRequest { lines } => write!(
                f,
                "it has no line of an answered request for a file, such as \"{EXAMPLE}\" (lines read: {lines}); the service writes one for each if RUST_LOG is info, and journalctl -u confluence-attachment-proxy -o short-iso prints them"
            ),
            AdviceError::NoSize { requests } => write!(
                f,
                "no request of it was answered with a whole file (status=200), which shows its size (requests read: {requests}); take a longer log"
            ),
        }
    }
}

impl std::error::Error for AdviceError {}

/// Reads the log in `source`, replays it with each of `settings`, which are those of the service for each of [`BUDGETS`], and says
/// what came of it.
///
/// # Errors
///
/// When the log gives nothing to go by. Nothing has been said then.
pub fn run(
    source: impl BufRead,
    settings: &[CacheConfig; BUDGETS.len()],
    say: &mut dyn FnMut(&str),
) -> Result<(), AdviceError> {
    let history = History::read(source).map_err(AdviceError::Unreadable)?;
    if history.requests.is_empty() {
        let lines = history.counts.lines;
        return Err(AdviceError::NoRequest { lines });
    }
    if trial::requests(&history).next().is_none() {
        let requests = history.requests.len();
        return Err(AdviceError::NoSize { requests });
    }
    let [first, ..] = settings;
    let is_crowded = first.items_max < history.files.len();
    let any_number = |settings: &CacheConfig| CacheConfig {
        items_max: usize::MAX,
        ..settings.clone()
    };
    let report = Report {
        items_max: first.items_max,
        tried: settings
            .each_ref()
            .map(|settings| trial::replay(&history, settings)),
        of_any_number: is_crowded.then(|| {
            let settings = settings.each_ref().map(any_number);
            settings.map(|settings| trial::replay(&history, &settings))
        }),
        unlimited: trial::replay(&history, &trial::unlimited(first)),
        logged: trial::logged(&history),
        history: &history,
    };
    report.tell(say);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::trial::tests::{lines, settings};
    use super::*;

    const MIB: u64 = 1 << 20;

    fn said(history: &str, items_max: usize) -> String {
        let settings = BUDGETS.map(|bytes| CacheConfig {
            items_max,
            ..settings(bytes)
        });
        let mut text = String::new();
        let mut say = |line: &str| text = format!("{text}{line}\n");
        run(history.as_bytes(), &settings, &mut say).expect("a good log");
        text
    }

    /// Three files that fit into 128 MiB, nine requests in an hour.
    fn rounds() -> String {
        let names = ["a", "b", "c"];
        let rounds = [(0, "miss"), (900, "hit"), (3600, "revalidated")];
        let all = rounds.map(|(second, from)| names.map(|name| (second, name, from, 20 * MIB)));
        lines(&all.concat())
    }

    #[test]
    fn what_is_known_of_a_log_is_said() {
        let text = said(&rounds(), 1000);
        for line in [
            "9 requests for 3 files of together 60.0 MiB, in 60 minutes",
            "64MiB               0.0 %     0.0 %             9       180.0 MiB",
            "128MiB             33.3 %    66.7 %             6        60.0 MiB",
            "4GiB               33.3 %    66.7 %             6        60.0 MiB",
            "without limits     33.3 %    66.7 %             6        60.0 MiB",
            "the log itself     33.3 %    66.7 %             6        60.0 MiB",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
        assert!(text.contains("\nSet CACHE_MAX_BYTES=128MiB: "), "{text}");
    }

    #[test]
    fn too_few_files_are_compared_with_any_number_of_them() {
        let text = said(&rounds(), 1);
        assert!(
            text.contains("  hits with CACHE_MAX_ITEMS=1000\n"),
            "{text}"
        );
        let advice = "\nSet CACHE_MAX_BYTES=128MiB CACHE_MAX_ITEMS=1000: ";
        assert!(text.contains(advice), "{text}");
    }

    #[test]
    fn a_log_without_times_has_no_time_to_speak_of() {
        let history = rounds();
        let messages = history.lines().filter_map(|line| line.split_once("INFO  "));
        let messages: Vec<&str> = messages.map(|(_, message)| message).collect();
        let text = said(&messages.join("\n"), 1000);
        let expected = "9 requests for 3 files of together 60.0 MiB\nno line has a time, ";
        assert!(text.starts_with(expected), "{text}");
        // Without times nothing expires.
        assert!(text.contains("\n128MiB             66.7 %"), "{text}");
    }
}

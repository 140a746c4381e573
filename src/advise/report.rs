//! What is said: what was read, a table, and what to set.

use super::history::History;
use super::trial::{BUDGETS, Tally, requests};
use crate::config::format_size;

/// Difference of two hit ratios that is worth a setting: one in a hundred.
const POINT: f64 = 0.01;

/// A proposed number of files is rounded up to a multiple of this, and is at most what the setting takes.
const ITEMS_STEP: usize = 1000;

/// The most that `CACHE_MAX_ITEMS` takes.
const ITEMS_MAX: usize = 10_000_000;

const DAY_SECONDS: f64 = 86_400.0;

/// Everything there is to say.
pub(super) struct Report<'a> {
    pub(super) history: &'a History,
    /// `CACHE_MAX_ITEMS`.
    pub(super) items_max: usize,
    /// For each of [`BUDGETS`].
    pub(super) tried: [Tally; BUDGETS.len()],
    /// The same for any number of files, if there are more than `CACHE_MAX_ITEMS`.
    pub(super) of_any_number: Option<[Tally; BUDGETS.len()]>,
    /// With memory without end.
    pub(super) unlimited: Tally,
    /// What the log itself says.
    pub(super) logged: Tally,
}

impl Report<'_> {
    /// Says it, line by line.
    pub(super) fn tell(&self, say: &mut dyn FnMut(&str)) {
        self.tell_what_was_read(say);
        say("");
        self.tell_table(say);
        say("");
        say(&self.advice());
    }

    fn tell_what_was_read(&self, say: &mut dyn FnMut(&str)) {
        let (history, asked) = (self.history, self.logged.requests);
        let sizes = history.files.iter().filter_map(|file| file.bytes);
        let (files, bytes) = (sizes.clone().count(), sizes.map(|bytes| bytes as f64).sum());
        let span = match history.has_times() {
            true => format!(", in {}", span(history.seconds().into())),
            false => String::new(),
        };
        say(&format!(
            "{asked} requests for {files} files of together {}{span}",
            size(bytes)
        ));
        let left_out = history.requests.len() - requests(history).count();
        let counts = history.counts;
        for (why, count) in [
            ("no line shows the size of their file", left_out as u64),
            (
                "they are for pages, health checks or purges",
                counts.elsewhere,
            ),
        ] {
            if 0 < count {
                say(&format!("requests left out because {why}: {count}"));
            }
        }
        if 0 < counts.corrupt {
            let (corrupt, first) = (counts.corrupt, counts.first_corrupt);
            say(&format!(
                "lines left out because they are cut or spoiled: {corrupt}, the first is line {first}"
            ));
        }
        if 0 < counts.backwards {
            let (backwards, first) = (counts.backwards, counts.first_backwards);
            say(&format!(
                "requests from before one above them: {backwards}, the first is line {first}; the advice is wrong unless the oldest lines come first"
            ));
        }
        if !history.has_times() {
            say(
                "no line has a time, so no copy ever expires below: journalctl -u confluence-attachment-proxy -o short-iso prints times",
            );
        } else if 0 < counts.timeless {
            let timeless = counts.timeless;
            say(&format!(
                "requests without a time, which take that of the line before: {timeless}"
            ));
        }
    }

    fn tell_table(&self, say: &mut dyn FnMut(&str)) {
        let (per, days) = self.period();
        let more = self.proposed_items().map(|(items, _)| items);
        let more_head = more.map_or(String::new(), |items| {
            format!("  hits with CACHE_MAX_ITEMS={items}")
        });
        say(&format!(
            "CACHE_MAX_BYTES      hits     bytes  asked {per}  fetched {per}{more_head}"
        ));
        let width = per.len();
        let row = |name: &str, tally: &Tally| {
            let (hits, bytes) = (percent(tally.hit_ratio()), percent(tally.byte_ratio()));
            let asked = format!("{:.0}", tally.asked as f64 / days);
            let fetched = size(tally.bytes_fetched as f64 / days);
            let (asked_columns, fetched_columns) = (width + 6, width + 8);
            format!(
                "{name:15}{hits:>10}{bytes:>10}  {asked:>asked_columns$}  {fetched:>fetched_columns$}"
            )
        };
        for (place, tally) in self.tried.iter().enumerate() {
            let mut line = row(&format_size(BUDGETS[place]), tally);
            if let Some((_, others)) = self.proposed_items() {
                let columns = more_head.len();
                line.push_str(&format!("{:>columns$}", percent(others[place].hit_ratio())));
            }
            say(&line);
        }
        say(&row("without limits", &self.unlimited));
        say(&row("the log itself", &self.logged));
    }

    /// In what time questions and bytes are counted, and how many of it the log has.
    fn period(&self) -> (&'static str, f64) {
        let days = f64::from(self.history.seconds()) / DAY_SECONDS;
        match 1.0 <= days {
            true => ("a day", days),
            false => ("in all", 1.0), // a part of a day says nothing of the rest of it
        }
    }

    /// The number of files to set, and what it brings, if the present one holds the cache back.
    fn proposed_items(&self) -> Option<(usize, &[Tally; BUDGETS.len()])> {
        let others = self.of_any_number.as_ref()?;
        let items = self
            .history
            .files
            .len()
            .next_multiple_of(ITEMS_STEP)
            .min(ITEMS_MAX);
        let (with, without) = (Best::of(others), Best::of(&self.tried));
        let gain = (with.hits - without.hits).max(with.bytes - without.bytes);
        (POINT <= gain).then_some((items, others))
    }

    /// What to set, ready to be pasted.
    fn advice(&self) -> String {
        let (tried, items) = match self.proposed_items() {
            Some((items, others)) => (others, format!(" CACHE_MAX_ITEMS={items}")),
            None => (&self.tried, String::new()),
        };
        let (best, last) = (Best::of(tried), BUDGETS.len() - 1);
        let found = tried.iter().position(|tally| best.is_near(tally));
        let place = found.unwrap_or(last);
        let why = match place == last {
            true => "nothing less comes within".to_owned(),
            false => format!(
                "up to {} the least that comes within",
                format_size(BUDGETS[last])
            ),
        };
        let held = match items.is_empty() {
            true => String::new(),
            false => format!("; CACHE_MAX_ITEMS={} holds it back", self.items_max),
        };
        let (budget, it) = (format_size(BUDGETS[place]), &tried[place]);
        let hits = format!("{} of {}", percent(it.hit_ratio()), percent(best.hits));
        let bytes = format!("{} of {}", percent(it.byte_ratio()), percent(best.bytes));
        format!(
            "Set CACHE_MAX_BYTES={budget}{items}: {why} one point of the best, in hits ({hits}) and in bytes ({bytes}){held}."
        )
    }
}

/// The best of a column.
struct Best {
    hits: f64,
    bytes: f64,
}

impl Best {
    fn of(tried: &[Tally]) -> Best {
        Best {
            hits: tried.iter().map(Tally::hit_ratio).fold(0.0, f64::max),
            bytes: tried.iter().map(Tally::byte_ratio).fold(0.0, f64::max),
        }
    }

    /// Whether it comes within a point of the best in both.
    fn is_near(&self, tally: &Tally) -> bool {
        self.hits - tally.hit_ratio() <= POINT && self.bytes - tally.byte_ratio() <= POINT
    }
}

fn percent(part: f64) -> String {
    format!("{:.1} %", 100.0 * part)
}

fn span(seconds: f64) -> String {
    match seconds {
        ..120.0 => format!("{seconds:.0} seconds"),
        ..7200.0 => format!("{:.0} minutes", seconds / 60.0),
        ..172_800.0 => format!("{:.1} hours", seconds / 3600.0),
        _ => format!("{:.1} days", seconds / DAY_SECONDS),
    }
}

/// A size for people, which need not be exact.
fn size(bytes: f64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    let mut shown = bytes / 1024.0;
    let mut unit = units[0];
    for larger in &units[1..] {
        if 1000.0 <= shown {
            (shown, unit) = (shown / 1024.0, larger);
        }
    }
    format!("{shown:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// Requests for one MiB each.
    fn tally(hits: u64) -> Tally {
        Tally {
            requests: 128, // whose parts are exact numbers
            hits,
            asked: 128 - hits,
            bytes: 128 * MIB,
            bytes_kept: hits * MIB,
            bytes_fetched: (128 - hits) * MIB,
        }
    }

    fn said(report: &Report<'_>) -> String {
        let mut text = String::new();
        report.tell(&mut |line| text = format!("{text}{line}\n"));
        text
    }

    fn history(lines: &[&str]) -> History {
        History::read(lines.join("\n").as_bytes()).expect("memory can be read")
    }

    #[test]
    fn the_least_memory_within_a_point_of_the_best_is_proposed() {
        let history = history(&[
            "2026-11-28T07:00:00Z INFO  served key=a status=200 from=hit bytes=3145728 ms=1 client=::1",
            "2026-11-28T08:00:00Z INFO  served key=b status=200 from=hit bytes=1024 ms=1 client=::1",
        ]);
        let report = Report {
            history: &history,
            items_max: 1000,
            tried: [10, 70, 88, 90, 91, 90, 89].map(tally),
            of_any_number: None,
            unlimited: tally(99),
            logged: tally(70),
        };
        let expected = "\
128 requests for 2 files of together 3.0 MiB, in 60 minutes

CACHE_MAX_BYTES      hits     bytes  asked in all  fetched in all
64MiB               7.8 %     7.8 %           118       118.0 MiB
128MiB             54.7 %    54.7 %            58        58.0 MiB
256MiB             68.8 %    68.8 %            40        40.0 MiB
512MiB             70.3 %    70.3 %            38        38.0 MiB
1GiB               71.1 %    71.1 %            37        37.0 MiB
2GiB               70.3 %    70.3 %            38        38.0 MiB
4GiB               69.5 %    69.5 %            39        39.0 MiB
without limits     77.3 %    77.3 %            29        29.0 MiB
the log itself     54.7 %    54.7 %            58        58.0 MiB

Set CACHE_MAX_BYTES=512MiB: up to 4GiB the least that comes within one point of the best, in hits (70.3 % of 71.1 %) and in bytes (70.3 % of 71.1 %).
";
        assert_eq!(said(&report), expected);
    }

    #[test]
    fn a_number_of_files_is_proposed_where_it_holds_the_cache_back() {
        let history = history(&[
            "2026-11-28T07:00:00Z INFO  served key=a status=200 from=hit bytes=3145728 ms=1 client=::1",
            "2026-11-28T07:00:00Z INFO  served key=b status=304 from=hit bytes=0 ms=1 client=::1",
            "served key=a status=206 from=hit bytes=1 ms=1 client=::1",
            "served path=\"/\" status=200 from=page bytes=1 ms=1 client=::1",
            "served key=a status=2",
            "2026-12-02T07:00:00Z INFO  served key=a status=304 from=hit bytes=0 ms=1 client=::1",
        ]);
        let mut report = Report {
            history: &history,
            items_max: 4,
            tried: [20; 7].map(tally),
            of_any_number: Some([20, 25, 40, 60, 80, 80, 80].map(tally)),
            unlimited: tally(80),
            logged: tally(20),
        };
        let expected = "\
128 requests for 1 files of together 3.0 MiB, in 4.0 days
requests left out because no line shows the size of their file: 1
requests left out because they are for pages, health checks or purges: 1
lines left out because they are cut or spoiled: 1, the first is line 5
requests without a time, which take that of the line before: 1

CACHE_MAX_BYTES      hits     bytes  asked a day  fetched a day  hits with CACHE_MAX_ITEMS=1000
64MiB              15.6 %    15.6 %           27       27.0 MiB                          15.6 %
128MiB             15.6 %    15.6 %           27       27.0 MiB                          19.5 %
256MiB             15.6 %    15.6 %           27       27.0 MiB                          31.2 %
512MiB             15.6 %    15.6 %           27       27.0 MiB                          46.9 %
1GiB               15.6 %    15.6 %           27       27.0 MiB                          62.5 %
2GiB               15.6 %    15.6 %           27       27.0 MiB                          62.5 %
4GiB               15.6 %    15.6 %           27       27.0 MiB                          62.5 %
without limits     62.5 %    62.5 %           12       12.0 MiB
the log itself     15.6 %    15.6 %           27       27.0 MiB

Set CACHE_MAX_BYTES=1GiB CACHE_MAX_ITEMS=1000: up to 4GiB the least that comes within one point of the best, in hits (62.5 % of 62.5 %) and in bytes (62.5 % of 62.5 %); CACHE_MAX_ITEMS=4 holds it back.
";
        assert_eq!(said(&report), expected);
        // Less than a point is not worth a setting.
        report.of_any_number = Some([20; 7].map(tally));
        let text = said(&report);
        assert!(text.contains("\nSet CACHE_MAX_BYTES=64MiB: "), "{text}");
        assert!(!text.contains("CACHE_MAX_ITEMS"), "{text}");
    }

    #[test]
    fn bytes_count_as_much_as_hits() {
        let history = history(&[]);
        let mut tried = [64; 7].map(tally);
        let advised = |tried: [Tally; 7]| {
            let report = Report {
                history: &history,
                items_max: 1000,
                tried,
                of_any_number: None,
                unlimited: tally(64),
                logged: tally(64),
            };
            report.advice()
        };
        let advice = advised(tried);
        assert!(
            advice.starts_with("Set CACHE_MAX_BYTES=64MiB: up to 4GiB the least "),
            "{advice}"
        );
        tried[3].bytes_kept += 2 * MIB;
        let advice = advised(tried);
        assert!(
            advice.starts_with("Set CACHE_MAX_BYTES=512MiB: up to 4GiB the least "),
            "{advice}"
        );
        assert!(
            advice.ends_with("in hits (50.0 % of 50.0 %) and in bytes (51.6 % of 51.6 %)."),
            "{advice}"
        );
        tried[4].hits += 2;
        let advice = advised(tried);
        assert!(
            advice.starts_with("Set CACHE_MAX_BYTES=4GiB: nothing less comes within "),
            "{advice}"
        );
    }

    #[test]
    fn sizes_and_times_are_for_people() {
        for (bytes, expected) in [
            (0.0, "0.0 KiB"),
            (1023.0 * 1024.0, "1.0 MiB"),
            (1536.0 * 1024.0 * 1024.0, "1.5 GiB"),
            (5e15, "4547.5 TiB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
        for (seconds, expected) in [
            (0.0, "0 seconds"),
            (120.0, "2 minutes"),
            (7200.0, "2.0 hours"),
            (172_800.0, "2.0 days"),
        ] {
            assert_eq!(span(seconds), expected);
        }
    }
}

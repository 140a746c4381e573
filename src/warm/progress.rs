//! How far it is, in one line (pure).

use super::report::Report;
use crate::attachment::PageId;
use crate::web::sized;

/// A terminal has at least as many columns; a longer line would not be written over by the next one.
const COLUMNS: usize = 79;

/// Columns of the bar.
const BAR_COLUMNS: u64 = 20;

/// The line that a terminal shows while files are fetched.
pub(super) fn bar(page: PageId, report: &Report) -> String {
    if report.state == "listing" {
        return format!("page {page}: asking which files it has");
    }
    let full = match report.files {
        0 => 0,
        files => (report.done * BAR_COLUMNS / files).min(BAR_COLUMNS),
    };
    let line = format!(
        "page {page} [{}{}] {}/{} files, {}  {}",
        "#".repeat(full as usize),
        "-".repeat((BAR_COLUMNS - full) as usize),
        report.done,
        report.files,
        sized(report.bytes),
        report.now.as_deref().unwrap_or_default(),
    );
    let mut columns = 0;
    let fits = |character: &char| {
        columns += if character.is_ascii() { 1 } else { 2 }; // Chinese characters are that wide
        columns <= COLUMNS
    };
    line.chars().take_while(fits).collect()
}

/// The line that is written to a file now and then.
pub(super) fn step(page: PageId, report: &Report) -> String {
    let (done, files, size) = (report.done, report.files, sized(report.bytes));
    format!("page {page}: {done} of {files} files, {size}")
}

/// What became of a page, and of the files that failed.
pub(super) fn summary(page: PageId, report: &Report) -> Vec<String> {
    if report.is_unlisted() {
        let reason = report
            .reason
            .as_deref()
            .unwrap_or("its files are not known");
        return vec![format!("page {page}: {reason}")];
    }
    let kept = report.kept + report.fresh;
    let mut line = format!(
        "page {page}: {kept} of {} files are kept, {}",
        report.files,
        sized(report.bytes)
    );
    for (count, words) in [
        (report.fresh, "were fresh before"),
        (report.too_big, "too big to keep"),
        (report.failed, "failed"),
    ] {
        if 0 < count {
            line.push_str(&format!("; {count} {words}"));
        }
    }
    let mut lines = vec![line];
    if let Some(reason) = &report.reason {
        lines.push(format!("page {page}: {}: {reason}", report.state));
    }
    let failures = report.failures.iter();
    lines.extend(failures.map(|(name, reason)| format!("  {name}: {reason}")));
    let unnamed = report.failed.saturating_sub(report.failures.len() as u64);
    if 0 < unnamed {
        lines.push(format!(
            "  and {unnamed} more, which the log of the service names"
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> PageId {
        PageId::parse("65601").expect("digits")
    }

    fn report() -> Report {
        Report {
            job: 1,
            state: "fetching".to_owned(),
            files: 30,
            done: 12,
            kept: 7,
            fresh: 2,
            too_big: 1,
            failed: 2,
            bytes: 1_234_567,
            now: Some("图".repeat(60)),
            failures: vec![("a.png".to_owned(), "gone".to_owned())],
            reason: None,
        }
    }

    #[test]
    fn a_bar_fits_a_terminal() {
        let line = bar(page(), &report());
        assert!(
            line.starts_with("page 65601 [########------------] 12/30 files, 1.2 MB  图"),
            "{line}"
        );
        let wide = line.chars().filter(|it| !it.is_ascii()).count();
        assert!(
            (COLUMNS - 1..=COLUMNS).contains(&(line.chars().count() + wide)),
            "{line}"
        );
        let listing = Report {
            state: "listing".to_owned(),
            ..Report::default()
        };
        assert_eq!(
            bar(page(), &listing),
            "page 65601: asking which files it has"
        );
        assert_eq!(
            step(page(), &report()),
            "page 65601: 12 of 30 files, 1.2 MB"
        );
    }

    #[test]
    fn a_summary_says_what_is_missing() {
        let stopped = Report {
            state: "stopped".to_owned(),
            reason: Some("the proxy is stopping".to_owned()),
            ..report()
        };
        assert_eq!(
            summary(page(), &stopped),
            [
                "page 65601: 9 of 30 files are kept, 1.2 MB; 2 were fresh before; 1 too big to keep; 2 failed",
                "page 65601: stopped: the proxy is stopping",
                "  a.png: gone",
                "  and 1 more, which the log of the service names",
            ]
        );
        let good = Report {
            state: "done".to_owned(),
            files: 3,
            kept: 3,
            bytes: 5,
            ..Report::default()
        };
        assert_eq!(
            summary(page(), &good),
            ["page 65601: 3 of 3 files are kept, 5 B"]
        );
    }
}

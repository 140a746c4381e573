//! What the service says (pure).

use serde_json::Value;

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) job: u64,
    /// `listing`, `fetching`, `done`, `failed` or `stopped`.
    pub(super) state: String,
    pub(super) files: u64,
    pub(super) done: u64,
    pub(super) kept: u64,
    pub(super) fresh: u64,
    pub(super) too_big: u64,
    pub(super) failed: u64,
    pub(super) bytes: u64,
    /// A file that is on its way.
    pub(super) now: Option<String>,
    /// The first files that could not be fetched, and why.
    pub(super) failures: Vec<(String, String)>,
    /// Why the job ended before its end.
    pub(super) reason: Option<String>,
}

impl Report {
    /// Reads one; `None` if it is something else.
    pub(super) fn read(json: &[u8]) -> Option<Report> {
        let report: Value = serde_json::from_slice(json).ok()?;
        let number = |name: &str| report.get(name)?.as_u64();
        let failures = report.get("failures")?.as_array()?.iter();
        let failures = failures
            .filter_map(|failure| Some((text(failure.get("name"))?, text(failure.get("reason"))?)));
        Some(Report {
            job: number("job")?,
            state: text(report.get("state"))?,
            files: number("files")?,
            done: number("done")?,
            kept: number("kept")?,
            fresh: number("fresh")?,
            too_big: number("too_big")?,
            failed: number("failed")?,
            bytes: number("bytes")?,
            now: text(report.pointer("/now/0")),
            failures: failures.collect(),
            reason: text(report.get("reason")),
        })
    }

    /// Whether it ended before it was known which files there are.
    pub(super) fn is_unlisted(&self) -> bool {
        self.state == "failed" && self.files == 0
    }

    /// Whether nothing more comes.
    pub(super) fn is_over(&self) -> bool {
        !matches!(&*self.state, "listing" | "fetching")
    }
}

/// The words of a problem in JSON, as far as there are any.
pub(super) fn problem_words(json: &[u8]) -> String {
    let problem: Value = serde_json::from_slice(json).unwrap_or_default();
    text(problem.get("detail")).unwrap_or_else(|| "it gives no reason".to_owned())
}

/// A text without what could disturb a terminal.
fn text(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    Some(text.chars().filter(|it| !it.is_control()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_and_anything_else_is_none() {
        let json = r#"{"job":3,"page_id":"7","state":"fetching","files":5,"done":2,"kept":1,"fresh":0,"too_big":0,
            "failed":1,"bytes":9,"now":["a\u001b[31m.png","b"],"failures":[{"name":"x","reason":"y"}],"reason":null}"#;
        let report = Report::read(json.as_bytes()).expect("a report");
        assert!(!report.is_over());
        assert_eq!((report.job, report.done, report.bytes), (3, 2, 9));
        assert_eq!(report.now.as_deref(), Some("a[31m.png"));
        assert_eq!(report.failures, [("x".to_owned(), "y".to_owned())]);
        for json in ["", "{}", "<html>", r#"{"job":"3"}"#] {
            assert_eq!(Report::read(json.as_bytes()), None, "{json}");
        }
        assert_eq!(problem_words(br#"{"detail":"too many"}"#), "too many");
        assert_eq!(problem_words(b"?"), "it gives no reason");
    }
}

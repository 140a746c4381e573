//! The report (pure): what was found, step by step, as lines, and the worst of it.

use std::fmt::{self, Display};

/// Width of the first column, in characters.
const MARK_COLUMNS: usize = 6;

/// Width of the second column, in characters.
const STEP_COLUMNS: usize = 16;

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Configuration,
    Memory,
    Https,
    Proxy,
    Dns,
    Tcp,
    Tls,
    Version,
    Login,
    Clock,
    Page,
}

impl Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Step::Configuration => "configuration",
            Step::Memory => "memory",
            Step::Https => "https",
            Step::Proxy => "proxy",
            Step::Dns => "dns",
            Step::Tcp => "tcp",
            Step::Tls => "tls",
            Step::Version => "version",
            Step::Login => "login",
            Step::Clock => "clock",
            Step::Page => "page",
        })
    }
}

/// How a check ended, from good to bad: the worst of what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing is in the way; there may be warnings. Exit 0.
    Good,
    /// Confluence cannot be reached, or does not answer as it should. Exit 69.
    Unreachable,
    /// Confluence refuses the account. Exit 77.
    Refused,
    /// The configuration is wrong. Exit 78.
    Configuration,
    /// Something that should not happen did. Exit 70.
    Internal,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Ok,
    /// Worth a look; the service works all the same.
    Warn,
    Fail(Verdict),
    /// Not looked at.
    Skip,
}

/// What a step found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) mark: Mark,
    /// One line: the good news, or what is wrong and the remedy.
    pub(super) text: String,
    /// Lines below it.
    pub(super) below: Vec<String>,
}

impl Finding {
    fn new(mark: Mark, text: impl Display) -> Finding {
        Finding {
            mark,
            text: plain(&text.to_string()),
            below: Vec::new(),
        }
    }

    pub(super) fn ok(text: impl Display) -> Finding {
        Finding::new(Mark::Ok, text)
    }

    pub(super) fn warn(text: impl Display) -> Finding {
        Finding::new(Mark::Warn, text)
    }

    pub(super) fn fail(verdict: Verdict, text: impl Display) -> Finding {
        Finding::new(Mark::Fail(verdict), text)
    }

    pub(super) fn skip(text: impl Display) -> Finding {
        Finding::new(Mark::Skip, text)
    }
}

/// Takes findings and gives lines.
pub(super) struct Report<'a> {
    say: &'a mut dyn FnMut(&str),
    worst: Verdict,
    /// The step that failed and that the later ones depend on.
    broken: Option<Step>,
}

impl<'a> Report<'a> {
    pub(super) fn new(say: &'a mut dyn FnMut(&str)) -> Report<'a> {
        Report {
            say,
            worst: Verdict::Good,
            broken: None,
        }
    }

    /// Reports a step that depends on nothing.
    pub(super) fn tell(&mut self, step: Step, finding: &Finding) {
        let mark = match finding.mark {
            Mark::Ok => "ok",
            Mark::Warn => "warn",
            Mark::Fail(_) => "FAIL",
            Mark::Skip => "skip",
        };
        if let Mark::Fail(verdict) = finding.mark {
            self.worst = self.worst.max(verdict);
        }
        let text = &finding.text;
        (self.say)(&format!("{mark:MARK_COLUMNS$}{step:STEP_COLUMNS$}{text}"));
        for line in &finding.below {
            let indent = MARK_COLUMNS + STEP_COLUMNS;
            (self.say)(&format!("{:indent$}  {line}", ""));
        }
    }

    /// Takes a step on the way to Confluence, unless an earlier one has failed. `None`: it was not taken.
    pub(super) fn attempt<T>(
        &mut self,
        step: Step,
        take: impl FnOnce() -> (Finding, T),
    ) -> Option<T> {
        if let Some(broken) = self.broken {
            let why = format_args!("not tried, because {broken} failed");
            self.tell(step, &Finding::skip(why));
            return None;
        }
        let (finding, found) = take();
        self.tell(step, &finding);
        if let Mark::Fail(_) = finding.mark {
            self.broken = Some(step);
        }
        Some(found)
    }

    /// Whether the way to Confluence ends before the next step.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// The worst that was reported.
    pub(super) fn verdict(&self) -> Verdict {
        self.worst
    }
}

/// A text on one line without what could disturb a terminal: control characters, and those that turn the direction of
/// writing.
pub(super) fn plain(text: &str) -> String {
    let is_odd = |character: char| {
        character.is_control()
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{61c}')
            || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .filter(|character| !is_odd(*character))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a series of steps is printed as, and the verdict.
    fn report(take: impl FnOnce(&mut Report<'_>)) -> (String, Verdict) {
        let mut text = String::new();
        let mut say = |line: &str| text = format!("{text}{line}\n");
        let mut report = Report::new(&mut say);
        take(&mut report);
        let verdict = report.verdict();
        (text, verdict)
    }

    #[test]
    fn lines_stand_in_columns_and_later_steps_are_skipped() {
        let (text, verdict) = report(|report| {
            let mut page = Finding::ok("one file:");
            page.below = vec!["a.png".to_owned()];
            report.tell(Step::Configuration, &page);
            report.tell(Step::Memory, &Finding::warn("little"));
            assert_eq!(
                report.attempt(Step::Dns, || (Finding::ok("known"), 7)),
                Some(7)
            );
            let fail = || (Finding::fail(Verdict::Unreachable, "closed"), ());
            assert!(!report.is_broken());
            assert_eq!(report.attempt(Step::Tcp, fail), Some(()));
            assert!(report.is_broken());
            let never = || panic!("a step after a failure is not taken");
            assert_eq!(report.attempt::<()>(Step::Login, never), None);
        });
        let expected = "\
ok    configuration   one file:
                        a.png
warn  memory          little
ok    dns             known
FAIL  tcp             closed
skip  login           not tried, because tcp failed
";
        assert_eq!(text, expected);
        assert_eq!(verdict, Verdict::Unreachable);
    }

    #[test]
    fn the_worst_that_was_found_is_the_verdict() {
        let worst = |verdicts: &[Verdict]| {
            let fails = |report: &mut Report<'_>| {
                for verdict in verdicts {
                    report.tell(Step::Page, &Finding::fail(*verdict, ""));
                }
            };
            report(fails).1
        };
        assert_eq!(worst(&[]), Verdict::Good);
        let order = [
            Verdict::Good,
            Verdict::Unreachable,
            Verdict::Refused,
            Verdict::Configuration,
            Verdict::Internal,
        ];
        for pair in order.windows(2) {
            assert_eq!(worst(&[pair[0], pair[1]]), pair[1]);
            assert_eq!(worst(&[pair[1], pair[0]]), pair[1]);
        }
        let (_, verdict) = report(|report| {
            report.tell(Step::Memory, &Finding::warn("little"));
            report.tell(Step::Tls, &Finding::skip("none"));
        });
        assert_eq!(verdict, Verdict::Good);
    }

    #[test]
    fn nothing_in_a_line_disturbs_a_terminal() {
        for (text, expected) in [
            ("plan.pdf", "plan.pdf"),
            ("架构图 v2.png", "架构图 v2.png"),
            ("a\u{1b}[31m\nb\r\tc\u{7f}\u{85}", "a[31mbc"),
            ("a\u{202e}gnp.exe\u{2028}\u{2066}\u{200f}", "agnp.exe"),
        ] {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }
}

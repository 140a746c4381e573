//! What the operator is told: problems that prevent a start and warnings that do not.

use std::fmt;

/// Longest piece of a value that is shown again; the rest says nothing new and may be a pasted file.
const SHOWN_CHARS_MAX: usize = 80;

/// Why one setting cannot be used, in one line with the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The variable it is about.
    pub name: String,
    text: String,
}

impl Problem {
    /// A value that is not what was expected: `NAME="value": expected ...`.
    pub(super) fn value(name: &str, value: &str, expected: impl fmt::Display) -> Problem {
        Problem {
            name: name.to_owned(),
            text: format!("{name}={}: expected {expected}", shown(value)),
        }
    }

    /// The same for a value that must not be shown, and for one that is missing: `NAME: text`.
    pub(super) fn hidden(name: &str, text: impl fmt::Display) -> Problem {
        Problem {
            name: name.to_owned(),
            text: format!("{name}: {text}"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Something the operator should look at; the service starts all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning(pub(super) String);

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Every problem of one run, so that the operator corrects the file once. Exit 78.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors {
    /// At least one.
    pub problems: Vec<Problem>,
    /// What else was found; worth showing with the problems.
    pub warnings: Vec<Warning>,
}

impl fmt::Display for ConfigErrors {
    /// One line per problem.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.problems.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// A value in quotation marks, on one line and of bounded length.
pub(super) fn shown(value: &str) -> String {
    match value.char_indices().nth(SHOWN_CHARS_MAX) {
        None => format!("{value:?}"),
        Some((end, _)) => format!("{:?}...", &value[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_on_one_short_line() {
        assert_eq!(shown("abc"), r#""abc""#);
        assert_eq!(shown("a\nb\u{1b}[31m\"c"), r#""a\nb\u{1b}[31m\"c""#);
        assert_eq!(shown(&"ä".repeat(81)), format!("\"{}\"...", "ä".repeat(80)));
    }

    #[test]
    fn every_problem_has_a_line() {
        let errors = ConfigErrors {
            problems: vec![
                Problem::value("PROXY_PORT", "x", "a port"),
                Problem::hidden("CONFLUENCE_URL", "not set"),
            ],
            warnings: Vec::new(),
        };
        let expected = "PROXY_PORT=\"x\": expected a port\nCONFLUENCE_URL: not set";
        assert_eq!(errors.to_string(), expected);
    }
}

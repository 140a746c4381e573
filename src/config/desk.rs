//! The desk at which one pass over the environment is made: what was given, and what was found wrong with it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::names;
use super::report::{ConfigErrors, Problem, Warning};
use super::table::{Fallback, setting};

/// A text file as it was found. It has no `Debug`, since the text may be a secret.
pub struct FileText {
    /// What is in it.
    pub text: String,
    /// Whether everybody on the machine may read it.
    pub world_readable: bool,
}

/// What the process was given, handed in by `main.rs`.
pub struct Environment<'a> {
    variables: BTreeMap<String, OsString>,
    read_file: &'a dyn Fn(&Path) -> io::Result<FileText>,
}

impl<'a> Environment<'a> {
    /// Takes the variables and a way to read a small text file; the reader must bound how much it reads.
    ///
    /// A variable whose name is not UTF-8 is none of ours and left out. An empty one counts as not set, unless it is
    /// there to restrict something.
    pub fn new(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        read_file: &'a dyn Fn(&Path) -> io::Result<FileText>,
    ) -> Environment<'a> {
        let variables = variables
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, value)| !value.is_empty() || names::is_restriction(name))
            .collect();
        Environment {
            variables,
            read_file,
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// The value of a variable that is set and is UTF-8, for what `main.rs` wants to know itself (`RUST_LOG`).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name)?.to_str()
    }
}

/// One pass over the environment. Every reading method answers `None` after it has noted the problem.
pub(super) struct Desk<'a> {
    environment: &'a Environment<'a>,
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(environment: &'a Environment<'a>) -> Desk<'a> {
        Desk {
            environment,
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Ends the pass: the warnings if there was no problem.
    pub(super) fn close(self) -> Result<Vec<Warning>, ConfigErrors> {
        if self.problems.is_empty() {
            return Ok(self.warnings);
        }
        Err(ConfigErrors {
            problems: self.problems,
            warnings: self.warnings,
        })
    }

    pub(super) fn environment(&self) -> &'a Environment<'a> {
        self.environment
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    pub(super) fn warn(&mut self, text: String) {
        self.warnings.push(Warning(text));
    }

    /// Whether a problem names this variable already.
    pub(super) fn has_problem(&self, name: &str) -> bool {
        self.problems.iter().any(|problem| problem.name == name)
    }

    pub(super) fn read_file(&self, path: &Path) -> io::Result<FileText> {
        (self.environment.read_file)(path)
    }

    /// A path in a variable that is not ours.
    pub(super) fn foreign_path(&self, name: &str) -> Option<PathBuf> {
        self.environment.variables.get(name).map(PathBuf::from)
    }

    /// The text of a variable of ours exactly as it is. `None` without a problem if it is not set.
    pub(super) fn raw_text(&mut self, name: &str) -> Option<String> {
        let name = setting(name).name;
        let value = self.environment.variables.get(name)?;
        if let Some(text) = value.to_str() {
            return Some(text.to_owned());
        }
        self.problem(Problem::hidden(name, "expected UTF-8 text"));
        None
    }

    /// The text of a variable of ours without space around it. `None` without a problem if it is not set, whatever the
    /// table says.
    pub(super) fn optional_text(&mut self, name: &str) -> Option<String> {
        let text = self.raw_text(name)?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The same, or what holds instead. `None` is a problem only for a required one.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let setting = setting(name);
        if let Some(text) = self.optional_text(name) {
            return Some(text);
        }
        if self.has_problem(name) {
            return None; // not UTF-8
        }
        match setting.fallback {
            Fallback::Value(text) => Some(text.to_owned()),
            Fallback::Unset => None,
            Fallback::Required => {
                let text = format!("not set, expected {}", setting.values);
                self.problem(Problem::hidden(name, text));
                None
            }
        }
    }

    /// A number or size in the range that the table gives.
    pub(super) fn number(&mut self, name: &str) -> Option<u64> {
        let text = self.text(name)?;
        let values = setting(name).values;
        let number = values.number(&text);
        if number.is_none() {
            self.problem(Problem::value(name, &text, values));
        }
        number
    }

    pub(super) fn count(&mut self, name: &str) -> Option<usize> {
        let number = self.number(name)?;
        Some(usize::try_from(number).expect("the table bounds counts far below 32 bits"))
    }

    pub(super) fn seconds(&mut self, name: &str) -> Option<Duration> {
        self.number(name).map(Duration::from_secs)
    }
}

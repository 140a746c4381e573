//! `/status`: the same numbers for people, for programs and for a terminal.

use super::shell::{Language, Shell, policy};
use super::watch::Status;
use super::{status_json, status_page, status_text};

/// For whom the numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Somebody before a browser.
    Person,
    /// A program that asks for JSON.
    Program,
    /// Whoever asks for nothing in particular: curl.
    Terminal,
}

impl Reader {
    /// `Content-Type` of what is written for him.
    pub fn media_type(self) -> &'static str {
        match self {
            Reader::Person => "text/html; charset=utf-8",
            Reader::Program => "application/json",
            Reader::Terminal => "text/plain; charset=utf-8",
        }
    }

    /// `Content-Security-Policy` of what is written for him; `None` is that of a page without style and script.
    pub fn security(self) -> Option<&'static str> {
        match self {
            Reader::Person => Some(policy()),
            Reader::Program | Reader::Terminal => None,
        }
    }
}

/// Writes the numbers. `target` is the canonical target by which the reader came.
pub fn status(
    status: &Status,
    reader: Reader,
    language: Language,
    base_path: &str,
    target: &str,
) -> String {
    match reader {
        Reader::Person => {
            let shell = Shell {
                language,
                title: language.pick("Status", "运行状态"),
                base_path,
                target,
            };
            shell.page(&status_page::content(status, language))
        }
        Reader::Program => status_json::json(status),
        Reader::Terminal => status_text::text(status),
    }
}

//! The words on the command line, and the text that explains them.
//!
//! `main.rs` hands in the words and acts on the [`Command`]; a [`UsageError`] ends in exit 64. Pure: nothing is printed
//! here. The settings come from the environment, never from the command line, so that no secret shows in a process
//! list; [`help_text`] lists them from the table that the parser uses.

use std::ffi::OsString;
use std::fmt::{self, Write};
use std::path::PathBuf;

use lexopt::Arg;

use crate::attachment::PageId;
use crate::config::{Fallback, SETTINGS, Setting};

/// Help is wrapped to fit a terminal of this width.
const HELP_COLUMNS: usize = 100;

/// Name and version, as `--version` prints them.
pub const VERSION: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

/// Commands of later versions, so that the answer to them is not "unknown".
const LATER: [&str; 1] = ["link"];

/// Help before the settings: what it is, whom it exposes, how to call it.
const INTRODUCTION: &str = "\
Opens Confluence attachment links for people who are not logged in: fetches each attachment once
with the account it is given, keeps it in memory for a while, and hands it to everyone who asks.
Whatever that account may read, everyone who reaches this service may read as well.

Usage:
  confluence-attachment-proxy [serve]            run the service
  confluence-attachment-proxy check [--page ID]  log in once and say what is wrong, and the remedy
  confluence-attachment-proxy advise LOG         say how large the cache should be, from the log
  confluence-attachment-proxy warm PAGE_ID...    have the running service fetch a page's files
  confluence-attachment-proxy demo [--port N]    try it before a sample Confluence, no settings
  confluence-attachment-proxy --help, -h         print this text
  confluence-attachment-proxy --version, -V      print the version

check has the same settings as the service. With --page it lists the attachments of a page, too, by
the number in its address (pageId=123456 or /pages/123456/).
advise replays the requests of the service's own log, a file or - for standard input, and prints
what hit ratio they would have with CACHE_MAX_BYTES from 64MiB to 4GiB. The other CACHE_ settings
are those of the environment; no others are needed.
warm follows the service on this host, which it finds by the PROXY_ settings, or the one whose base
path is given with --url URL. It takes one page after the other, two files at a time, and needs no
account. The service must take it for an operator's: see PROXY_ADMIN_ALLOW.";

/// Help behind the settings.
const AFTER_SETTINGS: &str = "
A variable that is empty counts as not set, except those of PROXY_ALLOW_. Sizes: KB, MB, GB, TB
count in thousands; KiB, MiB, GiB, TiB and the bare letters K, M, G, T in steps of 1024; without a
unit they are bytes.
The API token comes from CONFLUENCE_API_TOKEN_FILE, else from confluence-api-token in systemd's
$CREDENTIALS_DIRECTORY, else from CONFLUENCE_API_TOKEN. The personal token comes from the places
of the same names with personal in them (confluence-personal-token); it wins over the API token.

Signals:
  TERM, INT   stop: no new clients, running answers get PROXY_DRAIN_SECONDS to finish, exit 0
  HUP         read the secret and CONFLUENCE_CA_FILE again and test the login; the old account
              stays in force if the new one is refused
  USR1        open the file of PROXY_ACCESS_LOG again, after logrotate has moved it away

Exit codes:
  0   stopped as asked; check: nothing is in the way
  64  the command line is wrong
  66  advise only: the log cannot be read, or has no requests
  69  check: Confluence does not answer, or has no such page; warm: the service does not answer
  70  an internal error; a supervisor should start the service again
  75  warm only: some files could not be fetched; they are named, and it can be tried again
  77  check: the account is refused; three failed logins lock it; warm: you are no operator there
  78  the configuration is wrong; every problem is named, and starting again does not help

Example:
  export CONFLUENCE_URL=https://wiki.example.com
  export CONFLUENCE_USERNAME=attachment-reader
  export CONFLUENCE_API_TOKEN_FILE=$HOME/confluence-api-token
  confluence-attachment-proxy
  # then https://wiki.example.com/download/attachments/123/plan.pdf is for everyone at
  # http://THIS-HOST:8080/proxy/download/attachments/123/plan.pdf, or shorter /proxy/123/plan.pdf
";

/// What the operator wants the program to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Run the service.
    Serve,
    /// Run the service before a sample Confluence of its own.
    Demo {
        /// Port of the proxy; `None` takes the usual one.
        port: Option<u16>,
    },
    /// Say what is wrong between the service and Confluence.
    Check {
        /// A page whose attachments are listed as well.
        page: Option<PageId>,
    },
    /// Say what other sizes of the cache would have done with the requests of a log.
    Advise {
        /// Its file; `-` is standard input.
        file: PathBuf,
    },
    /// Have the running service fetch the files of pages.
    Warm {
        /// One after the other.
        pages: Vec<PageId>,
        /// The address of the service's base path; `None`: the one on this host.
        url: Option<String>,
    },
    /// Print [`help_text`].
    Help,
    /// Print [`VERSION`].
    Version,
}

/// A word that is not understood, with the remedy. Exit 64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError(String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

impl UsageError {
    fn new(word: impl fmt::Debug, expected: impl fmt::Display) -> UsageError {
        UsageError(format!("{word:?}: expected {expected}; --help says more"))
    }
}

/// Reads the words after the program's name.
///
/// # Errors
///
/// At the first word that has no meaning at its place. The caller prints the error and exits with 64.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Command, UsageError> {
    let mut words = lexopt::Parser::from_args(words);
    let mut command = None;
    while let Some(word) = words.next().map_err(syntax)? {
        command = Some(match (word, command) {
            (Arg::Short('h') | Arg::Long("help"), _) => return Ok(Command::Help),
            (Arg::Short('V') | Arg::Long("version"), _) => return Ok(Command::Version),
            (Arg::Value(name), None) if name == "advise" => match advise(words.next())? {
                Some(command) => command,
                None => return Ok(Command::Help),
            },
            (Arg::Value(name), None) => named(name)?,
            (Arg::Long("port"), Some(Command::Demo { port: None })) => Command::Demo {
                port: Some(port(words.value().map_err(syntax)?)?),
            },
            (Arg::Long("port"), _) => {
                let expected = "it once and after demo (the service takes PROXY_PORT)";
                return Err(UsageError::new("--port", expected));
            }
            (Arg::Long("page"), Some(Command::Check { page: None })) => Command::Check {
                page: Some(page(words.value().map_err(syntax)?)?),
            },
            (Arg::Long("page"), _) => {
                return Err(UsageError::new("--page", "it once and after check"));
            }
            (Arg::Long("url"), Some(Command::Warm { pages, url: None })) => Command::Warm {
                pages,
                url: Some(address(words.value().map_err(syntax)?)?),
            },
            (Arg::Long("url"), _) => {
                return Err(UsageError::new("--url", "it once and after warm"));
            }
            (Arg::Value(word), Some(Command::Warm { mut pages, url })) => {
                pages.push(page(word)?);
                Command::Warm { pages, url }
            }
            (Arg::Long(name), _) => {
                return Err(UsageError::new(format!("--{name}"), "a known option"));
            }
            (Arg::Short(letter), _) => {
                return Err(UsageError::new(format!("-{letter}"), "a known option"));
            }
            (Arg::Value(word), Some(_)) => {
                return Err(UsageError::new(word, "no further word here"));
            }
        });
    }
    match command {
        Some(Command::Warm { pages, .. }) if pages.is_empty() => {
            let expected = "the id of a page behind it, or several";
            Err(UsageError::new("warm", expected))
        }
        command => Ok(command.unwrap_or(Command::Serve)),
    }
}

/// What stands behind `advise`; `None`: the wish for help.
fn advise(word: Result<Option<Arg<'_>>, lexopt::Error>) -> Result<Option<Command>, UsageError> {
    match word.map_err(syntax)? {
        Some(Arg::Value(file)) => Ok(Some(Command::Advise { file: file.into() })),
        Some(Arg::Short('h') | Arg::Long("help")) => Ok(None),
        Some(Arg::Short(_) | Arg::Long(_)) | None => {
            let expected = "a log behind it, which is a file, or - for standard input";
            Err(UsageError::new("advise", expected))
        }
    }
}

fn named(name: OsString) -> Result<Command, UsageError> {
    let text = name.to_str().unwrap_or_default();
    match text {
        "serve" => Ok(Command::Serve),
        "check" => Ok(Command::Check { page: None }),
        "demo" => Ok(Command::Demo { port: None }),
        "warm" => Ok(Command::Warm {
            pages: Vec::new(),
            url: None,
        }),
        _ if LATER.contains(&text) => {
            let expected =
                "serve, check, advise, warm or demo, this command comes in a later version";
            Err(UsageError::new(name, expected))
        }
        _ => Err(UsageError::new(
            name,
            "the command serve, check, advise, warm or demo",
        )),
    }
}

fn port(text: OsString) -> Result<u16, UsageError> {
    let plain = text.to_str().filter(|text| {
        text.bytes().all(|byte| byte.is_ascii_digit()) // no sign
    });
    plain.and_then(|text| text.parse().ok()).ok_or_else(|| {
        let expected = "a port number from 1 to 65535 behind --port, or 0 for any free port";
        UsageError::new(text, expected)
    })
}

/// The address of a service, without a trailing slash.
fn address(text: OsString) -> Result<String, UsageError> {
    let plain = text.to_str().map(|text| text.trim_end_matches('/'));
    let is_address = |text: &&str| text.starts_with("http://") || text.starts_with("https://");
    plain.filter(is_address).map(str::to_owned).ok_or_else(|| {
        let expected = "the address of the service's base path behind --url, such as https://files.example.com/proxy";
        UsageError::new(text, expected)
    })
}

fn page(text: OsString) -> Result<PageId, UsageError> {
    let found = text.to_str().and_then(|text| PageId::parse(text).ok());
    found.ok_or_else(|| {
        let expected = "the id of a page, which is the number in its address, such as 123456";
        UsageError::new(text, expected)
    })
}

/// What lexopt itself refuses: an option without its value, or with one that it does not take.
fn syntax(error: lexopt::Error) -> UsageError {
    match error {
        lexopt::Error::MissingValue { option } => UsageError::new(
            option.unwrap_or_default(),
            "a value behind it, such as --port 8080 or --page 123456",
        ),
        lexopt::Error::UnexpectedValue { option, .. } => {
            UsageError::new(option, "it without a value")
        }
        other @ (lexopt::Error::UnexpectedOption(_)
        | lexopt::Error::UnexpectedArgument(_)
        | lexopt::Error::ParsingFailed { .. }
        | lexopt::Error::NonUnicodeValue(_)
        | lexopt::Error::Custom(_)) => UsageError(other.to_string()),
    }
}

/// What `--help` prints: everything an operator must know to start the service.
pub fn help_text() -> String {
    let mut text =
        format!("{VERSION}\n\n{INTRODUCTION}\n\nSettings, all of them environment variables:\n");
    for setting in SETTINGS {
        describe(setting, &mut text);
    }
    text.push_str(AFTER_SETTINGS);
    text
}

/// Name and default on one line, what it means and takes below.
fn describe(setting: &Setting, text: &mut String) {
    let fallback = match setting.fallback {
        Fallback::Required => " (required)".to_owned(),
        Fallback::Unset => String::new(),
        Fallback::Value(value) => format!(" (default {value})"),
    };
    let Setting {
        name,
        values,
        meaning,
        ..
    } = setting;
    let _ = writeln!(text, "  {name}{fallback}"); // writing to a String cannot fail
    wrap(&format!("{meaning} Takes {values}."), text);
}

/// Adds words in lines that are indented by six columns.
fn wrap(words: &str, text: &mut String) {
    const INDENT: &str = "      ";
    let mut column = 0;
    for word in words.split_whitespace() {
        if column == 0 {
            text.push_str(INDENT);
            column = INDENT.len();
        } else if HELP_COLUMNS < column + 1 + word.len() {
            text.push('\n');
            text.push_str(INDENT);
            column = INDENT.len();
        } else {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += word.len();
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    fn read(words: &str) -> Result<Command, String> {
        let words = words.split_whitespace().map(OsString::from);
        parse(words).map_err(|error| error.to_string())
    }

    #[test]
    fn commands_are_read() {
        let page = |text: &str| PageId::parse(text).ok();
        for (words, expected) in [
            ("", Command::Serve),
            ("serve", Command::Serve),
            ("demo", Command::Demo { port: None }),
            ("demo --port 8080", Command::Demo { port: Some(8080) }),
            ("demo --port=0", Command::Demo { port: Some(0) }),
            ("check", Command::Check { page: None }),
            ("check --page 7", Command::Check { page: page("7") }),
            (
                "check --page=65601",
                Command::Check {
                    page: page("65601"),
                },
            ),
            ("check --page 7 --help", Command::Help),
            (
                "advise /var/log/a.log",
                Command::Advise {
                    file: "/var/log/a.log".into(),
                },
            ),
            ("advise -", Command::Advise { file: "-".into() }),
            ("advise --help", Command::Help),
            ("advise a.log -h", Command::Help),
            (
                "warm 7 65601",
                Command::Warm {
                    pages: page("7").into_iter().chain(page("65601")).collect(),
                    url: None,
                },
            ),
            (
                "warm --url https://files/proxy/ 7",
                Command::Warm {
                    pages: Vec::from_iter(page("7")),
                    url: Some("https://files/proxy".to_owned()),
                },
            ),
            ("warm --help", Command::Help),
            ("--help", Command::Help),
            ("-h", Command::Help),
            ("serve --help", Command::Help),
            ("demo --port 1 -h", Command::Help),
            ("--version", Command::Version),
            ("-V", Command::Version),
        ] {
            assert_eq!(read(words), Ok(expected), "{words}");
        }
    }

    #[test]
    fn other_words_are_named_with_the_remedy() {
        for (words, expected) in [
            (
                "serv",
                r#""serv": expected the command serve, check, advise, warm or demo; --help says more"#,
            ),
            ("help", r#""help": expected the command"#),
            (
                "link",
                r#""link": expected serve, check, advise, warm or demo, this command comes in a later version"#,
            ),
            ("serve demo", r#""demo": expected no further word"#),
            ("demo 80", r#""80": expected no further word"#),
            ("--demo", r#""--demo": expected a known option"#),
            ("-x", r#""-x": expected a known option"#),
            (
                "serve --port 80",
                r#""--port": expected it once and after demo"#,
            ),
            ("--port 80", r#""--port": expected it once and after demo"#),
            ("demo --port 1 --port 2", r#""--port": expected it once"#),
            ("demo --port", r#""--port": expected a value behind it"#),
            ("check 7", r#""7": expected no further word"#),
            ("advise", r#""advise": expected a log behind it"#),
            ("advise --page", r#""advise": expected a log behind it"#),
            ("advise a.log b.log", r#""b.log": expected no further word"#),
            (
                "advise a.log --page 7",
                r#""--page": expected it once and after check"#,
            ),
            ("warm", r#""warm": expected the id of a page behind it"#),
            ("warm --url http://x", r#""warm": expected the id"#),
            ("warm x", r#""x": expected the id of a page"#),
            ("warm 7 --url files", r#""files": expected the address"#),
            ("check --url http://x", r#""--url": expected it once"#),
            (
                "check --port 80",
                r#""--port": expected it once and after demo"#,
            ),
            (
                "demo --page 7",
                r#""--page": expected it once and after check"#,
            ),
            ("--page 7", r#""--page": expected it once and after check"#),
            (
                "check --page 1 --page 2",
                r#""--page": expected it once and after check"#,
            ),
            ("check --page", r#""--page": expected a value behind it"#),
            ("check --page x", r#""x": expected the id of a page"#),
            ("check --page -7", r#""-7": expected the id of a page"#),
            ("check --page att7", r#""att7": expected the id of a page"#),
            ("demo --port x", r#""x": expected a port number"#),
            ("demo --port 65536", r#""65536": expected a port number"#),
            ("demo --port +8", r#""+8": expected a port number"#),
        ] {
            let error = read(words).expect_err(words);
            assert!(error.starts_with(expected), "{words}: {error}");
        }
        let odd = OsString::from_vec(vec![b'a', 0x1b, 0xff]);
        let error = parse([odd]).expect_err("no command").to_string();
        assert!(error.starts_with(r#""a\u{1b}\xFF": expected"#), "{error}");
    }

    #[test]
    fn help_names_every_setting_and_fits_a_terminal() {
        let help = help_text();
        for setting in SETTINGS {
            let line = match setting.fallback {
                Fallback::Required => format!("  {} (required)\n", setting.name),
                Fallback::Unset => format!("  {}\n", setting.name),
                Fallback::Value(value) => format!("  {} (default {value})\n", setting.name),
            };
            assert!(help.contains(&line), "{line}");
        }
        for line in help.lines() {
            assert!(line.len() <= HELP_COLUMNS, "{line}");
            assert_eq!(line, line.trim_end());
        }
        assert!(help.ends_with('\n'));
    }

    #[test]
    fn long_text_is_wrapped() {
        let mut text = String::new();
        wrap(&"nine char ".repeat(30), &mut text);
        let lengths: Vec<usize> = text.lines().map(str::len).collect();
        assert_eq!(lengths[0], HELP_COLUMNS);
        assert!(lengths.iter().all(|&length| length <= HELP_COLUMNS));
        assert_eq!(text.split_whitespace().count(), 60);
    }
}

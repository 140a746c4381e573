//! The words on the command line and what they ask for.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use lexopt::Arg;

use crate::attachment::PageId;

/// What is said of a word that is no command.
const COMMANDS: &str = "the command serve, check, advise, link, rewrite, warm, health or demo";

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
    /// Say what links are called here.
    Link {
        /// Links, or texts with links in them; `-` is standard input.
        texts: Vec<OsString>,
    },
    /// Replace the links in the document on standard input.
    Rewrite,
    /// Have the running service fetch the files of pages.
    Warm {
        /// One after the other.
        pages: Vec<PageId>,
        /// The address of the service's base path; `None`: the one on this host.
        url: Option<String>,
    },
    /// Say whether the running service takes requests.
    Health {
        /// As for [`Command::Warm`].
        url: Option<String>,
    },
    /// Print [`help_text`](super::help_text).
    Help(Topic),
    /// Print [`VERSION`](super::VERSION).
    Version,
}

/// What help is wanted about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Everything an operator must know.
    Service,
    /// The command `check`.
    Check,
    /// The command `advise`.
    Advise,
    /// The command `link`.
    Link,
    /// The command `rewrite`.
    Rewrite,
    /// The command `warm`.
    Warm,
    /// The command `health`.
    Health,
    /// The command `demo`.
    Demo,
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
            (Arg::Short('h') | Arg::Long("help"), command) => {
                return Ok(Command::Help(topic(command.as_ref())));
            }
            (Arg::Short('V') | Arg::Long("version"), _) => return Ok(Command::Version),
            (Arg::Value(name), None) if name == "advise" => advise(words.next())?,
            (Arg::Value(name), None) => named(name)?,
            (Arg::Value(text), Some(Command::Link { mut texts })) => {
                texts.push(text);
                Command::Link { texts }
            }
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
            (Arg::Long("url"), Some(Command::Health { url: None })) => Command::Health {
                url: Some(address(words.value().map_err(syntax)?)?),
            },
            (Arg::Long("url"), _) => {
                return Err(UsageError::new("--url", "it once and after warm or health"));
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
        Some(Command::Link { texts }) if texts.is_empty() => {
            let expected = "links behind it, or - for standard input";
            Err(UsageError::new("link", expected))
        }
        Some(command) => Ok(command),
        None => Ok(Command::Serve),
    }
}

/// What somebody wants to know who has begun with this command.
fn topic(command: Option<&Command>) -> Topic {
    match command {
        None | Some(Command::Serve | Command::Help(_) | Command::Version) => Topic::Service,
        Some(Command::Check { .. }) => Topic::Check,
        Some(Command::Advise { .. }) => Topic::Advise,
        Some(Command::Link { .. }) => Topic::Link,
        Some(Command::Rewrite) => Topic::Rewrite,
        Some(Command::Warm { .. }) => Topic::Warm,
        Some(Command::Health { .. }) => Topic::Health,
        Some(Command::Demo { .. }) => Topic::Demo,
    }
}

/// What stands behind `advise`.
fn advise(word: Result<Option<Arg<'_>>, lexopt::Error>) -> Result<Command, UsageError> {
    match word.map_err(syntax)? {
        Some(Arg::Value(file)) => Ok(Command::Advise { file: file.into() }),
        Some(Arg::Short('h') | Arg::Long("help")) => Ok(Command::Help(Topic::Advise)),
        Some(Arg::Short(_) | Arg::Long(_)) | None => {
            let expected = "a log behind it, which is a file, or - for standard input";
            Err(UsageError::new("advise", expected))
        }
    }
}

fn named(name: OsString) -> Result<Command, UsageError> {
    match name.to_str().unwrap_or_default() {
        "serve" => Ok(Command::Serve),
        "check" => Ok(Command::Check { page: None }),
        "link" => Ok(Command::Link { texts: Vec::new() }),
        "rewrite" => Ok(Command::Rewrite),
        "demo" => Ok(Command::Demo { port: None }),
        "warm" => Ok(Command::Warm {
            pages: Vec::new(),
            url: None,
        }),
        "health" => Ok(Command::Health { url: None }),
        _ => Err(UsageError::new(name, COMMANDS)),
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
            ("check --page 7 --help", Command::Help(Topic::Check)),
            (
                "advise /var/log/a.log",
                Command::Advise {
                    file: "/var/log/a.log".into(),
                },
            ),
            ("advise -", Command::Advise { file: "-".into() }),
            ("advise --help", Command::Help(Topic::Advise)),
            ("advise a.log -h", Command::Help(Topic::Advise)),
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
            ("warm --help", Command::Help(Topic::Warm)),
            ("health", Command::Health { url: None }),
            (
                "health --url=http://files/",
                Command::Health {
                    url: Some("http://files".to_owned()),
                },
            ),
            ("health -h", Command::Help(Topic::Health)),
            ("--help", Command::Help(Topic::Service)),
            ("-h", Command::Help(Topic::Service)),
            ("serve --help", Command::Help(Topic::Service)),
            ("demo --port 1 -h", Command::Help(Topic::Demo)),
            ("link --help", Command::Help(Topic::Link)),
            ("rewrite -h", Command::Help(Topic::Rewrite)),
            ("rewrite", Command::Rewrite),
            (
                "link - https://wiki/a?b=c",
                Command::Link {
                    texts: vec!["-".into(), "https://wiki/a?b=c".into()],
                },
            ),
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
                r#""serv": expected the command serve, check, advise, link, rewrite, warm, health or demo; --help says more"#,
            ),
            ("help", r#""help": expected the command"#),
            ("link", r#""link": expected links behind it"#),
            (
                "link --page 7",
                r#""--page": expected it once and after check"#,
            ),
            (
                "rewrite page.html",
                r#""page.html": expected no further word"#,
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
            ("health --url x", r#""x": expected the address"#),
            ("health now", r#""now": expected no further word"#),
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
}

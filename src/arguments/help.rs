//! The text that `--help` prints.

use std::fmt::Write;

use crate::config::{Fallback, SETTINGS, Setting};

/// Help is wrapped to fit a terminal of this width.
const HELP_COLUMNS: usize = 100;

/// Name and version, as `--version` prints them.
pub const VERSION: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

/// Help before the settings: what it is, whom it exposes, how to call it.
const INTRODUCTION: &str = "\
Opens Confluence attachment links for people who are not logged in: fetches each attachment once
with the account it is given, keeps it in memory for a while, and hands it to everyone who asks.
Whatever that account may read, everyone who reaches this service may read as well.

Usage:
  confluence-attachment-proxy [serve]            run the service
  confluence-attachment-proxy check [--page ID]  log in once and say what is wrong, and the remedy
  confluence-attachment-proxy advise LOG         say how large the cache should be, from the log
  confluence-attachment-proxy demo [--port N]    try it before a sample Confluence, no settings
  confluence-attachment-proxy --help, -h         print this text
  confluence-attachment-proxy --version, -V      print the version

check has the same settings as the service. With --page it lists the attachments of a page, too, by
the number in its address (pageId=123456 or /pages/123456/).
advise replays the requests of the service's own log, a file or - for standard input, and prints
what hit ratio they would have with CACHE_MAX_BYTES from 64MiB to 4GiB. The other CACHE_ settings
are those of the environment; no others are needed.";

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

Exit codes:
  0   stopped as asked; check: nothing is in the way
  64  the command line is wrong
  66  advise only: the log cannot be read, or has no requests
  69  check only: Confluence cannot be reached or does not answer as it should, or has no such page
  70  an internal error; a supervisor should start the service again
  77  check only: Confluence refuses the account; three failed logins lock it
  78  the configuration is wrong; every problem is named, and starting again does not help

Example:
  export CONFLUENCE_URL=https://wiki.example.com
  export CONFLUENCE_USERNAME=attachment-reader
  export CONFLUENCE_API_TOKEN_FILE=$HOME/confluence-api-token
  confluence-attachment-proxy
  # then https://wiki.example.com/download/attachments/123/plan.pdf is for everyone at
  # http://THIS-HOST:8080/proxy/download/attachments/123/plan.pdf, or shorter /proxy/123/plan.pdf
";

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
    use super::*;

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

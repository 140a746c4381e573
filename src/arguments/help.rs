//! The text that `--help` prints.

use std::fmt::Write;

use super::words::Topic;
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
  confluence-attachment-proxy link LINK...       print what links of Confluence are called here
  confluence-attachment-proxy rewrite            replace the links in a document
  confluence-attachment-proxy warm PAGE_ID...    have the running service fetch a page's files
  confluence-attachment-proxy health             say whether the running service takes requests
  confluence-attachment-proxy demo [--port N]    try it before a sample Confluence, no settings
  confluence-attachment-proxy --help, -h         print this text; behind a command, what it does
  confluence-attachment-proxy --version, -V      print the version

check has the same settings as the service. advise needs at most those of CACHE_. link and rewrite
need CONFLUENCE_URL, PROXY_PUBLIC_URL and PROXY_BASE_PATH, warm and health need PROXY_HOST,
PROXY_PORT and PROXY_BASE_PATH, and none of them needs an account.";

/// Help about one command.
const CHECK: &str = "\
Usage:
  confluence-attachment-proxy check [--page ID]

Logs in once with the settings that the service would have, and says line by line what is wrong
and the remedy. With --page it lists the attachments of a page, too, by the number in its address
(pageId=123456 or /pages/123456/).

Exit codes:
  0   nothing is in the way
  69  Confluence cannot be reached or does not answer as it should, or has no such page
  77  Confluence refuses the account; three failed logins lock it
  78  the configuration is wrong
";

/// The same.
const ADVISE: &str = "\
Usage:
  confluence-attachment-proxy advise LOG
  journalctl -u confluence-attachment-proxy -o cat | confluence-attachment-proxy advise -

Replays the requests of the service's own log, a file or - for standard input, and prints what hit
ratio they would have with CACHE_MAX_BYTES from 64MiB to 4GiB. The other CACHE_ settings are those
of the environment; no others are needed.

Exit codes:
  0   the table is printed
  66  the log cannot be read, or has no requests
  78  a setting of the cache is wrong
";

/// The same.
const LINK: &str = "\
Usage:
  confluence-attachment-proxy link LINK...
  confluence-attachment-proxy link - < links.txt

Prints what links of Confluence are called here, one per line: download links, thumbnails, previews
(preview=), those of exports, in any encoding; for the link of a page the address of its gallery. A
word may hold several links, or HTML, Markdown and wiki markup around them; - is standard input.
What cannot be turned is explained on standard error.

Settings: CONFLUENCE_URL; PROXY_PUBLIC_URL, which may be left out if PROXY_HOST is one address;
PROXY_BASE_PATH. No account is needed, and Confluence is not asked.

Exit codes:
  0   every link was turned
  65  some could not be turned
  74  standard input or output failed
  78  the configuration is wrong
";

/// The same.
const REWRITE: &str = "\
Usage:
  confluence-attachment-proxy rewrite < page.html > out.html

Copies a document, of any size and in any encoding that contains ASCII, and replaces in it the
links of Confluence's files; those without a host if they are in href, src or srcset. Links of
pages, and every other byte, stay as they are. Standard error says how many were replaced.
In a document that is not in UTF-8 a link stays as it is if its name is not percent-encoded, because
it could become the link of another file: convert the document first (iconv -f GBK -t UTF-8), and
correct the charset that it names.

Settings: as for link.

Exit codes:
  0   the document is copied, whether or not anything was replaced
  65  the document is UTF-16: nothing is written; convert it first (iconv -f UTF-16 -t UTF-8)
  74  standard input or output failed
  78  the configuration is wrong
";

/// The same.
const WARM: &str = "\
Usage:
  confluence-attachment-proxy warm [--url URL] PAGE_ID...

Has the service on this host fetch all files of these pages before anybody asks for them, one page
after the other and two files at a time, and shows how far it is. The service is found by the PROXY_
settings; --url names the address of another one's base path. No account is needed, but the service
must take the command for an operator's: see PROXY_ADMIN_ALLOW.

Exit codes:
  0   every file is kept, or too large to be kept
  69  the service cannot be reached, or is stopping; or it cannot list the files of a
      page: there is no such page, it is not published, or Confluence does not answer
  75  some files could not be fetched; they are named, and it can be tried again
  77  the service takes the command for no operator's
  78  a setting is wrong
";

/// The same.
const HEALTH: &str = "\
Usage:
  confluence-attachment-proxy health [--url URL]

Asks /readyz of the service on this host and says in one line whether it takes requests. This is for
programs that start it again or send people elsewhere, so it stays 0 while Confluence is down or
refuses the account: copies are still served then. The service is found by the PROXY_ settings;
--url names the address of another one's base path. It gets 3 seconds.

Exit codes:
  0   the service takes requests
  69  it cannot be reached, is stopping, or has too many clients
  78  a setting is wrong
";

/// The same.
const DEMO: &str = "\
Usage:
  confluence-attachment-proxy demo [--port N]

Starts a sample Confluence and the service before it, on this machine only, and says what to open
in a browser. Needs no settings. The port is 8080 or, if that is taken, any free one.
";

/// Help behind the settings.
const AFTER_SETTINGS: &str = "
A variable that is empty counts as not set, except those of PROXY_ALLOW_. Sizes: KB, MB, GB, TB
count in thousands; KiB, MiB, GiB, TiB and the bare letters K, M, G, T in steps of 1024; without a
unit they are bytes.
The API token comes from CONFLUENCE_API_TOKEN_FILE, else from confluence-api-token in systemd's
$CREDENTIALS_DIRECTORY, else from CONFLUENCE_API_TOKEN. The personal token comes from the places
of the same names with personal in them (confluence-personal-token); it wins over the API token.

Signals:
  TERM, INT   stop: all goes on for PROXY_SHUTDOWN_DELAY_SECONDS, then no new clients, and running
              answers get PROXY_DRAIN_SECONDS to finish, exit 0; a second one ends the delay
  HUP         read the secret and CONFLUENCE_CA_FILE again and test the login; the old account
              stays in force if the new one is refused
  USR1        open the file of PROXY_ACCESS_LOG again, after logrotate has moved it away

Exit codes:
  0   stopped as asked; check: nothing is in the way; health: the service takes requests
  64  the command line is wrong
  65  link: a link could not be turned; rewrite: the document is UTF-16
  66  advise only: the log cannot be read, or has no requests
  69  check: no answer of Confluence, or no such page; health, warm: none of the service, no listing
  70  an internal error; a supervisor should start the service again
  74  link and rewrite only: standard input or output failed
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

/// What `--help` prints behind a command, or alone.
pub fn help(topic: Topic) -> String {
    let about = match topic {
        Topic::Service => return help_text(),
        Topic::Check => CHECK,
        Topic::Advise => ADVISE,
        Topic::Link => LINK,
        Topic::Rewrite => REWRITE,
        Topic::Warm => WARM,
        Topic::Health => HEALTH,
        Topic::Demo => DEMO,
    };
    about.to_owned()
}

/// What `--help` alone prints: everything an operator must know to start the service.
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
    fn help_about_a_command_says_how_to_call_it_and_fits_as_well() {
        for (topic, name) in [
            (Topic::Check, "check"),
            (Topic::Advise, "advise"),
            (Topic::Link, "link"),
            (Topic::Rewrite, "rewrite"),
            (Topic::Warm, "warm"),
            (Topic::Health, "health"),
            (Topic::Demo, "demo"),
        ] {
            let text = help(topic);
            let usage = format!("Usage:\n  confluence-attachment-proxy {name} ");
            assert!(text.starts_with(&usage), "{text}");
            assert!(text.ends_with('\n') && text.lines().all(|line| line.len() <= HELP_COLUMNS));
            for code in text
                .lines()
                .filter_map(|line| line.strip_prefix("  ")?.get(..2))
            {
                if code.bytes().all(|byte| byte.is_ascii_digit()) {
                    assert!(
                        AFTER_SETTINGS.contains(&format!("\n  {code}  ")),
                        "{name}: {code}"
                    );
                }
            }
        }
        assert_eq!(help(Topic::Service), help_text());
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

//! A part of the doorway: the command `warm`, which shows a person or a log how far the service is.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use confluence_attachment_proxy::attachment::PageId;
use confluence_attachment_proxy::client::Service;
use confluence_attachment_proxy::config::Config;
use confluence_attachment_proxy::logging::Style;
use confluence_attachment_proxy::warm::{self, Said, Task, Verdict};

use crate::{CONFIGURATION, NO_PERMISSION, UNAVAILABLE, complain, environment, say};

/// sysexits.h: some of it failed, and trying again may help.
const TEMPORARY: u8 = 75;

/// Has the service fetch the files of pages: the one at `url`, else the one on this host.
pub fn warm(style: Style, pages: &[PageId], url: Option<String>) -> ExitCode {
    let service = match url {
        Some(url) => Service::Named(url),
        None => match Config::service_from_lookup(&environment()) {
            Ok(local) => Service::Local(local),
            Err(errors) => {
                let problems = errors.problems.iter();
                problems.for_each(|problem| complain(style, problem));
                return CONFIGURATION.into();
            }
        },
    };
    let task = Task {
        pages,
        service: &service,
        is_watched: io::stdout().is_terminal(),
    };
    let clear = if task.is_watched { "\r\x1b[K" } else { "" };
    let verdict = warm::run(&task, &mut |said| match said {
        Said::Line(line) => say(format_args!("{clear}{line}")),
        Said::Passing(line) => {
            let mut stdout = io::stdout();
            let _ = write!(stdout, "{clear}{line}").and_then(|()| stdout.flush()); // as for `say`
        }
    });
    match verdict {
        Verdict::Good => ExitCode::SUCCESS,
        Verdict::Incomplete => TEMPORARY.into(),
        Verdict::Unlisted | Verdict::Unreachable => UNAVAILABLE.into(),
        Verdict::Refused => NO_PERMISSION.into(),
    }
}

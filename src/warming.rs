//! A part of the doorway: the command `warm`, which shows a person or a log how far the service is.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use confluence_attachment_proxy::attachment::PageId;
use confluence_attachment_proxy::client::Service;
use confluence_attachment_proxy::warm::{self, Said, Task, Verdict};

use crate::{NO_PERMISSION, UNAVAILABLE, say};

/// sysexits.h: some of it failed, and trying again may help.
const TEMPORARY: u8 = 75;

/// Has the service fetch the files of pages.
pub fn warm(pages: &[PageId], service: &Service) -> ExitCode {
    let task = Task {
        pages,
        service,
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

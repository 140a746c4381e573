//! A part of the doorway: the command `health`, which programs ask that look after the service.
//!
//! `/readyz` takes the way of every request, so that a service which hangs is found out; it stays 200 while Confluence is
//! down, because copies are still served and starting the service again would lose them.

use std::process::ExitCode;
use std::time::Duration;

use confluence_attachment_proxy::client::{Answer, Client, Service};

use crate::{UNAVAILABLE, say};

/// How long the service may take. An answer takes milliseconds, and whoever asks does not wait long.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the service says when it is ready.
const READY: &[u8] = b"ready\n";

/// Longest part of an answer that is shown, in characters: a sentence of the service fits.
const SHOWN_MAX: usize = 200;

/// What an operator does when the wrong place was asked, or in the wrong way.
const REMEDY: &str =
    "this command must have the PROXY_ settings of the service, or its address with --url";

/// Says in one line whether the service takes requests.
pub fn health(service: &Service) -> ExitCode {
    let url = service.url();
    let why = match Client::new(service, PATIENCE).get_at_root("/readyz") {
        Ok(Answer { status: 200, body }) if body == READY => {
            say(format_args!("ready: {url}"));
            return ExitCode::SUCCESS;
        }
        Ok(Answer { status: 503, body }) => format!("the service at {url} says: {}", shown(&body)),
        Ok(Answer { status, body }) => format!(
            "what answers at {url} says, with status {status}: {}; {REMEDY}",
            shown(&body)
        ),
        Err(why) => format!("{why}; is it running? {REMEDY}"),
    };
    say(format_args!("not ready: {why}"));
    UNAVAILABLE.into()
}

/// The first line of an answer, without what could disturb a terminal.
fn shown(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().next().unwrap_or_default();
    let plain = line.chars().filter(|it| !it.is_control());
    plain.take(SHOWN_MAX).collect()
}

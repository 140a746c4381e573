//! `/status` for a terminal: plain text, a line per thing.

use std::fmt::Write;

use super::shell::Language;
use super::units;
use super::watch::{ShutGuard, Standing, Status};
use crate::meters::{Number, State};

/// Writes the page. Its first lines say how the service stands with Confluence.
pub(super) fn text(status: &Status) -> String {
    let (standing, reading) = (&status.report.standing, &status.report.reading);
    let node = standing.node.as_ref();
    let node = node.map_or(String::new(), |node| format!(" on {node}"));
    let mut page = format!("confluence-attachment-proxy {}{node}\n", standing.version);
    let saved = &reading.saved;
    let ratio = saved.ratio().map_or("-".to_owned(), units::percent);
    let crew = &reading.meters.crew;
    let states = State::ALL.map(|state| {
        let connections = reading.gates.connections(state);
        format!("{} {connections}", state.word())
    });
    let time = |time| units::time(time, Language::English);
    for (name, value) in [
        ("account guard", guard(standing)),
        ("pause", pause(standing)),
        (
            "trouble",
            standing.trouble.as_deref().unwrap_or("none").to_owned(),
        ),
        ("uptime", time(reading.uptime)),
        (
            "requests",
            format!(
                "{}, {ratio} without asking Confluence",
                units::count(saved.requests)
            ),
        ),
        (
            "saved",
            format!(
                "{}, {} of Confluence",
                units::bytes(saved.bytes),
                time(saved.time)
            ),
        ),
        (
            "cache",
            format!(
                "{} of {} files, {} of {}",
                units::count(reading.cache.items),
                units::count(reading.cache.items_max),
                units::bytes(reading.cache.bytes),
                units::bytes(reading.cache.bytes_max)
            ),
        ),
        ("connections", states.join(", ")),
        (
            "crew",
            format!(
                "{} of {} busy, {} waiting",
                crew.busy.get(),
                crew.size.get(),
                reading.orders_waiting()
            ),
        ),
    ] {
        writeln!(page, "{name:<14}{value}").expect("a String takes any text");
    }
    page
}

fn guard(standing: &Standing) -> String {
    match &standing.guard {
        None => "open".to_owned(),
        Some(ShutGuard {
            reason,
            next_test: Some(wait),
        }) => format!("shut ({reason}), next login test in {} s", wait.as_secs()),
        Some(ShutGuard {
            reason,
            next_test: None,
        }) => format!("shut ({reason}), no login test until somebody acts"),
    }
}

fn pause(standing: &Standing) -> String {
    match standing.pause {
        None => "none".to_owned(),
        Some(left) => format!(
            "{} s left of the one that Confluence has asked for",
            left.as_secs()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::watch::tests::{shut, status};
    use super::*;

    #[test]
    fn people_read_what_is_wrong_and_what_to_do() {
        let page = text(&status(Some(shut())));
        let standing = "confluence-attachment-proxy 1.2.3 on files-2\n\
             account guard shut (password), next login test in 900 s\n\
             pause         7 s left of the one that Confluence has asked for\n\
             trouble       the account was refused: check it\n\
             uptime        ";
        assert!(page.starts_with(standing), "{page}");
        for line in [
            "requests      4, 75.0 % without asking Confluence\n",
            "saved         3.91 KiB, 1.5 s of Confluence\n",
            "cache         2 of 1,000 files, 1 MiB of 256 MiB\n",
            "crew          0 of 20 busy, 0 waiting\n",
        ] {
            assert!(page.contains(line), "{line}{page}");
        }
        let never = text(&status(Some(ShutGuard {
            reason: "captcha",
            next_test: None,
        })));
        assert!(never.contains("shut (captcha), no login test until somebody acts"));
        let well = text(&status(None));
        assert!(well.contains("account guard open\n") && well.contains("trouble       none\n"));
    }
}

//! What a line of the log says.

use super::moment::{self, Moment};

/// Times and names that stand in front of a message at most: journald's or syslog's, and then the service's own.
const PREFIXES_MAX: usize = 3;

/// What a line says and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// `None`: the line has no time.
    pub(super) at: Option<Moment>,
    pub(super) event: Event<'a>,
}

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event<'a> {
    /// A file was asked for.
    Request {
        key: &'a str,
        from: CameFrom,
        /// The file's size, if the answer shows it: a whole body does.
        bytes: Option<u64>,
    },
    /// Something else was asked for: a page, a health check, that a copy is forgotten.
    Elsewhere,
    /// It begins like the line of a request and does not go on like one.
    Corrupt,
    /// Anything else.
    Other,
}

/// Where the log says that an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CameFrom {
    Hit,
    Miss,
    Join,
    Revalidated,
    Stale,
    Error,
}

/// Reads a line without its end.
pub(super) fn read(line: &str) -> Line<'_> {
    let (at, message) = split(line);
    let event = match message.split_once(' ') {
        Some(("served", fields)) => request(fields, true),
        Some(("aborted", fields)) => request(fields, false),
        Some(_) | None => Event::Other,
    };
    Line { at, event }
}

/// Takes off what stands in front of the message: a priority, times, a host with a program, a level.
fn split(line: &str) -> (Option<Moment>, &str) {
    let (mut at, mut rest) = (None, line.trim());
    for _ in 0..PREFIXES_MAX {
        rest = without_priority(rest);
        let Some((moment, after)) = moment::take(rest) else {
            break;
        };
        // The service's own time, the innermost, is the most exact one.
        (at, rest) = (Some(moment), without_names(after));
    }
    (at, without_priority(rest))
}

/// The service's own lines have a level behind the time, those of journald and syslog a host and a program.
fn without_names(rest: &str) -> &str {
    for level in ["INFO ", "WARN ", "ERROR ", "DEBUG "] {
        if let Some(message) = rest.strip_prefix(level) {
            return message.trim_start();
        }
    }
    let mut words = rest.splitn(3, ' ');
    match (words.next(), words.next(), words.next()) {
        (Some(_), Some(program), Some(message)) if program.ends_with(':') => message,
        _ => rest,
    }
}

/// `<6>`, which journald takes off itself.
fn without_priority(rest: &str) -> &str {
    match rest.as_bytes() {
        [b'<', b'0'..=b'7', b'>', ..] => &rest[3..],
        _ => rest,
    }
}

/// Reads the fields of an answered request. `whole`: the client took all of it.
fn request(fields: &str, whole: bool) -> Event<'_> {
    let Some(fields) = fields.strip_prefix("key=") else {
        return Event::Elsewhere;
    };
    let mut words = fields.split(' ');
    let key = words.next().unwrap_or_default();
    let mut value = |name: &str| words.next()?.strip_prefix(name)?.strip_prefix('=');
    let (status, from) = (value("status"), value("from"));
    let (bytes, ms, client) = (value("bytes"), value("ms"), value("client"));
    let number = |text: Option<&str>| text?.parse::<u64>().ok();
    let (Some(status), Some(from), Some(bytes), Some(_), Some(_)) =
        (number(status), from, number(bytes), number(ms), client)
    else {
        return Event::Corrupt; // cut by whoever keeps the log
    };
    let from = match from {
        "hit" => CameFrom::Hit,
        "miss" => CameFrom::Miss,
        "join" => CameFrom::Join,
        "revalidated" => CameFrom::Revalidated,
        "stale" => CameFrom::Stale,
        "error" => CameFrom::Error,
        _ => return Event::Elsewhere,
    };
    // HEAD is answered with 200 as well, without a body.
    let shows_size = whole && status == 200 && from != CameFrom::Error && 0 < bytes;
    Event::Request {
        key,
        from,
        bytes: shows_size.then_some(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "served key=confluence_attachment_7_a.png status=200 from=hit bytes=51200 ms=3 client=10.0.0.1";

    fn event(message: &str) -> Event<'_> {
        read(message).event
    }

    fn asked(from: CameFrom, bytes: Option<u64>) -> Event<'static> {
        Event::Request {
            key: "confluence_attachment_7_a.png",
            from,
            bytes,
        }
    }

    #[test]
    fn a_message_is_found_behind_every_prefix() {
        let own = Some(Moment::Absolute(1_795_850_134));
        let yearless = Some(Moment::Yearless {
            month: 11,
            day: 28,
            second: 26_134,
        });
        for (prefix, at) in [
            ("", None),
            ("<6>", None),
            ("2026-11-28T07:15:34.007Z INFO  ", own),
            (
                "Nov 28 07:15:34 host confluence-attachment-proxy[12]: ",
                yearless,
            ),
            (
                "Nov 28 07:15:34 host confluence-attachment-proxy: <6>",
                yearless,
            ),
            (
                "2026-11-28T08:15:34+0100 host confluence-attachment-proxy[12]: ",
                own,
            ),
            (
                "1795850134.123456 host confluence-attachment-proxy[12]: ",
                own,
            ),
            (
                "Nov 28 08:15:35 host docker[12]: 2026-11-28T07:15:34.007Z INFO  ",
                own,
            ),
            (
                "2026-11-28T07:15:35.9Z 2026-11-28T07:15:34.007Z INFO  ",
                own,
            ),
        ] {
            for end in ["", "\r"] {
                let line = format!("{prefix}{MESSAGE}{end}");
                let event = asked(CameFrom::Hit, Some(51_200));
                assert_eq!(read(&line), Line { at, event }, "{line:?}");
            }
        }
    }

    #[test]
    fn a_request_counts_and_only_a_whole_body_shows_the_size() {
        let key = "key=confluence_attachment_7_a.png";
        for (line, expected) in [
            (
                "served K status=200 from=miss bytes=9 ms=3 client=::1",
                asked(CameFrom::Miss, Some(9)),
            ),
            (
                "served K status=200 from=join bytes=9 ms=3 client=::1",
                asked(CameFrom::Join, Some(9)),
            ),
            (
                "served K status=200 from=stale bytes=9 ms=3 client=::1",
                asked(CameFrom::Stale, Some(9)),
            ),
            (
                "served K status=200 from=hit bytes=0 ms=3 client=::1",
                asked(CameFrom::Hit, None),
            ),
            (
                "served K status=304 from=revalidated bytes=0 ms=3 client=::1",
                asked(CameFrom::Revalidated, None),
            ),
            (
                "served K status=206 from=hit bytes=5 ms=3 client=::1",
                asked(CameFrom::Hit, None),
            ),
            (
                "served K status=502 from=error bytes=77 ms=3 client=::1",
                asked(CameFrom::Error, None),
            ),
            (
                "aborted K status=200 from=hit bytes=5 ms=3 client=::1",
                asked(CameFrom::Hit, None),
            ),
            (
                "served K status=204 from=purge bytes=0 ms=3 client=::1",
                Event::Elsewhere,
            ),
            (
                "served K status=204 from=options bytes=0 ms=3 client=::1",
                Event::Elsewhere,
            ),
            (
                r#"served path="/healthz" status=200 from=page bytes=3 ms=0 client=::1"#,
                Event::Elsewhere,
            ),
            (
                "served page=7 status=204 from=purge bytes=0 ms=0 client=::1",
                Event::Elsewhere,
            ),
        ] {
            assert_eq!(event(&line.replace('K', key)), expected, "{line}");
        }
    }

    #[test]
    fn what_is_cut_is_corrupt_and_other_lines_are_no_requests() {
        for at in "served key=".len()..MESSAGE.find("client=").expect("it is there") {
            assert_eq!(event(&MESSAGE[..at]), Event::Corrupt, "{}", &MESSAGE[..at]);
        }
        for line in [
            "",
            "served",
            "fetched key=confluence_attachment_7_a.png bytes=7 ms=3 kept=yes",
            r#"fetch failed key=a ms=3 reason="served key=a status=200 from=hit bytes=7 ms=1 client=a""#,
            r#"Nov 28 07:15:34 host other[1]: x: served key=a status=200 from=hit bytes=7 ms=1 client=a"#,
            "10.0.0.1 - - [28/Nov/2026:07:15:34 +0000] \"GET / HTTP/1.1\" 200 7",
        ] {
            assert_eq!(event(line), Event::Other, "{line}");
        }
        for line in [
            MESSAGE.replace("bytes=51200", "bytes=-1"),
            MESSAGE.replace("bytes=51200", "bytes=99999999999999999999"),
            MESSAGE.replace("from=hit ", ""),
            MESSAGE.replace("status=200", "status=x"),
        ] {
            assert_eq!(event(&line), Event::Corrupt, "{line}");
        }
    }
}

//! What the access log says of a request, kept from the bytes of its head until it is answered (pure).

/// Longest request line, and longest field, that are kept, in bytes. They wait with the request, so that all connections
/// together hold some megabytes at most; what browsers send is far shorter.
const LINE_BYTES_MAX: usize = 2 * 1024;
const FIELD_BYTES_MAX: usize = 512;

/// Stands at the end of what was cut.
const CUT: &[u8] = b"...";

/// The parts of one request head, as they were received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) line: Option<Box<[u8]>>,
    pub(super) referer: Option<Box<[u8]>>,
    pub(super) user_agent: Option<Box<[u8]>>,
}

impl Asked {
    /// Reads a head, or what has come of one: nothing in it needs to be right.
    pub(super) fn of(head: &[u8]) -> Asked {
        let start = head
            .iter()
            .position(|byte| !matches!(byte, b'\r' | b'\n'))
            .unwrap_or(head.len());
        let mut lines = head[start..]
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let first = lines.next().filter(|line| !line.is_empty());
        let mut asked = Asked {
            line: first.map(|line| kept(line, LINE_BYTES_MAX)),
            ..Asked::default()
        };
        for line in lines.take_while(|line| !line.is_empty()) {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else {
                continue;
            };
            let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
            let place = if name.eq_ignore_ascii_case(b"Referer") {
                &mut asked.referer
            } else if name.eq_ignore_ascii_case(b"User-Agent") {
                &mut asked.user_agent
            } else {
                continue;
            };
            if place.is_none() {
                *place = Some(kept(value, FIELD_BYTES_MAX));
            }
        }
        asked
    }
}

fn kept(text: &[u8], most: usize) -> Box<[u8]> {
    match text.len() <= most {
        true => text.into(),
        false => [&text[..most], CUT].concat().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(head: &[u8], expected: [Option<&[u8]>; 3]) {
        let Asked {
            line,
            referer,
            user_agent,
        } = Asked::of(head);
        assert_eq!(
            [line.as_deref(), referer.as_deref(), user_agent.as_deref()],
            expected
        );
    }

    #[test]
    fn parts_are_kept_as_they_came_whatever_stands_around_them() {
        check(b"", [None; 3]);
        check(b"\r\n\r\n", [None; 3]);
        check(b"GET / HT", [Some(b"GET / HT"), None, None]);
        check(
            b"\r\nGET /a b HTTP/1.1\r\nreferer:  x \r\nUSER-AGENT: \"a\" \xff\r\nReferer: later\r\n\r\nReferer: body",
            [Some(b"GET /a b HTTP/1.1"), Some(b"x"), Some(b"\"a\" \xff")],
        );
        check(
            b"GET / HTTP/1.1\nUser-Agent:\nno colon\nUser-Agent: b\n\nReferer: body",
            [Some(b"GET / HTTP/1.1"), None, Some(b"")],
        );
    }

    #[test]
    fn what_is_too_long_is_cut() {
        let long = "a".repeat(3000);
        let head = format!("GET /{long} HTTP/1.1\r\nReferer: {long}\r\n\r\n");
        let asked = Asked::of(head.as_bytes());
        let line = asked.line.expect("there is one");
        assert!(line.starts_with(b"GET /aaa") && line.ends_with(b"a..."));
        assert_eq!(line.len(), LINE_BYTES_MAX + CUT.len());
        let referer = asked.referer.expect("there is one");
        assert_eq!(referer.len(), FIELD_BYTES_MAX + CUT.len());
    }
}

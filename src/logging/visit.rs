//! How one request looks in the access log: pure, the time is handed in.
//!
//! The Combined Log Format is written as nginx writes it: what could end a field, and every byte that is not printable
//! ASCII, becomes `\xHH`, so that no quote within a field is ever just a quote.

use std::io::Write;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use super::line::{Timestamp, is_dangerous};
use crate::config::AccessLogFormat;

/// One request that was answered or refused, for the access log.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// When the last byte of the answer went out, or the request was refused.
    pub time: SystemTime,
    /// Who asked.
    pub client: IpAddr,
    /// The request line as it was received; `None` if nothing was.
    pub request: Option<&'a [u8]>,
    /// `Referer` as it was received.
    pub referer: Option<&'a [u8]>,
    /// `User-Agent` as it was received.
    pub user_agent: Option<&'a [u8]>,
    /// The status code.
    pub status: u16,
    /// Bytes of the body that went out.
    pub bytes: u64,
    /// From the request to the last byte of its answer.
    pub took: Duration,
    /// What became of it.
    pub end: End<'a>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug)]
pub enum End<'a> {
    /// It has its whole answer.
    Served {
        /// What it was about, `key=` or `path=` in front.
        subject: &'a str,
        /// Where the answer came from.
        from: &'a str,
    },
    /// The answer was broken off: the client left, or the download failed.
    Aborted {
        /// As in `Served`.
        subject: &'a str,
        /// As in `Served`.
        from: &'a str,
    },
    /// The client left before there was an answer.
    Left,
    /// The gate has refused it.
    Refused {
        /// Why.
        reason: &'a str,
    },
}

impl Visit<'_> {
    /// Appends one line with its newline.
    pub(super) fn put(&self, format: AccessLogFormat, scheme: &str, out: &mut Vec<u8>) {
        match format {
            AccessLogFormat::Combined => self.put_combined(out),
            AccessLogFormat::Json => self.put_json(scheme, out),
        }
    }

    fn put_combined(&self, out: &mut Vec<u8>) {
        let time = self.time.max(SystemTime::UNIX_EPOCH);
        let date = httpdate::fmt_http_date(time); // Thu, 01 Jan 1970 00:00:00 GMT
        let (day, month, year) = (&date[5..7], &date[8..11], &date[12..16]);
        let (client, time) = (self.client, &date[17..25]);
        put(
            out,
            format_args!("{client} - - [{day}/{month}/{year}:{time} +0000] "),
        );
        put_quoted(self.request, out);
        put(out, format_args!(" {} {} ", self.status, self.bytes));
        put_quoted(self.referer, out);
        out.push(b' ');
        put_quoted(self.user_agent, out);
        out.push(b'\n');
    }

    fn put_json(&self, scheme: &str, out: &mut Vec<u8>) {
        let line = self.request.map(String::from_utf8_lossy);
        let line = line.as_deref();
        let words: Vec<&str> = line.unwrap_or_default().split(' ').collect();
        // A malformed line is shown whole in place of the target.
        let (method, target, protocol) = match words[..] {
            [method, target, protocol] => (Some(method), Some(target), Some(protocol)),
            _ => (None, line, None),
        };
        let (subject, from, complete, reason) = match self.end {
            End::Served { subject, from } => (subject, Some(from), true, None),
            End::Aborted { subject, from } => (subject, Some(from), false, None),
            End::Left => ("", None, false, Some("the client left before its answer")),
            End::Refused { reason } => ("", None, true, Some(reason)),
        };
        put(
            out,
            format_args!(
                "{{\"time\":\"{}\",\"client\":\"{}\",\"scheme\":\"{scheme}\"",
                Timestamp(self.time),
                self.client
            ),
        );
        put_member("method", method, out);
        put_member("target", target, out);
        put_member("protocol", protocol, out);
        let (status, bytes, ms) = (self.status, self.bytes, self.took.as_millis());
        put(
            out,
            format_args!(
                ",\"status\":{status},\"bytes\":{bytes},\"ms\":{ms},\"complete\":{complete}"
            ),
        );
        put_member("cache", from, out);
        put_member("key", subject.strip_prefix("key="), out);
        put_member("reason", reason, out);
        for (name, field) in [("referer", self.referer), ("user_agent", self.user_agent)] {
            let text = field.map(String::from_utf8_lossy);
            put_member(name, text.as_deref(), out);
        }
        out.extend_from_slice(b"}\n");
    }
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a Vec takes every byte");
}

/// A field in quotes; `-` says that it is not there.
fn put_quoted(field: Option<&[u8]>, out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in field.unwrap_or(b"-") {
        match byte {
            b'"' | b'\\' => put(out, format_args!("\\x{byte:02X}")),
            b' '..=b'~' => out.push(byte),
            _ => put(out, format_args!("\\x{byte:02X}")),
        }
    }
    out.push(b'"');
}

/// A member of an object, with its comma in front.
fn put_member(name: &str, text: Option<&str>, out: &mut Vec<u8>) {
    put(out, format_args!(",\"{name}\":"));
    let Some(text) = text else {
        out.extend_from_slice(b"null");
        return;
    };
    out.push(b'"');
    for c in text.chars() {
        match c {
            '"' | '\\' => put(out, format_args!("\\{c}")),
            // A terminal that shows the log must not obey it.
            c if is_dangerous(c) => put(out, format_args!("\\u{:04x}", u32::from(c))),
            c => put(out, format_args!("{c}")),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn visit() -> Visit<'static> {
        Visit {
            time: UNIX_EPOCH + Duration::from_millis(1_772_323_199_007),
            client: [10, 0, 0, 7].into(),
            request: Some(b"GET /proxy/1/a.png HTTP/1.1"),
            referer: Some(b"https://wiki/x"),
            user_agent: Some(b"Mozilla/5.0 (X11)"),
            status: 200,
            bytes: 12345,
            took: Duration::from_micros(3999),
            end: End::Served {
                subject: "key=confluence_attachment_1_a.png",
                from: "hit",
            },
        }
    }

    fn line(visit: &Visit<'_>, format: AccessLogFormat) -> String {
        let mut out = Vec::new();
        visit.put(format, "https", &mut out);
        String::from_utf8(out).expect("ASCII, or JSON in UTF-8")
    }

    #[test]
    fn combined_lines_are_those_of_nginx() {
        let mut visit = visit();
        assert_eq!(
            line(&visit, AccessLogFormat::Combined),
            "10.0.0.7 - - [28/Feb/2026:23:59:59 +0000] \"GET /proxy/1/a.png HTTP/1.1\" 200 12345 \
             \"https://wiki/x\" \"Mozilla/5.0 (X11)\"\n"
        );
        visit.request = None;
        visit.referer = None;
        visit.user_agent = Some(b"a\"b\\c\n\x1b[31m\x7f\xc3\xa9");
        visit.client = "2001:db8::1".parse().expect("an address");
        visit.time = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(
            line(&visit, AccessLogFormat::Combined),
            "2001:db8::1 - - [01/Jan/1970:00:00:00 +0000] \"-\" 200 12345 \"-\" \
             \"a\\x22b\\x5Cc\\x0A\\x1B[31m\\x7F\\xC3\\xA9\"\n"
        );
    }

    #[test]
    fn json_lines_are_objects_with_the_same_members_always() {
        let mut visit = visit();
        let text = line(&visit, AccessLogFormat::Json);
        assert_eq!(
            text,
            "{\"time\":\"2026-02-28T23:59:59.007Z\",\"client\":\"10.0.0.7\",\"scheme\":\"https\",\"method\":\"GET\",\
             \"target\":\"/proxy/1/a.png\",\"protocol\":\"HTTP/1.1\",\"status\":200,\"bytes\":12345,\"ms\":3,\
             \"complete\":true,\"cache\":\"hit\",\"key\":\"confluence_attachment_1_a.png\",\"reason\":null,\
             \"referer\":\"https://wiki/x\",\"user_agent\":\"Mozilla/5.0 (X11)\"}\n"
        );
        let first: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        visit.request = Some(b"GET /a b \"c\"");
        visit.user_agent = Some("a\"b\\c\n\u{1b}\u{9b}\u{202e}\u{7f}é图".as_bytes());
        visit.referer = Some(b"\xff");
        visit.end = End::Refused {
            reason: "malformed",
        };
        let text = line(&visit, AccessLogFormat::Json);
        assert!(
            text.chars().all(|c| c == '\n' || !is_dangerous(c)),
            "{text:?}"
        );
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["method"], serde_json::Value::Null);
        assert_eq!(value["target"], "GET /a b \"c\"");
        assert_eq!(
            value["user_agent"],
            "a\"b\\c\n\u{1b}\u{9b}\u{202e}\u{7f}é图"
        );
        assert_eq!(value["referer"], "\u{fffd}");
        assert_eq!(
            (&value["reason"], &value["cache"]),
            (&"malformed".into(), &().into())
        );
        let names = |value: &serde_json::Value| -> Vec<String> {
            let members = value.as_object().expect("an object");
            members.keys().cloned().collect()
        };
        assert_eq!(names(&value), names(&first));
        visit.end = End::Aborted {
            subject: "path=/x",
            from: "miss",
        };
        let value = line(&visit, AccessLogFormat::Json);
        assert!(
            value.contains("\"complete\":false,\"cache\":\"miss\",\"key\":null"),
            "{value}"
        );
    }
}

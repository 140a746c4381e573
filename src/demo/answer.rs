//! One answer before it goes onto the wire.

use std::fmt::Write;
use std::sync::Arc;

/// Status, header fields and body. Framing and the choice between keeping and closing the connection come later.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Arc<[u8]>,
    pub(super) origin: Origin,
    fields: String,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Confluence itself: it adds its session and its request fields.
    Application,
    /// Tomcat, or a proxy in front.
    Front,
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length,
    /// A length that is not the body's.
    WrongLength(usize),
    Chunked,
    UntilClose,
}

impl Answer {
    /// An answer of Confluence.
    pub(super) fn new(status: u16, body: impl Into<Arc<[u8]>>) -> Answer {
        Answer {
            status,
            body: body.into(),
            origin: Origin::Application,
            fields: String::with_capacity(512),
        }
    }

    /// An answer of Tomcat, or of a proxy in front of it.
    pub(super) fn of_front(status: u16, body: impl Into<Arc<[u8]>>) -> Answer {
        Answer {
            origin: Origin::Front,
            ..Answer::new(status, body)
        }
    }

    /// A page for people.
    pub(super) fn html(status: u16, body: String) -> Answer {
        Answer::new(status, body.into_bytes())
            .with("Content-Type", "text/html;charset=UTF-8")
            .with("Cache-Control", "no-store")
            .with("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")
    }

    /// A piece of REST.
    pub(super) fn json(status: u16, body: String) -> Answer {
        Answer::new(status, body.into_bytes())
            .with("Content-Type", "application/json")
            .with("Cache-Control", "no-cache, no-store, no-transform")
    }

    /// A redirect without a body.
    pub(super) fn redirect(location: &str) -> Answer {
        Answer::html(302, String::new()).with("Location", location)
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Answer {
        self.add(name, value);
        self
    }

    /// Adds a header field. Control characters, which would end it, are left out.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.fields.push_str(name);
        self.fields.push_str(": ");
        if value.bytes().any(|byte| byte.is_ascii_control()) {
            self.fields
                .extend(value.chars().filter(|c| !c.is_control()));
        } else {
            self.fields.push_str(value);
        }
        self.fields.push_str("\r\n");
    }

    /// The whole head with its empty line. There is no reason phrase, as Tomcat sends none.
    pub(super) fn head(&self, framing: Framing, closes: bool) -> Vec<u8> {
        let mut head = String::with_capacity(self.fields.len() + 128);
        let written = write!(head, "HTTP/1.1 {} \r\n{}", self.status, self.fields);
        written.expect("a String takes everything");
        let length = match framing {
            Framing::Length => Some(self.body.len()),
            Framing::WrongLength(length) => Some(length),
            Framing::Chunked => {
                head.push_str("Transfer-Encoding: chunked\r\n");
                None
            }
            Framing::UntilClose => None,
        };
        if let Some(length) = length {
            write!(head, "Content-Length: {length}\r\n").expect("a String takes everything");
        }
        head.push_str(if closes {
            "Connection: close\r\n\r\n"
        } else {
            "\r\n"
        });
        head.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_say_how_the_body_ends() {
        let answer = Answer::new(200, *b"abc").with("A", "b\r\nc");
        for (framing, closes, expected) in [
            (
                Framing::Length,
                false,
                "HTTP/1.1 200 \r\nA: bc\r\nContent-Length: 3\r\n\r\n",
            ),
            (
                Framing::WrongLength(7),
                false,
                "HTTP/1.1 200 \r\nA: bc\r\nContent-Length: 7\r\n\r\n",
            ),
            (
                Framing::Chunked,
                false,
                "HTTP/1.1 200 \r\nA: bc\r\nTransfer-Encoding: chunked\r\n\r\n",
            ),
            (
                Framing::UntilClose,
                true,
                "HTTP/1.1 200 \r\nA: bc\r\nConnection: close\r\n\r\n",
            ),
        ] {
            let head = answer.head(framing, closes);
            assert_eq!(String::from_utf8_lossy(&head), expected);
        }
    }
}

//! What the sample Confluence can be told to do wrong.

use std::time::Duration;

use super::latch::Latch;

/// How one file, or the whole site, behaves. It stays until another one replaces it; `Good` ends a fault.
///
/// Waits can be put before or into any other behaviour: `Behaviour::from(Fault::LoginPage).held(&latch)`.
#[derive(Clone, Debug, Default)]
pub enum Behaviour {
    /// As Confluence does when all is well.
    #[default]
    Good,
    /// Waits before the head until the latch opens.
    Held {
        /// The door to wait at.
        latch: Latch,
        /// What happens then.
        then: Box<Behaviour>,
    },
    /// Sends the head and the first bytes of the body, then waits until the latch opens.
    HeldAt {
        /// How many bytes of the body go out first.
        at: usize,
        /// The door to wait at.
        latch: Latch,
        /// How the answer goes on otherwise.
        then: Box<Behaviour>,
    },
    /// Waits before the head.
    Delayed {
        /// How long.
        by: Duration,
        /// What happens then.
        then: Box<Behaviour>,
    },
    /// Sends the body in small pieces with pauses between them.
    Drip {
        /// Size of a piece in bytes.
        piece: usize,
        /// The pause after each piece.
        every: Duration,
    },
    /// Announces the whole length, sends the first bytes and closes the connection.
    Short {
        /// How many bytes of the body go out.
        sent: usize,
    },
    /// Announces the whole length, sends the first bytes and resets the connection.
    Reset {
        /// How many bytes of the body go out.
        sent: usize,
    },
    /// Announces a length that is not the body's, sends the whole body, and keeps the connection.
    Announces {
        /// The `Content-Length`: what is beyond it is no part of the answer, what is missing never comes.
        length: usize,
    },
    /// Resets the connection instead of any answer.
    ResetAtOnce,
    /// Sends the body without a length; closing the connection ends it.
    NoLength,
    /// Sends the body in chunks.
    Chunked,
    /// Sends chunks, but closes the connection before the last one, which would say that all is there.
    ChunkedCut {
        /// How many bytes of the body go out; more than there are means all of them.
        sent: usize,
    },
    /// The good answer behind a header field so long that the head has at least this many bytes.
    HugeHead {
        /// Size of the extra header field.
        bytes: usize,
    },
    /// Sends bytes that are not HTTP and closes the connection.
    Garbage,
    /// Closes the connection without a word.
    Closed,
    /// Closes the connection without a word if it has served a request before, as a server does whose keep-alive time
    /// is just over. On a new connection: good.
    ClosedWhenReused,
    /// A complete answer that is not the file.
    Fails(Fault),
}

/// A complete answer that is not the file.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Any status with any header fields and body; `Content-Length` is added. It comes from a proxy in front: none of
    /// Confluence's own header fields.
    Answer {
        /// The status code.
        status: u16,
        /// Names and values.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// 302 to `/login.action?os_destination=...`: not logged in.
    LoginRedirect,
    /// 302 to another host: single sign-on in front.
    SsoRedirect,
    /// 200 with the login page, no `Content-Disposition`.
    LoginPage,
    /// 401 with this `X-Seraph-LoginReason`.
    LoginRefused {
        /// `AUTHENTICATED_FAILED`, `AUTHENTICATION_DENIED`, `OUT` or whatever else.
        reason: String,
    },
    /// The good answer, marked `X-Seraph-LoginReason: AUTHENTICATED_FAILED`: wrong password, but the file is public.
    ServedAnonymously,
    /// 403: Basic authentication is switched off on this instance.
    BasicDisabled,
    /// 403 with a page: Basic authentication is switched off for passwords.
    BasicWithPasswordDisabled,
    /// 302 to `/login.action` with `X-Seraph-LoginReason: OK`: the account is good, but may not see this. Only Data
    /// Center speaks of login reasons.
    NotPermitted,
    /// 302 to the single sign-on of an add-on, on this very site.
    SamlRedirect,
    /// 301 to the same target below another base, as a proxy in front does that wants https.
    MovedTo {
        /// Scheme, host and context path, without a slash at the end.
        base: String,
    },
    /// 401 in JSON, from the gateway before Cloud: the token is good, but not for this.
    ScopeMismatch,
    /// 200 with a page for people that is no login page, where a program expects JSON.
    HtmlForJson,
    /// The good answer for a good account, but only the first half of its body, with the right length for that.
    DamagedJson,
    /// 200 with `{}`.
    EmptyJson,
    /// 403 with `X-Authentication-Denied-Reason: CAPTCHA_CHALLENGE`.
    Captcha,
    /// 302 to `/attachmentnotfound.action`: in the database, but not on the disk.
    FileLost,
    /// 200 with the page of a proxy in front that Confluence is being maintained.
    MaintenancePage,
    /// The same page with 503, as it should be.
    Unavailable,
}

impl Behaviour {
    /// A good answer that waits before its head.
    pub fn hold(latch: &Latch) -> Behaviour {
        Behaviour::Good.held(latch)
    }

    /// A good answer that waits after `at` bytes of its body.
    pub fn hold_at(at: usize, latch: &Latch) -> Behaviour {
        Behaviour::Good.held_at(at, latch)
    }

    /// A good answer whose head comes late.
    pub fn slow(by: Duration) -> Behaviour {
        Behaviour::Good.delayed(by)
    }

    /// A bare status with a short text, of Confluence itself.
    pub fn status(status: u16) -> Behaviour {
        let headers = [("Content-Type", "text/plain"), ("X-AREQUESTID", "842x0x1")];
        Behaviour::answer(status, &headers, "odd weather\n")
    }

    /// Any status, header fields and body.
    pub fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Behaviour {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect();
        let body = body.into();
        Behaviour::Fails(Fault::Answer {
            status,
            headers,
            body,
        })
    }

    /// 429 with `Retry-After` and the counters of Data Center's rate limiting.
    pub fn rate_limited(retry_after: &str) -> Behaviour {
        let headers = [
            ("Retry-After", retry_after),
            ("X-RateLimit-Limit", "10"),
            ("X-RateLimit-Remaining", "0"),
            ("X-RateLimit-Interval-Seconds", "60"),
            ("X-RateLimit-FillRate", "5"),
        ];
        Behaviour::answer(429, &headers, "")
    }

    /// The same, but it waits at `latch` before the head.
    pub fn held(self, latch: &Latch) -> Behaviour {
        Behaviour::Held {
            latch: latch.clone(),
            then: Box::new(self),
        }
    }

    /// The same, but it waits at `latch` after `at` bytes of the body.
    pub fn held_at(self, at: usize, latch: &Latch) -> Behaviour {
        Behaviour::HeldAt {
            at,
            latch: latch.clone(),
            then: Box::new(self),
        }
    }

    /// The same, but later.
    pub fn delayed(self, by: Duration) -> Behaviour {
        Behaviour::Delayed {
            by,
            then: Box::new(self),
        }
    }
}

impl From<Fault> for Behaviour {
    fn from(fault: Fault) -> Behaviour {
        Behaviour::Fails(fault)
    }
}

//! The answers a gate gives by itself, without asking anybody behind it.

use std::time::{Duration, SystemTime};

use super::target::BadTarget;
use crate::meters::Refused;

/// What clients may do here, as the `Allow` field says it.
pub(super) const ALLOW: &str = "GET, HEAD, POST, DELETE, OPTIONS";

/// Why a request, or a whole connection, goes no further than the gate. Each is one status and one sentence; the
/// connection is closed behind it, because where the next request would begin is not certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 400: the head is not HTTP/1.x as RFC 9112 writes it.
    Malformed(&'static str),
    /// 400: plain HTTP where HTTPS is spoken.
    NotTls,
    /// 400: a front does not say for whom it has connected.
    Unintroduced,
    /// 405: not one of [`ALLOW`].
    Method,
    /// 408: the head did not arrive in time.
    Slow,
    /// 413: the request carries a body that is no form.
    Body,
    /// 413: the form is longer than 256 KiB.
    FormTooLarge,
    /// 414: the target is longer than 8 KiB.
    TargetTooLong,
    /// 415: a body that is no form.
    MediaType,
    /// 417: an `Expect` we do not know.
    Expectation,
    /// 431: the head is longer than 16 KiB.
    HeadTooLarge,
    /// 431: more than 100 header fields.
    TooManyFields,
    /// 503: too many requests under way.
    Busy,
    /// 503: the service stops, and the answer has not come in time.
    Stopping,
    /// 503: too many client connections.
    Crowded,
    /// 503: too many connections from this one address.
    AddressCrowded,
    /// 505: not HTTP/1.0 or HTTP/1.1.
    Version,
}

/// When to come back after a 503 of the gate: load passes quickly.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Refusal {
    /// The status code and its reason phrase (RFC 9110 section 15).
    pub(super) fn status(self) -> (u16, &'static str) {
        match self {
            Refusal::Malformed(_) | Refusal::NotTls | Refusal::Unintroduced => (400, "Bad Request"),
            Refusal::Method => (405, "Method Not Allowed"),
            Refusal::Slow => (408, "Request Timeout"),
            Refusal::Body | Refusal::FormTooLarge => (413, "Content Too Large"),
            Refusal::MediaType => (415, "Unsupported Media Type"),
            Refusal::TargetTooLong => (414, "URI Too Long"),
            Refusal::Expectation => (417, "Expectation Failed"),
            Refusal::HeadTooLarge | Refusal::TooManyFields => {
                (431, "Request Header Fields Too Large")
            }
            Refusal::Busy | Refusal::Stopping | Refusal::Crowded | Refusal::AddressCrowded => {
                (503, "Service Unavailable")
            }
            Refusal::Version => (505, "HTTP Version Not Supported"),
        }
    }

    /// As what it is counted.
    pub(super) fn kind(self) -> Refused {
        match self {
            Refusal::Malformed(_) | Refusal::NotTls | Refusal::Unintroduced => Refused::Malformed,
            Refusal::Method => Refused::Method,
            Refusal::Slow => Refused::Slow,
            Refusal::Body => Refused::Body,
            Refusal::FormTooLarge => Refused::FormTooLarge,
            Refusal::MediaType => Refused::MediaType,
            Refusal::TargetTooLong => Refused::TargetTooLong,
            Refusal::Expectation => Refused::Expectation,
            Refusal::HeadTooLarge => Refused::HeadTooLarge,
            Refusal::TooManyFields => Refused::TooManyFields,
            Refusal::Busy => Refused::Busy,
            Refusal::Stopping => Refused::Stopping,
            Refusal::Crowded => Refused::Crowded,
            Refusal::AddressCrowded => Refused::AddressCrowded,
            Refusal::Version => Refused::Version,
        }
    }

    /// What the client reads, and the log says.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Refusal::Malformed(reason) => reason,
            Refusal::NotTls => "this port speaks HTTPS only; begin the address with https://",
            Refusal::Unintroduced => {
                "connections from this address must begin with a PROXY protocol header, of version 1 or 2 and at most 4 KiB, and this one does not; the front must send it, or PROXY_PROTOCOL be off"
            }
            Refusal::Method => "only GET, HEAD, POST, DELETE and OPTIONS are answered here",
            Refusal::Slow => "the request did not arrive within 10 seconds",
            Refusal::Body => {
                "a body is accepted with POST only, with a Content-Length and not in chunks"
            }
            Refusal::FormTooLarge => {
                "the form is larger than 256 KiB, which is some 29,000 Chinese characters, as each takes 9 bytes in a form; paste it in parts, or have confluence-attachment-proxy rewrite turn it, which takes any size"
            }
            Refusal::MediaType => {
                "a POST carries a form (application/x-www-form-urlencoded) or nothing"
            }
            Refusal::TargetTooLong => "the address is longer than 8 KiB",
            Refusal::Expectation => "the only Expect that is understood is 100-continue",
            Refusal::HeadTooLarge => {
                "the request head is larger than 16 KiB; if a browser sent it, clear the cookies of this site"
            }
            Refusal::TooManyFields => "the request has more than 100 header fields",
            Refusal::Busy => "too many requests are under way, try again in a moment",
            Refusal::Stopping => "the proxy is stopping, try again in a moment",
            Refusal::Crowded => {
                "too many connections, try again in a moment; the operator can raise PROXY_MAX_CONNECTIONS"
            }
            Refusal::AddressCrowded => "too many connections from your address, close some",
            Refusal::Version => "only HTTP/1.0 and HTTP/1.1 are spoken here",
        }
    }

    /// The same in Chinese, where it can meet somebody with a browser. What a client accepts and which language it likes
    /// is not known here, before or instead of a whole request: so the text stays plain, and says it in both languages.
    fn reason_zh(self) -> Option<&'static str> {
        match self {
            Refusal::NotTls => Some("此端口只支持 HTTPS，地址须以 https:// 开头"),
            Refusal::FormTooLarge => Some(
                "表单超过 256 KiB，约合 29,000 个汉字，因为每个汉字在表单中占 9 个字节；请分几次粘贴，或使用 confluence-attachment-proxy rewrite，它可以处理任意大小的文档",
            ),
            Refusal::TargetTooLong => Some("地址超过 8 KiB"),
            Refusal::HeadTooLarge => {
                Some("请求头超过 16 KiB，常见原因是 Cookie 太多，请清除本站的 Cookie")
            }
            Refusal::TooManyFields => Some("请求头超过 100 个字段"),
            Refusal::Busy => Some("正在处理的请求太多，请稍候再试"),
            Refusal::Stopping => Some("代理正在停止，请稍候再试"),
            Refusal::Crowded => {
                Some("连接太多，请稍候再试；运维人员可以调大 PROXY_MAX_CONNECTIONS")
            }
            Refusal::AddressCrowded => Some("来自您的地址的连接太多，请关闭一些"),
            Refusal::Malformed(_)
            | Refusal::Unintroduced
            | Refusal::Method
            | Refusal::Slow
            | Refusal::Body
            | Refusal::MediaType
            | Refusal::Expectation
            | Refusal::Version => None,
        }
    }

    /// What is shown to whoever asked.
    pub(super) fn text(self) -> String {
        let (status, phrase) = self.status();
        let reason = self.reason();
        let chinese = self
            .reason_zh()
            .map_or(String::new(), |text| format!("{text}\n"));
        format!("{status} {phrase}: {reason}\n{chinese}")
    }

    /// The whole answer as it goes onto the wire; `bodiless` after HEAD.
    pub(super) fn answer(self, bodiless: bool, now: SystemTime) -> Vec<u8> {
        let (status, phrase) = self.status();
        let extra = match self {
            Refusal::Method => format!("Allow: {ALLOW}\r\n"),
            Refusal::Busy | Refusal::Stopping | Refusal::Crowded | Refusal::AddressCrowded => {
                format!("Retry-After: {}\r\n", RETRY_AFTER.as_secs())
            }
            Refusal::Malformed(_)
            | Refusal::NotTls
            | Refusal::Unintroduced
            | Refusal::Slow
            | Refusal::Body
            | Refusal::FormTooLarge
            | Refusal::MediaType
            | Refusal::TargetTooLong
            | Refusal::Expectation
            | Refusal::HeadTooLarge
            | Refusal::TooManyFields
            | Refusal::Version => String::new(),
        };
        let text = self.text();
        format!(
            "HTTP/1.1 {status} {phrase}\r\nDate: {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{extra}Connection: close\r\n\r\n{}",
            httpdate::fmt_http_date(now),
            text.len(),
            if bodiless { "" } else { &text },
        )
        .into_bytes()
    }
}

impl From<BadTarget> for Refusal {
    fn from(bad: BadTarget) -> Refusal {
        match bad {
            BadTarget::Form => {
                Refusal::Malformed("the request target must start with / (or be http://host/…)")
            }
            BadTarget::Escape => Refusal::Malformed(
                "a % in the address must be followed by two hexadecimal digits; write %25 for a percent sign",
            ),
            BadTarget::Fragment => {
                Refusal::Malformed("a # cannot stand in a request; write %23 for a number sign")
            }
            BadTarget::TooLong => Refusal::TargetTooLong,
        }
    }
}

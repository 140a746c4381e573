//! Why a fetch failed: closed sets, each variant handled differently by who gets it. What an operator reads is in
//! `words`.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why the room could not be set up. The service does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupError {
    /// `CONFLUENCE_URL` is no `http://` or `https://` address without user, query and fragment.
    Url,
    /// The account's name holds a colon or the account a control character: HTTP cannot carry it.
    Account,
    /// `CONFLUENCE_URL` is https and the system trusts no certificate authority.
    Roots {
        /// What the search for them reported.
        reason: String,
    },
    /// `CONFLUENCE_CA_FILE` holds no certificate that can vouch for anything.
    Authority {
        /// Which file.
        path: PathBuf,
    },
    /// `CONFLUENCE_HTTPS_PROXY` or `CONFLUENCE_NO_PROXY` cannot be used.
    Proxy,
}

/// Why Confluence did not give us the file: a closed set, each variant handled differently by the caller.
///
/// `Display` is a sentence for the operator's log with the remedy. It may name hosts, so it is not for clients; it
/// never holds a secret, a query, or text that Confluence sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpstreamError {
    /// Confluence has no such file, or does not show it to the account. A kept copy must go.
    NotFound,
    /// 403 for this file alone. A kept copy must go.
    Forbidden,
    /// On Cloud: the token is good, but has no scope for this one question.
    OutOfScope,
    /// The account was not accepted: the guard has shut.
    Refused(Refusal),
    /// Nothing was asked, because the account was refused before and the guard is shut.
    Guarded {
        /// How it was refused.
        why: Refusal,
        /// Until it may be tested again, 1 to 300 seconds.
        retry_after: Duration,
    },
    /// Confluence lives elsewhere: the operator must correct `CONFLUENCE_URL`.
    Moved {
        /// Where it points to: scheme, host and path.
        to: Box<str>,
        /// The base address that would lead there.
        base: Option<Box<str>>,
    },
    /// Confluence asks for a pause: 429, or 503 with `Retry-After`. Nobody asks it anything until that is over.
    Busy {
        /// How long, 1 to 300 seconds.
        retry_after: Duration,
    },
    /// Nothing was asked, because Confluence has asked for a pause that is not over.
    Paused {
        /// What is left of it, 1 to 300 seconds.
        retry_after: Duration,
    },
    /// Nothing happened for too long.
    TimedOut {
        /// What was being waited for.
        phase: Phase,
    },
    /// There is no connection, or it ended before an answer.
    Unreachable(Obstacle),
    /// Confluence says itself that it fails: 5xx.
    Failing {
        /// The status it sent.
        status: u16,
    },
    /// The answer is there but cannot be what was asked for.
    Unusable(Fault),
    /// On Cloud: the host to which Confluence pointed for the bytes did not give them.
    Media {
        /// The status it sent.
        status: u16,
    },
    /// On Cloud: that host cannot be reached, or does not answer.
    MediaAway(Away),
    /// On Cloud: Confluence pointed to an address for the bytes to which nothing may be sent.
    Hop(Hop),
    /// The body ended before its end. Only [`Download::read`](super::Download::read) and the first bytes report it.
    Broken(Breakage),
    /// A status that a download never has.
    Odd {
        /// The status it sent.
        status: u16,
    },
    /// We stopped it ourselves: [`Confluence::interrupt`](super::Confluence::interrupt).
    Interrupted,
}

impl UpstreamError {
    /// Whether the account was refused, so that going on could lock it.
    pub fn is_refusal(&self) -> bool {
        matches!(self, UpstreamError::Refused(_))
    }

    /// Whether it is the trouble of one file, or of the host that keeps it, and says nothing about Confluence.
    pub(super) fn is_of_one_file(&self) -> bool {
        match self {
            UpstreamError::NotFound
            | UpstreamError::Forbidden
            | UpstreamError::OutOfScope
            | UpstreamError::Media { .. }
            | UpstreamError::MediaAway(_)
            | UpstreamError::Hop(_)
            | UpstreamError::Broken(_)
            | UpstreamError::Unusable(Fault::Page | Fault::Coded) => true,
            UpstreamError::Unusable(Fault::Head | Fault::Document | Fault::Maintenance)
            | UpstreamError::Refused(_)
            | UpstreamError::Guarded { .. }
            | UpstreamError::Moved { .. }
            | UpstreamError::Busy { .. }
            | UpstreamError::Paused { .. }
            | UpstreamError::TimedOut { .. }
            | UpstreamError::Unreachable(_)
            | UpstreamError::Failing { .. }
            | UpstreamError::Odd { .. }
            | UpstreamError::Interrupted => false,
        }
    }

    /// Whether Confluence was not even asked.
    pub fn is_unasked(&self) -> bool {
        matches!(
            self,
            UpstreamError::Guarded { .. } | UpstreamError::Paused { .. }
        )
    }
}

/// How Confluence showed that it does not accept the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The name or the token is wrong.
    Password,
    /// 401 without a reason.
    Unauthorized,
    /// The account is behind a CAPTCHA after failed logins; the token was not even tried.
    Captcha,
    /// The account is known and may not use Confluence.
    NotPermitted,
    /// Some other word in a header that carries the reason of a login.
    Unknown,
    /// Basic authentication is switched off on this Confluence.
    BasicDisabled,
    /// A redirect to Confluence's own login.
    LoginRedirect,
    /// A redirect to another host: single sign-on, a second factor or a gateway.
    SingleSignOn {
        /// The other host.
        host: Box<str>,
    },
    /// A web page with status 200 where the file should be.
    LoginPage,
    /// Confluence took the login for nobody's, without an error: the personal token is wrong or has expired.
    Anonymous,
    /// The token is good, and not for this: a scope is missing (Cloud).
    Scope,
}

impl Refusal {
    /// Whether Confluence counts it as a failed login, of which the third locks the account. A redirect, a page of
    /// somebody else or a token that is not looked at are no logins.
    pub(super) fn is_counted(&self) -> bool {
        match self {
            Refusal::Password | Refusal::Unauthorized | Refusal::Captcha | Refusal::Unknown => true,
            Refusal::NotPermitted
            | Refusal::BasicDisabled
            | Refusal::LoginRedirect
            | Refusal::SingleSignOn { .. }
            | Refusal::LoginPage
            | Refusal::Anonymous
            | Refusal::Scope => false,
        }
    }

    /// One lasting word for it, for metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Refusal::Password => "password",
            Refusal::Unauthorized => "unauthorized",
            Refusal::Captcha => "captcha",
            Refusal::NotPermitted => "not_permitted",
            Refusal::Unknown => "unknown",
            Refusal::BasicDisabled => "basic_disabled",
            Refusal::LoginRedirect => "login_redirect",
            Refusal::SingleSignOn { .. } => "single_sign_on",
            Refusal::LoginPage => "login_page",
            Refusal::Anonymous => "anonymous",
            Refusal::Scope => "scope",
        }
    }
}

/// What a fetch was waiting for when its time was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// A connection, with its TLS handshake.
    Connect,
    /// The head of the answer.
    Head,
    /// The next bytes of the body.
    Body,
}

/// Why a host that the operator has not named does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// There is no connection, or it ended before an answer.
    Unreachable(Obstacle),
    /// It was silent for too long.
    Silent,
}

/// What stands between us and Confluence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Its host name is unknown.
    Name,
    /// Nobody listens there.
    Closed,
    /// The network knows no way.
    NoRoute,
    /// Its certificate comes from an authority that this system does not trust.
    UnknownIssuer,
    /// Its certificate is for another name.
    WrongName,
    /// Its certificate is expired or not yet valid.
    Expired,
    /// The host to which Confluence pointed for the bytes lies in a private network.
    Private,
    /// The outbound proxy does not connect us.
    OutboundProxy,
    /// TLS failed otherwise.
    Tls,
    /// The connection ended before an answer was complete.
    Dropped,
    /// Anything else the operating system reports.
    Other(io::ErrorKind),
}

/// Why an answer cannot be the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is no HTTP answer within our limits.
    Head,
    /// It is compressed although nobody asked for that.
    Coded,
    /// It is a web page under the name of a picture, an archive or the like.
    Page,
    /// It is a page that says that Confluence is being worked on.
    Maintenance,
    /// It is not the JSON that Confluence's REST has.
    Document,
}

/// Why nothing is sent to where Confluence pointed for the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hop {
    /// It is no address that can be asked.
    Address,
    /// It is not encrypted.
    Plain,
    /// It is an address inside a private network.
    Private,
    /// It is one redirect too many.
    TooMany,
}

/// How a body ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breakage {
    /// The connection was cut.
    Short {
        /// Bytes that arrived.
        received: u64,
        /// Bytes that were announced; `None` for a chunked body.
        announced: Option<u64>,
    },
    /// Neither a length nor chunks: where it ends cannot be told from where it was cut.
    NoLength,
    /// The chunks make no sense.
    Framing,
}

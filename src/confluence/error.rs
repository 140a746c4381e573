//! Why a fetch failed, in the words of who must act on it.

use std::fmt;
use std::io;
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
}

impl std::error::Error for SetupError {}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetupError::Url => write!(
                f,
                "CONFLUENCE_URL: expected an address such as https://wiki.example.com/confluence, without user and query"
            ),
            SetupError::Account => write!(
                f,
                "CONFLUENCE_USERNAME cannot contain a colon, and neither it nor the token a control character or line break"
            ),
            SetupError::Roots { reason } => write!(
                f,
                "no trusted certificate authority found on this system ({reason}): install the package ca-certificates, or let SSL_CERT_FILE name a PEM file"
            ),
        }
    }
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
    /// The account was not accepted: ask nothing more until the guard allows it.
    Refused(Refusal),
    /// Confluence lives elsewhere: the operator must correct `CONFLUENCE_URL`.
    Moved {
        /// Where it points to: scheme, host and path.
        to: Box<str>,
    },
    /// Confluence asks for a pause: 429, or 503 with `Retry-After`. Everybody should wait.
    Busy {
        /// How long, 1 to 300 seconds.
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
    /// The answer is there but cannot be the file.
    Unusable(Fault),
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

impl std::error::Error for UpstreamError {}

impl fmt::Display for UpstreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UpstreamError::NotFound => write!(
                f,
                "Confluence has no such attachment, or the account may not see it"
            ),
            UpstreamError::Forbidden => write!(
                f,
                "Confluence forbids the account this attachment (403): look at the restrictions of its page"
            ),
            UpstreamError::Refused(refusal) => refusal.fmt(f),
            UpstreamError::Moved { to } => write!(
                f,
                "Confluence answered with a redirect to {to}: CONFLUENCE_URL should be the address it redirects to"
            ),
            UpstreamError::Busy { retry_after } => write!(
                f,
                "Confluence limits requests and asks to wait {} s: ask its administrator to exempt the account",
                retry_after.as_secs()
            ),
            UpstreamError::TimedOut { phase } => phase.fmt(f),
            UpstreamError::Unreachable(obstacle) => obstacle.fmt(f),
            UpstreamError::Failing { status } => write!(
                f,
                "Confluence failed with status {status}: look at its own log"
            ),
            UpstreamError::Unusable(fault) => fault.fmt(f),
            UpstreamError::Broken(breakage) => breakage.fmt(f),
            UpstreamError::Odd { status } => write!(
                f,
                "Confluence answered status {status}, which a download never has: check that CONFLUENCE_URL is its base URL"
            ),
            UpstreamError::Interrupted => {
                write!(f, "the fetch was ended because the service stops")
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Password => write!(
                f,
                "Confluence refused the account: check CONFLUENCE_USERNAME and CONFLUENCE_API_TOKEN"
            ),
            Refusal::Unauthorized => write!(
                f,
                "Confluence refused the account (401): check CONFLUENCE_USERNAME and CONFLUENCE_API_TOKEN, and whether Basic authentication is allowed"
            ),
            Refusal::Captcha => write!(
                f,
                "Confluence wants a CAPTCHA after failed logins: log in once in a browser as the account, then correct the token"
            ),
            Refusal::NotPermitted => write!(
                f,
                "the account may not use Confluence: give it the global permission \"can use\""
            ),
            Refusal::Unknown => write!(
                f,
                "Confluence refused the login for a reason this service does not know: log in once in a browser as the account"
            ),
            Refusal::BasicDisabled => write!(
                f,
                "Confluence has switched Basic authentication off: ask its administrator to allow it for the account"
            ),
            Refusal::LoginRedirect => write!(
                f,
                "Confluence sent us to its login page: check CONFLUENCE_USERNAME and CONFLUENCE_API_TOKEN"
            ),
            Refusal::SingleSignOn { host } => write!(
                f,
                "a login service at {host} stands before Confluence: CONFLUENCE_URL must be an address that takes Basic authentication"
            ),
            Refusal::LoginPage => write!(
                f,
                "Confluence answered a web page instead of the file (login, single sign-on or maintenance): open CONFLUENCE_URL in a browser as the account"
            ),
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Phase::Connect => write!(
                f,
                "no connection to Confluence within CONFLUENCE_CONNECT_TIMEOUT_SECONDS: check host, port and firewall"
            ),
            Phase::Head => write!(
                f,
                "Confluence did not answer within CONFLUENCE_READ_TIMEOUT_SECONDS: it is overloaded or hangs"
            ),
            Phase::Body => write!(
                f,
                "Confluence stopped sending in the middle of a file for CONFLUENCE_READ_TIMEOUT_SECONDS"
            ),
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Obstacle::Name => write!(
                f,
                "the host name in CONFLUENCE_URL is unknown: check its spelling and this system's DNS"
            ),
            Obstacle::Closed => write!(
                f,
                "nothing listens at CONFLUENCE_URL (connection refused): check its port and whether Confluence runs"
            ),
            Obstacle::NoRoute => write!(
                f,
                "the network knows no way to the host in CONFLUENCE_URL: check routes and firewall"
            ),
            Obstacle::UnknownIssuer => write!(
                f,
                "Confluence's certificate comes from an authority this system does not trust: install that authority's certificate (update-ca-certificates)"
            ),
            Obstacle::WrongName => write!(
                f,
                "Confluence's certificate is for another name: CONFLUENCE_URL must use a name from the certificate"
            ),
            Obstacle::Expired => write!(
                f,
                "Confluence's certificate is expired or not yet valid: renew it, and check this system's clock"
            ),
            Obstacle::Tls => write!(
                f,
                "TLS with Confluence failed: check that the port in CONFLUENCE_URL speaks https, TLS 1.2 or newer"
            ),
            Obstacle::Dropped => write!(
                f,
                "the connection to Confluence ended before an answer was complete: check Confluence and what stands before it"
            ),
            Obstacle::Other(kind) => write!(f, "the connection to Confluence failed: {kind}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Head => write!(
                f,
                "what answers at CONFLUENCE_URL does not speak HTTP as expected, or its head is too big"
            ),
            Fault::Coded => write!(
                f,
                "the answer is compressed although nobody asked for it: switch that off in the proxy before Confluence"
            ),
            Fault::Page => write!(
                f,
                "the attachment's content is a web page although its name says otherwise: upload it again"
            ),
        }
    }
}

impl fmt::Display for Breakage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Breakage::Short {
                received,
                announced: Some(announced),
            } => write!(
                f,
                "the file ended after {received} of {announced} bytes: the connection to Confluence was cut"
            ),
            Breakage::Short {
                received,
                announced: None,
            } => write!(
                f,
                "the file ended after {received} bytes without its last chunk: the connection to Confluence was cut"
            ),
            Breakage::NoLength => write!(
                f,
                "the answer had neither a length nor chunks, so nobody can tell whether the file is whole: check the proxy before Confluence"
            ),
            Breakage::Framing => write!(
                f,
                "the chunks of the answer are damaged: check the proxy before Confluence"
            ),
        }
    }
}

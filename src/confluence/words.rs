//! What an operator reads when something is wrong: each error in one line that ends in what to do.
//!
//! Lower case where a variable begins the line, no full stop, and nothing that Confluence has said itself: no secret, no
//! query, no text of a page.

use std::fmt;

use super::error::{
    Away, Breakage, Fault, Hop, Obstacle, Phase, Refusal, SetupError, UpstreamError,
};

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
            SetupError::Authority { path } => write!(
                f,
                "CONFLUENCE_CA_FILE={path:?}: expected a PEM file with at least one certificate of an authority"
            ),
            SetupError::Proxy => write!(
                f,
                "CONFLUENCE_HTTPS_PROXY: expected an address such as http://proxy.example.com:3128, and in CONFLUENCE_NO_PROXY host names with commas between them"
            ),
        }
    }
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
            UpstreamError::OutOfScope => write!(
                f,
                "the token has no scope for this question: thumbnails, titles and spaces need one that reads them, files do not"
            ),
            UpstreamError::Refused(refusal) => refusal.fmt(f),
            UpstreamError::Guarded { why, .. } => {
                write!(
                    f,
                    "nothing is asked, because the account was refused: {why}"
                )
            }
            UpstreamError::Moved {
                to,
                base: Some(base),
            } => write!(
                f,
                "Confluence answered with a redirect to {to}: CONFLUENCE_URL should be {base}"
            ),
            UpstreamError::Moved { to, base: None } => write!(
                f,
                "Confluence answered with a redirect to {to}: check that CONFLUENCE_URL is its base address"
            ),
            UpstreamError::Busy { retry_after } => write!(
                f,
                "Confluence limits requests and asks to wait {} s: ask its administrator to exempt the account",
                retry_after.as_secs()
            ),
            UpstreamError::Paused { retry_after } => write!(
                f,
                "nothing is asked for {} s more, because Confluence limits requests: ask its administrator to exempt the account",
                retry_after.as_secs()
            ),
            UpstreamError::TimedOut { phase } => phase.fmt(f),
            UpstreamError::Unreachable(obstacle) => obstacle.fmt(f),
            UpstreamError::Failing { status } => write!(
                f,
                "Confluence failed with status {status}: look at its own log"
            ),
            UpstreamError::Unusable(fault) => fault.fmt(f),
            UpstreamError::Media { status } => write!(
                f,
                "the host to which Confluence Cloud pointed for the bytes answered status {status}: try again, then look at Atlassian's status page"
            ),
            UpstreamError::MediaAway(away) => away.fmt(f),
            UpstreamError::Hop(hop) => hop.fmt(f),
            UpstreamError::Broken(breakage) => breakage.fmt(f),
            UpstreamError::Odd { status } => write!(
                f,
                "what answers at CONFLUENCE_URL sends status {status}, which says nothing about the file: check that it is \
                 Confluence's base URL, that CONFLUENCE_KIND is right, and what stands before Confluence"
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
                "Confluence refused the account: check its name and its password or token"
            ),
            Refusal::Unauthorized => write!(
                f,
                "Confluence refused the account (401): check its name and its password or token, and whether Confluence takes this kind of login"
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
                "Confluence has switched Basic authentication off: give the service a personal access token (CONFLUENCE_PERSONAL_TOKEN_FILE) instead of a password"
            ),
            Refusal::LoginRedirect => write!(
                f,
                "Confluence sent us to its login page: check the account's name and its password or token"
            ),
            Refusal::SingleSignOn { host } => write!(
                f,
                "a login service at {host} stands before Confluence: CONFLUENCE_URL must be an address that takes the account directly"
            ),
            Refusal::LoginPage => write!(
                f,
                "Confluence answered a web page instead of the file (login, single sign-on or maintenance): open CONFLUENCE_URL in a browser as the account"
            ),
            Refusal::Anonymous => write!(
                f,
                "Confluence took the login for nobody's: the personal access token is wrong, has expired, or is not taken here; make a new one"
            ),
            Refusal::Scope => write!(
                f,
                "the token's scopes do not cover this: give it readonly:content.attachment:confluence, or use a token without scopes and the site's own address in CONFLUENCE_URL"
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
                "Confluence's certificate comes from an authority this system does not trust: name that authority's certificate in CONFLUENCE_CA_FILE, or install it (update-ca-certificates)"
            ),
            Obstacle::WrongName => write!(
                f,
                "Confluence's certificate is for another name: CONFLUENCE_URL must use a name from the certificate"
            ),
            Obstacle::Expired => write!(
                f,
                "Confluence's certificate is expired or not yet valid: renew it, and check this system's clock"
            ),
            Obstacle::OutboundProxy => write!(
                f,
                "the outbound proxy does not connect the service with Confluence: check CONFLUENCE_HTTPS_PROXY, its account, and what it allows"
            ),
            Obstacle::Private => write!(
                f,
                "Confluence pointed to a host inside a private network for the bytes, where nothing is sent"
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
                "the answer is a web page although the file's name says otherwise: upload the file again, or look at it in a browser as the account"
            ),
            Fault::Maintenance => write!(
                f,
                "a page that says Confluence is being maintained came instead of the file: wait until it is back"
            ),
            Fault::Document => write!(
                f,
                "Confluence's REST interface did not answer as expected: check that CONFLUENCE_URL is its base address and that nothing before it blocks /rest/"
            ),
        }
    }
}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Away::Silent => "it does not answer",
            Away::Unreachable(Obstacle::Name) => "its name is unknown",
            Away::Unreachable(Obstacle::Closed) => "connection refused",
            Away::Unreachable(Obstacle::NoRoute) => "the network knows no way",
            Away::Unreachable(Obstacle::Private) => "its name leads into a private network",
            Away::Unreachable(Obstacle::OutboundProxy) => "the outbound proxy does not connect us",
            Away::Unreachable(
                Obstacle::UnknownIssuer | Obstacle::WrongName | Obstacle::Expired | Obstacle::Tls,
            ) => "TLS with it failed",
            Away::Unreachable(Obstacle::Dropped) => "it ended the connection",
            Away::Unreachable(Obstacle::Other(_)) => "the connection failed",
        };
        write!(
            f,
            "the host to which Confluence Cloud pointed for the bytes cannot be reached ({why}): let this service reach Atlassian's media hosts, through firewall and outbound proxy"
        )
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Hop::Address => "Confluence pointed to something for the bytes that is no address: ask its administrator",
            Hop::Plain => "Confluence pointed to an http:// address for the bytes, where nothing is sent: ask its administrator",
            Hop::Private => "Confluence pointed to an address inside a private network for the bytes, where nothing is sent: ask its administrator",
            Hop::TooMany => "Confluence pointed from one address to the next for the bytes, and the fourth is not asked: ask its administrator",
        })
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

//! The settings as the rooms use them: parsed, in range, with units in their types.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::networks::Networks;
use crate::attachment::PageId;

/// Everything the service was told, valid as a whole.
#[derive(Clone, Debug)]
pub struct Config {
    /// The other side: `CONFLUENCE_*`.
    pub confluence: ConfluenceConfig,
    /// Our own side: `PROXY_*`.
    pub proxy: ProxyConfig,
    /// What is kept: `CACHE_*`.
    pub cache: CacheConfig,
}

/// Where the attachments come from and as whom they are fetched.
#[derive(Clone, Debug)]
pub struct ConfluenceConfig {
    /// `http://` or `https://`, host, port and context path, without a trailing slash, query or user.
    pub url: String,
    /// Whose rules it follows.
    pub kind: Kind,
    /// The one account.
    pub credentials: Credentials,
    /// A private authority that may vouch for it, beside the system's.
    pub ca: Option<CaFile>,
    /// What stands in between.
    pub proxy: Option<OutboundProxy>,
    /// Longest time for one connection attempt.
    pub connect_timeout: Duration,
    /// Longest silence, before the head and between two pieces of the body.
    pub read_timeout: Duration,
    /// Connections at once, and so the size of the fetch crew.
    pub connections_max: usize,
    /// Files whose content went into this, to be watched for a change.
    pub files: Vec<PathBuf>,
}

/// The two products called Confluence, which differ in where files are and in which accounts they take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Server and Data Center, run by their owner.
    Server,
    /// Atlassian Cloud.
    Cloud,
}

/// How the account proves itself. `Debug` shows the name and never the secret; a reload compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// `Authorization: Basic`.
    Basic {
        /// Account name; e-mail address on Cloud.
        username: String,
        /// Password or API token.
        token: Secret,
    },
    /// `Authorization: Bearer`; Data Center knows the account by the token.
    Bearer {
        /// Personal access token.
        token: Secret,
    },
}

impl Credentials {
    /// The account as the log shows it.
    pub fn account(&self) -> &str {
        match self {
            Credentials::Basic { username, .. } => username,
            Credentials::Bearer { .. } => "personal token",
        }
    }
}

/// The certificates of a private authority, not parsed yet. `Debug` shows where they are and not what they are.
#[derive(Clone, PartialEq, Eq)]
pub struct CaFile {
    /// Where they were read.
    pub path: PathBuf,
    /// PEM text with at least one certificate in it.
    pub pem: String,
}

impl fmt::Debug for CaFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The proxy through which Confluence is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundProxy {
    /// `scheme://[user[:password]@]host:port`, percent-encoded; the scheme is `http` or `https`.
    pub url: Secret,
    /// The same without user name and password, to be shown.
    pub shown: String,
    /// Host names, suffixes that begin with a dot, IP addresses without brackets, or `*`, which are reached without it;
    /// in lower case, separated by commas, may be empty.
    pub bypass: String,
}

/// The certificate that clients are shown and its key, not parsed yet. `Debug` shows where they are and not what they are.
#[derive(Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// Where the certificate was read.
    pub certificate: PathBuf,
    /// PEM text.
    pub certificate_pem: String,
    /// Where the key was read.
    pub key: PathBuf,
    /// PEM text.
    pub key_pem: Secret,
}

impl fmt::Debug for TlsFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsFiles")
            .field("certificate", &self.certificate)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// How clients reach the service.
#[derive(Clone, Debug)]
pub struct ProxyConfig {
    /// What this instance is called among several: letters, digits, `.`, `-` and `_`.
    pub node_name: Option<String>,
    /// Listen address.
    pub host: IpAddr,
    /// Listen port; 0 takes any free one.
    pub port: u16,
    /// What they are shown over HTTPS; `None`: they speak plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Where the API lives: empty for the root, else `/` and segments without a trailing slash.
    pub base_path: String,
    /// Client connections at once.
    pub connections_max: usize,
    /// How long all goes on once a stop is announced.
    pub shutdown_delay: Duration,
    /// How long a stop waits for running answers.
    pub drain: Duration,
    /// What may be published; `None` is all that the account can read.
    pub allow: Option<Allow>,
    /// The address under which people see the base path, without a trailing slash; `None`: the one they came by.
    pub public_url: Option<String>,
    /// Who may do what operators do, beside this host.
    pub operators: Networks,
    /// What stands in front, and whose word counts for whom it forwards.
    pub trusted_proxies: Networks,
    /// Whether those begin each connection with a header of the PROXY protocol.
    pub proxy_protocol: bool,
    /// Whom people ask when something does not work: one line.
    pub contact: Option<String>,
    /// Where each request is noted in a form that other programs read; `None`: nowhere.
    pub access_log: Option<AccessLog>,
}

/// Where Confluence and this service are for people, which is all that links need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Confluence's base address.
    pub confluence: String,
    /// The address of the base path.
    pub proxy: String,
}

/// A log of requests for other programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLog {
    /// Where it goes.
    pub to: AccessLogTarget,
    /// What its lines look like.
    pub format: AccessLogFormat,
}

/// Where an access log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessLogTarget {
    /// Standard output.
    Stdout,
    /// A file, by its absolute path.
    File(PathBuf),
}

impl fmt::Display for AccessLogTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AccessLogTarget::Stdout => f.write_str("-"),
            AccessLogTarget::File(path) => write!(f, "{path:?}"),
        }
    }
}

/// What the lines of an access log look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessLogFormat {
    /// The Combined Log Format of Apache and nginx.
    Combined,
    /// A JSON object per line.
    Json,
}

/// What may be published: the files of these spaces and those of these pages, nothing else. One list may be empty, never
/// both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// Space keys as the operator wrote them, `~user` for a personal space.
    pub spaces: Vec<String>,
    /// Page ids.
    pub pages: Vec<PageId>,
}

/// What is kept and for how long.
#[derive(Clone, Debug)]
pub struct CacheConfig {
    /// Entries at most.
    pub items_max: usize,
    /// How long a copy is fresh.
    pub ttl: Duration,
    /// Bytes of attachments in memory at most.
    pub bytes_max: u64,
    /// Largest file that is kept; at most a quarter of `bytes_max`.
    pub item_bytes_max: u64,
    /// How long after its end a copy may still be served while Confluence fails.
    pub stale: Duration,
    /// How long a missing file is remembered as missing.
    pub negative_ttl: Duration,
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The secret itself, for the one place that writes it into a request.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

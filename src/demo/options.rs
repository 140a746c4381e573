//! What a sample Confluence starts with.

use std::net::{IpAddr, Ipv4Addr};

/// The name of the one account, unless said otherwise.
const DEFAULT_USERNAME: &str = "demo";

/// Its token: made up, and good for nothing but this fake.
const DEFAULT_TOKEN: &str = "NTk2MzYwOTQ3MTI4OsQ3vV8tXo1eYk5pBz2H";

/// Which product it plays. They share a name and little else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Server, also called Data Center: files below `/download/`, a lock after three failed logins.
    #[default]
    Server,
    /// Cloud: files through REST and a media host on a port of its own, no lock. Its context path should be `/wiki`.
    Cloud,
}

/// What a sample Confluence starts with.
#[derive(Clone)]
pub struct Options {
    /// Which product it plays.
    pub kind: Kind,
    /// The name of the one account; Cloud takes it for its e-mail address.
    pub username: String,
    /// Its password; it is taken as a personal access token as well.
    pub token: String,
    /// Empty, or such as `/confluence`.
    pub context_path: String,
    /// The address of this host on which it listens: the loopback one, unless it is to be reached over a network.
    pub host: IpAddr,
    /// The port; 0: any free one.
    pub port: u16,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            kind: Kind::default(),
            username: DEFAULT_USERNAME.to_owned(),
            token: DEFAULT_TOKEN.to_owned(),
            context_path: String::new(),
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
        }
    }
}

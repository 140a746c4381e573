//! The network: a bridge with hosts on it, each a network namespace of its own, where the kernel allows; else loopback
//! addresses, from which nobody can be cut off.

use std::ffi::OsStr;
use std::net::Ipv4Addr;
use std::process::Command;

use crate::confluence;

/// How the examples' addresses begin, and what stands for that where there are no namespaces.
const EXAMPLES: &str = "192.0.2.";
const LOOPBACK: &str = "127.0.2.";

/// All hosts of a test, by the names that `tests/cluster/run` has given them.
#[derive(Clone)]
pub struct Lan {
    /// How the names of the namespaces begin.
    prefix: Option<String>,
}

impl Lan {
    /// One whose namespaces have names that begin so.
    pub fn new(prefix: Option<String>) -> Lan {
        Lan { prefix }
    }

    /// Whether every host is one of its own.
    pub fn has_hosts(&self) -> bool {
        self.prefix.is_some()
    }

    /// The host with this last number.
    pub fn address(&self, last: u8) -> Ipv4Addr {
        let text = format!("{}{last}", self.beginning());
        text.parse().expect("three numbers and a fourth")
    }

    /// The address of all clients: they are where the bridge is.
    pub fn client(&self) -> Ipv4Addr {
        match self.prefix {
            Some(_) => self.address(confluence::HOST),
            None => Ipv4Addr::LOCALHOST,
        }
    }

    /// An example's text with the addresses of this network.
    pub fn adapted(&self, text: &str) -> String {
        text.replace(EXAMPLES, self.beginning())
    }

    /// A program on a host.
    pub fn command(&self, host: &str, program: impl AsRef<OsStr>) -> Command {
        let Some(prefix) = &self.prefix else {
            return Command::new(program);
        };
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &format!("{prefix}{host}")]);
        command.arg(program);
        command
    }

    /// Takes a host off the bridge: its packets vanish, and nobody closes anything.
    pub fn cut_off(&self, host: &str) {
        link(&["set", host, "nomaster"]);
    }

    /// Puts it back.
    pub fn attach(&self, host: &str) {
        link(&["set", host, "master", "bridge"]);
    }

    fn beginning(&self) -> &'static str {
        match self.prefix {
            Some(_) => EXAMPLES,
            None => LOOPBACK,
        }
    }
}

/// The tests themselves run where the bridge is.
fn link(words: &[&str]) {
    let done = Command::new("ip").arg("link").args(words).status();
    assert!(done.expect("ip is there").success(), "ip link {words:?}");
}

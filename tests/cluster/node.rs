//! One of the nodes: the program as an operator starts it, on a host of its own.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;

use crate::confluence::Confluence;
use crate::lan::Lan;
use crate::support::Client;
use crate::support::binary::{self, Binary, Ended, Settings};
use crate::until;

/// How many there are.
pub const NODES: usize = 3;

/// The host of the first, by its last number.
const FIRST_HOST: u8 = 11;

/// Files that one node keeps: a third of all, and some more because no two shares are the same.
pub const CACHE_MAX_ITEMS: usize = 1150;

/// Where a node listens.
const PORT: u16 = 8080;

/// A node, running or not.
pub struct Node {
    pub name: String,
    lan: Lan,
    host: Ipv4Addr,
    settings: Settings,
    binary: Option<Binary>,
}

impl Node {
    /// Starts the one with this number, counted from 1, with the settings that the example wants.
    pub fn start(number: usize, lan: &Lan, confluence: &Confluence) -> Node {
        let name = format!("node{number}");
        let last = FIRST_HOST - 1 + u8::try_from(number).expect("some few");
        let host = lan.address(last);
        let mut settings = binary::settings(&confluence.sample);
        let fronts = match lan.has_hosts() {
            true => "192.0.2.1,192.0.2.2",
            false => "127.0.0.1", // as whom everybody comes who has not chosen an address
        };
        for (name, value) in [
            ("PATH", std::env::var("PATH").expect("the shell has one")),
            ("PROXY_HOST", host.to_string()),
            ("PROXY_PORT", PORT.to_string()),
            ("PROXY_TRUSTED_PROXIES", fronts.to_owned()),
            ("PROXY_NODE_NAME", name.clone()),
            ("PROXY_SHUTDOWN_DELAY_SECONDS", "5".to_owned()),
            ("CACHE_MAX_ITEMS", CACHE_MAX_ITEMS.to_string()),
        ] {
            settings.insert(name.to_owned(), value);
        }
        let mut node = Node {
            name,
            lan: lan.clone(),
            host,
            settings,
            binary: None,
        };
        node.start_again();
        node
    }

    /// Starts it and waits until it takes clients.
    pub fn start_again(&mut self) {
        let command = self.lan.command(&self.name, binary::path());
        let mut binary = Binary::spawn(command, &self.settings, false);
        assert_eq!(binary.address(), (self.host, PORT).into());
        self.binary = Some(binary);
    }

    /// Starts it anew with other settings.
    pub fn start_with(&mut self, settings: &[(&str, &str)]) {
        for (name, value) in settings {
            self.settings.insert(name.to_string(), value.to_string());
        }
        self.kill();
        self.start_again();
    }

    /// Ends it by a SIGKILL.
    pub fn kill(&mut self) {
        self.binary = None;
    }

    /// Has it stop as a service manager does.
    pub fn terminate(&self) {
        self.running().signal("TERM");
    }

    /// Blocks until it has ended by itself; what it said.
    pub fn ended(&mut self) -> Ended {
        self.binary.take().expect("it runs").ended()
    }

    /// Stops it in the middle of everything: the kernel takes what comes for it, and it answers nobody.
    pub fn freeze(&self) {
        self.running().signal("STOP");
    }

    /// Whether so many bytes have come for it on one connection that it has not read.
    pub fn has_unread(&self, bytes: usize) -> bool {
        let table = format!("/proc/{}/net/tcp", self.running().id());
        let table = fs::read_to_string(table).expect("it runs");
        let host = u32::from_le_bytes(self.host.octets()); // as the kernel prints it
        let local = format!("{host:08X}:{PORT:04X}");
        let mut lines = table.lines().skip(1).map(|line| line.split_whitespace());
        lines.any(|mut words| {
            let is_here = words.nth(1) == Some(&local);
            let queues = words.nth(2).and_then(|queues| queues.split_once(':'));
            let unread = queues.and_then(|(_, unread)| usize::from_str_radix(unread, 16).ok());
            is_here && unread.is_some_and(|unread| bytes <= unread)
        })
    }

    fn running(&self) -> &Binary {
        self.binary.as_ref().expect("it runs")
    }

    /// A number of `/metrics`, asked of the node itself.
    pub fn metric(&self, name: &str) -> u64 {
        let metrics = Client::connect((self.host, PORT).into()).get("/metrics");
        let text = metrics.text();
        let mut values = text.lines().filter_map(|line| line.strip_prefix(name));
        let value = values.find_map(|value| value.strip_prefix(' ')?.parse().ok());
        value.unwrap_or_else(|| panic!("no {name} in {text}"))
    }
}

/// Requests for what is not kept that each node has had.
pub fn taken(nodes: &[Node]) -> BTreeMap<String, u64> {
    let count = |node: &Node| node.metric("confluence_attachment_proxy_cache_claims_total");
    nodes
        .iter()
        .map(|node| (node.name.clone(), count(node)))
        .collect()
}

/// Blocks until so many more have come; at whom.
pub fn arrived(
    nodes: &[Node],
    before: &BTreeMap<String, u64>,
    count: u64,
) -> BTreeMap<String, u64> {
    let mut more = BTreeMap::new();
    until("all requests are at the nodes", || {
        more = taken(nodes);
        more.iter_mut()
            .for_each(|(name, taken)| *taken -= before[name]);
        more.retain(|_, taken| 0 < *taken);
        more.values().sum::<u64>() == count
    });
    more
}

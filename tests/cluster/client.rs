//! Clients of a front, over TLS, who count what comes.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls::version::TLS13;

use crate::support::{self, tls};

/// One client. It keeps its connection as long as it is kept.
pub struct Client {
    trust: Arc<ClientConfig>,
    address: SocketAddr,
    connection: Option<support::Client>,
}

/// A request whose answer has not been read.
pub struct Asked {
    connection: support::Client,
    head: Option<String>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// All bytes, and the right ones.
    Whole,
    /// All that were announced, but others.
    Wrong,
    /// Another status than 200.
    Status(u16),
    /// The connection ended behind the head.
    Cut,
    /// The connection ended before an answer.
    NoAnswer,
    /// No connection.
    Refused,
}

/// What one or more clients have seen.
#[derive(Default, Debug)]
pub struct Tally {
    pub endings: BTreeMap<Ending, usize>,
    /// Which nodes have answered, as they name themselves, by the number of the file.
    pub nodes: BTreeMap<usize, BTreeMap<String, usize>>,
    /// The longest that anybody has waited for the end of an answer.
    pub longest: Duration,
}

impl Client {
    pub fn new(address: SocketAddr) -> Client {
        Client {
            trust: tls::trusting(&[&TLS13], &["http/1.1"]),
            address,
            connection: None,
        }
    }

    /// GET, and what comes of it; the answer, if there is one.
    pub fn get(&mut self, target: &str, bytes: &[u8]) -> (Ending, Option<support::Response>) {
        let Some(mut asked) = self.ask(&format!("GET {target}"), "", b"") else {
            return (Ending::Refused, None);
        };
        let (ending, response) = asked.answer(bytes);
        let is_kept = |response: &support::Response| {
            response.complete && response.field("Connection") != Some("close")
        };
        if response.as_ref().is_some_and(is_kept) {
            self.connection = Some(asked.connection);
        }
        (ending, response)
    }

    /// Sends a request and goes on without its answer; `None` if nobody takes it.
    pub fn ask(&mut self, method_and_target: &str, fields: &str, body: &[u8]) -> Option<Asked> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let head =
            format!("{method_and_target} HTTP/1.1\r\nHost: files.example.com\r\n{fields}\r\n");
        connection
            .try_send([head.as_bytes(), body].concat())
            .then_some(Asked {
                connection,
                head: None,
            })
    }

    fn connect(&self) -> Option<support::Client> {
        let socket = TcpStream::connect(self.address).ok()?;
        Some(support::Client::over(socket).over_tls(tls::session(&self.trust)))
    }
}

impl Asked {
    /// Blocks until the head of the answer is here; `false` if none comes.
    pub fn has_begun(&mut self) -> bool {
        if self.head.is_none() {
            self.head = self.connection.head_or_end();
        }
        self.head.is_some()
    }

    /// What comes of it, and the answer, if there is one.
    pub fn answer(&mut self, bytes: &[u8]) -> (Ending, Option<support::Response>) {
        if !self.has_begun() {
            return (Ending::NoAnswer, None);
        }
        let head = self.head.take().expect("it has begun");
        let response = self.connection.body(head, false);
        let ending = match response.status {
            _ if !response.complete => Ending::Cut,
            200 if response.body == bytes => Ending::Whole,
            200 => Ending::Wrong,
            status => Ending::Status(status),
        };
        (ending, Some(response))
    }
}

impl Tally {
    /// Has a client ask for a file, and counts.
    pub fn ask(&mut self, client: &mut Client, number: usize, target: &str, bytes: &[u8]) {
        let asked = Instant::now();
        let (ending, response) = client.get(target, bytes);
        self.longest = self.longest.max(asked.elapsed());
        *self.endings.entry(ending).or_default() += 1;
        if let (Ending::Whole, Some(response)) = (ending, response) {
            let nodes = self.nodes.entry(number).or_default();
            *nodes.entry(node(&response)).or_default() += 1;
        }
    }

    /// Adds what others have seen.
    pub fn add(&mut self, other: Tally) {
        self.longest = self.longest.max(other.longest);
        for (ending, count) in other.endings {
            *self.endings.entry(ending).or_default() += count;
        }
        for (number, others) in other.nodes {
            let nodes = self.nodes.entry(number).or_default();
            for (name, count) in others {
                *nodes.entry(name).or_default() += count;
            }
        }
    }

    /// Requests that ended so.
    pub fn count(&self, ending: Ending) -> usize {
        self.endings.get(&ending).copied().unwrap_or(0)
    }

    /// Asserts that nothing went wrong.
    #[track_caller]
    pub fn all_are_whole(&self) {
        assert_eq!(
            self.count(Ending::Whole),
            self.requests(),
            "{:?}",
            self.endings
        );
    }

    /// All requests.
    pub fn requests(&self) -> usize {
        self.endings.values().sum()
    }
}

/// Who has answered, by `Cache-Status: confluence-attachment-proxy/NAME; ...`.
pub fn node(response: &support::Response) -> String {
    named(response.field("Cache-Status").expect("on every file"))
}

/// The same of the field's text.
pub fn named(field: &str) -> String {
    let cache = field.split(';').next().expect("split yields one");
    let name = cache.strip_prefix("confluence-attachment-proxy/");
    name.unwrap_or("").to_owned()
}

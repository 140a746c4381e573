//! The load: many clients of one server, driven by one loop.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use super::client::Client;
use super::histogram::Histogram;
use super::origin::Wanted;
use super::peers::Line;

/// Size of the buffer that all connections read into.
const SCRATCH_BYTES: usize = 256 * 1024;

/// Longest silence of a server with requests to answer. Only a broken one needs this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// How clients behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// How many there are.
    pub clients: usize,
    /// Whether each keeps its connection, or opens a new one for every request.
    pub habit: Habit,
    /// What they speak.
    pub line: Line,
}

/// What a client does with a connection that has served it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// It asks again on it.
    Keeps,
    /// It said `Connection: close`, waits until the server has closed, and opens a new one.
    Leaves,
}

/// When to send no more requests. Those that were sent are waited for.
#[derive(Clone, Copy)]
pub enum Until {
    /// When this long has passed.
    Time(Duration),
    /// When this many are sent.
    Sent(u64),
}

/// What came of it.
pub struct Tally {
    /// Complete and correct answers.
    pub answers: u64,
    /// From the first request to the last byte of the last answer.
    pub took: Duration,
    /// From a request, or the connection opened for it, to the last byte of its answer.
    pub latencies: Histogram,
}

/// Some clients of one server.
pub struct Load {
    poll: Poll,
    events: Events,
    clients: Vec<Client>,
    scratch: Vec<u8>,
}

impl Load {
    /// Opens `count` connections that are kept.
    pub fn connect(address: SocketAddr, count: usize) -> io::Result<Load> {
        let manner = Manner {
            clients: count,
            habit: Habit::Keeps,
            line: Line::Plain,
        };
        Load::open(address, manner)
    }

    /// Clients of this manner. Connections that are kept are opened now.
    pub fn open(address: SocketAddr, manner: Manner) -> io::Result<Load> {
        let poll = Poll::new()?;
        let mut clients = Vec::new();
        for number in 0..manner.clients {
            let mut client = Client::new(Token(number), address, manner)?;
            if manner.habit == Habit::Keeps {
                client.open(poll.registry())?;
            }
            clients.push(client);
        }
        Ok(Load {
            poll,
            events: Events::with_capacity(1024),
            clients,
            scratch: vec![0; SCRATCH_BYTES],
        })
    }

    /// All clients ask for one file, again as soon as they can, until it is time; then all answers are waited for.
    pub fn run(&mut self, wanted: &Wanted, until: Until) -> io::Result<Tally> {
        let started = Instant::now();
        let mut latencies = Histogram::new();
        let (mut sent, mut answers, mut under_way) = (0, 0, 0);
        let goes_on = |sent: u64| match until {
            Until::Time(time) => started.elapsed() < time,
            Until::Sent(count) => sent < count,
        };
        for client in &mut self.clients {
            if goes_on(sent) {
                client.ask(self.poll.registry(), wanted)?;
                sent += 1;
                under_way += 1;
            }
        }
        while 0 < under_way {
            self.poll.poll(&mut self.events, Some(PATIENCE))?;
            if self.events.is_empty() {
                return Err(io::Error::other("a server has stopped answering"));
            }
            for event in &self.events {
                let client = &mut self.clients[event.token().0];
                let progress = client.hear(wanted, &mut self.scratch)?;
                if let Some(latency) = progress.answered {
                    latencies.note(latency);
                    answers += 1;
                }
                if progress.is_free {
                    under_way -= 1;
                    if goes_on(sent) {
                        client.ask(self.poll.registry(), wanted)?;
                        sent += 1;
                        under_way += 1;
                    }
                }
            }
        }
        Ok(Tally {
            answers,
            took: started.elapsed(),
            latencies,
        })
    }
}

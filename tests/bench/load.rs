//! The load: many keep-alive connections to one server, driven by one loop.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use super::connection::Connection;
use super::origin::Wanted;

/// Size of the buffer that all connections read into.
const SCRATCH_BYTES: usize = 256 * 1024;

/// Longest silence of a server with requests to answer. Only a broken one needs this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// When to send no more requests. Those that were sent are waited for.
#[derive(Clone, Copy)]
pub enum Until {
    /// When this long has passed.
    Time(Duration),
    /// When this many are sent.
    Sent(u64),
}

/// What came of it.
#[derive(Clone, Copy, Default)]
pub struct Tally {
    /// Complete and correct answers.
    pub answers: u64,
    /// From the first request to the last byte of the last answer.
    pub took: Duration,
}

/// Some connections to one server.
pub struct Load {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    scratch: Vec<u8>,
}

impl Load {
    /// Opens `count` connections.
    pub fn connect(address: SocketAddr, count: usize) -> io::Result<Load> {
        let poll = Poll::new()?;
        let mut connections = Vec::new();
        for number in 0..count {
            let mut connection = Connection::open(address)?;
            let (token, interest) = (Token(number), Interest::READABLE);
            poll.registry()
                .register(&mut connection.socket, token, interest)?;
            connections.push(connection);
        }
        Ok(Load {
            poll,
            events: Events::with_capacity(1024),
            connections,
            scratch: vec![0; SCRATCH_BYTES],
        })
    }

    /// Asks for one file on all connections, again as soon as an answer is complete, and returns when none is owed.
    pub fn run(&mut self, wanted: &Wanted, until: Until) -> io::Result<Tally> {
        let started = Instant::now();
        let (mut sent, mut answers) = (0, 0);
        let goes_on = |sent: u64| match until {
            Until::Time(time) => started.elapsed() < time,
            Until::Sent(count) => sent < count,
        };
        for connection in &mut self.connections {
            if goes_on(sent) {
                connection.ask(wanted)?;
                sent += 1;
            }
        }
        while answers < sent {
            self.poll.poll(&mut self.events, Some(PATIENCE))?;
            if self.events.is_empty() {
                return Err(io::Error::other("a server has stopped answering"));
            }
            for event in &self.events {
                let connection = &mut self.connections[event.token().0];
                if connection.hear(wanted, &mut self.scratch)? {
                    answers += 1;
                    if goes_on(sent) {
                        connection.ask(wanted)?;
                        sent += 1;
                    }
                }
            }
        }
        let took = started.elapsed();
        Ok(Tally { answers, took })
    }
}

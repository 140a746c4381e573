//! Users: each has a connection and requests of its own, and it is written down when which byte reached whom.
//!
//! One loop plays them all. Whoever has no byte yet is read first, and nobody is read more than a piece at a time:
//! else the moment at which a byte is noticed would be that of the loop, not that of the server.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::answer::Answers;
use super::origin::Wanted;

/// Most bytes read from one user before the next one's turn.
const PIECE_BYTES: usize = 64 * 1024;

/// Longest time in which nobody gets a byte and nobody asks for one. Only a broken server needs this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// One request of a user.
#[derive(Clone)]
pub struct Step {
    /// How long the user does nothing before: since the start, or since the answer before was complete.
    pub pause: Duration,
    /// What is asked for then.
    pub wanted: Wanted,
}

/// A complete and correct answer. Times are since the start of all.
pub struct Answer {
    /// Whose: the number of the user, and of the step.
    pub of: (usize, usize),
    /// When it was asked for.
    pub asked: Duration,
    /// How many bytes of the body had come, and when. The last one has all of them.
    pieces: Vec<(Duration, usize)>,
}

impl Answer {
    /// When the first byte of the body was there.
    pub fn first(&self) -> Duration {
        self.pieces.first().expect("no file is empty").0
    }

    /// When the last one was there.
    pub fn last(&self) -> Duration {
        self.pieces.last().expect("no file is empty").0
    }

    /// How many bytes of the body were there at this moment.
    pub fn bytes_at(&self, moment: Duration) -> usize {
        let come = self.pieces.iter().take_while(|(at, _)| *at <= moment);
        come.last().map_or(0, |(_, bytes)| *bytes)
    }
}

/// Lets all users go through their steps, and returns all answers when the last one is complete.
pub fn play(address: SocketAddr, users: Vec<Vec<Step>>) -> io::Result<Vec<Answer>> {
    let mut stage = Stage::new(address, users)?;
    while stage.busy() {
        stage.ask()?;
        stage.listen()?;
        stage.read()?;
    }
    Ok(stage.answers)
}

struct User {
    socket: TcpStream,
    answers: Answers,
    steps: Vec<Step>,
    /// The answer that is awaited, or the next one.
    step: usize,
    asked: Duration,
    pieces: Vec<(Duration, usize)>,
    /// Whether there may be something to read.
    ready: bool,
}

struct Stage {
    poll: Poll,
    events: Events,
    users: Vec<User>,
    /// Who asks next, and when.
    pauses: BinaryHeap<Reverse<(Duration, usize)>>,
    /// How many wait for an answer.
    waiting: usize,
    /// Who may have something to read and has had nothing yet.
    fresh: VecDeque<usize>,
    /// Who may have more to read.
    others: VecDeque<usize>,
    answers: Vec<Answer>,
    scratch: Vec<u8>,
    started: Instant,
}

impl Stage {
    fn new(address: SocketAddr, scripts: Vec<Vec<Step>>) -> io::Result<Stage> {
        let poll = Poll::new()?;
        let (mut users, mut pauses) = (Vec::new(), BinaryHeap::new());
        for (number, steps) in scripts.into_iter().enumerate() {
            let socket = std::net::TcpStream::connect(address)?;
            socket.set_nodelay(true)?;
            socket.set_nonblocking(true)?;
            let mut socket = TcpStream::from_std(socket);
            let (token, interest) = (Token(number), Interest::READABLE);
            poll.registry().register(&mut socket, token, interest)?;
            pauses.extend(steps.first().map(|step| Reverse((step.pause, number))));
            users.push(User {
                socket,
                answers: Answers::default(),
                steps,
                step: 0,
                asked: Duration::ZERO,
                pieces: Vec::new(),
                ready: false,
            });
        }
        Ok(Stage {
            poll,
            events: Events::with_capacity(1024),
            users,
            pauses,
            waiting: 0,
            fresh: VecDeque::new(),
            others: VecDeque::new(),
            answers: Vec::new(),
            scratch: vec![0; PIECE_BYTES],
            started: Instant::now(),
        })
    }

    fn busy(&self) -> bool {
        0 < self.waiting || !self.pauses.is_empty()
    }

    /// Sends the requests whose time has come.
    fn ask(&mut self) -> io::Result<()> {
        while let Some(&Reverse((due, number))) = self.pauses.peek() {
            let now = self.started.elapsed();
            if now < due {
                break;
            }
            self.pauses.pop();
            let user = &mut self.users[number];
            user.asked = now;
            user.answers.expect();
            user.socket
                .write_all(&user.steps[user.step].wanted.request)?; // the kernel takes all of it: nothing is on its way
            self.waiting += 1;
        }
        Ok(())
    }

    /// Looks who may have something to read; waits if nobody is known to.
    fn listen(&mut self) -> io::Result<()> {
        let idle = self.fresh.is_empty() && self.others.is_empty();
        let due = self.pauses.peek().map(|Reverse((due, _))| *due);
        let pause = due.map(|due| due.saturating_sub(self.started.elapsed()));
        let wait = if idle {
            pause.unwrap_or(PATIENCE)
        } else {
            Duration::ZERO
        };
        self.poll.poll(&mut self.events, Some(wait))?;
        if idle && due.is_none() && self.events.is_empty() {
            return Err(io::Error::other("a server has stopped answering"));
        }
        for event in &self.events {
            let number = event.token().0;
            let user = &mut self.users[number];
            if !user.ready {
                user.ready = true;
                match user.pieces.is_empty() {
                    true => self.fresh.push_back(number),
                    false => self.others.push_back(number),
                }
            }
        }
        Ok(())
    }

    /// Reads a piece of one answer.
    fn read(&mut self) -> io::Result<()> {
        let Some(number) = self.fresh.pop_front().or_else(|| self.others.pop_front()) else {
            return Ok(());
        };
        let user = &mut self.users[number];
        let body = &user.steps[user.step].wanted.body;
        let count = match user.socket.read(&mut self.scratch) {
            Ok(0) => return Err(io::Error::other("a server has closed a connection")),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                user.ready = false;
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let whole = user.answers.take(&self.scratch[..count], body)?;
        let now = self.started.elapsed();
        let received = match whole {
            true => body.len(),
            false => user.answers.received(),
        };
        if 0 < received {
            user.pieces.push((now, received));
        }
        if whole {
            user.ready = false;
            self.waiting -= 1;
            self.answers.push(Answer {
                of: (number, user.step),
                asked: user.asked,
                pieces: std::mem::take(&mut user.pieces),
            });
            user.step += 1;
            let next = user.steps.get(user.step);
            let next = next.map(|step| Reverse((now + step.pause, number)));
            self.pauses.extend(next);
        } else if count < self.scratch.len() {
            user.ready = false; // the socket is empty
        } else {
            self.others.push_back(number);
        }
        Ok(())
    }
}

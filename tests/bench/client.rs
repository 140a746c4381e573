//! One client: its habit, its tickets, and its connection while it has one.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::{Interest, Registry, Token};

use super::answer::wrong;
use super::connection::{Connection, Heard};
use super::load::{Habit, Manner};
use super::origin::Wanted;
use super::session::Security;

/// One client of one server.
pub struct Client {
    token: Token,
    address: SocketAddr,
    habit: Habit,
    security: Option<Security>,
    connection: Option<Connection>,
    asked: Instant,
    is_owed: bool,
}

/// What has happened since a client was last looked at.
#[derive(Default)]
pub struct Progress {
    /// An answer is complete; so long did it take.
    pub answered: Option<Duration>,
    /// The client can ask again.
    pub is_free: bool,
}

impl Client {
    /// A client that is told of its events under `token`.
    pub fn new(token: Token, address: SocketAddr, manner: Manner) -> io::Result<Client> {
        Ok(Client {
            token,
            address,
            habit: manner.habit,
            security: Security::of(manner.line)?,
            connection: None,
            asked: Instant::now(),
            is_owed: false,
        })
    }

    /// Opens a connection.
    pub fn open(&mut self, registry: &Registry) -> io::Result<()> {
        let session = self.security.as_ref().map(Security::session).transpose()?;
        let mut connection = Connection::open(self.address, session, self.habit == Habit::Leaves)?;
        registry.register(&mut connection.socket, self.token, Interest::READABLE)?;
        self.connection = Some(connection);
        Ok(())
    }

    /// Asks for a file, on a new connection if the old one is gone.
    pub fn ask(&mut self, registry: &Registry, wanted: &Wanted) -> io::Result<()> {
        self.asked = Instant::now();
        self.is_owed = true;
        if self.connection.is_none() {
            self.open(registry)?;
        }
        let request = match self.habit {
            Habit::Keeps => &wanted.request,
            Habit::Leaves => &wanted.request_to_close,
        };
        self.connection.as_mut().expect("it is open").ask(request)
    }

    /// Reads what is there.
    pub fn hear(&mut self, wanted: &Wanted, scratch: &mut [u8]) -> io::Result<Progress> {
        let mut progress = Progress::default();
        while let Some(connection) = &mut self.connection {
            match connection.hear(&wanted.body, scratch)? {
                Heard::Part | Heard::Drained => break,
                Heard::Whole => {
                    progress.answered = Some(self.asked.elapsed());
                    self.is_owed = false;
                    if self.habit == Habit::Keeps {
                        progress.is_free = true;
                        break;
                    }
                }
                Heard::End if self.habit == Habit::Leaves && !self.is_owed => {
                    self.connection = None;
                    progress.is_free = true;
                }
                Heard::End => return Err(wrong("the server closed a connection")),
            }
        }
        Ok(progress)
    }
}

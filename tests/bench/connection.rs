//! One connection of a client, with TLS or without.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;

use super::answer::{Answers, wrong};
use super::session::Session;

/// One connection.
pub struct Connection {
    /// For the poll.
    pub socket: TcpStream,
    session: Option<Session>,
    answers: Answers,
    /// Whether the server's end of it is awaited: then reading stops only where there is nothing, because an end that
    /// came together with bytes is no event of its own.
    awaits_end: bool,
}

/// Where one read leaves a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// There may be more to read.
    Part,
    /// There is no more to read now.
    Drained,
    /// The answer is complete.
    Whole,
    /// The server has closed.
    End,
}

impl Connection {
    /// Connects and waits until it is connected. On one machine it is as soon as the server's queue has room.
    pub fn open(
        address: SocketAddr,
        session: Option<Session>,
        awaits_end: bool,
    ) -> io::Result<Connection> {
        let socket = std::net::TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        Ok(Connection {
            socket: TcpStream::from_std(socket),
            session,
            answers: Answers::default(),
            awaits_end,
        })
    }

    /// Sends a request, or begins the handshake behind which it is sent. The connection is idle, so the kernel takes
    /// all of it.
    pub fn ask(&mut self, request: &[u8]) -> io::Result<()> {
        self.answers.expect();
        match &mut self.session {
            None => {
                let sent = self.socket.write(request)?;
                if sent == request.len() {
                    Ok(())
                } else {
                    Err(wrong("the kernel did not take a whole request"))
                }
            }
            Some(session) => session.ask(&mut self.socket, request),
        }
    }

    /// Reads until there is no more, or the answer with this body is complete, or the server has closed.
    pub fn hear(&mut self, body: &[u8], scratch: &mut [u8]) -> io::Result<Heard> {
        loop {
            let heard = self.hear_once(body, scratch)?;
            if heard != Heard::Part {
                return Ok(heard);
            }
        }
    }

    /// Reads once.
    pub fn hear_once(&mut self, body: &[u8], scratch: &mut [u8]) -> io::Result<Heard> {
        let room = match &self.session {
            Some(session) => session.room(scratch),
            None => &mut *scratch,
        };
        let room_length = room.len();
        let count = match self.socket.read(room) {
            Ok(0) => return Ok(Heard::End),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Heard::Drained),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(Heard::Part),
            Err(error) => return Err(error),
        };
        let mut is_whole = false;
        let answers = &mut self.answers;
        let mut take = |piece: &[u8]| -> io::Result<()> {
            is_whole = answers.take(piece, body)?;
            Ok(())
        };
        match &mut self.session {
            Some(session) => session.hear(scratch, count, &mut self.socket, take)?,
            None => take(&scratch[..count])?,
        }
        Ok(if is_whole {
            Heard::Whole
        } else if count < room_length && !self.awaits_end {
            Heard::Drained
        } else {
            Heard::Part
        })
    }
}

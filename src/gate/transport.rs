//! What a client is spoken to over: its socket as it is, or TLS on top of it. Nobody else in the gate knows which.

use std::io::{self, IoSlice, Read};
use std::net::Shutdown;
use std::ops::Range;
use std::time::Duration;

use mio::net::TcpStream;
use socket2::SockRef;

use super::session::{Handshake, Session};
use super::socket::Socket;
use crate::attachment::MemoryFile;

/// One client's byte stream, both ways. Dropping it closes the socket.
#[derive(Debug)]
pub(super) struct Transport {
    pub(super) socket: TcpStream,
    /// `None`: the bytes of HTTP are those of the socket.
    session: Option<Box<Session>>,
    /// Bytes that the kernel has taken so far: what shows that a client reads.
    pub(super) taken: u64,
}

impl Transport {
    /// Plain, or TLS in this session, which has not begun yet.
    pub(super) fn new(socket: TcpStream, session: Option<Session>) -> Transport {
        Transport {
            socket,
            session: session.map(Box::new),
            taken: 0,
        }
    }

    /// Whether there is something to agree on before the first byte of HTTP.
    pub(super) fn needs_handshake(&self) -> bool {
        self.session.is_some()
    }

    /// Goes on with the handshake as far as the client's bytes allow.
    ///
    /// # Errors
    /// The client is gone, or the two sides cannot agree; it has been sent the alert that says why.
    pub(super) fn handshake(&mut self) -> io::Result<Handshake> {
        match &mut self.session {
            Some(session) => session.handshake(&mut self.socket),
            None => Ok(Handshake::Done),
        }
    }

    /// From now on speaks plain, to a client that does: what is still to be said to it must reach it.
    pub(super) fn give_up_tls(&mut self) {
        self.session = None;
    }

    /// Looks at what has come, below TLS, and leaves it there.
    ///
    /// # Errors
    /// What the socket says, `WouldBlock` included.
    pub(super) fn peek(&self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.socket.peek(into) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                peeked => return peeked,
            }
        }
    }

    /// Takes from the socket as many bytes as fit, which were seen there.
    ///
    /// # Errors
    /// What the socket says.
    pub(super) fn skip(&mut self, seen: &mut [u8]) -> io::Result<()> {
        self.socket.read_exact(seen)
    }

    /// Reads what has come, as much as fits.
    ///
    /// # Errors
    /// What the socket says, `WouldBlock` included; `InvalidData` for what is no TLS, `QuotaExceeded` where too many clients
    /// have sent a part of something.
    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.session {
            Some(session) => session.read(&mut self.socket, into),
            None => self.socket.read(into),
        }
    }

    /// Whether a read of `count` bytes, where `room` were possible, has left nothing behind. Where this is not known,
    /// only `WouldBlock` says so.
    pub(super) fn is_drained(&self, count: usize, room: usize) -> bool {
        match &self.session {
            Some(session) => session.is_drained(count, room),
            None => count < room,
        }
    }

    /// An answer is out.
    pub(super) fn rest(&mut self) {
        if let Some(session) = &mut self.session {
            session.rest();
        }
    }

    /// Reads and forgets what a client still sends to whom nobody listens any more.
    ///
    /// # Errors
    /// What the socket says, `WouldBlock` included.
    pub(super) fn discard(&mut self, scratch: &mut [u8]) -> io::Result<usize> {
        self.socket.read(scratch) // not worth decrypting
    }

    /// Says that nothing more will come: in TLS with an alert, so that nobody in between can cut an answer unnoticed
    /// (RFC 8446 section 6.1).
    pub(super) fn finish(&mut self) {
        if let Some(session) = &mut self.session {
            session.finish(&mut self.socket);
        }
    }

    /// Ends our side and leaves the other open.
    pub(super) fn shut_down(&mut self) {
        self.finish();
        let _ = self.socket.shutdown(Shutdown::Write); // already gone is as good
    }

    /// Makes the close a reset, so that a broken download cannot look like a clean end.
    pub(super) fn reset_on_close(&self) {
        let _ = SockRef::from(&self.socket).set_linger(Some(Duration::ZERO)); // a socket that fails here is dead already
    }
}

impl Transport {
    /// Lets the session take some bytes, and the socket what the session has; says how many bytes the session took.
    /// `more`: they can wait for those that follow.
    fn send_through(
        &mut self,
        more: bool,
        mut take: impl FnMut(&mut Session) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let Some(session) = &mut self.session else {
            return Ok(0);
        };
        loop {
            let count = take(session)?;
            if 0 < count && more {
                return Ok(count);
            }
            self.taken += session.push(&mut self.socket)?;
            if 0 < count {
                return Ok(count);
            }
            // Only a socket that is really full is heard of again when it is not.
            if session.is_waiting() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
        }
    }
}

impl Socket for Transport {
    fn send(&mut self, slices: &[IoSlice<'_>], more: bool) -> io::Result<usize> {
        match &self.session {
            Some(_) => self.send_through(more, |session| session.take(slices)),
            None => {
                let count = self.socket.send(slices, more)?;
                self.taken += count as u64;
                Ok(count)
            }
        }
    }

    fn send_file(&mut self, file: &MemoryFile, range: Range<u64>) -> io::Result<usize> {
        match &self.session {
            Some(_) => self.send_through(false, |session| session.take_file(file, range.clone())),
            None => {
                let count = self.socket.send_file(file, range)?;
                self.taken += count as u64;
                Ok(count)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        self.taken += session.push(&mut self.socket)?;
        match session.is_waiting() {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => Ok(()),
        }
    }
}

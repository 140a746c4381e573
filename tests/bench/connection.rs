//! One client: it sends a request, and takes the answer apart as it comes.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;

use super::origin::Wanted;

/// Bytes compared at either end of every piece that one read gives.
const SPOT_BYTES: usize = 32;

/// Longest response head that makes sense.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// One keep-alive connection.
pub struct Connection {
    /// For the poll.
    pub socket: TcpStream,
    /// A head that has not come whole.
    head: Vec<u8>,
    /// The length of the last head: the next one most likely has it too.
    head_length: usize,
    state: State,
}

/// Where one read leaves an answer.
pub enum Heard {
    /// It is complete.
    Whole,
    /// There may be more to read.
    Part,
    /// There is no more to read now.
    Drained,
}

enum State {
    Idle,
    Head,
    /// This much of the body has come.
    Body(usize),
}

impl Connection {
    /// Connects and waits until it is connected.
    pub fn open(address: SocketAddr) -> io::Result<Connection> {
        let socket = std::net::TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        Ok(Connection {
            socket: TcpStream::from_std(socket),
            head: Vec::new(),
            head_length: 0,
            state: State::Idle,
        })
    }

    /// Sends a request. The connection is idle, so the kernel takes all of it.
    pub fn ask(&mut self, wanted: &Wanted) -> io::Result<()> {
        let sent = self.socket.write(&wanted.request)?;
        if sent != wanted.request.len() {
            return Err(wrong("the kernel did not take a whole request"));
        }
        self.state = State::Head;
        Ok(())
    }

    /// Reads what is there; `true` when the answer is complete.
    pub fn hear(&mut self, wanted: &Wanted, scratch: &mut [u8]) -> io::Result<bool> {
        loop {
            match self.hear_once(wanted, scratch)? {
                Heard::Whole => return Ok(true),
                Heard::Drained => return Ok(false),
                Heard::Part => {}
            }
        }
    }

    /// Reads once.
    pub fn hear_once(&mut self, wanted: &Wanted, scratch: &mut [u8]) -> io::Result<Heard> {
        let count = match self.socket.read(scratch) {
            Ok(0) => return Err(wrong("the server closed a connection")),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Heard::Drained),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(Heard::Part),
            Err(error) => return Err(error),
        };
        if self.take(&scratch[..count], wanted)? {
            Ok(Heard::Whole)
        } else if count < scratch.len() {
            Ok(Heard::Drained)
        } else {
            Ok(Heard::Part)
        }
    }

    /// How much of a body that is not complete has come.
    pub fn received(&self) -> usize {
        match self.state {
            State::Idle | State::Head => 0,
            State::Body(at) => at,
        }
    }

    /// Takes a piece of an answer; `true` when it was the last.
    fn take(&mut self, piece: &[u8], wanted: &Wanted) -> io::Result<bool> {
        match self.state {
            State::Idle => Err(wrong("bytes came that nobody asked for")),
            State::Body(at) => self.body(piece, at, wanted),
            State::Head if self.head.is_empty() && ends_head(piece, self.head_length) => {
                if !piece.starts_with(b"HTTP/1.1 200 ") {
                    return Err(wrong("an answer is not 200"));
                }
                self.body(&piece[self.head_length..], 0, wanted)
            }
            State::Head => {
                self.head.extend_from_slice(piece);
                let end = self
                    .head
                    .windows(4)
                    .position(|window| window == b"\r\n\r\n");
                let Some(end) = end.map(|at| at + 4) else {
                    return if HEAD_BYTES_MAX < self.head.len() {
                        Err(wrong("an answer's head does not end"))
                    } else {
                        Ok(false)
                    };
                };
                let received = std::mem::take(&mut self.head);
                check_head(&received[..end], wanted.body.len())?;
                self.head_length = end;
                self.body(&received[end..], 0, wanted)
            }
        }
    }

    fn body(&mut self, piece: &[u8], at: usize, wanted: &Wanted) -> io::Result<bool> {
        let Some(expected) = wanted.body.get(at..at + piece.len()) else {
            return Err(wrong("an answer is longer than the file"));
        };
        let spot = SPOT_BYTES.min(piece.len());
        if piece[..spot] != expected[..spot] {
            return Err(wrong("an answer holds other bytes than the file"));
        }
        let spot = piece.len() - spot;
        if piece[spot..] != expected[spot..] {
            return Err(wrong("an answer holds other bytes than the file"));
        }
        let at = at + piece.len();
        if at == wanted.body.len() {
            self.state = State::Idle;
            Ok(true)
        } else {
            self.state = State::Body(at);
            Ok(false)
        }
    }
}

fn ends_head(piece: &[u8], length: usize) -> bool {
    4 <= length && piece.get(length - 4..length) == Some(b"\r\n\r\n")
}

fn check_head(head: &[u8], length: usize) -> io::Result<()> {
    let head = String::from_utf8_lossy(head);
    if !head.starts_with("HTTP/1.1 200 ") {
        let line = head.lines().next().unwrap_or_default();
        return Err(wrong(&format!("an answer is not 200: {line}")));
    }
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    let announced = fields.find(|(name, _)| name.eq_ignore_ascii_case("Content-Length"));
    match announced {
        Some((_, value)) if value.trim() == length.to_string() => Ok(()),
        Some((_, value)) => Err(wrong(&format!("{value} bytes are announced, not {length}"))),
        None => Err(wrong("an answer has no Content-Length")),
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.to_owned())
}

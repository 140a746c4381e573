//! An answer, taken apart as it comes and compared with what must come (pure).

use std::io::{self, ErrorKind};

/// Bytes compared at either end of every piece that one read gives.
const SPOT_BYTES: usize = 32;

/// Longest response head that makes sense.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// The answers of one connection, one after the other.
#[derive(Default)]
pub struct Answers {
    /// A head that has not come whole.
    head: Vec<u8>,
    /// The length of the last head: the next one most likely has it too.
    head_length: usize,
    state: State,
}

#[derive(Clone, Copy, Default)]
enum State {
    #[default]
    Idle,
    Head,
    /// This much of the body has come.
    Body(usize),
}

impl Answers {
    /// From now on an answer is owed.
    pub fn expect(&mut self) {
        self.state = State::Head;
    }

    /// Takes a piece of an answer with this body; `true` when it was the last.
    pub fn take(&mut self, piece: &[u8], body: &[u8]) -> io::Result<bool> {
        match self.state {
            State::Idle => Err(wrong("bytes came that nobody asked for")),
            State::Body(at) => self.body(piece, at, body),
            State::Head if self.head.is_empty() && ends_head(piece, self.head_length) => {
                if !piece.starts_with(b"HTTP/1.1 200 ") {
                    return Err(wrong("an answer is not 200"));
                }
                self.body(&piece[self.head_length..], 0, body)
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
                check_head(&received[..end], body.len())?;
                self.head_length = end;
                self.body(&received[end..], 0, body)
            }
        }
    }

    /// How much of a body that is not complete has come.
    pub fn received(&self) -> usize {
        match self.state {
            State::Idle | State::Head => 0,
            State::Body(at) => at,
        }
    }

    fn body(&mut self, piece: &[u8], at: usize, body: &[u8]) -> io::Result<bool> {
        let Some(expected) = body.get(at..at + piece.len()) else {
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
        let is_whole = at == body.len();
        self.state = if is_whole {
            State::Idle
        } else {
            State::Body(at)
        };
        Ok(is_whole)
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

/// What a server did that it must not.
pub fn wrong(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.to_owned())
}

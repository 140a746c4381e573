//! Reads request heads off a connection.

use std::io::{self, Read};
use std::net::TcpStream;

/// Longest request head in bytes, as Tomcat's default is. Longer ones are answered with 400.
const HEAD_BYTES_MAX: usize = 8 * 1024;

/// One request head.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    keeps_alive: bool,
}

/// What came in.
#[derive(Debug)]
pub(super) enum Arrival {
    Request(Request),
    /// The client has closed the connection, between requests or within one.
    End,
    /// Not a request head, or one that is too long.
    Malformed,
}

impl Request {
    /// Reads the text of a head, without its empty line.
    fn parse(head: &[u8]) -> Option<Request> {
        let head = std::str::from_utf8(head).ok()?;
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, target, version) = (words.next()?, words.next()?, words.next()?);
        if words.next().is_some() || method.is_empty() || !target.starts_with('/') {
            return None;
        }
        let mut headers = Vec::new();
        for line in lines {
            let (name, value) = line.split_once(':')?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut request = Request {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            keeps_alive: true,
        };
        let connection = request.header("Connection").unwrap_or_default();
        request.keeps_alive = match version {
            "HTTP/1.1" => !connection.eq_ignore_ascii_case("close"),
            "HTTP/1.0" => connection.eq_ignore_ascii_case("keep-alive"),
            _ => return None,
        };
        Some(request)
    }

    /// The first header field of that name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Whether the connection may serve another request: the client wants it, and there is no body in between.
    pub(super) fn keeps_alive(&self) -> bool {
        let bodiless = self.header("Transfer-Encoding").is_none()
            && matches!(self.header("Content-Length"), None | Some("0"));
        self.keeps_alive && bodiless
    }
}

/// The request heads of one connection, one after the other.
pub(super) struct Heads<'a> {
    stream: &'a TcpStream,
    buffer: Vec<u8>,
}

impl<'a> Heads<'a> {
    pub(super) fn new(stream: &'a TcpStream) -> Heads<'a> {
        Heads {
            stream,
            buffer: Vec::with_capacity(1024),
        }
    }

    /// Blocks until a whole head is there.
    ///
    /// # Errors
    /// Those of the socket.
    pub(super) fn next(&mut self) -> io::Result<Arrival> {
        let mut searched = 0;
        loop {
            if let Some(end) = find_end(&self.buffer, searched) {
                let request = Request::parse(&self.buffer[..end]);
                self.buffer.drain(..end + 4);
                return Ok(request.map_or(Arrival::Malformed, Arrival::Request));
            }
            if HEAD_BYTES_MAX < self.buffer.len() {
                return Ok(Arrival::Malformed);
            }
            searched = self.buffer.len().saturating_sub(3);
            let mut piece = [0; 2048];
            let count = self.stream.read(&mut piece)?;
            if count == 0 {
                return Ok(Arrival::End);
            }
            self.buffer.extend_from_slice(&piece[..count]);
        }
    }
}

fn find_end(buffer: &[u8], from: usize) -> Option<usize> {
    let found = buffer[from..]
        .windows(4)
        .position(|four| four == b"\r\n\r\n")?;
    Some(from + found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_and_odd_ones_refused() {
        for (head, keeps_alive) in [
            ("GET / HTTP/1.1", Some(true)),
            ("GET / HTTP/1.1\r\nConnection: Close", Some(false)),
            ("GET / HTTP/1.0", Some(false)),
            ("POST / HTTP/1.1\r\ncontent-length: 3", Some(false)),
            ("GET / HTTP/1.1\r\nContent-Length: 0", Some(true)),
            ("GET / HTTP/2.0", None),
            ("GET  / HTTP/1.1", None),
            ("GET http://host/ HTTP/1.1", None),
            ("GET /", None),
            ("GET / HTTP/1.1\r\nno colon", None),
            ("", None),
        ] {
            let request = Request::parse(head.as_bytes());
            let seen = request.as_ref().map(Request::keeps_alive);
            assert_eq!(seen, keeps_alive, "head: {head:?}");
        }
    }
}

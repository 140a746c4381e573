//! A raw HTTP client for this room's tests: bytes out, bytes in.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{File, Kind, Options, SampleConfluence};

/// Long enough for a slow machine; only failures take it.
pub(super) const DEADLINE: Duration = Duration::from_secs(20);

/// A connection.
pub(super) struct Client(BufReader<TcpStream>);

/// What came back.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    /// Whether the body ended as it was announced.
    pub(super) complete: bool,
    /// The connection was reset within the body.
    pub(super) reset: bool,
}

impl Response {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (field, value) = line.split_once(": ")?;
            field.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    pub(super) fn new(confluence: &SampleConfluence) -> Client {
        Client::at(confluence.address())
    }

    pub(super) fn at(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("not zero");
        Client(BufReader::new(stream))
    }

    /// Sends a GET with the right account.
    pub(super) fn ask(&mut self, target: &str) {
        self.send("GET", target, &authorization("secret"));
    }

    pub(super) fn send(&mut self, method: &str, target: &str, fields: &str) {
        let head = format!("{method} {target} HTTP/1.1\r\nHost: wiki\r\n{fields}\r\n");
        self.send_raw(head.as_bytes());
    }

    pub(super) fn send_raw(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).expect("open");
    }

    /// Blocks until a head is there; `None`: the connection has ended.
    pub(super) fn head(&mut self) -> Option<String> {
        let mut head = String::new();
        loop {
            match self.0.read_line(&mut head) {
                Ok(0) => return None,
                Ok(_) if head.ends_with("\r\n\r\n") => return Some(head),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("no head: {error}"),
            }
        }
    }

    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).expect("as many as announced");
        bytes
    }

    /// Reads everything until the connection ends; the second word: it was reset.
    pub(super) fn rest(&mut self) -> (Vec<u8>, bool) {
        let mut bytes = Vec::new();
        match self.0.read_to_end(&mut bytes) {
            Ok(_) => (bytes, false),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => (bytes, true),
            Err(error) => panic!("neither bytes nor end: {error}"),
        }
    }

    /// Blocks until the whole answer is there; `None`: the connection ended without one.
    pub(super) fn response(&mut self, method: &str) -> Option<Response> {
        let head = self.head()?;
        let status = head.get(9..12)?.parse().ok()?;
        let mut response = Response {
            status,
            head,
            body: Vec::new(),
            complete: true,
            reset: false,
        };
        if method == "HEAD" || status == 304 {
            return Some(response);
        }
        if response.header("Transfer-Encoding") == Some("chunked") {
            self.chunks(&mut response);
        } else if let Some(length) = response.header("Content-Length") {
            let length: u64 = length.parse().expect("a number");
            let read = (&mut self.0).take(length).read_to_end(&mut response.body);
            response.reset = read.is_err();
            response.complete = response.body.len() as u64 == length;
        } else {
            (response.body, response.reset) = self.rest();
        }
        Some(response)
    }

    fn chunks(&mut self, response: &mut Response) {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).expect("bytes or the end") == 0 {
                response.complete = false;
                return;
            }
            let size = usize::from_str_radix(line.trim_end(), 16).expect("a chunk size");
            let chunk = self.bytes(size + 2);
            if size == 0 {
                return;
            }
            response.body.extend_from_slice(&chunk[..size]);
        }
    }

    pub(super) fn get(&mut self, target: &str) -> Option<Response> {
        self.ask(target);
        self.response("GET")
    }

    pub(super) fn get_with(&mut self, target: &str, fields: &str) -> Response {
        self.send("GET", target, fields);
        self.response("GET").expect("an answer")
    }
}

/// The header field of the account `me` with this password.
pub(super) fn authorization(token: &str) -> String {
    let pair = STANDARD.encode(format!("me:{token}"));
    format!("Authorization: Basic {pair}\r\n")
}

/// A sample Confluence with the account `me`/`secret` and the file `a.png` of ten bytes on page 1.
pub(super) fn confluence() -> SampleConfluence {
    let confluence = SampleConfluence::start(Options {
        username: "me".to_owned(),
        token: "secret".to_owned(),
        ..Options::default()
    })
    .expect("a free port");
    confluence.put(1, "a.png", File::new("image/png", *b"0123456789"));
    confluence
}

/// The same as Cloud, below `/wiki`.
pub(super) fn cloud() -> SampleConfluence {
    let confluence = SampleConfluence::start(Options {
        kind: Kind::Cloud,
        username: "me".to_owned(),
        token: "secret".to_owned(),
        context_path: "/wiki".to_owned(),
        ..Options::default()
    })
    .expect("two free ports");
    confluence.put(1, "a.png", File::new("image/png", *b"0123456789"));
    confluence
}

/// Asks once, on a connection of its own.
pub(super) fn get(confluence: &SampleConfluence, target: &str) -> Response {
    Client::new(confluence).get(target).expect("an answer")
}

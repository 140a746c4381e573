//! The bare floor: one thread, one epoll, the same bytes, and no look at what is asked beyond comparing it with what
//! was asked before. What it costs is what the kernel costs.
//!
//! It is this bench's own program, started with the word `floor`. A request it has not seen is fetched from
//! Confluence while everybody waits, and its answer is kept for requests of exactly the same bytes.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use rustix::fs::{MemfdFlags, memfd_create, sendfile};
use slab::Slab;

use super::Origin;
use super::player::Line;
use super::process::{Process, free_port};
use super::running::Running;

/// The word that makes this program the floor.
const WORD: &str = "floor";

/// Up to here a body leaves in one write with its head; above, the kernel sends it from a file in memory.
const BYTES_WRITTEN_MAX: usize =
    confluence_attachment_proxy::attachment::FILE_BYTES_MIN as usize - 1;

/// The listener's number among the connections.
const LISTENER: Token = Token(usize::MAX);

/// Starts it.
pub fn start(origin: &Origin, core: Option<usize>) -> io::Result<Running> {
    let port = free_port()?;
    let mut environment = origin.environment(port);
    environment.push(("AUTHORIZATION", origin.authorization()));
    let started = Instant::now();
    let program = std::env::current_exe()?;
    let process = Process::start(&program, &[OsStr::new(WORD)], &environment, core)?;
    Running::await_ready(process, port, Line::Plain, None, started)
}

/// Is the floor, if the words say so: then it does not return but with an error.
pub fn serve() -> io::Result<()> {
    if std::env::args_os().nth(1).is_none_or(|word| word != WORD) {
        return Ok(());
    }
    let value = |name: &str| std::env::var(name).map_err(io::Error::other);
    let port: u16 = value("PROXY_PORT")?.parse().map_err(io::Error::other)?;
    let floor = Floor {
        poll: Poll::new()?,
        clients: Slab::new(),
        kept: Vec::new(),
        confluence: value("CONFLUENCE_URL")?.replace("http://", ""),
        authorization: value("AUTHORIZATION")?,
    };
    floor.run(SocketAddr::from(([127, 0, 0, 1], port)))
}

struct Floor {
    poll: Poll,
    clients: Slab<Client>,
    kept: Vec<Answer>,
    confluence: String,
    authorization: String,
}

struct Client {
    socket: TcpStream,
    /// Which answer is on its way, and how much of it has left.
    sends: Option<(usize, usize)>,
}

struct Answer {
    request: Vec<u8>,
    target: String,
    head: Vec<u8>,
    body: Vec<u8>,
    /// The body once more, if it is a long one.
    file: Option<File>,
    closes: bool,
}

impl Floor {
    fn run(mut self, address: SocketAddr) -> io::Result<()> {
        let mut listener = TcpListener::bind(address)?;
        let mut events = Events::with_capacity(1024);
        let registry = self.poll.registry();
        registry.register(&mut listener, LISTENER, Interest::READABLE)?;
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            for event in &events {
                if event.token() == LISTENER {
                    self.accept(&listener)?;
                } else if let Ok(false) | Err(_) = self.turn(event.token().0) {
                    self.clients.try_remove(event.token().0);
                }
            }
        }
    }

    fn accept(&mut self, listener: &TcpListener) -> io::Result<()> {
        loop {
            let (mut socket, _) = match listener.accept() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                accepted => accepted?,
            };
            socket.set_nodelay(true)?;
            let place = self.clients.vacant_entry();
            let interest = Interest::READABLE | Interest::WRITABLE;
            let token = Token(place.key());
            self.poll
                .registry()
                .register(&mut socket, token, interest)?;
            let sends = None;
            place.insert(Client { socket, sends });
        }
    }

    /// Does what can be done for a client; `false` when it is over.
    fn turn(&mut self, number: usize) -> io::Result<bool> {
        let Some(client) = self.clients.get_mut(number) else {
            return Ok(true); // an event of one that has just gone
        };
        let (answer, mut sent) = match client.sends {
            Some(sends) => sends,
            None => {
                let mut request = [0; 4096];
                let count = match client.socket.read(&mut request) {
                    Ok(0) => return Ok(false),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                    read => read?,
                };
                (self.answer(&request[..count])?, 0)
            }
        };
        let client = &mut self.clients[number];
        let kept = &self.kept[answer];
        while sent < kept.head.len() + kept.body.len() {
            match kept.send(&mut client.socket, sent) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    client.sends = Some((answer, sent));
                    return Ok(true);
                }
                taken => sent += taken?,
            }
        }
        client.sends = None;
        Ok(!kept.closes)
    }

    /// Which of the answers is meant.
    fn answer(&mut self, request: &[u8]) -> io::Result<usize> {
        let same = |kept: &Answer| kept.request == request;
        match self.kept.iter().rposition(same) {
            Some(known) => Ok(known),
            None => {
                self.fetch(request)?;
                Ok(self.kept.len() - 1)
            }
        }
    }

    /// Gets the file that a request means, from another request for it or from Confluence, and keeps the answer.
    fn fetch(&mut self, request: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(request);
        let target = text.split(' ').nth(1).unwrap_or_default();
        let same = self.kept.iter().find(|kept| kept.target == target);
        let body = match (same, target.strip_prefix("/proxy/")) {
            (Some(same), _) => same.body.clone(),
            (None, Some(file)) => download(&self.confluence, &self.authorization, file)?,
            (None, None) => Vec::new(), // a question whether it is alive
        };
        let file = if BYTES_WRITTEN_MAX < body.len() {
            let mut file = File::from(memfd_create("body", MemfdFlags::CLOEXEC)?);
            file.write_all(&body)?;
            Some(file)
        } else {
            None
        };
        self.kept.push(Answer {
            request: request.to_vec(),
            target: target.to_owned(),
            head: head(body.len()).into_bytes(),
            body,
            file,
            closes: text.contains("Connection: close"),
        });
        Ok(())
    }
}

impl Answer {
    fn send(&self, socket: &mut TcpStream, sent: usize) -> io::Result<usize> {
        let in_body = sent.saturating_sub(self.head.len());
        match &self.file {
            Some(_) if sent < self.head.len() => socket.write(&self.head[sent..]),
            Some(file) => {
                let mut offset = in_body as u64;
                let rest = self.body.len() - in_body;
                Ok(sendfile(socket, file, Some(&mut offset), rest)?)
            }
            None => {
                let head = &self.head[sent.min(self.head.len())..];
                let body = &self.body[in_body..];
                socket.write_vectored(&[IoSlice::new(head), IoSlice::new(body)])
            }
        }
    }
}

fn download(confluence: &str, authorization: &str, file: &str) -> io::Result<Vec<u8>> {
    let mut socket = std::net::TcpStream::connect(confluence)?;
    socket.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(
        socket,
        "GET /download/attachments/{file} HTTP/1.1\r\nHost: {confluence}\r\n\
         Authorization: {authorization}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    match end {
        Some(end) if answer.starts_with(b"HTTP/1.1 200 ") => Ok(answer.split_off(end + 4)),
        _ => Err(io::Error::other("Confluence gave something else")),
    }
}

/// A head with the fields of this service's, and as long.
fn head(length: usize) -> String {
    format!(
        "HTTP/1.1 200 OK\r\n\
         Date: Sun, 09 Jun 2024 14:04:16 GMT\r\n\
         ETag: \"10bfba6319b991398f0abf0a46545c65\"\r\n\
         Last-Modified: Sun, 09 Jun 2024 14:04:16 GMT\r\n\
         Cache-Control: public, max-age=3600\r\n\
         Age: 0\r\n\
         X-Cache: HIT\r\n\
         Cache-Status: confluence-attachment-proxy; hit; ttl=3600\r\n\
         Access-Control-Allow-Origin: *\r\n\
         Access-Control-Expose-Headers: Accept-Ranges, Age, Cache-Status, Content-Disposition, Content-Range, Date, \
         ETag, X-Cache\r\n\
         Cross-Origin-Resource-Policy: cross-origin\r\n\
         Content-Length: {length}\r\n\
         Content-Disposition: inline; filename=\"small.png\"; filename*=UTF-8''small.png\r\n\
         Content-Security-Policy: default-src 'none'; img-src 'self' data:; media-src 'self'; style-src \
         'unsafe-inline'; sandbox\r\n\
         Accept-Ranges: bytes\r\n\
         X-Content-Type-Options: nosniff\r\n\
         Referrer-Policy: no-referrer\r\n\
         Content-Type: image/png\r\n\r\n"
    )
}

//! The client: a request at a time on each connection, and every answer is looked at.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::counted::tls_file;
use super::hits::{Hit, Wants};

/// Longest silence of a program that runs under valgrind on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Which bytes [`Wants::Part`] is after.
const PART: std::ops::Range<usize> = 100..200;

/// A keep-alive connection to the program, plain or TLS.
pub struct Client {
    stream: Box<dyn Stream>,
    received: Vec<u8>,
}

trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

impl Client {
    /// Connects; the handshake comes with the first request.
    pub fn connect(address: SocketAddr, tls: bool) -> Result<Client, Box<dyn Error>> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let stream: Box<dyn Stream> = match tls {
            true => Box::new(StreamOwned::new(session()?, socket)),
            false => Box::new(socket),
        };
        Ok(Client {
            stream,
            received: Vec::new(),
        })
    }

    /// Sends a request.
    pub fn ask(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request)?;
        self.stream.flush()
    }

    /// Reads an answer: its head, and its body.
    pub fn answer(&mut self) -> Result<(String, Vec<u8>), Box<dyn Error>> {
        let mut piece = vec![0; 256 * 1024];
        let end = loop {
            let mut ends = self.received.windows(4);
            if let Some(at) = ends.position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.hear(&mut piece)?;
        };
        let head = String::from_utf8(self.received[..end].to_vec())?;
        let bodiless = head.starts_with("HTTP/1.1 304 ");
        let length = match field(&head, "Content-Length") {
            Some(length) if !bodiless => length.parse::<usize>()?,
            _ => 0,
        };
        while self.received.len() < end + length {
            self.hear(&mut piece)?;
        }
        let rest = self.received.split_off(end + length);
        let body = std::mem::replace(&mut self.received, rest).split_off(end);
        Ok((head, body))
    }

    fn hear(&mut self, piece: &mut [u8]) -> io::Result<()> {
        match self.stream.read(piece)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.received.extend_from_slice(&piece[..count]);
                Ok(())
            }
        }
    }
}

/// What asks for a hit. `tag` is the entity tag of the copy.
pub fn request(path: &str, wants: Wants, tag: &str) -> Vec<u8> {
    let more = match wants {
        Wants::All => String::new(),
        Wants::Change => format!("If-None-Match: {tag}\r\n"),
        Wants::Part => format!("Range: bytes={}-{}\r\n", PART.start, PART.end - 1),
    };
    format!("GET {path} HTTP/1.1\r\nHost: files.example.com\r\nUser-Agent: guard\r\nAccept: */*\r\n{more}\r\n")
        .into_bytes()
}

/// Looks whether an answer is what a hit brings.
pub fn check(hit: &Hit, file: &[u8], head: &str, body: &[u8]) -> Result<(), Box<dyn Error>> {
    let (status, expected) = match hit.wants {
        Wants::All => ("200", file),
        Wants::Change => ("304", &file[..0]),
        Wants::Part => ("206", &file[PART]),
    };
    let is_hit = field(head, "X-Cache") == Some("HIT");
    if head.split(' ').nth(1) != Some(status) || !is_hit || body != expected {
        return Err(format!("{}: not the hit that was asked for: {head}", hit.name).into());
    }
    Ok(())
}

/// The value of a header field.
pub fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    let found = fields.find(|(found, _)| found.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

fn session() -> Result<ClientConnection, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(tls_file("authority.pem"))?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let host = ServerName::try_from("localhost")?;
    Ok(ClientConnection::new(Arc::new(config), host)?)
}

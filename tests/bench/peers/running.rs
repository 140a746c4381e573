//! A server that answers, whichever it is.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::directory::Directory;
use super::process::Process;

/// How long a start may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a server that starts is asked. Short against the fastest start.
const PAUSE: Duration = Duration::from_micros(100);

/// A running server. Dropping it ends it, and then removes its files.
pub struct Running {
    /// The process. It stands before its files, which go after it.
    pub process: Process,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start to its first good answer.
    pub ready_after: Duration,
    _directory: Option<Directory>,
}

impl Running {
    /// Asks `/healthz` again and again until it is answered by 200; over TLS, until the port takes connections.
    pub fn await_ready(
        mut process: Process,
        port: u16,
        line: super::Line,
        directory: Option<Directory>,
        started: Instant,
    ) -> io::Result<Running> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let is_ready = || match line {
            super::Line::Plain => matches!(ask(address), Ok(true)),
            super::Line::Tls => TcpStream::connect(address).is_ok(),
        };
        while !is_ready() {
            if process.has_ended()? || PATIENCE < started.elapsed() {
                let said = process.said()?;
                let what = format!("nothing good listens on {address}: {said}");
                return Err(io::Error::other(what));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(Running {
            process,
            address,
            ready_after: started.elapsed(),
            _directory: directory,
        })
    }
}

fn ask(address: SocketAddr) -> io::Result<bool> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    write!(
        socket,
        "GET /healthz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
    )?;
    let mut status = [0; 13];
    socket.read_exact(&mut status)?;
    io::copy(&mut socket, &mut io::sink())?;
    Ok(&status == b"HTTP/1.1 200 ")
}

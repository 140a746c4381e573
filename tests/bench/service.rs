//! This service: the release binary, as an operator would start it.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::origin::Origin;
use super::process::{Process, free_port};

/// The binary that belongs to this bench.
pub const BINARY: &str = env!("CARGO_BIN_EXE_confluence-attachment-proxy");

/// How long a start may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that listens.
pub struct Running {
    /// The process.
    pub process: Process,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start to its first good answer.
    pub ready_after: Duration,
}

/// Starts a build of this service before `origin` and waits until it is alive.
pub fn start(binary: &Path, origin: &Origin, core: Option<usize>) -> io::Result<Running> {
    let port = free_port()?;
    let url = origin.confluence.url();
    let environment = [
        ("CONFLUENCE_URL", url.as_str()),
        ("CONFLUENCE_USERNAME", &origin.username),
        ("CONFLUENCE_API_TOKEN", &origin.token),
        ("PROXY_HOST", "127.0.0.1"),
        ("PROXY_PORT", &port.to_string()),
        ("RUST_LOG", "warn"),
    ];
    let started = Instant::now();
    let process = Process::start(binary, &[], &environment, core)?;
    ready(process, port, "/healthz", started)
}

/// The binary's path.
pub fn binary() -> PathBuf {
    PathBuf::from(BINARY)
}

/// Asks `path` again and again until it is answered by 200.
pub fn ready(mut process: Process, port: u16, path: &str, started: Instant) -> io::Result<Running> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    while !matches!(ask(address, path), Ok(true)) {
        if process.has_ended()? || PATIENCE < started.elapsed() {
            return Err(io::Error::other(format!(
                "nothing good listens on {address}"
            )));
        }
        std::thread::sleep(Duration::from_micros(100));
    }
    Ok(Running {
        process,
        address,
        ready_after: started.elapsed(),
    })
}

fn ask(address: SocketAddr, path: &str) -> io::Result<bool> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    write!(
        socket,
        "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
    )?;
    let mut status = [0; 13];
    socket.read_exact(&mut status)?;
    io::copy(&mut socket, &mut io::sink())?;
    Ok(&status == b"HTTP/1.1 200 ")
}

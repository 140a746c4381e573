//! What every test starts from: a proxy in this process before a sample Confluence, the program as an
//! operator starts it, and a client that counts bytes.

pub mod answer;
pub mod binary;
mod client;
pub mod manager;
mod program;
mod proxy;
pub mod source;
pub mod tls;
pub mod usage;

pub use client::{Client, Response};
pub use program::Program;
pub use proxy::{PAGE, Proxy, pattern};

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

/// How long a test waits for something that must happen. Only failures ever take this long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A port for servers that come and go. Nobody listens there, and nobody else gets it while the socket lives.
pub fn reserve_port() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_reuse_address(true).expect("a TCP socket"); // a listener with the same option may join it
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    socket.bind(&any.into()).expect("a free port");
    let address = socket.local_addr().ok().and_then(|it| it.as_socket());
    (socket, address.expect("bound above"))
}

/// Blocks until `done` says so; what it asks must come without further ado.
pub fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < until, "waited for {PATIENCE:?}: {what}");
        std::thread::yield_now();
    }
}

/// Asks until the answer is not simply a fresh copy, and returns that answer.
#[track_caller]
pub fn after_its_time(client: &mut Client, path: &str) -> Response {
    let until = Instant::now() + PATIENCE;
    loop {
        let response = client.get(&format!("/proxy{path}"));
        match response.field("X-Cache") {
            Some("HIT" | "JOIN") => assert!(Instant::now() < until, "{path} never expires"),
            _ => return response,
        }
    }
}

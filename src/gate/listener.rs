//! The listening socket.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that the kernel holds while nobody accepts: a restart of a second at some thousand connections a second.
const BACKLOG: i32 = 4096;

/// Bytes that the kernel takes in advance for one client, beyond what is on its way already. With its own bound of some
/// megabytes a slow but steady reader would let us write nothing for longer than any time limit for progress.
const NOTSENT_BYTES_MAX: u32 = 128 * 1024;

/// Opens the listening socket. [`prepare`] makes it ready.
///
/// # Errors
/// Whatever the kernel says, most often that the port is taken or needs a privilege.
pub fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?; // `::` means every address, of both kinds
    }
    socket.set_reuse_address(true)?; // a restart must not wait for connections that are dying
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Makes a listening socket ready to be served. It may come from elsewhere, with whatever options its last owner left.
/// Accepted sockets inherit them.
///
/// # Errors
/// The kernel refuses an option.
pub fn prepare(listener: std::net::TcpListener) -> io::Result<std::net::TcpListener> {
    let socket = Socket::from(listener);
    socket.set_cloexec(true)?;
    socket.set_tcp_nodelay(true)?; // answers are written whole: Nagle could only delay their last segment
    socket.set_tcp_notsent_lowat(NOTSENT_BYTES_MAX)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

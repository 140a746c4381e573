//! The private way from a gate to tiny_http: heads go in, nothing ever comes back.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

use mio::Interest;
use mio::Registry;
use mio::Token;

/// A buffer that was larger is given back when it is empty: forms are rare.
const KEPT_BYTES_MAX: usize = 256 * 1024;

/// One gate's end of its link. Heads are collected during a turn and written together.
#[derive(Debug)]
pub(super) struct Link {
    socket: mio::net::UnixStream,
    waiting: Vec<u8>,
}

impl Link {
    pub(super) fn new(socket: UnixStream) -> io::Result<Link> {
        socket.set_nonblocking(true)?;
        Ok(Link {
            socket: mio::net::UnixStream::from_std(socket),
            waiting: Vec::new(),
        })
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(
            &mut self.socket,
            token,
            Interest::READABLE | Interest::WRITABLE,
        )
    }

    /// Where the next head is appended, whole.
    pub(super) fn heads(&mut self) -> &mut Vec<u8> {
        &mut self.waiting
    }

    /// Writes what is collected, as far as the link takes it; the rest goes when the poll says that it is writable.
    ///
    /// # Errors
    /// The link is broken, which nothing but a bug can do.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut written = 0;
        while written < self.waiting.len() {
            match self.socket.write(&self.waiting[written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.waiting.drain(..written);
        if self.waiting.is_empty() && KEPT_BYTES_MAX < self.waiting.capacity() {
            self.waiting = Vec::new();
        }
        Ok(())
    }

    /// Makes sure that nothing has come back: tiny_http answers only when a head broke the contract of the link.
    ///
    /// # Errors
    /// Something came back, or tiny_http has closed the link.
    pub(super) fn listen(&mut self) -> io::Result<()> {
        match self.socket.read(&mut [0; 64]) {
            Ok(0) => Err(io::Error::other("tiny_http has closed the link")),
            Ok(_) => Err(io::Error::other("tiny_http has answered on the link")),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

//! A TLS session with one client: rustls between the bytes of HTTP and those of the socket, without a thread and
//! without waiting. What the socket does not take stays in the session, which is bounded.

use std::io::{self, IoSlice, Read, Write};
use std::ops::Range;

use mio::net::TcpStream;
use rustls::ServerConnection;

use super::certificate::Certificate;
use crate::attachment::MemoryFile;

/// Bytes that wait for one client's socket at most: four records, one system call.
const WAITING_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a memory file that are read, and encrypted, at a time: what one record holds (RFC 8446 section 5.1).
const RECORD_BYTES: usize = 16 * 1024;

/// Reads from the socket, of up to 4 KiB, for one read of ours at most. A request head takes a few; more without a byte
/// of HTTP among them is somebody who wants to keep the gate busy.
const FRUITLESS_READS_MAX: usize = 64;

/// The first byte of every TLS connection: a record of type handshake (RFC 8446 section 5.1).
const HANDSHAKE_RECORD: u8 = 22;

/// How far a handshake has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handshake {
    /// Both sides have agreed: HTTP may begin.
    Done,
    /// It is the client's turn.
    Pending,
    /// The client does not speak TLS at all.
    NotTls,
}

/// One client's session. The socket below it is handed to every method: it is the transport's.
#[derive(Debug)]
pub(super) struct Session {
    certificate: Certificate,
    /// Made when the first byte has come: a client that only connects costs nothing but its connection.
    tls: Option<ServerConnection>,
}

impl Session {
    pub(super) fn new(certificate: Certificate) -> Session {
        Session {
            certificate,
            tls: None,
        }
    }

    /// Goes on with the handshake as far as the client's bytes allow.
    ///
    /// # Errors
    /// The client is gone, or the two sides cannot agree; it has been sent the alert that says why.
    pub(super) fn handshake(&mut self, socket: &mut TcpStream) -> io::Result<Handshake> {
        let tls = match &mut self.tls {
            Some(tls) => tls,
            None => match first_byte(socket) {
                Ok(HANDSHAKE_RECORD) => self.tls.insert(begin(&self.certificate)?),
                Ok(_) => return Ok(Handshake::NotTls),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Handshake::Pending);
                }
                Err(error) => return Err(error),
            },
        };
        while tls.is_handshaking() {
            match read_records(tls, socket) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    write_records(tls, socket)?;
                    return Ok(Handshake::Pending);
                }
                Err(error) => return Err(error),
            }
        }
        write_records(tls, socket)?;
        Ok(Handshake::Done)
    }

    /// Reads what the client has sent inside of TLS.
    ///
    /// # Errors
    /// `WouldBlock` when nothing more is there, `InvalidData` for what is no TLS, and what the socket says. An end
    /// without an alert is an end as well: a request head says itself whether it is complete.
    pub(super) fn read(&mut self, socket: &mut TcpStream, into: &mut [u8]) -> io::Result<usize> {
        let tls = self.agreed()?;
        write_records(tls, socket)?; // what a handshake, or an update of the keys, has left to say
        for _ in 0..FRUITLESS_READS_MAX {
            match tls.reader().read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                read => return read,
            }
            if read_records(tls, socket)? == 0 {
                return Ok(0);
            }
        }
        Err(io::ErrorKind::InvalidData.into())
    }

    /// Encrypts as much of `slices` as there is room for, and says how many bytes of them.
    ///
    /// # Errors
    /// The session is broken.
    pub(super) fn take(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.agreed()?.writer().write_vectored(slices)
    }

    /// Encrypts as much of `range` as there is room for, and says how many bytes of it.
    ///
    /// # Errors
    /// The session is broken, or the file cannot be read.
    pub(super) fn take_file(&mut self, file: &MemoryFile, range: Range<u64>) -> io::Result<usize> {
        let tls = self.agreed()?;
        let mut record = [0; RECORD_BYTES];
        let mut at = range.start;
        while at < range.end {
            let wanted = (range.end - at).min(RECORD_BYTES as u64) as usize;
            file.read_exact_at(&mut record[..wanted], at)?;
            let count = tls.writer().write(&record[..wanted])?;
            at += count as u64;
            if count < wanted {
                break;
            }
        }
        Ok((at - range.start) as usize)
    }

    /// Writes what waits, as far as the socket takes it, and says how many bytes it took.
    ///
    /// # Errors
    /// What the socket says; never `WouldBlock`.
    pub(super) fn push(&mut self, socket: &mut TcpStream) -> io::Result<u64> {
        self.tls
            .as_mut()
            .map_or(Ok(0), |tls| write_records(tls, socket))
    }

    /// Whether something waits for the socket.
    pub(super) fn is_waiting(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Says that nothing more will come, if there was anything.
    pub(super) fn finish(&mut self, socket: &mut TcpStream) {
        if let Some(tls) = &mut self.tls
            && !tls.is_handshaking()
        {
            tls.send_close_notify();
            let _ = write_records(tls, socket); // a socket that is gone needs no farewell
        }
    }

    /// # Errors
    /// `WouldBlock` as long as no handshake has begun.
    fn agreed(&mut self) -> io::Result<&mut ServerConnection> {
        self.tls
            .as_mut()
            .ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }
}

fn begin(certificate: &Certificate) -> io::Result<ServerConnection> {
    let mut tls = certificate.begin().map_err(io::Error::other)?;
    tls.set_buffer_limit(Some(WAITING_BYTES_MAX));
    Ok(tls)
}

/// The first byte of a connection, which stays where it is.
fn first_byte(socket: &TcpStream) -> io::Result<u8> {
    let mut first = [0; 1];
    loop {
        match socket.peek(&mut first) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => return Ok(first[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads some bytes and does what their records say; 0 at the end of the stream.
fn read_records(tls: &mut ServerConnection, socket: &mut TcpStream) -> io::Result<usize> {
    let count = loop {
        match tls.read_tls(socket) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            count => break count?,
        }
    };
    if let Err(error) = tls.process_new_packets() {
        let _ = write_records(tls, socket); // the alert that says what was wrong, if the socket takes it
        return Err(io::Error::new(io::ErrorKind::InvalidData, error));
    }
    Ok(count)
}

/// Writes what waits, as far as the socket takes it, and says how many bytes it took.
fn write_records(tls: &mut ServerConnection, socket: &mut TcpStream) -> io::Result<u64> {
    let mut taken = 0;
    while tls.wants_write() {
        match tls.write_tls(socket) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => taken += count as u64,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(taken)
}

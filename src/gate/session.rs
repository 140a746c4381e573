//! A TLS session with one client: rustls between the bytes of HTTP and those of the socket, without a thread and
//! without waiting. What the socket does not take stays in the session, which is bounded.

use std::io::{self, IoSlice, Read, Write};
use std::ops::Range;

use mio::net::TcpStream;
use rustls::ServerConnection;

use super::certificate::Certificate;
use super::pending::{PENDING_BYTES_MAX, Share};
use crate::attachment::MemoryFile;

/// Bytes that are encrypted ahead of one client's socket at most: four records, one system call.
const AHEAD_BYTES_MAX: usize = 64 * 1024;

/// The same for a client whose socket has been full in this answer, which is slow or far away, and for everybody as soon as
/// the gates hold half of what they may: one full record.
const AHEAD_BYTES_USUAL: usize = 16 * 1024;

/// The same where the gates hold all that they may.
const AHEAD_BYTES_CROWDED: usize = 2 * 1024;

/// What TLS adds to each record, in bytes, at most (RFC 8446 section 5.2, RFC 5246 section 6.2.3).
const RECORD_OVERHEAD_BYTES: usize = 32;

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
    /// Bytes that the client has sent and that are nothing complete yet: a part of a handshake, or of a record.
    unread: usize,
    /// What it holds of the memory for those.
    unread_share: Share,
    /// Whether the last read has left nothing in the socket.
    emptied: bool,
    /// Bytes that wait for the socket.
    waiting: usize,
    /// What it holds of the memory for those.
    waiting_share: Share,
    /// Whether the socket has been full in this answer.
    is_slow: bool,
}

impl Session {
    /// `unread` and `waiting` are its shares of what all clients may leave half-sent, and half-read.
    pub(super) fn new(certificate: Certificate, unread: Share, waiting: Share) -> Session {
        Session {
            certificate,
            tls: None,
            unread: 0,
            unread_share: unread,
            emptied: false,
            waiting: 0,
            waiting_share: waiting,
            is_slow: false,
        }
    }

    /// Goes on with the handshake as far as the client's bytes allow.
    ///
    /// # Errors
    /// The client is gone, or the two sides cannot agree; it has been sent the alert that says why.
    pub(super) fn handshake(&mut self, socket: &mut TcpStream) -> io::Result<Handshake> {
        if self.tls.is_none() {
            match first_byte(socket) {
                Ok(HANDSHAKE_RECORD) => {
                    self.tls = Some(self.certificate.begin().map_err(io::Error::other)?);
                }
                Ok(_) => return Ok(Handshake::NotTls),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Handshake::Pending);
                }
                Err(error) => return Err(error),
            }
        }
        while self.agreed()?.is_handshaking() {
            match read_records(self.agreed()?, socket) {
                Ok(Heard { count: 0, .. }) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(heard) => self.hear(heard),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    write_records(self.agreed()?, socket)?;
                    self.keep_unread()?;
                    return Ok(Handshake::Pending);
                }
                Err(error) => return Err(error),
            }
        }
        self.forget_unread();
        write_records(self.agreed()?, socket)?;
        Ok(Handshake::Done)
    }

    /// Reads what the client has sent inside of TLS.
    ///
    /// # Errors
    /// `WouldBlock` when nothing more is there, `QuotaExceeded` when there is no room for what came of it, `InvalidData`
    /// for what is no TLS, and what the socket says. An end without an alert is an end as well: a request head says
    /// itself whether it is complete.
    pub(super) fn read(&mut self, socket: &mut TcpStream, into: &mut [u8]) -> io::Result<usize> {
        write_records(self.agreed()?, socket)?; // what a handshake, or an update of the keys, has left to say
        self.emptied = false; // what an earlier read saw says nothing about what has come since
        for _ in 0..FRUITLESS_READS_MAX {
            match self.agreed()?.reader().read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                read => {
                    self.forget_unread();
                    return read;
                }
            }
            match read_records(self.agreed()?, socket) {
                Ok(Heard { count: 0, .. }) => return Ok(0),
                Ok(heard) => self.hear(heard),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.keep_unread()?;
                    return Err(error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::InvalidData.into())
    }

    /// Whether the last read, which gave `count` bytes where `room` were possible, has left nothing behind: neither in
    /// the socket nor of what is decrypted already. What is a part of a record is of no use before the rest comes.
    pub(super) fn is_drained(&self, count: usize, room: usize) -> bool {
        self.emptied && count < room
    }

    /// Some bytes have come. What made us answer was complete.
    fn hear(&mut self, heard: Heard) {
        let is_answered = self.tls.as_ref().is_some_and(|tls| tls.wants_write());
        self.unread = match is_answered {
            true => 0,
            false => self.unread + heard.count,
        };
        self.emptied = heard.emptied;
    }

    /// Makes sure that there is room for what stays, until the rest of it comes.
    fn keep_unread(&mut self) -> io::Result<()> {
        match self.unread_share.hold(self.unread) {
            true => Ok(()),
            false => Err(io::ErrorKind::QuotaExceeded.into()),
        }
    }

    fn forget_unread(&mut self) {
        self.unread = 0;
        self.unread_share.release();
    }

    /// Sets how many bytes may be encrypted ahead of the socket, and returns that.
    fn make_room(&mut self) -> io::Result<usize> {
        let share = &self.waiting_share;
        let room = if !self.is_slow && share.has_room(PENDING_BYTES_MAX / 2) {
            AHEAD_BYTES_MAX
        } else if share.has_room(AHEAD_BYTES_USUAL) {
            AHEAD_BYTES_USUAL
        } else {
            AHEAD_BYTES_CROWDED
        };
        self.agreed()?.set_buffer_limit(Some(room));
        Ok(room)
    }

    fn took(&mut self, count: usize) -> usize {
        if 0 < count {
            let records = count.div_ceil(RECORD_BYTES);
            self.waiting += count + records * RECORD_OVERHEAD_BYTES;
        }
        count
    }

    /// Encrypts as much of `slices` as there is room for, and says how many bytes of them.
    ///
    /// # Errors
    /// The session is broken.
    pub(super) fn take(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.make_room()?;
        let count = self.agreed()?.writer().write_vectored(slices)?;
        Ok(self.took(count))
    }

    /// Encrypts as much of `range` as there is room for, and says how many bytes of it.
    ///
    /// # Errors
    /// The session is broken, or the file cannot be read.
    pub(super) fn take_file(&mut self, file: &MemoryFile, range: Range<u64>) -> io::Result<usize> {
        let most = self.make_room()?.min(RECORD_BYTES) as u64;
        let tls = self.agreed()?;
        let mut record = [0; RECORD_BYTES];
        let mut at = range.start;
        while at < range.end {
            let wanted = (range.end - at).min(most) as usize;
            file.read_exact_at(&mut record[..wanted], at)?;
            let count = tls.writer().write(&record[..wanted])?;
            at += count as u64;
            if count < wanted {
                break;
            }
        }
        Ok(self.took((at - range.start) as usize))
    }

    /// Writes what waits, as far as the socket takes it, and says how many bytes it took.
    ///
    /// # Errors
    /// What the socket says; never `WouldBlock`.
    pub(super) fn push(&mut self, socket: &mut TcpStream) -> io::Result<u64> {
        let Some(tls) = &mut self.tls else {
            return Ok(0);
        };
        let taken = write_records(tls, socket)?;
        if tls.wants_write() {
            self.waiting = self.waiting.saturating_sub(taken as usize);
            self.is_slow = true;
            // Where that is too much, what waits is at most what little was encrypted in a crowd.
            let _ = self.waiting_share.hold(self.waiting);
        } else {
            self.waiting = 0;
            self.waiting_share.release();
        }
        Ok(taken)
    }

    /// An answer is out: the next one may go faster.
    pub(super) fn rest(&mut self) {
        self.is_slow = false;
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

/// What one read from the socket gave.
struct Heard {
    /// How many bytes; 0 at the end of the stream.
    count: usize,
    /// Whether it has left none behind.
    emptied: bool,
}

/// Reads some bytes and does what their records say.
fn read_records(tls: &mut ServerConnection, socket: &mut TcpStream) -> io::Result<Heard> {
    let mut sip = Sip {
        socket,
        emptied: false,
    };
    let count = loop {
        match tls.read_tls(&mut sip) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            count => break count?,
        }
    };
    let emptied = sip.emptied;
    match tls.process_new_packets() {
        Ok(state) => Ok(Heard {
            count,
            emptied: emptied && !state.peer_has_closed(), // then there is an end to be read behind the bytes
        }),
        Err(error) => {
            let _ = write_records(tls, socket); // the alert that says what was wrong, if the socket takes it
            Err(io::Error::new(io::ErrorKind::InvalidData, error))
        }
    }
}

/// Sees, where rustls reads, whether the socket had less than there was room for.
struct Sip<'a> {
    socket: &'a mut TcpStream,
    emptied: bool,
}

impl Read for Sip<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.socket.read(into)?;
        self.emptied = count < into.len();
        Ok(count)
    }
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

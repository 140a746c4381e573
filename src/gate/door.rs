//! The listening side of the one gate that accepts for all.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use log::warn;
use mio::net::TcpListener;
use mio::{Interest, Registry};

use super::actor::LISTENER;
use super::admission::Admission;
use super::certificate::Certificate;
use super::fronts::{Caller, Fronts};
use super::handle::Adopted;
use super::pending::Pending;
use super::refusal::Refusal;
use super::session::Session;
use super::transport::Transport;

/// How long to wait before accepting again when the system has no descriptor or memory left.
const PAUSE: Duration = Duration::from_millis(100);

/// Connections accepted per turn, so that clients that are in already are served between them.
const ACCEPTED_PER_TURN: usize = 64;

/// Accepts clients and decides who gets in.
pub(super) struct Door {
    listener: TcpListener,
    admission: Arc<Admission>,
    fronts: Arc<Fronts>,
    /// What clients are shown; `None`: plain HTTP.
    certificate: Option<Certificate>,
    /// What their sessions may hold, all together: of what clients leave half-sent, and half-read.
    unread: Pending,
    waiting: Pending,
    /// When to try again; set while accepting fails or when a turn's share was used up.
    again: Option<Instant>,
    /// Whether the last try failed, so that an outage is one line in the log and not ten a second.
    failing: bool,
    turn: usize,
}

/// A client that does not get in, and why.
type Refused = (Transport, Caller, Refusal);

impl Door {
    pub(super) fn open(
        listener: std::net::TcpListener,
        (admission, fronts): (Arc<Admission>, Arc<Fronts>),
        certificate: Option<Certificate>,
        (unread, waiting): (Pending, Pending),
        registry: &Registry,
    ) -> io::Result<Door> {
        listener.set_nonblocking(true)?; // it may come from elsewhere with whatever its last owner left
        let mut listener = TcpListener::from_std(listener);
        registry.register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Door {
            listener,
            admission,
            fronts,
            certificate,
            unread,
            waiting,
            again: None,
            failing: false,
            turn: 0,
        })
    }

    /// Takes a share of those who wait outside.
    pub(super) fn accept(&mut self, now: Instant) -> (Vec<Adopted>, Vec<Refused>) {
        let (mut accepted, mut refused) = (Vec::new(), Vec::new());
        self.again = None;
        for _ in 0..ACCEPTED_PER_TURN {
            match self.listener.accept() {
                Ok((socket, address)) => {
                    let caller = self.fronts.caller(address.ip().to_canonical());
                    let session = self.certificate.as_ref().map(|certificate| {
                        let (unread, waiting) = (self.unread.share(), self.waiting.share());
                        Session::new(certificate.clone(), unread, waiting)
                    });
                    let transport = Transport::new(socket, session);
                    self.failing = false;
                    match self.admission.seat(caller.counted()) {
                        Ok(seat) => accepted.push(Adopted {
                            transport,
                            caller,
                            seat,
                        }),
                        Err(refusal) => refused.push((transport, caller, refusal)),
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return (accepted, refused);
                }
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    if !std::mem::replace(&mut self.failing, true) {
                        warn!(
                            "cannot accept connections for the moment: {error}; raise LimitNOFILE or lower PROXY_MAX_CONNECTIONS"
                        );
                    }
                    self.again = Some(now + PAUSE);
                    return (accepted, refused);
                }
            }
        }
        self.again = Some(now);
        (accepted, refused)
    }

    /// Shows another certificate from now on.
    pub(super) fn renew(&mut self, certificate: Certificate) {
        self.certificate = Some(certificate);
    }

    /// Which gate gets the next client: each in turn.
    pub(super) fn next_gate(&mut self, gates: usize) -> usize {
        self.turn = (self.turn + 1) % gates;
        self.turn
    }

    /// Whether to accept again although the poll says nothing.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.again.is_some_and(|again| again <= now)
    }

    /// How long until [`Door::is_due`].
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        self.again.map(|again| again.saturating_duration_since(now))
    }

    /// Stops accepting. The socket is closed, not shut down: a copy that somebody else holds goes on queueing clients.
    pub(super) fn close(mut self, registry: &Registry) {
        if let Err(error) = registry.deregister(&mut self.listener) {
            warn!("could not deregister the listening socket: {error}");
        }
    }
}

/// Errors of one connection that died before it was accepted (accept(2)): the next one may be fine.
fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

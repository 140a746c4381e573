//! One client connection: what it is doing, what it has sent, what it is still owed.

use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::admission::Seat;
use super::asked::Asked;
use super::form;
use super::framing::Vetted;
use super::fronts::Caller;
use super::head::{self, Found, HEAD_BYTES_MAX};
use super::outgoing::Outgoing;
use super::pending::{SMALL_BYTES, Share};
use super::refusal::Refusal;
use super::socket::Socket;
use super::transport::Transport;
use crate::attachment::StreamId;
use crate::meters::State;

/// Longest time for a request head, from its first byte; also for the first head of a new connection, with what comes
/// before it: the PROXY protocol's header and the TLS handshake.
pub(super) const HEAD_TIME_MAX: Duration = Duration::from_secs(10);

/// Longest time for a form, from the end of its head.
const FORM_TIME_MAX: Duration = Duration::from_secs(10);

/// How long a connection may be idle between requests.
pub(super) const IDLE_TIME_MAX: Duration = Duration::from_secs(75);

/// Longest time without any progress while writing. A reader that stands still that long is gone.
pub(super) const WRITE_STALL_MAX: Duration = Duration::from_secs(30);

/// How long a closing connection may go on sending before it is cut: long enough for our last answer to be read,
/// which a reset would destroy on its way (RFC 9112 section 9.6).
const LINGER_TIME_MAX: Duration = Duration::from_secs(2);

/// Bytes read and thrown away from a lingering client at most.
const LINGER_BYTES_MAX: usize = 1024 * 1024;

/// One client. It lives in its gate's slab; dropping it closes the socket and gives its seat back.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) transport: Transport,
    pub(super) caller: Caller,
    pub(super) phase: Phase,
    /// Part of a head, or requests that were sent ahead. Empty, and without memory, for an idle connection.
    received: Vec<u8>,
    /// How much of `received` was searched for the end of a head.
    searched: usize,
    /// A head that is there already, while the form behind it is not.
    awaited: Option<Place>,
    /// What it holds while its client is slow.
    pub(super) pending: Share,
    /// Whether the socket may have something to read: cleared by a short read, set by the poll.
    pub(super) readable: bool,
    /// Whether the poll has said that the client sends no more. It says so only once, perhaps together with the last
    /// bytes, so from then on a short read does not mean that nothing is left to find.
    pub(super) ended: bool,
    /// When to give up on it in this phase.
    pub(super) deadline: Instant,
    /// The tick under which the gate has it noted, if any.
    pub(super) noted: Option<u64>,
    /// Whether it stands in the gate's queue for another share.
    pub(super) queued: bool,
    /// The download whose next bytes it waits for, while the gate has it noted there.
    pub(super) waits_for: Option<StreamId>,
    /// Whether the request under way is a HEAD, so that a refusal has no body either.
    pub(super) bodiless: bool,
    /// What the access log will say of the request under way; kept only if there is one.
    pub(super) asked: Option<Box<Asked>>,
    /// Requests answered so far.
    pub(super) answered: u64,
    /// `None` for a connection beyond the bounds, which is only told so.
    pub(super) seat: Option<Seat>,
    /// As what the gate's meter has it.
    pub(super) counted: Option<State>,
}

/// What a connection is doing.
#[derive(Debug)]
pub(super) enum Phase {
    /// Waiting for the PROXY protocol header of a front. Who gets no seat is told so behind it.
    Introducing { then: Option<Refusal> },
    /// Agreeing on TLS. Who gets no seat is told so behind the handshake, where it can be read.
    Handshaking { then: Option<Refusal> },
    /// Waiting for a request head, or in the middle of one.
    Reading,
    /// The head is on its way through the service; the reply comes under this serial.
    UnderWay {
        serial: u64,
        vetted: Vetted,
        since: Instant,
    },
    /// Being answered.
    Writing {
        outgoing: Box<Outgoing>,
        since: Instant,
    },
    /// We have said everything; reading on until the client closes too.
    Lingering { left: usize },
}

/// Where a request lies among the received bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The first byte of its head, behind empty lines.
    pub(super) start: usize,
    /// The end of its head.
    pub(super) head_end: usize,
    /// The end of the form behind that; the same if there is none.
    pub(super) end: usize,
}

/// What reading gave.
pub(super) enum Heard {
    /// A complete head, with its form, stands at the front of the received bytes.
    Head(Place),
    /// Not yet.
    Nothing,
    /// It never will be a head.
    Bad(Refusal),
    /// The client has closed or is gone.
    Closed,
}

impl Connection {
    pub(super) fn new(
        transport: Transport,
        caller: Caller,
        seat: Option<Seat>,
        pending: Share,
        now: Instant,
    ) -> Connection {
        let phase = match (caller.introduces(), transport.needs_handshake()) {
            (true, _) => Phase::Introducing { then: None },
            (false, true) => Phase::Handshaking { then: None },
            (false, false) => Phase::Reading,
        };
        Connection {
            transport,
            caller,
            phase,
            received: Vec::new(),
            searched: 0,
            awaited: None,
            pending,
            readable: true,
            ended: false,
            deadline: now + HEAD_TIME_MAX,
            noted: None,
            queued: false,
            waits_for: None,
            bodiless: false,
            asked: None,
            answered: 0,
            seat,
            counted: None,
        }
    }

    /// Whether nothing is going on that somebody waits for: no byte of a next head has come, or all is said.
    pub(super) fn is_idle(&self) -> bool {
        match &self.phase {
            Phase::Reading => self.received.is_empty(),
            Phase::Introducing { .. } | Phase::Handshaking { .. } | Phase::Lingering { .. } => true,
            Phase::UnderWay { .. } | Phase::Writing { .. } => false,
        }
    }

    /// Whether its first request is still to come.
    pub(super) fn is_new(&self) -> bool {
        match &self.phase {
            Phase::Introducing { .. } | Phase::Handshaking { .. } | Phase::Reading => {
                self.answered == 0
            }
            Phase::UnderWay { .. } | Phase::Writing { .. } | Phase::Lingering { .. } => false,
        }
    }

    /// What it is doing, for those who watch.
    pub(super) fn state(&self) -> State {
        match &self.phase {
            Phase::Introducing { .. } | Phase::Handshaking { .. } => State::Handshaking,
            Phase::Reading if self.received.is_empty() => State::Idle,
            Phase::Reading => State::Reading,
            Phase::UnderWay { .. } => State::UnderWay,
            Phase::Writing { .. } => State::Writing,
            Phase::Lingering { .. } => State::Lingering,
        }
    }

    /// Reads until a head is complete or nothing more is there. `scratch` is shared by all connections of the gate.
    pub(super) fn hear(&mut self, scratch: &mut [u8], now: Instant) -> Heard {
        loop {
            if self.searched < self.received.len() {
                match self.find() {
                    Ok(Some(place)) if place.end <= self.received.len() => {
                        return Heard::Head(place);
                    }
                    Ok(place) => {
                        self.searched = self.received.len();
                        let bytes = self.received.capacity();
                        let is_kept = match place {
                            Some(_) => self.pending.hold_form(bytes),
                            None => self.pending.hold(bytes),
                        };
                        if !is_kept {
                            self.received = Vec::new();
                            return Heard::Bad(Refusal::Busy);
                        }
                        self.wait_for(place, now);
                    }
                    Err(refusal) => return Heard::Bad(refusal),
                }
            }
            if !self.readable {
                return Heard::Nothing;
            }
            // Never more than one request's worth: what a client sends ahead waits in the kernel.
            let most = self.awaited.map_or(HEAD_BYTES_MAX, |place| place.end);
            let room = most.saturating_sub(self.received.len());
            let room = room.clamp(1, scratch.len());
            match self.transport.read(&mut scratch[..room]) {
                Ok(0) => return Heard::Closed,
                Ok(count) => {
                    self.readable = self.ended || !self.transport.is_drained(count, room);
                    if self.received.is_empty() && 0 < self.answered {
                        self.deadline = now + HEAD_TIME_MAX; // from the first byte of the head
                    }
                    self.received.reserve_exact(count); // doubling would let a flood of half heads cost twice as much
                    self.received.extend_from_slice(&scratch[..count]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::QuotaExceeded => {
                    return Heard::Bad(Refusal::Busy);
                }
                Err(_) => return Heard::Closed,
            }
        }
    }

    /// Where the first request is, as far as it has come.
    fn find(&self) -> Result<Option<Place>, Refusal> {
        if self.awaited.is_some() {
            return Ok(self.awaited);
        }
        match head::find(&self.received, self.searched) {
            Found::Head { start, end } => Ok(Some(Place {
                start,
                head_end: end,
                end: end + form::length(&self.received[start..end]),
            })),
            Found::Partial => Ok(None),
            Found::Bad(refusal) => Err(refusal),
        }
    }

    /// Waits for the rest of a form, if there is one, and asks for it if the client waits for that.
    fn wait_for(&mut self, place: Option<Place>, now: Instant) {
        if let (Some(place), None) = (place, self.awaited) {
            self.deadline = now + FORM_TIME_MAX; // a browser may have connected long before it had a form
            if form::is_held_back(&self.received[place.start..place.head_end]) {
                // A client that does not get it sends its form after a moment all the same.
                let _ = self.transport.send(&[IoSlice::new(form::CONTINUE)], false);
            }
        }
        self.awaited = place;
    }

    /// The address of the client as far as it is known by now.
    pub(super) fn client(&self) -> IpAddr {
        self.caller.address()
    }

    /// The bytes of a head that was heard, those of its form, and who has sent them.
    pub(super) fn request(&mut self, place: Place) -> (&[u8], &[u8], &mut Caller) {
        let Place {
            start,
            head_end,
            end,
        } = place;
        (
            &self.received[start..head_end],
            &self.received[head_end..end],
            &mut self.caller,
        )
    }

    /// What has come of a request, for the access log.
    pub(super) fn asked(&self) -> Asked {
        Asked::of(&self.received)
    }

    /// Whether what has come of a request begins like HEAD, the answer to which has no body even if it is refused.
    pub(super) fn begins_as_head(&self) -> bool {
        let mut bytes = self.received.iter();
        let start = bytes.position(|byte| !matches!(byte, b'\r' | b'\n'));
        start.is_some_and(|start| self.received[start..].starts_with(b"HEAD "))
    }

    /// Forgets the request that ended at `end`; what was sent behind it stays if there is room for that. A large buffer
    /// that is empty is given back: most connections are idle most of the time. `false`: what was sent ahead is lost,
    /// and the connection must end behind its answer.
    pub(super) fn take_head(&mut self, end: usize) -> bool {
        self.searched = 0;
        self.awaited = None;
        self.received.drain(..end);
        if self.received.is_empty() {
            self.pending.release();
            if SMALL_BYTES < self.received.capacity() {
                self.received = Vec::new();
            }
            return true;
        }
        let kept = self.pending.hold(self.received.capacity());
        if !kept {
            self.received = Vec::new();
        }
        kept
    }

    /// Waits for the next request.
    pub(super) fn rest(&mut self, now: Instant) {
        self.phase = Phase::Reading;
        self.transport.rest();
        self.caller.rest();
        let _ = self.pending.hold(self.received.capacity()); // less than while it was answered
        self.bodiless = false;
        self.answered += 1;
        self.deadline = now
            + if self.received.is_empty() {
                IDLE_TIME_MAX
            } else {
                HEAD_TIME_MAX
            };
    }

    /// Whether there is room for a page of our own that waits here until its client reads on.
    pub(super) fn may_wait(&mut self) -> bool {
        let Phase::Writing { outgoing, .. } = &self.phase else {
            return true;
        };
        let page = outgoing.page_bytes();
        page == 0 || self.pending.hold(self.received.capacity() + page)
    }

    /// Whether the client may have sent something that was not read: closing now would reset the connection.
    pub(super) fn has_unread(&self) -> bool {
        self.readable || !self.received.is_empty()
    }

    /// Ends our side and starts to linger.
    pub(super) fn linger(&mut self, now: Instant) {
        self.transport.shut_down();
        self.received = Vec::new();
        self.pending.release();
        self.deadline = now + LINGER_TIME_MAX;
        self.phase = Phase::Lingering {
            left: LINGER_BYTES_MAX,
        };
        self.readable = true;
    }

    /// Throws away what a lingering client sends; `true` when it is time to close.
    pub(super) fn discard(&mut self, scratch: &mut [u8]) -> bool {
        let Phase::Lingering { left } = &mut self.phase else {
            return false;
        };
        while self.readable {
            match self.transport.discard(scratch) {
                Ok(0) => return true,
                Ok(count) if *left < count => return true,
                Ok(count) => *left -= count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return true,
            }
        }
        false
    }
}

//! How the rest of the service reaches the gates.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::admission::Seat;
use super::certificate::Certificate;
use super::fronts::Caller;
use super::ticket::Ticket;
use super::transport::Transport;
use crate::attachment::{Bell, StreamId};
use crate::meters::GateMeter;
use crate::reply::Reply;

/// Depth of a gate's inbox: replies of some turns. A gate never waits for anybody, so it always comes to empty it, and
/// a worker that blocks here for a moment is the back-pressure.
const INBOX_MAX: usize = 1024;

/// The gate that accepts for all.
pub(super) const DOOR_GATE: usize = 0;

/// What a gate is told.
pub(super) enum GateMessage {
    /// A client that another gate has accepted.
    Adopt(Adopted),
    /// The answer to one of its requests.
    Reply(Ticket, Box<Reply>),
    /// A download that some of its clients wait for has more.
    Grown(StreamId),
    /// Show this certificate to new clients, and say so when it is.
    Renew(Certificate, Sender<()>),
    /// Take no more clients, and say so when every one that was taken has been handed to its gate.
    CloseDoor(LeftTo, Sender<()>),
    /// Send a probe, and its number there when it comes back.
    Probe(Sender<usize>),
    /// Finish what is running, end at this moment at the latest.
    Drain(Instant),
}

/// Who takes those clients that have connected and were not accepted yet when the service stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftTo {
    /// The next process: somebody keeps a copy of the listening socket for it.
    Next,
    /// Nobody: closing the socket would reset them, so they are taken in.
    Nobody,
}

/// A client on its way to the gate that will own it.
pub(super) struct Adopted {
    pub(super) transport: Transport,
    pub(super) caller: Caller,
    pub(super) seat: Seat,
}

/// All gates, as everybody else sees them. Cloning shares them.
#[derive(Clone)]
pub struct Gates(Arc<[GateHandle]>);

pub(super) struct GateHandle {
    inbox: Sender<GateMessage>,
    meter: Arc<GateMeter>,
    waker: mio::Waker,
    /// Set by the first who wakes the gate, cleared when it looks: the others save the system call.
    woken: AtomicBool,
}

impl Gates {
    /// At least one waker.
    pub(super) fn new(wakers: Vec<mio::Waker>) -> (Gates, Vec<Receiver<GateMessage>>) {
        let mut inboxes = Vec::new();
        let handles = wakers.into_iter().map(|waker| {
            let (sender, inbox) = bounded(INBOX_MAX);
            inboxes.push(inbox);
            GateHandle {
                inbox: sender,
                meter: Arc::default(),
                waker,
                woken: AtomicBool::new(false),
            }
        });
        (Gates(handles.collect()), inboxes)
    }

    /// How many gates there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// What each gate counts.
    pub fn meters(&self) -> Vec<Arc<GateMeter>> {
        self.0.iter().map(|gate| gate.meter.clone()).collect()
    }

    /// Hands an answer to the gate that owns the client. Blocks while that gate's inbox is full, which it soon is not.
    /// If the client, or the gate, is gone, the answer is dropped.
    pub fn reply(&self, ticket: Ticket, reply: Reply) {
        if let Some(gate) = self.0.get(usize::from(ticket.gate)) {
            gate.send(GateMessage::Reply(ticket, Box::new(reply)));
        }
    }

    /// Hands an answer over without waking the gate: [`Gates::wake`] must follow soon. A gate that wakes up once for
    /// many answers is a switch of threads for many, not for each.
    pub fn post(&self, ticket: Ticket, reply: Reply) {
        if let Some(gate) = self.0.get(usize::from(ticket.gate)) {
            gate.post(GateMessage::Reply(ticket, Box::new(reply)));
        }
    }

    /// Wakes every gate: whoever posted answers and may now have to wait calls this first.
    pub fn wake_all(&self) {
        self.wake(u32::MAX);
    }

    /// Wakes the gates whose bits are set.
    pub fn wake(&self, gates: u32) {
        for (index, gate) in self.0.iter().enumerate() {
            if gates & (1 << index) != 0 {
                gate.wake();
            }
        }
    }

    /// Shows another certificate to whoever connects from now on. Those who are in keep theirs. Blocks until it is so.
    pub fn renew(&self, certificate: Certificate) {
        let (renewed, is_renewed) = bounded(1);
        self.0[DOOR_GATE].send(GateMessage::Renew(certificate, renewed));
        let _ = is_renewed.recv(); // an error means that this gate has ended, and nobody connects any more
    }

    /// Sends a probe through every gate, whose number comes to `back` when it has returned. `back` has room for one of
    /// each. Call it when no probe is on its way.
    pub fn probe(&self, back: &Sender<usize>) {
        for gate in self.0.iter() {
            gate.send(GateMessage::Probe(back.clone()));
        }
    }

    /// Asks every gate to stop taking clients, to finish what is running and to end by `until`. Blocks until no more
    /// clients can come, for a gate that had ended before would drop one that was just on its way to it.
    pub fn drain(&self, until: Instant, waiting: LeftTo) {
        let (closed, door_closed) = bounded(1);
        self.0[DOOR_GATE].send(GateMessage::CloseDoor(waiting, closed));
        let _ = door_closed.recv(); // an error means that this gate has ended already
        for gate in self.0.iter() {
            gate.send(GateMessage::Drain(until));
        }
    }

    /// Hands a client to another gate. Never blocks, for gates must not wait for each other.
    pub(super) fn adopt(&self, gate: usize, adopted: Adopted) -> Result<(), Adopted> {
        match self.0[gate].inbox.try_send(GateMessage::Adopt(adopted)) {
            Ok(()) => {
                self.0[gate].wake();
                Ok(())
            }
            Err(error) => match error.into_inner() {
                GateMessage::Adopt(adopted) => Err(adopted),
                GateMessage::Reply(..)
                | GateMessage::Grown(_)
                | GateMessage::Renew(..)
                | GateMessage::CloseDoor(..)
                | GateMessage::Probe(_)
                | GateMessage::Drain(_) => {
                    unreachable!("sent above")
                }
            },
        }
    }

    /// Called by a gate before it empties its inbox: who sends after this wakes it again.
    pub(super) fn looking(&self, gate: usize) {
        self.0[gate].woken.store(false, Ordering::SeqCst);
    }
}

impl Bell for Gates {
    fn ring(&self, gates: u32, stream: StreamId) {
        for (index, gate) in self.0.iter().enumerate() {
            if gates & (1 << index) != 0 {
                gate.send(GateMessage::Grown(stream));
            }
        }
    }
}

impl GateHandle {
    fn send(&self, message: GateMessage) {
        // An error means that the gate has ended, and its clients with it.
        if self.inbox.send(message).is_ok() {
            self.wake();
        }
    }

    fn post(&self, message: GateMessage) {
        // Blocks only behind a wake-up: a gate that sleeps before a full inbox would never empty it.
        if let Err(TrySendError::Full(message)) = self.inbox.try_send(message) {
            self.wake();
            self.send(message);
        }
    }

    fn wake(&self) {
        if !self.woken.swap(true, Ordering::SeqCst) {
            let woken: io::Result<()> = self.waker.wake();
            debug_assert!(
                woken.is_ok(),
                "an eventfd takes a wake-up unless the process is out of memory: {woken:?}"
            );
        }
    }
}

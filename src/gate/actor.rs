//! The thread of a gate: one wait, then whatever has happened, client by client.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use log::debug;
use mio::{Events, Interest, Poll, Token};

use super::admission::{Seat, UnderWay};
use super::clients::Clients;
use super::connection::{Connection, Phase};
use super::door::Door;
use super::fronts::{Caller, Fronts};
use super::handle::{Adopted, GateMessage, Gates, LeftTo};
use super::link::Link;
use super::probe::Probe;
use super::refusal::Refusal;
use super::serve::refuse;
use super::transport::Transport;
use crate::meters::Number;

pub(super) const WAKER: Token = Token(usize::MAX);
pub(super) const LISTENER: Token = Token(usize::MAX - 1);
pub(super) const LINK: Token = Token(usize::MAX - 2);

/// Events taken per wait; more wait for the next turn. Each may be a handshake that signs with RSA, some milliseconds, and
/// messages, with the probes of the watchdog among them, are taken between turns.
const EVENTS_MAX: usize = 128;

/// Messages taken per turn, so that clients are served between them.
const MESSAGES_PER_TURN: usize = 1024;

/// Connections beyond the bounds that are told why before they are closed; more are closed without a word.
pub(super) const UNSEATED_MAX: usize = 256;

/// Turns of accepting before the door is closed: enough for all whom the kernel holds.
const LAST_TURNS_MAX: usize = 64;

/// How long an idle connection is left open when a drain begins: a request that is on its way is still answered.
pub(super) const DRAIN_IDLE_TIME: Duration = Duration::from_millis(150);

/// The same for one that has not asked for anything yet: its client has only just come. Browsers also connect without ever
/// asking, and nobody shall wait for them for long.
const DRAIN_FIRST_TIME: Duration = Duration::from_secs(1);

/// A gate before its thread runs. Made by [`super::open`].
pub struct Gate {
    pub(super) index: usize,
    pub(super) poll: Poll,
    pub(super) inbox: Receiver<GateMessage>,
    pub(super) gates: Gates,
    pub(super) link: Link,
    /// The listening socket, at the one gate that accepts for all.
    pub(super) door: Option<Door>,
    pub(super) fronts: Arc<Fronts>,
    pub(super) under_way: UnderWay,
    pub(super) clients: Clients,
    pub(super) probe: Probe,
}

impl Gate {
    /// Serves clients until a drain is over.
    ///
    /// # Errors
    /// The poll or the link is broken: the service cannot go on.
    pub fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        loop {
            let now = Instant::now();
            if self.is_over(now) {
                self.close_rest(now);
                return Ok(());
            }
            match self.poll.poll(&mut events, self.wait(now)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result?,
            }
            let now = Instant::now(); // the one clock of this turn
            self.gates.looking(self.index);
            for event in &events {
                match event.token() {
                    WAKER => {}
                    LISTENER => self.accept(now),
                    LINK => self.link.listen()?,
                    Token(slot) => self.client_event(slot, event, now),
                }
            }
            for _ in 0..MESSAGES_PER_TURN {
                let Ok(message) = self.inbox.try_recv() else {
                    break;
                };
                self.handle(message, now);
            }
            for _ in 0..self.clients.queue.len() {
                let Some(slot) = self.clients.queue.pop_front() else {
                    break;
                };
                if let Some(connection) = self.clients.connections.get_mut(slot) {
                    connection.queued = false;
                    self.serve(slot, now);
                }
            }
            for note in self.clients.deadlines.take_due(now) {
                self.due(note, now);
            }
            if self.door.as_ref().is_some_and(|door| door.is_due(now)) {
                self.accept(now);
            }
            self.link.flush()?;
        }
    }

    fn wait(&self, now: Instant) -> Option<Duration> {
        if !self.clients.queue.is_empty() || !self.inbox.is_empty() {
            return Some(Duration::ZERO);
        }
        let door = self.door.as_ref().and_then(|door| door.wait(now));
        let drain = self
            .clients
            .draining
            .map(|until| until.saturating_duration_since(now));
        [self.clients.deadlines.wait(now), door, drain]
            .into_iter()
            .flatten()
            .min()
    }

    fn is_over(&self, now: Instant) -> bool {
        self.clients
            .draining
            .is_some_and(|until| until <= now || self.clients.connections.is_empty())
    }

    fn handle(&mut self, message: GateMessage, now: Instant) {
        match message {
            GateMessage::Adopt(Adopted {
                transport,
                caller,
                seat,
            }) => {
                self.admit(transport, caller, seat, now);
            }
            GateMessage::Reply(ticket, reply) => self.answer(ticket, *reply, now),
            GateMessage::Grown(stream) => {
                for slot in self.clients.take_waiting(stream) {
                    self.serve(slot, now);
                }
            }
            GateMessage::Renew(certificate, renewed) => {
                if let Some(door) = &mut self.door {
                    self.clients.meter.certificate_end.set(certificate.end());
                    door.renew(certificate);
                }
                let _ = renewed.send(()); // it has room for this one
            }
            GateMessage::CloseDoor(waiting, closed) => {
                match waiting {
                    LeftTo::Next => {}
                    LeftTo::Nobody => self.accept_all(now),
                }
                if let Some(door) = self.door.take() {
                    door.close(self.poll.registry());
                }
                let _ = closed.send(()); // it has room for this one
            }
            GateMessage::Probe(back) => self.probe(back),
            GateMessage::Drain(until) => self.drain(until, now),
        }
    }

    fn accept(&mut self, now: Instant) {
        let Some(door) = &mut self.door else { return };
        let (accepted, refused) = door.accept(now);
        let taken = accepted.len() + refused.len();
        self.clients.meter.accepted.add(taken as u64);
        for adopted in accepted {
            let gate = self
                .door
                .as_mut()
                .map_or(self.index, |door| door.next_gate(self.gates.count()));
            let kept = if gate == self.index {
                Err(adopted)
            } else {
                self.gates.adopt(gate, adopted)
            };
            if let Err(Adopted {
                transport,
                caller,
                seat,
            }) = kept
            {
                self.admit(transport, caller, seat, now);
            }
        }
        for (transport, caller, refusal) in refused {
            if UNSEATED_MAX <= self.clients.unseated {
                continue; // a flood: closing is all we can afford
            }
            self.clients.unseated += 1;
            let mut connection =
                Connection::new(transport, caller, None, self.clients.pending.share(), now);
            match &mut connection.phase {
                Phase::Introducing { then } | Phase::Handshaking { then } => *then = Some(refusal),
                Phase::Reading
                | Phase::UnderWay { .. }
                | Phase::Writing { .. }
                | Phase::Lingering { .. } => {
                    refuse(
                        &mut connection,
                        refusal,
                        &self.clients.meter,
                        &self.clients.access,
                        now,
                    );
                }
            }
            self.adopt(connection, now);
        }
    }

    /// Takes everybody who has connected so far; who does that meanwhile is taken as well, within bounds.
    fn accept_all(&mut self, now: Instant) {
        for _ in 0..LAST_TURNS_MAX {
            self.accept(now);
            if self.door.as_ref().is_none_or(|door| !door.is_due(now)) {
                return;
            }
        }
    }

    fn admit(&mut self, transport: Transport, caller: Caller, seat: Seat, now: Instant) {
        let pending = self.clients.pending.share();
        let connection = Connection::new(transport, caller, Some(seat), pending, now);
        self.adopt(connection, now);
    }

    fn adopt(&mut self, mut connection: Connection, now: Instant) {
        let entry = self.clients.connections.vacant_entry();
        let slot = entry.key();
        let registered = self.poll.registry().register(
            &mut connection.transport.socket,
            Token(slot),
            Interest::READABLE | Interest::WRITABLE, // once for its life: edge-triggered
        );
        if let Err(error) = registered {
            debug!("could not watch a connection: {error}");
            self.clients.unseated -= usize::from(connection.seat.is_none());
            return;
        }
        entry.insert(connection);
        self.serve(slot, now);
    }

    fn client_event(&mut self, slot: usize, event: &mio::event::Event, now: Instant) {
        crate::sabotage::point("gate");
        let Some(connection) = self.clients.connections.get_mut(slot) else {
            return;
        };
        connection.ended |= event.is_read_closed();
        connection.readable |= event.is_readable() || connection.ended;
        if event.is_write_closed() || event.is_error() {
            self.close(slot, now);
        } else {
            self.serve(slot, now);
        }
    }

    /// Ends those for whom the drain was too short; the log says whose answer was cut.
    fn close_rest(&mut self, now: Instant) {
        while let Some((slot, connection)) = self.clients.connections.iter_mut().next() {
            if matches!(connection.phase, Phase::UnderWay { .. }) {
                refuse(
                    connection,
                    Refusal::Stopping,
                    &self.clients.meter,
                    &self.clients.access,
                    now,
                );
                self.serve(slot, now); // a few hundred bytes: they fit into any socket at once
            }
            self.close(slot, now);
        }
    }

    fn drain(&mut self, until: Instant, now: Instant) {
        self.clients.draining = Some(until);
        let slots: Vec<usize> = self
            .clients
            .connections
            .iter()
            .map(|(slot, _)| slot)
            .collect();
        for slot in slots {
            let connection = &mut self.clients.connections[slot];
            if connection.is_idle() {
                let time = match connection.is_new() {
                    true => DRAIN_FIRST_TIME,
                    false => DRAIN_IDLE_TIME,
                };
                connection.deadline = connection.deadline.min(now + time);
                self.clients.note(slot, now);
            }
        }
    }
}

#[cfg(test)]
#[path = "actor_tests.rs"]
mod tests;

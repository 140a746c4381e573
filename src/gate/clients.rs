//! All clients of one gate, and what is pending for them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use slab::Slab;

use super::actor::DRAIN_IDLE_TIME;
use super::connection::Connection;
use super::deadlines::Deadlines;
use super::head::HEAD_BYTES_MAX;
use super::pending::Pending;
use crate::attachment::StreamId;
use crate::logging::Access;
use crate::meters::GateMeter;

/// How far ahead a deadline is noted at most. A note stays until its time comes, also when its connection has gone, so
/// this bounds how many of them there are.
pub(super) const NOTE_AHEAD_MAX: Duration = Duration::from_secs(60);

/// All clients of a gate and what is pending for them.
pub(super) struct Clients {
    pub(super) connections: Slab<Connection>,
    pub(super) deadlines: Deadlines,
    /// Who has more to do than one turn allows.
    pub(super) queue: VecDeque<usize>,
    /// Who waits for which download.
    pub(super) waiting: HashMap<StreamId, Vec<usize>>,
    pub(super) scratch: Box<[u8]>,
    /// What all gates hold for slow clients.
    pub(super) pending: Pending,
    /// Where requests are noted, if anywhere.
    pub(super) access: Option<Access>,
    pub(super) serial: u64,
    /// Connections beyond the bounds, which are only being told so.
    pub(super) unseated: usize,
    pub(super) draining: Option<Instant>,
    pub(super) meter: Arc<GateMeter>,
}

impl Clients {
    pub(super) fn new(
        pending: Pending,
        meter: Arc<GateMeter>,
        access: Option<Access>,
        now: Instant,
    ) -> Clients {
        Clients {
            connections: Slab::new(),
            deadlines: Deadlines::new(now),
            queue: VecDeque::new(),
            waiting: HashMap::new(),
            scratch: vec![0; HEAD_BYTES_MAX].into(),
            pending,
            access,
            serial: 0,
            unseated: 0,
            draining: None,
            meter,
        }
    }
}

impl Clients {
    /// Counts what `slot` is doing now.
    pub(super) fn count(&mut self, slot: usize) {
        if let Some(connection) = self.connections.get_mut(slot) {
            let state = Some(connection.state());
            if connection.counted != state {
                self.meter.moved(connection.counted, state);
                connection.counted = state;
            }
        }
    }

    /// Waits for the next request of a client that was told that it may ask again; in a drain only for a moment, for
    /// perhaps it just has.
    pub(super) fn rest(&mut self, slot: usize, now: Instant) {
        let connection = &mut self.connections[slot];
        connection.rest(now);
        if self.draining.is_some() {
            connection.deadline = now + DRAIN_IDLE_TIME;
        }
    }

    /// Makes sure that the deadline of `slot` comes up.
    pub(super) fn note(&mut self, slot: usize, now: Instant) {
        if let Some(connection) = self.connections.get_mut(slot) {
            let at = connection.deadline.min(now + NOTE_AHEAD_MAX);
            let tick = self.deadlines.tick(at) + 1;
            if connection.noted.is_none_or(|noted| tick < noted) {
                connection.noted = Some(self.deadlines.note(slot, at));
            }
        }
    }

    /// Takes everybody who waits for more of `stream`.
    pub(super) fn take_waiting(&mut self, stream: StreamId) -> Vec<usize> {
        let slots = self.waiting.remove(&stream).unwrap_or_default();
        for slot in &slots {
            if let Some(connection) = self.connections.get_mut(*slot)
                && connection.waits_for == Some(stream)
            {
                connection.waits_for = None;
            }
        }
        slots
    }

    pub(super) fn remove(&mut self, slot: usize) -> Option<Connection> {
        let connection = self.connections.try_remove(slot)?;
        self.meter.moved(connection.counted, None);
        self.unseated -= usize::from(connection.seat.is_none());
        if let Some(stream) = connection.waits_for
            && let Some(slots) = self.waiting.get_mut(&stream)
        {
            slots.retain(|waiting| *waiting != slot);
            if slots.is_empty() {
                self.waiting.remove(&stream);
            }
        }
        Some(connection)
    }
}

//! What one gate counts.

use std::time::Duration;

use super::histogram::Histogram;
use super::number::{Number, Own};
use super::words::{Refused, Source, State, Status};

/// The cells of one gate thread, the only one that writes them. They begin and end in cache lines of their own, two at
/// a time as the processor fetches them.
#[repr(align(128))]
#[derive(Debug, Default)]
pub struct GateMeter {
    /// Clients accepted, whether or not there was a seat for them.
    pub accepted: Own,
    /// When the certificate that clients are shown ends, in seconds since 1970, at the gate that accepts; 0 if there is
    /// none.
    pub certificate_end: Own,
    connections: [Own; State::ALL.len()],
    requests: [[Own; Source::ALL.len()]; Status::ALL.len()],
    durations: [Histogram; Source::ALL.len()],
    bytes: [Own; Source::ALL.len()],
    aborted: [Own; Source::ALL.len()],
    refusals: [Own; Refused::ALL.len()],
}

impl GateMeter {
    /// A request is answered: with this status, from there, so many bytes, from its head to its last byte.
    pub fn served(&self, status: u16, source: Source, bytes: u64, took: Duration) {
        self.requests[Status::of(status) as usize][source as usize].add(1);
        self.durations[source as usize].observe(took);
        self.bytes[source as usize].add(bytes);
    }

    /// An answer ended before its end, after so many bytes.
    pub fn aborted(&self, source: Source, bytes: u64) {
        self.aborted[source as usize].add(1);
        self.bytes[source as usize].add(bytes);
    }

    /// A request, or a connection, was turned away.
    pub fn refused(&self, why: Refused) {
        self.refusals[why as usize].add(1);
    }

    /// A connection is doing something else now; `None` before it came and after it went.
    pub fn moved(&self, from: Option<State>, to: Option<State>) {
        if let Some(from) = from {
            self.connections[from as usize].take(1);
        }
        if let Some(to) = to {
            self.connections[to as usize].add(1);
        }
    }

    /// Connections that are doing this now.
    pub fn connections(&self, state: State) -> u64 {
        self.connections[state as usize].get()
    }

    /// Requests answered with this status from there.
    pub fn requests(&self, status: Status, source: Source) -> u64 {
        self.requests[status as usize][source as usize].get()
    }

    /// Requests answered from there.
    pub fn requests_from(&self, source: Source) -> u64 {
        let requests = Status::ALL.map(|status| self.requests(status, source));
        requests.iter().sum()
    }

    /// How long they took.
    pub fn durations(&self, source: Source) -> &Histogram {
        &self.durations[source as usize]
    }

    /// Bytes of bodies sent from there.
    pub fn bytes(&self, source: Source) -> u64 {
        self.bytes[source as usize].get()
    }

    /// Answers from there that ended before their end.
    pub fn aborted_from(&self, source: Source) -> u64 {
        self.aborted[source as usize].get()
    }

    /// Requests and connections turned away for this reason.
    pub fn refusals(&self, why: Refused) -> u64 {
        self.refusals[why as usize].get()
    }

    /// Adds everything that another gate has counted.
    pub fn include(&self, other: &GateMeter) {
        let lists = [
            (&self.connections[..], &other.connections[..]),
            (&self.bytes, &other.bytes),
            (&self.aborted, &other.aborted),
            (&self.refusals, &other.refusals),
            (self.requests.as_flattened(), other.requests.as_flattened()),
        ];
        self.accepted.add(other.accepted.get());
        self.certificate_end.add(other.certificate_end.get()); // all others have none
        for (cell, more) in lists
            .into_iter()
            .flat_map(|(own, other)| own.iter().zip(other))
        {
            cell.add(more.get());
        }
        for (own, other) in self.durations.iter().zip(&other.durations) {
            own.include(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_gates_are_one_sum() {
        let gates = [GateMeter::default(), GateMeter::default()];
        for (gate, status) in gates.iter().zip([200, 304]) {
            gate.accepted.add(1);
            gate.moved(None, Some(State::Reading));
            gate.moved(Some(State::Reading), Some(State::Idle));
            gate.served(status, Source::Hit, 1000, Duration::from_millis(1));
            gate.aborted(Source::Miss, 10);
            gate.refused(Refused::Slow);
        }
        gates[1].moved(Some(State::Idle), None);
        let sum = GateMeter::default();
        gates.iter().for_each(|gate| sum.include(gate));
        assert_eq!(sum.accepted.get(), 2);
        assert_eq!(sum.connections(State::Reading), 0);
        assert_eq!(sum.connections(State::Idle), 1);
        assert_eq!(sum.requests(Status::NotModified, Source::Hit), 1);
        assert_eq!(sum.requests_from(Source::Hit), 2);
        assert_eq!(sum.durations(Source::Hit).count(), 2);
        assert_eq!(
            (sum.bytes(Source::Hit), sum.bytes(Source::Miss)),
            (2000, 20)
        );
        assert_eq!(sum.aborted_from(Source::Miss), 2);
        assert_eq!(sum.refusals(Refused::Slow), 2);
    }
}

//! How many clients and requests there may be at once, counted for all gates together.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::form::FORM_BYTES_MAX;
use super::refusal::Refusal;

/// Requests between a gate and a worker at most. It is also the depth of the acceptor's channel, so that nothing
/// behind a gate can queue without bound. A request that waits for Confluence is not counted here: it costs no thread
/// and has its own bound in the cache, and hits must not be shed because misses wait.
pub const REQUESTS_UNDER_WAY_MAX: usize = 1024;

/// Bytes of forms between a gate and a worker at most: eight of the longest ones. More would keep people who want a
/// file waiting behind them, and is no crowd of people with documents.
const FORM_BYTES_UNDER_WAY_MAX: usize = 8 * FORM_BYTES_MAX;

/// Which part of all connections one client address may hold: one broken script must not lock out everybody else.
const ADDRESS_SHARE: usize = 4;

/// Counts requests on their way to a worker. Entered by a gate, left by the worker that took the request up.
#[derive(Clone, Debug, Default)]
pub struct UnderWay(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    requests: AtomicUsize,
    form_bytes: AtomicUsize,
}

impl UnderWay {
    /// Takes a place for a request with a form of so many bytes; `false` when all are taken.
    pub(super) fn enter(&self, form_bytes: usize) -> bool {
        let requests = self.0.requests.fetch_add(1, Ordering::Relaxed);
        let forms = match form_bytes {
            0 => 0,
            form_bytes => self.0.form_bytes.fetch_add(form_bytes, Ordering::Relaxed) + form_bytes,
        };
        if requests < REQUESTS_UNDER_WAY_MAX && forms <= FORM_BYTES_UNDER_WAY_MAX {
            return true;
        }
        self.leave(form_bytes);
        false
    }

    /// Takes a place for a probe, also when all are taken.
    pub(super) fn enter_always(&self) {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Gives the place back.
    pub fn leave(&self, form_bytes: usize) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
        if form_bytes != 0 {
            self.0.form_bytes.fetch_sub(form_bytes, Ordering::Relaxed);
        }
    }
}

/// Who may connect.
#[derive(Debug)]
pub(super) struct Admission {
    connections_max: usize,
    seats: Mutex<Seats>,
}

#[derive(Debug, Default)]
struct Seats {
    taken: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Admission {
    pub(super) fn new(connections_max: usize) -> Admission {
        Admission {
            connections_max,
            seats: Mutex::default(),
        }
    }

    /// Takes a seat for a connection, held until the returned value is dropped. It counts among those of `address`; among
    /// nobody's if it is that of a front.
    pub(super) fn seat(self: &Arc<Admission>, address: Option<IpAddr>) -> Result<Seat, Refusal> {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        if self.connections_max <= seats.taken {
            return Err(Refusal::Crowded);
        }
        if let Some(address) = address {
            self.count(&mut seats, address)?;
        }
        seats.taken += 1;
        Ok(Seat {
            admission: self.clone(),
            address,
        })
    }

    fn count(&self, seats: &mut Seats, address: IpAddr) -> Result<(), Refusal> {
        let of_address = seats.by_address.entry(address).or_insert(0);
        if (self.connections_max / ADDRESS_SHARE).max(1) <= *of_address {
            return Err(Refusal::AddressCrowded);
        }
        *of_address += 1;
        Ok(())
    }
}

/// One admitted connection.
#[derive(Debug)]
pub(super) struct Seat {
    admission: Arc<Admission>,
    /// Among whose connections it counts; `None`: nobody's.
    address: Option<IpAddr>,
}

impl Seat {
    /// Counts it among those of an address that a front has named.
    pub(super) fn count(&mut self, address: IpAddr) -> Result<(), Refusal> {
        let seats = &self.admission.seats;
        let mut seats = seats.lock().unwrap_or_else(PoisonError::into_inner);
        self.admission.count(&mut seats, address)?;
        self.address = Some(address);
        Ok(())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self
            .admission
            .seats
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        seats.taken -= 1;
        if let Some(address) = &self.address
            && let Some(count) = seats.by_address.get_mut(address)
        {
            *count -= 1;
            if *count == 0 {
                seats.by_address.remove(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_bounded_in_all_and_by_address_and_come_back() {
        let admission = Arc::new(Admission::new(8));
        let address = |n: u8| Some(IpAddr::from([10, 0, 0, n]));
        let mut seats: Vec<Seat> = (0..2)
            .map(|_| admission.seat(address(1)).expect("a free seat"))
            .collect();
        assert_eq!(
            admission.seat(address(1)).err(),
            Some(Refusal::AddressCrowded)
        );
        seats.extend((0..6).map(|n| admission.seat(address(2 + n)).expect("a free seat")));
        assert_eq!(admission.seat(address(99)).err(), Some(Refusal::Crowded));
        seats.clear();
        assert!(admission.seat(address(1)).is_ok());
        assert!(
            admission
                .seats
                .lock()
                .expect("not poisoned")
                .by_address
                .is_empty()
        );
    }

    #[test]
    fn places_for_requests_are_bounded() {
        let under_way = UnderWay::default();
        assert!((0..REQUESTS_UNDER_WAY_MAX).all(|_| under_way.enter(0)));
        assert!(!under_way.enter(0));
        under_way.leave(0);
        assert!(under_way.enter(0));
        let under_way = UnderWay::default();
        assert!((0..8).all(|_| under_way.enter(FORM_BYTES_MAX)));
        assert!(!under_way.enter(1) && under_way.enter(0));
        under_way.leave(FORM_BYTES_MAX);
        assert!(under_way.enter(FORM_BYTES_MAX) && !under_way.enter(1));
    }
}

//! What gates hold in memory of their own for clients that are slow, counted for all gates together.
//!
//! Only what stays when a gate turns to another client is counted, so a request whose head comes in one read and whose
//! answer goes out in one write never touches the counter.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes at most. A thousand of the largest heads at a time, or a thousand readers each with a full record that waits, is
/// more than any honest crowd has; all connections together could hold four times as much.
pub(super) const PENDING_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The same at which no more of a form is kept, so that half forms, which are large, leave room for half heads and for
/// answers that wait.
const FORMS_BYTES_MAX: usize = PENDING_BYTES_MAX / 4;

/// Up to this many bytes a connection may hold uncounted: one that is just slow is served also in a flood, and costs
/// nothing to count.
pub(super) const SMALL_BYTES: usize = 1024;

/// The counter.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending(Arc<AtomicUsize>);

impl Pending {
    /// The share of one connection, which holds nothing yet.
    pub(super) fn share(&self) -> Share {
        Share {
            pending: self.clone(),
            bytes: 0,
        }
    }
}

/// What one connection holds. Dropping it takes that off the counter.
#[derive(Debug)]
pub(super) struct Share {
    pending: Pending,
    bytes: usize,
}

impl Share {
    /// It holds this much now. `false`: there is no room for that, and it must not be kept.
    pub(super) fn hold(&mut self, bytes: usize) -> bool {
        let counted = if bytes <= SMALL_BYTES { 0 } else { bytes };
        if counted == self.bytes {
            return true;
        }
        self.release();
        let before = self.pending.0.fetch_add(counted, Ordering::Relaxed);
        self.bytes = counted;
        if counted == 0 || before + counted <= PENDING_BYTES_MAX {
            return true;
        }
        self.release();
        false
    }

    /// The same for a part of a form.
    pub(super) fn hold_form(&mut self, bytes: usize) -> bool {
        self.has_room(PENDING_BYTES_MAX - FORMS_BYTES_MAX + bytes) && self.hold(bytes)
    }

    /// Whether it may hold this much, as far as can be told without taking it.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        let others = self.pending.0.load(Ordering::Relaxed) - self.bytes;
        others + bytes <= PENDING_BYTES_MAX
    }

    /// It holds nothing any more.
    pub(super) fn release(&mut self) {
        if self.bytes != 0 {
            self.pending.0.fetch_sub(self.bytes, Ordering::Relaxed);
            self.bytes = 0;
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_but_a_little_is_always_allowed() {
        let pending = Pending::default();
        let held = || pending.0.load(Ordering::Relaxed);
        let (mut one, mut other) = (pending.share(), pending.share());
        assert!(one.hold(PENDING_BYTES_MAX - 10_000) && other.hold(10_000));
        let mut third = pending.share();
        assert!(!third.hold(SMALL_BYTES + 1));
        assert_eq!(held(), PENDING_BYTES_MAX);
        assert!(third.hold(SMALL_BYTES));
        assert!(!other.hold(10_001), "it may not grow");
        assert!(other.hold(5_000), "but shrink");
        drop((one, third));
        assert_eq!(held(), 5_000);
        assert!(other.hold(SMALL_BYTES));
        assert_eq!(held(), 0);
    }

    #[test]
    fn forms_leave_room_for_everything_else() {
        let pending = Pending::default();
        let (mut form, mut other) = (pending.share(), pending.share());
        assert!(form.hold_form(FORMS_BYTES_MAX - 5000) && other.hold_form(5000));
        assert!(!other.hold_form(5001) && form.hold_form(FORMS_BYTES_MAX - 5000));
        let mut head = pending.share();
        assert!(head.hold(PENDING_BYTES_MAX / 2));
        assert!(!form.hold_form(2000), "what others hold counts as well");
    }
}

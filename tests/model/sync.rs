//! In place of `src/attachment/sync.rs`: the same names, each access a place where another thread may go on.

use std::sync::Arc;

pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use shuttle::sync::{Condvar, Mutex};

/// The real cell, which never blocks, with a place to switch threads before each access.
#[derive(Debug)]
pub(crate) struct OnceLock<T> {
    cell: std::sync::OnceLock<T>,
    accessed: AtomicBool,
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        OnceLock {
            cell: std::sync::OnceLock::new(),
            accessed: AtomicBool::new(false),
        }
    }
}

impl<T> OnceLock<T> {
    pub(crate) fn get(&self) -> Option<&T> {
        self.accessed.load(Ordering::SeqCst);
        self.cell.get()
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        self.accessed.store(true, Ordering::SeqCst);
        self.cell.set(value)
    }

    /// Nobody else can have it: no place to switch.
    pub(crate) fn take(&mut self) -> Option<T> {
        self.cell.take()
    }
}

/// A channel with one slot, for news that is as good once as often.
#[derive(Debug)]
struct Slot<T> {
    value: Mutex<Option<T>>,
    filled: Condvar,
}

#[derive(Debug)]
pub(crate) struct Sender<T>(Arc<Slot<T>>);

#[derive(Debug)]
pub(crate) struct Receiver<T>(Arc<Slot<T>>);

pub(crate) fn bounded<T>(slots: usize) -> (Sender<T>, Receiver<T>) {
    assert_eq!(slots, 1, "another kind of channel needs another model");
    let slot = Arc::new(Slot {
        value: Mutex::new(None),
        filled: Condvar::new(),
    });
    (Sender(slot.clone()), Receiver(slot))
}

impl<T> Sender<T> {
    pub(crate) fn try_send(&self, new: T) -> Result<(), T> {
        let mut value = self.0.value.lock().expect("nobody panics with it");
        if value.is_some() {
            return Err(new);
        }
        *value = Some(new);
        self.0.filled.notify_one();
        Ok(())
    }
}

impl<T> Receiver<T> {
    /// Waits without end: the sender lives in what the receiver's owner holds.
    pub(crate) fn recv(&self) -> Result<T, std::convert::Infallible> {
        let value = self.0.value.lock().expect("nobody panics with it");
        let mut value = self
            .0
            .filled
            .wait_while(value, |value| value.is_none())
            .expect("nobody panics with it");
        Ok(value.take().expect("it was waited for"))
    }
}

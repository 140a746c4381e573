//! What those see of the cache who only look.

use std::sync::Arc;

use super::entry::Entry;
use super::store::Locked;
use crate::meters::{CacheFigures, CacheMeter};

/// Copies looked at while the lock is held once: hits must not wait for somebody who is curious.
const LOOKED_AT: usize = 128;

/// A look at the cache that changes nothing and keeps nothing alive but the store itself: the actor ends without regard
/// to it.
#[derive(Clone)]
pub struct Watch<F> {
    pub(super) store: Arc<Locked<F>>,
    pub(super) meter: Arc<CacheMeter>,
}

impl<F: Clone> Watch<F> {
    /// What the store says of itself.
    pub fn figures(&self) -> CacheFigures {
        self.store.with(|store| store.figures())
    }

    /// What the actor counts.
    pub fn meter(&self) -> Arc<CacheMeter> {
        self.meter.clone()
    }

    /// Shows every copy that is kept to `look`, which runs without the lock. What comes or goes meanwhile may be missed.
    pub fn each(&self, mut look: impl FnMut(&Arc<Entry>)) {
        let mut last = None;
        loop {
            let some = self.store.with(|store| store.after(last, LOOKED_AT));
            let Some((number, _)) = some.last() else {
                return;
            };
            last = Some(*number);
            some.iter().for_each(|(_, entry)| look(entry));
        }
    }
}

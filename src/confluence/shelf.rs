//! What Confluence was asked a moment ago: each question once, however many want to know.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::UpstreamError;

/// How long a failed question is not repeated: those who waited for it get the same failure, and nobody else asks into
/// the same trouble at once.
const FAILURE_HOLDS: Duration = Duration::from_secs(1);

/// Answers by question. Whoever asks first goes and finds out; the others wait for him.
///
/// Bounded by `items_max`; each answer holds for `ttl`.
pub(super) struct Shelf<K, V> {
    slots: Mutex<HashMap<K, Slot<V>>>,
    changed: Condvar,
    ttl: Duration,
    items_max: usize,
}

enum Slot<V> {
    /// Somebody is finding out.
    Asking {
        /// Whether the answer is to be forgotten at once, because somebody knows that something has changed.
        outdated: bool,
    },
    /// What was found out, and until when that holds.
    Known(Result<V, UpstreamError>, Instant),
}

impl<K: Clone + Eq + Hash, V: Clone> Shelf<K, V> {
    pub(super) fn new(ttl: Duration, items_max: usize) -> Shelf<K, V> {
        Shelf {
            slots: Mutex::default(),
            changed: Condvar::new(),
            ttl,
            items_max,
        }
    }

    /// The answer for `key`: a known one, that of somebody who is asking now, or what `ask` finds out. Blocks while
    /// one of the latter runs; `ask` itself must be bounded in time.
    pub(super) fn get(
        &self,
        key: &K,
        ask: impl FnOnce() -> Result<V, UpstreamError>,
    ) -> Result<V, UpstreamError> {
        let mut slots = self.lock();
        loop {
            match slots.get(key) {
                Some(Slot::Known(answer, until)) if Instant::now() < *until => {
                    return answer.clone();
                }
                Some(Slot::Asking { .. }) => {
                    slots = self
                        .changed
                        .wait(slots)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                Some(Slot::Known(..)) | None => break,
            }
        }
        self.make_room(&mut slots);
        slots.insert(key.clone(), Slot::Asking { outdated: false });
        drop(slots);
        let mut asking = Asking {
            shelf: self,
            key,
            answer: None,
        };
        let answer = ask();
        asking.answer = Some(answer.clone());
        answer
    }

    /// Whether the answer for `key` is known now, and which.
    pub(super) fn known(&self, key: &K) -> Option<V> {
        match self.lock().get(key) {
            Some(Slot::Known(Ok(value), until)) if Instant::now() < *until => Some(value.clone()),
            Some(Slot::Known(..) | Slot::Asking { .. }) | None => None,
        }
    }

    /// Whether somebody has asked for `key` within `ttl`, or is asking now.
    pub(super) fn is_asked(&self, key: &K) -> bool {
        match self.lock().get(key) {
            Some(Slot::Known(_, until)) => Instant::now() < *until,
            Some(Slot::Asking { .. }) => true,
            None => false,
        }
    }

    /// Forgets the answer for `key`, also one that is on its way: who waits for that asks anew.
    pub(super) fn forget(&self, key: &K) {
        let mut slots = self.lock();
        if slots.get_mut(key).is_some_and(|slot| !slot.outlives()) {
            slots.remove(key);
        }
    }

    /// Forgets every answer, as [`Shelf::forget`] does.
    pub(super) fn clear(&self) {
        self.lock().retain(|_, slot| slot.outlives());
    }

    /// Makes room for one more: what no longer holds goes first, then everything that nobody is waiting for.
    fn make_room(&self, slots: &mut HashMap<K, Slot<V>>) {
        if slots.len() < self.items_max {
            return;
        }
        let now = Instant::now();
        slots.retain(|_, slot| !matches!(slot, Slot::Known(_, until) if *until <= now));
        if self.items_max <= slots.len() {
            slots.retain(|_, slot| matches!(slot, Slot::Asking { .. }));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Slot<V>>> {
        // Every change is one insertion or removal, so a poisoned map is still whole.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Slot<V> {
    /// Whether the slot stays when its answer is forgotten: somebody will fill it, or wait for it.
    fn outlives(&mut self) -> bool {
        match self {
            Slot::Asking { outdated } => {
                *outdated = true;
                true
            }
            Slot::Known(..) => false,
        }
    }
}

/// Puts the answer down however the asking ends, so that nobody waits for ever.
struct Asking<'a, K: Clone + Eq + Hash, V: Clone> {
    shelf: &'a Shelf<K, V>,
    key: &'a K,
    answer: Option<Result<V, UpstreamError>>,
}

impl<K: Clone + Eq + Hash, V: Clone> Drop for Asking<'_, K, V> {
    fn drop(&mut self) {
        let mut slots = self.shelf.lock();
        let outdated = matches!(slots.get(self.key), Some(Slot::Asking { outdated: true }));
        match self.answer.take() {
            Some(answer) if !outdated => {
                let holds = match &answer {
                    Ok(_) => self.shelf.ttl,
                    Err(_) => FAILURE_HOLDS.min(self.shelf.ttl),
                };
                let until = Instant::now() + holds;
                slots.insert(self.key.clone(), Slot::Known(answer, until));
            }
            Some(_) | None => drop(slots.remove(self.key)),
        }
        drop(slots);
        self.shelf.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::bounded;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn many_want_to_know_and_one_asks() {
        let shelf = Shelf::new(HOUR, 10);
        let asked = AtomicUsize::new(0);
        let (entered, inside) = bounded(1);
        let (open, opened) = bounded::<()>(0);
        std::thread::scope(|scope| {
            let first = scope.spawn(|| {
                shelf.get(&1, || {
                    asked.fetch_add(1, Ordering::Relaxed);
                    entered.send(()).expect("the test waits");
                    let _ = opened.recv();
                    Ok("answer")
                })
            });
            inside.recv().expect("it asks");
            assert!(shelf.is_asked(&1) && shelf.known(&1).is_none());
            let others: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| shelf.get(&1, || panic!("somebody asks already"))))
                .collect();
            drop(open);
            assert_eq!(first.join().expect("no panic"), Ok("answer"));
            for other in others {
                assert_eq!(other.join().expect("no panic"), Ok("answer"));
            }
        });
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert_eq!(shelf.known(&1), Some("answer"));
        assert!(!shelf.is_asked(&2));
    }

    #[test]
    fn answers_hold_for_their_time_and_can_be_forgotten() {
        let short = Shelf::new(Duration::ZERO, 10);
        assert_eq!(short.get(&1, || Ok(1)), Ok(1));
        assert_eq!(short.get(&1, || Ok(2)), Ok(2));
        let long = Shelf::new(HOUR, 10);
        assert_eq!(long.get(&1, || Ok(1)), Ok(1));
        assert_eq!(long.get(&1, || Ok(2)), Ok(1));
        long.forget(&1);
        assert_eq!(long.get(&1, || Ok(3)), Ok(3));
        long.clear();
        assert_eq!(long.get(&1, || Ok(4)), Ok(4));
    }

    #[test]
    fn an_answer_that_was_on_its_way_is_forgotten_too() {
        let shelf = Shelf::new(HOUR, 10);
        let forgets: [(&str, &dyn Fn()); 2] =
            [("one", &|| shelf.forget(&1)), ("all", &|| shelf.clear())];
        for (forgets, forget) in forgets {
            let early = shelf.get(&1, || {
                forget();
                Ok("old")
            });
            assert_eq!(early, Ok("old"), "{forgets}: who asked before gets that");
            assert_eq!(shelf.get(&1, || Ok("new")), Ok("new"), "{forgets}");
            shelf.forget(&1);
        }
    }

    #[test]
    fn a_failure_is_shared_and_a_panic_leaves_nobody_waiting() {
        let shelf: Shelf<u8, u8> = Shelf::new(HOUR, 10);
        let failure = Err(UpstreamError::NotFound);
        assert_eq!(shelf.get(&1, || Err(UpstreamError::NotFound)), failure);
        assert_eq!(shelf.get(&1, || Ok(1)), failure);
        std::thread::scope(|scope| {
            let panics = scope.spawn(|| shelf.get(&2, || panic!("on purpose")));
            assert!(panics.join().is_err());
        });
        assert_eq!(shelf.get(&2, || Ok(2)), Ok(2));
    }

    #[test]
    fn a_full_shelf_makes_room() {
        let shelf = Shelf::new(HOUR, 2);
        for key in 0..5 {
            assert_eq!(shelf.get(&key, || Ok(key)), Ok(key));
        }
        assert_eq!(shelf.known(&4), Some(4));
        assert!(shelf.lock().len() <= 2);
    }
}

//! Who has left a short while ago (pure).

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use crate::attachment::Key;

/// Hashes of keys that left the small queue, oldest first: never the keys, and nobody outside can tell whose they are.
/// What one takes, about 50 bytes, is a part of `Entry::weight`: so there are never more of them than entries.
#[derive(Debug, Default)]
pub(super) struct Ghosts {
    order: VecDeque<u64>,
    /// The place of the first in the order, counted from the very first one.
    first: u64,
    /// The place of everybody who is remembered. Others have a place as well, until it comes up.
    places: HashMap<u64, u64>,
    hasher: RandomState,
}

impl Ghosts {
    /// Remembers `key`, as the newest.
    pub(super) fn remember(&mut self, key: &Key) {
        let hash = self.hasher.hash_one(key);
        self.places
            .insert(hash, self.first + self.order.len() as u64);
        self.order.push_back(hash);
    }

    /// Whether `key` is remembered; it is not any more afterwards.
    pub(super) fn take(&mut self, key: &Key) -> bool {
        self.places.remove(&self.hasher.hash_one(key)).is_some()
    }

    /// Forgets the oldest beyond `most`.
    pub(super) fn keep(&mut self, most: usize) {
        while most < self.order.len() {
            if let Some(oldest) = self.order.pop_front()
                && self.places.get(&oldest) == Some(&self.first)
            {
                self.places.remove(&oldest);
            }
            self.first += 1;
        }
    }

    /// Gives memory back that is not used any more.
    pub(super) fn shrink(&mut self) {
        self.order.shrink_to(2 * self.order.len());
        self.places.shrink_to(2 * self.places.len());
    }

    #[cfg(test)]
    pub(super) fn contains(&self, key: &Key) -> bool {
        self.places.contains_key(&self.hasher.hash_one(key))
    }

    /// How many places are taken, by those who are remembered and by some who are not any more.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.order.len().max(self.places.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachment::{FileName, PageId};

    fn key(page: u64) -> Key {
        Key::File {
            page: PageId::parse(&page.to_string()).expect("digits"),
            name: FileName::parse(b"a").expect("a name"),
            version: None,
        }
    }

    #[test]
    fn the_newest_are_remembered_each_until_it_is_taken() {
        let mut ghosts = Ghosts::default();
        for page in [1, 2, 3] {
            ghosts.remember(&key(page));
        }
        ghosts.keep(2);
        let taken = [1, 2, 2, 3].map(|page| ghosts.take(&key(page)));
        assert_eq!(taken, [false, true, false, true]);
    }

    #[test]
    fn who_leaves_again_and_again_is_the_newest_each_time_and_takes_no_more_room_than_there_is() {
        let mut ghosts = Ghosts::default();
        for _ in 0..100 {
            ghosts.remember(&key(1));
            ghosts.keep(3);
            assert!(ghosts.contains(&key(1)) && ghosts.len() <= 3);
            assert!(ghosts.take(&key(1)));
        }
        ghosts.keep(0);
        assert_eq!(ghosts.len(), 0);
    }
}

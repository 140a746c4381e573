//! Who waits for the listing of which page, and what was found a moment ago (pure).
//!
//! A page is asked for by one order, which everybody shares who wants to know meanwhile. What it finds is handed to all
//! of them, and remembered for a while.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::failure::Failure;
use crate::attachment::PageId;
use crate::web::Catalogue;

/// How long a listing is shown without asking again. Who cannot wait for that sends `Cache-Control: no-cache`.
const HOLDS: Duration = Duration::from_secs(60);

/// How long a failure is: who asks meanwhile does not ask Confluence into the same trouble.
const FAILURE_HOLDS: Duration = Duration::from_secs(2);

/// Pages remembered at most.
const PAGES_MAX: usize = 64;

/// Age of a listing that has to do for strangers who insist: asking again is fifty questions for a large page.
const NEW: Duration = Duration::from_secs(5);

/// Bytes that the files of all of them take together, unless it is one page alone.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// How old a listing may be for somebody who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recency {
    /// As old as it is remembered.
    Remembered,
    /// A moment.
    New,
    /// Made after the asking.
    Now,
}

impl Recency {
    /// Whether a listing of this age will do.
    fn is_met(self, age: Duration) -> bool {
        match self {
            Recency::Remembered => true,
            Recency::New => age < NEW,
            Recency::Now => false,
        }
    }
}

/// What became of an order.
pub(super) type Found = Result<Arc<Catalogue>, Failure>;

/// What to do with somebody who wants to know.
#[derive(Debug)]
pub(super) enum Asked<W> {
    /// It is known.
    Known(W, Found),
    /// Somebody is finding out; the waiter is kept with the others.
    Parked,
    /// Nobody is: send the order of this number, for which the waiter is kept.
    Order(u64),
}

/// Everybody who waits, and everything that is remembered.
#[derive(Debug)]
pub(super) struct Table<W> {
    next: u64,
    pages: HashMap<PageId, Slot>,
    running: HashMap<u64, Vec<W>>,
    /// What is remembered no longer. To be taken out under the lock and dropped outside it.
    left: Vec<Slot>,
}

#[derive(Debug)]
pub(super) enum Slot {
    /// The order of this number is finding out.
    Asking(u64),
    /// What was found, and until when that holds.
    Known(Found, Instant),
}

impl Slot {
    fn bytes(&self) -> usize {
        match self {
            Slot::Known(Ok(catalogue), _) => catalogue.bytes(),
            Slot::Known(Err(_), _) | Slot::Asking(_) => 0,
        }
    }
}

impl<W> Table<W> {
    pub(super) fn new() -> Table<W> {
        Table {
            next: 0,
            pages: HashMap::new(),
            running: HashMap::new(),
            left: Vec::new(),
        }
    }

    /// Hands out what is remembered no longer: freeing the files of a large page takes milliseconds.
    pub(super) fn take_left(&mut self) -> Vec<Slot> {
        std::mem::take(&mut self.left)
    }

    /// Takes somebody in. A failure of a moment ago has to do for everybody.
    pub(super) fn ask(
        &mut self,
        page: PageId,
        recency: Recency,
        waiter: W,
        now: Instant,
    ) -> Asked<W> {
        match self.pages.get(&page) {
            Some(Slot::Known(found, until))
                if now < *until && (found.is_err() || recency.is_met(age(*until, now))) =>
            {
                return Asked::Known(waiter, found.clone());
            }
            Some(Slot::Asking(number)) => {
                if let Some(waiters) = self.running.get_mut(number) {
                    waiters.push(waiter);
                    return Asked::Parked;
                }
            }
            Some(Slot::Known(..)) | None => {}
        }
        let number = self.next;
        self.next += 1;
        self.left
            .extend(self.pages.insert(page, Slot::Asking(number)));
        self.running.insert(number, vec![waiter]);
        Asked::Order(number)
    }

    /// An order is over: hands out who waits for it, and remembers what it found, unless somebody knows that it has
    /// changed meanwhile.
    pub(super) fn end(&mut self, page: PageId, number: u64, found: &Found, now: Instant) -> Vec<W> {
        let waiters = self.withdraw(page, number);
        let holds = match found {
            Ok(_) => HOLDS,
            Err(_) => FAILURE_HOLDS,
        };
        if let Some(waiters) = waiters {
            let slot = Slot::Known(found.clone(), now + holds);
            self.make_room(slot.bytes(), now);
            self.pages.insert(page, slot);
            return waiters;
        }
        self.running.remove(&number).unwrap_or_default()
    }

    /// An order comes to nothing before it has begun: hands out who waits for it; `None` if the page was forgotten since.
    pub(super) fn withdraw(&mut self, page: PageId, number: u64) -> Option<Vec<W>> {
        match self.pages.get(&page) {
            Some(Slot::Asking(asking)) if *asking == number => {
                self.pages.remove(&page);
                self.running.remove(&number)
            }
            Some(Slot::Asking(_) | Slot::Known(..)) | None => None,
        }
    }

    /// Forgets what is known of a page, also what is on its way: who waits for that gets it, who asks later asks anew.
    pub(super) fn forget(&mut self, page: PageId) {
        self.left.extend(self.pages.remove(&page));
    }

    /// Makes room for a page that takes so many bytes: what no longer holds goes first, then what ends first.
    fn make_room(&mut self, bytes: usize, now: Instant) {
        let is_over =
            |_: &PageId, slot: &mut Slot| matches!(slot, Slot::Known(_, until) if *until <= now);
        let over = self.pages.extract_if(is_over).map(|(_, slot)| slot);
        self.left.extend(over);
        loop {
            let known = self.pages.iter().filter_map(|(page, slot)| match slot {
                Slot::Known(_, until) => Some((*until, *page)),
                Slot::Asking(_) => None,
            });
            let Some((_, first)) = known.min() else {
                return;
            };
            let held: usize = self.pages.values().map(Slot::bytes).sum();
            if self.pages.len() < PAGES_MAX && held + bytes <= BYTES_MAX {
                return;
            }
            self.left.extend(self.pages.remove(&first));
        }
    }
}

/// The age of a listing that holds until then.
fn age(until: Instant, now: Instant) -> Duration {
    HOLDS.saturating_sub(until.saturating_duration_since(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::CatalogueFile;

    fn page(number: usize) -> PageId {
        PageId::parse(&number.to_string()).expect("digits")
    }

    fn found(files: usize) -> Found {
        let file = CatalogueFile {
            name: "a".to_owned(),
            path: Some("a".to_owned()),
            bytes: None,
            media_type: None,
            version: None,
            modified: None,
            comment: None,
        };
        let files = vec![file; files];
        Ok(Arc::new(Catalogue::new("1".to_owned(), None, None, files)))
    }

    fn order(asked: Asked<u32>) -> u64 {
        match asked {
            Asked::Order(number) => number,
            other => panic!("expected an order: {other:?}"),
        }
    }

    #[test]
    fn many_wait_for_one_order_and_what_it_finds_holds_for_a_while() {
        let (mut table, now) = (Table::new(), Instant::now());
        let first = order(table.ask(page(1), Recency::Remembered, 0, now));
        for waiter in 1..100 {
            let recency = [Recency::Remembered, Recency::New, Recency::Now][waiter as usize % 3];
            assert!(matches!(
                table.ask(page(1), recency, waiter, now),
                Asked::Parked
            ));
        }
        let other = order(table.ask(page(2), Recency::Remembered, 100, now));
        assert_eq!(
            table.end(page(1), first, &found(3), now),
            (0..100).collect::<Vec<_>>()
        );
        let later = now + HOLDS - Duration::from_millis(1);
        match table.ask(page(1), Recency::Remembered, 101, later) {
            Asked::Known(101, Ok(catalogue)) => assert_eq!(catalogue.files().len(), 3),
            other => panic!("expected the listing: {other:?}"),
        }
        let soon = now + NEW - Duration::from_millis(1);
        assert!(matches!(
            table.ask(page(1), Recency::New, 101, soon),
            Asked::Known(..)
        ));
        let again = order(table.ask(page(1), Recency::New, 102, now + NEW));
        assert_eq!(table.end(page(1), again, &found(3), now + NEW), [102]);
        order(table.ask(page(1), Recency::Now, 102, now + NEW));
        assert_eq!(
            table.end(page(2), other, &Err(Failure::NotPublished), now),
            [100]
        );
        for recency in [Recency::Remembered, Recency::Now] {
            let asked = table.ask(page(2), recency, 103, now + FAILURE_HOLDS / 2);
            assert!(matches!(
                asked,
                Asked::Known(103, Err(Failure::NotPublished))
            ));
        }
        order(table.ask(page(2), Recency::Remembered, 104, now + FAILURE_HOLDS));
    }

    #[test]
    fn what_is_forgotten_is_asked_for_anew_and_nobody_waits_for_ever() {
        let (mut table, now) = (Table::new(), Instant::now());
        let before = order(table.ask(page(1), Recency::Remembered, 1, now));
        table.forget(page(1));
        let after = order(table.ask(page(1), Recency::Remembered, 2, now));
        assert!(matches!(
            table.ask(page(1), Recency::Remembered, 3, now),
            Asked::Parked
        ));
        assert_eq!(table.end(page(1), before, &found(1), now), [1]);
        assert!(matches!(
            table.ask(page(1), Recency::Remembered, 4, now),
            Asked::Parked
        ));
        assert_eq!(table.end(page(1), after, &found(2), now), [2, 3, 4]);
        assert!(matches!(
            table.ask(page(1), Recency::Remembered, 5, now),
            Asked::Known(..)
        ));
        assert!(
            table.end(page(1), after, &found(2), now).is_empty(),
            "an order ends once"
        );
        let full = order(table.ask(page(2), Recency::Remembered, 6, now));
        assert_eq!(table.withdraw(page(2), full), Some(vec![6]));
        order(table.ask(page(2), Recency::Remembered, 7, now));
    }

    #[test]
    fn what_leaves_is_handed_out_and_freed_by_nobody_in_the_table() {
        let later = Instant::now() + HOLDS;
        type Leave = fn(&mut Table<u32>, Instant);
        let ways: [Leave; 4] = [
            |table, _| table.forget(page(1)),
            |table, now| {
                order(table.ask(page(1), Recency::Now, 1, now));
            },
            |table, later| {
                let other = order(table.ask(page(2), Recency::Remembered, 1, later));
                table.end(page(2), other, &found(1), later); // the first one holds no longer
            },
            |table, later| {
                let soon = later - HOLDS / 2;
                let other = order(table.ask(page(2), Recency::Remembered, 1, soon));
                table.end(page(2), other, &found(100_000), soon); // nothing else has room
            },
        ];
        for leave in ways {
            let mut table = Table::new();
            let first = order(table.ask(page(1), Recency::Remembered, 0, later - HOLDS));
            let catalogue = found(1);
            table.end(page(1), first, &catalogue, later - HOLDS);
            let catalogue = Arc::downgrade(&catalogue.expect("made above"));
            leave(&mut table, later);
            assert_eq!(catalogue.strong_count(), 1);
            assert_eq!(table.take_left().len(), 1);
            assert_eq!(catalogue.strong_count(), 0);
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (mut table, now) = (Table::new(), Instant::now());
        for number in 0..300 {
            let now = now + Duration::from_millis(number as u64);
            let order = order(table.ask(page(number), Recency::Remembered, 0, now));
            table.end(page(number), order, &found(number % 7 * 1000), now);
            let held: usize = table.pages.values().map(Slot::bytes).sum();
            assert!(table.pages.len() <= PAGES_MAX && held <= BYTES_MAX);
            let asked = table.ask(page(number), Recency::Remembered, 0, now);
            assert!(matches!(asked, Asked::Known(..)), "the latest stays");
        }
        assert!(table.running.is_empty());
    }
}

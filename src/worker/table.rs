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

/// Files on all of them together, some 400 bytes each. The largest page that is listed has as many.
const FILES_MAX: usize = 10_000;

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
}

#[derive(Debug)]
enum Slot {
    /// The order of this number is finding out.
    Asking(u64),
    /// What was found, and until when that holds.
    Known(Found, Instant),
}

impl Slot {
    fn files(&self) -> usize {
        match self {
            Slot::Known(Ok(catalogue), _) => catalogue.files().len(),
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
        }
    }

    /// Takes somebody in. `insists`: a listing that was found before will not do, unless it was a failure a moment ago.
    pub(super) fn ask(&mut self, page: PageId, insists: bool, waiter: W, now: Instant) -> Asked<W> {
        match self.pages.get(&page) {
            Some(Slot::Known(found, until)) if now < *until && (!insists || found.is_err()) => {
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
        self.pages.insert(page, Slot::Asking(number));
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
            self.make_room(slot.files(), now);
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
        self.pages.remove(&page);
    }

    /// Makes room for a page of so many files: what no longer holds goes first, then what ends first.
    fn make_room(&mut self, files: usize, now: Instant) {
        self.pages
            .retain(|_, slot| !matches!(slot, Slot::Known(_, until) if *until <= now));
        loop {
            let known = self.pages.iter().filter_map(|(page, slot)| match slot {
                Slot::Known(_, until) => Some((*until, *page)),
                Slot::Asking(_) => None,
            });
            let Some((_, first)) = known.min() else {
                return;
            };
            let held: usize = self.pages.values().map(Slot::files).sum();
            if self.pages.len() < PAGES_MAX && held + files <= FILES_MAX {
                return;
            }
            self.pages.remove(&first);
        }
    }
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
        let first = order(table.ask(page(1), false, 0, now));
        for waiter in 1..100 {
            let insists = waiter % 2 == 0;
            assert!(matches!(
                table.ask(page(1), insists, waiter, now),
                Asked::Parked
            ));
        }
        let other = order(table.ask(page(2), false, 100, now));
        assert_eq!(
            table.end(page(1), first, &found(3), now),
            (0..100).collect::<Vec<_>>()
        );
        let later = now + HOLDS - Duration::from_millis(1);
        match table.ask(page(1), false, 101, later) {
            Asked::Known(101, Ok(catalogue)) => assert_eq!(catalogue.files().len(), 3),
            other => panic!("expected the listing: {other:?}"),
        }
        order(table.ask(page(1), true, 102, later));
        assert_eq!(
            table.end(page(2), other, &Err(Failure::NotPublished), now),
            [100]
        );
        for insists in [false, true] {
            let asked = table.ask(page(2), insists, 103, now + FAILURE_HOLDS / 2);
            assert!(matches!(
                asked,
                Asked::Known(103, Err(Failure::NotPublished))
            ));
        }
        order(table.ask(page(2), false, 104, now + FAILURE_HOLDS));
    }

    #[test]
    fn what_is_forgotten_is_asked_for_anew_and_nobody_waits_for_ever() {
        let (mut table, now) = (Table::new(), Instant::now());
        let before = order(table.ask(page(1), false, 1, now));
        table.forget(page(1));
        let after = order(table.ask(page(1), false, 2, now));
        assert!(matches!(table.ask(page(1), false, 3, now), Asked::Parked));
        assert_eq!(table.end(page(1), before, &found(1), now), [1]);
        assert!(matches!(table.ask(page(1), false, 4, now), Asked::Parked));
        assert_eq!(table.end(page(1), after, &found(2), now), [2, 3, 4]);
        assert!(matches!(
            table.ask(page(1), false, 5, now),
            Asked::Known(..)
        ));
        assert!(
            table.end(page(1), after, &found(2), now).is_empty(),
            "an order ends once"
        );
        let full = order(table.ask(page(2), false, 6, now));
        assert_eq!(table.withdraw(page(2), full), Some(vec![6]));
        order(table.ask(page(2), false, 7, now));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (mut table, now) = (Table::new(), Instant::now());
        for number in 0..300 {
            let now = now + Duration::from_millis(number as u64);
            let order = order(table.ask(page(number), false, 0, now));
            table.end(page(number), order, &found(number % 7 * 1000), now);
            let held: usize = table.pages.values().map(Slot::files).sum();
            assert!(table.pages.len() <= PAGES_MAX && held <= FILES_MAX);
            let asked = table.ask(page(number), false, 0, now);
            assert!(matches!(asked, Asked::Known(..)), "the latest stays");
        }
        assert!(table.running.is_empty());
    }
}

//! Listings of pages: how they are ordered, and how whoever waits gets them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::desk::Desk;
use super::failure::Failure;
use super::gallery::Guest;
use super::table::{Asked, Found, Recency, Table};
use super::warm::AwaitedListing;
use crate::attachment::PageId;
use crate::meters::Number;

/// Listings that may wait for a free place in the fetch crew: as many pages that nobody has looked at for a minute are
/// not opened at once. Who comes when it is full gets 503.
const ORDERS_MAX: usize = 64;

/// An order to the fetch crew: ask for the files of this page.
#[derive(Debug)]
pub struct Order {
    pub(super) number: u64,
    pub(super) page: PageId,
    /// When it was ordered: who waits has left after a while.
    pub(super) ordered: Instant,
}

/// Who waits for a listing.
pub(super) enum Caller {
    /// A client, for his answer.
    Guest(Guest),
    /// The actor that warms pages, for what there is to warm.
    Warmer(AwaitedListing),
}

/// The table of those who wait, which the crew shares.
pub struct Listings(Mutex<Table<Caller>>);

/// How listings are asked for. The crew takes orders until the last one is dropped.
#[derive(Clone)]
pub struct ListingHandle {
    listings: Arc<Listings>,
    orders: Sender<Order>,
    desk: Arc<Desk>,
}

/// Prepares an empty table. What is ordered is counted at the desk.
pub fn open(desk: Arc<Desk>) -> (ListingHandle, Receiver<Order>) {
    let (orders, receiver) = bounded(ORDERS_MAX);
    let listings = Arc::new(Listings(Mutex::new(Table::new())));
    let handle = ListingHandle {
        listings,
        orders,
        desk,
    };
    (handle, receiver)
}

impl ListingHandle {
    /// For the crew.
    pub fn listings(&self) -> Arc<Listings> {
        self.listings.clone()
    }

    /// Asks for the files of a page. Gives the caller back with what
    /// is known, or with why nobody can find out; `None`: the crew will answer him. Never blocks.
    pub(super) fn ask(
        &self,
        page: PageId,
        recency: Recency,
        caller: Caller,
    ) -> Option<(Caller, Found)> {
        let now = Instant::now();
        self.listings.with(|table| {
            let number = match table.ask(page, recency, caller, now) {
                Asked::Known(caller, found) => return Some((caller, found)),
                Asked::Parked => return None,
                Asked::Order(number) => number,
            };
            let ordered = now;
            let order = Order {
                number,
                page,
                ordered,
            };
            if self.orders.try_send(order).is_ok() {
                self.desk.meters.crew.listings.add(1);
                return None;
            }
            let caller = table
                .withdraw(page, number)
                .and_then(|mut callers| callers.pop());
            let caller = caller.expect("it was put there above, and the table is locked");
            Some((caller, Err(Failure::Crowded)))
        })
    }

    /// Forgets what is known of a page.
    pub(super) fn forget(&self, page: PageId) {
        self.listings.with(|table| table.forget(page));
    }
}

impl Listings {
    /// An order is over: hands out who waits for it.
    pub(super) fn end(&self, order: &Order, found: &Found) -> Vec<Caller> {
        let now = Instant::now();
        self.with(|table| table.end(order.page, order.number, found, now))
    }

    /// Looks or changes under the lock; what is remembered no longer is freed when that is released. Every change is
    /// made of steps that do not panic.
    fn with<R>(&self, change: impl FnOnce(&mut Table<Caller>) -> R) -> R {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut table);
        let left = table.take_left();
        drop(table);
        drop(left);
        result
    }
}

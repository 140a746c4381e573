//! What was looked up by REST and holds for a while: where pages stand, what hangs on them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::metadata::{AttachmentId, Listing, PagePlace};
use super::shelf::Shelf;
use crate::attachment::{Day, FileName, PageId};

/// How long the listing of a page serves the other files of that page: its pictures expire together.
const LISTING_HOLDS: Duration = Duration::from_secs(5);

/// How long a page is taken to stay in its space, and under its title.
const PLACE_HOLDS: Duration = Duration::from_secs(300);

/// How long the number of an attachment is taken to stay: as long as a copy is fresh by default. A number that has
/// gone is noticed when it is used.
const NUMBER_HOLDS: Duration = Duration::from_secs(3600);

/// Pages whose listing is held; one of 200 files takes some 30 KiB.
const LISTINGS_MAX: usize = 64;

/// Entries of each of the other kinds, some 200 bytes each.
const ENTRIES_MAX: usize = 4096;

/// A page by space and title, or a blog post with its day as well.
pub(super) type Title = (FileName, Option<Day>, FileName);

/// All shelves.
pub(super) struct Memory {
    /// Pages of which some file was asked for lately: the next one asks for all.
    pub(super) visited: Shelf<PageId, ()>,
    pub(super) listings: Shelf<PageId, Arc<Listing>>,
    pub(super) numbers: Shelf<(PageId, FileName), AttachmentId>,
    pub(super) places: Shelf<PageId, PagePlace>,
    pub(super) titles: Shelf<Title, PageId>,
    reading: Mutex<()>,
}

impl Memory {
    pub(super) fn new() -> Memory {
        Memory {
            visited: Shelf::new(LISTING_HOLDS, ENTRIES_MAX),
            listings: Shelf::new(LISTING_HOLDS, LISTINGS_MAX),
            numbers: Shelf::new(NUMBER_HOLDS, ENTRIES_MAX),
            places: Shelf::new(PLACE_HOLDS, ENTRIES_MAX),
            titles: Shelf::new(PLACE_HOLDS, ENTRIES_MAX),
            reading: Mutex::default(),
        }
    }

    /// Waits for the turn to read a large document.
    pub(super) fn reading(&self) -> MutexGuard<'_, ()> {
        // It guards no data that a panic could leave broken.
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        self.visited.clear();
        self.listings.clear();
        self.numbers.clear();
        self.places.clear();
        self.titles.clear();
    }
}

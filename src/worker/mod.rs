//! The workers: every request is decided here, and nowhere else do rooms meet.
//!
//! Four kinds of threads: `worker-N` take [`Job`](crate::acceptor::Job)s and answer what needs no waiting: hits, pages, refusals. `answer` takes
//! the requests that were parked in the cache and can go on. `fetch-N`, the fetch crew, do the blocking downloads, and ask
//! for the files of pages; their number is the number of connections Confluence gets. `warm` has the files of a page
//! fetched when an operator wishes it. Hits never wait: a lookup worker holds the cache's lock, or that of the table of
//! listings, for some map accesses, and blocks on nothing but the inboxes of actors that never block. What it renders itself
//! takes milliseconds at most, and gates are woken before a pasted document is read.
//!
//! A panic in one job costs that job: its client gets 500, its download counts as failed, the thread goes on. Each kind
//! ends when its inbox is closed and empty.

mod answerer;
mod crew;
mod desk;
mod failure;
mod gallery;
mod home;
mod lister;
mod listings;
mod lookup;
mod pages;
mod publication;
mod sayings;
mod status;
mod table;
mod transfer;
mod vigil;
mod warm;
mod warm_jobs;

pub use answerer::Answerer;
pub use crew::{Crew, CrewShared};
pub use desk::{Desk, House, Parked, Waiter, Wanted};
pub use failure::Failure;
pub use listings::{ListingHandle, Listings, Order, open as open_listings};
pub use lookup::Worker;
pub use publication::Publication;
pub use vigil::{Turns, Vigil, WORKERS_MAX, is_anyone_stuck};
pub use warm::{AwaitedFile, WarmActor, WarmHandle, open as open_warm};

//! The cache: the only place that keeps attachments between requests.
//!
//! Workers ask through [`CacheHandle`]; the thread `cache` answers. A hit takes the store lock for one map access and
//! one `Arc` clone. Everything else (claims of missing files, reports of the fetch crew, purges) arrives as a message,
//! so this thread is the only writer. It also owns the flight table: at most one download per key, joined by
//! everybody who asks meanwhile. This room knows nothing of HTTP: what waits, and why a download failed, are types
//! that it only carries.
//!
//! ttl_cache says what is alive. When room is needed, `ring` says who leaves: S3-FIFO by bytes, where heavy files need more
//! uses to stay and who left a short while ago is known again, by a hash that is paid for out of the same bytes.
//! [`Replay`] shows what the same store would have kept of other requests, without a thread and without bytes.
//!
//! Bounds: `CACHE_MAX_ITEMS`, `CACHE_MAX_BYTES`, `INBOX_MAX`, `FETCHES_WAITING_MAX`. It ends when the last
//! [`CacheHandle`] and then the last [`Reporter`] are dropped.

mod actor;
mod entry;
mod flights;
mod ghosts;
mod handle;
mod replay;
mod ring;
mod store;
mod watch;

pub use actor::{CacheActor, Opened, open};
pub use entry::{Entry, Life};
pub use handle::{
    CacheHandle, Demand, Fetch, FlightId, Forget, Keeping, Lookup, Outcome, Report, Reporter, Woken,
};
pub use replay::{Replay, Served};
pub use store::Limits;
pub use watch::Watch;

//! The service's own store, asked for the files of a trace.

use std::time::Duration;

use confluence_attachment_proxy::attachment::{FileName, Key, PageId};
use confluence_attachment_proxy::cache::{Limits, Replay, Served};

use super::budget::Budget;
use super::trace::Trace;

/// How long an expired copy is kept, as the service is configured when nobody says otherwise.
const STALE: Duration = Duration::from_secs(24 * 3600);

/// How long copies are fresh that never expire.
const ENDLESS: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// What the store did with each request.
pub struct Course {
    pub served: Vec<Served>,
    /// What each file weighs when it is asked for.
    pub weights: Vec<u64>,
    /// The requests for those who know nothing of time.
    pub timeless: Trace,
}

impl Course {
    /// Which requests were served in one of these ways.
    pub fn which_were(&self, ways: &[Served]) -> Vec<bool> {
        self.served.iter().map(|way| ways.contains(way)).collect()
    }
}

/// An empty store with this budget, in which a copy is fresh for `ttl`, or for ever.
pub fn store(budget: &Budget, ttl: Option<Duration>) -> Replay {
    let limits = Limits {
        items_max: budget.room.items,
        bytes_max: budget.room.bytes,
        stale: STALE,
        renewable: Duration::ZERO,
        negative_ttl: Duration::ZERO,
    };
    Replay::new(limits, budget.item_bytes_max, ttl.unwrap_or(ENDLESS))
}

/// Replays `trace`; a copy is fresh for `ttl`, or for ever.
pub fn replay(trace: &Trace, budget: &Budget, ttl: Option<Duration>) -> Course {
    let mut replay = store(budget, ttl);
    let keys = keys(trace);
    let mut course = Course {
        served: Vec::new(),
        weights: Vec::new(),
        timeless: ttl.map_or(trace.clone(), |ttl| trace.clone().mortal(ttl, STALE)),
    };
    for request in &trace.requests {
        let (key, bytes) = (&keys[request.file], request.bytes);
        let served = replay.request(request.at, key, bytes);
        assert!(replay.bytes() <= budget.room.bytes, "the store has a bound");
        course.served.push(served);
        course.weights.push(if trace.is_sizeless {
            1
        } else if bytes <= budget.item_bytes_max {
            replay.weight(key, bytes)
        } else {
            u64::MAX
        });
    }
    course
}

/// A key for each number of a file.
pub fn keys(trace: &Trace) -> Vec<Key> {
    (0..trace.files_end()).map(key).collect()
}

/// A key of usual length.
fn key(file: usize) -> Key {
    Key::File {
        page: PageId::parse(&file.to_string()).expect("digits"),
        name: FileName::parse(b"attachment.png").expect("a name"),
        version: None,
    }
}

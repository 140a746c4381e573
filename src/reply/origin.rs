//! Where an attachment came from and how long it is good.

use std::time::Duration;

/// How the bytes of an answer were come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From the cache, fresh.
    Hit,
    /// This request made us fetch it.
    Miss,
    /// Another request's fetch was under way and this one shares it.
    Join,
    /// The copy was expired; Confluence said that it is still current.
    Revalidated,
    /// The copy is expired, and Confluence did not answer.
    Stale,
}

impl Origin {
    /// The value of `X-Cache`.
    pub fn x_cache(self) -> &'static str {
        match self {
            Origin::Hit => "HIT",
            Origin::Miss => "MISS",
            Origin::Join => "JOIN",
            Origin::Revalidated => "REVALIDATED",
            Origin::Stale => "STALE",
        }
    }

    /// The word of the access log.
    pub fn word(self) -> &'static str {
        match self {
            Origin::Hit => "hit",
            Origin::Miss => "miss",
            Origin::Join => "join",
            Origin::Revalidated => "revalidated",
            Origin::Stale => "stale",
        }
    }

    /// What RFC 9211 calls it. `stored` is left out: when the head goes out the download may still fail.
    pub(super) fn cache_status(self) -> &'static str {
        match self {
            Origin::Hit => "hit",
            Origin::Miss => "fwd=uri-miss",
            Origin::Join => "fwd=uri-miss; collapsed",
            Origin::Revalidated => "fwd=stale",
            Origin::Stale => "fwd=stale; detail=stale-if-error",
        }
    }
}

/// How old a copy is and how long it may be used without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// Since Confluence last vouched for it: fetched or revalidated.
    pub age: Duration,
    /// What is left; zero for an expired copy.
    pub remaining: Duration,
}

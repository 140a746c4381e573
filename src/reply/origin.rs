//! Where an attachment came from and how long it is good.

use std::time::Duration;

use super::head::put_number;

/// What this cache calls itself in `Cache-Status` (RFC 9211). Made once at the start.
#[derive(Clone, Debug)]
pub struct CacheName(String);

impl CacheName {
    /// The name of the program, and behind it that of this node, if it is one of several: letters, digits and what else a
    /// token may hold.
    pub fn new(node: Option<&str>) -> CacheName {
        const PROGRAM: &str = "confluence-attachment-proxy";
        CacheName(node.map_or(PROGRAM.to_owned(), |node| format!("{PROGRAM}/{node}")))
    }

    /// The name of the node; `None`: there is only one.
    pub fn node(&self) -> Option<&str> {
        self.0.split_once('/').map(|(_, node)| node)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What an answer says of where its bytes are from.
#[derive(Clone, Copy, Debug)]
pub struct Provenance<'a> {
    /// Who answers.
    pub cache: &'a CacheName,
    /// How the bytes were come by.
    pub origin: Origin,
    /// How good they are.
    pub freshness: Freshness,
}

impl Provenance<'_> {
    /// Appends the value of `Cache-Status`.
    pub(super) fn put_cache_status(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.cache.0.as_bytes());
        out.extend_from_slice(b"; ");
        out.extend_from_slice(self.origin.cache_status().as_bytes());
        out.extend_from_slice(b"; ttl=");
        put_number(out, self.freshness.remaining.as_secs());
    }
}

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
    fn cache_status(self) -> &'static str {
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

impl Freshness {
    /// How long the copy is good from when Confluence vouched for it, which is what `max-age` means: a cache that gets it takes
    /// off `Age` (RFC 9111, section 4.2), and has what is left. With less than that, a browser or a CDN would keep nothing in
    /// the second half of a copy's life. Zero for an expired copy.
    pub(super) fn lifetime(self) -> Duration {
        match self.remaining {
            Duration::ZERO => Duration::ZERO,
            remaining => self.age + remaining,
        }
    }
}

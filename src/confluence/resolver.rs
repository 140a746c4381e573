//! Name resolution that asks once in a while, not with every request, and survives a DNS that fails.
//!
//! The HTTP library resolves the host for every request, also when it then takes an open connection. Here an answer
//! holds for [`TTL`], and the last good one for as long as no new one is to be had.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// How long an answer holds: short enough for a failover by DNS, long enough to make DNS irrelevant for the load.
pub(super) const TTL: Duration = Duration::from_secs(30);

/// Addresses that are tried at most; the library's own list holds 16.
const ADDRESSES_MAX: usize = 16;

/// Asks the system: `host:port` to addresses.
pub(super) type Lookup = Box<dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// The resolver of the one agent. Holds one name, because the agent speaks to one origin.
pub(super) struct CachingResolver {
    lookup: Lookup,
    slot: Mutex<Slot>,
}

impl CachingResolver {
    /// One that asks the operating system.
    pub(super) fn system() -> CachingResolver {
        CachingResolver::new(Box::new(|name| Ok(name.to_socket_addrs()?.collect())))
    }

    /// One that asks `lookup`.
    pub(super) fn new(lookup: Lookup) -> CachingResolver {
        CachingResolver {
            lookup,
            slot: Mutex::default(),
        }
    }

    /// Blocks for as long as the system's DNS does, but only when nothing is known yet or once per [`TTL`].
    fn addresses(&self, name: &str, now: Instant) -> Option<Vec<SocketAddr>> {
        if let Some(known) = self.with_slot(|slot| slot.get(name, now)) {
            return Some(known);
        }
        let found = (self.lookup)(name).unwrap_or_default();
        self.with_slot(|slot| slot.put(name, found, now))
    }

    fn with_slot<R>(&self, f: impl FnOnce(&mut Slot) -> R) -> R {
        // Nothing in `Slot` can panic half-way, so a poisoned one is still whole.
        f(&mut self.slot.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Resolver for CachingResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let name = match (uri.scheme(), uri.authority()) {
            (Some(scheme), Some(authority)) => DefaultResolver::host_and_port(scheme, authority),
            _ => None,
        };
        let known = name.and_then(|name| self.addresses(&name, Instant::now()));
        let mut result = self.empty();
        for address in known
            .ok_or(Error::HostNotFound)?
            .into_iter()
            .take(ADDRESSES_MAX)
        {
            result.push(address);
        }
        Ok(result)
    }
}

impl fmt::Debug for CachingResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CachingResolver")
    }
}

/// The last good answer. An empty list of addresses is never kept.
#[derive(Debug, Default)]
struct Slot {
    last: Option<Last>,
}

#[derive(Debug)]
struct Last {
    name: String,
    addresses: Vec<SocketAddr>,
    fresh_until: Instant,
}

impl Slot {
    /// What is known; `None` tells the caller to ask. While one caller asks, the others go on with the old answer.
    fn get(&mut self, name: &str, now: Instant) -> Option<Vec<SocketAddr>> {
        let last = self.last.as_mut().filter(|last| last.name == name)?;
        if last.fresh_until <= now {
            last.fresh_until = now + TTL;
            return None;
        }
        Some(last.addresses.clone())
    }

    /// Keeps what was found, or falls back to the last good answer when nothing was.
    fn put(&mut self, name: &str, found: Vec<SocketAddr>, now: Instant) -> Option<Vec<SocketAddr>> {
        if found.is_empty() {
            let last = self.last.as_ref().filter(|last| last.name == name)?;
            return Some(last.addresses.clone());
        }
        self.last = Some(Last {
            name: name.to_owned(),
            addresses: found.clone(),
            fresh_until: now + TTL,
        });
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;
    use std::sync::Arc;

    type Script = Arc<Mutex<VecDeque<io::Result<Vec<SocketAddr>>>>>;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// A resolver that answers by script; an answer too many panics.
    fn scripted(answers: Vec<io::Result<Vec<SocketAddr>>>) -> (CachingResolver, Script) {
        let script: Script = Arc::new(Mutex::new(answers.into()));
        let left = script.clone();
        let resolver = CachingResolver::new(Box::new(move |_| {
            let mut left = left.lock().expect("not poisoned");
            left.pop_front()
                .expect("asked once more than the script has answers")
        }));
        (resolver, script)
    }

    #[test]
    fn an_answer_holds_for_its_time() {
        let (resolver, script) = scripted(vec![Ok(vec![address(1)]), Ok(vec![address(2)])]);
        let start = Instant::now();
        for after in [Duration::ZERO, TTL / 2, TTL - Duration::from_nanos(1)] {
            assert_eq!(
                resolver.addresses("wiki:80", start + after),
                Some(vec![address(1)])
            );
        }
        assert_eq!(script.lock().expect("not poisoned").len(), 1);
        assert_eq!(
            resolver.addresses("wiki:80", start + TTL),
            Some(vec![address(2)])
        );
    }

    #[test]
    fn the_last_good_answer_serves_while_dns_fails_and_is_asked_for_again_later() {
        let failure = || Err(io::Error::other("no DNS"));
        let (resolver, _) = scripted(vec![
            Ok(vec![address(1)]),
            failure(),
            Ok(vec![]),
            Ok(vec![address(2)]),
        ]);
        let start = Instant::now();
        for step in 0..3 {
            assert_eq!(
                resolver.addresses("wiki:80", start + TTL * step),
                Some(vec![address(1)])
            );
            assert_eq!(
                resolver.addresses("wiki:80", start + TTL * step),
                Some(vec![address(1)])
            );
        }
        assert_eq!(
            resolver.addresses("wiki:80", start + TTL * 3),
            Some(vec![address(2)])
        );
    }

    #[test]
    fn an_unknown_name_is_asked_for_every_time_and_another_name_has_its_own_answer() {
        let failure = || Err(io::Error::other("no such host"));
        let (resolver, _) = scripted(vec![failure(), failure(), Ok(vec![address(1)]), failure()]);
        let now = Instant::now();
        assert_eq!(resolver.addresses("wiki:80", now), None);
        assert_eq!(resolver.addresses("wiki:80", now), None);
        assert_eq!(resolver.addresses("wiki:80", now), Some(vec![address(1)]));
        assert_eq!(resolver.addresses("other:80", now), None);
    }

    #[test]
    fn while_one_asks_the_others_go_on_with_the_old_answer() {
        let mut slot = Slot::default();
        let now = Instant::now();
        slot.put("wiki:80", vec![address(1)], now);
        assert_eq!(slot.get("wiki:80", now + TTL), None);
        assert_eq!(slot.get("wiki:80", now + TTL), Some(vec![address(1)]));
    }
}

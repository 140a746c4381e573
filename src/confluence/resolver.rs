//! Name resolution that asks once in a while, not with every request, and survives a DNS that fails.
//!
//! The HTTP library resolves the host for every request, also when it then takes an open connection. Here an answer
//! holds for [`TTL`], and the last good one for as long as no new one is to be had. It is also the place where a host
//! to which Confluence points is kept out of private networks: a name is judged by the addresses it leads to.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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

/// Names that are remembered at most: Confluence's own, and the few media hosts of Cloud.
const NAMES_MAX: usize = 16;

/// Asks the system: `host:port` to addresses.
pub(super) type Lookup = Arc<dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// Where a name may lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Anywhere: the operator has named the host.
    Anywhere,
    /// Only to public addresses, because somebody else has named the host.
    Public {
        /// The outbound proxy as `host:port`, which the operator has named after all.
        but: Option<String>,
    },
}

/// A name leads to addresses of private networks only. Travels inside [`ureq::Error::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Private;

impl std::error::Error for Private {}

impl fmt::Display for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name leads into a private network")
    }
}

/// The resolver of an agent.
pub(super) struct CachingResolver {
    lookup: Lookup,
    reach: Reach,
    names: Mutex<HashMap<String, Last>>,
}

/// Asks the operating system.
pub(super) fn system() -> Lookup {
    Arc::new(|name| Ok(name.to_socket_addrs()?.collect()))
}

impl CachingResolver {
    /// One that asks `lookup`.
    pub(super) fn new(lookup: Lookup, reach: Reach) -> CachingResolver {
        CachingResolver {
            lookup,
            reach,
            names: Mutex::default(),
        }
    }

    /// Blocks for as long as the system's DNS does, but only when nothing is known yet or once per [`TTL`].
    fn addresses(&self, name: &str, now: Instant) -> Option<Vec<SocketAddr>> {
        if let Some(known) = get(&mut self.names(), name, now) {
            return Some(known);
        }
        let found = (self.lookup)(name).unwrap_or_default();
        put(&mut self.names(), name, found, now)
    }

    fn names(&self) -> MutexGuard<'_, HashMap<String, Last>> {
        // Nothing that is done to it can panic half-way, so a poisoned one is still whole.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
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
        let anywhere = match &self.reach {
            Reach::Anywhere => true,
            Reach::Public { but } => but.is_some() && *but == name,
        };
        let known = name.and_then(|name| self.addresses(&name, Instant::now()));
        let mut result = self.empty();
        known
            .ok_or(Error::HostNotFound)?
            .into_iter()
            .filter(|address| anywhere || is_public(address.ip()))
            .take(ADDRESSES_MAX)
            .for_each(|address| result.push(address));
        match result.is_empty() {
            true => Err(Error::Other(Box::new(Private))),
            false => Ok(result),
        }
    }
}

impl fmt::Debug for CachingResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CachingResolver")
    }
}

/// The last good answer for a name. An empty list of addresses is never kept.
#[derive(Debug)]
struct Last {
    addresses: Vec<SocketAddr>,
    fresh_until: Instant,
}

type Names = HashMap<String, Last>;

/// What is known; `None` tells the caller to ask. While one caller asks, the others go on with the old answer.
fn get(names: &mut Names, name: &str, now: Instant) -> Option<Vec<SocketAddr>> {
    let last = names.get_mut(name)?;
    if last.fresh_until <= now {
        last.fresh_until = now + TTL;
        return None;
    }
    Some(last.addresses.clone())
}

/// Keeps what was found, or falls back to the last good answer when nothing was.
fn put(
    names: &mut Names,
    name: &str,
    found: Vec<SocketAddr>,
    now: Instant,
) -> Option<Vec<SocketAddr>> {
    if found.is_empty() {
        return names.get(name).map(|last| last.addresses.clone());
    }
    if NAMES_MAX <= names.len() && !names.contains_key(name) {
        names.clear(); // who has pointed us to so many hosts gains nothing but questions to the DNS
    }
    let last = Last {
        addresses: found.clone(),
        fresh_until: now + TTL,
    };
    names.insert(name.to_owned(), last);
    Some(found)
}

/// Whether an address is one of the public network: neither of this host, of this link, nor of a private network.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, third, _] = v4.octets();
            let shared = first == 100 && (64..128).contains(&second); // RFC 6598
            let special = (first, second, third) == (192, 0, 0) || first == 0 || 240 <= first;
            let testing = first == 198 && (18..20).contains(&second); // RFC 2544
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_documentation()
                || shared
                || special
                || testing)
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(IpAddr::V4(v4)),
            // Of all of IPv6, 2000::/3 is given out; 2002::/16 and 64:ff9b::/96 carry an IPv4 address inside.
            None => {
                let segments = v6.segments();
                let is_global = segments[0] & 0xe000 == 0x2000;
                let embeds = segments[0] == 0x2002 || segments[..2] == [0x2001, 0];
                let documentation = segments[..2] == [0x2001, 0xdb8];
                is_global && !embeds && !documentation
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    type Script = Arc<Mutex<VecDeque<io::Result<Vec<SocketAddr>>>>>;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// A resolver that answers by script; an answer too many panics.
    fn scripted(answers: Vec<io::Result<Vec<SocketAddr>>>) -> (CachingResolver, Script) {
        let script: Script = Arc::new(Mutex::new(answers.into()));
        let left = script.clone();
        let resolver = CachingResolver::new(
            Arc::new(move |_| {
                let mut left = left.lock().expect("not poisoned");
                left.pop_front()
                    .expect("asked once more than the script has answers")
            }),
            Reach::Anywhere,
        );
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
        let mut names = Names::default();
        let now = Instant::now();
        put(&mut names, "wiki:80", vec![address(1)], now);
        assert_eq!(get(&mut names, "wiki:80", now + TTL), None);
        let old = Some(vec![address(1)]);
        assert_eq!(get(&mut names, "wiki:80", now + TTL), old);
    }

    #[test]
    fn names_are_bounded() {
        let mut names = Names::default();
        for number in 0..100 {
            put(
                &mut names,
                &number.to_string(),
                vec![address(1)],
                Instant::now(),
            );
            assert!(names.len() <= NAMES_MAX);
        }
        assert!(names.contains_key("99"));
    }

    #[test]
    fn addresses_of_private_networks_are_told_apart() {
        for (address, expected) in [
            ("93.184.216.34", true),
            ("1.1.1.1", true),
            ("100.63.255.255", true),
            ("100.64.0.1", false),
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("0.0.0.0", false),
            ("192.0.0.8", false),
            ("198.18.0.1", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("2606:4700::1", true),
            ("::1", false),
            ("::", false),
            ("fe80::1", false),
            ("fd00::1", false),
            ("ff02::1", false),
            ("::ffff:10.0.0.1", false),
            ("::ffff:1.1.1.1", true),
            ("2002:a00:1::", false),
            ("2001:db8::1", false),
            ("2001::1", false),
            ("64:ff9b::a00:1", false),
        ] {
            let parsed = address.parse().expect("an address");
            assert_eq!(is_public(parsed), expected, "{address}");
        }
    }

    #[test]
    fn who_may_only_go_to_public_addresses_gets_no_others() {
        let public: SocketAddr = "1.1.1.1:443".parse().expect("an address");
        let uri: Uri = "https://media.example/".parse().expect("an address");
        let later = NextTimeout {
            after: ureq::unversioned::transport::time::Duration::NotHappening,
            reason: ureq::Timeout::Resolve,
            per_read: None,
            per_write: None,
        };
        let config = ureq::Agent::config_builder().build();
        let but = |name: &str| Reach::Public {
            but: Some(name.to_owned()),
        };
        for (reach, found, expected) in [
            (Reach::Anywhere, vec![address(1)], Some(vec![address(1)])),
            (
                Reach::Public { but: None },
                vec![address(1), public],
                Some(vec![public]),
            ),
            (Reach::Public { but: None }, vec![address(1)], None),
            (but("proxy:3128"), vec![address(1)], None),
            (
                but("media.example:443"),
                vec![address(1)],
                Some(vec![address(1)]),
            ),
        ] {
            let lookup = Arc::new(move |_: &str| Ok(found.clone()));
            let resolver = CachingResolver::new(lookup, reach.clone());
            let resolved = resolver.resolve(&uri, &config, later);
            let resolved = resolved.ok().map(|addresses| addresses.to_vec());
            assert_eq!(resolved, expected, "{reach:?}");
        }
    }
}

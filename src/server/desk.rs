//! What the workers are told of the settings.

use super::machine;
use super::open::scheme;
use crate::cache::{Limits, Watch};
use crate::config::{Allow, Config};
use crate::confluence::Confluence;
use crate::gate::Gates;
use crate::logging::{self, AccessHandle};
use crate::meters::{Meters, Probes};
use crate::reply::CacheName;
use crate::web::Showcase;
use crate::worker::{Desk, Failure, House, Publication};

/// What all workers share.
pub(super) fn desk(
    config: &Config,
    gates: &Gates,
    showcase: Option<Showcase>,
    confluence: &Confluence,
    cache: &Watch<Failure>,
    access_log: Option<&AccessHandle>,
) -> Desk {
    let probes = Probes {
        machine: machine::figures,
        log_lines_dropped: logging::lines_dropped,
        access_log_lines_dropped: access_log
            .map(AccessHandle::lines_dropped)
            .unwrap_or_default(),
    };
    let meters = Meters::new(gates.meters(), cache.meter(), confluence.meter(), probes);
    meters.clients_max.set(config.proxy.connections_max as u64);
    meters
        .crew
        .size
        .set(config.confluence.connections_max as u64);
    Desk::new(
        gates.clone(),
        house(config, showcase),
        confluence.clone(),
        publication(config),
        cache.clone(),
        meters,
    )
}

/// How much is kept, and for how long.
pub(super) fn limits(config: &Config) -> Limits {
    Limits {
        items_max: config.cache.items_max,
        bytes_max: config.cache.bytes_max,
        stale: config.cache.stale,
        renewable: config.cache.ttl,
        negative_ttl: config.cache.negative_ttl,
    }
}

/// What the service is to the people who meet it.
fn house(config: &Config, showcase: Option<Showcase>) -> House {
    let proxy = &config.proxy;
    House {
        cache_name: CacheName::new(proxy.node_name.as_deref()),
        scheme: scheme(config),
        base_path: proxy.base_path.clone(),
        public_url: proxy.public_url.clone(),
        confluence_url: config.confluence.url.clone(),
        contact: proxy.contact.clone(),
        operators: proxy.operators.clone(),
        showcase,
    }
}

/// What the operator lets out.
fn publication(config: &Config) -> Publication {
    match config.proxy.allow.clone() {
        Some(Allow { spaces, pages }) => Publication::only(spaces, pages),
        None => Publication::everything(),
    }
}

//! Which threads there are, each with what it needs.

use std::io;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, bounded};

use super::threads::{Spawner, Stage};
use crate::acceptor::Job;
use crate::attachment::Ledger;
use crate::cache::{self, CacheHandle};
use crate::config::Config;
use crate::gate::{Gate, UnderWay};
use crate::worker::{
    self, Answerer, Crew, CrewShared, Desk, Failure, Listings, Order, WORKERS_MAX, Waiter,
    WarmHandle, Worker,
};

/// Members of the crew that take listings as well, at most, and never more than half of it: a listing may take fifty
/// questions and some megabytes, and files must not wait for that.
const LISTERS_MAX: usize = 2;

/// Lookup workers at least, so that one that waits for an inbox does not stop all hits.
const WORKERS_MIN: usize = 2;

/// Starts everything that knows what is kept: who answers from it, and who fetches it.
pub(super) fn spawn_inside(
    spawner: &mut Spawner,
    config: &Config,
    cache: (cache::Opened<Waiter, Failure>, Ledger),
    desk: &Arc<Desk>,
    jobs: Receiver<Job>,
    under_way: UnderWay,
) -> io::Result<WarmHandle> {
    let (listings, orders) = worker::open_listings(desk.clone());
    let cache = spawn_back(spawner, config, cache, desk, listings.listings(), orders)?;
    let (warm_listings, warm_cache) = (listings.clone(), cache.clone());
    let item_bytes_max = config.cache.item_bytes_max;
    let (warmer, warm) = worker::open_warm(warm_listings, warm_cache, desk.clone(), item_bytes_max);
    spawner.start(Stage::Front, "warm".into(), move || warmer.run())?;
    let worker = Worker {
        jobs,
        under_way,
        cache,
        listings,
        warm: warm.clone(),
        desk: desk.clone(),
    };
    spawn_workers(spawner, worker)?;
    Ok(warm)
}

/// Starts cache, answerer and crew, and returns what the lookup workers need.
fn spawn_back(
    spawner: &mut Spawner,
    config: &Config,
    (cache, ledger): (cache::Opened<Waiter, Failure>, Ledger),
    desk: &Arc<Desk>,
    listings: Arc<Listings>,
    orders: Receiver<Order>,
) -> io::Result<CacheHandle<Waiter, Failure>> {
    let cache::Opened {
        actor,
        handle,
        watch: _,
        reporter,
        fetches,
        woken,
    } = cache;
    let answerer = Answerer {
        woken,
        desk: desk.clone(),
        ttl: config.cache.ttl,
    };
    let shared = Arc::new(CrewShared {
        reporter,
        bell: Arc::new(desk.gates.clone()),
        ledger,
        item_bytes_max: config.cache.item_bytes_max,
        ttl: config.cache.ttl,
        paced_max: (config.confluence.connections_max as u64 / 2).max(1),
        patience: config.confluence.read_timeout,
        listings,
        desk: desk.clone(),
    });
    spawner.start(Stage::Back, "cache".into(), move || actor.run())?;
    spawner.start(Stage::Back, "answer".into(), move || answerer.run())?;
    let crew_max = config.confluence.connections_max;
    for number in 0..crew_max {
        let crew = Crew {
            fetches: fetches.clone(),
            orders: match number < LISTERS_MAX.min(crew_max.div_ceil(2)) {
                true => orders.clone(),
                false => bounded(0).1,
            },
            shared: shared.clone(),
        };
        spawner.start(Stage::Back, format!("fetch-{number}"), move || crew.run())?;
    }
    Ok(handle)
}

/// Starts the lookup workers, all like this one.
fn spawn_workers(spawner: &mut Spawner, worker: Worker) -> io::Result<()> {
    for number in 0..cores().clamp(WORKERS_MIN, WORKERS_MAX) {
        let worker = worker.clone();
        spawner.start(Stage::Front, format!("worker-{number}"), move || {
            worker.run(number)
        })?;
    }
    Ok(())
}

/// Starts the gates.
pub(super) fn spawn_gates(spawner: &mut Spawner, gates: Vec<Gate>) -> io::Result<()> {
    for (number, gate) in gates.into_iter().enumerate() {
        spawner.start(Stage::Clients, format!("gate-{number}"), move || gate.run())?;
    }
    Ok(())
}

/// Cores that this process may use.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

//! The running service: built here, watched over here, stopped here.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded, select};
use log::{info, warn};

use super::certificate::{Certificates, RereadTls};
use super::error::StartError;
use super::machine;
use super::threads::{Actor, Farewell, Spawner, Stage, Wish, culprit, join, join_as_they_leave};
use crate::acceptor::{self, Acceptor, Job};
use crate::account::{self, AccountHandle, Secrets};
use crate::attachment::Ledger;
use crate::cache::{self, CacheHandle, Limits};
use crate::config::{Allow, Config, Kind};
use crate::confluence::Confluence;
use crate::gate::{self, Gate, Gates, REQUESTS_UNDER_WAY_MAX, UnderWay};
use crate::web::Showcase;
use crate::worker::{
    Answerer, Crew, CrewShared, Desk, Failure, House, Parked, Publication, Worker,
};

/// Gates at most: tiny_http serves this many links without starving one, and one gate saturates a network card.
const GATES_MAX: usize = 4;

/// Lookup workers at most, and at least two, so that one that waits for an inbox does not stop all hits.
const WORKERS: (usize, usize) = (2, 8);

/// How long a stop waits for the crew after interrupting it. What is stuck longer, in a name lookup say, ends with the
/// process.
const CREW_GRACE: Duration = Duration::from_secs(2);

/// Everything a server is started with.
pub struct Setup {
    /// What the operator wants.
    pub config: Config,
    /// Where the private directory of the links is made.
    pub directory: PathBuf,
    /// Shown on the start page.
    pub showcase: Option<Showcase>,
    /// Where the account's secret is read again.
    pub secrets: Secrets,
    /// Where the certificate is read again.
    pub reread_tls: RereadTls,
}

/// The running service. Dropping it stops it.
pub struct Server {
    address: SocketAddr,
    gates: Gates,
    acceptor: acceptor::Stop,
    /// Dropped to end the account's keeper.
    account: Option<AccountHandle>,
    confluence: Confluence,
    desk: Arc<Desk>,
    certificates: Certificates,
    drain: Duration,
    /// Indexed by [`Stage`].
    actors: [Vec<Actor>; 3],
    farewells: Receiver<Farewell>,
}

/// Why a server that was waited for should end.
#[derive(Debug)]
pub enum Ending {
    /// Somebody asked for it.
    Asked,
    /// An actor ended by itself: a bug, exit 70.
    Failed(Farewell),
}

impl Server {
    /// Starts every actor. When it returns, clients are served.
    ///
    /// # Errors
    /// See [`StartError`]; whatever was started is stopped again.
    pub fn start(setup: Setup) -> Result<Server, StartError> {
        let Setup {
            config,
            directory,
            showcase,
            secrets,
            reread_tls,
        } = setup;
        machine::prepare(&config);
        let (confluence, news) =
            Confluence::new(&config.confluence).map_err(StartError::Confluence)?;
        let certificates = Certificates::new(config.proxy.tls.clone(), reread_tls);
        let certificate = certificates.load().map_err(StartError::Certificate)?;
        let wanted = SocketAddr::new(config.proxy.host, config.proxy.port);
        let listener = gate::listen(wanted).map_err(|error| StartError::Listen(wanted, error))?;
        let address = listener.local_addr().map_err(StartError::System)?;

        let cores = thread::available_parallelism().map_or(1, usize::from);
        // As deep as the gates let requests pass, so the acceptor never finds it full.
        let (job_sender, jobs) = bounded::<Job>(REQUESTS_UNDER_WAY_MAX);
        let (acceptor, acceptor_stop, links) =
            Acceptor::open(&directory, cores.min(GATES_MAX), job_sender)
                .map_err(|error| StartError::Links(directory, error))?;
        let under_way = UnderWay::default();
        let connections_max = config.proxy.connections_max;
        let (gates, gate_actors) =
            gate::open(listener, certificate, links, connections_max, &under_way)
                .map_err(StartError::System)?;
        let desk = Arc::new(Desk::new(
            gates.clone(),
            house(&config, showcase),
            confluence.clone(),
            publication(&config),
        ));
        let (keeper, account) =
            account::open(confluence.clone(), news, config.confluence.clone(), secrets);

        let mut spawner = Spawner::new();
        let back = spawn_back(&mut spawner, &config, &gates, &desk);
        let front = back.and_then(|cache| {
            let worker = Worker {
                jobs,
                under_way,
                cache,
                desk: desk.clone(),
            };
            spawn_workers(&mut spawner, cores, worker)
        });
        let started = front
            .and_then(|()| spawner.start(Stage::Front, "acceptor".into(), move || acceptor.run()))
            .and_then(|()| spawner.start(Stage::Back, "account".into(), move || keeper.run()))
            .and_then(|()| spawn_gates(&mut spawner, gate_actors));
        let server = Server {
            address,
            gates,
            acceptor: acceptor_stop,
            account: Some(account),
            confluence,
            desk,
            certificates,
            drain: config.proxy.drain,
            actors: spawner.actors,
            farewells: spawner.farewells,
        };
        started.map_err(StartError::System)?; // dropping the server stops what runs already
        log_started(&config, address);
        Ok(server)
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Reads the certificate again, and has the account's secret read again and its login tested. Blocks for no longer
    /// than two small files take.
    pub fn reload(&mut self) {
        self.certificates.renew(&self.gates);
        if let Some(account) = &self.account {
            account.reload();
        }
    }

    /// Blocks until somebody wishes a stop, or an actor ends by itself. Other wishes are fulfilled meanwhile.
    pub fn wait(&mut self, wishes: &Receiver<Wish>) -> Ending {
        loop {
            select! {
                recv(wishes) -> wish => match wish {
                    Ok(Wish::Reload) => self.reload(),
                    Ok(Wish::Stop) | Err(_) => return Ending::Asked,
                },
                recv(self.farewells) -> farewell => return match farewell {
                    Ok(first) => Ending::Failed(culprit(first, &self.farewells)),
                    Err(_) => Ending::Asked,
                },
            }
        }
    }

    /// Stops in order; see the head of this file.
    fn stop(&mut self) {
        info!("stopping: running answers have {} s", self.drain.as_secs());
        self.desk.draining.store(true, Ordering::Relaxed);
        self.gates.drain(Instant::now() + self.drain);
        let [clients, front, back] = &mut self.actors;
        join(clients);
        self.acceptor.stop();
        join(front);
        self.account = None;
        self.confluence.interrupt();
        if !join_as_they_leave(back, &self.farewells, Instant::now() + CREW_GRACE) {
            warn!("some downloads did not end in time; the process ends without them");
        }
        info!("stopped");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts cache, answerer and crew, and returns what the lookup workers need.
fn spawn_back(
    spawner: &mut Spawner,
    config: &Config,
    gates: &Gates,
    desk: &Arc<Desk>,
) -> io::Result<CacheHandle<Parked, Failure>> {
    let ledger = Ledger::default();
    let limits = Limits {
        items_max: config.cache.items_max,
        bytes_max: config.cache.bytes_max,
        stale: config.cache.stale,
        renewable: config.cache.ttl,
        negative_ttl: config.cache.negative_ttl,
    };
    let cache::Opened {
        actor,
        handle,
        reporter,
        fetches,
        woken,
    } = cache::open(limits, ledger.clone());
    let answerer = Answerer {
        woken,
        desk: desk.clone(),
        ttl: config.cache.ttl,
    };
    let shared = Arc::new(CrewShared {
        reporter,
        bell: Arc::new(gates.clone()),
        ledger,
        item_bytes_max: config.cache.item_bytes_max,
        ttl: config.cache.ttl,
        paced_max: (config.confluence.connections_max / 2).max(1),
        paced: AtomicUsize::new(0),
        patience: config.confluence.read_timeout,
        desk: desk.clone(),
    });
    spawner.start(Stage::Back, "cache".into(), move || actor.run())?;
    spawner.start(Stage::Back, "answer".into(), move || answerer.run())?;
    for number in 0..config.confluence.connections_max {
        let crew = Crew {
            fetches: fetches.clone(),
            shared: shared.clone(),
        };
        spawner.start(Stage::Back, format!("fetch-{number}"), move || crew.run())?;
    }
    Ok(handle)
}

/// Starts the lookup workers, all like this one.
fn spawn_workers(spawner: &mut Spawner, cores: usize, worker: Worker) -> io::Result<()> {
    let (low, high) = WORKERS;
    for number in 0..cores.clamp(low, high) {
        let worker = worker.clone();
        spawner.start(Stage::Front, format!("worker-{number}"), move || {
            worker.run()
        })?;
    }
    Ok(())
}

/// What the operator lets out.
fn publication(config: &Config) -> Publication {
    match config.proxy.allow.clone() {
        Some(Allow { spaces, pages }) => Publication::only(spaces, pages),
        None => Publication::everything(),
    }
}

/// What the service is to the people who meet it.
fn house(config: &Config, showcase: Option<Showcase>) -> House {
    let proxy = &config.proxy;
    House {
        scheme: scheme(config),
        base_path: proxy.base_path.clone(),
        public_url: proxy.public_url.clone(),
        confluence_url: config.confluence.url.clone(),
        contact: proxy.contact.clone(),
        operators: proxy.operators.clone(),
        showcase,
    }
}

fn spawn_gates(spawner: &mut Spawner, gates: Vec<Gate>) -> io::Result<()> {
    for (number, gate) in gates.into_iter().enumerate() {
        spawner.start(Stage::Clients, format!("gate-{number}"), move || gate.run())?;
    }
    Ok(())
}

/// What addresses of this service begin with.
fn scheme(config: &Config) -> &'static str {
    match config.proxy.tls {
        Some(_) => "https",
        None => "http",
    }
}

fn log_started(config: &Config, address: SocketAddr) {
    let account = config.confluence.credentials.account();
    info!(
        "started version={} address={address} scheme={} base_path={:?} confluence={} account={account:?} \
         cache_items={} cache_bytes={} item_bytes={} ttl={}s connections={} confluence_connections={} \
         kind={} published={}",
        env!("CARGO_PKG_VERSION"),
        scheme(config),
        config.proxy.base_path,
        config.confluence.url,
        config.cache.items_max,
        config.cache.bytes_max,
        config.cache.item_bytes_max,
        config.cache.ttl.as_secs(),
        config.proxy.connections_max,
        config.confluence.connections_max,
        match config.confluence.kind {
            Kind::Server => "server",
            Kind::Cloud => "cloud",
        },
        match config.proxy.allow {
            Some(_) => "some",
            None => "everything",
        },
    );
}

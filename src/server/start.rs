//! The running service: built here, watched over here, stopped here.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, after, bounded, never, select};
use log::{debug, info, warn};

use super::certificate::{Certificates, RereadTls};
use super::desk::{desk, limits};
use super::error::StartError;
use super::machine;
use super::managed::Managed;
use super::open::{facing, listen, scheme, start_access_log};
use super::spawn::{cores, spawn_gates, spawn_inside};
use super::threads::{Actors, Farewell, Spawner, Stage, Wish, culprit, join, join_as_they_leave};
use crate::acceptor::{self, Acceptor, Job};
use crate::account::{self, AccountHandle, Secrets};
use crate::attachment::Ledger;
use crate::cache::{self};
use crate::config::{Config, Kind};
use crate::confluence::Confluence;
use crate::gate::{self, Gates, LeftTo, REQUESTS_UNDER_WAY_MAX, UnderWay};
use crate::logging::AccessHandle;
use crate::meters::{SAMPLE_EVERY, Saved};
use crate::systemd::Given;
use crate::web::Showcase;
use crate::worker::{Desk, WarmHandle};

/// Gates at most: tiny_http serves this many links without starving one, and one gate saturates a network card.
const GATES_MAX: usize = 4;

/// How long a stop waits for the crew after interrupting it. What is stuck longer, in a name lookup say, ends with the
/// process.
const CREW_GRACE: Duration = Duration::from_secs(2);

/// How long a stop waits for the last lines of the access log.
const ACCESS_LOG_PATIENCE: Duration = Duration::from_secs(2);

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
    /// What the service manager handed over.
    pub given: Given,
}

/// The running service. Dropping it stops it.
pub struct Server {
    address: SocketAddr,
    /// Who takes those who wait there when the service stops.
    left_to: LeftTo,
    /// `None`: nobody wants to know how it goes.
    managed: Option<Managed>,
    gates: Gates,
    acceptor: acceptor::Stop,
    /// Dropped to end the account's keeper.
    account: Option<AccountHandle>,
    /// Dropped to end the one who warms pages; `None` if the start did not come that far.
    warm: Option<WarmHandle>,
    confluence: Confluence,
    desk: Arc<Desk>,
    certificates: Certificates,
    /// `None` if there is none, or it has been closed.
    access_log: Option<AccessHandle>,
    shutdown_delay: Duration,
    drain: Duration,
    actors: Actors,
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
            mut given,
        } = setup;
        machine::prepare(&config);
        let (confluence, news) =
            Confluence::new(&config.confluence).map_err(StartError::Confluence)?;
        let certificates = Certificates::new(config.proxy.tls.clone(), reread_tls);
        let certificate = certificates.load().map_err(StartError::Certificate)?;
        let mut spawner = Spawner::new();
        let (access, access_log) = start_access_log(&mut spawner, &config)?;
        let (listener, address, left_to) = listen(&config, &mut given)?;
        // As deep as the gates let requests pass, each with a probe, so the acceptor never finds it full.
        let (job_sender, jobs) = bounded::<Job>(REQUESTS_UNDER_WAY_MAX + GATES_MAX);
        let (acceptor, acceptor_stop, links) =
            Acceptor::open(&directory, cores().min(GATES_MAX), job_sender)
                .map_err(|error| StartError::Links(directory, error))?;
        let under_way = UnderWay::default();
        let facing = facing(&config, certificate, access);
        let opened = gate::open(listener, facing, links, &under_way);
        let (gates, gate_actors) = opened.map_err(StartError::System)?;
        let ledger = Ledger::default();
        let cache = cache::open(limits(&config), ledger.clone());
        let desk = Arc::new(desk(
            &config,
            &gates,
            showcase,
            &confluence,
            &cache.watch,
            access_log.as_ref(),
        ));
        let (keeper, account) =
            account::open(confluence.clone(), news, config.confluence.clone(), secrets);
        let cache = (cache, ledger);
        let inside = spawn_inside(&mut spawner, &config, cache, &desk, jobs, under_way);
        let warm = inside.as_ref().ok().cloned();
        let started = inside
            .and_then(|_| spawner.start(Stage::Front, "acceptor".into(), move || acceptor.run()))
            .and_then(|()| spawner.start(Stage::Back, "account".into(), move || keeper.run()))
            .and_then(|()| spawn_gates(&mut spawner, gate_actors));
        let server = Server {
            address,
            left_to,
            managed: given.manager.map(|it| Managed::new(it, address, &gates)),
            gates,
            acceptor: acceptor_stop,
            account: Some(account),
            warm,
            confluence,
            desk,
            certificates,
            access_log,
            shutdown_delay: config.proxy.shutdown_delay,
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

    /// What Confluence was spared since the start.
    pub fn saved(&self) -> Saved {
        self.desk.saved()
    }

    /// Stops it, and says what Confluence was spared until the last answer.
    pub fn end(self) -> Saved {
        let desk = self.desk.clone();
        drop(self);
        desk.saved()
    }

    /// Reads the certificate again, and has the account's secret read again and its login tested. Blocks for no longer
    /// than two small files take.
    pub fn reload(&mut self) {
        self.managed.iter().for_each(Managed::reloading);
        self.certificates.renew(&self.gates);
        if let Some(account) = &self.account {
            account.reload();
        }
        self.managed.iter().for_each(Managed::reloaded);
    }

    /// Has the file of the access log opened again, soon, for somebody who has moved it away.
    pub fn reopen(&self) {
        if let Some(log) = &self.access_log {
            log.reopen();
        }
    }

    /// Blocks until a stop is wished and its delay is over, or wished once more, or an actor ends by itself. Other wishes
    /// are fulfilled meanwhile. When it returns, nobody hears wishes any more.
    pub fn wait(&mut self, wishes: Receiver<Wish>) -> Ending {
        let probes = self.managed.as_ref().map_or_else(never, Managed::returned);
        let mut delay_is_over = never();
        loop {
            let wait = self.turn(Instant::now());
            select! {
                recv(wishes) -> wish => match wish {
                    Ok(Wish::Reload) => self.reload(),
                    Ok(Wish::Reopen) => self.reopen(),
                    Ok(Wish::Stop) if !self.shutdown_delay.is_zero() && self.desk.is_ready() => {
                        self.announce_stop();
                        delay_is_over = after(self.shutdown_delay);
                    }
                    Ok(Wish::Stop) | Err(_) => return Ending::Asked,
                },
                recv(delay_is_over) -> _ => return Ending::Asked,
                recv(self.farewells) -> farewell => return match farewell {
                    Ok(first) => Ending::Failed(culprit(first, &self.farewells)),
                    Err(_) => Ending::Asked,
                },
                recv(probes) -> gate => if let (Ok(gate), Some(managed)) = (gate, &mut self.managed) {
                    managed.hear(gate, &self.desk);
                },
                default(wait) => {}
            }
        }
    }

    /// Does what is due, and says how long nothing is.
    fn turn(&mut self, now: Instant) -> Duration {
        self.desk.meters.sample(now);
        match &mut self.managed {
            Some(managed) => managed.turn(&self.gates, &self.desk, &self.confluence, now),
            None => SAMPLE_EVERY,
        }
    }

    /// Lets everybody know of the stop who asks whether to come here, and goes on.
    fn announce_stop(&mut self) {
        info!(
            "stopping in {} s: until then all goes on, and /readyz answers 503 so that fronts send requests elsewhere; \
             another signal ends the wait",
            self.shutdown_delay.as_secs()
        );
        if let Some(managed) = &mut self.managed {
            managed.leaving(self.shutdown_delay, self.drain);
        }
        self.desk.draining.store(true, Ordering::Relaxed);
    }

    /// Stops in order; see the head of this file.
    fn stop(&mut self) {
        info!("stopping: running answers have {} s", self.drain.as_secs());
        self.managed.iter().for_each(|it| it.stopping(self.drain));
        self.desk.draining.store(true, Ordering::Relaxed);
        self.gates.drain(Instant::now() + self.drain, self.left_to);
        debug!("no more clients are taken");
        if let Some(warm) = self.warm.take() {
            warm.drain(); // who waits for it has his answer, and the gates need not wait for him
        }
        let [clients, log, front, back] = &mut self.actors;
        join(clients);
        match self
            .access_log
            .take()
            .map(|it| it.close(ACCESS_LOG_PATIENCE))
        {
            Some(true) => join(log),
            // Nobody reads the pipe, or the disk hangs: its thread ends with the process.
            Some(false) => warn!("the last lines of the access log were not written in time"),
            None => {}
        }
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

fn log_started(config: &Config, address: SocketAddr) {
    let account = config.confluence.credentials.account();
    let node = config.proxy.node_name.as_ref();
    let node = node.map_or(String::new(), |node| format!(" node={node}"));
    info!(
        "started version={} address={address} scheme={} base_path={:?} confluence={} account={account:?} \
         cache_items={} cache_bytes={} item_bytes={} ttl={}s connections={} confluence_connections={} \
         kind={} published={}{node}",
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

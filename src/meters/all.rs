//! All meters together.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::gate::GateMeter;
use super::inner::{CacheFigures, CacheMeter, CrewMeter, UpstreamMeter};
use super::number::{Number, Own};
use super::past::{self, Mishap, Past, Rate, Sample};
use super::saved::Saved;
use super::words::{Source, State};

/// Shortest time since the last sample that says something by itself.
const LAST_SPAN_MIN: Duration = Duration::from_secs(1);

/// Every meter of the running service, shared by whoever counts and whoever reads.
#[derive(Debug)]
pub struct Meters {
    /// When the service started, by both clocks.
    pub started: (Instant, SystemTime),
    /// One for each gate.
    gates: Vec<Arc<GateMeter>>,
    /// Client connections at once at most.
    pub clients_max: Own,
    /// The cache actor's.
    pub cache: Arc<CacheMeter>,
    /// The fetch crew's.
    pub crew: CrewMeter,
    /// What is asked of Confluence.
    pub upstream: Arc<UpstreamMeter>,
    /// What only others may look at.
    probes: Probes,
    past: Mutex<Past>,
}

/// How numbers are had that no meter has.
#[derive(Clone, Debug)]
pub struct Probes {
    /// What the system says about this process.
    pub machine: fn() -> Machine,
    /// Log lines dropped since the start.
    pub log_lines_dropped: fn() -> u64,
    /// Lines of the access log dropped since the start; nobody counts if there is none.
    pub access_log_lines_dropped: Arc<AtomicU64>,
}

/// What the system says about this process; `None` where it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Bytes of memory in use.
    pub resident_bytes: Option<u64>,
    /// Files, sockets and the like that are open.
    pub open_descriptors: Option<u64>,
}

/// All numbers as they were when somebody asked. Those of `meters` go on.
#[derive(Debug)]
pub struct Reading {
    /// What Confluence was spared.
    pub saved: Saved,
    /// All gates as one.
    pub gates: GateMeter,
    /// What the store says.
    pub cache: CacheFigures,
    /// What the system says.
    pub machine: Machine,
    /// Log lines dropped since the start.
    pub log_lines_dropped: u64,
    /// Lines of the access log dropped since the start.
    pub access_log_lines_dropped: u64,
    /// Since the start.
    pub uptime: Duration,
    /// Where all the others are read.
    pub meters: Arc<Meters>,
}

impl Reading {
    /// Orders that wait for a free member of the crew. Both counters go on meanwhile.
    pub fn orders_waiting(&self) -> u64 {
        let (cache, crew) = (&self.meters.cache, &self.meters.crew);
        let ordered = cache.flights.get() + crew.listings.get();
        ordered.saturating_sub(crew.taken.get())
    }
}

impl Meters {
    /// Begins to count.
    pub fn new(
        gates: Vec<Arc<GateMeter>>,
        cache: Arc<CacheMeter>,
        upstream: Arc<UpstreamMeter>,
        probes: Probes,
    ) -> Meters {
        let started = Instant::now();
        Meters {
            started: (started, SystemTime::now()),
            gates,
            clients_max: Own::default(),
            cache,
            crew: CrewMeter::default(),
            upstream,
            probes,
            past: Mutex::new(Past::new(started)),
        }
    }

    /// What all gates have counted, as one.
    fn all_gates(&self) -> GateMeter {
        let sum = GateMeter::default();
        self.gates.iter().for_each(|gate| sum.include(gate));
        sum
    }

    /// Client connections that are open now.
    pub fn connections(&self) -> u64 {
        let gates = self.all_gates();
        State::ALL
            .map(|state| gates.connections(state))
            .iter()
            .sum()
    }

    /// Reads everything. `cache` is what the store says.
    pub fn read(self: &Arc<Meters>, cache: CacheFigures) -> Reading {
        let gates = self.all_gates();
        Reading {
            saved: self.saved(&gates, cache.spared),
            gates,
            cache,
            machine: (self.probes.machine)(),
            log_lines_dropped: (self.probes.log_lines_dropped)(),
            access_log_lines_dropped: self.probes.access_log_lines_dropped.load(Ordering::Relaxed),
            uptime: self.started.0.elapsed(),
            meters: self.clone(),
        }
    }

    fn saved(&self, gates: &GateMeter, time: Duration) -> Saved {
        let spared = [Source::Hit, Source::Join].map(|source| gates.requests_from(source));
        let sent = of_attachments(|source| gates.bytes(source));
        let received = self.upstream.received.get();
        Saved {
            requests: of_attachments(|source| gates.requests_from(source)),
            spared: spared.iter().sum(),
            downloads: self.crew.downloads.count(),
            sent,
            received,
            bytes: sent.saturating_sub(received),
            time,
        }
    }

    /// Takes a sample if it is time for one.
    pub fn sample(&self, now: Instant) {
        if self.past().is_due(now) {
            let sample = self.sample_of(now);
            self.past().sample(sample);
        }
    }

    fn sample_of(&self, now: Instant) -> Sample {
        let gates = self.all_gates();
        Sample {
            at: now,
            requests: of_attachments(|source| gates.requests_from(source)),
            hits: gates.requests_from(Source::Hit),
            bytes: of_attachments(|source| gates.bytes(source)),
        }
    }

    /// What happened from sample to sample, the oldest first, and since the last one if that was a while ago.
    pub fn rates(&self, now: Instant) -> Vec<Rate> {
        let mut samples = self.past().samples();
        let last = samples
            .last()
            .map(|last| now.saturating_duration_since(last.at));
        if last.is_some_and(|last| LAST_SPAN_MIN <= last) {
            samples.push(self.sample_of(now));
        }
        past::rates(&samples, now)
    }

    /// Notes something that went wrong.
    pub fn note(&self, mishap: Mishap) {
        self.past().mishap(mishap);
    }

    /// What went wrong lately, the newest first.
    pub fn mishaps(&self) -> Vec<Mishap> {
        self.past().mishaps()
    }

    /// Held for one step, which leaves nothing half done.
    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_attachments(number: impl Fn(Source) -> u64) -> u64 {
    let sources = Source::ALL.into_iter();
    sources
        .filter(|source| source.is_attachment())
        .map(number)
        .sum()
}

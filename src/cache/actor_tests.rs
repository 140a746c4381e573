//! The flight table and what the actor decides about it, in every order: claims, purges and the news of downloads,
//! compared step by step with a model that says in the simplest words who must get what.

use std::collections::HashSet;

use super::*;
use crate::attachment::{Bell, Ending, FileName, PageId, Peek, Reader, StreamId, Writer};
use crate::cache::entry::Life;

/// Steps of one way. Then every download that still runs fails, and everybody must have been woken.
const STEPS_MAX: usize = 8;

/// After as many steps a way ends where another one has been: nothing new could follow.
const STEPS_WITHOUT_MEMORY: usize = 4;

const CLAIMS_MAX: usize = 4;
const PURGES_MAX: usize = 2;

/// All ways through a tree of choices, one after the other.
#[derive(Default)]
struct Ways {
    /// What was chosen, and of how many.
    chosen: Vec<(usize, usize)>,
    at: usize,
}

impl Ways {
    fn choose<T: Copy>(&mut self, among: &[T]) -> T {
        if self.at == self.chosen.len() {
            self.chosen.push((0, among.len()));
        }
        let (choice, count) = self.chosen[self.at];
        assert_eq!(
            count,
            among.len(),
            "the same choices lead to the same place"
        );
        self.at += 1;
        among[choice]
    }

    /// Whether an earlier way went here already, and this one will leave it later.
    fn is_known(&self) -> bool {
        self.at < self.chosen.len()
    }

    /// Whether there is another way.
    fn go_on(&mut self) -> bool {
        self.at = 0;
        while let Some((choice, count)) = self.chosen.pop() {
            if choice + 1 < count {
                self.chosen.push((choice + 1, count));
                return true;
            }
        }
        false
    }
}

struct Silent;

impl Bell for Silent {
    fn ring(&self, _gates: u32, _stream: StreamId) {}
}

/// Two files of one page, by their number.
fn key(file: usize) -> Key {
    Key::File {
        page: PageId::parse("1").expect("digits"),
        name: FileName::parse(["a", "b"][file].as_bytes()).expect("a name"),
        version: None,
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Claim(usize, Demand),
    /// One file, or with `None` the page that has both.
    Forget(Option<usize>),
    Tell(usize, News),
}

/// What a member of the fetch crew says of its download, or does with it.
#[derive(Clone, Copy, Debug)]
enum News {
    Whole,
    Alone,
    TooBig,
    Breaks,
    Kept,
    Renewed,
    Gone,
    Withdrawn,
    Failed,
    NoRoom,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Ordered,
    Whole,
    Broken,
    Alone,
    Ended,
}

/// A download as the model sees it.
struct Flying {
    id: FlightId,
    file: usize,
    stage: Stage,
    /// Who asks now may come along.
    is_open: bool,
    is_purged: bool,
    /// The copy that the order named.
    copy: Option<Arc<Entry>>,
    waiters: Vec<usize>,
    keepers: Vec<usize>,
    writer: Option<Writer>,
    stream: Option<StreamId>,
}

/// What the model knows of a file beside its downloads.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Known {
    /// By which download its copy came, and whether it was asked about just now.
    copy: Option<(usize, bool)>,
    is_gone: bool,
    is_too_big: bool,
}

/// What somebody was woken with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Ready(usize),
    Confirmed(usize),
    Streaming { flight: usize, joined: bool },
    Gone,
    Failed,
    Busy,
    TooBig,
    Forgotten,
    Probed,
}

struct World {
    actor: CacheActor<usize, ()>,
    fetches: Receiver<Fetch>,
    woken: Receiver<Woken<usize, ()>>,
    now: Instant,
    files: [Known; 2],
    flights: Vec<Flying>,
    /// By the waiter's number, which counts claims and purges.
    said: Vec<Option<Said>>,
    readers: Vec<(usize, Reader)>,
    claims: usize,
    purges: usize,
}

impl World {
    fn new(now: Instant) -> World {
        let limits = Limits {
            items_max: 8,
            bytes_max: 1 << 20,
            stale: Duration::from_secs(60),
            renewable: Duration::from_secs(60),
            negative_ttl: Duration::from_secs(60),
        };
        // One place: when a download turns out to be for one client alone, the others do not all get another one.
        let (orders, fetches) = bounded(1);
        let (wake, woken) = bounded(16);
        let ledger = Ledger::default();
        let actor = CacheActor {
            store: Arc::new(Locked::new(limits, ledger.clone())),
            claims: never(),
            reports: never(),
            fetches: Some(orders),
            woken: wake,
            claims_open: true,
            flights: Flights::new(),
            ledger,
            bytes_max: limits.bytes_max,
            meter: Arc::default(),
        };
        World {
            actor,
            fetches,
            woken,
            now,
            files: Default::default(),
            flights: Vec::new(),
            said: Vec::new(),
            readers: Vec::new(),
            claims: 0,
            purges: 0,
        }
    }

    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.claims < CLAIMS_MAX {
            steps.push(Step::Claim(0, Demand::Fresh));
            steps.push(Step::Claim(0, Demand::Confirmed));
            steps.push(Step::Claim(0, Demand::Kept));
            if 0 < self.claims {
                steps.push(Step::Claim(1, Demand::Fresh));
            }
        }
        if self.purges < PURGES_MAX && 0 < self.claims {
            steps.extend([Step::Forget(Some(0)), Step::Forget(None)]);
        }
        for (index, flight) in self.flights.iter().enumerate() {
            let news: &[News] = match (flight.stage, &flight.copy) {
                (Stage::Ordered, None) => &[
                    News::Whole,
                    News::Alone,
                    News::Gone,
                    News::Withdrawn,
                    News::Failed,
                    News::NoRoom,
                ],
                (Stage::Ordered, Some(_)) => &[
                    News::Whole,
                    News::Alone,
                    News::Renewed,
                    News::Gone,
                    News::Withdrawn,
                    News::Failed,
                ],
                (Stage::Whole, _) => &[News::TooBig, News::Breaks, News::Kept],
                (Stage::Broken, _) => &[News::Failed],
                (Stage::Alone, _) => &[News::Over, News::Failed],
                (Stage::Ended, _) => &[],
            };
            steps.extend(news.iter().map(|news| Step::Tell(index, *news)));
        }
        steps
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Claim(file, demand) => self.claim(file, demand),
            Step::Forget(file) => self.forget(file),
            Step::Tell(index, news) => self.tell(index, news),
        }
        assert!(self.fetches.is_empty(), "a download that nobody needs");
        assert!(self.woken.is_empty(), "somebody is woken without need");
        let mut flights = self.flights.iter();
        let is_idle = flights.all(|flight| flight.stage == Stage::Ended);
        assert_eq!(self.actor.flights.is_empty(), is_idle);
        for file in [0, 1] {
            let open = self
                .flights
                .iter()
                .filter(|flight| flight.file == file && flight.is_open);
            assert!(open.count() <= 1, "two downloads of what one would do for");
        }
    }

    fn claim(&mut self, file: usize, demand: Demand) {
        let waiter = self.waiter();
        self.claims += 1;
        self.actor
            .handle(CacheMessage::Claim(key(file), demand, waiter), self.now);
        let known = self.files[file].clone();
        match known.copy {
            Some((flight, is_asked)) if demand != Demand::Confirmed || is_asked => {
                return self.hears(waiter, Said::Ready(flight));
            }
            None if known.is_gone => return self.hears(waiter, Said::Gone),
            Some(_) | None => {}
        }
        let open = self
            .flights
            .iter()
            .position(|flight| flight.file == file && flight.is_open);
        match open {
            None if demand == Demand::Kept && known.is_too_big => self.hears(waiter, Said::TooBig),
            Some(flight) if demand == Demand::Kept => self.flights[flight].keepers.push(waiter),
            Some(flight) if self.flights[flight].stage == Stage::Whole => {
                self.hears(
                    waiter,
                    Said::Streaming {
                        flight,
                        joined: true,
                    },
                );
            }
            Some(flight) => self.flights[flight].waiters.push(waiter),
            None => self.orders(file, waiter, demand),
        }
    }

    fn forget(&mut self, file: Option<usize>) {
        let waiter = self.waiter();
        self.purges += 1;
        let what = match file {
            Some(file) => Forget::File(key(file)),
            None => Forget::Page(PageId::parse("1").expect("digits")),
        };
        self.actor
            .handle(CacheMessage::Forget(what, waiter), self.now);
        self.hears(waiter, Said::Forgotten);
        let is_meant = |other: usize| file.is_none_or(|file| file == other);
        for flight in self
            .flights
            .iter_mut()
            .filter(|flight| is_meant(flight.file))
        {
            flight.is_purged = true;
            flight.is_open = false;
        }
        for (_, known) in self
            .files
            .iter_mut()
            .enumerate()
            .filter(|(other, _)| is_meant(*other))
        {
            known.copy = None;
            known.is_gone = false;
            known.is_too_big = false;
        }
    }

    fn tell(&mut self, index: usize, news: News) {
        let flight = self.flights[index].id;
        match news {
            News::Whole => self.begins_whole(index),
            News::Alone => self.begins_alone(index),
            News::TooBig => {
                self.actor.hear(Report::TooBig(flight), self.now);
                self.flights[index].stage = Stage::Alone;
                self.turns_out_too_big(index);
            }
            News::Breaks => {
                self.flights[index].writer = None;
                self.flights[index].stage = Stage::Broken;
                self.flights[index].is_open = false;
            }
            News::Kept => self.is_kept(index),
            News::Renewed => {
                let copy = self.flights[index]
                    .copy
                    .clone()
                    .expect("it was ordered with it");
                let renewed = Arc::new(copy.renewed(copy.meta.clone(), self.life(Duration::ZERO)));
                self.actor.hear(Report::Renewed(flight, renewed), self.now);
                let version = copy.meta.version.expect("every copy has one") as usize;
                if !self.flights[index].is_purged {
                    self.files[self.flights[index].file].copy = Some((version, true));
                    self.files[self.flights[index].file].is_gone = false;
                }
                self.ends(index, |_| Said::Confirmed(version));
            }
            News::Gone => {
                self.actor.hear(Report::Gone(flight, ()), self.now);
                self.is_taken_away(index, true);
                self.ends(index, |_| Said::Gone);
            }
            News::Withdrawn => {
                self.actor.hear(Report::Withdrawn(flight, ()), self.now);
                self.is_taken_away(index, false);
                self.ends(index, |_| Said::Failed);
            }
            News::Failed => {
                self.flights[index].writer = None;
                self.actor.hear(Report::Failed(flight, ()), self.now);
                self.ends_without(index, Said::Failed);
            }
            News::NoRoom => {
                self.actor.hear(Report::NoRoom(flight), self.now);
                self.ends_without(index, Said::Busy);
            }
            News::Over => {
                self.flights[index]
                    .writer
                    .take()
                    .expect("it writes")
                    .finish();
                self.actor.hear(Report::Over(flight), self.now);
                self.ends_without(index, Said::Busy);
            }
        }
    }

    fn begins_whole(&mut self, index: usize) {
        let ledger = self.actor.ledger.clone();
        let (writer, stream) = Writer::whole(None, Arc::new(Silent), ledger);
        self.flights[index].stream = Some(stream.reader().stream());
        self.flights[index].writer = Some(writer);
        self.streams(index, Keeping::Whole(stream));
        self.flights[index].stage = Stage::Whole;
        let waiters = std::mem::take(&mut self.flights[index].waiters);
        for (place, waiter) in waiters.into_iter().enumerate() {
            let joined = 0 < place;
            self.hears(
                waiter,
                Said::Streaming {
                    flight: index,
                    joined,
                },
            );
        }
    }

    /// The first one gets it, and each other one a download of its own, as far as the crew takes orders.
    fn begins_alone(&mut self, index: usize) {
        let ledger = self.actor.ledger.clone();
        let (writer, reader) = Writer::window(None, 8, Arc::new(Silent), ledger);
        self.flights[index].stream = Some(reader.stream());
        self.flights[index].writer = Some(writer);
        self.streams(index, Keeping::Alone(reader));
        self.flights[index].stage = Stage::Alone;
        self.turns_out_too_big(index);
        let file = self.flights[index].file;
        let waiters = std::mem::take(&mut self.flights[index].waiters);
        for (place, waiter) in waiters.into_iter().enumerate() {
            match place {
                0 => self.hears(
                    waiter,
                    Said::Streaming {
                        flight: index,
                        joined: false,
                    },
                ),
                1 => self.orders(file, waiter, Demand::Fresh),
                _ => {
                    let otherwise = self.comes_to_nothing(file, Said::Busy);
                    self.hears(waiter, otherwise);
                }
            }
        }
    }

    fn streams(&mut self, index: usize, keeping: Keeping) {
        let flight = self.flights[index].id;
        let meta = Meta::default();
        self.actor.hear(
            Report::Streaming {
                flight,
                keeping,
                meta,
            },
            self.now,
        );
    }

    fn turns_out_too_big(&mut self, index: usize) {
        self.flights[index].is_open = false;
        self.files[self.flights[index].file].is_too_big = true;
        for keeper in std::mem::take(&mut self.flights[index].keepers) {
            self.hears(keeper, Said::TooBig);
        }
    }

    fn is_kept(&mut self, index: usize) {
        let mut writer = self.flights[index].writer.take().expect("it writes");
        let body = writer.seal(b"x", None).expect("it is kept whole");
        let meta = Meta {
            version: Some(index as u32),
            ..Meta::default()
        };
        let key = key(self.flights[index].file);
        let life = self.life(2 * ASKED_AGAIN);
        let entry = Entry::new(key, "label".into(), meta, body, Default::default(), life);
        let report = Report::Kept(self.flights[index].id, Arc::new(entry), writer);
        self.actor.hear(report, self.now);
        let flight = &self.flights[index];
        let known = &mut self.files[flight.file];
        known.is_too_big = false;
        if !flight.is_purged {
            known.copy = Some((index, false));
            known.is_gone = false;
        }
        self.ends(index, Said::Ready);
    }

    fn is_taken_away(&mut self, index: usize, is_gone: bool) {
        let flight = &self.flights[index];
        if !flight.is_purged {
            self.files[flight.file].copy = None;
            self.files[flight.file].is_gone |= is_gone;
        }
    }

    fn ends_without(&mut self, index: usize, otherwise: Said) {
        let said = self.comes_to_nothing(self.flights[index].file, otherwise);
        self.ends(index, |_| said);
    }

    /// A copy that is kept is better than nothing, and is not asked about again for a while.
    fn comes_to_nothing(&mut self, file: usize, otherwise: Said) -> Said {
        match &mut self.files[file].copy {
            Some((flight, is_asked)) => {
                *is_asked = true;
                Said::Ready(*flight)
            }
            None => otherwise,
        }
    }

    fn ends(&mut self, index: usize, said: impl Fn(usize) -> Said) {
        self.flights[index].stage = Stage::Ended;
        self.flights[index].is_open = false;
        let mut waiters = std::mem::take(&mut self.flights[index].waiters);
        waiters.append(&mut self.flights[index].keepers);
        for waiter in waiters {
            self.hears(waiter, said(index));
        }
        let id = self.flights[index].id;
        assert!(self.actor.flights.end(id).is_none(), "a download ends once");
    }

    /// The crew must have been told to download `file` for this one.
    fn orders(&mut self, file: usize, waiter: usize, demand: Demand) {
        let fetch = self
            .fetches
            .try_recv()
            .expect("nobody is on it, so it is ordered");
        let known = &self.files[file];
        assert_eq!((&fetch.key, fetch.alone), (&key(file), known.is_too_big));
        assert_eq!(fetch.known.is_some(), known.copy.is_some());
        let is_new = self.flights.iter().all(|flight| flight.id != fetch.flight);
        assert!(is_new, "two downloads with one number");
        self.flights.push(Flying {
            id: fetch.flight,
            file,
            stage: Stage::Ordered,
            is_open: !known.is_too_big,
            is_purged: false,
            copy: fetch.known,
            waiters: Vec::new(),
            keepers: Vec::new(),
            writer: None,
            stream: None,
        });
        let flying = self.flights.last_mut().expect("pushed above");
        match demand {
            Demand::Kept => flying.keepers.push(waiter),
            Demand::Fresh | Demand::Confirmed => flying.waiters.push(waiter),
        }
    }

    fn waiter(&mut self) -> usize {
        self.said.push(None);
        self.said.len() - 1
    }

    /// The next one who is woken must be `waiter`, for the first time, with this.
    fn hears(&mut self, waiter: usize, expected: Said) {
        let woken = self.woken.try_recv().expect("somebody must be woken");
        let version = |entry: &Entry| entry.meta.version.expect("every copy has one") as usize;
        let said = match woken.outcome {
            Outcome::Ready(entry) => Said::Ready(version(&entry)),
            Outcome::Confirmed(entry) => Said::Confirmed(version(&entry)),
            Outcome::Streaming { reader, joined, .. } => {
                let stream = Some(reader.stream());
                let flight = self
                    .flights
                    .iter()
                    .position(|flight| flight.stream == stream);
                let flight = flight.expect("it is of a download");
                self.readers.push((flight, reader));
                Said::Streaming { flight, joined }
            }
            Outcome::Stale(_) => panic!("every copy here is fresh"),
            Outcome::Gone(()) => Said::Gone,
            Outcome::Failed(()) => Said::Failed,
            Outcome::Busy => Said::Busy,
            Outcome::TooBig => Said::TooBig,
            Outcome::Forgotten => Said::Forgotten,
            Outcome::Probed => Said::Probed,
        };
        assert_eq!((woken.waiter, said), (waiter, expected));
        let before = self.said[waiter].replace(said);
        assert_eq!(before, None, "woken twice");
    }

    fn life(&self, ago: Duration) -> Life {
        Life {
            stored: self.now - ago,
            fresh_until: self.now + Duration::from_secs(3600),
        }
    }

    /// All that decides what can follow.
    fn state(&self) -> impl Eq + std::hash::Hash + use<> {
        let copies = self.files.clone().map(|mut known| {
            let copy = known.copy.take();
            (known, copy.map(|(_, is_asked)| is_asked))
        });
        let running = self
            .flights
            .iter()
            .filter(|flight| flight.stage != Stage::Ended);
        let flights: Vec<_> = running
            .map(|flight| {
                let flags = (flight.is_open, flight.is_purged, flight.copy.is_some());
                let waiting = (flight.waiters.len(), flight.keepers.len());
                (flight.file, flight.stage, flags, waiting)
            })
            .collect();
        (copies, flights, self.claims, self.purges)
    }

    /// Lets everything that runs fail, and looks whether somebody was forgotten.
    fn end(mut self) {
        for index in 0..self.flights.len() {
            if self.flights[index].stage != Stage::Ended {
                self.tell(index, News::Failed);
            }
        }
        assert!(self.actor.flights.is_empty());
        assert!(
            self.said.iter().all(Option::is_some),
            "forgotten: {:?}",
            self.said
        );
        for (flight, reader) in &mut self.readers {
            if matches!(reader.peek(), Peek::Bytes(_)) {
                reader.advance(1);
            }
            let Peek::Ended(ending) = reader.peek() else {
                panic!("a reader of download {flight} waits for ever");
            };
            assert!([Ending::Complete, Ending::Broken].contains(&ending));
        }
        let ledger = self.actor.ledger.clone();
        drop(self);
        assert_eq!(ledger.held(), 0);
    }
}

#[test]
fn everybody_is_woken_once_and_nothing_is_fetched_twice_whatever_the_order() {
    let now = Instant::now();
    let (mut ways, mut taken, mut seen) = (Ways::default(), 0, HashSet::new());
    loop {
        let mut world = World::new(now);
        for step in 0..STEPS_MAX {
            let steps = world.steps();
            if steps.is_empty() {
                break; // all asked and all answered
            }
            world.take(ways.choose(&steps));
            if ways.is_known() {
                continue;
            }
            let is_new = seen.insert((world.state(), step.max(STEPS_WITHOUT_MEMORY)));
            if STEPS_WITHOUT_MEMORY <= step && !is_new {
                break;
            }
        }
        world.end();
        taken += 1;
        if !ways.go_on() {
            break;
        }
    }
    assert!(10_000 < taken, "{taken} ways");
}

#[test]
fn spare_room_is_given_only_while_there_is_some() {
    let mut actor = World::new(Instant::now()).actor;
    let all = actor.bytes_max;
    let copies = actor.ledger.charge(600);
    assert!(actor.reserve_spare(all - 599).is_none());
    let rest = actor.reserve_spare(all - 600).expect("as much is free");
    assert_eq!(actor.ledger.held(), all);
    assert!(actor.reserve_spare(1).is_none());
    drop((copies, rest));
    assert!(actor.reserve(all).is_some());
}

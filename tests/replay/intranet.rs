//! A made-up intranet: who opens which attachment, and when. It resembles no measured one, because none is public.
//!
//! Everybody opens 17 pages on a working day: 12 alone, and the others in 4 or 5 meetings. Half as many people have half
//! as many pages, uploads and meetings, which stay as large as they are: a person's day is the same everywhere.
//!
//! Pages carry 1 to 40 attachments of 5 KB to 50 MB, most of them small. Few pages are opened often; which ones changes
//! from day to day. In working hours people browse, alone, the pages of the day and sometimes an old one. At full and half
//! hours meetings begin, and most who are in them open the same page within a minute. Before a meeting files are often
//! uploaded anew: links carry the version, so a new version is another file for the cache.

use std::time::Duration;

use super::chance::Chance;
use super::trace::{Request, Trace};

/// How many people there are unless something else is asked for.
pub const PEOPLE: usize = 100;
/// Pages that each person has written.
const PAGES_EACH: usize = 30;
const DAY_SECONDS: f64 = 86_400.0;
/// Working hours: from 8 to 18.
const MORNING: f64 = 8.0 * 3600.0;
const HOURS: usize = 10;
/// People for whom one meeting begins at a full or half hour, at most.
const PEOPLE_PER_MEETING: f64 = 20.0;
/// Seconds after which a person opens another page alone.
const BROWSING_PAUSE: f64 = 3000.0;
/// How popularity falls with rank: a page of rank r is opened as often as r to the power of minus this.
const SKEW: f64 = 0.9;
/// Share of the pages that change their rank from one day to the next.
const DRIFT: f64 = 0.05;

/// A file's size in bytes: half are smaller than the middle one.
const BYTES_MIDDLE: f64 = 150_000.0;
const BYTES_SPREAD: f64 = 1.7;
const BYTES_MIN: f64 = 5e3;
const BYTES_MAX: f64 = 50e6;

struct Page {
    files: Vec<File>,
}

struct File {
    /// Number of its latest version.
    number: usize,
    bytes: u64,
}

struct Intranet {
    people: usize,
    chance: Chance,
    pages: Vec<Page>,
    /// Pages by popularity, and up to each rank the sum of how often they are opened.
    ranks: Vec<usize>,
    sums: Vec<f64>,
    numbers: usize,
    views: usize,
    requests: Vec<Request>,
}

/// What `people` people did.
#[derive(Debug, PartialEq)]
pub struct Diary {
    pub trace: Trace,
    /// How often somebody opened a page.
    pub views: usize,
}

/// `days` days, weekends among them. The same seed gives the same requests.
pub fn diary(people: usize, seed: u64, days: usize) -> Diary {
    let mut intranet = Intranet::new(people, seed);
    for day in 0..days {
        if day % 7 < 5 {
            intranet.work(day as f64 * DAY_SECONDS + MORNING);
        }
        intranet.drift();
    }
    let mut requests = intranet.requests;
    requests.sort_by_key(|request| request.at);
    Diary {
        trace: Trace {
            requests,
            is_sizeless: false,
        },
        views: intranet.views,
    }
}

impl Intranet {
    fn new(people: usize, seed: u64) -> Intranet {
        let mut intranet = Intranet {
            people,
            chance: Chance::new(seed),
            pages: Vec::new(),
            ranks: Vec::new(),
            sums: Vec::new(),
            numbers: 0,
            views: 0,
            requests: Vec::new(),
        };
        let mut sum = 0.0;
        for rank in 0..people * PAGES_EACH {
            let count = 40f64.powf(intranet.chance.share()) as usize;
            let files = (0..count).map(|_| intranet.file()).collect();
            intranet.pages.push(Page { files });
            intranet.ranks.push(rank);
            sum += (rank as f64 + 1.0).powf(-SKEW);
            intranet.sums.push(sum);
        }
        intranet
    }

    fn file(&mut self) -> File {
        let bytes = BYTES_MIDDLE * (BYTES_SPREAD * self.chance.bell()).exp();
        self.numbers += 1;
        File {
            number: self.numbers,
            bytes: bytes.clamp(BYTES_MIN, BYTES_MAX) as u64,
        }
    }

    fn work(&mut self, morning: f64) {
        for half in 0..2 * HOURS {
            let start = morning + half as f64 * 1800.0;
            let meetings_max = self.people as f64 / PEOPLE_PER_MEETING;
            for _ in 0..(self.chance.share() * (meetings_max + 1.0)) as usize {
                self.meet(start);
            }
            let pause = BROWSING_PAUSE / self.people as f64;
            let mut at = self.chance.pause(pause);
            while at < 1800.0 {
                self.browse(start + at);
                at += self.chance.pause(pause);
            }
        }
    }

    /// Everybody opens the page of the meeting, and some again later.
    fn meet(&mut self, start: f64) {
        let page = self.popular();
        if self.chance.happens(0.5) {
            self.upload(page);
        }
        let people = 3 + self.chance.below(13);
        for _ in 0..people.min(self.people) {
            let at = start + self.chance.pause(30.0);
            self.open(page, at);
            if self.chance.happens(0.2) {
                let later = at + self.chance.share() * 3600.0;
                self.open(page, later);
            }
        }
    }

    fn browse(&mut self, at: f64) {
        let page = if self.chance.happens(0.1) {
            self.chance.below(self.pages.len())
        } else {
            self.popular()
        };
        if self.chance.happens(0.03) {
            self.upload(page);
        }
        self.open(page, at);
    }

    /// Loads what the page shows, in its order; the files beyond the first ten are links that few follow.
    fn open(&mut self, page: usize, at: f64) {
        self.views += 1;
        for (place, file) in self.pages[page].files.iter().enumerate() {
            if place < 10 || self.chance.happens(0.1) {
                let at = at + 0.05 * place as f64; // some seconds for a full page
                self.requests.push(Request {
                    at: Duration::from_secs_f64(at),
                    file: file.number,
                    bytes: file.bytes,
                });
            }
        }
    }

    /// Puts a new version in the place of one of the page's files.
    fn upload(&mut self, page: usize) {
        let place = self.chance.below(self.pages[page].files.len());
        self.numbers += 1;
        let growth = (0.2 * self.chance.bell()).exp();
        let file = &mut self.pages[page].files[place];
        file.number = self.numbers;
        file.bytes = (file.bytes as f64 * growth).clamp(BYTES_MIN, BYTES_MAX) as u64;
    }

    fn popular(&mut self) -> usize {
        let all = self.sums.last().copied().unwrap_or(0.0);
        let sum = all * self.chance.share();
        let rank = self.sums.partition_point(|up_to| *up_to <= sum);
        self.ranks[rank]
    }

    fn drift(&mut self) {
        let pages = self.pages.len();
        for _ in 0..(DRIFT * pages as f64) as usize {
            let (one, other) = (self.chance.below(pages), self.chance.below(pages));
            self.ranks.swap(one, other);
        }
    }
}

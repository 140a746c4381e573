//! The threads `worker-N`: each request as it comes, answered at once or parked.

use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crossbeam_channel::Receiver;

use super::desk::{Desk, Parked, Waiter, Wanted};
use super::failure::{self, Failure};
use super::gallery::{self, Guest};
use super::listings::{Caller, ListingHandle};
use super::pages;
use super::publication::Judgement;
use super::table::Recency;
use super::warm::{Operator, WarmHandle};
use crate::acceptor::{Fields, Job};
use crate::attachment::{Key, PageId};
use crate::cache::{self, CacheHandle, Demand, Lookup};
use crate::gate::{Ticket, UnderWay};
use crate::reply::{Origin, Wish};
use crate::router::{self, Method, Route};

/// Requests answered before their gates are woken: one wake-up for many answers. More would let the first of them wait
/// for longer than a wake-up takes, some microseconds.
const BATCH_MAX: usize = 32;

/// One lookup worker before its thread runs. Its clones share everything.
#[derive(Clone)]
pub struct Worker {
    /// Requests, shared by all lookup workers.
    pub jobs: Receiver<Job>,
    /// Gives back the place that the gate took for a request.
    pub under_way: UnderWay,
    /// What is kept.
    pub cache: CacheHandle<Waiter, Failure>,
    /// What hangs on pages.
    pub listings: ListingHandle,
    /// Who fetches the files of a page before anybody asks for them.
    pub warm: WarmHandle,
    /// What all workers share.
    pub desk: Arc<Desk>,
}

impl Worker {
    /// Answers requests until no more can come. `number` is this worker's among all of them.
    pub fn run(self, number: usize) {
        while let Ok(first) = self.jobs.recv() {
            self.desk.vigil.turn(number);
            crate::sabotage::point("worker");
            let mut gates = 0;
            for job in iter::once(first)
                .chain(self.jobs.try_iter())
                .take(BATCH_MAX)
            {
                gates |= 1 << job.ticket.gate;
                self.work(job);
            }
            self.desk.gates.wake(gates);
            self.desk.vigil.turn(number);
        }
    }

    fn work(&self, job: Job) {
        let form_bytes = job.fields.form.as_ref().map_or(0, |form| form.len());
        self.under_way.leave(form_bytes);
        let ticket = job.ticket;
        // Everything behind here is shared by `Arc` and changes only in steps that do not panic.
        if catch_unwind(AssertUnwindSafe(|| self.take(job))).is_err() {
            self.desk.apologise(ticket, "path=?".into());
        }
    }

    fn take(&self, job: Job) {
        crate::sabotage::point("worker job");
        let route = router::route(job.method, &job.target, &self.desk.house.base_path);
        let ticket = job.ticket;
        match route {
            Route::Attachment { key, download } => self.attachment(job, key, download),
            Route::Gallery(page) => self.gallery(job, page),
            // It is for operators; nobody else needs to know that it is there. Nor do the pages of other sites in an
            // operator's browser, which sends `Origin` with every POST; programs do not.
            Route::Warm(page)
                if self.desk.is_operator(job.client) && job.fields.origin.is_none() =>
            {
                self.warm(job, page)
            }
            Route::Forget(what) => self.forget(job, what),
            Route::Options { .. } if ticket.is_probe() => self.probe(ticket),
            other => {
                if job.fields.form.is_some() {
                    self.desk.gates.wake_all(); // reading a document takes milliseconds: nobody's answer shall wait
                }
                let reply = pages::page(&self.desk, &job, other);
                self.desk.post(ticket, reply);
            }
        }
    }

    fn attachment(&self, job: Job, key: Key, download: bool) {
        let now = Instant::now();
        let ticket = job.ticket;
        let demand = match insists(&job.fields) {
            true => Demand::Confirmed,
            false => Demand::Fresh,
        };
        let reply = match self.cache.lookup(&key, demand, now) {
            Lookup::Fresh(entry) if demand == Demand::Fresh => {
                let wish = wish(job.method, job.fields, download, entry.label.clone());
                self.desk.kept(&wish, &entry, Origin::Hit, now)
            }
            Lookup::Gone(why) => {
                let wish = wish(job.method, job.fields, download, label(&key));
                self.desk
                    .problem(&wish, &failure::problem(&why), SystemTime::now())
            }
            Lookup::Missing if self.desk.publication.refuses(&key) => {
                let wish = wish(job.method, job.fields, download, label(&key));
                self.desk
                    .problem(&wish, &failure::not_published(), SystemTime::now())
            }
            Lookup::Missing | Lookup::Fresh(_) => {
                let wish = wish(job.method, job.fields, download, label(&key));
                let wanted = Wanted::File(key.name().clone());
                self.desk.gates.wake_all(); // the claim may have to wait: nobody's answer shall
                let parked = Parked {
                    ticket,
                    wish,
                    wanted,
                };
                return self.cache.claim(key, demand, Waiter::Client(parked));
            }
        };
        self.desk.post(ticket, reply);
    }

    fn gallery(&self, job: Job, page: PageId) {
        let (ticket, now) = (job.ticket, SystemTime::now());
        let recency = match insists(&job.fields) {
            true if self.desk.is_operator(job.client) => Recency::Now,
            true => Recency::New,
            false => Recency::Remembered,
        };
        let guest = Guest::new(job);
        let reply = match self.desk.publication.judge_page(page) {
            Judgement::Refused => self
                .desk
                .problem(&guest.wish, &failure::not_published(), now),
            Judgement::Published | Judgement::DependsOn(_) => {
                match self.listings.ask(page, recency, Caller::Guest(guest)) {
                    Some((Caller::Guest(guest), found)) => {
                        gallery::answer(&self.desk, &guest, &found, now)
                    }
                    Some((Caller::Warmer(_), _)) => unreachable!("who asked is given back"),
                    None => return,
                }
            }
        };
        self.desk.post(ticket, reply);
    }

    fn warm(&self, job: Job, page: PageId) {
        let query = query(&job.target);
        let number = |name: &str| -> Option<u64> {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(known, _)| *known == name)?.1.parse().ok()
        };
        let (followed, seen) = (number("job"), number("seen").unwrap_or(0));
        let operator = Operator {
            ticket: job.ticket,
            wish: wish(job.method, job.fields, false, path_label(&job.target)),
        };
        let refused = match followed {
            Some(number) => self.warm.follow(page, number, seen, operator),
            None => self.warm.start(page, operator),
        };
        if let Some(Operator { ticket, wish }) = refused {
            let reply = self
                .desk
                .problem(&wish, &failure::too_many_jobs(), SystemTime::now());
            self.desk.post(ticket, reply);
        }
    }

    /// Goes the rest of the way that a miss goes, but for the fetch: whether Confluence answers is not this service's life.
    fn probe(&self, ticket: Ticket) {
        self.desk.gates.wake_all();
        let parked = Parked {
            ticket,
            wish: Wish::plain("probe".into()),
            wanted: Wanted::Probe,
        };
        self.cache.probe(Waiter::Client(parked));
    }

    fn forget(&self, job: Job, what: router::Forget) {
        let is_of_a_page = job.fields.origin.is_some();
        let wish = wish(job.method, job.fields, false, path_label(&job.target));
        // A page of another site may run in an operator's browser, which sends `Origin` with every DELETE.
        if !self.desk.is_operator(job.client) || is_of_a_page {
            let told = failure::not_an_operator();
            let reply = self.desk.problem(&wish, &told, SystemTime::now());
            return self.desk.post(job.ticket, reply);
        }
        let (what, page) = match what {
            router::Forget::File(key) => (cache::Forget::File(key.clone()), key.page()),
            router::Forget::Page(page) => (cache::Forget::Page(page), Some(page)),
        };
        page.into_iter().for_each(|page| self.listings.forget(page));
        self.desk.gates.wake_all();
        self.desk.confluence.forget();
        let parked = Parked {
            ticket: job.ticket,
            wish,
            wanted: Wanted::Purge,
        };
        self.cache.forget(what, Waiter::Client(parked));
    }
}

/// Whether the client wants a copy that was confirmed just now (RFC 9111 section 5.2.1.4).
fn insists(fields: &Fields) -> bool {
    fields.cache_control.as_ref().is_some_and(|directives| {
        directives
            .split(',')
            .any(|directive| directive.trim().eq_ignore_ascii_case("no-cache"))
    })
}

pub(super) fn wish(method: Method, fields: Fields, download: bool, subject: Arc<str>) -> Wish {
    Wish {
        head: method == Method::Head,
        download,
        range: fields.range,
        if_range: fields.if_range,
        if_none_match: fields.if_none_match,
        if_modified_since: fields.if_modified_since,
        accept: fields.accept,
        accept_language: fields.accept_language,
        subject,
    }
}

/// What the log calls a file. A printed key is ASCII without spaces, so it needs no quotes.
pub(super) fn label(key: &Key) -> Arc<str> {
    format!("key={key}").into()
}

/// What stands behind the `?` of a target.
pub(super) fn query(target: &str) -> &str {
    target.split_once('?').map_or("", |(_, query)| query)
}

/// What the log calls any other address. A canonical target is ASCII without spaces.
pub(super) fn path_label(target: &str) -> Arc<str> {
    format!("path={target}").into()
}

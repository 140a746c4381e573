//! What those are shown who watch over the service.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::desk::Desk;
use super::lookup::query;
use crate::acceptor::Job;
use crate::cache::Entry;
use crate::reply::{self, Document, Form, Reply, Wish};
use crate::web::{self, Exposition, Kept, Language, Reader, Status};

/// Copies in each list: as many as a person reads.
const LISTED: usize = 10;

/// Answers with the page of the operator's numbers, in the form and the language he reads.
pub(super) fn status(desk: &Desk, job: &Job, wish: &Wish, now: SystemTime) -> Reply {
    let at = Instant::now();
    desk.meters.sample(at); // nobody may have taken one: somebody looks now
    let (top, largest) = lists(desk);
    let status = Status {
        report: desk.report(true),
        rates: desk.meters.rates(at),
        mishaps: desk.meters.mishaps(),
        top,
        largest,
        now,
    };
    let reader = match reply::form(wish) {
        Form::Page => Reader::Person,
        Form::Json => Reader::Program,
        Form::Picture | Form::Text => Reader::Terminal,
    };
    let language = Language::of(query(&job.target), job.fields.accept_language.as_deref());
    let base_path = &desk.house.base_path;
    let body = web::status(&status, reader, language, base_path, &job.target);
    let page = Document {
        status: 200,
        media_type: reader.media_type(),
        body: body.into_bytes(),
        security: reader.security(),
    };
    reply::document(wish, page, now)
}

/// Answers with all metrics. Anybody may read them, so they name no other host.
pub(super) fn metrics(desk: &Desk, job: &Job, wish: &Wish, now: SystemTime) -> Reply {
    let exposition = Exposition::of(job.fields.accept.as_deref());
    let page = Document {
        status: 200,
        media_type: exposition.media_type(),
        body: web::metrics(desk.report(false), exposition).into_bytes(),
        security: None,
    };
    reply::document(wish, page, now)
}

/// The copies that were asked for most often, and the largest ones.
fn lists(desk: &Desk) -> (Vec<Kept>, Vec<Kept>) {
    let (mut top, mut largest) = (First::default(), First::default());
    desk.cache.each(|entry| {
        let (requests, bytes) = (entry.requests().into(), entry.body.len());
        top.offer((requests, bytes), entry);
        largest.offer((bytes, requests), entry);
    });
    (top.shown(), largest.shown())
}

/// The copies with the highest ranks of all that were offered, the highest first.
#[derive(Default)]
struct First(Vec<((u64, u64), Arc<Entry>)>);

impl First {
    fn offer(&mut self, rank: (u64, u64), entry: &Arc<Entry>) {
        let place = self.0.partition_point(|(other, _)| rank <= *other);
        if place < LISTED {
            self.0.truncate(LISTED - 1);
            self.0.insert(place, (rank, entry.clone()));
        }
    }

    fn shown(self) -> Vec<Kept> {
        let shown = self.0.into_iter().map(|(_, entry)| Kept {
            name: entry.key.name().as_str().to_owned(),
            key: entry.key.to_string(),
            requests: entry.requests(),
            bytes: entry.body.len(),
        });
        shown.collect()
    }
}

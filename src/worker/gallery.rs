//! The files of a page, for whoever asked for them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::SystemTime;

use super::desk::Desk;
use super::failure;
use super::lookup::{path_label, query, wish};
use super::table::Found;
use crate::acceptor::Job;
use crate::attachment::{FileName, PageId, encode_segment};
use crate::confluence::{Confluence, UpstreamError};
use crate::gate::{Scheme, Ticket};
use crate::reply::{self, Document, Form, Reply, Wish};
use crate::web::{self, Catalogue, CatalogueFile, Entrance, Language, View};

/// Somebody who waits for the files of a page.
#[derive(Debug)]
pub(super) struct Guest {
    /// Where his answer goes.
    pub(super) ticket: Ticket,
    /// What he asked for beside the page.
    pub(super) wish: Wish,
    /// Where he came by.
    target: String,
    host: Option<Box<str>>,
    spoken: Option<Scheme>,
    language: Language,
}

impl Guest {
    /// Whoever sent this request.
    pub(super) fn new(job: Job) -> Guest {
        let language = Language::of(query(&job.target), job.fields.accept_language.as_deref());
        let host = job.fields.host.clone();
        Guest {
            ticket: job.ticket,
            wish: wish(job.method, job.fields, false, path_label(&job.target)),
            target: job.target,
            host,
            spoken: job.client.scheme(),
            language,
        }
    }
}

/// Answers somebody who had to wait. A panic costs him his answer, and nobody else.
pub(super) fn serve(desk: &Desk, guest: Guest, found: &Found) {
    let (ticket, subject) = (guest.ticket, guest.wish.subject.clone());
    let made = catch_unwind(AssertUnwindSafe(|| {
        answer(desk, &guest, found, SystemTime::now())
    }));
    match made {
        Ok(reply) => desk.send(ticket, reply),
        Err(_) => desk.apologise(ticket, subject),
    }
}

/// What somebody gets.
pub(super) fn answer(desk: &Desk, guest: &Guest, found: &Found, now: SystemTime) -> Reply {
    let catalogue = match found {
        Ok(catalogue) => catalogue,
        Err(why) => return desk.problem(&guest.wish, &failure::listing_problem(why), now),
    };
    let view = View::parse(query(&guest.target));
    let base_path = &desk.house.base_path;
    let address = desk.house.address(guest.host.as_deref(), guest.spoken);
    let page = match reply::form(&guest.wish) == Form::Json {
        true => Document {
            status: 200,
            media_type: "application/json",
            body: web::gallery_json(catalogue, &view, base_path, &address),
            security: None,
        },
        false => {
            let entrance = Entrance {
                language: guest.language,
                base_path,
                address: &address,
                target: &guest.target,
            };
            Document {
                status: 200,
                media_type: "text/html; charset=utf-8",
                body: web::gallery(catalogue, &view, &entrance).into_bytes(),
                security: Some(web::policy()),
            }
        }
    };
    reply::tagged_document(&guest.wish, page, now)
}

/// Asks Confluence for the files of a page. Blocks.
pub(super) fn look_up(confluence: &Confluence, page: PageId) -> Result<Catalogue, UpstreamError> {
    let files = confluence.files_of(page)?;
    // Without it the gallery has no heading of its own, which is no reason to show nothing.
    let place = confluence.place_of(page).ok();
    let (title, space) = match place {
        Some(place) => (place.title.map(String::from), Some(place.space.into())),
        None => (None, None),
    };
    let files = files.into_iter().map(|file| {
        // Confluence takes names that no address can hold, as those with a slash.
        let name = FileName::parse(file.name.as_bytes()).ok();
        CatalogueFile {
            path: name.map(|name| encode_segment(name.as_str()).to_string()),
            name: file.name,
            bytes: file.bytes,
            media_type: file.media_type,
            version: file.version,
            modified: file.modified,
            comment: file.comment,
        }
    });
    Ok(Catalogue::new(
        page.to_string(),
        title,
        space,
        files.collect(),
    ))
}

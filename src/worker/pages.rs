//! Everything that is no attachment: the page for people, the answers for monitors, and what an address is not.

use std::time::SystemTime;

use super::desk::Desk;
use super::failure;
use super::home;
use super::lookup::path_label;
use super::status;
use crate::acceptor::Job;
use crate::reply::{self, Document, Reply, Wish};
use crate::router::{Method, Nowhere, Route};
use crate::web;

const TEXT: &str = "text/plain; charset=utf-8";

/// Answers a request for anything but an attachment.
pub(super) fn page(desk: &Desk, job: &Job, route: Route) -> Reply {
    let now = SystemTime::now();
    let wish = Wish {
        head: job.method == Method::Head,
        accept: job.fields.accept.clone(),
        accept_language: job.fields.accept_language.clone(),
        ..Wish::plain(path_label(&job.target))
    };
    let document = |status, media_type, body: String| {
        let page = Document {
            status,
            media_type,
            body: body.into_bytes(),
            security: None,
        };
        reply::document(&wish, page, now)
    };
    let ready = || {
        let mut reply = document(200, TEXT, "ready\n".into());
        reply.note.is_routine = true;
        reply
    };
    let nowhere = |why| desk.problem(&wish, &failure::nowhere(why, &desk.house.base_path), now);
    match route {
        Route::Home => home(desk, job, &wish, now),
        Route::Icon => document(200, web::ICON_TYPE, web::ICON.into()),
        Route::Health => document(200, TEXT, "ok\n".into()),
        Route::Ready { .. } if !desk.is_ready() => {
            document(503, TEXT, "stopping: send requests elsewhere\n".into())
        }
        Route::Ready { upstream: true } => {
            match desk.upstream_trouble(desk.is_operator(job.client)) {
                Some(trouble) => document(503, TEXT, format!("{trouble}\n")),
                None => ready(),
            }
        }
        Route::Ready { upstream: false } => ready(),
        Route::Warm(_) => nowhere(Nowhere::Elsewhere),
        // It is for the operator; nobody else needs to know that it is there.
        Route::Status if !desk.is_operator(job.client) => nowhere(Nowhere::Elsewhere),
        Route::Status => status::status(desk, job, &wish, now),
        Route::Metrics => status::metrics(desk, job, &wish, now),
        Route::Options { allow } => reply::options(&wish, allow, now),
        Route::MethodNotAllowed { allow } => desk.problem(&wish, &failure::method(allow), now),
        Route::NotFound(why) => nowhere(why),
        Route::Bad(reason) => desk.problem(&wish, &failure::bad_request(&reason), now),
        Route::Attachment { .. } | Route::Gallery(_) | Route::Forget(_) => {
            unreachable!("taken care of by the worker")
        }
    }
}

fn home(desk: &Desk, job: &Job, wish: &Wish, now: SystemTime) -> Reply {
    let page = Document {
        status: 200,
        media_type: "text/html; charset=utf-8",
        body: home::home(desk, job).into_bytes(),
        security: Some(web::policy()),
    };
    reply::document(wish, page, now)
}

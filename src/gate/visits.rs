//! The lines of the access log: what a gate knows of a request and of its end.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use super::asked::Asked;
use super::connection::Connection;
use super::outgoing::Outgoing;
use super::refusal::Refusal;
use crate::logging::{Access, End, Visit};

/// The status of a request whose client has left: none was sent.
const LEFT: u16 = 499;

/// Notes that a request has its answer, `whole` or broken off, unless it was a check that found all well.
pub(super) fn answered(
    access: &Access,
    client: IpAddr,
    asked: Option<Box<Asked>>,
    outgoing: &Outgoing,
    (took, whole): (Duration, bool),
) {
    let Some(note) = outgoing.note.as_ref().filter(|it| !it.is_routine) else {
        return; // a refusal, which was noted as one, or nothing to note
    };
    let (subject, from) = (&*note.subject, note.from);
    let end = match whole {
        true => End::Served { subject, from },
        false => End::Aborted { subject, from },
    };
    let sent = (outgoing.status, outgoing.sent);
    note_visit(
        access,
        client,
        &asked.unwrap_or_default(),
        sent,
        (took, end),
    );
}

/// Notes that a request, or a connection before any, is refused.
pub(super) fn refused(access: &Access, connection: &mut Connection, refusal: Refusal) {
    let asked = match connection.asked.take() {
        Some(asked) => *asked,
        None => connection.asked(), // as much as has come
    };
    let bytes = match connection.bodiless {
        true => 0,
        false => refusal.text().len() as u64,
    };
    let (sent, reason) = ((refusal.status().0, bytes), refusal.reason());
    let end = (Duration::ZERO, End::Refused { reason });
    note_visit(access, connection.client(), &asked, sent, end);
}

/// Notes that a client has left a request without waiting for its answer, by the status that nginx has for that.
pub(super) fn left(access: &Access, client: IpAddr, asked: Option<Box<Asked>>, took: Duration) {
    let asked = asked.unwrap_or_default();
    note_visit(access, client, &asked, (LEFT, 0), (took, End::Left));
}

/// Notes what was asked, the status and the bytes that were sent, how long it took and how it ended.
fn note_visit(
    access: &Access,
    client: IpAddr,
    asked: &Asked,
    (status, bytes): (u16, u64),
    (took, end): (Duration, End<'_>),
) {
    access.note(&Visit {
        time: SystemTime::now(),
        client,
        request: asked.line.as_deref(),
        referer: asked.referer.as_deref(),
        user_agent: asked.user_agent.as_deref(),
        status,
        bytes,
        took,
        end,
    });
}

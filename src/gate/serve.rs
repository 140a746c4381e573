//! What a gate does for one client: read a head, send it on, write its answer, give up on it.

use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};

use log::{Level, debug, info, log};

use super::actor::Gate;
use super::admission::UnderWay;
use super::connection::{Connection, HEAD_TIME_MAX, Heard, Phase, WRITE_STALL_MAX};
use super::deadlines::Note;
use super::framing::Vetted;
use super::fronts::Caller;
use super::head;
use super::link::Link;
use super::outgoing::{Outgoing, Progress};
use super::refusal::Refusal;
use super::ticket::Ticket;
use super::visits;
use crate::logging::Access;
use crate::meters::{GateMeter, Refused, Source};
use crate::reply::Reply;

/// Bytes written to one client per turn, so that one fast reader of a big file does not starve the others.
const SHARE_BYTES: usize = 512 * 1024;

/// The same at first while a file is still being downloaded: all clients of a herd have a first byte before any has much
/// more.
const FIRST_SHARE_BYTES: usize = 128 * 1024;

impl Gate {
    /// Does for a client whatever can be done now.
    pub(super) fn serve(&mut self, slot: usize, now: Instant) {
        while let Some(connection) = self.clients.connections.get_mut(slot) {
            let go_on = match &connection.phase {
                Phase::Introducing { .. } => self.introduce(slot, now),
                Phase::Handshaking { .. } => self.shake_hands(slot, now),
                Phase::Reading => self.read(slot, now),
                Phase::UnderWay { .. } => false,
                Phase::Writing { .. } => self.write(slot, now),
                Phase::Lingering { .. } => {
                    if connection.discard(&mut self.clients.scratch) {
                        self.close(slot, now);
                    }
                    false
                }
            };
            if !go_on {
                break;
            }
        }
        self.clients.count(slot);
        self.clients.note(slot, now);
    }

    /// Reads a head and sends it on; `true` when there is more to do at once.
    fn read(&mut self, slot: usize, now: Instant) -> bool {
        let connection = &mut self.clients.connections[slot];
        match connection.hear(&mut self.clients.scratch, now) {
            Heard::Nothing => return false,
            Heard::Closed => {
                self.close(slot, now);
                return false;
            }
            Heard::Bad(refusal) => refuse(
                connection,
                refusal,
                &self.clients.meter,
                &self.clients.access,
                now,
            ),
            Heard::Head(place) => {
                self.clients.serial += 1;
                let serial = self.clients.serial;
                let ticket = Ticket {
                    gate: self.index as u8,
                    slot: slot as u32,
                    serial,
                };
                let (head, form, caller) = connection.request(place);
                let bodiless = head.starts_with(b"HEAD ");
                let submitted = submit(
                    (head, form),
                    ticket,
                    caller,
                    &self.under_way,
                    &mut self.link,
                );
                connection.bodiless = bodiless;
                self.fronts.doubt(&connection.caller);
                match submitted {
                    Ok(mut vetted) => {
                        if self.clients.access.is_some() {
                            connection.asked = Some(Box::new(connection.asked()));
                        }
                        vetted.keep_alive &= connection.take_head(place.end);
                        connection.phase = Phase::UnderWay {
                            serial,
                            vetted,
                            since: now,
                        };
                        connection.deadline = now + Duration::from_secs(u32::MAX.into()); // others have the time limits
                        return false;
                    }
                    Err(refusal) => refuse(
                        connection,
                        refusal,
                        &self.clients.meter,
                        &self.clients.access,
                        now,
                    ),
                }
            }
        }
        true
    }

    pub(super) fn answer(&mut self, ticket: Ticket, reply: Reply, now: Instant) {
        let slot = ticket.slot as usize;
        let Some(connection) = self.clients.connections.get_mut(slot) else {
            return self.end_probe(ticket);
        };
        let Phase::UnderWay {
            serial,
            mut vetted,
            since,
        } = connection.phase
        else {
            return;
        };
        if serial != ticket.serial {
            return;
        }
        vetted.keep_alive &= self.clients.draining.is_none();
        let outgoing = Box::new(Outgoing::new(reply, vetted));
        connection.deadline = now + WRITE_STALL_MAX;
        connection.phase = Phase::Writing { outgoing, since };
        self.serve(slot, now);
    }

    /// Writes to a client; `true` when it is done and there is more to do at once.
    fn write(&mut self, slot: usize, now: Instant) -> bool {
        let connection = &mut self.clients.connections[slot];
        let Phase::Writing { outgoing, since } = &mut connection.phase else {
            return false;
        };
        let taken = connection.transport.taken;
        let share = match outgoing.begins_to_grow() {
            true => FIRST_SHARE_BYTES,
            false => SHARE_BYTES,
        };
        let progress = outgoing.write(&mut connection.transport, share, self.index as u32);
        if connection.transport.taken != taken {
            connection.deadline = now + WRITE_STALL_MAX;
        }
        match progress {
            Ok(Progress::Blocked) => {
                // It may have waited for the download until now, without a limit of its own.
                connection.deadline = connection.deadline.min(now + WRITE_STALL_MAX);
                if !connection.may_wait() {
                    debug!("closed a client that does not read: gates hold too much for others");
                    self.close(slot, now);
                }
                false
            }
            Ok(Progress::Waiting(stream)) => {
                // Not the client's fault: the download has a time limit of its own.
                connection.deadline = now + Duration::from_secs(u32::MAX.into());
                if connection.waits_for != Some(stream) {
                    connection.waits_for = Some(stream);
                    self.clients.waiting.entry(stream).or_default().push(slot);
                }
                false
            }
            Ok(Progress::Share) => {
                if !std::mem::replace(&mut connection.queued, true) {
                    self.clients.queue.push_back(slot);
                }
                false
            }
            Ok(Progress::Broken) => {
                self.close(slot, now);
                false
            }
            Err(error) => {
                debug!("a client is gone: {error}");
                self.close(slot, now);
                false
            }
            Ok(Progress::Done) => {
                let took = now.duration_since(*since);
                let client = connection.caller.address();
                note_served(outgoing, client, took, &self.clients.meter);
                if let Some(access) = &self.clients.access {
                    let asked = connection.asked.take();
                    visits::answered(access, client, asked, outgoing, (took, true));
                }
                if outgoing.keep_alive {
                    self.clients.rest(slot, now);
                    true
                } else if connection.has_unread() {
                    connection.linger(now);
                    true
                } else {
                    connection.transport.finish();
                    self.clients.remove(slot);
                    false
                }
            }
        }
    }

    /// A noted deadline has come up; it may have moved meanwhile, or been that of a connection that has gone.
    pub(super) fn due(&mut self, Note { slot, tick }: Note, now: Instant) {
        let Some(connection) = self.clients.connections.get_mut(slot) else {
            return;
        };
        if connection.noted != Some(tick) {
            return;
        }
        connection.noted = None;
        if now < connection.deadline {
            self.clients.note(slot, now);
        } else if matches!(connection.phase, Phase::Reading) && !connection.is_idle() {
            refuse(
                connection,
                Refusal::Slow,
                &self.clients.meter,
                &self.clients.access,
                now,
            );
            self.serve(slot, now);
        } else if matches!(connection.phase, Phase::Introducing { .. }) {
            self.unintroduced(slot, Refused::Slow, now);
        } else {
            self.close(slot, now);
        }
    }

    /// Ends a connection now, whatever it was doing.
    pub(super) fn close(&mut self, slot: usize, now: Instant) {
        let Some(mut connection) = self.clients.remove(slot) else {
            return;
        };
        if let Phase::Writing { outgoing, since } = &connection.phase
            && let Some(note) = &outgoing.note
        {
            let took = now.duration_since(*since);
            let ms = took.as_millis();
            let (status, from, bytes, client) = (
                outgoing.status,
                note.from,
                outgoing.sent,
                connection.client(),
            );
            self.clients.meter.aborted(Source::of(from), bytes);
            info!(
                "aborted {note} status={status} from={from} bytes={bytes} ms={ms} client={client}"
            );
            if let Some(access) = &self.clients.access {
                let asked = connection.asked.take();
                visits::answered(access, client, asked, outgoing, (took, false));
            }
            connection.transport.reset_on_close(); // a clean end would make the part look like the whole
        } else {
            if let Phase::UnderWay { since, .. } = &connection.phase {
                let (took, client) = (now.duration_since(*since), connection.client());
                info!("left ms={} client={client}", took.as_millis());
                if let Some(access) = &self.clients.access {
                    visits::left(access, client, connection.asked.take(), took);
                }
            }
            connection.transport.finish();
        }
    }
}

/// Puts a vetted head, with its form, onto the link.
fn submit(
    (head, form): (&[u8], &[u8]),
    ticket: Ticket,
    caller: &mut Caller,
    under_way: &UnderWay,
    link: &mut Link,
) -> Result<Vetted, Refusal> {
    if !under_way.enter(form.len()) {
        return Err(Refusal::Busy);
    }
    let vetted = head::vet(head, form, ticket, caller, link.heads());
    if vetted.is_err() {
        under_way.leave(form.len());
    }
    vetted
}

/// Starts to answer with a refusal, behind which the connection is closed.
pub(super) fn refuse(
    connection: &mut Connection,
    refusal: Refusal,
    meter: &GateMeter,
    access: &Option<Access>,
    now: Instant,
) {
    meter.refused(refusal.kind());
    if matches!(connection.phase, Phase::Reading) {
        connection.bodiless = connection.begins_as_head();
    }
    if let Some(access) = access {
        visits::refused(access, connection, refusal);
    }
    let status = refusal.status().0;
    info!(
        "refused status={status} reason={:?} client={}",
        refusal.reason(),
        connection.client()
    );
    let outgoing = Box::new(Outgoing::refusal(
        status,
        refusal.answer(connection.bodiless, SystemTime::now()),
    ));
    connection.deadline = now + HEAD_TIME_MAX;
    connection.phase = Phase::Writing {
        outgoing,
        since: now,
    };
    connection.readable = true; // whatever it still sends is not read before the answer is out
}

/// Counts and logs an answer that is out.
fn note_served(outgoing: &Outgoing, client: IpAddr, took: Duration, meter: &GateMeter) {
    if let Some(note) = &outgoing.note {
        let (status, from, bytes, ms) =
            (outgoing.status, note.from, outgoing.sent, took.as_millis());
        meter.served(status, Source::of(from), bytes, took);
        let level = match note.is_routine {
            true => Level::Debug,
            false => Level::Info,
        };
        log!(
            level,
            "served {note} status={status} from={from} bytes={bytes} ms={ms} client={client}"
        );
    }
}

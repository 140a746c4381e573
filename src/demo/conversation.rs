//! One connection: request after request, until either side has enough.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crossbeam_channel::Receiver;

use super::answer::Answer;
use super::behaviour::Behaviour;
use super::journal::Exchange;
use super::play::{Act, After, Plan, Stage};
use super::request::{Arrival, Heads};
use super::site::{Host, Site};
use super::switchboard;
use super::target::Target;

/// Where conversations are held: what one listener gives to each of its threads.
pub(super) struct Post {
    pub(super) site: Arc<Site>,
    pub(super) host: Host,
    /// Disconnected when the server stops.
    pub(super) stopped: Receiver<()>,
}

/// Talks on `stream` until it ends. Blocks as long as the client keeps the connection.
///
/// # Errors
/// Those of the socket; `ConnectionAborted` when the server stops. Nobody needs to know.
pub(super) fn converse(post: &Post, stream: &TcpStream, connection: u64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (site, host) = (&post.site, &post.host);
    let stage = Stage {
        stream,
        sent: site.bytes_sent(),
        stop: &post.stopped,
    };
    let (media, context_path) = match host {
        Host::Wiki => (false, site.context_path()),
        Host::Media(_) => (true, ""),
    };
    let mut heads = Heads::new(stream);
    let mut reused = false;
    loop {
        let request = match heads.next()? {
            Arrival::Request(request) => request,
            Arrival::End => return Ok(()),
            Arrival::Malformed => {
                let answer = site.malformed();
                stage.play(&Plan::new(&Behaviour::Good), answer, false, true)?;
                return Ok(());
            }
        };
        let target = Target::parse(&request.target, context_path);
        if matches!(host, Host::Wiki) && target.path() == switchboard::PATH {
            // No switch takes it down, and nothing of it counts.
            let uncounted = Stage {
                sent: &AtomicU64::new(0),
                ..stage
            };
            let answer = switchboard::answer(site, &request, &target);
            let (plan, bodiless) = (Plan::new(&Behaviour::Good), request.method == "HEAD");
            let closes = !request.keeps_alive();
            match uncounted.play(&plan, answer, bodiless, closes)? {
                After::KeepAlive => continue,
                After::Close => return Ok(()),
            }
        }
        let plan = site.plan(host, &target);
        let answer = match &plan.act {
            Act::Garbage | Act::Silence(_) => None,
            Act::SilenceWhenReused if reused => None,
            Act::Good | Act::SilenceWhenReused => Some(site.answer(host, &request, &target)),
            Act::Fault(fault) => Some(site.fail(host, fault, &request, &target)),
        };
        let is_head = request.method == "HEAD";
        let closes = !request.keeps_alive();
        site.journal().note(Exchange {
            method: request.method,
            target: request.target,
            headers: request.headers,
            media,
            connection,
            status: answer.as_ref().map_or(0, |answer| answer.status),
        });
        let after = match answer {
            Some(answer) => {
                let bodiless = is_head || is_bodiless(&answer);
                stage.play(&plan, answer, bodiless, closes)?
            }
            None => stage.play_without_answer(&plan)?,
        };
        if after == After::Close {
            return Ok(());
        }
        reused = true;
    }
}

fn is_bodiless(answer: &Answer) -> bool {
    matches!(answer.status, 100..=199 | 204 | 304)
}

//! Builds the gates, before any thread of them runs.

use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Instant;

use mio::Poll;

use super::actor::{Gate, LINK, WAKER};
use super::admission::{Admission, UnderWay};
use super::certificate::Certificate;
use super::clients::Clients;
use super::door::Door;
use super::fronts::Fronts;
use super::handle::{DOOR_GATE, Gates};
use super::link::Link;
use super::pending::Pending;
use super::probe::Probe;
use crate::config::Networks;
use crate::logging::Access;

/// What clients meet at the gates.
pub struct Facing {
    /// What they are shown: they are served over TLS and nothing else. `None`: plain HTTP.
    pub certificate: Option<Certificate>,
    /// Connections at most.
    pub connections_max: usize,
    /// Whose word counts for whom they forward.
    pub trusted: Networks,
    /// Whose requests have rights, which nobody gets through them.
    pub operators: Networks,
    /// Whether those begin each connection with a header of the PROXY protocol.
    pub proxy_protocol: bool,
    /// Where their requests are noted, if anywhere.
    pub access: Option<Access>,
}

/// Builds one gate per link. The first one accepts clients from `listener` and shares them out.
///
/// # Errors
/// The system has no descriptor left for a poll or a waker.
pub fn open(
    listener: TcpListener,
    facing: Facing,
    links: Vec<UnixStream>,
    under_way: &UnderWay,
) -> io::Result<(Gates, Vec<Gate>)> {
    let polls = links
        .iter()
        .map(|_| Poll::new())
        .collect::<io::Result<Vec<_>>>()?;
    let wakers = polls
        .iter()
        .map(|poll| mio::Waker::new(poll.registry(), WAKER))
        .collect::<io::Result<Vec<_>>>()?;
    let (gates, inboxes) = Gates::new(wakers);
    let Facing {
        certificate,
        connections_max,
        trusted,
        operators,
        proxy_protocol,
        access,
    } = facing;
    let meters = gates.meters();
    if let Some(certificate) = &certificate {
        meters[DOOR_GATE].certificate_end.set(certificate.end());
    }
    let admission = Arc::new(Admission::new(connections_max));
    let fronts = Arc::new(Fronts::new(trusted, operators, proxy_protocol));
    // Apart, so that slow readers of TLS leave room for the requests of others.
    let (pending, waiting) = (Pending::default(), Pending::default());
    let mut listener = Some(listener);
    let mut built = Vec::new();
    for (index, ((poll, inbox), socket)) in polls.into_iter().zip(inboxes).zip(links).enumerate() {
        let meter = meters[index].clone();
        let mut link = Link::new(socket)?;
        link.register(poll.registry(), LINK)?;
        let door = match listener.take() {
            Some(listener) => Some(Door::open(
                listener,
                (admission.clone(), fronts.clone()),
                certificate.clone(),
                (pending.clone(), waiting.clone()),
                poll.registry(),
            )?),
            None => None,
        };
        let (gates, under_way, clients) = (
            gates.clone(),
            under_way.clone(),
            Clients::new(pending.clone(), meter, access.clone(), Instant::now()),
        );
        built.push(Gate {
            index,
            poll,
            inbox,
            gates,
            link,
            door,
            fronts: fronts.clone(),
            under_way,
            clients,
            probe: Probe::default(),
        });
    }
    Ok((gates, built))
}

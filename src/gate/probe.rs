//! Probes: requests of nobody's, by which the service sees whether it still answers.
//!
//! A probe begins in a gate and ends there. In between it goes the way of every request, over the link and through
//! all that stands behind it. It has no connection, so nothing that protects against clients touches it: it is neither
//! encrypted nor counted, nor logged, and needs neither a seat nor a free place among the requests under way.

use std::net::Ipv4Addr;

use crossbeam_channel::Sender;

use super::actor::Gate;
use super::client::Client;
use super::head;
use super::ticket::Ticket;

/// The probe of one gate. There is at most one on its way.
#[derive(Default)]
pub(super) struct Probe {
    serial: u64,
    /// Where the number of this gate goes when it comes back.
    asked: Option<Sender<usize>>,
}

impl Gate {
    /// Sends a probe on its way.
    pub(super) fn probe(&mut self, back: Sender<usize>) {
        self.clients.serial += 1;
        self.probe = Probe {
            serial: self.clients.serial,
            asked: Some(back),
        };
        self.under_way.enter_always();
        let ticket = Ticket::of_probe(self.index as u8, self.clients.serial);
        let nobody = Client::direct(Ipv4Addr::UNSPECIFIED.into());
        head::put_probe(ticket, nobody, self.link.heads());
    }

    /// A reply has come for which there is no client: perhaps it is that of the probe.
    pub(super) fn end_probe(&mut self, ticket: Ticket) {
        if ticket == Ticket::of_probe(self.index as u8, self.probe.serial)
            && let Some(back) = self.probe.asked.take()
        {
            let _ = back.try_send(self.index); // it has room for one of each gate
        }
    }
}

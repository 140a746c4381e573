//! The socket that is served: taken over, or opened and stored for the process after this one.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;

use log::{info, warn};

use super::choice::{Candidate, Choice, Origin, Why, choose};
use super::inherited::{Given, Inherited};

/// The socket that is served.
#[derive(Debug)]
pub struct Listening {
    /// It, with the options it came with.
    pub socket: TcpListener,
    /// Whether the service manager keeps a copy: who connects after a stop waits for the next process.
    pub is_kept: bool,
}

/// Takes the socket that is served out of what was given, and lets go of the rest. If nothing there is meant by `wanted`,
/// `open` opens one, which is stored.
///
/// # Errors
/// Those of `open`.
pub fn listener(
    given: &mut Given,
    wanted: SocketAddr,
    open: impl FnOnce(SocketAddr) -> io::Result<TcpListener>,
) -> io::Result<Listening> {
    let mut sockets: Vec<Option<Inherited>> = given.sockets.drain(..).map(Some).collect();
    let choice = choose(&candidates(&sockets), wanted);
    let Choice {
        origin,
        let_go,
        forget,
        store,
    } = choice;
    for (place, why) in let_go {
        let Some(gone) = sockets[place].take() else {
            continue;
        };
        match why {
            Why::Elsewhere(_) => {
                info!(
                    "the socket of the last run is let go: {why}, and PROXY_HOST and PROXY_PORT say {wanted}"
                );
                if origin == Origin::Opened {
                    gone.silence();
                }
            }
            Why::Strange(_) | Why::Spare => {
                let name = gone.name;
                warn!("a descriptor that was handed over as {name:?} is not used: {why}");
            }
        }
    }
    let manager = given.manager.as_ref();
    if let Some(manager) = manager.filter(|_| forget) {
        manager.forget_stored();
    }
    let mut take = |place: usize| {
        let taken = sockets[place].take().and_then(|it| it.socket.ok());
        taken.expect("one that listens was chosen")
    };
    let socket = match origin {
        Origin::Store(place) => take(place),
        Origin::SocketUnit(place) => take(place),
        Origin::Opened => open(wanted)?,
    };
    if let (Origin::SocketUnit(_), Ok(address)) = (origin, socket.local_addr()) {
        info!("a socket unit says {address}: PROXY_HOST and PROXY_PORT are not used");
    }
    if let Some(manager) = manager.filter(|_| store) {
        manager.store(socket.as_fd());
    }
    let is_kept = match origin {
        Origin::SocketUnit(_) => true,
        Origin::Store(_) | Origin::Opened => manager.is_some(),
    };
    Ok(Listening { socket, is_kept })
}

fn candidates(sockets: &[Option<Inherited>]) -> Vec<Candidate<'_>> {
    let sockets = sockets.iter().flatten();
    sockets
        .map(|it| Candidate {
            name: &it.name,
            listens: match &it.socket {
                Ok(socket) => socket
                    .local_addr()
                    .map_err(|_| "a socket without an address"),
                Err(what) => Err(*what),
            },
        })
        .collect()
}

//! What was handed over at the start: descriptors made into sockets.

use std::net::{Shutdown, TcpListener};

use listenfd::ListenFd;
use socket2::SockRef;

use super::manager::Manager;

/// Everything that the service manager gave this process; nothing if it was started by hand.
#[derive(Default)]
pub struct Given {
    /// The descriptors, in their order.
    pub sockets: Vec<Inherited>,
    /// Whom to tell how it goes.
    pub manager: Option<Manager>,
}

/// One descriptor. Dropping it closes it, if it is a socket.
#[derive(Debug)]
pub struct Inherited {
    pub(super) name: String,
    /// The listening socket, or what it is instead.
    pub(super) socket: Result<TcpListener, &'static str>,
}

impl Inherited {
    /// Ends the listening itself, whoever else has a copy of the socket. The service manager closes its own some time after
    /// it was told to, and until then nobody could listen on the same port at another address.
    pub(super) fn silence(&self) {
        if let Ok(socket) = &self.socket {
            let _ = SockRef::from(socket).shutdown(Shutdown::Both); // if not, opening says that the address is taken
        }
    }
}

/// Takes every descriptor, `names` being theirs with colons between. What is no TCP socket is closed at once; what is no
/// socket at all stays open and unused, for no safe call closes it.
pub fn inherited(mut given: ListenFd, names: &str) -> Vec<Inherited> {
    let mut names = names.split(':');
    let count = given.len();
    let take = |place: usize| {
        let name = names.next().unwrap_or_default().to_owned();
        let socket = match given.take_tcp_listener(place) {
            Ok(Some(socket)) if SockRef::from(&socket).is_listener().is_ok_and(|it| it) => {
                Ok(socket)
            }
            Ok(Some(_)) => Err("a TCP socket that does not listen"),
            Ok(None) | Err(_) => {
                drop(given.take_udp_socket(place));
                drop(given.take_unix_listener(place));
                drop(given.take_unix_datagram(place));
                Err("no TCP socket")
            }
        };
        Inherited { name, socket }
    };
    (0..count).map(take).collect()
}

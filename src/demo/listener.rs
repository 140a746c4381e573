//! The threads of the sample Confluence, and how they end.

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};
use socket2::SockRef;

use super::conversation::{Post, converse};
use super::latch::pause;
use super::site::{Host, Site};

/// Open connections, a thread each. More are closed at once; a proxy under test opens some dozens.
const CONNECTIONS_MAX: usize = 1024;

/// Rest after a failed accept, which is usually a lack of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a stop tries to wake its own accept thread by a connection.
const WAKE_TIMEOUT: Duration = Duration::from_secs(1);

/// How the threads of one listener are called: at most 15 bytes, for Linux.
#[derive(Clone, Copy)]
struct Names {
    accept: &'static str,
    /// Followed by the number of the connection.
    conversation: &'static str,
}

const WIKI_NAMES: Names = Names {
    accept: "demo-accept",
    conversation: "demo-",
};

const MEDIA_NAMES: Names = Names {
    accept: "demo-media",
    conversation: "demo-media-",
};

/// The listening socket and every thread behind it. Dropping it ends them all and waits for that.
pub(super) struct Listener {
    socket: Arc<TcpListener>,
    address: SocketAddr,
    connections: Arc<Connections>,
    /// Dropped first: that wakes whatever waits at a latch or in a pause.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Starts to take connections for `host`.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(super) fn start(socket: TcpListener, site: Arc<Site>, host: Host) -> io::Result<Listener> {
        let names = match host {
            Host::Wiki => WIKI_NAMES,
            Host::Media(_) => MEDIA_NAMES,
        };
        let (stop, stopped) = bounded(0);
        let post = Arc::new(Post {
            site,
            host,
            stopped,
        });
        let socket = Arc::new(socket);
        let address = socket.local_addr()?;
        let connections = Arc::new(Connections {
            thread_name: names.conversation,
            state: Mutex::default(),
        });
        let thread = {
            let (socket, connections) = (socket.clone(), connections.clone());
            thread::Builder::new()
                .name(names.accept.to_owned())
                .spawn(move || accept_all(&socket, &post, &connections))?
        };
        Ok(Listener {
            socket,
            address,
            connections,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn connections_seen(&self) -> u64 {
        self.connections.lock().seen
    }

    pub(super) fn connections_open(&self) -> usize {
        self.connections.lock().open.len()
    }

    pub(super) fn close_connections(&self) {
        self.connections.shut_all();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop = None;
        self.connections.close();
        // On Linux this ends a blocked accept and needs no descriptor; elsewhere the connection does it. Either may
        // fail because the other has worked.
        let _ = SockRef::from(&*self.socket).shutdown(Shutdown::Both);
        let _ = TcpStream::connect_timeout(&self.address, WAKE_TIMEOUT);
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed already; there is nobody else to tell.
            let _ = thread.join();
        }
    }
}

/// Body of the accept thread. Ends, after all conversations have, when the listener closes.
fn accept_all(socket: &TcpListener, post: &Arc<Post>, connections: &Arc<Connections>) {
    while !connections.lock().closing {
        match socket.accept() {
            Ok((stream, _)) => connections.admit(stream, post),
            Err(_) => {
                if pause(ACCEPT_PAUSE, &post.stopped).is_err() {
                    break;
                }
            }
        }
        connections.join_ended();
    }
    connections.join_open();
}

/// The open connections and their threads.
struct Connections {
    thread_name: &'static str,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    seen: u64,
    closing: bool,
    open: HashMap<u64, Open>,
    ended: Vec<JoinHandle<()>>,
}

struct Open {
    stream: Arc<TcpStream>,
    thread: JoinHandle<()>,
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }

    /// Gives a connection its thread.
    fn admit(self: &Arc<Self>, stream: TcpStream, post: &Arc<Post>) {
        let mut state = self.lock();
        if state.closing || CONNECTIONS_MAX <= state.open.len() {
            return;
        }
        state.seen += 1;
        let id = state.seen;
        let stream = Arc::new(stream);
        let body = {
            let (stream, post) = (stream.clone(), post.clone());
            let connections = self.clone();
            move || {
                let _leave = Leave { connections, id };
                // The client sees how it ended; that is what the fake is for.
                let _ = converse(&post, &stream, id);
                drop(stream);
            }
        };
        // The new thread cannot leave before it is entered here, because leaving takes the same lock.
        let spawned = thread::Builder::new()
            .name(format!("{}{id}", self.thread_name))
            .spawn(body);
        if let Ok(thread) = spawned {
            state.open.insert(id, Open { stream, thread });
        }
    }

    fn leave(&self, id: u64) {
        let mut state = self.lock();
        if let Some(open) = state.open.remove(&id) {
            state.ended.push(open.thread);
        }
    }

    /// Ends every conversation that waits for its client.
    fn shut_all(&self) {
        for open in self.lock().open.values() {
            // It may be closed already.
            let _ = open.stream.shutdown(Shutdown::Both);
        }
    }

    fn close(&self) {
        self.lock().closing = true;
        self.shut_all();
    }

    fn join_ended(&self) {
        let ended = std::mem::take(&mut self.lock().ended);
        for thread in ended {
            let _ = thread.join();
        }
    }

    /// Waits for the conversations that are left. Nobody is admitted any more.
    fn join_open(&self) {
        let open: Vec<Open> = self.lock().open.drain().map(|(_, open)| open).collect();
        for open in open {
            let _ = open.thread.join();
        }
        self.join_ended();
    }
}

/// Takes a connection off the books however its thread ends.
struct Leave {
    connections: Arc<Connections>,
    id: u64,
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.connections.leave(self.id);
    }
}

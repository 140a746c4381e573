//! A peer for the tests: plays a script of bytes per connection and keeps a journal of what it was sent.

use std::io::{Read, Write, copy, sink};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use rustls::pki_types::CertificateDer;
use socket2::SockRef;

use super::client::Confluence;
use super::error::UpstreamError;
use super::line::Line;
use super::resolver::{self, Lookup};
use crate::attachment::{FileName, Key, PageId};
use crate::config::{ConfluenceConfig, Credentials, Kind, Secret};

/// Only failures get this far.
const DEADLINE: Duration = Duration::from_secs(20);

/// One step of a connection's script. After the last one the connection is closed.
#[derive(Clone)]
pub(super) enum Step {
    /// Waits for the head of a request and writes it into the journal.
    Head,
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends nothing, ignores what comes, and waits until the other side is gone.
    Hold,
    /// Ends with a reset instead of an orderly close.
    Reset,
    /// Tells the test that it has come this far.
    Tell(Sender<()>),
    /// Waits until the other side is gone, but no longer than this.
    Linger(Duration),
    /// Waits until the test says so.
    Wait(Receiver<()>),
}

/// Sends `text`.
pub(super) fn send(text: impl AsRef<[u8]>) -> Step {
    Step::Send(text.as_ref().to_vec())
}

/// Heads of requests, per connection, in the order the connections came.
type Journal = Arc<Mutex<Vec<Vec<String>>>>;

/// The peer. Dropping it closes its sockets.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    journal: Journal,
    /// One per connection, `None` once its script has ended: the last descriptor decides when it is closed.
    streams: Arc<Mutex<Vec<Option<TcpStream>>>>,
}

impl Peer {
    /// Listens and plays one script per connection; connections without a script are closed at once.
    pub(super) fn play(scripts: Vec<Vec<Step>>) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let peer = Peer {
            address: listener.local_addr().expect("bound"),
            journal: Journal::default(),
            streams: Arc::default(),
        };
        let (journal, streams) = (peer.journal.clone(), peer.streams.clone());
        // Ends with the test process: nothing waits for it.
        thread::spawn(move || {
            let mut scripts = scripts.into_iter();
            for (index, stream) in listener.incoming().enumerate() {
                let stream = stream.expect("accept works in tests");
                stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
                locked(&journal).push(Vec::new());
                locked(&streams).push(Some(stream.try_clone().expect("a descriptor")));
                let steps = scripts.next().unwrap_or_default();
                let (journal, streams) = (journal.clone(), streams.clone());
                thread::spawn(move || {
                    let stream = run(stream, steps, |head| locked(&journal)[index].push(head));
                    locked(&streams)[index] = None;
                    drop(stream);
                });
            }
        });
        peer
    }

    /// One script.
    pub(super) fn play_one(steps: Vec<Step>) -> Peer {
        Peer::play(vec![steps])
    }

    /// What was received so far.
    pub(super) fn journal(&self) -> Vec<Vec<String>> {
        locked(&self.journal).clone()
    }

    /// How many requests each connection carried.
    pub(super) fn requests(&self) -> Vec<usize> {
        locked(&self.journal).iter().map(Vec::len).collect()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        for stream in locked(&self.streams).iter().flatten() {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test thread panics with it")
}

fn run(mut stream: TcpStream, steps: Vec<Step>, mut note: impl FnMut(String)) -> TcpStream {
    for step in steps {
        match step {
            Step::Head => match read_head(&mut stream) {
                Some(head) => note(head),
                None => return stream,
            },
            // The other side may have gone away, which is its right.
            Step::Send(bytes) => drop(stream.write_all(&bytes)),
            Step::Hold => drop(copy(&mut stream, &mut sink())),
            Step::Reset => SockRef::from(&stream)
                .set_linger(Some(Duration::ZERO))
                .expect("a socket"),
            Step::Tell(sender) => drop(sender.send(())),
            Step::Linger(time) => {
                stream.set_read_timeout(Some(time)).expect("a socket");
                let is_gone = matches!(stream.read(&mut [0]), Ok(0));
                stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
                if is_gone {
                    return stream;
                }
            }
            Step::Wait(receiver) => drop(receiver.recv_timeout(DEADLINE)),
        }
    }
    stream
}

/// Reads byte by byte up to the empty line.
fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8(head).expect("a head is ASCII"))
}

/// The secret of the account that [`settings`] names.
pub(super) const SECRET: &str = "tok-4711-geheim";

/// Settings for a peer that listens at `address`, with time limits that only failures reach.
pub(super) fn settings(address: SocketAddr) -> ConfluenceConfig {
    ConfluenceConfig {
        url: format!("http://{address}/c"),
        kind: Kind::Server,
        credentials: Credentials::Basic {
            username: "me".to_owned(),
            token: Secret::new(SECRET),
        },
        connect_timeout: DEADLINE,
        read_timeout: DEADLINE,
        connections_max: 4,
        ca: None,
        proxy: None,
        files: Vec::new(),
    }
}

/// A client of `peer`.
pub(super) fn client(peer: &Peer) -> Confluence {
    proven(&settings(peer.address))
}

/// A client whose account counts as accepted, so that no login is tested first.
pub(super) fn proven(settings: &ConfluenceConfig) -> Confluence {
    assembled(settings, &[], resolver::system())
}

/// The same with roots and a DNS of its own.
pub(super) fn assembled(
    settings: &ConfluenceConfig,
    roots: &[CertificateDer<'static>],
    lookup: Lookup,
) -> Confluence {
    let interrupted = Arc::<AtomicBool>::default();
    let line = Line::assemble(settings, roots, lookup.clone(), interrupted.clone());
    let line = line.expect("good settings");
    let (client, _news) = Confluence::over(line, settings, lookup, interrupted);
    client.pardon();
    client
}

/// The file of this name on page 12.
pub(super) fn file(name: &str) -> Key {
    Key::File {
        page: PageId::parse("12").expect("a page id"),
        name: FileName::parse(name.as_bytes()).expect("a name"),
        version: None,
    }
}

/// A good answer with a length, and `more` header lines.
pub(super) fn good(more: &str, body: impl AsRef<[u8]>) -> Step {
    let body = body.as_ref();
    let mut answer = format!(
        "HTTP/1.1 200 \r\nContent-Disposition: inline\r\nContent-Type: image/png\r\nContent-Length: {}\r\n{more}\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    send(answer)
}

/// Fetches and reads to the end.
pub(super) fn fetch(client: &Confluence, key: &Key) -> Result<Vec<u8>, UpstreamError> {
    let mut download = client.fetch(key)?;
    let mut all = Vec::new();
    let mut buffer = [0; 1000];
    loop {
        match download.read(&mut buffer)? {
            0 => return Ok(all),
            count => all.extend_from_slice(&buffer[..count]),
        }
    }
}

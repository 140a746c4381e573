//! The acceptor: tiny_http behind the gates. It takes the requests that arrive over the links and hands them to the
//! workers as [`Job`]s. The only file that names tiny_http: whoever replaces it one day replaces this file.
//!
//! tiny_http 0.12.0 trusts its peer, so its only peers are the gates (see `gate/`): one Unix socket per gate, in a
//! private directory, connected before the service starts and unlinked at once. Nothing is ever written back through
//! tiny_http. Bound: the channel of jobs is as deep as the number of requests the gates let pass. It ends when
//! [`Stop`] says so; anything else that ends it is an error.

use std::fs::{self, DirBuilder};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Sender, TrySendError};
use socket2::SockRef;

use crate::gate::{Client, FORM_FIELD, ORIGIN_FIELD, TICKET_FIELD, Ticket};
use crate::router::Method;

/// One request as the workers get it.
#[derive(Debug)]
pub struct Job {
    /// Under which number the answer goes back.
    pub ticket: Ticket,
    /// Who asks.
    pub client: Client,
    /// What for.
    pub method: Method,
    /// The canonical request target.
    pub target: String,
    /// The client's fields that are used here.
    pub fields: Fields,
}

/// The request fields that cross the link; absent ones are `None`. Repeated ones are joined (RFC 9110 section 5.3).
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "each is the field of its name")]
pub struct Fields {
    pub range: Option<Box<str>>,
    pub if_range: Option<Box<str>>,
    pub if_none_match: Option<Box<str>>,
    pub if_modified_since: Option<Box<str>>,
    pub cache_control: Option<Box<str>>,
    pub accept: Option<Box<str>>,
    pub accept_language: Option<Box<str>>,
    pub host: Option<Box<str>>,
    pub origin: Option<Box<str>>,
    /// The form of a POST, percent-encoded as it came.
    pub form: Option<Box<str>>,
}

/// The acceptor before its thread runs.
pub struct Acceptor {
    server: Arc<tiny_http::Server>,
    stopping: Arc<AtomicBool>,
    jobs: Sender<Job>,
}

/// Ends the acceptor.
pub struct Stop {
    server: Arc<tiny_http::Server>,
    stopping: Arc<AtomicBool>,
}

impl Stop {
    /// Makes [`Acceptor::run`] return. Call it when the gates have ended: what is still on a link is lost.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.server.unblock();
    }
}

impl Acceptor {
    /// Starts tiny_http in a private directory below `directory` and connects `links` gates to it.
    ///
    /// # Errors
    /// The directory cannot be made, or its path is too long for a Unix socket (108 bytes).
    pub fn open(
        directory: &Path,
        links: usize,
        jobs: Sender<Job>,
    ) -> io::Result<(Acceptor, Stop, Vec<UnixStream>)> {
        let private = PrivateDirectory::new(directory)?;
        let path = private.0.join("link");
        let listener = UnixListener::bind(&path)?;
        let closer = listener.try_clone()?;
        let server = tiny_http::Server::from_listener(listener, None).map_err(io::Error::other)?;
        let sockets = (0..links)
            .map(|_| connect(&path, &server))
            .collect::<io::Result<Vec<_>>>()?;
        // Every gate is in, nobody else shall be: end tiny_http's accept thread. Its last word is one error.
        SockRef::from(&closer).shutdown(std::net::Shutdown::Both)?;
        let last = server.recv();
        debug_assert!(
            last.is_err(),
            "a request came over a link before any gate ran"
        );
        let server = Arc::new(server);
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Stop {
            server: server.clone(),
            stopping: stopping.clone(),
        };
        Ok((
            Acceptor {
                server,
                stopping,
                jobs,
            },
            stop,
            sockets,
        ))
    }

    /// Hands requests to the workers until it is stopped.
    ///
    /// # Errors
    /// tiny_http has ended by itself, or a request broke the contract of the link: the service cannot go on.
    pub fn run(self) -> io::Result<()> {
        loop {
            match self.server.recv() {
                Ok(request) => {
                    crate::sabotage::point("acceptor");
                    let job = job(&request);
                    drop(request.into_writer()); // a request that is merely dropped would answer 500 onto the link
                    let job = job.ok_or_else(|| {
                        io::Error::other("a request without a ticket came over the link")
                    })?;
                    match self.jobs.try_send(job) {
                        Ok(()) => {}
                        Err(TrySendError::Disconnected(_)) => return Ok(()),
                        Err(TrySendError::Full(_)) => {
                            return Err(io::Error::other(
                                "more requests came over the links than the gates count",
                            ));
                        }
                    }
                }
                Err(_) if self.stopping.load(Ordering::Acquire) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

fn job(request: &tiny_http::Request) -> Option<Job> {
    let method = match request.method() {
        tiny_http::Method::Get => Method::Get,
        tiny_http::Method::Head => Method::Head,
        tiny_http::Method::Delete => Method::Delete,
        tiny_http::Method::Post => Method::Post,
        tiny_http::Method::Options => Method::Options,
        _ => return None,
    };
    let mut fields = Fields::default();
    let mut private = None;
    for header in request.headers() {
        let value = header.value.as_str();
        let place = match header.field.as_str().as_str() {
            TICKET_FIELD => {
                private = Some(value);
                continue;
            }
            "Range" => &mut fields.range,
            "If-Range" => &mut fields.if_range,
            "If-None-Match" => &mut fields.if_none_match,
            "If-Modified-Since" => &mut fields.if_modified_since,
            "Cache-Control" => &mut fields.cache_control,
            "Accept" => &mut fields.accept,
            "Accept-Language" => &mut fields.accept_language,
            ORIGIN_FIELD => &mut fields.origin,
            FORM_FIELD => &mut fields.form,
            _ => return None,
        };
        *place = Some(match place.take() {
            Some(before) => format!("{before}, {value}").into(),
            None => value.into(),
        });
    }
    let mut private = private?.split(' ');
    let ticket = Ticket::parse(private.next()?)?;
    let client = Client::parse(private.next()?)?;
    fields.host = private.next().map(Box::from);
    Some(Job {
        ticket,
        client,
        method,
        target: request.url().to_owned(),
        fields,
    })
}

/// Connects one link and waits until tiny_http serves it, so that closing the listener cannot lose it.
fn connect(path: &Path, server: &tiny_http::Server) -> io::Result<UnixStream> {
    let mut socket = UnixStream::connect(path)?;
    socket.write_all(b"OPTIONS * HTTP/1.1\r\n\r\n")?;
    drop(server.recv()?.into_writer());
    Ok(socket)
}

/// A directory that only this user can enter, removed with what is in it as soon as the links are connected.
struct PrivateDirectory(PathBuf);

impl PrivateDirectory {
    fn new(parent: &Path) -> io::Result<PrivateDirectory> {
        // A name nobody else has: tiny_http connects to the path once more when it is dropped, and must find nothing.
        let number = RandomState::new().build_hasher().finish();
        let path = parent.join(format!("confluence-attachment-proxy.{number:016x}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(PrivateDirectory(path))
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.0.join("link")); // not there if binding failed
        let _ = fs::remove_dir(&self.0); // a leftover is empty, private and harmless
    }
}

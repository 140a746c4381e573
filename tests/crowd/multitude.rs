//! Thousands of clients on one thread: some idle, some stuck in a request head, some reading as slowly as a bad line.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Socket, Type};

use crate::support::answer;
use crate::support::{Client, Program};

/// Every reader takes this much per round: 10 KB/s.
const SIP_BYTES: usize = 1000;

/// One round of sips.
const ROUND: Duration = Duration::from_millis(100);

/// The rounds of the readers are shifted against each other by this many steps.
const STEPS: usize = 20;

/// Bytes that a reader's kernel takes for it: a fast one would hide that the client is slow.
const RECEIVE_BYTES: usize = 32 * 1024;

/// How many clients of each kind, and what they ask for.
pub struct Plan<'a> {
    pub idle: usize,
    pub halves: usize,
    pub readers: usize,
    pub small: (&'a str, &'a [u8]),
    pub big: (&'a str, &'a [u8]),
}

/// What the clients have seen.
#[derive(Debug)]
pub struct Seen {
    /// Bytes of the big file that the readers have got, all of them the right ones.
    pub read: usize,
    /// For how long they have read.
    pub lasted: Duration,
}

/// A multitude that is there until [`Multitude::leave`].
pub struct Multitude {
    renewed: Arc<AtomicUsize>,
    stop: Sender<()>,
    thread: JoinHandle<Seen>,
}

struct Crowd {
    address: SocketAddr,
    poll: Poll,
    idle: Vec<TcpStream>,
    halves: Vec<Half>,
    readers: Vec<Reader>,
    small: (String, Vec<u8>),
    big: Vec<u8>,
    renewed: Arc<AtomicUsize>,
}

struct Half {
    socket: TcpStream,
    source: Ipv4Addr,
    answer: Vec<u8>,
}

struct Reader {
    socket: TcpStream,
    at: usize,
}

/// The loopback address of a client: one address may hold a quarter of all connections.
fn source(kind: u8, number: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, kind, 1 + (number / 1000) as u8)
}

fn watched(client: Client) -> TcpStream {
    client.socket.set_nonblocking(true).expect("a socket");
    TcpStream::from_std(client.socket)
}

fn half_head(address: SocketAddr, source: Ipv4Addr) -> Half {
    let mut client = Client::connect_from(source, address);
    client.send("GET /proxy/7/small.png HTTP/1.1\r\nHost: te");
    Half {
        socket: watched(client),
        source,
        answer: Vec::new(),
    }
}

fn slow_reader(address: SocketAddr, number: usize, target: &str) -> Reader {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket
        .set_recv_buffer_size(RECEIVE_BYTES)
        .expect("a size for a buffer");
    socket
        .bind(&SocketAddr::from((source(3, number), 0)).into())
        .expect("a loopback address");
    socket.connect(&address.into()).expect("the proxy listens");
    let mut socket: std::net::TcpStream = socket.into();
    let request = format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n");
    socket.write_all(request.as_bytes()).expect("it reads");
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).expect("a head");
        head.extend(byte);
    }
    assert!(head.starts_with(b"HTTP/1.1 200 OK\r\n"), "{head:?}");
    socket.set_nonblocking(true).expect("a socket");
    Reader {
        socket: TcpStream::from_std(socket),
        at: 0,
    }
}

impl Multitude {
    /// Connects them all, and lets them be there from then on. `idle_there` is told when the idle ones, and only they,
    /// are there.
    pub fn gather(program: &Program, plan: &Plan, idle_there: impl FnOnce()) -> Multitude {
        let address = program.address();
        let idle = (0..plan.idle).map(|number| {
            let mut client = program.connect_from(source(1, number));
            assert!(client.get(plan.small.0).body == plan.small.1);
            watched(client)
        });
        let idle = idle.collect();
        idle_there();
        let halves = (0..plan.halves).map(|number| half_head(address, source(2, number)));
        let halves = halves.collect();
        let readers = (0..plan.readers).map(|number| slow_reader(address, number, plan.big.0));
        let renewed = Arc::new(AtomicUsize::new(0));
        let crowd = Crowd {
            address,
            poll: Poll::new().expect("a poll"),
            idle,
            halves,
            readers: readers.collect(),
            small: (plan.small.0.to_owned(), plan.small.1.to_vec()),
            big: plan.big.1.to_vec(),
            renewed: renewed.clone(),
        };
        let (stop, stopped) = channel();
        let thread = std::thread::spawn(move || crowd.be_there(&stopped));
        Multitude {
            renewed,
            stop,
            thread,
        }
    }

    /// How many half heads were timed out, as they should be, and begun anew.
    pub fn renewed(&self) -> usize {
        assert!(!self.thread.is_finished(), "somebody was treated badly");
        self.renewed.load(Ordering::SeqCst)
    }

    /// Lets them go; the idle ones ask once more before.
    ///
    /// # Panics
    /// One of them has seen what it should not.
    pub fn leave(self) -> Seen {
        let _ = self.stop.send(()); // an error means that it has panicked, which comes next
        self.thread.join().expect("a crowd that was treated well")
    }
}

impl Crowd {
    fn be_there(mut self, stopped: &Receiver<()>) -> Seen {
        let idle = self.idle.iter_mut();
        for (token, socket) in idle
            .chain(self.halves.iter_mut().map(|half| &mut half.socket))
            .enumerate()
        {
            let registry = self.poll.registry();
            let registered = registry.register(socket, Token(token), Interest::READABLE);
            registered.expect("a socket");
        }
        let began = Instant::now();
        let mut events = Events::with_capacity(1024);
        let mut steps = 0;
        while let Err(TryRecvError::Empty) = stopped.try_recv() {
            let next = began + ROUND * steps / STEPS as u32;
            let wait = next.saturating_duration_since(Instant::now());
            match self.poll.poll(&mut events, Some(wait)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result.expect("a poll"),
            }
            for event in &events {
                let Token(number) = event.token();
                let half = number.checked_sub(self.idle.len());
                self.hear(half.expect("an idle connection heard something"));
            }
            if next <= Instant::now() {
                self.sip(steps as usize % STEPS);
                steps += 1;
            }
        }
        let lasted = began.elapsed();
        self.ask_once_more();
        let read = self.readers.iter().map(|reader| reader.at).sum();
        Seen { read, lasted }
    }

    /// Reads what half a head is told; when that was all, another client takes its place.
    fn hear(&mut self, number: usize) {
        let half = &mut self.halves[number];
        match half.socket.read_to_end(&mut half.answer) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => panic!("the answer to half a head was lost: {error}"),
        }
        let reason = "the request did not arrive within 10 seconds";
        assert_eq!(
            answer::masked(&half.answer),
            answer::refusal("408 Request Timeout", "", reason)
        );
        *half = half_head(self.address, half.source);
        let token = Token(self.idle.len() + number);
        let registry = self.poll.registry();
        let registered = registry.register(&mut half.socket, token, Interest::READABLE);
        registered.expect("a socket");
        self.renewed.fetch_add(1, Ordering::SeqCst);
    }

    /// One sip of each reader of this step.
    fn sip(&mut self, step: usize) {
        let mut sip = [0; SIP_BYTES];
        for reader in self.readers.iter_mut().skip(step).step_by(STEPS) {
            match reader.socket.read(&mut sip) {
                Ok(count) => {
                    let expected = &self.big[reader.at..reader.at + count];
                    assert!(0 < count && sip[..count] == *expected, "at {}", reader.at);
                    reader.at += count;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => panic!("a reader was cut: {error}"),
            }
        }
    }

    fn ask_once_more(&mut self) {
        let (target, bytes) = &self.small;
        for socket in std::mem::take(&mut self.idle) {
            let mut client = Client::over(socket.into());
            assert!(client.get(target).body == *bytes);
        }
    }
}

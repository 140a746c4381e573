//! A program, some clients that stay with it, and how long each of their hits takes.

use std::fmt;
use std::io::Read;
use std::time::{Duration, Instant};

use crate::support::{Client, Program, eventually};

/// The file that is hit.
pub const SMALL: &str = "/proxy/7/small.png";

/// How long hits are measured before and after a crowd.
const QUIET: Duration = Duration::from_secs(2);

/// A program under measurement.
pub struct Measured {
    pub program: Program,
    pub bytes: Vec<u8>,
    clients: Vec<Client>,
    took: Vec<Duration>,
}

/// How long hits took.
#[derive(Clone, Copy)]
pub struct Figures {
    hits: usize,
    pub median: Duration,
    p99: Duration,
    max: Duration,
}

/// Figures of two programs that took turns: whatever else the machine did met both.
#[derive(Clone, Copy)]
pub struct Pair {
    pub crowded: Figures,
    pub control: Figures,
}

impl Measured {
    /// With at most this many open files, and a file that is kept.
    pub fn start(descriptors_max: u32) -> Measured {
        let settings = [("PROXY_MAX_CONNECTIONS", "8192")];
        let program = Program::start(&settings, descriptors_max);
        let bytes = program.put("small.png", 10_000);
        let mut clients: Vec<Client> = (0..4).map(|_| program.connect()).collect();
        for client in &mut clients {
            eventually("it is kept", || {
                let response = client.get(SMALL);
                assert!(response.body == bytes);
                response.field("X-Cache") == Some("HIT")
            });
        }
        Measured {
            program,
            bytes,
            clients,
            took: Vec::new(),
        }
    }

    /// One hit of each client, timed from the request to the last byte.
    pub fn hits(&mut self) {
        let mut answer = [0; 16 * 1024];
        let last = &self.bytes[self.bytes.len() - 16..];
        for client in &mut self.clients {
            let asked = Instant::now();
            client.request("GET", SMALL, &[]);
            let mut count = 0;
            while !answer[..count].ends_with(last) {
                let read = client.socket.read(&mut answer[count..]);
                let read = read.expect("an answer within patience");
                assert_ne!(read, 0, "the connection has ended");
                count += read;
            }
            self.took.push(asked.elapsed());
            let answer = &answer[..count];
            assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n") && answer.ends_with(&self.bytes));
        }
    }

    fn figures(&mut self) -> Figures {
        let mut took = std::mem::take(&mut self.took);
        took.sort_unstable();
        let part = |of_hundred: usize| took[(took.len() - 1) * of_hundred / 100];
        Figures {
            hits: took.len(),
            median: part(50),
            p99: part(99),
            max: part(100),
        }
    }
}

impl Pair {
    /// Hits for this long.
    pub fn measure(crowded: &mut Measured, control: &mut Measured, time: Duration) -> Pair {
        crowded.took.clear();
        control.took.clear();
        let until = Instant::now() + time;
        while Instant::now() < until {
            crowded.hits();
            control.hits();
        }
        Pair {
            crowded: crowded.figures(),
            control: control.figures(),
        }
    }

    /// The same while there is no crowd.
    pub fn quiet(crowded: &mut Measured, control: &mut Measured) -> Pair {
        Pair::measure(crowded, control, QUIET)
    }
}

/// Prints all figures. The median in the crowd must be within twice that without one: at another time, or, if the
/// machine was slower meanwhile, at the same time before a program without a crowd.
#[track_caller]
pub fn assert_median_kept(before: Pair, during: Pair, after: Pair) {
    for (when, pair) in [("before", before), ("during", during), ("after", after)] {
        println!(
            "{when}: {}\n    without a crowd: {}",
            pair.crowded, pair.control
        );
    }
    let quiet = before.crowded.median.max(after.crowded.median);
    let quiet = quiet.max(during.control.median);
    let crowded = during.crowded.median;
    assert!(crowded <= 2 * quiet, "{crowded:?} instead of {quiet:?}");
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hits, median, p99, max) = (self.hits, self.median, self.p99, self.max);
        write!(
            f,
            "{hits} hits, median {median:?}, p99 {p99:?}, max {max:?}"
        )
    }
}

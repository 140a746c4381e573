//! What clients do: mostly ask for files and read them, and then again everything that a client can do.

use std::net::{SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;

use crate::chance::Chance;
use crate::files::{FileNumber, Files};
use crate::support::{Client, Response, tls};
use crate::tally::Tally;

/// Connections that one thread keeps open without using them.
const IDLE_MAX: usize = 40;

/// One thread of clients.
pub struct Clients<'a> {
    pub address: SocketAddr,
    /// `None`: plain HTTP.
    pub tls: Option<Arc<ClientConfig>>,
    pub files: &'a Files,
    pub tally: &'a Tally,
    pub chance: Chance,
    /// What is tried at the moment.
    pub doing: &'static str,
    /// A connection that is kept alive from one request to the next.
    pub current: Option<Client>,
    /// Connections on which nothing goes on, or half of a head has come.
    pub idle: Vec<Client>,
}

impl Clients<'_> {
    /// Does one thing after the other until `end`.
    pub fn run(mut self, end: Instant) {
        while Instant::now() < end {
            let done = catch_unwind(AssertUnwindSafe(|| self.act()));
            if done.is_err() {
                self.tally.count(format!(
                    "FAULT: no answer, or one that is not HTTP, to: {}",
                    self.doing
                ));
                self.current = None;
            }
        }
    }

    fn act(&mut self) {
        let number = self.files.choose(&mut self.chance);
        let (doing, act): (_, fn(&mut Self, FileNumber)) = match self.chance.below(100) {
            0..45 => ("a read", |me, number| me.read_whole(number, &[])),
            45..50 => ("a read that insists", |me, number| {
                me.read_whole(number, &[("Cache-Control", "no-cache")])
            }),
            50..62 => ("a part", Self::read_part),
            62..67 => ("HEAD and a condition", Self::read_head),
            67..72 => ("a slow reader", Self::read_slowly),
            72..76 => ("somebody who leaves", Self::leave),
            76..80 => ("DELETE", Self::forget),
            80..83 => ("what is not there", |me, _| me.miss()),
            83..86 => ("HTTP/1.0", Self::read_without_frames),
            86..90 => ("many requests at once", Self::ask_ahead),
            90..96 => ("an attack", |me, _| me.attack()),
            _ => ("nothing", |me, _| me.idle()),
        };
        self.doing = doing;
        act(self, number);
    }

    /// A new connection; `None` while nobody listens, as between two starts.
    fn connect(&self) -> Option<Client> {
        match TcpStream::connect(self.address) {
            Ok(socket) => {
                let client = Client::over(socket);
                Some(match &self.tls {
                    Some(config) => client.over_tls(tls::session(config)),
                    None => client,
                })
            }
            Err(error) => {
                self.tally
                    .count(format!("connection refused: {:?}", error.kind()));
                std::thread::sleep(Duration::from_millis(20)); // as a browser waits before it tries again
                None
            }
        }
    }

    /// Asks for something over the connection at hand; `None` if the connection ended before an answer.
    fn ask(&mut self, method: &str, target: &str, fields: &[(&str, &str)]) -> Option<Response> {
        let mut client = match self.current.take() {
            Some(client) => client,
            None => self.connect()?,
        };
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: endurance\r\n");
        for (name, value) in fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let head = client
            .try_send(head + "\r\n")
            .then(|| client.head_or_end())
            .flatten();
        let Some(head) = head else {
            self.tally.count("connection ended before an answer");
            return None;
        };
        let response = client.body(head, method == "HEAD");
        self.tally.count("requests");
        self.tally.count(format!("status: {}", response.status));
        if let Some(cache) = response.field("X-Cache") {
            self.tally.count(format!("cache: {cache}"));
        }
        if response.complete && response.field("Connection") != Some("close") {
            self.current = Some(client);
        }
        Some(response)
    }

    /// Compares a body with what the file may be. Also what arrives before a cut must be the file's.
    fn verify(&self, number: FileNumber, start: u64, is_right: bool, response: &Response) {
        let is_begun = || self.files.are_some_part(number, start, &response.body);
        match (response.complete, is_right) {
            (true, true) => self.tally.count("bodies verified"),
            (false, _) if is_begun() => self.tally.count("bodies cut, and told so"),
            (true | false, _) => self.tally.count("FAULT: a body that is not the file's"),
        }
    }

    fn verify_whole(&self, number: FileNumber, response: &Response) {
        let is_right = response.complete && self.files.are_whole(number, &response.body);
        self.verify(number, 0, is_right, response);
    }

    fn read_whole(&mut self, number: FileNumber, fields: &[(&str, &str)]) {
        let Some(response) = self.ask("GET", &number.target(), fields) else {
            return;
        };
        if response.status == 200 {
            self.verify_whole(number, &response);
        }
    }

    fn read_part(&mut self, number: FileNumber) {
        let (start, length) = (self.chance.below(200_000), 1 + self.chance.below(100_000));
        let range = format!("bytes={start}-{}", start + length - 1);
        let Some(response) = self.ask("GET", &number.target(), &[("Range", &range)]) else {
            return;
        };
        if response.status == 206 {
            let field = response.field("Content-Range").unwrap_or_default();
            let place = format!("bytes {start}-");
            let size = field.rsplit('/').next().and_then(|size| size.parse().ok());
            let (body, is_there) = (&response.body, field.starts_with(&place));
            let is_right = match size {
                Some(size) => {
                    let end = (start + length).min(size);
                    let is_all = start + body.len() as u64 == end;
                    is_all && self.files.are_part(number, start, size, body)
                }
                // The length of the whole is not known yet, as for a file that comes in chunks.
                None => self.files.are_some_part(number, start, body),
            };
            self.verify(number, start, is_there && is_right, &response);
        } else if response.status == 200 {
            self.verify_whole(number, &response);
        }
    }

    fn read_head(&mut self, number: FileNumber) {
        let Some(response) = self.ask("HEAD", &number.target(), &[]) else {
            return;
        };
        let Some(tag) = response.field("ETag").map(str::to_owned) else {
            return;
        };
        let Some(response) = self.ask("GET", &number.target(), &[("If-None-Match", &tag)]) else {
            return;
        };
        if response.status == 200 {
            self.verify_whole(number, &response);
        }
    }

    /// Reads a little at a time, and leaves or stays as if asleep.
    fn read_slowly(&mut self, number: FileNumber) {
        let Some(mut client) = self.connect() else {
            return;
        };
        client.try_send(format!(
            "GET {} HTTP/1.1\r\nHost: endurance\r\nConnection: close\r\n\r\n",
            number.target()
        ));
        let Some(head) = client.head_or_end() else {
            return self.tally.count("connection ended before an answer");
        };
        let mut begun = Vec::new();
        for _ in 0..self.chance.below(20) {
            let (some, is_all) = client.exactly(1000);
            begun.extend(some);
            if !is_all {
                break;
            }
            std::thread::sleep(Duration::from_millis(10)); // it is slow
        }
        // Chunks have frames between the bytes.
        let is_plain = head.starts_with("HTTP/1.1 200 ") && !head.contains("chunked");
        if is_plain && !self.files.are_start(number, &begun) {
            self.tally
                .count("FAULT: a body that is not the file's, read slowly");
        }
        self.idle.push(client);
        self.tally.count("slow readers");
        self.bound_idle();
    }

    /// Leaves in the middle of a request or of an answer, orderly or not.
    fn leave(&mut self, number: FileNumber) {
        let Some(mut client) = self.connect() else {
            return;
        };
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: endurance\r\nConnection: close\r\n\r\n",
            number.target()
        );
        let sent = 1 + self.chance.below(request.len() as u64) as usize;
        client.try_send(&request[..sent]);
        if sent == request.len() {
            client.exactly(self.chance.below(50_000) as usize);
        }
        match self.chance.below(2) {
            0 => client.reset(),
            _ => drop(client),
        }
        self.tally.count("clients that left");
    }

    fn forget(&mut self, number: FileNumber) {
        self.ask("DELETE", &number.target(), &[]);
    }

    fn miss(&mut self) {
        let target = format!("/proxy/7/none{}.png", self.chance.below(50));
        if let Some(response) = self.ask("GET", &target, &[])
            && response.status == 200
        {
            self.tally.count("FAULT: a file that does not exist");
        }
    }

    /// An old client: the end of the connection may be the end of the file.
    fn read_without_frames(&mut self, number: FileNumber) {
        let Some(mut client) = self.connect() else {
            return;
        };
        let head = client
            .try_send(format!("GET {} HTTP/1.0\r\n\r\n", number.target()))
            .then(|| client.head_or_end())
            .flatten();
        let Some(head) = head else {
            return self.tally.count("connection ended before an answer");
        };
        let response = client.body(head, false);
        self.tally.count("requests");
        self.tally.count(format!("status: {}", response.status));
        if response.status == 200 {
            self.verify_whole(number, &response);
        }
    }

    /// Sends many requests at once and reads some of the answers, or none.
    fn ask_ahead(&mut self, number: FileNumber) {
        let Some(mut client) = self.connect() else {
            return;
        };
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: endurance\r\n\r\n",
            number.target()
        );
        let requests = 1 + self.chance.below(100);
        client.try_send(request.repeat(requests as usize));
        for _ in 0..self.chance.below(4).min(requests) {
            let Some(head) = client.head_or_end() else {
                break;
            };
            let response = client.body(head, false);
            self.tally.count("requests");
            self.tally.count(format!("status: {}", response.status));
            if response.status == 200 {
                self.verify_whole(number, &response);
            }
        }
        self.tally.count("clients that ask ahead");
    }

    /// Sends what is no request.
    fn attack(&mut self) {
        let Some(mut client) = self.connect() else {
            return;
        };
        let noise: Vec<u8> = (0..self.chance.below(20_000))
            .map(|_| self.chance.number() as u8)
            .collect();
        let long = "a".repeat(self.chance.below(40_000) as usize);
        let attacks = [
            noise,
            format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes(),
            format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n").into_bytes(),
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000000000\r\n\r\n".to_vec(),
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                .to_vec(),
            b"GET / HTTP/1.1\nHost: a\n\n".to_vec(),
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            b"GET / HTTP/1.1\r\nHost: a\r\nRange: \xff\r\n\r\n".to_vec(),
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        ];
        let attack = self.chance.pick(&attacks).clone();
        // Half of them go round TLS, where there is any.
        if self.chance.below(2) == 0 {
            client.tls = None;
        }
        client.try_send(attack);
        if self.chance.below(4) == 0 {
            client.reset();
        } else {
            self.idle.push(client);
        }
        self.tally.count("attacks");
        self.bound_idle();
    }

    /// Connects, perhaps says half a word, and stays.
    fn idle(&mut self) {
        let Some(mut client) = self.connect() else {
            return;
        };
        if self.chance.below(2) == 0 {
            client.try_send("GET /proxy/7/file");
        }
        self.idle.push(client);
        self.tally.count("idle connections");
        self.bound_idle();
    }

    fn bound_idle(&mut self) {
        while IDLE_MAX < self.idle.len() {
            let one = self.chance.below(self.idle.len() as u64) as usize;
            self.idle.swap_remove(one);
        }
    }
}

//! Writes an answer onto a connection, well or badly, as a [`Behaviour`] wants it.

use std::io::{self, IoSlice, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::Receiver;
use socket2::SockRef;

use super::answer::{Answer, Framing};
use super::behaviour::{Behaviour, Fault};
use super::latch::{Latch, pause};

/// What is sent where a head should be.
const GARBAGE: &[u8] =
    b"\x15\x03\x03\x00\x02\x02\x50 this is not the protocol you are looking for\r\n\r\n";

/// A behaviour, resolved into what to do before, during and after the answer.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) act: Act,
    before: Vec<Wait>,
    framing: Framing,
    holds: Vec<(usize, Latch)>,
    drip: Option<(usize, Duration)>,
    cut: Option<(usize, Cut)>,
    padding: usize,
}

/// What is answered.
#[derive(Debug)]
pub(super) enum Act {
    /// The truth.
    Good,
    /// Something else.
    Fault(Fault),
    /// Nothing that is HTTP.
    Garbage,
    /// Nothing.
    Silence(Cut),
    /// Nothing, if the connection has served a request before.
    SilenceWhenReused,
}

#[derive(Debug)]
enum Wait {
    Latch(Latch),
    Time(Duration),
}

/// How a connection ends before its time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    Close,
    Reset,
}

/// Whether the connection may serve another request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum After {
    KeepAlive,
    Close,
}

impl Plan {
    pub(super) fn new(behaviour: &Behaviour) -> Plan {
        let mut plan = Plan {
            act: Act::Good,
            before: Vec::new(),
            framing: Framing::Length,
            holds: Vec::new(),
            drip: None,
            cut: None,
            padding: 0,
        };
        plan.resolve(behaviour);
        plan.holds.sort_by_key(|(at, _)| *at);
        plan
    }

    fn resolve(&mut self, behaviour: &Behaviour) {
        match behaviour {
            Behaviour::Good => {}
            Behaviour::Held { latch, then } => {
                self.before.push(Wait::Latch(latch.clone()));
                self.resolve(then);
            }
            Behaviour::HeldAt { at, latch, then } => {
                self.holds.push((*at, latch.clone()));
                self.resolve(then);
            }
            Behaviour::Delayed { by, then } => {
                self.before.push(Wait::Time(*by));
                self.resolve(then);
            }
            Behaviour::Drip { piece, every } => self.drip = Some(((*piece).max(1), *every)),
            Behaviour::Short { sent } => self.cut = Some((*sent, Cut::Close)),
            Behaviour::Reset { sent } => self.cut = Some((*sent, Cut::Reset)),
            Behaviour::Announces { length } => self.framing = Framing::WrongLength(*length),
            Behaviour::ResetAtOnce => self.act = Act::Silence(Cut::Reset),
            Behaviour::NoLength => self.framing = Framing::UntilClose,
            Behaviour::Chunked => self.framing = Framing::Chunked,
            Behaviour::ChunkedCut { sent } => {
                self.framing = Framing::Chunked;
                self.cut = Some((*sent, Cut::Close));
            }
            Behaviour::HugeHead { bytes } => self.padding = *bytes,
            Behaviour::Garbage => self.act = Act::Garbage,
            Behaviour::Closed => self.act = Act::Silence(Cut::Close),
            Behaviour::ClosedWhenReused => self.act = Act::SilenceWhenReused,
            Behaviour::Fails(fault) => self.act = Act::Fault(fault.clone()),
        }
    }
}

/// A connection to play on, the count of what is sent, and the news that the server stops.
pub(super) struct Stage<'a> {
    pub(super) stream: &'a TcpStream,
    /// Bytes of bodies, without their framing.
    pub(super) sent: &'a AtomicU64,
    pub(super) stop: &'a Receiver<()>,
}

impl Stage<'_> {
    /// Plays a plan that ends without an HTTP answer.
    ///
    /// # Errors
    /// Those of the socket; `ConnectionAborted` when the server stops.
    pub(super) fn play_without_answer(&self, plan: &Plan) -> io::Result<After> {
        self.wait_before(plan)?;
        let mut stream = self.stream;
        match plan.act {
            Act::Garbage => stream.write_all(GARBAGE)?,
            Act::Silence(cut) => self.end(cut)?,
            Act::Good | Act::Fault(_) | Act::SilenceWhenReused => {}
        }
        Ok(After::Close)
    }

    /// Plays an answer.
    ///
    /// # Errors
    /// Those of the socket; `ConnectionAborted` when the server stops.
    pub(super) fn play(
        &self,
        plan: &Plan,
        mut answer: Answer,
        bodiless: bool,
        closes: bool,
    ) -> io::Result<After> {
        self.wait_before(plan)?;
        if 0 < plan.padding {
            answer.add("X-Padding", &"x".repeat(plan.padding));
        }
        let closes = closes || (plan.framing == Framing::UntilClose && !bodiless);
        let head = answer.head(plan.framing, closes);
        if bodiless {
            self.write(&[&head])?;
        } else {
            self.write_body(plan, head, &answer.body)?;
            match plan.cut {
                Some((_, cut)) => {
                    self.end(cut)?;
                    return Ok(After::Close);
                }
                None if plan.framing == Framing::Chunked => self.write(&[b"0\r\n\r\n"])?,
                None => {}
            }
        }
        Ok(if closes {
            After::Close
        } else {
            After::KeepAlive
        })
    }

    fn wait_before(&self, plan: &Plan) -> io::Result<()> {
        for wait in &plan.before {
            match wait {
                Wait::Latch(latch) => latch.pass(self.stop)?,
                Wait::Time(time) => pause(*time, self.stop)?,
            }
        }
        Ok(())
    }

    /// Writes the body in as many pieces as the plan has stops; the head goes out with the first one.
    fn write_body(&self, plan: &Plan, mut head: Vec<u8>, body: &[u8]) -> io::Result<()> {
        let end = plan
            .cut
            .as_ref()
            .map_or(body.len(), |(sent, _)| body.len().min(*sent));
        let mut holds = plan.holds.iter().peekable();
        let mut at = 0;
        loop {
            let hold_at = holds.peek().map(|(at, _)| end.min(*at));
            let goal = hold_at.unwrap_or(end);
            let next = match plan.drip {
                Some((piece, _)) => goal.min(at + piece),
                None => goal,
            };
            self.write_piece(plan.framing, &head, &body[at..next])?;
            head.clear();
            at = next;
            if hold_at == Some(at) {
                let (_, latch) = holds.next().expect("peeked above");
                latch.pass(self.stop)?;
            } else if at == end {
                return Ok(());
            } else if let Some((_, every)) = plan.drip {
                pause(every, self.stop)?;
            }
        }
    }

    fn write_piece(&self, framing: Framing, head: &[u8], piece: &[u8]) -> io::Result<()> {
        self.sent.fetch_add(piece.len() as u64, Ordering::Relaxed); // first, so that nobody has what is not counted
        if framing == Framing::Chunked && !piece.is_empty() {
            let size = format!("{:x}\r\n", piece.len());
            return self.write(&[head, size.as_bytes(), piece, b"\r\n"]);
        }
        self.write(&[head, piece])
    }

    /// Writes all slices; in one system call as far as the socket takes them.
    fn write(&self, slices: &[&[u8]]) -> io::Result<()> {
        let mut stream = self.stream;
        let mut slices: Vec<IoSlice<'_>> = slices.iter().map(|slice| IoSlice::new(slice)).collect();
        let mut left = &mut slices[..];
        IoSlice::advance_slices(&mut left, 0);
        while !left.is_empty() {
            match stream.write_vectored(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => IoSlice::advance_slices(&mut left, count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// With no time to linger, the close that follows is a reset.
    fn end(&self, cut: Cut) -> io::Result<()> {
        match cut {
            Cut::Close => Ok(()),
            Cut::Reset => SockRef::from(self.stream).set_linger(Some(Duration::ZERO)),
        }
    }
}

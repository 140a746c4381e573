//! Watches each connection for the one failure that may be tried again: a connection that waited in the pool and was
//! dead when it was used, before a single byte of an answer.
//!
//! The library probes a pooled connection before use, but the other side can close it right after the probe; then
//! the library reports a plain I/O error that looks like any other. Only the connection itself knows that it had been
//! used before and that nothing had come back yet.

use std::fmt;
use std::io;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// The connection ended before the first byte of an answer. Travels inside [`ureq::Error::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    /// Whether it had come from the pool, so that a new one may do better.
    pub(super) was_pooled: bool,
}

impl std::error::Error for Lost {}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection ended before an answer")
    }
}

/// The last link of the connector chain: wraps what the others connected.
#[derive(Debug)]
pub(super) struct Watch;

impl<In: Transport> Connector<In> for Watch {
    type Out = Watched<In>;

    fn connect(
        &self,
        _details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Watched<In>>, Error> {
        Ok(chained.map(|inner| Watched {
            inner,
            state: State::New,
        }))
    }
}

/// A connection that knows where in a request it is.
#[derive(Debug)]
pub(super) struct Watched<In> {
    inner: In,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was sent yet.
    New,
    /// A request is out and not a byte has come back.
    Asked { was_pooled: bool },
    /// Bytes of an answer have come.
    Answered,
}

impl<In> Watched<In> {
    /// Turns the end of a connection into [`Lost`] if nothing has come back yet.
    fn judge(&self, error: Error) -> Error {
        let State::Asked { was_pooled } = self.state else {
            return error;
        };
        match &error {
            Error::Io(io_error) if is_end(io_error.kind()) => {
                Error::Other(Box::new(Lost { was_pooled }))
            }
            _ => error,
        }
    }
}

impl<In: Transport> Transport for Watched<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.state = match self.state {
            State::New => State::Asked { was_pooled: false },
            State::Answered => State::Asked { was_pooled: true },
            // A head that did not fit into one buffer.
            State::Asked { was_pooled } => State::Asked { was_pooled },
        };
        self.inner
            .transmit_output(amount, timeout)
            .map_err(|error| self.judge(error))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        match self.inner.await_input(timeout) {
            Ok(true) => {
                self.state = State::Answered;
                Ok(true)
            }
            // An orderly end is one too, as long as an answer is due.
            Ok(false) => match self.state {
                State::Asked { was_pooled } => Err(Error::Other(Box::new(Lost { was_pooled }))),
                State::New | State::Answered => Ok(false),
            },
            Err(error) => Err(self.judge(error)),
        }
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

/// Whether this is how a dead connection shows. Never a timeout: then the request may still be at work.
pub(super) fn is_end(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof
    )
}

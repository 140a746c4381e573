//! What the HTTP library reports before there is an answer, in our own words.

use std::io;

use rustls::CertificateError;
use ureq::{Error, Timeout};

use super::error::{Fault, Obstacle, Phase, UpstreamError};
use super::resolver::Private;
use super::watch::{Lost, is_end};

/// Whether the request went out on a connection from the pool that was dead before the first byte of an answer: the
/// one failure after which asking again is harmless and likely to help.
pub(super) fn is_stale_connection(error: &Error) -> bool {
    let Error::Other(error) = error else {
        return false;
    };
    matches!(error.downcast_ref(), Some(Lost { was_pooled: true }))
}

/// Translates an error that came in place of an answer.
pub(super) fn before_answer(error: Error) -> UpstreamError {
    match error {
        Error::Timeout(Timeout::Connect | Timeout::Resolve) => UpstreamError::TimedOut {
            phase: Phase::Connect,
        },
        Error::Timeout(_) => UpstreamError::TimedOut { phase: Phase::Head },
        Error::Protocol(_) | Error::LargeResponseHeader(..) => UpstreamError::Unusable(Fault::Head),
        Error::HostNotFound => UpstreamError::Unreachable(Obstacle::Name),
        Error::Rustls(error) => UpstreamError::Unreachable(tls(&error)),
        Error::Tls(_) | Error::TlsRequired => UpstreamError::Unreachable(Obstacle::Tls),
        Error::Io(error) => UpstreamError::Unreachable(io(&error)),
        Error::Other(error) if error.is::<Lost>() => UpstreamError::Unreachable(Obstacle::Dropped),
        Error::Other(error) if error.is::<Private>() => {
            UpstreamError::Unreachable(Obstacle::Private)
        }
        // The library's text holds what the proxy said, and is not shown.
        Error::ConnectProxyFailed(_) => UpstreamError::Unreachable(Obstacle::OutboundProxy),
        _ => UpstreamError::Unreachable(Obstacle::Other(io::ErrorKind::Other)),
    }
}

/// Translates an error of a connection that is being made.
pub(super) fn connecting(error: &io::Error) -> UpstreamError {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => UpstreamError::TimedOut {
            phase: Phase::Connect,
        },
        _ => UpstreamError::Unreachable(io(error)),
    }
}

fn io(error: &io::Error) -> Obstacle {
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return tls(error);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Obstacle::Closed,
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable => Obstacle::NoRoute,
        kind if is_end(kind) => Obstacle::Dropped,
        kind => Obstacle::Other(kind),
    }
}

/// Translates what TLS did not like about the other side.
pub(super) fn tls(error: &rustls::Error) -> Obstacle {
    let rustls::Error::InvalidCertificate(error) = error else {
        return Obstacle::Tls;
    };
    match error {
        CertificateError::UnknownIssuer => Obstacle::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Obstacle::WrongName
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Obstacle::Expired,
        _ => Obstacle::Tls,
    }
}

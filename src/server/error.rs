//! Why the service does not start, in words for who must act.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::config::AccessLogTarget;
use crate::confluence::SetupError;
use crate::gate::CertificateError;

/// Why the service does not start.
#[derive(Debug)]
pub enum StartError {
    /// The address cannot be listened on.
    Listen(SocketAddr, io::Error),
    /// The private directory or a link cannot be made.
    Links(PathBuf, io::Error),
    /// The system has no descriptor or thread left.
    System(io::Error),
    /// The file of the access log cannot be opened.
    AccessLog(AccessLogTarget, io::Error),
    /// What clients are to be shown cannot be shown.
    Certificate(CertificateError),
    /// The Confluence settings cannot work.
    Confluence(SetupError),
}

impl StartError {
    /// Whether trying again without another configuration is pointless.
    pub fn is_configuration(&self) -> bool {
        match self {
            StartError::Listen(_, error) => {
                matches!(
                    error.kind(),
                    io::ErrorKind::PermissionDenied | io::ErrorKind::AddrNotAvailable
                )
            }
            StartError::AccessLog(..) | StartError::Certificate(_) | StartError::Confluence(_) => {
                true
            }
            StartError::Links(..) | StartError::System(_) => false,
        }
    }
}

impl std::error::Error for StartError {}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Listen(address, error) => {
                let remedy = match error.kind() {
                    io::ErrorKind::AddrInUse => {
                        "another program listens there; stop it or set another PROXY_PORT"
                    }
                    io::ErrorKind::PermissionDenied => {
                        "ports below 1024 need a privilege; set another PROXY_PORT"
                    }
                    io::ErrorKind::AddrNotAvailable => "PROXY_HOST is no address of this host",
                    _ => "check PROXY_HOST and PROXY_PORT",
                };
                write!(f, "cannot listen on {address}: {error}: {remedy}")
            }
            StartError::Links(directory, error) => write!(
                f,
                "cannot make the private socket below {}: {error}: the directory must be writable and its path short; \
                 set RUNTIME_DIRECTORY or TMPDIR to another one",
                directory.display()
            ),
            StartError::System(error) => {
                write!(f, "cannot start: {error}: raise LimitNOFILE and TasksMax")
            }
            StartError::AccessLog(to, error) => write!(
                f,
                "PROXY_ACCESS_LOG={to}: cannot be opened: {error}: its directory must be there, and this service may write in it",
            ),
            StartError::Certificate(error) => error.fmt(f),
            StartError::Confluence(error) => error.fmt(f),
        }
    }
}

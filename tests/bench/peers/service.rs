//! This service: the release binary, as an operator would start it.

use std::io;
use std::path::Path;
use std::time::Instant;

use super::Origin;
use super::player::Line;
use super::process::{Process, free_port};
use super::running::Running;

/// The binary that belongs to this bench.
pub const BINARY: &str = env!("CARGO_BIN_EXE_confluence-attachment-proxy");

/// Starts a build of this service.
pub fn start(
    binary: &Path,
    origin: &Origin,
    core: Option<usize>,
    line: Line,
) -> io::Result<Running> {
    start_with(binary, origin, core, line, &[])
}

/// Starts this build as a front on this machine wants it: one that believes whom the front names.
pub fn start_node(origin: &Origin, core: Option<usize>) -> io::Result<Running> {
    let trust = [("PROXY_TRUSTED_PROXIES", "127.0.0.1")];
    start_with(Path::new(BINARY), origin, core, Line::Plain, &trust)
}

fn start_with(
    binary: &Path,
    origin: &Origin,
    core: Option<usize>,
    line: Line,
    more: &[(&'static str, &str)],
) -> io::Result<Running> {
    let port = free_port()?;
    let mut environment = origin.environment(port);
    environment.push(("PROXY_HOST", "127.0.0.1".into()));
    environment.push(("RUST_LOG", "warn".into()));
    environment.extend(more.iter().map(|(name, value)| (*name, (*value).into())));
    if line == Line::Tls {
        environment.push(("PROXY_TLS_CERT_FILE", Line::CERTIFICATE.into()));
        environment.push(("PROXY_TLS_KEY_FILE", Line::KEY.into()));
    }
    let started = Instant::now();
    let process = Process::start(binary, &[], &environment, core)?;
    Running::await_ready(process, port, line, None, started)
}

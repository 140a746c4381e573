//! The usual way in Python: the program beside this file, with one worker for the one core that it gets.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::Instant;

use super::Origin;
use super::player::Line;
use super::process::{Process, free_port};
use super::running::Running;

/// The interpreter of the environment that `tests/bench/run` makes.
pub const PYTHON: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/fastapi/bin/python");

/// Says FastAPI's version, and fails if anything is missing.
pub const VERSIONS: &str =
    "import aiohttp, cachetools, fastapi, httptools, uvicorn, uvloop; print(fastapi.__version__)";

const PROGRAM: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/bench/peers/fastapi/main.py"
);

/// Starts it.
pub fn start(origin: &Origin, core: Option<usize>) -> io::Result<Running> {
    let port = free_port()?;
    let words = [OsStr::new("-B"), OsStr::new(PROGRAM)]; // -B: nothing is written beside the program
    let started = Instant::now();
    let process = Process::start(Path::new(PYTHON), &words, &origin.environment(port), core)?;
    Running::await_ready(process, port, Line::Plain, None, started)
}

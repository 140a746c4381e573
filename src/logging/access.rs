//! The access log: one line for each request, on stdout or in a file that is opened again when somebody asks for it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use log::{info, warn};

use super::sink::{self, LogHandle, LogSink, Output, Queue};
use super::visit::Visit;
use crate::config::{AccessLog, AccessLogFormat, AccessLogTarget};

/// Bytes of lines that wait at most. They hold what clients send, so their number alone would be no bound.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Who may read the file, beside its owner: the group. It holds addresses of people.
const MODE: u32 = 0o640;

/// Where gates note requests. Cloning shares it. Never blocks: a line for which there is no room is dropped and counted.
#[derive(Clone)]
pub struct Access(Arc<Shared>);

struct Shared {
    sink: LogSink,
    waiting: Arc<AtomicUsize>,
    format: AccessLogFormat,
    scheme: &'static str,
}

/// Asks the writer of the access log for things, and ends it.
pub struct AccessHandle {
    log: LogHandle,
    reopen: Arc<AtomicBool>,
}

/// The only writer of the access log.
pub struct AccessActor {
    queue: Queue,
    sheet: Sheet,
}

/// Opens the access log; its first lines wait until [`AccessActor::run`] is called.
///
/// # Errors
/// The file cannot be opened: the operator must correct its path or its directory.
pub fn open_access(
    wanted: &AccessLog,
    scheme: &'static str,
) -> io::Result<(Access, AccessHandle, AccessActor)> {
    let place = match &wanted.to {
        AccessLogTarget::Stdout => Place::Stdout(io::stdout()),
        AccessLogTarget::File(path) => Place::File {
            path: path.clone(),
            file: open(path)?,
        },
    };
    let (sink, log, queue) = sink::ends();
    let (waiting, reopen) = (Arc::default(), Arc::<AtomicBool>::default());
    let sheet = Sheet {
        place,
        waiting: Arc::clone(&waiting),
        reopen: Arc::clone(&reopen),
        failing: false,
    };
    let shared = Shared {
        sink,
        waiting,
        format: wanted.format,
        scheme,
    };
    Ok((
        Access(Arc::new(shared)),
        AccessHandle { log, reopen },
        AccessActor { queue, sheet },
    ))
}

fn open(path: &PathBuf) -> io::Result<File> {
    if fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo()) {
        // Opening it would wait for a reader.
        return Err(io::Error::other("it is a pipe; write - for stdout"));
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(MODE).open(path)
}

impl Access {
    /// Notes a request.
    pub fn note(&self, visit: &Visit<'_>) {
        let mut line = Vec::with_capacity(512);
        visit.put(self.0.format, self.0.scheme, &mut line);
        let length = line.len();
        let before = self.0.waiting.fetch_add(length, Ordering::Relaxed);
        let has_room = before + length <= BYTES_MAX;
        if !has_room || !self.0.sink.put(line.into()) {
            self.0.waiting.fetch_sub(length, Ordering::Relaxed);
        }
        if !has_room {
            self.0.sink.drop_line();
        }
    }
}

impl AccessHandle {
    /// How many lines were lost since the start, a count that goes on.
    pub fn lines_dropped(&self) -> Arc<AtomicU64> {
        self.log.dropped()
    }

    /// Has the file opened again, soon: whoever has moved it away gets a new one.
    pub fn reopen(&self) {
        self.reopen.store(true, Ordering::Release);
        self.log.wake();
    }

    /// Ends the log when every line noted before is written; false if `patience` was not enough.
    pub fn close(self, patience: Duration) -> bool {
        self.log.close(patience)
    }
}

impl AccessActor {
    /// Writes lines until [`AccessHandle::close`]. Blocks as the file or stdout does.
    pub fn run(self) {
        self.queue.run(self.sheet);
    }
}

/// What is written on.
struct Sheet {
    place: Place,
    waiting: Arc<AtomicUsize>,
    reopen: Arc<AtomicBool>,
    /// Whether the last write failed, so that a full disk is one line in the log and not one for each batch.
    failing: bool,
}

enum Place {
    Stdout(io::Stdout),
    File { path: PathBuf, file: File },
}

impl Write for Sheet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.place {
            Place::Stdout(stdout) => stdout.write(bytes),
            Place::File { file, .. } => file.write(bytes),
        };
        match &written {
            Ok(_) => self.failing = false,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    warn!(
                        "cannot write the access log: {error}; its lines are lost until that works again"
                    );
                }
            }
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output for Sheet {
    fn begin(&mut self, bytes: usize) {
        crate::sabotage::point("access");
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
        if !self.reopen.swap(false, Ordering::Acquire) {
            return;
        }
        let Place::File { path, file } = &mut self.place else {
            return;
        };
        match open(path) {
            Ok(new) => {
                *file = new;
                info!("access log reopened path={path:?}");
            }
            Err(error) => {
                warn!("cannot reopen the access log {path:?}: {error}; it goes on in the old file");
            }
        }
    }

    /// Not among the lines, which programs read.
    fn report(&mut self, lines: u64) -> Option<String> {
        warn!("{lines} lines of the access log dropped, it did not take them in time");
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::logging::End;

    #[test]
    fn what_waits_is_bounded_in_bytes_and_the_rest_is_counted() {
        let wanted = AccessLog {
            to: AccessLogTarget::Stdout,
            format: AccessLogFormat::Combined,
        };
        let (access, handle, _nobody_writes) = open_access(&wanted, "http").expect("stdout");
        let long = vec![b'"'; 3000]; // four bytes each, as they are written
        let visit = Visit {
            time: SystemTime::UNIX_EPOCH,
            client: [127, 0, 0, 1].into(),
            request: Some(&long),
            referer: None,
            user_agent: None,
            status: 200,
            bytes: 0,
            took: Duration::ZERO,
            end: End::Refused { reason: "" },
        };
        let noted = 1000;
        (0..noted).for_each(|_| access.note(&visit));
        let waiting = access.0.waiting.load(Ordering::Relaxed);
        let length = waiting / (noted - handle.log.lines_dropped() as usize);
        assert!(12_000 < length, "{length}");
        assert!(
            (BYTES_MAX - length..=BYTES_MAX).contains(&waiting),
            "{waiting}"
        );
        assert!(!handle.close(Duration::from_millis(1)));
    }
}

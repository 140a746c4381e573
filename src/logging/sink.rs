//! The way of a line from the thread that logs it to whoever writes it: to stderr, or to the access log.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, Sender, bounded};
use log::Level;

use super::line::Style;

/// Lines that wait at most: a tenth of a second of access lines at full load, and at 2 KiB each never above 8 MiB.
/// Past it lines are dropped and counted; a stalled journal costs lines, not requests.
const LINES_MAX: usize = 4096;

/// Lines are gathered up to this size for one write: beyond it a system call costs nothing against the copying.
const BATCH_BYTES_MAX: usize = 64 * 1024;

enum LogMessage {
    /// A whole line with its newline.
    Line(Box<[u8]>),
    /// Everything before it is written; the sender of the answer drops when that is done.
    Flush(Sender<()>),
    /// The same, and the actor ends.
    Close(Sender<()>),
    /// Nothing is to be written; the output may have something to do.
    Wake,
}

/// Makes the three ends of the log.
pub(super) fn channel(style: Style) -> (LogSink, LogHandle, LogActor) {
    channel_of(style, LINES_MAX)
}

fn channel_of(style: Style, lines_max: usize) -> (LogSink, LogHandle, LogActor) {
    let (sink, handle, queue) = ends_of(lines_max);
    (sink, handle, LogActor { queue, style })
}

/// Makes the three ends of any log.
pub(super) fn ends() -> (LogSink, LogHandle, Queue) {
    ends_of(LINES_MAX)
}

fn ends_of(lines_max: usize) -> (LogSink, LogHandle, Queue) {
    let (sender, inbox) = bounded(lines_max);
    let dropped = Arc::new(AtomicU64::new(0));
    let sink = LogSink {
        sender: sender.clone(),
        dropped: Arc::clone(&dropped),
    };
    let handle = LogHandle {
        sender,
        dropped: Arc::clone(&dropped),
    };
    (sink, handle, Queue { inbox, dropped })
}

/// Where `env_logger` writes, and gates for the access log: each `write` is one line. Never blocks; a line that finds the channel full is dropped
/// and counted, and so is one that comes after the end.
pub(super) struct LogSink {
    sender: Sender<LogMessage>,
    dropped: Arc<AtomicU64>,
}

impl LogSink {
    /// Takes a line with its newline; `false`: it was dropped.
    pub(super) fn put(&self, line: Box<[u8]>) -> bool {
        // Shedding is right here: the reader of the log learns how many lines are missing, the client nothing.
        let taken = self.sender.try_send(LogMessage::Line(line)).is_ok();
        if !taken {
            self.drop_line();
        }
        taken
    }

    /// Counts a line that is dropped.
    pub(super) fn drop_line(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

impl Write for LogSink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.put(line.into());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Asks for the log to be written out, and ends it.
#[derive(Clone)]
pub struct LogHandle {
    sender: Sender<LogMessage>,
    dropped: Arc<AtomicU64>,
}

impl LogHandle {
    /// Blocks until every line logged before is written, at most for `patience`; false if that was not enough or
    /// nobody writes any more.
    pub fn flush(&self, patience: Duration) -> bool {
        self.ask(LogMessage::Flush, patience)
    }

    /// The same, and ends the actor. Lines logged later are lost, so this is the last thing before the exit.
    pub fn close(self, patience: Duration) -> bool {
        self.ask(LogMessage::Close, patience)
    }

    /// How many lines were dropped since the start.
    pub fn lines_dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// The count of lines that were dropped, which goes on.
    pub(super) fn dropped(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.dropped)
    }

    /// Makes the output look whether it has something to do. One that has lines to write looks anyway.
    pub(super) fn wake(&self) {
        let _ = self.sender.try_send(LogMessage::Wake);
    }

    fn ask(&self, message: fn(Sender<()>) -> LogMessage, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let (answer, done) = bounded(1);
        let sent = self.sender.send_deadline(message(answer), deadline);
        sent.is_ok() && done.recv_deadline(deadline).is_ok()
    }
}

/// The only writer of the log.
pub struct LogActor {
    queue: Queue,
    style: Style,
}

impl LogActor {
    /// Writes lines to stderr until [`LogHandle::close`], or until everybody who could log is gone. Blocks as stderr
    /// does.
    pub fn run(self) {
        self.run_into(io::stderr());
    }

    pub(super) fn run_into(self, output: impl Write) {
        let style = self.style;
        self.queue.run(Lines { output, style });
    }
}

/// Where lines end up.
pub(super) trait Output: Write {
    /// Comes before each write, of which `bytes` were waiting.
    fn begin(&mut self, bytes: usize);

    /// Says that lines are missing: by a line that comes back and is written like the others, or in its own way.
    fn report(&mut self, lines: u64) -> Option<String>;
}

/// The log itself.
struct Lines<W> {
    output: W,
    style: Style,
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

impl<W: Write> Output for Lines<W> {
    fn begin(&mut self, _: usize) {}

    fn report(&mut self, lines: u64) -> Option<String> {
        let message = format!("{lines} log lines dropped, stderr did not take them in time");
        let (now, level) = (SystemTime::now(), Level::Warn);
        Some(self.style.line(now, level, module_path!(), message))
    }
}

/// The waiting lines.
pub(super) struct Queue {
    inbox: Receiver<LogMessage>,
    dropped: Arc<AtomicU64>,
}

impl Queue {
    /// Writes lines until somebody closes, or until everybody who could send one is gone.
    pub(super) fn run(self, output: impl Output) {
        let mut paper = Paper {
            output,
            torn: false,
        };
        let mut batch = Vec::with_capacity(BATCH_BYTES_MAX);
        let mut reported = 0;
        while let Ok(first) = self.inbox.recv() {
            let marker = self.gather(first, &mut batch);
            paper.output.begin(batch.len());
            let lost = paper.write(&batch);
            self.dropped.fetch_add(lost, Ordering::Relaxed);
            batch.clear();
            // Only after a write that worked: a report into a broken pipe would be lost as well.
            let dropped = self.dropped.load(Ordering::Relaxed);
            if lost == 0 && reported < dropped {
                let lines = paper.output.report(dropped - reported);
                let lost = lines.map_or(0, |line| paper.write(line.as_bytes()));
                if lost == 0 {
                    reported = dropped;
                }
            }
            // The asker may have given up; its end is then gone, and nobody minds.
            match marker {
                Some(LogMessage::Close(answer)) => {
                    let _ = answer.try_send(());
                    return;
                }
                Some(LogMessage::Flush(answer)) => {
                    let _ = answer.try_send(());
                }
                Some(LogMessage::Line(_) | LogMessage::Wake) | None => {}
            }
        }
    }

    /// Moves what is waiting into the batch, up to its size or a message that is no line, which comes back.
    fn gather(&self, first: LogMessage, batch: &mut Vec<u8>) -> Option<LogMessage> {
        let mut next = Some(first);
        loop {
            match next {
                Some(LogMessage::Line(line)) => batch.extend_from_slice(&line),
                Some(LogMessage::Flush(_) | LogMessage::Close(_) | LogMessage::Wake) | None => {
                    return next;
                }
            }
            if BATCH_BYTES_MAX <= batch.len() {
                return None;
            }
            next = self.inbox.try_recv().ok();
        }
    }
}

/// What is written on, and whether the last line on it is unfinished.
struct Paper<W> {
    output: W,
    torn: bool,
}

impl<W: Write> Paper<W> {
    /// Writes whole lines, usually at once; the number of those that were not written in full.
    fn write(&mut self, lines: &[u8]) -> u64 {
        if self.torn && self.output.write_all(b"\n").is_ok() {
            self.torn = false;
        }
        let mut rest = lines;
        while !rest.is_empty() {
            match self.output.write(rest) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => {
                    let written = &lines[..lines.len() - rest.len()];
                    self.torn |= written.last().is_some_and(|&byte| byte != b'\n');
                    let newlines = rest.iter().filter(|&&byte| byte == b'\n').count();
                    return newlines as u64;
                }
                Ok(count) => rest = &rest[count..],
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::thread;

    use super::*;

    /// Longer than any test takes; only a failure waits for it.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// Collects what is written, each write for itself, and can be made to stand still or to fail.
    #[derive(Clone, Default)]
    struct Stderr {
        writes: Arc<Mutex<Vec<String>>>,
        /// How many writes have begun.
        begun: Arc<AtomicU64>,
        /// Taken for each write.
        gate: Arc<Mutex<()>>,
        /// What the next writes do: take so many bytes, or fail.
        script: Arc<Mutex<Vec<Option<usize>>>>,
    }

    impl Stderr {
        fn text(&self) -> String {
            self.writes.lock().expect("no panics while held").concat()
        }

        fn writes(&self) -> usize {
            self.writes.lock().expect("no panics while held").len()
        }
    }

    impl Write for Stderr {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.begun.fetch_add(1, Ordering::SeqCst);
            drop(self.gate.lock().expect("no panics while held"));
            let mut script = self.script.lock().expect("no panics while held");
            let step = if script.is_empty() {
                Some(bytes.len())
            } else {
                script.remove(0)
            };
            let count = step.ok_or(io::ErrorKind::WouldBlock)?.min(bytes.len());
            let text = String::from_utf8(bytes[..count].to_vec()).expect("ASCII");
            let mut writes = self.writes.lock().expect("no panics while held");
            writes.push(text);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn say(sink: &mut LogSink, text: &str) {
        let line = format!("{text}\n");
        sink.write_all(line.as_bytes()).expect("a sink never fails");
    }

    #[test]
    fn what_waits_is_written_at_once() {
        let (mut sink, handle, actor) = channel(Style::Journal);
        for number in 0..100 {
            say(&mut sink, &number.to_string());
        }
        drop((sink, handle));
        let stderr = Stderr::default();
        actor.run_into(stderr.clone());
        let expected: String = (0..100).map(|number| format!("{number}\n")).collect();
        assert_eq!(stderr.text(), expected);
        assert_eq!(stderr.writes(), 1);
    }

    #[test]
    fn a_batch_is_bounded() {
        let (mut sink, handle, actor) = channel(Style::Journal);
        for _ in 0..100 {
            say(&mut sink, &"x".repeat(2047));
        }
        drop((sink, handle));
        let stderr = Stderr::default();
        actor.run_into(stderr.clone());
        assert_eq!(stderr.text().len(), 100 * 2048);
        assert_eq!(stderr.writes(), 4);
    }

    #[test]
    fn a_stalled_stderr_costs_lines_and_not_time() {
        let (mut sink, handle, actor) = channel_of(Style::Journal, 3);
        let stderr = Stderr::default();
        let stalled = stderr.gate.lock().expect("no panics while held");
        for number in 0..3 {
            say(&mut sink, &number.to_string());
        }
        let output = stderr.clone();
        let writer = thread::spawn(move || actor.run_into(output));
        // The actor has taken what waited and stands in its write; what comes now fills the channel again.
        while stderr.begun.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        for number in 3..10 {
            say(&mut sink, &number.to_string());
        }
        assert_eq!(handle.lines_dropped(), 4);
        assert!(!handle.flush(Duration::from_millis(1)));
        drop(stalled);
        let counter = handle.clone();
        assert!(handle.close(PATIENCE));
        writer.join().expect("the actor does not panic");
        let report = "<4>4 log lines dropped, stderr did not take them in time\n";
        assert_eq!(stderr.text(), format!("0\n1\n2\n{report}3\n4\n5\n"));
        say(&mut sink, "too late");
        assert_eq!(counter.lines_dropped(), 5);
        assert!(!counter.flush(PATIENCE));
    }

    #[test]
    fn flush_and_close_wait_for_the_lines_before_them() {
        let (mut sink, handle, actor) = channel_of(Style::Journal, 2);
        let stderr = Stderr::default();
        let output = stderr.clone();
        let writer = thread::spawn(move || actor.run_into(output));
        for round in 0..200 {
            say(&mut sink, &round.to_string());
            assert!(handle.flush(PATIENCE));
            assert!(stderr.text().ends_with(&format!("{round}\n")));
        }
        say(&mut sink, "last");
        assert!(handle.clone().close(PATIENCE));
        assert!(stderr.text().ends_with("199\nlast\n"));
        writer.join().expect("the actor does not panic");
        assert_eq!(handle.lines_dropped(), 0);
    }

    #[test]
    fn nobody_waits_for_an_actor_that_never_ran() {
        let (_sink, handle, actor) = channel(Style::Journal);
        assert!(!handle.flush(Duration::from_millis(1)));
        drop(actor);
        assert!(!handle.close(PATIENCE));
    }

    #[test]
    fn lines_that_stderr_refuses_are_counted_and_reported_later() {
        let stderr = Stderr::default();
        *stderr.script.lock().expect("no panics while held") = vec![Some(3), None];
        let (mut sink, handle, actor) = channel(Style::Journal);
        let output = stderr.clone();
        say(&mut sink, "a");
        say(&mut sink, "bc");
        say(&mut sink, "d");
        // Sent before the actor runs, so that it meets lines and marker in one turn.
        let (answer, done) = bounded(1);
        let marker = handle.sender.try_send(LogMessage::Flush(answer));
        marker.expect("there is room");
        let writer = thread::spawn(move || actor.run_into(output));
        done.recv_timeout(PATIENCE).expect("the marker is answered");
        assert_eq!(handle.lines_dropped(), 2);
        say(&mut sink, "e");
        assert!(handle.close(PATIENCE));
        writer.join().expect("the actor does not panic");
        let report = "<4>2 log lines dropped, stderr did not take them in time\n";
        assert_eq!(stderr.text(), format!("a\nb\ne\n{report}"));
    }
}

//! The program itself, as an operator starts it: a process of its own, stopped by signals, seen by what it prints.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, PipeReader, Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use confluence_attachment_proxy::demo::{File, Options, SampleConfluence};
use crossbeam_channel::{Receiver, RecvTimeoutError, unbounded};

use super::client::{Client, Response};
use super::proxy::pattern;
use super::{PAGE, PATIENCE};

/// A started program. Dropping it kills it.
pub struct Binary {
    child: Child,
    lines: Receiver<Line>,
    stdout: Vec<String>,
    stderr: Vec<String>,
}

/// What a program said and how it ended.
#[derive(Debug)]
pub struct Ended {
    /// `None`: a signal killed it.
    pub code: Option<i32>,
    pub stdout: Vec<String>,
    pub stderr: Vec<String>,
}

/// One line of one of the two streams.
enum Line {
    Out(String),
    Err(String),
}

/// The settings of a start.
pub type Settings = HashMap<String, String>;

/// What the program needs to run before `origin`.
pub fn settings(origin: &SampleConfluence) -> Settings {
    let options = Options::default();
    let url = origin.url();
    let pairs = [
        ("CONFLUENCE_URL", url.as_str()),
        ("CONFLUENCE_USERNAME", &options.username),
        ("CONFLUENCE_API_TOKEN", &options.token),
        ("PROXY_HOST", "127.0.0.1"),
        ("PROXY_PORT", "0"),
    ];
    pairs
        .map(|(name, value)| (name.into(), value.into()))
        .into()
}

/// A sample Confluence with one file on [`PAGE`], and the file.
pub fn origin(name: &str, size: usize) -> (SampleConfluence, Vec<u8>) {
    let origin = SampleConfluence::start(Options::default()).expect("a free port");
    let bytes = pattern(size);
    origin.put(PAGE, name, File::new("image/png", bytes.clone()));
    (origin, bytes)
}

impl Binary {
    /// Starts it with these words and nothing in its environment but these settings.
    pub fn start(words: &[&str], settings: &Settings) -> Binary {
        let mut command = Command::new(path());
        command.args(words);
        Binary::spawn(command, settings, false)
    }

    /// The same, with stderr being the journal's stream.
    pub fn under_journal(words: &[&str], settings: &Settings) -> Binary {
        let mut command = Command::new(path());
        command.args(words);
        Binary::spawn(command, settings, true)
    }

    /// Starts any command that ends in the program.
    pub fn spawn(command: Command, settings: &Settings, journal: bool) -> Binary {
        Binary::spawn_with(command, settings, journal, Stdio::null())
    }

    /// The same with something to begin with as its stdin.
    pub fn spawn_with(
        mut command: Command,
        settings: &Settings,
        journal: bool,
        stdin: Stdio,
    ) -> Binary {
        let (stdout, stdout_end) = std::io::pipe().expect("a pipe");
        let (stderr, stderr_end) = std::io::pipe().expect("a pipe");
        command.env_clear().envs(settings);
        if journal {
            let path = format!("/proc/self/fd/{}", stderr_end.as_raw_fd());
            let pipe = std::fs::metadata(path).expect("an open pipe");
            let stream = format!("{}:{}", pipe.dev(), pipe.ino());
            command.env("JOURNAL_STREAM", stream);
        }
        let child = command
            .stdin(stdin)
            .stdout(stdout_end)
            .stderr(stderr_end)
            .spawn()
            .expect("the program was built with this test");
        drop(command); // it holds the writing ends of both pipes, which must close with the child
        let (sender, lines) = unbounded();
        for (pipe, is_stdout) in [(stdout, true), (stderr, false)] {
            let sender = sender.clone();
            std::thread::spawn(move || {
                each_line(pipe, |line| {
                    let line = if is_stdout {
                        Line::Out(line)
                    } else {
                        Line::Err(line)
                    };
                    let _ = sender.send(line); // the test has enough
                });
            });
        }
        Binary {
            child,
            lines,
            stdout: Vec::new(),
            stderr: Vec::new(),
        }
    }

    /// The service before `settings`' Confluence, once it says that it takes clients.
    pub fn serving(settings: &Settings) -> (Binary, SocketAddr) {
        let mut binary = Binary::start(&["serve"], settings);
        let address = binary.address();
        (binary, address)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for the line that says that it takes clients, and reads the address from it.
    pub fn address(&mut self) -> SocketAddr {
        let line = self.line("started version=");
        value(&line, "address")
            .parse()
            .expect("an address and port")
    }

    /// Waits for a line of either stream that contains `what`; it may have come already.
    #[track_caller]
    pub fn line(&mut self, what: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        if let Some(line) = self
            .stdout
            .iter()
            .chain(&self.stderr)
            .find(|line| line.contains(what))
        {
            return line.clone();
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    let line = self.keep(line);
                    if line.contains(what) {
                        return line;
                    }
                }
                Err(error) => panic!(
                    "no line with {what:?}: {error}: {:#?} {:#?}",
                    self.stdout, self.stderr
                ),
            }
        }
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let mut shell = self.shell("kill -s \"$0\" \"$1\"", name);
        assert!(shell.wait().expect("a shell").success());
    }

    /// Sends a signal, and once more as soon as it has said this because of the first.
    pub fn signal_twice(&mut self, name: &str, said: &str) {
        let script = "kill -s \"$0\" \"$1\"; read -r _; kill -s \"$0\" \"$1\"";
        let mut shell = self.shell(script, name); // one shell, for starting another takes its time
        self.line(said);
        let mut go_on = shell.stdin.take().expect("piped");
        go_on.write_all(b"\n").expect("the shell reads");
        assert!(shell.wait().expect("a shell").success());
    }

    fn shell(&self, script: &str, name: &str) -> Child {
        Command::new("sh") // `kill` is a word of every shell, but no program on every system
            .args(["-c", script, name, &self.id().to_string()])
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell")
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub fn ended(mut self) -> Ended {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => drop(self.keep(line)),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(error) => panic!("it goes on: {error}: {:#?}", self.stderr),
            }
        }
        let status = self.child.wait().expect("a child"); // both streams have ended, and so has it
        Ended {
            code: status.code(),
            stdout: std::mem::take(&mut self.stdout),
            stderr: std::mem::take(&mut self.stderr),
        }
    }

    /// Sends the signal again and again, as somebody without patience does, and waits until it has ended.
    #[track_caller]
    pub fn stop_impatiently(mut self, signal: &str) -> Ended {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            self.signal(signal);
            match self.lines.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => drop(self.keep(line)),
                Err(RecvTimeoutError::Disconnected) => return self.ended(),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        panic!("it goes on: {:#?}", self.stderr);
    }

    /// Sends a signal and waits for the end.
    #[track_caller]
    pub fn stop(self, signal: &str) -> Ended {
        self.signal(signal);
        self.ended()
    }

    fn keep(&mut self, line: Line) -> String {
        let (lines, line) = match line {
            Line::Out(line) => (&mut self.stdout, line),
            Line::Err(line) => (&mut self.stderr, line),
        };
        lines.push(line.clone());
        line
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

impl Ended {
    /// Everything it printed.
    pub fn text(&self) -> String {
        self.stdout
            .iter()
            .chain(&self.stderr)
            .fold(String::new(), |text, line| text + line + "\n")
    }

    /// The lines of stderr that contain `what`.
    pub fn lines(&self, what: &str) -> Vec<&String> {
        self.stderr
            .iter()
            .filter(|line| line.contains(what))
            .collect()
    }
}

/// Runs it with these words to its end.
#[track_caller]
pub fn run(words: &[&str], settings: &Settings) -> Ended {
    Binary::start(words, settings).ended()
}

/// One GET on a connection of its own.
pub fn get(address: SocketAddr, target: &str) -> Response {
    Client::connect(address).get(target)
}

/// The value in ` name=value` of a log line.
pub fn value<'a>(line: &'a str, name: &str) -> &'a str {
    let at = line
        .find(&format!(" {name}="))
        .unwrap_or_else(|| panic!("no {name} in {line:?}"));
    let rest = &line[at + name.len() + 2..];
    rest.split(' ').next().expect("split yields at least one")
}

/// Where the program is.
pub fn path() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_confluence-attachment-proxy"))
}

fn each_line(pipe: PipeReader, mut then: impl FnMut(String)) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    while 0 < pipe
        .by_ref()
        .take(1 << 20)
        .read_until(b'\n', &mut line)
        .unwrap_or(0)
    {
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        then(String::from_utf8(std::mem::take(&mut line)).expect("it prints UTF-8"));
    }
}

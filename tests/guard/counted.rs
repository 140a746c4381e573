//! One process of the program under valgrind, from its start to its end, and what was counted.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use confluence_attachment_proxy::demo::{File, Options, SampleConfluence};

use super::client::{self, Client, PATIENCE};
use super::hits::{Hit, Wants};

/// Hits in the short and in the long process. Between them lies what one hit is reckoned from: enough that the chances
/// of a start do not show.
const HITS: [u64; 2] = [200, 1200];

/// Between two hits, so that each finds all threads asleep, as it does unless there is a crowd: then hardly anything is
/// left to chance.
const PAUSE: Duration = Duration::from_millis(1);

/// How often both are run. The median of the instructions is taken, because a thread that happens not to sleep saves
/// some.
const ROUNDS: usize = 3;

/// What is counted beside the calls, which are counted by their names.
pub const INSTRUCTIONS: &str = "instructions";

/// Stands in place of a call's name when a call ends that has blocked.
const ENDS: &str = "...";

/// The page that the file hangs on.
const PAGE: u64 = 7;

/// Counts by name, for one hit.
pub type Counts = BTreeMap<String, f64>;

/// A file of the certificates that the tests have.
pub fn tls_file(name: &str) -> String {
    format!(
        "{}/tests/it/tls/{name}",
        env!("CARGO_MANIFEST_DIR") // the example is never installed anywhere
    )
}

/// Counts what one hit costs.
pub fn one(binary: &Path, hit: &Hit) -> Result<Counts, Box<dyn Error>> {
    let [mut short, mut long] = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        short.push(process(binary, hit, HITS[0])?);
        long.push(process(binary, hit, HITS[1])?);
    }
    let between = (HITS[1] - HITS[0]) as f64;
    let names = long.iter().flat_map(|counts| counts.keys());
    let one = |name: &String| (median(&long, name) - median(&short, name)) / between;
    Ok(names.map(|name| (name.clone(), one(name))).collect())
}

fn median(rounds: &[BTreeMap<String, u64>], name: &str) -> f64 {
    let counts = rounds.iter().map(|counts| counts.get(name).copied());
    let mut counts: Vec<u64> = counts.map(Option::unwrap_or_default).collect();
    counts.sort_unstable();
    counts[counts.len() / 2] as f64
}

/// Runs the program for so many hits and reads what valgrind has counted.
fn process(binary: &Path, hit: &Hit, count: u64) -> Result<BTreeMap<String, u64>, Box<dyn Error>> {
    let options = Options::default();
    let account = (options.username.clone(), options.token.clone());
    let confluence = SampleConfluence::start(options)?;
    let file: Vec<u8> = (0..hit.bytes).map(|at| (at % 251) as u8).collect();
    confluence.put(PAGE, "a.png", File::new("image/png", file.clone()));
    let log = std::env::temp_dir().join(format!("guard-{}.log", std::process::id()));

    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(["--fair-sched=yes", "--trace-syscalls=yes"]) // in turn, so that all threads get on as if there were cores
        .arg(format!("--log-file={}", log.display()))
        .arg(binary)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("CONFLUENCE_URL", confluence.url())
        .env("CONFLUENCE_USERNAME", account.0)
        .env("CONFLUENCE_API_TOKEN", account.1)
        .env("PROXY_HOST", "127.0.0.1")
        .env("PROXY_PORT", "0")
        .env("RUST_LOG", rust_log(hit));
    if hit.tls {
        command
            .env("PROXY_TLS_CERT_FILE", tls_file("elliptic.pem"))
            .env("PROXY_TLS_KEY_FILE", tls_file("elliptic.key"));
    }
    let mut running = Running::start(command)?;
    drive(&running, hit, &file, count)?;
    running.stop()?;
    let text = std::fs::read_to_string(&log)?;
    std::fs::remove_file(&log)?;
    read(&text)
}

/// The line that says where it listens is wanted in any case.
fn rust_log(hit: &Hit) -> &'static str {
    match hit.logged {
        true => "info",
        false => "warn,confluence_attachment_proxy::server=info",
    }
}

fn drive(running: &Running, hit: &Hit, file: &[u8], count: u64) -> Result<(), Box<dyn Error>> {
    let path = format!("/proxy/{PAGE}/a.png");
    let mut first = Client::connect(running.address, hit.tls)?;
    let tag = loop {
        first.ask(&client::request(&path, Wants::All, ""))?;
        let (head, _) = first.answer()?;
        running.settle(hit)?;
        if let (Some("HIT"), Some(tag)) = (
            client::field(&head, "X-Cache"),
            client::field(&head, "ETag"),
        ) {
            break tag.to_owned();
        }
    };
    let request = client::request(&path, hit.wants, &tag);
    let mut clients = vec![first];
    for _ in 1..hit.connections {
        clients.push(Client::connect(running.address, hit.tls)?);
    }
    for _ in 0..count / hit.connections as u64 {
        std::thread::sleep(PAUSE);
        for client in &mut clients {
            client.ask(&request)?;
        }
        for client in &mut clients {
            let (head, body) = client.answer()?;
            client::check(hit, file, &head, &body)?;
            running.settle(hit)?;
        }
    }
    Ok(())
}

/// A process that answers. Dropping it kills it.
struct Running {
    child: Child,
    address: SocketAddr,
    /// One for each line of an answered request.
    served: Receiver<()>,
}

impl Running {
    fn start(mut command: Command) -> Result<Running, Box<dyn Error>> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stderr.take().ok_or("stderr is a pipe")?);
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                child.wait()?;
                return Err(format!("the program did not start: {said}").into());
            }
            let mut words = line.split(' ').skip_while(|word| *word != "started");
            if let Some(address) = words.find_map(|word| word.strip_prefix("address=")) {
                break address.parse()?;
            }
            said.push_str(&line);
        };
        let (sender, served) = channel();
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                if line.contains(" served ") {
                    let _ = sender.send(()); // nobody may listen, but the program must not wait for its log
                }
            }
        });
        Ok(Running {
            child,
            address,
            served,
        })
    }

    /// Waits for the line of the last hit, if it is logged: two lines at once would be written with one call.
    fn settle(&self, hit: &Hit) -> Result<(), RecvTimeoutError> {
        match hit.logged {
            true => self.served.recv_timeout(PATIENCE),
            false => Ok(()),
        }
    }

    fn stop(&mut self) -> Result<(), Box<dyn Error>> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        match self.child.wait()?.success() {
            true => Ok(()),
            false => Err("the program did not end well".into()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it has ended, unless something went wrong
        let _ = self.child.wait();
    }
}

/// Reads valgrind's log: a mark for each system call with its number and name behind it, and one sum of instructions.
fn read(log: &str) -> Result<BTreeMap<String, u64>, Box<dyn Error>> {
    let mut counts = BTreeMap::new();
    for call in log.split("SYSCALL[").skip(1) {
        let (_, name) = call.split_once(") ").ok_or("a call has a name")?;
        let name = name.split([' ', '(']).next().unwrap_or_default();
        let name = name.strip_prefix("sys_").unwrap_or(name);
        if name != ENDS {
            *counts.entry(name.to_owned()).or_default() += 1;
        }
    }
    let collected = log.lines().find_map(|line| line.split_once("Collected : "));
    let (_, instructions) =
        collected.ok_or("valgrind has not said how many instructions there were")?;
    counts.insert(INSTRUCTIONS.to_owned(), instructions.trim().parse()?);
    Ok(counts)
}

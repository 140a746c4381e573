//! The real program in a process of its own, whose memory, threads and descriptors can be counted apart from the tests'.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use confluence_attachment_proxy::demo::{File, Options, SampleConfluence};

use super::binary::{self, Binary};
use super::client::Client;
use super::proxy::{PAGE, pattern};

/// A running process and the Confluence behind it. Dropping it kills the process.
pub struct Program {
    binary: Binary,
    address: SocketAddr,
    pub origin: SampleConfluence,
}

impl Program {
    /// Starts `serve` with these settings beside the necessary ones, and with at most this many open files.
    pub fn start(settings: &[(&str, &str)], descriptors_max: u32) -> Program {
        let origin = SampleConfluence::start(Options::default()).expect("a free port");
        let mut all = binary::settings(&origin);
        all.extend(
            settings
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string())),
        );
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("ulimit -n {descriptors_max} && exec \"$0\" serve"))
            .arg(binary::path());
        let mut binary = Binary::spawn(command, &all, false);
        let address = binary.address();
        Program {
            binary,
            address,
            origin,
        }
    }

    /// Puts a file of this many bytes on [`PAGE`] and returns them.
    pub fn put(&self, name: &str, size: usize) -> Vec<u8> {
        let bytes = pattern(size);
        self.origin
            .put(PAGE, name, File::new("image/png", bytes.clone()));
        bytes
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A new connection.
    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// The same from another loopback address, which the program takes for another client.
    pub fn connect_from(&self, source: Ipv4Addr) -> Client {
        Client::connect_from(source, self.address)
    }

    /// Blocks until a line of the log contains this, and returns it.
    pub fn wait_for_line(&mut self, part: &str) -> String {
        self.binary.line(part)
    }

    /// How many descriptors it has open.
    pub fn descriptors(&self) -> usize {
        self.entries("fd")
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        self.entries("task")
    }

    /// The most memory it ever had resident, in bytes.
    pub fn peak_memory(&self) -> u64 {
        self.status_bytes("VmHWM:")
    }

    /// The memory in bytes that is its own at this moment: without its code and the files that it keeps.
    pub fn own_memory(&self) -> u64 {
        self.status_bytes("RssAnon:")
    }

    /// The processor time that it has used, in ticks of the kernel's clock, which are hundredths of a second.
    pub fn processor_ticks(&self) -> u64 {
        let path = format!("/proc/{}/stat", self.binary.id());
        let stat = fs::read_to_string(path).expect("the program runs");
        let (_, fields) = stat.rsplit_once(") ").expect("its name in brackets");
        let used = fields.split(' ').skip(11).take(2); // in the program itself and in the kernel (proc_pid_stat(5))
        used.map(|ticks| ticks.parse::<u64>().expect("a number"))
            .sum()
    }

    /// The memory of its own that it has now, in bytes: the program's text aside, and with the pages of its memory
    /// files, which count as nobody's.
    pub fn memory(&self) -> u64 {
        let path = format!("/proc/{}/fd", self.binary.id());
        let descriptors = fs::read_dir(path).expect("the program runs").flatten();
        let pages = descriptors.filter_map(|entry| {
            let target = fs::read_link(entry.path()).ok()?; // it may have closed it meanwhile
            let is_memory = target.to_str()?.starts_with("/memfd:");
            let blocks = || Some(fs::metadata(entry.path()).ok()?.blocks());
            if is_memory { blocks() } else { None }
        });
        self.status_bytes("RssAnon:") + 512 * pages.sum::<u64>()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.binary.is_running()
    }

    fn status_bytes(&self, field: &str) -> u64 {
        let path = format!("/proc/{}/status", self.binary.id());
        let status = fs::read_to_string(path).expect("the program runs");
        let kibibytes = status
            .lines()
            .find_map(|line| line.strip_prefix(field)?.trim().strip_suffix(" kB"))
            .expect("Linux says so");
        1024 * kibibytes.parse::<u64>().expect("a number")
    }

    fn entries(&self, of: &str) -> usize {
        let path = format!("/proc/{}/{of}", self.binary.id());
        fs::read_dir(path).expect("the program runs").count()
    }
}

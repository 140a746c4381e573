//! One service under test, and what it takes from the machine.

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;

use confluence_attachment_proxy::demo::SampleConfluence;
use rustls::version::TLS13;

use crate::support::binary::{self, Binary, Settings};
use crate::support::{Client, eventually, tls};
use crate::tally::Tally;

/// A running program.
pub struct Service {
    binary: Option<Binary>,
    settings: Settings,
    pub address: SocketAddr,
    is_https: bool,
}

/// What it takes at one moment.
pub struct Footprint {
    resident: u64,
    in_files: u64,
    threads: usize,
    descriptors: usize,
}

impl Service {
    /// Starts it on a free port, with short times so that everything expires all the time.
    pub fn start(origin: &SampleConfluence, is_https: bool, cache_mebibytes: u64) -> Service {
        let mut settings = binary::settings(origin);
        let bytes = format!("{cache_mebibytes}MiB");
        for (name, value) in [
            ("CACHE_MAX_BYTES", bytes.as_str()),
            ("CACHE_MAX_ITEM_BYTES", "8MiB"),
            ("CACHE_TTL_SECONDS", "5"),
            ("CACHE_STALE_SECONDS", "60"),
            ("CACHE_NEGATIVE_TTL_SECONDS", "1"),
            ("CONFLUENCE_READ_TIMEOUT_SECONDS", "3"),
            ("PROXY_MAX_CONNECTIONS", "2048"),
            ("RUST_LOG", "error"),
        ] {
            settings.insert(name.into(), value.into());
        }
        if is_https {
            settings.extend(tls::pair("elliptic").map(|(name, value)| (name.to_owned(), value)));
        }
        // The log says nothing below error, so a first start says the port.
        let mut loud = settings.clone();
        loud.remove("RUST_LOG");
        let (first, address) = Binary::serving(&loud);
        first.stop("TERM");
        settings.insert("PROXY_PORT".into(), address.port().to_string());
        let mut service = Service {
            binary: None,
            settings,
            address,
            is_https,
        };
        service.run();
        service
    }

    fn run(&mut self) {
        self.binary = Some(Binary::start(&["serve"], &self.settings));
        eventually("it listens", || {
            std::net::TcpStream::connect(self.address).is_ok()
        });
    }

    /// Stops it in order, or kills it, and starts it on the same port.
    pub fn start_again(&mut self, in_order: bool, tally: &Tally) {
        let binary = self.binary.take().expect("it runs");
        if in_order {
            let ended = binary.stop("TERM");
            match ended.code {
                Some(0) if !ended.text().contains("panicked") => tally.count("stops in order"),
                code => tally.count(format!(
                    "FAULT: a stop that ended with {code:?}: {}",
                    ended.text()
                )),
            }
        } else {
            drop(binary);
            tally.count("kills");
        }
        self.run();
    }

    /// Stops it in order. Its log has errors only, and none of them may be a panic.
    pub fn end(mut self, tally: &Tally) {
        let ended = self.binary.take().expect("it runs").stop("TERM");
        if ended.code != Some(0) || ended.text().contains("panicked") {
            tally.count(format!(
                "FAULT: it ended with {:?}: {}",
                ended.code,
                ended.text()
            ));
        }
    }

    /// What SIGHUP does.
    pub fn reload(&self) {
        self.binary.as_ref().expect("it runs").signal("HUP");
    }

    /// A connection to it.
    pub fn client(&self) -> Client {
        let client = Client::connect(self.address);
        match self.is_https {
            true => client.over_tls(tls::session(&tls::trusting(&[&TLS13], &[]))),
            false => client,
        }
    }

    /// What it takes now.
    pub fn footprint(&self) -> Footprint {
        let process = format!("/proc/{}", self.binary.as_ref().expect("it runs").id());
        let status = fs::read_to_string(format!("{process}/status")).expect("it runs");
        let resident = status
            .lines()
            .find_map(|line| {
                line.strip_prefix("VmRSS:")?
                    .trim()
                    .strip_suffix(" kB")?
                    .parse::<u64>()
                    .ok()
            })
            .expect("Linux says so");
        let descriptors: Vec<_> = fs::read_dir(format!("{process}/fd"))
            .expect("it runs")
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .collect();
        let in_files = descriptors
            .iter()
            .filter(|path| {
                fs::read_link(path).is_ok_and(|to| to.to_string_lossy().starts_with("/memfd:"))
            })
            .filter_map(|path| fs::metadata(path).ok())
            .map(|file| file.blocks() * 512)
            .sum();
        Footprint {
            resident: 1024 * resident,
            in_files,
            threads: fs::read_dir(format!("{process}/task"))
                .expect("it runs")
                .count(),
            descriptors: descriptors.len(),
        }
    }
}

impl Footprint {
    /// How many threads.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// All memory, in MiB.
    pub fn mebibytes(&self) -> u64 {
        (self.resident + self.in_files) >> 20
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (resident, in_files) = (self.resident >> 20, self.in_files >> 20);
        let (threads, descriptors) = (self.threads, self.descriptors);
        write!(
            f,
            "{resident:>6} + {in_files:<4} {threads:>4} {descriptors:>5}"
        )
    }
}

//! The machine: which cores there are, and what to say about it above a table.

use std::fs;
use std::io;
use std::process::{self, Command};

/// Open files beside those of the load, generously: the sample Confluence and its connections.
pub const FILES_BESIDE: u64 = 200;

/// What the bench knows about where it runs.
pub struct Machine {
    /// The core of the servers and the core of the load; `None` if there is only one, which then is shared.
    pub cores: Option<(usize, usize)>,
    /// How many files this process, and each server, may open.
    pub files: u64,
    /// The processor's name.
    pub processor: String,
    /// The kernel's release.
    pub kernel: String,
}

impl Machine {
    /// The core of the servers, if they have one of their own.
    pub fn server_core(&self) -> Option<usize> {
        self.cores.map(|(servers, _)| servers)
    }

    /// Looks around, and puts this process, with all threads it will start, onto the core of the load.
    pub fn look() -> io::Result<Machine> {
        let machine = Machine {
            cores: cores(&fs::read_to_string("/proc/self/status")?),
            files: rlimit::increase_nofile_limit(u64::MAX)?,
            processor: field(&fs::read_to_string("/proc/cpuinfo")?, "model name"),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?
                .trim()
                .to_owned(),
        };
        match machine.cores {
            Some((_, load)) => pin_self(load)?,
            None => eprintln!("there is only one core: servers and load share it"),
        }
        Ok(machine)
    }
}

/// The first two of the cores that this process may use.
fn cores(status: &str) -> Option<(usize, usize)> {
    let list = field(status, "Cpus_allowed_list");
    let mut cores = list.split(',').flat_map(|run| {
        let (first, last) = run.split_once('-').unwrap_or((run, run));
        match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(first), Ok(last)) => first..last + 1,
            _ => 0..0,
        }
    });
    Some((cores.next()?, cores.next()?))
}

/// The value of the first line `name: value`.
fn field(text: &str, name: &str) -> String {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines
        .find(|(found, _)| found.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
        .unwrap_or_else(|| "unknown".into())
}

fn pin_self(core: usize) -> io::Result<()> {
    let pinned = Command::new("taskset")
        .args(["-cp", &core.to_string(), &process::id().to_string()])
        .output()
        .map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("taskset: {error}: install util-linux"),
            )
        })?;
    if pinned.status.success() {
        Ok(())
    } else {
        Err(io::Error::other(
            "taskset could not pin the bench to a core",
        ))
    }
}

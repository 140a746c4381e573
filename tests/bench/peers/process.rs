//! One server process on its core: its account of time and memory, and its end.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::fs::{MemfdFlags, memfd_create};

/// A running server. Dropping it asks it to end and waits until it has.
pub struct Process {
    child: Child,
    /// What it says: told only if it fails, because some servers tell their life to everybody.
    said: File,
}

impl Process {
    /// Starts `program` on `core` as batch work, as this service's unit does with it, and with nothing but `environment`
    /// in its environment. A server of one thread is none the faster for it.
    pub fn start(
        program: &Path,
        words: &[&OsStr],
        environment: &[(&str, String)],
        core: Option<usize>,
    ) -> io::Result<Process> {
        let mut command = Command::new("chrt"); // it becomes the program: the process id stays
        command.args(["--batch", "0"]);
        if let Some(core) = core {
            command.args(["taskset", "-c", &core.to_string()]); // and so does this
        }
        command.arg(program);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let said = File::from(memfd_create("said", MemfdFlags::CLOEXEC)?);
        let child = command
            .args(words)
            .env_clear()
            .env("PATH", path)
            .envs(environment.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said.try_clone()?)
            .spawn()?;
        Ok(Process { child, said })
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// What it has said so far.
    pub fn said(&self) -> io::Result<String> {
        let mut said = vec![0; self.said.metadata()?.len() as usize];
        self.said.read_exact_at(&mut said, 0)?;
        Ok(String::from_utf8_lossy(&said).into_owned())
    }

    /// Processor time used so far by all threads of the process and of those below it, exact while they sleep.
    pub fn time_used(&self) -> io::Result<Duration> {
        let mut used = Duration::ZERO;
        for id in family(self.child.id())? {
            for thread in fs::read_dir(format!("/proc/{id}/task"))
                .into_iter()
                .flatten()
            {
                // A thread, or a process such as nginx's cache loader, may end meanwhile.
                let account = fs::read_to_string(thread?.path().join("schedstat"));
                used += account.map_or(Duration::ZERO, |account| running_time(&account));
            }
        }
        if used.is_zero() {
            return Err(io::Error::other(
                "a server has ended, or this kernel has no schedstat",
            ));
        }
        Ok(used)
    }

    /// Resident memory in KiB, of this process alone.
    pub fn resident(&self) -> io::Result<u64> {
        kibibytes(&format!("/proc/{}/status", self.child.id()), "VmRSS:")
    }

    /// Resident memory in KiB of the process and of all below it; what several have counts in parts.
    pub fn proportional(&self) -> io::Result<u64> {
        let of_one = |id: u32| kibibytes(&format!("/proc/{id}/smaps_rollup"), "Pss:");
        family(self.child.id())?.into_iter().map(of_one).sum()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // std can only kill, and a killed nginx leaves its workers behind.
        let asked = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill(); // it has ended already
        }
        let _ = self.child.wait();
    }
}

/// The value of a line `name value kB` of a file in /proc.
fn kibibytes(path: &str, name: &str) -> io::Result<u64> {
    let text = fs::read_to_string(path)?;
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    value
        .and_then(|value| value.trim().trim_end_matches("kB").trim().parse().ok())
        .ok_or_else(|| io::Error::other(format!("{path} does not say {name}")))
}

/// The ids of a process and of all below it.
fn family(id: u32) -> io::Result<Vec<u32>> {
    let mut ids = vec![id];
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
    for child in children.split_whitespace().filter_map(|id| id.parse().ok()) {
        ids.extend(family(child).into_iter().flatten());
    }
    Ok(ids)
}

/// The first number of /proc/PID/task/TID/schedstat: nanoseconds on a processor.
fn running_time(account: &str) -> Duration {
    let first = account.split_whitespace().next();
    let nanoseconds = first.and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// A port that was free a moment ago. Servers want to be told one: most know no other way, and this service names the
/// port it took in a line that RUST_LOG=warn leaves out.
pub fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

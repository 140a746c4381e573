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

/// The kernel's unit of processor time in /proc: USER_HZ is 100 wherever Linux has users.
const TICK: Duration = Duration::from_millis(10);

/// A running server. Dropping it asks it to end and waits until it has.
pub struct Process {
    child: Child,
    /// What it says: told only if it fails, because some servers tell their life to everybody.
    said: File,
}

impl Process {
    /// Starts `program` on `core`, with nothing but `environment` in its environment.
    pub fn start(
        program: &Path,
        words: &[&OsStr],
        environment: &[(&str, String)],
        core: Option<usize>,
    ) -> io::Result<Process> {
        let mut command = match core {
            Some(core) => {
                let mut command = Command::new("taskset"); // it becomes the program: the process id stays
                command.args(["-c", &core.to_string()]).arg(program);
                command
            }
            None => Command::new(program),
        };
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

    /// Processor time used so far, in user and kernel mode, by the process and all below it.
    pub fn time_used(&self) -> io::Result<Duration> {
        let mut ticks = 0;
        for fields in family(self.child.id())? {
            let field = |at: usize| fields.get(at).and_then(|field| field.parse::<u32>().ok());
            ticks += field(UTIME).unwrap_or(0) + field(STIME).unwrap_or(0);
        }
        Ok(TICK * ticks)
    }

    /// Resident memory in KiB, of this process alone.
    pub fn resident(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok())
            .ok_or_else(|| io::Error::other("the kernel does not say VmRSS"))
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

/// Positions in /proc/PID/stat behind the name in parentheses.
const UTIME: usize = 11;
const STIME: usize = 12;

/// The accounts of a process and of all below it.
fn family(id: u32) -> io::Result<Vec<Vec<String>>> {
    let mut accounts = vec![account(id)?];
    if accounts[0].is_empty() {
        return Err(io::Error::other("a server has ended"));
    }
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
    for child in children.split_whitespace().filter_map(|id| id.parse().ok()) {
        accounts.extend(family(child).into_iter().flatten()); // one may end meanwhile, as nginx's cache loader does
    }
    accounts.retain(|fields| fields.len() > STIME);
    Ok(accounts)
}

fn account(id: u32) -> io::Result<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    Ok(fields.split_whitespace().map(str::to_owned).collect())
}

/// A port that was free a moment ago. Servers want to be told one: most know no other way, and this service names the
/// port it took in a line that RUST_LOG=warn leaves out.
pub fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

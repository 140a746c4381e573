//! What the machine grants, open files and memory, compared with what the settings need; and what is taken of it.

use std::fs;
use std::path::Path;

use log::warn;

use crate::attachment::FILE_BYTES_MIN;
use crate::config::{Config, format_size};
use crate::meters::Machine;

/// Descriptors needed beside one per client, one per connection to Confluence and one per kept file that lies in a
/// memory file: polls, links, log, standard streams.
const DESCRIPTORS_BESIDE: u64 = 64;

/// Memory in bytes that the service may need beyond `CACHE_MAX_BYTES` at the default settings, at worst and all at once:
/// 16 MiB for slow clients in the gates, 16 MiB for 4,096 connections with their requests and answers' heads, 2 MiB of
/// forms on their way, 12 MiB of waiting lines of both logs, 10 MiB for the crew's connections and buffers, 10 MiB of what
/// Confluence was asked a moment ago, 12 MiB for two listings in the making, the program and its threads' stacks. What attachments take, windows of files that are too big to keep and readers
/// included, is counted as real allocations within `CACHE_MAX_BYTES`.
const MEMORY_BESIDE: u64 = 88 * 1024 * 1024;

/// The same for TLS: what is encrypted and not read, in all gates together.
const UNREAD_BYTES: u64 = 16 * 1024 * 1024;

/// The same for each client that speaks TLS: its session with the buffer for a read of it, and the little that always
/// may be encrypted ahead.
const SESSION_BYTES: u64 = (8 + 2) * 1024;

/// Memory in bytes that the service may need beside `CACHE_MAX_BYTES`.
pub fn memory_beside(config: &Config) -> u64 {
    let of_tls = match config.proxy.tls {
        Some(_) => UNREAD_BYTES + config.proxy.connections_max as u64 * SESSION_BYTES,
        None => 0,
    };
    MEMORY_BESIDE + of_tls
}

/// Raises the limit of open files as far as needed and allowed, and warns where the machine is too small.
pub(super) fn prepare(config: &Config) {
    let files = (config.cache.bytes_max / FILE_BYTES_MIN).min(config.cache.items_max as u64);
    let needed = (config.proxy.connections_max + config.confluence.connections_max) as u64
        + files
        + DESCRIPTORS_BESIDE;
    match rlimit::increase_nofile_limit(needed) {
        Ok(limit) if limit < needed => warn!(
            "the system allows {limit} open files, {needed} are needed for PROXY_MAX_CONNECTIONS={} and the cache: raise LimitNOFILE or lower it",
            config.proxy.connections_max
        ),
        Ok(_) => {}
        Err(error) => warn!("cannot read the limit of open files: {error}"),
    }
    let wanted = config.cache.bytes_max.saturating_add(memory_beside(config));
    if let Some(granted) = memory_granted()
        && granted < wanted
    {
        warn!(
            "CACHE_MAX_BYTES={} needs up to {} MiB of memory, {} MiB are granted: lower it or raise MemoryMax",
            format_size(config.cache.bytes_max),
            wanted >> 20,
            granted >> 20,
        );
    }
}

/// Memory in bytes that this process may use: the tightest limit of its control groups, or what the machine has. `None`
/// where neither can be read, as in a sandbox that hides them.
pub fn memory_granted() -> Option<u64> {
    let of_machine = fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| memory(&text, "MemTotal:"));
    let group = fs::read_to_string("/proc/self/cgroup").ok();
    let of_groups = group
        .as_deref()
        .and_then(group_path)
        .into_iter()
        .flat_map(|path| {
            let groups: Vec<_> = Path::new(path).ancestors().map(Path::to_owned).collect();
            groups.into_iter().filter_map(|group| {
                let below = group.strip_prefix("/").ok()?;
                let limit =
                    fs::read_to_string(Path::new("/sys/fs/cgroup").join(below).join("memory.max"))
                        .ok()?;
                limit.trim().parse().ok() // "max" is no limit
            })
        });
    of_groups.chain(of_machine).min()
}

/// The control group of version 2 in the text of `/proc/self/cgroup`.
fn group_path(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("0::"))
}

/// What this process takes now, as far as the system says.
pub(super) fn figures() -> Machine {
    let status = fs::read_to_string("/proc/self/status").ok();
    Machine {
        resident_bytes: status.and_then(|text| memory(&text, "VmRSS:")),
        open_descriptors: open_descriptors(),
    }
}

/// Files that are open now. Linux tells their number as the size of the directory since 6.2; before, they are counted,
/// with the one that this takes.
fn open_descriptors() -> Option<u64> {
    const DIRECTORY: &str = "/proc/self/fd";
    match fs::metadata(DIRECTORY).ok()?.len() {
        0 => Some((fs::read_dir(DIRECTORY).ok()?.count() as u64).saturating_sub(1)),
        open => Some(open),
    }
}

/// The memory in bytes behind this name in `/proc/meminfo`, or in a file of its kind.
fn memory(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_words_are_read() {
        assert_eq!(
            memory("MemTotal:       24612345 kB\nMemFree: 1 kB\n", "MemTotal:"),
            Some(24612345 * 1024)
        );
        assert_eq!(memory("MemFree: 1 kB\n", "MemTotal:"), None);
        assert_eq!(
            group_path("1:cpu:/x\n0::/system.slice/a.service\n"),
            Some("/system.slice/a.service")
        );
        assert_eq!(group_path("1:cpu:/x\n"), None);
    }

    #[test]
    fn this_process_takes_memory_and_has_files_open() {
        let Machine {
            resident_bytes,
            open_descriptors,
        } = figures();
        assert!(resident_bytes.is_some_and(|bytes| 1024 * 1024 < bytes));
        assert!(open_descriptors.is_some_and(|open| (3..100_000).contains(&open)));
    }
}

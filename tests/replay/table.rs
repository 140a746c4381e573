//! The ways to choose who leaves, side by side.

use std::time::Duration;

use confluence_attachment_proxy::cache::Served;

use super::budget::Budget;
use super::policies::{belady, fifo, infinite, lru};
use super::service::replay;
use super::trace::Trace;

/// Shares of requests and of bytes.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    pub requests: f64,
    pub bytes: f64,
}

impl Shares {
    /// Of those that were served.
    pub fn of(trace: &Trace, served: &[bool]) -> Shares {
        let requests = trace.requests.iter().zip(served);
        let chosen = requests.filter(|(_, served)| **served);
        let chosen: Vec<u64> = chosen.map(|(request, _)| request.bytes).collect();
        let all: u64 = trace.requests.iter().map(|request| request.bytes).sum();
        Shares {
            requests: chosen.len() as f64 / trace.requests.len() as f64,
            bytes: chosen.iter().sum::<u64>() as f64 / all as f64,
        }
    }
}

/// A table in Markdown: what each way serves in each budget.
pub fn compare(trace: &Trace, budgets: &[Budget], ttl: Option<Duration>) -> String {
    let names = ["FIFO", "LRU", "this service", "Belady", "endless memory"];
    let mut rows: Vec<String> = names.map(|name| format!("| {name} |")).into();
    if ttl.is_some() {
        rows.push("| this service, after asking |".into());
    }
    let mut head = String::from("| |");
    let mut line = String::from("|---|");
    for budget in budgets {
        let course = replay(trace, budget, ttl);
        let (timeless, weights, room) = (&course.timeless, &course.weights[..], budget.room);
        let columns = [
            fifo(timeless, weights, room),
            lru(timeless, weights, room),
            course.which_were(&[Served::Hit, Served::Renewed]),
            belady(timeless, weights, room),
            infinite(timeless, weights, room),
            course.which_were(&[Served::Renewed]),
        ];
        for (row, served) in rows.iter_mut().zip(&columns) {
            let Shares { requests, bytes } = Shares::of(trace, served);
            *row += &format!(" {:.1} / {:.1} |", 100.0 * requests, 100.0 * bytes);
        }
        head += &format!(" {} |", budget.name);
        line += "---|";
    }
    let (requests, files) = (trace.requests.len(), trace.files());
    let rows = rows.join("\n");
    format!(
        "{requests} requests for {files} files. Percent of the requests / of the bytes that are served without a \
         download:\n\n{head}\n{line}\n{rows}"
    )
}

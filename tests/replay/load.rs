//! What comes in, what several nodes make of it, and what is left for Confluence, in tables.

use std::time::Duration;

use confluence_attachment_proxy::cache::Served;

use super::budget::Budget;
use super::cluster::{Cluster, Shared};
use super::peaks::{HOUR, MINUTE, SECOND, busiest};
use super::service::keys;
use super::table::Shares;
use super::trace::Trace;

const HEAD: &str = "\
| | in all | busiest hour, per s | busiest minute, per s | busiest second |
|---|---|---|---|---|
";

/// Tables in Markdown: the load, and for each budget what a node is worth and what Confluence is asked.
pub fn tell(
    trace: &Trace,
    budgets: &[Budget],
    ttl: Option<Duration>,
    node_counts: &[usize],
) -> String {
    let keys = keys(trace);
    let mut text = format!("{HEAD}{}", come_in(trace));
    for budget in budgets {
        let shared = node_counts.iter().map(|&nodes| {
            let cluster = Cluster {
                trace,
                keys: &keys,
                budget,
                ttl,
                nodes,
            };
            let shared = cluster.by_hash();
            (worth(&cluster, &shared), asked(trace, nodes, &shared))
        });
        let (worth, asked): (Vec<_>, Vec<_>) = shared.unzip();
        text += &format!(
            "\nEach node with {}. Percent of the requests / of the bytes:\n\n\
             | nodes | served without a download, a file has its node | the same, requests in turn | the busiest \
             node's | the busiest node is lost: its requests in the busiest hour | downloads in that hour, without and \
             with the loss |\n|---|---|---|---|---|---|\n{}\n\
             What Confluence is asked for:\n\n{HEAD}{}",
            budget.name,
            worth.concat(),
            asked.concat(),
        );
    }
    text.trim_end().to_owned()
}

/// What clients ask for.
fn come_in(trace: &Trace) -> String {
    let mut counts = vec![0u64; trace.files_end()];
    for request in &trace.requests {
        counts[request.file] += 1;
    }
    let hottest = (0..counts.len()).max_by_key(|file| counts[*file]);
    let all = || trace.requests.iter();
    let requests = || all().map(|request| (request.at, 1));
    let bytes = || all().map(|request| (request.at, request.bytes));
    let hot = || {
        let hot = all().filter(|request| Some(request.file) == hottest);
        hot.map(|request| (request.at, 1))
    };
    rates("requests", 1.0, requests)
        + &rates("MB to clients", 1e6, bytes)
        + &rates("requests for the hottest file", 1.0, hot)
}

/// What is served without a download, whose share is the largest, and what is lost with that node.
fn worth(cluster: &Cluster<'_>, shared: &Shared) -> String {
    let trace = cluster.trace;
    let percent = |shares: Shares| {
        let Shares { requests, bytes } = shares;
        format!("{:.1} / {:.1}", 100.0 * requests, 100.0 * bytes)
    };
    let kept = |shared: &Shared| percent(Shares::of(trace, &is_kept(shared)));
    let share = |node: usize| {
        let own: Vec<bool> = shared.nodes.iter().map(|owner| *owner == node).collect();
        Shares::of(trace, &own)
    };
    let shares: Vec<Shares> = (0..cluster.nodes).map(share).collect();
    let requests = |node: &usize| shares[*node].requests;
    let largest = (0..cluster.nodes).max_by(|one, other| requests(one).total_cmp(&requests(other)));
    let largest = largest.expect("there is a node");
    let busiest_node = percent(shares[largest]);
    let (in_turn, lost) = if cluster.nodes == 1 {
        ("-".to_owned(), "- | -".to_owned())
    } else {
        (kept(&cluster.in_turn()), loss(cluster, shared, largest))
    };
    format!(
        "| {} | {} | {in_turn} | {busiest_node} | {lost} |\n",
        cluster.nodes,
        kept(shared)
    )
}

/// Its requests in the busiest hour, if it is lost then, and what is downloaded in that hour without that and with it.
fn loss(cluster: &Cluster<'_>, shared: &Shared, node: usize) -> String {
    let requests = &cluster.trace.requests;
    let gone = busiest(requests.iter().map(|request| (request.at, 1)), HOUR).start;
    let is_within = |number: &usize| (gone..gone + HOUR).contains(&requests[*number].at);
    let hour: Vec<usize> = (0..requests.len()).filter(is_within).collect();
    let downloads = |shared: &Shared| {
        let missed = hour
            .iter()
            .filter(|number| shared.served[**number] == Served::Miss);
        missed.count()
    };
    let own = hour.iter().filter(|number| shared.nodes[**number] == node);
    format!(
        "{} of {} | {} → {}",
        own.count(),
        hour.len(),
        downloads(shared),
        downloads(&cluster.losing(node, gone))
    )
}

/// What is left for Confluence.
fn asked(trace: &Trace, nodes: usize, shared: &Shared) -> String {
    let which = |way: Served| {
        let requests = trace.requests.iter().zip(&shared.served);
        requests.filter(move |(_, served)| **served == way)
    };
    let downloads = || which(Served::Miss).map(|(request, _)| (request.at, 1));
    let bytes = || which(Served::Miss).map(|(request, _)| (request.at, request.bytes));
    let questions = || which(Served::Renewed).map(|(request, _)| (request.at, 1));
    rates(&format!("nodes {nodes}: downloads"), 1.0, downloads)
        + &rates(&format!("nodes {nodes}: MB"), 1e6, bytes)
        + &rates(
            &format!("nodes {nodes}: whether a copy is current"),
            1.0,
            questions,
        )
}

fn is_kept(shared: &Shared) -> Vec<bool> {
    let served = shared.served.iter();
    served.map(|served| *served != Served::Miss).collect()
}

/// A row: all of it, and how much comes per second at the busiest times, in this `unit`.
fn rates<I>(what: &str, unit: f64, happenings: impl Fn() -> I) -> String
where
    I: Iterator<Item = (Duration, u64)>,
{
    let all: u64 = happenings().map(|(_, amount)| amount).sum();
    let peaks = [HOUR, MINUTE, SECOND].map(|length| {
        let most = busiest(happenings(), length).amount as f64;
        format!(" {} |", short(most / unit / length.as_secs_f64()))
    });
    format!("| {what} | {:.0} |{}\n", all as f64 / unit, peaks.concat())
}

/// With as many digits as mean something.
fn short(number: f64) -> String {
    match number {
        ..10.0 => format!("{number:.2}"),
        ..100.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

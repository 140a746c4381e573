//! One file that everybody wants.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use confluence_attachment_proxy::demo::{Behaviour, Latch};

use crate::client::{Asked, Client, Ending, node};
use crate::confluence::New;
use crate::front::Front;
use crate::node::{arrived, taken};
use crate::{Cluster, PATIENCE, until};

/// Clients of a new file: many, and fewer than make a rush.
const CROWD: usize = 100;

/// Requests under way at one node from which on it is a rush. The file says [`SHIPPED_RUSH`], and one process cannot have the
/// sockets for that.
pub const RUSH: u64 = 256;
pub const SHIPPED_RUSH: u64 = 1000;

/// Clients of a rush: more than that, and fewer than this process may have sockets. Also what one address may have under way
/// here; the files say [`SHIPPED_SHARE`].
pub const MULTITUDE: usize = 600;
pub const SHIPPED_SHARE: usize = 1000;

/// Requests that HAProxy may judge at the same moment, before any of them counts.
const AT_ONCE: u64 = 32;

/// A hundred clients for a new file cost Confluence one question, whatever stands in front.
pub fn a_hundred_ask_once(name: &str, front: SocketAddr, cluster: &mut Cluster) {
    let latch = Latch::new();
    let file = cluster.confluence.put_new(100_000, Behaviour::hold(&latch));
    let (mark, before) = (cluster.confluence.mark(), taken(&cluster.nodes));
    let asked = ask(front, &file, CROWD);
    let counts = arrived(&cluster.nodes, &before, CROWD as u64);
    assert!(
        latch.wait_for_arrivals(1, PATIENCE),
        "nobody asks Confluence"
    );
    latch.open();
    let nodes = all_whole(asked, &file);
    let downloads = cluster.confluence.downloads_of(&file, mark);
    println!(
        "{name}, hot file: {CROWD} clients at once, answered by {nodes:?}, {downloads} download from Confluence"
    );
    assert_eq!(counts.len(), 1, "{counts:?}");
    assert_eq!((nodes.len(), downloads), (1, 1));
}

/// So many clients that one node alone should not have them all.
pub fn a_rush_is_shared(cluster: &mut Cluster) {
    let latch = Latch::new();
    // All of them are under way as long as the file does not end.
    let file = cluster
        .confluence
        .put_new(100_000, Behaviour::hold_at(1000, &latch));
    let mark = cluster.confluence.mark();
    let asked = ask(cluster.front.address, &file, MULTITUDE);
    let (owners, rush) = under_way(&cluster.front, MULTITUDE as u64);
    one_more_is_refused(cluster.front.address, &file);
    latch.open();
    let nodes = all_whole(asked, &file);
    let downloads = cluster.confluence.downloads_of(&file, mark);
    println!(
        "rush: {MULTITUDE} clients at once, under way before it sets in {owners:?} and since then {rush:?}; answered by \
         {nodes:?}, {downloads} downloads from Confluence"
    );
    let (before, since) = (owners.values().max(), rush.values().sum::<u64>());
    let before = *before.expect("there are nodes");
    assert_eq!(before, owners.values().sum::<u64>(), "{owners:?}");
    assert!((RUSH..RUSH + AT_ONCE).contains(&before), "{before}");
    // 150 % of the average of three is half of all, and the last may be the one above.
    let most = rush.values().max().expect("there are nodes");
    assert!(*most <= since / 2 + 1, "{rush:?}");
    assert!(2 <= nodes.len());
    assert!(
        (2..=cluster.nodes.len()).contains(&downloads),
        "{downloads}"
    );
}

pub fn ask(front: SocketAddr, file: &New, clients: usize) -> Vec<Asked> {
    let target = format!("GET {}", file.target);
    let ask = |_| {
        let asked = Client::new(front).ask(&target, "", b"");
        asked.expect("the front takes it")
    };
    (0..clients).map(ask).collect()
}

/// As many as one address may have are under way: who asks for more is told so, and nobody else suffers.
pub fn one_more_is_refused(front: SocketAddr, file: &New) {
    for mut asked in ask(front, file, 1) {
        let (ending, response) = asked.answer(&file.bytes);
        assert_eq!(ending, Ending::Status(429));
        let response = response.expect("it has a head");
        assert_eq!(response.field("Retry-After"), Some("5"));
        let words = "Too many requests at once from your address. Try again in some seconds.\n";
        assert_eq!(String::from_utf8_lossy(&response.body), words);
    }
}

/// Blocks until so many requests are under way; where they are, before a rush and in it.
fn under_way(front: &Front, count: u64) -> (BTreeMap<String, u64>, BTreeMap<String, u64>) {
    let mut found = Default::default();
    until("all requests are at the nodes", || {
        found = (front.column("owners", "scur"), front.column("rush", "scur"));
        let (owners, rush) = &found;
        owners.values().chain(rush.values()).sum::<u64>() == count
    });
    found
}

/// Reads all answers; who has given them.
pub fn all_whole(asked: Vec<Asked>, file: &New) -> BTreeMap<String, usize> {
    let mut nodes = BTreeMap::new();
    for mut asked in asked {
        let (ending, response) = asked.answer(&file.bytes);
        assert_eq!(ending, Ending::Whole);
        let name = node(&response.expect("it is whole"));
        *nodes.entry(name).or_default() += 1;
    }
    nodes
}
